"""Test images as part of the page."""

import base64
import io

import numpy as np
from PIL import Image

# Images up to EXACT pixels stay as they are; larger ones lose a little and have LARGEST at most.
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
