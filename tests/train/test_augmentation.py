"""Random changes of images, compared with SciPy's where the random numbers are given."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from stages.backend import tf
from stages.train.augmentation import affine, augment, displacements
from tests.support.images import random_images
from tests.support.settings import training_settings

SEED = tf.constant([1, 2])


# As wide as MNIST's and as high, or neither square nor grey.
@pytest.mark.parametrize("image", [(28, 28, 1), (16, 24, 3)], ids=["square", "wide, in colour"])
# With a field that moves nothing the pixels are taken another way.
@pytest.mark.parametrize("elastic", [0, 1e-6])
def test_images_are_mirrored_then_turned_scaled_and_shifted_as_scipy_does_it(
    monkeypatch: pytest.MonkeyPatch, image: tuple[int, int, int], elastic: float
) -> None:
    images, (height, width, channels) = random_images(40, image=image)[0], image
    numbers = np.random.default_rng(0).uniform(-1, 1, (4, 40)).astype(np.float32)
    # Nothing, whole pixels, a quarter turn, half the size.
    numbers[:, :4] = np.transpose([[0, 0, 0, 0], [0, 0, 1, -0.5], [1, 0, 0, 0], [0, 1, 0, 0]])
    coins = np.arange(40, dtype=np.float32) % 2
    given = {2: numbers, 1: coins}
    monkeypatch.setattr(tf.random, "stateless_uniform", lambda shape, *_: given[len(shape)])
    settings = training_settings(rotation=90, zoom=0.5, shift=2, flip=True, elastic=elastic)
    ours = augment(tf.constant(images, tf.float32), settings, SEED).numpy()
    # Each pixel's place as a complex number, seen from the centre.
    rows, columns = np.indices((height, width))
    places = columns - (width - 1) / 2 + 1j * (rows - (height - 1) / 2)
    for number, (angle, scale, along_row, along_column) in enumerate(numbers.T):
        source = places * (1 + 0.5 * scale) * np.exp(1j * angle * math.pi / 2)
        x = source.real + (width - 1) / 2 + 2 * along_row
        y = source.imag + (height - 1) / 2 + 2 * along_column
        original = images[number] if coins[number] else images[number, :, ::-1]
        for channel in range(channels):
            expected = map_coordinates(
                original[..., channel].astype(np.float32), [y, x], order=1, mode="grid-constant"
            )
            np.testing.assert_allclose(ours[number, ..., channel], expected, atol=0.05)


def numbers_drawn(seed: list[int]) -> list[np.ndarray]:
    """Return what is drawn for each of 2,000 images, of which the last are coins."""

    def drawn(**changed: Any) -> np.ndarray:
        settings = training_settings(**changed)
        return np.array(affine(tf.constant(2000), 28, 28, settings, tf.constant(seed)))

    turned, scaled, shifted = drawn(rotation=90), drawn(zoom=0.5), drawn(shift=2)
    return [
        *(np.arcsin(turned[1, 0]) / (math.pi / 2), (scaled[0, 0] - 1) / 0.5),
        *(shifted[:, 2] / 2),
        np.sign(drawn(flip=True)[0, 0]),
    ]


def test_numbers_are_uniform_up_to_their_limits_and_none_goes_with_another() -> None:
    drawn = numbers_drawn([1, 2])
    # 2,000 draws from -1 to 1 leave 0.013 of chance in their mean, or 0.022 of coins.
    np.testing.assert_allclose(np.mean(drawn, axis=1), 0, atol=0.11)
    np.testing.assert_allclose(np.abs(drawn).max(axis=1), 1, atol=0.01)
    np.testing.assert_allclose(np.std(drawn, axis=1), [3**-0.5] * 4 + [1], atol=0.05)
    # Those of another seed are others.
    together = np.corrcoef([*drawn, *numbers_drawn([1, 3])])
    np.testing.assert_allclose(together, np.eye(10), atol=0.11)


def test_elastic_fields_have_the_deviation_of_one_everywhere_and_neighbours_go_together() -> None:
    # Neither as wide as high, nor MNIST's.
    fields = displacements(tf.constant(4000), 40, 58, SEED).numpy()
    assert fields.shape == (4000, 2, 40, 58)
    # 4,000 draws leave 0.016 of chance in a mean, five times of which is allowed.
    np.testing.assert_allclose(fields.mean(axis=0), 0, atol=0.08)
    np.testing.assert_allclose(fields.std(axis=0), 1, atol=0.06)
    # Gaussians of deviation s, added up, go together as exp(-d² / 4s²): here s is 8 pixels of 58.
    for row, column in ((20, 29), (0, 0)):
        for distance in (2, 8, 16):
            pair = fields[:, 0, row, column], fields[:, 0, row, column + distance]
            expected = np.exp(-(distance**2) / (4 * 8**2))
            assert np.corrcoef(*pair)[0, 1] == pytest.approx(expected, abs=0.06)


def test_elastic_moves_pixels_along_either_axis_and_not_the_same_way() -> None:
    # Columns 0, 1, .. in one channel, rows in the other: a pixel shows where it comes from.
    places = np.moveaxis(np.indices((28, 28), np.float32)[::-1], 0, -1)
    ramps = np.tile(places, (500, 1, 1, 1))
    bent = augment(tf.constant(ramps), training_settings(elastic=0.5), SEED).numpy()
    # Away from the black outside.
    across, down = np.moveaxis((bent - ramps)[:, 4:-4, 4:-4], -1, 0)
    assert abs(np.corrcoef(across.ravel(), down.ravel())[0, 1]) < 0.05
