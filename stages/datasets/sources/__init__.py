"""Places on the network that have the known datasets: one module each, found by its name.

A source is a module with ``fetch(dataset: KnownDataset) -> LabelledImages``, which raises
``StageError`` with its own reason when it cannot answer. Adding a source is adding a file.
"""
