"""Digits as a telephone takes them: large, tilted, dark on grey paper, in uneven light."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter


def photograph(digits: Sequence[np.ndarray], generator: np.random.Generator) -> bytes:
    """Return a JPEG of *digits*, each (28, 28) uint8 light on black, written in one line.

    Of each digit: 6 to 14 times as large, tilted by up to 15 degrees. Of the whole: paper between
    a middle grey and near white, a third darker on one side and in the corners, grainy; ink a
    dark grey; a little out of focus, and compressed.
    """
    factor = generator.uniform(6, 14)
    side = round(28 * factor)
    tiles = []
    for digit in digits:
        image = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
        tiles.append(image.rotate(generator.uniform(-15, 15), Image.Resampling.BICUBIC))
    margins = generator.integers(side // 4, side, 4)
    left, top, right, bottom = (int(margin) for margin in margins)
    width, height = left + side * len(tiles) + right, top + side + bottom
    ink = Image.new("L", (width, height))
    for number, tile in enumerate(tiles):
        ink.paste(tile, (left + number * side, top))
    share = np.asarray(ink.filter(ImageFilter.GaussianBlur(generator.uniform(0.5, 2))), float) / 255
    paper, pen = generator.uniform(150, 235), generator.uniform(20, 80)
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = generator.uniform(0, 2 * np.pi)
    slope = 0.17 * (rows * np.sin(angle) + columns * np.cos(angle))
    light = 1 - 0.1 * (rows**2 + columns**2) + slope
    grain = generator.normal(0, 4, (height, width))
    picture = (paper + (pen - paper) * share) * light + grain
    content = io.BytesIO()
    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(content, "JPEG", quality=80)
    return content.getvalue()
