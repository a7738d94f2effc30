"""The models in other formats, measured, and with a card each: ``python -m tools.export``."""
