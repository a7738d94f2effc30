"""How well digits on photographs are read: ``python -m benchmarks.pictures``.

Writes benchmarks/pictures.csv: by model and for the vote, the accuracy on the test images as they
are, on all of them cut out and framed anew, and on photographs of the first thousand, which are
computed; and how far cutting out moves a digit.
"""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageFilter

from stages import params, processed
from stages.common.command import run
from stages.common.files import write_text
from tools.predict.digits import SIZE, centre_of_mass, find
from tools.predict.models import Models

RESULTS = Path("benchmarks/pictures.csv")
PHOTOGRAPHS = 1000
SEED = 0


def photograph(digits: np.ndarray, generator: np.random.Generator) -> bytes:
    """Return a JPEG of *digits*, (n, 28, 28) uint8 light on black, written in a line on paper.

    Each is 6 to 14 times as large and tilted by up to 15 degrees. The paper is between a middle
    grey and near white, a third darker on one side and darker in the corners, with a grain; the ink
    is a dark grey. It is a little out of focus, and compressed.
    """
    side = round(SIZE * generator.uniform(6, 14))
    left, top, right, bottom = map(int, generator.integers(side // 4, side, 4))
    width, height = left + side * len(digits) + right, top + side + bottom
    ink = Image.new("L", (width, height))
    for number, digit in enumerate(digits):
        large = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
        tilted = large.rotate(generator.uniform(-15, 15), Image.Resampling.BICUBIC)
        ink.paste(tilted, (left + number * side, top))
    blurred = ink.filter(ImageFilter.GaussianBlur(generator.uniform(0.5, 2)))
    share = np.asarray(blurred, dtype=float) / 255
    paper, pen = generator.uniform(150, 235), generator.uniform(20, 80)
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = generator.uniform(0, 2 * np.pi)
    slope = 0.17 * (rows * np.sin(angle) + columns * np.cos(angle))
    light = 1 + slope - 0.1 * (rows**2 + columns**2)
    picture = (paper + (pen - paper) * share) * light + generator.normal(0, 4, (height, width))
    content = io.BytesIO()
    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(content, "JPEG", quality=80)
    return content.getvalue()


def cut_out(pictures: Iterable[np.ndarray]) -> np.ndarray:
    """Return the digit found on each of *pictures*, (n, 28, 28); black unless there is one."""
    found = [find(picture) for picture in pictures]
    black = np.zeros((SIZE, SIZE), np.uint8)
    return np.stack([digits[0].image if len(digits) == 1 else black for digits in found])


def measure(models: Models) -> pd.DataFrame:
    """Return a row for the vote and each of *models*; the columns are those of the file.

    They are of MNIST. A picture counts as wrong unless exactly one digit is found on it.
    """
    images, labels = processed.read("test")
    plain, actual = np.asarray(images)[..., 0], labels.argmax(axis=1)
    cut, generator = cut_out(plain), np.random.default_rng(SEED)
    taken = (photograph(image[np.newaxis], generator) for image in plain[:PHOTOGRAPHS])
    kinds = {
        "as_is": plain,
        "cut_out": cut,
        "photographs": cut_out(np.asarray(Image.open(io.BytesIO(content))) for content in taken),
        "same_as_is": plain[:PHOTOGRAPHS],
    }
    rows: dict[str, dict[str, float]] = {}
    for kind, pictures in kinds.items():
        is_one = pictures.any(axis=(1, 2))
        for model, said in models.probabilities(pictures[..., np.newaxis]).items():
            right = (said.argmax(axis=1) == actual[: len(said)]) & is_one
            rows.setdefault(model, {})[kind] = float(right.mean())
    moved = [
        np.abs(centre_of_mass(after) - centre_of_mass(before)).max()
        for before, after in zip(plain, cut, strict=True)
        if after.any()
    ]
    return pd.DataFrame.from_dict(rows, orient="index").assign(
        images=len(plain),
        found=len(moved),
        largest_move=max(moved),
        photographed=PHOTOGRAPHS,
        seed=SEED,
        recipe=params.section(params.read(), "train")["recipe"],
    )


def main() -> None:
    """Measure with the current models, and write the file."""
    table = measure(Models())
    write_text(RESULTS, table.to_csv(index_label="model", lineterminator="\n"))
    print(table.to_string())


if __name__ == "__main__":
    run(main)
