"""Which stages the last ``tools.ci.repro`` ran, kept for ``tools.ci.report``."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from stages.common.files import read_json, write_json

FILE = Path("tools/ci/last-run.json")
LOCK = Path("dvc.lock")
RAN, CACHED, UNCHANGED = "ran", "cached", "unchanged"


def write(outcomes: Mapping[str, str]) -> None:
    """Keep what became of each stage: :data:`RAN`, :data:`CACHED` or :data:`UNCHANGED`."""
    write_json(FILE, {"lock": _lock_hash(), "stages": dict(outcomes)})


def read() -> dict[str, str] | None:
    """Return what became of each stage, or None where that is not known of dvc.lock as it is."""
    if not FILE.is_file():
        return None
    kept = read_json(FILE)
    stages: dict[str, str] = kept["stages"]
    return stages if kept["lock"] == _lock_hash() else None


def _lock_hash() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest() if LOCK.is_file() else ""
