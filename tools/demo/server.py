"""What answers the page: what the models see of a picture, and what they say of it."""

import io
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

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
        return JSONResponse(
            [
                {
                    # An image as a URL, and by model the probabilities in the order of the classes.
                    "seen": data_uri(part.image),
                    "probabilities": {name: row.tolist() for name, row in said.items()},
                }
                for part, said in read
            ]
        )

    return Starlette(
        routes=[
            Route("/about", about),
            Route("/predict", predict, methods=["POST"]),
            Mount("/", StaticFiles(directory=PAGE, html=True)),
        ],
        # Else a page from elsewhere could call this machine by a name of its own, and read along.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )
