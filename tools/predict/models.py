"""The trained models of this folder, and what they say together."""

from pathlib import Path

import numpy as np

from stages import params, processed
from stages.backend import make_repeatable, tf
from stages.evaluate.model import load, predict
from stages.fetch.files.decoding import Source
from stages.fetch.known import MNIST, find
from tools.predict.digits import Seen
from tools.predict.pictures import Form, seen_on

VOTE = "vote"


class Models:
    """All models of params.yaml, loaded as ``evaluate`` does, and the classes they tell apart."""

    def __init__(self) -> None:
        """Load the models.

        Raises:
            StageError: one is not there or damaged.
        """
        names = list(params.section(params.read(), "models"))
        image = processed.read("test")[0].shape[1:]
        self.classes = processed.read_classes()
        data = params.read_data()
        self.form = Form(image, data.path is None and find(data.dataset) is MNIST)
        make_repeatable(0)
        # It warns that each model is made ready for one image, and again for several.
        tf.get_logger().setLevel("ERROR")
        self._models = {
            name: load(Path("models") / f"{name}.keras", image, len(self.classes)) for name in names
        }

    def probabilities(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return the probabilities (n, classes) by model, the vote's first: the mean of all.

        *images* are (n, height, width, channels) uint8, as training had them.
        """
        said = {
            name: predict(model.predict_on_batch, images) for name, model in self._models.items()
        }
        return {VOTE: np.mean(list(said.values()), axis=0)} | said

    def read(self, source: Source, name: str) -> list[tuple[Seen, dict[str, np.ndarray]]]:
        """Return what is seen on a picture, and what :meth:`probabilities` says of each.

        Raises:
            StageError: it is no picture, damaged, too large, or no digit is on it.
        """
        parts = seen_on(source, name, self.form)
        said = self.probabilities(np.stack([part.image for part in parts]))
        return [
            (part, {model: array[row] for model, array in said.items()})
            for row, part in enumerate(parts)
        ]
