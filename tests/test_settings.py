"""The ranges of the settings: of each number the first value outside is refused."""

import math
from typing import Any

import pytest

from stages.common.errors import StageError
from stages.settings import TrainingSettings
from tests.support.settings import resolved, sections, training_settings

NOTHING = math.ulp(0)
# The last value inside and the first outside, at either end.
ENDS: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "seed": ((0, -1), (2**32 - 1, 2**32)),
    "threads": ((1, 0), (1024, 1025)),
    "epochs": ((1, 0), (10_000, 10_001)),
    "steps_per_epoch": ((1, 0), (1_000_000, 1_000_001)),
    "batch_size": ((1, 0), (65_536, 65_537)),
    "learning_rate": ((NOTHING, 0), (10, math.nextafter(10, 11))),
    "label_smoothing": ((0, -NOTHING), (math.nextafter(1, 0), 1)),
    "batch_norm_momentum": ((0, -NOTHING), (math.nextafter(1, 0), 1)),
    "shift": ((0, -NOTHING), (1024, math.nextafter(1024, 1025))),
    "rotation": ((0, -NOTHING), (180, math.nextafter(180, 181))),
    "zoom": ((0, -NOTHING), (math.nextafter(1, 0), 1)),
    "elastic": ((0, -NOTHING), (1024, math.nextafter(1024, 1025))),
    "ema_momentum": ((0, -NOTHING), (math.nextafter(1, 0), 1)),
}
OTHERS = {"architecture", "recipe", "precision", "schedule", "normalize", "flip", "versions"}


@pytest.mark.parametrize(
    ("key", "inside", "outside"), [(key, *end) for key, ends in ENDS.items() for end in ends]
)
def test_a_number_is_taken_up_to_its_end_and_refused_beyond(
    key: str, inside: float, outside: float
) -> None:
    assert getattr(training_settings(**{key: inside}), key) == inside
    block = "train" if key in ("seed", "threads") else "model"
    given: dict[str, Any] = {block: {key: outside}}
    place = "train" if block == "train" else "models.mine"
    with pytest.raises(StageError, match=rf"^params\.yaml: {place}\.{key}: should be .+, got "):
        resolved(sections(**given))


@pytest.mark.parametrize("key", ["filters", "dense"])
def test_a_size_is_taken_up_to_its_end_and_refused_beyond(key: str) -> None:
    sizes = [1, 65_536]
    assert getattr(resolved(sections(model={key: sizes})), key) == sizes
    for outside in (0, 65_537, 1_000_000_000):
        with pytest.raises(StageError, match=rf"^params\.yaml: models\.mine\.{key}\.1: should "):
            resolved(sections(model={key: [1, outside]}))


def test_the_ends_of_every_number_are_tried() -> None:
    assert {*ENDS, *OTHERS, "filters", "dense"} == set(TrainingSettings.model_fields)
