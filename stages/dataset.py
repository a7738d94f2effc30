"""metrics/dataset.json: which images there are, and how many of each class in each part."""

from pathlib import Path
from typing import Any

from stages.common.errors import some
from stages.common.files import read_json, write_json
from stages.common.schema import Settings

PATH = Path("metrics/dataset.json")
COPY = Path("data/processed/dataset.json")
# What the images of each part are called, and what it means if there is none of a class.
MEANING = {
    "train": ("training", ", so no model has seen one"),
    "validation": ("validation", ""),
    "test": ("test", ", so no number here is about such images"),
}


class Dataset(Settings):
    """What the models are trained and tested on.

    *name* is what to call the images; *dataset* is the name that they were fetched by, null if they
    are the user's own. *classes* has for each ``class`` its images in ``train``, ``validation`` and
    ``test``. *watched* is the part that training watches: ``validation`` or ``test``. *drawn* are
    the parts that were drawn at random without regard to the classes.
    """

    name: str
    dataset: str | int | None
    watched: str
    drawn: list[str]
    classes: list[dict[str, Any]]

    def total(self, part: str) -> int:
        """Return the number of images in *part*."""
        return sum(row[part] for row in self.classes)

    def absent(self, part: str) -> list[str]:
        """Return the classes without an image in *part*."""
        return [row["class"] for row in self.classes if not row[part]]

    def gaps(self) -> list[str]:
        """Return a sentence for each part that lacks a class."""
        found = []
        for part, (images, so) in MEANING.items():
            absent = [row for row in self.classes if not row[part]]
            # Test images that are watched are told of once.
            if not absent or (part == "validation" and self.watched == "test"):
                continue
            curable = any(self._is_curable(row, part) for row in absent)
            cure = "; split.stratified: true gives each class its share" if curable else ""
            names = [row["class"] for row in absent]
            found.append(f"There is no {images} image of {some(names)}{so}{cure}.")
        return found

    def _is_curable(self, row: dict[str, Any], part: str) -> bool:
        """Return whether a stratified split would give *part* an image of the class in *row*."""
        drawn_from = sum(row[name] for name in {"train", *self.drawn})
        return drawn_from > 0 if part == "train" else part in self.drawn and drawn_from > 1


def read(path: Path = PATH) -> Dataset:
    """Return what ``preprocess`` wrote."""
    return Dataset.parse(read_json(path), str(path))


def write(dataset: Dataset) -> None:
    """Write it; once more for DVC's cache, as :func:`stages.common.files.copy_metrics` says why."""
    for path in (PATH, COPY):
        write_json(path, dataset.model_dump())
