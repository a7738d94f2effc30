"""Whether dvc.lock is whole; what DVC says of one that is not does not help."""

import re
from pathlib import Path

import yaml

from stages.common.errors import StageError

LOCK = Path("dvc.lock")


def check() -> None:
    """Check that dvc.lock, where there is one, has a whole hash of all that it names.

    Raises:
        StageError: it has not, as after a power cut, or while Git merges it.
    """
    if not LOCK.exists():
        return
    try:
        stages = yaml.safe_load(LOCK.read_text(encoding="utf-8"))["stages"].values()
        entries = [entry for s in stages for key in ("deps", "outs") for entry in s.get(key, [])]
        whole = all(re.fullmatch(r"[0-9a-f]{32}(\.dir)?", entry["md5"]) for entry in entries)
    except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise StageError(
            f"{LOCK}: damaged, or in conflict; `git restore {LOCK}`, or remove it, then "
            "`make repro`: what DVC's cache holds is not computed again"
        )
