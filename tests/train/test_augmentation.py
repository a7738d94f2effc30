"""Random changes of images, compared with SciPy's where the random numbers are given."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from stages.backend import tf
from stages.train.augmentation import affine, augment, displacements, is_wanted
from tests.support.images import random_images
from tests.support.settings import training_settings

SEED = tf.constant([1, 2])
# As wide as MNIST's and as high, or neither square nor grey.
KINDS = [(28, 28, 1), (16, 24, 3)]
every_kind = pytest.mark.parametrize("image", KINDS, ids=["square, grey", "wide, in colour"])


def float_images(count: int, image: tuple[int, int, int] = KINDS[0]) -> np.ndarray:
    return random_images(count, image=image)[0].astype(np.float32)


@pytest.mark.parametrize("key", ["shift", "rotation", "zoom", "elastic", "flip", None])
def test_each_setting_alone_changes_the_images_and_none_leaves_them(key: str | None) -> None:
    settings = training_settings(**{key: key == "flip" or 0.5} if key else {})
    images = float_images(3)
    assert is_wanted(settings) == bool(key)
    assert np.array_equal(augment(tf.constant(images), settings, SEED), images) != bool(key)


@every_kind
# With a field that moves nothing the pixels are taken another way.
@pytest.mark.parametrize("elastic", [0, 1e-6])
def test_images_are_mirrored_then_turned_scaled_and_shifted_as_scipy_does_it(
    monkeypatch: pytest.MonkeyPatch, image: tuple[int, int, int], elastic: float
) -> None:
    images, (height, width, channels) = float_images(40, image), image
    numbers = np.random.default_rng(0).uniform(-1, 1, (4, 40)).astype(np.float32)
    # Nothing, whole pixels, a quarter turn, half the size.
    numbers[:, :4] = np.transpose([[0, 0, 0, 0], [0, 0, 1, -0.5], [1, 0, 0, 0], [0, 1, 0, 0]])
    coins = np.arange(40, dtype=np.float32) % 2
    given = {2: numbers, 1: coins}
    monkeypatch.setattr(tf.random, "stateless_uniform", lambda shape, *_: given[len(shape)])
    changes: dict[str, Any] = {"rotation": 90, "zoom": 0.5, "shift": 2, "flip": True}
    settings = training_settings(**changes, elastic=elastic)
    ours = augment(tf.constant(images), settings, SEED).numpy()
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
                original[..., channel], [y, x], order=1, mode="grid-constant"
            )
            np.testing.assert_allclose(ours[number, ..., channel], expected, atol=0.05)


@every_kind
def test_flip_mirrors_every_second_image_to_the_bit(image: tuple[int, int, int]) -> None:
    images = float_images(400, image)
    flipped = augment(tf.constant(images), training_settings(flip=True), SEED).numpy()
    mirrored = (flipped == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (mirrored != (flipped == images).all(axis=(1, 2, 3))).all()
    # 200 of 400 coins, give or take five times their deviation, 10.
    assert 150 <= mirrored.sum() <= 250


def numbers_drawn(seed: list[int], count: int = 2000) -> dict[str, np.ndarray]:
    """Return what is drawn for each of *count* images, by change."""

    def drawn(**changed: Any) -> np.ndarray:
        settings = training_settings(**changed)
        return np.array(affine(tf.constant(count), 28, 28, settings, tf.constant(seed)))

    turned, scaled, shifted = drawn(rotation=90), drawn(zoom=0.5), drawn(shift=2)
    return {
        "rotation": np.arcsin(turned[1, 0]) / (math.pi / 2),
        "zoom": (scaled[0, 0] - 1) / 0.5,
        "shift along a row": shifted[0, 2] / 2,
        "shift along a column": shifted[1, 2] / 2,
        "flip": np.sign(drawn(flip=True)[0, 0]),
    }


def test_numbers_are_uniform_up_to_their_limits_and_none_goes_with_another() -> None:
    drawn = numbers_drawn([1, 2])
    for name, values in drawn.items():
        # 2,000 draws from -1 to 1 leave 0.013 of chance in their mean, or 0.022 of coins.
        assert values.mean() == pytest.approx(0, abs=0.11), name
        assert np.abs(values).max() == pytest.approx(1, abs=0.01), name
        expected = 1 if name == "flip" else 1 / 3**0.5
        assert values.std() == pytest.approx(expected, abs=0.05), name
    together = np.corrcoef(list(drawn.values()))
    np.testing.assert_allclose(together, np.eye(5), atol=0.11)


def test_seed_decides_the_numbers_and_each_image_has_its_own() -> None:
    first, again, other = (numbers_drawn(seed) for seed in ([1, 2], [1, 2], [1, 3]))
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
        assert abs(np.corrcoef(values, other[name])[0, 1]) < 0.11
        assert name == "flip" or len(set(values)) > 1990


# Neither as wide as high, nor MNIST's.
HEIGHT, WIDTH = 40, 58


def test_elastic_fields_have_the_deviation_of_one_everywhere_and_neighbours_go_together() -> None:
    fields = displacements(tf.constant(4000), HEIGHT, WIDTH, SEED).numpy()
    assert fields.shape == (4000, 2, HEIGHT, WIDTH)
    # 4,000 draws leave 0.016 of chance in a mean, five times of which is allowed.
    np.testing.assert_allclose(fields.mean(axis=0), 0, atol=0.08)
    np.testing.assert_allclose(fields.std(axis=0), 1, atol=0.06)
    # Gaussians of deviation s, added up, go together as exp(-d² / 4s²): here s is 8 pixels of 58.
    for row, column in ((HEIGHT // 2, WIDTH // 2), (0, 0)):
        for distance in (2, 8, 16):
            pair = fields[:, 0, row, column], fields[:, 0, row, column + distance]
            expected = np.exp(-(distance**2) / (4 * 8**2))
            assert np.corrcoef(*pair)[0, 1] == pytest.approx(expected, abs=0.06)


def test_elastic_moves_pixels_by_so_many_along_either_axis_and_not_the_same_way() -> None:
    # Columns 0, 1, .. in one channel, rows in the other: a pixel shows where it comes from.
    places = np.moveaxis(np.indices((28, 28), np.float32)[::-1], 0, -1)
    ramps = np.tile(places, (500, 1, 1, 1))
    bent = augment(tf.constant(ramps), training_settings(elastic=0.5), SEED).numpy()
    # Away from the black outside.
    across, down = np.moveaxis((bent - ramps)[:, 4:-4, 4:-4], -1, 0)
    for moved in (across, down):
        assert moved.std() == pytest.approx(0.5, rel=0.05)
        assert np.abs(np.diff(moved, axis=1)).max() < 0.5
    assert abs(np.corrcoef(across.ravel(), down.ravel())[0, 1]) < 0.05
