"""Compares a fetch with dvc.lock: a dataset that is not known may have changed."""

import hashlib
import json
from pathlib import Path

import yaml

from stages import raw
from stages.params import Data

LOCK = Path("dvc.lock")


def warn_if_other(settings: Data) -> None:
    """Print a warning if data/raw is not what the last fetch with these *settings* wrote."""
    if not LOCK.exists():
        return
    fetch = yaml.safe_load(LOCK.read_text(encoding="utf-8"))["stages"].get("fetch", {})
    given = fetch.get("params", {}).get("params.yaml", {})
    asked = {f"data.{key}": getattr(settings, key) for key in ("dataset", "path", "size")}
    if any(given.get(key, value) != value for key, value in asked.items()):
        return
    recorded = [out["md5"] for out in fetch.get("outs", ()) if out["path"] == str(raw.FOLDER)]
    if recorded and recorded[0] != _md5_of_folder(raw.FOLDER):
        print(
            f"warning: {settings.dataset} has changed since dvc.lock was written: "
            "its images, labels or classes differ, so all that depends on them runs again"
        )


def _md5_of_folder(folder: Path) -> str:
    """Return the hash that DVC records for a folder: that of the list of its files' hashes."""
    files = [
        {"md5": _md5(path.read_bytes()), "relpath": path.name} for path in sorted(folder.iterdir())
    ]
    return _md5(json.dumps(files, sort_keys=True).encode()) + ".dir"


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
