"""Predict what pictures show: files, folders of them, or `-` for standard input.

    python -m tools.predict photo.jpg scans/

Prints one line for each picture, or for each digit on it from left to right: the vote, which is the
class that the mean of all models favours, and the class of each model, with their probabilities.
If the models were trained on MNIST, a picture is converted to its form: the light is made even,
dark strokes on light become light on dark, specks are removed, and each digit is cut out and framed
as in MNIST. A picture that already has this form is used as it is. With models of other data, a
picture is resized like the training images.
"""

import argparse
import csv
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from stages.common.command import print_escapes
from stages.common.errors import StageError
from tools.predict.models import VOTE, Models, sources

# What --json prints for a picture: an object for each digit on it, or one for the whole picture.
Parts = list[dict[str, Any]]


def predictions(words: Sequence[str], models: Models, failed: list[str]) -> Iterator[Parts]:
    """Yield the *models*' predictions for each picture; print an error for each that *failed*."""
    for name, source in sources(words):
        try:
            read = models.read(source, name)
        except StageError as error:
            print(f"error: {error}", file=sys.stderr)
            failed.append(name)
            continue
        yield [
            {
                "image": name,
                "part": number,
                "box": seen.box,
                "predictions": {
                    model: {
                        "class": models.classes[row.argmax()],
                        "probability": float(row.max()),
                        "probabilities": dict(zip(models.classes, row.tolist(), strict=True)),
                    }
                    for model, row in by_model.items()
                },
            }
            for number, (seen, by_model) in enumerate(read, 1)
        ]


def as_text(pictures: Iterator[Parts]) -> None:
    """Print a line for each part."""
    for parts in pictures:
        for one in parts:
            which = f", {one['part']} of {len(parts)}" if len(parts) > 1 else ""
            vote, *models = (
                f"{model} {answer['class']} ({100 * answer['probability']:.1f} %)"
                for model, answer in one["predictions"].items()
            )
            vote = vote.removeprefix(f"{VOTE} ")
            print(f"{one['image']}{which}: {vote}; {', '.join(models)}", flush=True)


def as_csv(pictures: Iterator[Parts]) -> None:
    """Print a table: a row for each part and model."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    box = ("left", "top", "width", "height")
    writer.writerow(["image", "part", *box, "model", "class", "probability"])
    for one in itertools.chain.from_iterable(pictures):
        where = (one["image"], one["part"], *(one["box"] or ["" for _ in box]))
        for model, answer in one["predictions"].items():
            writer.writerow([*where, model, answer["class"], f"{answer['probability']:.6f}"])


def as_json(pictures: Iterator[Parts]) -> None:
    """Print a list: an object for each part, with the probabilities of all classes."""
    print(json.dumps([*itertools.chain.from_iterable(pictures)], indent=2))


def main(words: Sequence[str]) -> int:
    """Print the predictions for *words*, the command's arguments; return the exit code."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("tools.predict", description=__doc__, formatter_class=raw)
    parser.add_argument("images", nargs="+", help="files, folders, or -")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--json", dest="show", action="store_const", const=as_json, default=as_text)
    kind.add_argument("--csv", dest="show", action="store_const", const=as_csv)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--digits", action="store_true", default=None, help="cut digits out")
    form.add_argument("--whole", dest="digits", action="store_false", help="only resize")
    options = parser.parse_args(words)
    print_escapes()
    failed: list[str] = []
    try:
        models = Models()
        if options.digits is not None:
            models.form = models.form._replace(digits=options.digits)
        options.show(predictions(options.images, models, failed))
    except (StageError, BrokenPipeError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        return 130
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
