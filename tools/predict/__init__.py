"""What the models predict for pictures: ``python -m tools.predict --help``."""
