"""Score one trained model on the test images: ``python -m stages.evaluate NAME``.

Reads models/NAME.keras and the test images.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from stages import params, processed
from stages.backend import make_repeatable
from stages.common import interruption
from stages.common.arrays import write_array
from stages.common.command import run
from stages.common.files import copy_metrics, write_json, write_text
from stages.evaluate.model import load, predict
from stages.evaluate.scores import score, score_classes


def main(name: str) -> None:
    """Score the model *name*."""
    images, labels = processed.read("test")
    names = processed.read_classes()
    interruption.end_at_once()  # while Keras works: it may lose a KeyboardInterrupt
    make_repeatable(0)
    path = Path("models") / f"{name}.keras"
    model = load(path, params.architecture_of(name), images.shape[1:], len(names))
    probabilities = predict(model.predict_on_batch, images)
    interruption.raise_again()

    actual, predicted = labels.argmax(axis=1), probabilities.argmax(axis=1)
    scores = score(actual, probabilities)
    each = np.array(names, dtype=object)
    confidence = [f"{value:.6f}" for value in probabilities.max(axis=1)]
    rows = {"actual": each[actual], "predicted": each[predicted], "confidence": confidence}
    per_class = score_classes(actual, predicted, names)
    tables = {"per_class": per_class, "predictions": pd.DataFrame(rows)}
    metrics = Path("metrics")
    written = [metrics / "evaluate" / f"{name}.json"]
    write_json(written[0], scores._asdict())
    for folder, table in tables.items():
        written.append(metrics / folder / f"{name}.csv")
        write_text(written[-1], table.to_csv(index=False, lineterminator="\n"))
    copy_metrics("evaluate", name, *written)
    write_array(metrics / "probabilities" / f"{name}.npy", probabilities)
    print(f"{name}: accuracy {scores.accuracy:.4f}, {scores.errors} errors in {len(actual):,}")


if __name__ == "__main__":
    run(main)
