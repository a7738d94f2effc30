"""The stage ``preprocess``: images split into training, validation and test images."""
