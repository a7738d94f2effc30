"""The pipeline's stages: each module here is one stage, run as ``python -m stages.NAME``."""

import sys

# Python calls the program so while it imports this package for `python -m stages.NAME`. Ctrl-C
# then ends the stage from the start on, the seconds in which TensorFlow is imported included.
if sys.argv[0] == "-m":
    from stages import interruption

    interruption.end_at_once()
