"""What answers the page: what the models see of a picture, and what they say of it."""

import base64
import io
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from stages.common.errors import StageError
from stages.fetch.images import GREY
from tools.predict.pictures import Form, seen_on

PAGE = Path(__file__).parent / "page"
# A telephone's photograph has 3 to 15 million bytes.
MOST = 20_000_000
NAME = "picture"


class Says(Protocol):
    """What a page needs of models: see :class:`tools.predict.models.Models`."""

    classes: list[str]
    form: Form

    def probabilities(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return the probabilities (n, classes) by model, for *images*."""


def application(models: Says, hosts: list[str]) -> Starlette:
    """Return the page of *models*, and what answers it under one of the names *hosts*."""

    async def about(_: Request) -> Response:
        return JSONResponse({"classes": models.classes, "digits": models.form.digits})

    async def predict(request: Request) -> Response:
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > MOST:
                return _sorry(f"larger than {MOST // 1_000_000} MB", 413)
        try:
            return JSONResponse(answer(models, bytes(content)))
        except StageError as error:
            return _sorry(str(error).removeprefix(f"{NAME}: "), 422)

    return Starlette(
        routes=[
            Route("/about", about),
            Route("/predict", predict, methods=["POST"]),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ],
        # Else a page from elsewhere could call this machine by a name of its own, and read along.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)],
    )


def answer(models: Says, content: bytes) -> list[dict[str, Any]]:
    """Return for each digit on the picture *content*, or for the whole, what is seen and said.

    *seen* is a PNG as a URL, *probabilities* are by model, in the order of the classes.

    Raises:
        StageError: it is no picture, damaged, too large, or no digit is on it.
    """
    parts = seen_on(io.BytesIO(content), NAME, models.form)
    said = models.probabilities(np.stack([part.image for part in parts]))
    return [
        {
            "seen": png(part.image),
            "probabilities": {name: array[row].tolist() for name, array in said.items()},
        }
        for row, part in enumerate(parts)
    ]


def png(image: np.ndarray) -> str:
    """Return an *image*, (height, width, channels) uint8, as a URL that holds it as PNG."""
    content = io.BytesIO()
    plain = image[..., 0] if image.shape[2] == GREY else image
    Image.fromarray(plain).save(content, "PNG")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def _sorry(why: str, status: int) -> Response:
    return JSONResponse({"error": why}, status)
