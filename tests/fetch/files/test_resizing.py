"""`data.size`: each whole image is scaled, compared with the formula of the filter."""

import numpy as np
import pytest

from stages.fetch.files.resizing import all_resized
from stages.fetch.images import Part, labelled


def weights(old: int, new: int) -> np.ndarray:
    """Return the weight of each of *old* pixels in each of *new* ones: the bicubic filter.

    The formula: https://en.wikipedia.org/wiki/Bicubic_interpolation#Bicubic_convolution_algorithm,
    with a = -0.5, and as wide as the new pixels.
    """
    scale = old / new
    middles = (np.arange(new)[:, np.newaxis] + 0.5) * scale - 0.5
    x = np.abs(np.arange(old) - middles) / max(scale, 1)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    weight = np.where(x < 1, near, np.where(x < 2, far, 0))
    return weight / weight.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("height", "width", "inner"),
    # *inner* is the picture's size within 12 x 12 pixels.
    [(12, 12, (12, 12)), (24, 24, (12, 12)), (5, 5, (12, 12)), (30, 60, (6, 12)), (6, 3, (12, 6))],
)
def test_images_are_filtered_and_keep_their_aspect_on_black(
    height: int, width: int, inner: tuple[int, int], channels: int
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, height, width, channels), np.uint8)
    data = all_resized(labelled({"all": Part(images, np.arange(2), "x")}), 12)
    # Rows first, then columns; Pillow rounds to 0 to 255 after each.
    rows = np.einsum("xw, nhwc -> nhxc", weights(width, inner[1]), images).clip(0, 255).round()
    picture = np.einsum("yh, nhxc -> nyxc", weights(height, inner[0]), rows).clip(0, 255)
    expected = np.zeros((2, 12, 12, channels))
    top, left = ((12 - side) // 2 for side in inner)
    expected[:, top : top + inner[0], left : left + inner[1]] = picture
    (found,) = data.chunks()
    assert data.image == (12, 12, channels)
    np.testing.assert_allclose(found, expected, atol=1)
    if (height, width) == inner:
        np.testing.assert_array_equal(found, images)
