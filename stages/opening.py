"""A saved model, opened as it is wherever its architecture's code is at hand."""

import importlib
import sys
from pathlib import Path
from typing import Any

from stages.backend import keras
from stages.common.errors import one_line

PACKAGE = "stages.architectures"


def load_architecture(name: str) -> Any:
    """Return the module of the architecture *name*, newly run."""
    module = f"{PACKAGE}.{name}"
    sys.modules.pop(module, None)
    return importlib.import_module(module)


def open_model(path: Path, architecture: str) -> keras.Model:
    """Return the model in *path*, whose *architecture* may have layers and functions of its own.

    Keras finds those only if the code that registers them has run, and of two with one name the
    last (https://keras.io/guides/serialization_and_saving/). So that code is run again, and what
    other architectures have registered is forgotten.

    Raises:
        ValueError: it cannot be opened; the message is the reason, in one line.
    """
    registered = keras.saving.get_custom_objects()
    for name, part in list(registered.items()):
        if getattr(part, "__module__", "").startswith(f"{PACKAGE}."):
            del registered[name]
    try:
        load_architecture(architecture)
        return keras.models.load_model(path, safe_mode=True)
    # zipfile, HDF5, Keras and the layers' own code have errors of every kind.
    except Exception as error:
        reason: BaseException = error
        # Keras wraps the reason in general advice.
        while reason.__context__ and not reason.__suppress_context__:
            reason = reason.__context__
        raise ValueError(one_line(reason)) from None
