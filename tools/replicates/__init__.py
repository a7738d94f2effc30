"""Several seeds, and how much of a difference is theirs: see ``__main__.py``."""
