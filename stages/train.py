"""Train one model: ``python -m stages.train NAME``.

Reads models/NAME.json and the training and validation images; writes the model, its weights,
its history, what it reached and how long it took.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stages import processed
from stages.backend import keras, make_repeatable
from stages.command import run
from stages.files import write_csv, write_json
from stages.training import history, machine, network, precision, settings
from stages.training.checkpoint import Checkpoint, key_of
from stages.training.export import save_model, save_weights
from stages.training.fit import fit, images_per_epoch
from stages.training.history import Epoch
from stages.training.settings import TrainingSettings
from stages.training.tensorboard import Logs
from stages.training.trainer import Trainer


def main(name: str) -> None:
    """Train the model *name*."""
    chosen = settings.read(name)
    computed_in = precision.resolve(chosen.precision)
    training, validation = processed.read("train"), processed.read("validation")

    make_repeatable(chosen.seed, chosen.threads)
    model = network.build(name, chosen)
    model.summary(print_fn=lambda text, **_: print(text))
    print(
        f"{name}: recipe {chosen.recipe}, {chosen.epochs} epochs in batches of "
        f"{chosen.batch_size}, {computed_in}, {len(training[0]):,} images",
        flush=True,
    )
    graph = network.training_graph(model, computed_in)
    trainer = Trainer(graph, chosen)
    on = machine.describe()
    data = [*processed.paths("train"), *processed.paths("validation")]
    key = key_of(chosen.model_dump(), {"precision": computed_in, **on}, data)
    checkpoint = Checkpoint(name, key)
    epochs, resumed_at = _train(name, trainer, training, validation, checkpoint)
    network.copy_weights(graph, model)

    saved = Path("models") / f"{name}.keras"
    save_model(saved, model)
    save_weights(Path("models") / f"{name}.weights.h5", saved)
    metrics = Path("metrics")
    write_csv(metrics / "history" / f"{name}.csv", history.HEADER, history.rows(epochs))
    write_json(metrics / "train" / f"{name}.json", results(model, chosen, computed_in, epochs))
    seen = images_per_epoch(len(training[0]), chosen)
    write_json(metrics / "time" / f"{name}.json", times(epochs, seen, resumed_at, on))
    checkpoint.remove()


def _train(
    name: str,
    trainer: Trainer,
    training: processed.Images,
    validation: processed.Images,
    checkpoint: Checkpoint,
) -> tuple[list[Epoch], int]:
    """Train, going on from *checkpoint* if it is there; return the epochs and where it went on.

    After each epoch prints a line, logs it and saves a checkpoint.
    """
    state = [*trainer.graph.weights, *trainer.optimizer.state]
    done = checkpoint.load(state)
    if done:
        print(f"{name}: going on after epoch {len(done)}, from {checkpoint.path}", flush=True)
    logs = Logs(Path("logs") / name, trainer.graph, resumed=bool(done))

    def after_epoch(epochs: list[Epoch]) -> None:
        number, epoch = len(epochs), epochs[-1]
        print(
            f"{name}: epoch {number}/{trainer.settings.epochs}  {epoch.seconds:6.1f} s  "
            f"accuracy {epoch.accuracy:.4f}  loss {epoch.loss:.4f}  "
            f"val_accuracy {epoch.val_accuracy:.4f}  val_loss {epoch.val_loss:.4f}",
            flush=True,
        )
        checkpoint.save(epochs, state)
        logs.write(number, epoch)

    epochs = fit(trainer, training, validation, done, after_epoch)
    logs.close()
    return epochs, len(done)


def results(
    model: keras.Model, chosen: TrainingSettings, computed_in: str, epochs: Sequence[Epoch]
) -> dict[str, Any]:
    """Return what metrics/train/NAME.json holds."""
    last = epochs[-1]
    return {
        "parameters": model.count_params(),
        "trainable_parameters": sum(
            variable.value.shape.num_elements() for variable in model.trainable_variables
        ),
        "epochs": len(epochs),
        "batch_size": chosen.batch_size,
        "precision": computed_in,
        "recipe": chosen.recipe,
        "accuracy": last.accuracy,
        "loss": last.loss,
        "val_accuracy": last.val_accuracy,
        "val_loss": last.val_loss,
        "layers": [
            {"layer": layer.name, "parameters": layer.count_params()} for layer in model.layers
        ],
    }


def times(
    epochs: Sequence[Epoch], images: int, resumed_at: int, on: dict[str, Any]
) -> dict[str, Any]:
    """Return what metrics/time/NAME.json holds; seconds add up over interrupted runs.

    *images* is how many each epoch saw.
    """
    total = sum(epoch.seconds for epoch in epochs)
    return {
        "train_seconds": round(total, 3),
        "seconds_per_epoch": round(total / len(epochs), 3),
        "images_per_second": round(images * len(epochs) / total, 1),
        "resumed_after_epochs": resumed_at,
        "machine": on,
        "per_epoch": [
            {"epoch": number, "seconds": round(epoch.seconds, 3)}
            for number, epoch in enumerate(epochs, start=1)
        ],
    }


if __name__ == "__main__":
    run(main)
