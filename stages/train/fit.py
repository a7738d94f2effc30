"""The training loop: epochs of steps, with a validation after each epoch."""

import math
import time
from collections.abc import Callable, Sequence

import numpy as np
from tqdm import tqdm

from stages.backend import tf
from stages.common import interruption
from stages.common.errors import StageError
from stages.processed import Images
from stages.settings import TrainingSettings
from stages.train.batches import batches, epoch_order
from stages.train.network import place
from stages.train.results import Epoch
from stages.train.schedule import averaging_rates, learning_rates
from stages.train.trainer import Trainer

# The number of images from which batch normalisation's statistics are computed for averaged
# weights: a small part of an epoch, yet chance moves them by only a seventieth of their deviation.
STATISTICS_IMAGES = 5_000


def fit(
    trainer: Trainer,
    training: Images,
    validation: Images,
    done: Sequence[Epoch] = (),
    after_epoch: Callable[[list[Epoch]], None] = lambda epochs: None,
) -> list[Epoch]:
    """Train for the epochs of the settings that are not *done* yet; return all epochs.

    *training* and *validation* are (images uint8, one-hot labels).
    *after_epoch* is called with the epochs so far. The clock runs from before the graphs are made
    until after the last call: an epoch's seconds include everything since the previous one ended.
    From the first batch on Ctrl-C raises ``KeyboardInterrupt``, unless it is ignored.

    Raises:
        StageError: the loss or a weight became NaN or infinite, or a layer or the memory failed.
    """
    settings = trainer.settings
    steps = steps_per_epoch(len(training[0]), settings)
    total = steps * settings.epochs
    rates = learning_rates(settings.schedule, settings.learning_rate, total)
    averaging = averaging_rates(settings.ema_momentum, total)
    epochs = list(done)
    started = time.perf_counter()
    if not is_over(epochs, settings):
        trainer.trace()
    interruption.raise_again()
    while not is_over(epochs, settings):
        epoch = len(epochs)
        now = slice(epoch * steps, (epoch + 1) * steps)
        try:
            accuracy, loss = _train_epoch(trainer, training, epoch, rates[now], averaging[now])
            val_accuracy, val_loss = trainer.validate(*validation)
        except tf.errors.OpError as error:
            # The reason comes after a list of calls.
            reason = " ".join(str(error).rpartition("\n\n")[2].split())
            where = f"{place(trainer.graph.name, settings)}: epoch {epoch + 1}"
            raise StageError(f"{where}: {type(error).__name__}: {reason}") from None
        if not (math.isfinite(val_loss) and trainer.is_finite()):
            raise diverged(f"the end of epoch {epoch + 1}", settings)
        ended = time.perf_counter()
        epochs.append(Epoch(accuracy, loss, val_accuracy, val_loss, ended - started))
        started = ended
        after_epoch(epochs)
    seconds = epochs[-1].seconds + time.perf_counter() - started
    epochs[-1] = epochs[-1]._replace(seconds=seconds)
    return epochs


def is_over(epochs: Sequence[Epoch], settings: TrainingSettings) -> bool:
    """Return whether a training ends after *epochs*.

    With ``early_stopping`` it does after that many epochs without a lower ``val_loss``, as with
    Keras's callback: https://keras.io/api/callbacks/early_stopping/
    """
    losses = [epoch.val_loss for epoch in epochs]
    since_best = len(losses) - 1 - losses.index(min(losses)) if losses else 0
    return len(epochs) >= settings.epochs or 0 < settings.early_stopping <= since_best


def _train_epoch(
    trainer: Trainer, training: Images, epoch: int, rates: np.ndarray, averaging: np.ndarray
) -> tuple[float, float]:
    """Train one step at each of *rates*; return (accuracy, mean loss) over the images seen."""
    settings = trainer.settings
    order = epoch_order(len(training[0]), settings.seed, epoch)[: len(rates) * settings.batch_size]
    loss_sum, correct, seen = 0.0, 0, 0
    title = f"epoch {epoch + 1}/{settings.epochs}"
    # Shown only on a terminal, and removed at the end of the epoch.
    with tqdm(total=len(order), desc=title, unit=" images", leave=False, disable=None) as bar:
        for step, (images, labels, seed) in enumerate(batches(training, settings, epoch, order)):
            batch_loss, batch_correct = trainer.train_step(images, labels, rates[step], seed)
            if settings.ema_momentum and averaging[step]:
                trainer.average(averaging[step])
            loss_sum += float(batch_loss)
            correct += int(batch_correct)
            seen += len(images)
            if not math.isfinite(loss_sum):
                raise diverged(f"epoch {epoch + 1}, step {step + 1}", settings)
            bar.set_postfix_str(f"loss {loss_sum / seen:.4f}", refresh=False)
            bar.update(len(images))
        few = batches(training, settings, epoch, order[:STATISTICS_IMAGES])
        trainer.recompute_statistics((images, seed) for images, _, seed in few)
    return correct / seen, loss_sum / seen


def diverged(where: str, settings: TrainingSettings) -> StageError:
    """Return the error of a training whose loss or weights are NaN or infinite."""
    return StageError(
        f"the loss is no longer a number ({where}): "
        f"set train.learning_rate below {settings.learning_rate:g}"
    )


def steps_per_epoch(images: int, settings: TrainingSettings) -> int:
    """Return the number of batches of an epoch: enough for every image, unless set to fewer."""
    whole = math.ceil(images / settings.batch_size)
    return min(settings.steps_per_epoch or whole, whole)
