"""Each setting reaches its place in a training as the stage really runs it.

Every run here is `stages.train` on two dozen images, watched at the training step.
"""

import re
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest

from stages import processed, settings
from stages.backend import keras, make_repeatable
from stages.common.errors import StageError
from stages.common.files import read_json, write_json
from stages.settings import TrainingSettings
from stages.train import __main__ as train
from stages.train import machine, progress
from stages.train.batches import epoch_order
from stages.train.checkpoint import key_of
from stages.train.schedule import learning_rates
from stages.train.trainer import Trainer
from tests.support.images import random_images, write_part
from tests.support.networks import needs_bfloat16
from tests.support.settings import DEFAULTS

SMALL = {"filters": [2, 3], "dense": [4], "epochs": 2}
Run = Callable[..., Any]
TRAINING, VALIDATION = random_images(24, seed=1), random_images(7, seed=2)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give the function that runs the stage with some settings changed; each run is made once."""
    runs: dict[str, Any] = {}

    def run_stage(**changed: Any) -> Any:
        if str(changed) not in runs:
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(tmp_path_factory.mktemp("run"))
                write_json(settings.path_of("mine"), DEFAULTS | SMALL | changed)
                write_part("train", *TRAINING)
                processed.write_pixels(processed.Pixels(mean=[128], deviation=[64]))
                write_part("validation", *VALIDATION)
                processed.write_watched("validation")
                runs[str(changed)] = watched(patch)
        return runs[str(changed)]

    return run_stage


def watched(patch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return what the stage does and leaves; *seen* is what a setting may change of it."""
    seen: dict[str, Any] = {}
    steps, original = Mock(), Trainer.__init__

    def watch(self: Trainer, make: Any, chosen: TrainingSettings) -> None:
        original(self, make, chosen)
        steps.side_effect, self.train_step = self.train_step, steps
        seen["first weights"] = [each.numpy().tolist() for each in self.graph.trainable_weights]
        seen["computed in"] = {layer.compute_dtype for layer in self.graph.layers}

    patch.setattr(Trainer, "__init__", watch)
    # It would look for the graph of what only watches.
    patch.setattr(Trainer, "trace", lambda self: None)
    # The seven validation images in more than one batch.
    patch.setattr("stages.common.arrays.SCORED_IMAGES", 3)
    # Nothing depends on the clock.
    patch.setattr(time, "localtime", lambda _=None: time.gmtime(0))
    # Of this process the threads are fixed.
    started, keyed = Mock(side_effect=lambda seed, _: make_repeatable(seed)), Mock(wraps=key_of)
    patch.setattr(train, "make_repeatable", started)
    patch.setattr(train, "key_of", keyed)
    patch.setattr(machine, "why_float32", lambda precision: f"why {precision}")
    patch.setattr(progress, "say_once", lambda line: seen.update(note=line))
    train.main("mine")
    history = pd.read_csv("metrics/history/mine.csv")
    model = keras.models.load_model("models/mine.keras")
    images, _, rates, seeds = zip(*(step.args for step in steps.call_args_list), strict=True)
    of_weights_alone = keras.models.clone_model(model)
    of_weights_alone.load_weights("models/mine.weights.h5")
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    seen |= {
        "started with": started.call_args.args,
        "batches": [*map(len, images)],
        "rates": [*map(float, rates)],
        "seeds": [*map(tuple, seeds)],
        "order": np.concatenate(images).tolist(),
        "loss": history["loss"].tolist(),
        "layers": [(layer.name, layer.output.shape) for layer in model.layers],
        "weights": [np.array(weight).tolist() for weight in model.trainable_weights],
        "statistics": [np.array(norm.moving_mean).tolist() for norm in norms],
    }
    return SimpleNamespace(
        seen=seen,
        key=keyed.call_args.args,
        model=of_weights_alone,
        history=history,
        reached=read_json(Path("metrics/train/mine.json")),
        time=read_json(Path("metrics/time/mine.json")),
    )


RESULTS = {"weights", "statistics", "loss"}
MORE_STEPS = {"batches", "order", "rates", "seeds"} | RESULTS
ANOTHER_MODEL = {"layers", "first weights"} | RESULTS
# Another value of each setting, and what it changes of what is seen.
EFFECTS: dict[str, tuple[Any, set[str]]] = {
    "architecture": ("model1", ANOTHER_MODEL),
    "filters": ([3, 5], ANOTHER_MODEL),
    "dense": ([6, 7], ANOTHER_MODEL),
    "recipe": ("other", set()),
    "seed": (5, {"started with", "order", "seeds", "first weights"} | RESULTS),
    "precision": ("bfloat16", {"note", "computed in"} | RESULTS),
    "threads": (3, {"started with"}),
    "epochs": (3, MORE_STEPS),
    "steps_per_epoch": (2, MORE_STEPS),
    "batch_size": (10, {"batches"} | RESULTS),
    # Two epochs are never too many, see test_fit.py.
    "early_stopping": (1, set()),
    "optimizer": ("sgd", RESULTS),
    "learning_rate": (0.01, {"rates"} | RESULTS),
    "weight_decay": (0.5, RESULTS),
    "schedule": ("one_cycle", {"rates"} | RESULTS),
    "ema_momentum": (0.9, {"weights", "statistics"}),
    # Of the first epoch's loss too.
    "label_smoothing": (0.5, RESULTS),
    "batch_norm_momentum": (0.5, {"statistics"}),
    "normalize": (True, {"layers"} | RESULTS),
    **{key: (value, RESULTS) for key, value in (("shift", 3), ("rotation", 90), ("zoom", 0.5))},
    **{key: (value, RESULTS) for key, value in (("elastic", 2), ("flip", True))},
}


@pytest.mark.parametrize(
    "key",
    [pytest.param(key, marks=needs_bfloat16) if key == "precision" else key for key in EFFECTS],
)
def test_a_setting_changes_what_it_is_for_and_no_more(run: Run, key: str) -> None:
    value, changes = EFFECTS[key]
    plain, changed = run(), run(**{key: value})
    assert {name for name, seen in plain.seen.items() if changed.seen[name] != seen} == changes
    # It opens without code of ours.
    layers = changed.model.layers
    kinds = {(type(one).__module__.split(".")[0], one.dtype_policy.name) for one in layers}
    assert kinds == {("keras", "float32")}
    # What is watched is the saved model on the images as they are, and its plain cross-entropy.
    images, labels = VALIDATION
    changed.model.layers[-1].activation = None
    logits = np.array(changed.model(images))
    expected = float(keras.losses.CategoricalCrossentropy(from_logits=True)(labels, logits))
    within = 0.1 if key == "precision" else 1e-3
    assert changed.reached["val_loss"] == pytest.approx(expected, rel=within)


def test_all_settings_are_tried_and_what_is_seen_follows_them(run: Run) -> None:
    assert set(EFFECTS) == set(TrainingSettings.model_fields) - {"versions"}
    assert run(batch_size=10).seen["batches"] == [10, 10, 4] * 2
    assert run(steps_per_epoch=2).seen["batches"] == [8] * 4
    assert run(steps_per_epoch=9).seen["batches"] == [8] * 6
    assert run(schedule="one_cycle").seen["rates"] == list(learning_rates("one_cycle", 0.001, 6))
    assert len(set(run().seen["seeds"])) == 6
    assert run(seed=5).seen["started with"] == (5, None)
    order = np.concatenate([epoch_order(24, 5, epoch) for epoch in range(2)])
    np.testing.assert_array_equal(run(seed=5).seen["order"], TRAINING[0][order])


def test_results_are_the_last_epochs_and_times_are_their_sum(run: Run) -> None:
    done, names = run(batch_size=10), ["accuracy", "loss", "val_accuracy", "val_loss"]
    reached, last = done.reached, done.history.iloc[-1]
    assert [reached[name] for name in names] == list(last[names])
    assert (reached["batch_size"], reached["epochs"], reached["precision"]) == (10, 2, "float32")
    time = run(steps_per_epoch=2).time
    seconds = sum(epoch["seconds"] for epoch in time["per_epoch"])
    # Two epochs of 16 images.
    in_all = [time["train_seconds"], 2 * time["seconds_per_epoch"], 32 / time["images_per_second"]]
    assert in_all == pytest.approx([seconds] * 3, rel=0.05)


def test_checkpoints_key_is_of_all_that_decides_the_bits(run: Run) -> None:
    chosen, on, data = run().key
    assert chosen == TrainingSettings.parse(DEFAULTS | SMALL, "a test").model_dump()
    assert on == {"precision": "float32", **machine.describe()}
    names = ["train/images.npy", "train/labels.npy", "train/pixels.json"]
    names += ["validation/images.npy", "validation/labels.npy"]
    assert data == [Path("data/processed") / name for name in names]


def test_what_is_not_trained_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processed, "read_watched", lambda: "test")
    told = (
        "early_stopping is 3, but the validation images are the test images, which must not decide "
        "when to stop; set split.validation_fraction, for example to 0.2"
    )
    with pytest.raises(StageError, match=f"^{re.escape(f'models/settings/mine.json: {told}')}$"):
        run(early_stopping=3)
    installed = version("numpy")
    told = f"made with numpy 1.2.3, but {installed} is installed: run dvc repro --force configure"
    with pytest.raises(StageError, match=f"^{re.escape(f'models/settings/mine.json: {told}')}$"):
        run(versions={"keras": version("keras"), "numpy": "1.2.3"})
