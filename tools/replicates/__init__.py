"""Several seeds, and how much of a difference is due to the seed: see ``__main__.py``."""
