"""The tests. What they share is in ``tests/support``."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
