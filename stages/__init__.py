"""The pipeline: a folder for each stage, run as ``python -m stages.NAME``, and what they share."""

import sys
from importlib.util import find_spec

# Python calls the program so while it imports this package for `python -m stages.NAME`. Ctrl-C
# then ends the stage from the start on, the seconds in which TensorFlow is imported included.
if sys.argv[0] == "-m":
    from stages.common import interruption

    interruption.end_at_once()
    if not find_spec("zc") or not find_spec("pydantic"):
        sys.exit(
            "error: this Python lacks the project's packages: run `. .venv/bin/activate` first"
        )
