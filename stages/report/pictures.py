"""Test images as parts of a page."""

import base64
import io

import numpy as np
from PIL import Image

# Up to this size an image is kept as it is; a larger one is made smaller, and loses a little.
EXACT, LARGEST = 32, 160


def data_uri(image: np.ndarray) -> str:
    """Return *image*, (height, width, channels) uint8 with one channel or three, as a data URI."""
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    kind = "png"
    if max(picture.size) > EXACT:
        picture.thumbnail((LARGEST, LARGEST))
        kind = "webp"
    content = io.BytesIO()
    picture.save(content, kind, **({"quality": 80} if kind == "webp" else {"optimize": True}))
    return f"data:image/{kind};base64,{base64.b64encode(content.getvalue()).decode()}"
