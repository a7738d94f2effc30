"""The tests; what several of them share stands in modules without ``test_`` before their name."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
