"""Score one trained model on the test images: ``python -m stages.evaluate NAME``.

Reads models/NAME.keras, nothing else of the model, and the test images.
"""

from pathlib import Path

import numpy as np

from stages import processed
from stages.backend import keras, make_repeatable
from stages.common.command import run
from stages.common.files import write_csv, write_json
from stages.evaluate.scores import ClassScores, confusion_matrix, score, score_classes

BATCH = 500


def main(name: str) -> None:
    """Score the model *name*."""
    images, labels = processed.read("test")
    make_repeatable(0)
    model = keras.models.load_model(Path("models") / f"{name}.keras", safe_mode=True)
    probabilities = predict(model, images)

    actual, predicted = labels.argmax(axis=1), probabilities.argmax(axis=1)
    scores = score(actual, probabilities)
    per_class = score_classes(confusion_matrix(actual, predicted, labels.shape[1]))
    confidence = [f"{value:.6f}" for value in probabilities.max(axis=1)]

    metrics = Path("metrics")
    write_json(metrics / "evaluate" / f"{name}.json", scores._asdict())
    write_csv(metrics / "per_class" / f"{name}.csv", ClassScores._fields, per_class)
    write_csv(
        metrics / "predictions" / f"{name}.csv",
        ("actual", "predicted", "confidence"),
        zip(actual.tolist(), predicted.tolist(), confidence, strict=True),
    )
    print(f"{name}: accuracy {scores.accuracy:.4f}, {scores.errors} errors in {len(actual):,}")


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return the probabilities (n, 10) that *model* gives for *images* (n, 28, 28, 1).

    Only one batch at a time is in memory as floats.
    """
    starts = range(0, len(images), BATCH)
    return np.concatenate([model.predict_on_batch(images[i : i + BATCH]) for i in starts])


if __name__ == "__main__":
    run(main)
