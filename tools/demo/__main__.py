"""Open a page on this machine to draw on, or drop a photograph, and see what each model says.

    python -m tools.demo

It answers on 127.0.0.1, this machine, alone. Ctrl-C ends it.
"""

import argparse
import os
import socket
import sys
import threading
import webbrowser
from contextlib import suppress

import numpy as np
import uvicorn

from stages.common.errors import StageError
from tools.demo.server import HOST, application
from tools.predict.models import Models


def main() -> None:
    """Answer the page until Ctrl-C."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("tools.demo", description=__doc__, formatter_class=raw)
    parser.add_argument("--port", type=int, default=8000, help="8000 unless told; 0 for any")
    parser.add_argument("--no-browser", action="store_true", help="say where it is, no more")
    options = parser.parse_args()
    try:
        # From now on a browser that is quick waits, and is not turned away.
        listening = socket.create_server((HOST, options.port))
    except (OSError, OverflowError) as error:
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
        sys.exit(f"error: port {options.port}: {why}; give another: make demo PORT=8001")
    try:
        models = Models()
        # Of one image and of several, so that none waits for TensorFlow to make ready for either.
        for count in (1, 2):
            models.probabilities(np.zeros((count, *models.form.image), np.uint8))
    except StageError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    address = f"http://{HOST}:{listening.getsockname()[1]}"
    print(f"{address} (Ctrl-C ends it)", flush=True)
    if not options.no_browser:
        # A browser in the terminal would keep this program from answering it.
        threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
    config = uvicorn.Config(application(models), log_level="warning")
    # It ends in good order on Ctrl-C, and then raises it again.
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
