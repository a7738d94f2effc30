"""The CNNs, one module each, found by the module's name.

Each has ``connect(x, filters, dense)``, which connects its layers to the images *x*, and the
defaults of its sizes: ``FILTERS``, one number per convolution, and ``DENSE``, one per hidden
dense layer.
"""

from pathlib import Path

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
