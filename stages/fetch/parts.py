"""The names that people give to the parts of a split."""

import re

PARTS = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip


def words_of(name: str) -> list[str]:
    """Return the words of *name*, in lower case: ``seg_train`` and ``segTrain`` are made of two."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[^\W_]+", apart.lower())


def part_of(name: str) -> str | None:
    """Return the part that a word of *name* means, such as ``train`` for ``seg_Training2``."""
    words = [word.rstrip("0123456789") for word in words_of(name)]
    found = {PARTS[word] for word in words if word in PARTS}
    return found.pop() if len(found) == 1 else None
