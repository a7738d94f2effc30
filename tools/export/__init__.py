"""The models in other formats, measured, and a card for each: ``python -m tools.export``."""
