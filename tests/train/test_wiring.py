"""Each setting reaches its place in a training as the stage really runs it.

Every run here is `stages.train` on two dozen images, watched at the training step.
"""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from stages import processed, settings
from stages.backend import keras, tf
from stages.common.files import read_json, write_json
from stages.configure.recipes import RECIPE_KEYS
from stages.train import __main__ as train
from stages.train import checkpoint, machine, network
from stages.train.batches import epoch_order
from stages.train.tensorboard import Logs
from stages.train.trainer import Trainer
from tests import ROOT
from tests.support.images import random_images, write_part
from tests.support.networks import built, needs_bfloat16
from tests.support.settings import DEFAULTS

# Keras turns variables into arrays in a way that numpy 2.4 will not take much longer.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SMALL = {"architecture": "model2", "filters": [2, 3], "dense": [4], "epochs": 2, "batch_size": 8}
TRAINING, VALIDATION = random_images(24, seed=1), random_images(7, seed=2)
PIXELS = processed.Pixels(mean=[128], deviation=[64])
STEPS = 3


@dataclass
class Training:
    """What one run of the stage did and left."""

    first_weights: list[np.ndarray] = field(default_factory=list)
    batches: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    seeds: list[bytes] = field(default_factory=list)
    dtypes: set[str] = field(default_factory=set)
    folder: Path = Path()
    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    model: Any = None
    reached: dict[str, Any] = field(default_factory=dict)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The trained weights by their path."""
        return {weight.path: np.array(weight) for weight in self.model.weights}

    def same_trained_weights(self, other: "Training") -> bool:
        """Tell whether both runs trained the same weights, bit for bit."""
        mine = [np.array(weight) for weight in self.model.trainable_weights]
        theirs = [np.array(weight) for weight in other.model.trainable_weights]
        return all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True))


Run = Callable[..., Training]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give the function that runs the stage with some settings changed; each run is made once."""
    runs: dict[str, Training] = {}

    def run_stage(**changed: Any) -> Training:
        if str(changed) not in runs:
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(tmp_path_factory.mktemp("run"))
                runs[str(changed)] = _watched(patch, changed)
        return runs[str(changed)]

    return run_stage


def _watched(patch: pytest.MonkeyPatch, changed: dict[str, Any]) -> Training:
    """Return what the stage does with the settings *changed*, in the working folder."""
    done = Training()
    original = Trainer.__init__

    def watch(self: Trainer, graph: Any, chosen: settings.TrainingSettings) -> None:
        original(self, graph, chosen)
        step = self.train_step

        def noting(images: np.ndarray, labels: np.ndarray, rate: float, seed: np.ndarray) -> Any:
            done.first_weights = done.first_weights or [np.array(w) for w in graph.weights]
            done.batches.append((images, labels))
            done.rates.append(float(rate))
            done.seeds.append(seed.tobytes())
            return step(images, labels, rate, seed)

        self.train_step = noting
        done.dtypes = {layer.compute_dtype for layer in graph.layers}

    patch.setattr(Trainer, "__init__", watch)
    # It would look for the graph of what is noting.
    patch.setattr(Trainer, "trace", lambda self: None)
    # The seven validation images in more than one batch.
    patch.setattr("stages.train.trainer.VALIDATION_BATCH", 3)
    write_inputs(changed)
    train.main("mine")
    done.folder = Path.cwd()
    done.history = pd.read_csv("metrics/history/mine.csv")
    done.model = keras.models.load_model("models/mine.keras")
    done.reached = read_json(Path("metrics/train/mine.json"))
    return done


def write_inputs(changed: dict[str, Any]) -> None:
    """Write all that the stage reads."""
    write_json(settings.path_of("mine"), DEFAULTS | SMALL | changed)
    write_part("train", *TRAINING)
    processed.write_pixels(PIXELS)
    write_part("validation", *VALIDATION)


def digits_seen(done: Training) -> np.ndarray:
    return np.concatenate([images for images, _ in done.batches])


def test_two_runs_with_the_same_settings_are_the_same_to_the_bit(run: Run) -> None:
    first, second = run(), run(recipe="other")
    assert first.same_trained_weights(second)
    assert first.history.equals(second.history)


def test_epochs_and_batch_size_and_steps_decide_how_much_is_seen(run: Run) -> None:
    assert [len(images) for images, _ in run().batches] == [8] * 2 * STEPS
    assert [len(images) for images, _ in run(epochs=3).batches] == [8] * 3 * STEPS
    assert len(run(epochs=3).history) == 3
    assert [len(images) for images, _ in run(batch_size=10).batches] == [10, 10, 4] * 2
    assert [len(images) for images, _ in run(steps_per_epoch=2).batches] == [8] * 2 * 2


def test_images_a_second_are_those_seen(run: Run) -> None:
    time = read_json(run(steps_per_epoch=2).folder / "metrics/time/mine.json")
    seen = time["images_per_second"] * time["train_seconds"]
    assert seen == pytest.approx(2 * 16, rel=0.05)


def test_what_was_reached_is_the_last_epochs(run: Run) -> None:
    names = ["accuracy", "loss", "val_accuracy", "val_loss"]
    done = run(batch_size=10)
    assert [done.reached[name] for name in names] == list(done.history.iloc[-1][names])
    assert (done.reached["batch_size"], done.reached["epochs"]) == (10, 2)


def test_finished_training_notes_the_model_it_wrote(run: Run) -> None:
    folder = run().folder
    digest = hashlib.md5((folder / "models/mine.keras").read_bytes(), usedforsecurity=False)
    assert (folder / ".checkpoints/mine.written").read_text() == digest.hexdigest()


def test_learning_rate_and_schedule_decide_each_steps_rate(run: Run) -> None:
    assert run().rates == [pytest.approx(0.001)] * 2 * STEPS
    assert run(learning_rate=0.01).rates == [pytest.approx(0.01)] * 2 * STEPS
    assert not run(learning_rate=0.01).same_trained_weights(run())
    cycle = run(schedule="one_cycle").rates
    # Up to the peak at a quarter of the way, step two of six, then down to nearly nothing.
    assert cycle[1] == pytest.approx(0.001)
    assert cycle[0] < cycle[1] > cycle[2] > cycle[-1]
    assert cycle[-1] < 0.05 * cycle[1]


def test_seed_decides_the_first_weights_the_order_and_the_augmentation(run: Run) -> None:
    first, other = run(), run(seed=5)
    assert not np.array_equal(first.first_weights[0], other.first_weights[0])
    assert not np.array_equal(digits_seen(first), digits_seen(other))
    assert not set(first.seeds) & set(other.seeds)
    order = np.concatenate([epoch_order(24, 5, epoch) for epoch in range(2)])
    np.testing.assert_array_equal(digits_seen(other), TRAINING[0][order])


def test_every_step_of_every_epoch_has_a_seed_of_its_own(run: Run) -> None:
    assert len(set(run().seeds)) == 2 * STEPS


@pytest.mark.parametrize(
    "change",
    [{"shift": 3}, {"rotation": 90}, {"zoom": 0.5}, {"elastic": 2}, {"flip": True}],
)
def test_augmentation_changes_what_is_trained_on_and_not_what_is_watched(
    run: Run, change: dict[str, Any]
) -> None:
    augmented = run(**change)
    assert not augmented.same_trained_weights(run())
    assert_watched_plainly(augmented)


def test_seed_of_a_step_decides_its_augmentation() -> None:
    chosen = settings.TrainingSettings.parse(DEFAULTS | SMALL | {"shift": 3}, "a test")
    losses = []
    for number in (1, 2, 1):
        keras.utils.set_random_seed(0)
        trainer = Trainer(network.training_graph(built(chosen), "float32"), chosen)
        loss, _ = trainer.train_step(*TRAINING, np.float32(0), np.array([number, 0], np.int32))
        losses.append(float(loss))
    assert losses[0] == losses[2] != losses[1]


def assert_watched_plainly(done: Training) -> None:
    """Check that the last validation is the plain cross-entropy of the images as they are."""
    images, labels = VALIDATION
    probabilities = done.model.predict_on_batch(images)
    expected = keras.losses.CategoricalCrossentropy()(labels, probabilities)
    last = done.history.iloc[-1]
    assert last["val_loss"] == pytest.approx(float(expected), rel=1e-3)
    hits = (probabilities.argmax(axis=1) == labels.argmax(axis=1)).mean()
    assert last["val_accuracy"] == pytest.approx(hits)


def test_label_smoothing_is_in_the_training_loss_and_not_in_the_validation(run: Run) -> None:
    smoothed = run(label_smoothing=0.5)
    assert not smoothed.same_trained_weights(run())
    assert smoothed.history["loss"][0] != run().history["loss"][0]
    assert_watched_plainly(smoothed)


def test_momentum_of_batch_normalisation_decides_its_statistics_alone(run: Run) -> None:
    quick = run(batch_norm_momentum=0.5)
    assert quick.same_trained_weights(run())
    slow, fast = run().weights["norm_1/moving_mean"], quick.weights["norm_1/moving_mean"]
    # From 0 towards nearly the same mean: 1 - 0.99 ** 6 of the way, and 1 - 0.5 ** 6.
    np.testing.assert_allclose(fast / slow, (1 - 0.5**6) / (1 - 0.99**6), rtol=0.15)


def test_average_of_the_weights_is_what_is_watched_and_saved(run: Run) -> None:
    averaged = run(ema_momentum=0.9, learning_rate=0.01)
    assert not averaged.same_trained_weights(run(learning_rate=0.01))
    assert_watched_plainly(averaged)


def test_normalize_scales_the_pixels_in_the_saved_model(run: Run) -> None:
    layers = [[layer.name for layer in done.model.layers] for done in (run(), run(normalize=True))]
    assert [name for name in layers[1] if name not in layers[0]] == ["normalize"]
    # By what the stage before found the pixels to be like.
    scaled = run(normalize=True).model.get_layer("normalize")(np.array([[[[128.0], [0.0]]]]))
    assert np.array(scaled).ravel().tolist() == [0, -2]


def test_why_it_is_float32_is_said_where_auto_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(machine, "cpu_flags", lambda: {"avx", "avx2"})
    for precision, said in (("float32", False), ("auto", True), ("auto", False)):
        write_inputs({"precision": precision, "epochs": 1})
        train.main("mine")
        assert ("note: computing in float32, since" in capsys.readouterr().out) == said


@needs_bfloat16
def test_precision_is_that_of_the_graph_and_recorded(run: Run) -> None:
    narrow = run(precision="bfloat16")
    assert "bfloat16" in narrow.dtypes
    assert run().dtypes == {"float32"}
    assert (narrow.reached["precision"], run().reached["precision"]) == ("bfloat16", "float32")


def test_sizes_are_those_of_the_saved_model(run: Run) -> None:
    model = run(filters=[3, 5], dense=[6, 7]).model
    shapes = [model.get_layer(name).output.shape[-1] for name in ("conv_1", "conv_2")]
    assert shapes == [3, 5]
    assert [model.get_layer(f"dense_{number}").units for number in (1, 2)] == [6, 7]


def test_every_key_of_a_recipe_is_tried_above() -> None:
    tried = Path(__file__).read_text(encoding="utf-8")
    assert all(f"run({key}=" in tried or f'"{key}": ' in tried for key in RECIPE_KEYS)


class StoppedError(Exception):
    """What a test stops the stage with."""


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Give the function that returns the key of the checkpoint that the stage looks for."""
    monkeypatch.chdir(tmp_path)
    write_inputs({})

    def stop(name: str, found: str) -> None:
        raise StoppedError(f"{name} {found}")

    monkeypatch.setattr(train, "Checkpoint", stop)

    def key_of_the_stage() -> str:
        with pytest.raises(StoppedError) as caught:
            train.main("mine")
        return str(caught.value)

    return key_of_the_stage


def test_checkpoints_key_is_of_all_that_decides_the_bits(
    key: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [key()]
    assert key() == keys[0]
    for part, (images, labels) in (("train", TRAINING), ("validation", VALIDATION)):
        for changed in ((255 - images, labels), (images, labels[:, ::-1])):
            write_part(part, *changed)
            keys.append(key())
            write_part(part, images, labels)
    processed.write_pixels(processed.Pixels(mean=[128], deviation=[65]))
    keys.append(key())
    write_inputs({"zoom": 0.1})
    keys.append(key())
    write_inputs({})
    described = machine.describe()
    changes: list[tuple[Any, str, Any]] = [
        (machine, "resolve", "bfloat16"),
        (checkpoint, "loaded_sources", [tmp_path / "data/processed/train/labels.npy"]),
    ]
    computed_by = ("processor", "threads", "instructions", "onednn", "variables")
    for name in (*computed_by, "tensorflow", "python"):
        changes.append((machine, "describe", described | {name: "another"}))
    for module, function, result in changes:
        with monkeypatch.context() as patch:
            patch.setattr(module, function, lambda *_, result=result: result)
            keys.append(key())
    assert len(set(keys)) == len(keys) == 16


def test_tensorboard_gets_the_curves_of_the_history(run: Run) -> None:
    logs, history = run().folder / "logs/mine", run().history
    for part, prefix in (("train", ""), ("validation", "val_")):
        reader = EventAccumulator(str(logs / part)).Reload()
        for name in ("accuracy", "loss"):
            events = reader.Tensors(f"epoch_{name}")
            assert [event.step for event in events] == [0, 1]
            values = [float(tf.make_ndarray(event.tensor_proto)) for event in events]
            assert values == pytest.approx(list(history[f"{prefix}{name}"]))


def test_interrupted_training_goes_on_with_its_epochs_its_state_and_its_logs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    never_stopped = run()
    monkeypatch.chdir(tmp_path)
    write_inputs({})
    logs = tmp_path / "logs/mine/train"

    def stop(*_: Any) -> None:
        raise StoppedError

    with monkeypatch.context() as patch:
        # After the first epoch's checkpoint.
        patch.setattr(Logs, "write", stop)
        with pytest.raises(StoppedError):
            train.main("mine")
    assert "mine: 1 more epoch will take about" in capsys.readouterr().out
    train.main("mine")
    resumed_from = capsys.readouterr().out
    assert "mine: going on after epoch 1, from .checkpoints/mine.npz" in resumed_from
    assert "more epoch" not in resumed_from
    assert read_json(Path("metrics/time/mine.json"))["resumed_after_epochs"] == 1
    assert len(list(logs.iterdir())) == 2
    resumed = keras.models.load_model("models/mine.keras")
    assert all(map(np.array_equal, resumed.get_weights(), never_stopped.model.get_weights()))
    # Another training begins with empty logs.
    write_inputs({"seed": 1})
    train.main("mine")
    assert read_json(Path("metrics/time/mine.json"))["resumed_after_epochs"] == 0
    assert len(list(logs.iterdir())) == 1


STARTED = """
import gc, sys
from stages.backend import make_repeatable, tf
print([name for name in ("pandas", "sklearn") if name in sys.modules], gc.isenabled())
import pandas, sklearn
from tensorflow.python.framework.config import is_op_determinism_enabled
from stages.train import machine
make_repeatable(0, 3)
threading = tf.config.threading
print(threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads())
print(machine.describe()["threads"], is_op_determinism_enabled())
"""


@pytest.fixture(scope="module")
def started() -> list[str]:
    """Give what a process prints that has just started TensorFlow."""
    command = [sys.executable, "-c", STARTED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_keras_is_imported_without_what_it_would_import_only_because_it_is_there(
    started: list[str],
) -> None:
    # And afterwards others can import it, and Python looks for garbage.
    assert started[0] == "[] True"


def test_threads_are_those_of_both_pools_and_determinism_is_on(started: list[str]) -> None:
    assert started[1:] == ["3 3", "3 True"]


def test_seed_and_threads_of_the_settings_are_those_that_are_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_inputs({"seed": 5, "threads": 3})

    def stop(*given: int) -> None:
        raise StoppedError(given)

    monkeypatch.setattr(train, "make_repeatable", stop)
    with pytest.raises(StoppedError) as caught:
        train.main("mine")
    assert caught.value.args == ((5, 3),)
