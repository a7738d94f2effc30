"""Score one trained model on the test images: ``python -m stages.evaluate NAME``.

Reads models/NAME.keras, nothing else of the model, and the test images.
"""

import zipfile
from pathlib import Path

import numpy as np

from stages import processed
from stages.backend import keras, make_repeatable
from stages.common.arrays import write_array
from stages.common.command import run
from stages.common.errors import StageError, one_line
from stages.common.files import reading, write_csv, write_json
from stages.evaluate.scores import confusion_matrix, score, score_classes

BATCH = 500
PER_CLASS = ("class", "precision", "recall", "f1", "support")
REMEDY = "; mend its architecture, or remove it and run `dvc repro`"


def main(name: str) -> None:
    """Score the model *name*."""
    images, labels = processed.read("test")
    names = processed.read_classes()
    make_repeatable(0)
    model = load(Path("models") / f"{name}.keras", images.shape[1:], len(names))
    probabilities = predict(model, images)

    actual, predicted = labels.argmax(axis=1), probabilities.argmax(axis=1)
    scores = score(actual, probabilities)
    per_class = score_classes(confusion_matrix(actual, predicted, len(names)), names)
    confidence = [f"{value:.6f}" for value in probabilities.max(axis=1)]

    metrics = Path("metrics")
    write_json(metrics / "evaluate" / f"{name}.json", scores._asdict())
    write_csv(metrics / "per_class" / f"{name}.csv", PER_CLASS, per_class)
    write_csv(
        metrics / "predictions" / f"{name}.csv",
        ("actual", "predicted", "confidence"),
        ((names[i], names[j], c) for i, j, c in zip(actual, predicted, confidence, strict=True)),
    )
    write_array(metrics / "probabilities" / f"{name}.npy", probabilities)
    print(f"{name}: accuracy {scores.accuracy:.4f}, {scores.errors} errors in {len(actual):,}")


def load(path: Path, image: tuple[int, ...], classes: int) -> keras.Model:
    """Return the model in *path*, which takes (n, *image*) and gives (n, *classes*).

    Raises:
        StageError: there is no such file, it is damaged, or it holds something else.
    """
    with reading(path), path.open("rb") as file:
        # Keras says of a file that was cut short that it is not there.
        if not zipfile.is_zipfile(file):
            raise ValueError
    try:
        model = keras.models.load_model(path, safe_mode=True)
    # What is in the archive meets zipfile, HDF5 and all of Keras; each has its errors.
    except Exception as error:
        raise StageError(
            f"{path}: cannot be opened as a model ({one_line(error)}){REMEDY}"
        ) from None
    shapes = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
    wanted = (None, *image), (None, classes)
    if shapes != wanted:
        raise StageError(
            f"{path}: takes {shapes[0]} and gives {shapes[1]}, "
            f"not {wanted[0]} and {wanted[1]}{REMEDY}"
        )
    return model


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return the probabilities (n, classes) that *model* gives for *images*.

    Only one batch at a time is in memory as floats.
    """
    starts = range(0, len(images), BATCH)
    return np.concatenate([model.predict_on_batch(images[i : i + BATCH]) for i in starts])


if __name__ == "__main__":
    run(main)
