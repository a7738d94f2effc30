"""The CNNs, one module each, found by the module's name.

Each has ``connect(x, filters, dense, classes)``, which connects its layers to the images *x*, of
whatever size, and ends in one probability for each class; and the defaults of its sizes:
``FILTERS``, one number per convolution, and ``DENSE``, one per hidden dense layer. None imports
another, since training depends on one alone.
"""
