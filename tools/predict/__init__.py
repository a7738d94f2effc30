"""What the models say of pictures: ``python -m tools.predict --help``."""
