"""Say what the models see on pictures: PNG, JPEG, WebP or BMP, folders of them, or `-` for input.

    python -m tools.predict photo.jpg scans/

One line for each picture, or for each digit on it, from left to right: the class that the mean of
all models favours, the vote, and the class of each model, with their probabilities.
If the models were trained on MNIST, a picture is brought into its form: the light made even, dark
strokes on light made light on dark, specks dropped, each digit cut out and framed as MNIST's. A
picture that has this form is taken as it is. For other data it is resized as the training images.
"""

import argparse
import csv
import itertools
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from stages.common.errors import StageError
from tools.predict.models import Models
from tools.predict.pictures import Box, Form, seen_on, sources

# So many pictures go through the models at once.
TOGETHER = 64
HEADER = ("image", "part", "left", "top", "width", "height", "model", "class", "probability")


class Prediction(NamedTuple):
    """What the models say of a picture, or of one of the digits on it.

    *part* counts these from 1, *parts* is how many there are; *probabilities* are by model.
    """

    image: str
    part: int
    parts: int
    box: Box | None
    probabilities: dict[str, np.ndarray]

    def favoured(self, classes: Sequence[str]) -> dict[str, tuple[str, float]]:
        """Return by model the class it favours, and its probability."""
        return {
            model: (classes[int(row.argmax())], float(row.max()))
            for model, row in self.probabilities.items()
        }


def predictions(
    words: Sequence[str], models: Models, form: Form, complain: Callable[[str], None]
) -> Iterator[Prediction]:
    """Yield what the *models* say of each picture; of one that is none *complain*, and go on."""
    pictures = sources(words)
    while few := list(itertools.islice(pictures, TOGETHER)):
        seen = []
        for name, source in few:
            try:
                parts = seen_on(source, name, form)
            except StageError as error:
                complain(str(error))
                continue
            seen += [(name, number, len(parts), part) for number, part in enumerate(parts, 1)]
        if not seen:
            continue
        said = models.probabilities(np.stack([part.image for *_, part in seen]))
        for row, (name, number, count, part) in enumerate(seen):
            of_this = {model: array[row] for model, array in said.items()}
            yield Prediction(name, number, count, part.box, of_this)


def as_text(some: Iterator[Prediction], classes: Sequence[str]) -> None:
    """Print a line for each."""
    for one in some:
        (_, vote), *others = (
            (model, f"{name} ({100 * probability:.1f} %)")
            for model, (name, probability) in one.favoured(classes).items()
        )
        which = f", {one.part} of {one.parts}" if one.parts > 1 else ""
        models = ", ".join(f"{model} {said}" for model, said in others)
        print(f"{one.image}{which}: {vote}; {models}", flush=True)


def as_csv(some: Iterator[Prediction], classes: Sequence[str]) -> None:
    """Print a table: a row for each, and model."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(HEADER)
    for one in some:
        for model, (name, probability) in one.favoured(classes).items():
            where = (one.image, one.part, *(one.box or ("", "", "", "")))
            writer.writerow([*where, model, name, f"{probability:.6f}"])


def as_json(some: Iterator[Prediction], classes: Sequence[str]) -> None:
    """Print a list: an object for each, with the probabilities of all classes."""
    objects: list[dict[str, Any]] = []
    for one in some:
        favoured = one.favoured(classes)
        by_model = {
            model: {
                "class": favoured[model][0],
                "probability": favoured[model][1],
                "probabilities": dict(zip(classes, map(float, row), strict=True)),
            }
            for model, row in one.probabilities.items()
        }
        where = {"image": one.image, "part": one.part, "box": one.box}
        objects.append(where | {"predictions": by_model})
    print(json.dumps(objects, indent=2))


def main(words: Sequence[str]) -> int:
    """Print what the *words*, the command's arguments, ask for; return the exit code."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("tools.predict", description=__doc__, formatter_class=raw)
    parser.add_argument("images", nargs="+", help="files, folders, or -")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--json", dest="show", action="store_const", const=as_json, default=as_text)
    kind.add_argument("--csv", dest="show", action="store_const", const=as_csv)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--digits", action="store_true", default=None, help="cut digits out")
    form.add_argument("--whole", dest="digits", action="store_false", help="resize, no more")
    options = parser.parse_args(words)
    failed = []

    def complain(line: str) -> None:
        failed.append(line)
        print(f"error: {line}", file=sys.stderr)

    try:
        models = Models()
        form_ = models.form
        if options.digits is not None:
            form_ = form_._replace(digits=options.digits)
        options.show(predictions(options.images, models, form_, complain), models.classes)
    except StageError as error:
        complain(str(error))
    except KeyboardInterrupt:
        return 130
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
