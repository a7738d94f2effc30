"""Train one model: ``python -m stages.train NAME``.

Reads models/settings/NAME.json and the training and validation images; writes the model, its
weights, its history, its results and its times.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from stages import processed, settings
from stages.backend import make_repeatable
from stages.common import interruption
from stages.common.command import run
from stages.common.errors import StageError
from stages.common.files import copy_metrics, write_csv, write_json
from stages.train import machine, network, progress, results
from stages.train.check import check
from stages.train.checkpoint import Checkpoint, key_of
from stages.train.export import save_model, save_weights
from stages.train.fit import fit, steps_per_epoch
from stages.train.results import Epoch
from stages.train.tensorboard import Logs
from stages.train.trainer import Trainer


def main(name: str) -> None:
    """Train the model *name*."""
    chosen = settings.read(name)
    machine.check_versions(settings.path_of(name), chosen.versions)
    computed_in = machine.resolve(chosen.precision)
    training, validation = processed.read("train"), processed.read("validation")

    if chosen.early_stopping and processed.read_watched() == "test":
        raise StageError(
            f"{settings.path_of(name)}: early_stopping is {chosen.early_stopping}, but the "
            "validation images are the test images, which must not decide when to stop; "
            "set split.validation_fraction, for example to 0.2"
        )

    interruption.end_at_once()  # until the graphs are there, see fit
    make_repeatable(chosen.seed, chosen.threads)
    image, classes = training[0].shape[1:], training[1].shape[1]
    make = partial(network.build, name, chosen, image, classes, processed.read_pixels())
    model = make()
    check(model, make, chosen, training[0])
    model.summary(print_fn=lambda text, **_: print(text))
    print(
        f"{name}: recipe {chosen.recipe}, {chosen.epochs} epochs in batches of "
        f"{chosen.batch_size}, {computed_in}, {len(training[0]):,} images",
        flush=True,
    )
    trainer = Trainer(partial(network.training_graph, make, model, computed_in), chosen)
    if note := machine.why_float32(chosen.precision):
        progress.say_once(note)
    on = machine.describe()
    data = [*processed.paths("train"), processed.PIXELS, *processed.paths("validation")]
    key = key_of(chosen.model_dump(), {"precision": computed_in, **on}, data)
    checkpoint = Checkpoint(name, key)
    # The other graph's layers have other names, where the architecture gives them none.
    names = [variable.path for variable in model.weights]
    weights = dict(zip(names, trainer.kept.weights, strict=True))
    epochs, resumed_at = _train(name, trainer, (training, validation), checkpoint, weights)
    network.copy_weights(trainer.kept, model)

    saved = Path("models") / f"{name}.keras"
    save_model(saved, model)
    save_weights(Path("models") / f"{name}.weights.h5", saved)
    metrics = Path("metrics")
    history, reached = metrics / "history" / f"{name}.csv", metrics / "train" / f"{name}.json"
    time = metrics / "time" / f"{name}.json"
    rows = [(number, *epoch[:4]) for number, epoch in enumerate(epochs, start=1)]
    write_csv(history, results.HEADER, rows)
    count = len(training[0])
    write_json(reached, results.reached(model, chosen, computed_in, epochs, count))
    seen = min(steps_per_epoch(count, chosen) * chosen.batch_size, count)
    write_json(time, results.times(epochs, seen, resumed_at, on))
    copy_metrics("train", name, history, reached, time)
    checkpoint.finish(saved)


def _train(
    name: str,
    trainer: Trainer,
    images: tuple[processed.Images, processed.Images],
    checkpoint: Checkpoint,
    weights: Mapping[str, Any],
) -> tuple[list[Epoch], int]:
    """Train, from *checkpoint* if there is one; return all epochs, and how many it held."""
    state = trainer.state
    done = checkpoint.load(state)
    if done:
        print(f"{name}: going on after epoch {len(done)}, from {checkpoint.path}", flush=True)
    logs = Logs(Path("logs") / name, weights, resumed=bool(done))

    def after_epoch(epochs: Sequence[Epoch]) -> None:
        number, total = len(epochs), trainer.settings.epochs
        print(progress.epoch_line(name, epochs, total), flush=True)
        if number == len(done) + 1 < total:
            print(progress.time_left(name, epochs[-1], total - number), flush=True)
        checkpoint.save(epochs, state)
        logs.write(number, epochs[-1])

    epochs = fit(trainer, *images, done, after_epoch)
    if (patience := trainer.settings.early_stopping) and len(epochs) < trainer.settings.epochs:
        print(f"{name}: stopped, since val_loss has not fallen for {patience} epochs", flush=True)
    logs.close()
    return epochs, len(done)


if __name__ == "__main__":
    run(main)
