"""The CNNs, one module each, found by the module's name.

Each has ``connect(x, filters, dense, classes)``, which connects its layers to the images *x*, of
any size, and returns one probability per class; and default sizes: ``FILTERS``, one number per
convolution, and ``DENSE``, one per hidden dense layer. None imports another, so a model depends on
one file only.
"""
