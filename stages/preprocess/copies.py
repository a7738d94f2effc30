"""Images that are in two parts of a split: what a model has learnt by heart is tested."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from stages import processed
from stages.common.arrays import chunks_of, read_array


def copies(parts: Mapping[str, np.ndarray], files: Sequence[str]) -> Iterator[str]:
    """Yield a warning for each two of the written *parts* that have images in common.

    *parts* has the places of each part's images in data/raw; *files* are their names, if they have
    some.
    """
    twice = {"validation"} if parts["validation"] is parts["test"] else set()
    hashes = {name: _hashes(name) for name in parts if name not in twice}
    for first, second in combinations(hashes, 2):
        common, where, again = np.intersect1d(hashes[first], hashes[second], return_indices=True)
        if len(common):
            count = int(np.isin(hashes[second], common).sum())
            names = [
                files[places[i]] if files else f"the image at index {places[i]}"
                for places, i in ((parts[first], where[0]), (parts[second], again[0]))
            ]
            yield (
                f"{count:,} of the {second} images {'are' if count > 1 else 'is'} also in {first}, "
                f"such as {names[1]} and {names[0]}; remove the copies, or the scores are too good"
            )


def _hashes(part: str) -> np.ndarray:
    """Return a number for each image of *part*, from its pixels (n,)."""
    digests = (
        hashlib.blake2b(image.data, digest_size=8).digest()
        for chunk in chunks_of(read_array(processed.paths(part)[0]))
        for image in chunk
    )
    return np.frombuffer(b"".join(digests), np.uint64)
