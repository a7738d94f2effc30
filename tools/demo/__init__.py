"""A page to draw on, and see what the models say: ``python -m tools.demo --help``."""
