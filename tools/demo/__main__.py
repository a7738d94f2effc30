"""Open a page on this machine to draw on, or drop a photograph, and see what each model says.

    python -m tools.demo

It answers on 127.0.0.1, this machine, alone. Ctrl-C ends it.
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
# A telephone's photograph has 3 to 15 million bytes.
MOST = 20_000_000
NAME = "picture"


def application(models: Models) -> Starlette:
    """Return the page of *models*, and what answers it."""

    async def about(_: Request) -> Response:
        return JSONResponse({"classes": models.classes, "digits": models.form.digits})

    async def predict(request: Request) -> Response:
        content = bytearray()
        # To its end, since a browser that still sends would not hear the answer.
        async for chunk in request.stream():
            content += chunk if len(content) <= MOST else b""
        if len(content) > MOST:
            return JSONResponse({"error": f"larger than {MOST // 1_000_000} MB"}, 413)
        try:
            read = models.read(io.BytesIO(content), NAME)
        except StageError as error:
            return JSONResponse({"error": str(error).removeprefix(f"{NAME}: ")}, 422)
        # An image as a URL, and by model the probabilities in the order of the classes.
        answer = [
            {
                "seen": data_uri(part.image),
                "probabilities": {n: row.tolist() for n, row in said.items()},
            }
            for part, said in read
        ]
        return JSONResponse(answer)

    return Starlette(
        routes=[
            Route("/about", about),
            Route("/predict", predict, methods=["POST"]),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ],
        # Else a page from elsewhere could call this machine by a name of its own, and read along.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )


def main(*words: str) -> None:
    """Answer the page until Ctrl-C; *words* are the command's arguments."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("tools.demo", description=__doc__, formatter_class=raw)
    parser.add_argument("--port", type=int, default=8000, help="8000 unless told; 0 for any")
    parser.add_argument("--no-browser", action="store_true", help="say where it is, no more")
    options = parser.parse_args(words)
    try:
        # From now on a browser that is quick waits, and is not turned away.
        listening = socket.create_server((HOST, options.port))
    except (OSError, OverflowError) as error:
        sys.exit(f"error: port {options.port}: {error}; give another: make demo PORT=8001")
    models = Models()
    # Of one image and of several, so that none waits for TensorFlow to make ready for either.
    for count in (1, 2):
        models.probabilities(np.zeros((count, *models.form.image), np.uint8))
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
    run(main)
