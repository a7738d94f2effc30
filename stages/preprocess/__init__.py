"""The stage ``preprocess``: images split into those to train on, to watch and to test on."""
