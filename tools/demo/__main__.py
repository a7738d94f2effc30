"""Open a page to draw on, or to drop a photograph on, that shows what each model predicts.

    python -m tools.demo

It answers only on this machine, at 127.0.0.1. Ctrl-C ends it.
"""

import argparse
import io
import socket
import sys
import threading
import webbrowser
from contextlib import suppress
from pathlib import Path

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from stages.common.command import run
from stages.common.errors import StageError
from stages.report.pictures import data_uri
from tools.predict.models import Models

HOST = "127.0.0.1"
PAGE = Path(__file__).parent / "page"
# A phone's photograph has 3 to 15 million bytes.
MOST = 20_000_000
NAME = "picture"


def application(models: Models) -> Starlette:
    """Return the server of the page and of the predictions of *models*."""

    async def about(_: Request) -> Response:
        return JSONResponse({"classes": models.classes, "digits": models.form.digits})

    async def predict(request: Request) -> Response:
        content = bytearray()
        # Read to the end: a browser that is still sending would miss the answer.
        async for chunk in request.stream():
            content += chunk if len(content) <= MOST else b""
        if len(content) > MOST:
            return JSONResponse({"error": f"larger than {MOST // 1_000_000} MB"}, 413)
        try:
            read = models.read(io.BytesIO(content), NAME)
        except StageError as error:
            return JSONResponse({"error": str(error).removeprefix(f"{NAME}: ")}, 422)
        # The image as a URL, and each model's probabilities in the order of the classes.
        answer = [
            {
                "seen": data_uri(part.image),
                "probabilities": {n: row.tolist() for n, row in by_model.items()},
            }
            for part, by_model in read
        ]
        return JSONResponse(answer)

    return Starlette(
        routes=[
            Route("/about", about),
            Route("/predict", predict, methods=["POST"]),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ],
        # Otherwise another site could point its own host name at this machine and read the answers.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )


def main(*words: str) -> None:
    """Serve the page until Ctrl-C; *words* are the command's arguments."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("tools.demo", description=__doc__, formatter_class=raw)
    parser.add_argument("--port", type=int, default=8000, help="8000 by default; 0: any free one")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    options = parser.parse_args(words)
    try:
        # From now on an early browser waits, and is not refused.
        listening = socket.create_server((HOST, options.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"error: port {options.port}: {error}; give another: make demo PORT=8001")
    models = Models()
    # TensorFlow prepares for one image, and again for several: do both before the first request.
    for count in (1, 2):
        models.probabilities(np.zeros((count, *models.form.image), np.uint8))
    address = f"http://{HOST}:{listening.getsockname()[1]}"
    print(f"{address} (Ctrl-C ends it)", flush=True)
    if not options.no_browser:
        # A browser in the terminal would block this program, which has to answer it.
        threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
    config = uvicorn.Config(application(models), log_level="warning")
    # On Ctrl-C it shuts down, and then raises the interruption again.
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    run(main)
