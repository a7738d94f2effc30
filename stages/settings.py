"""The settings of one model's training: the content of models/settings/NAME.json."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from stages.common.files import read_json
from stages.common.schema import Settings

# Larger values do not fit a machine, so they are typing errors.
Size = Annotated[int, Field(ge=1, le=65_536)]


class TrainingSettings(Settings):
    """Everything that decides how one model is built and trained."""

    architecture: str
    filters: Annotated[list[Size], Field(min_length=1)] | None = None
    dense: list[Size] | None = None

    recipe: str
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    precision: Literal["auto", "float32", "bfloat16"]
    # May exceed the number of cores: this gives the bits of a larger machine.
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None

    epochs: Annotated[int, Field(ge=1, le=10_000)]
    steps_per_epoch: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    # After how many epochs without a better val_loss to stop; 0 for never.
    early_stopping: Annotated[int, Field(ge=0, le=10_000)]
    batch_size: Size
    optimizer: Literal["adam", "adamw", "sgd"]
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    weight_decay: Annotated[float, Field(ge=0, lt=1)]
    schedule: Literal["constant", "warm_up", "one_cycle"]
    ema_momentum: Annotated[float, Field(ge=0, lt=1)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    batch_norm_momentum: Annotated[float, Field(ge=0, lt=1)]
    normalize: bool
    shift: Annotated[float, Field(ge=0, le=1024)]
    rotation: Annotated[float, Field(ge=0, le=180)]
    zoom: Annotated[float, Field(ge=0, lt=1)]
    elastic: Annotated[float, Field(ge=0, le=1024)]
    flip: bool

    # Of the packages that decide the bits of the result, so upgrading one of them retrains.
    versions: dict[str, str]


def path_of(model: str) -> Path:
    """Return the path of the settings of *model*."""
    return Path("models/settings") / f"{model}.json"


def read(model: str) -> TrainingSettings:
    """Return the settings that ``configure`` wrote for *model*."""
    path = path_of(model)
    return TrainingSettings.parse(read_json(path), str(path))
