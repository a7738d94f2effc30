"""How the stages' tables are read."""

from pathlib import Path
from typing import IO

import pandas as pd

from stages.common.files import reading

# Names of models and classes, and text: a class may be called "3" or "NA".
TEXTS = ("model", "first", "second", "class", "actual", "predicted", "note", "recipe")
# Blank if there is no number.
OPTIONAL = ("seeds", "seeds_deviation")


def read_table(path: Path) -> pd.DataFrame:
    """Return the table in *path*.

    Raises:
        StageError: there is no such file, or it is damaged.
    """
    with reading(path):
        return parse(path)


def parse(source: Path | IO[str]) -> pd.DataFrame:
    """Return the table in *source*."""
    return pd.read_csv(
        source,
        dtype=dict.fromkeys(TEXTS, str),
        keep_default_na=False,
        na_values=dict.fromkeys(OPTIONAL, ""),
    )
