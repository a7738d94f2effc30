"""Random changes of images, by hand where the random numbers are given."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from stages.backend import tf
from stages.settings import TrainingSettings
from stages.train.augmentation import augment, displacements, is_wanted, sample
from tests.support.images import random_images
from tests.support.settings import training_settings

SEED = tf.constant([1, 2])
SHIFT = training_settings(shift=2)


# As wide as MNIST's and as high, or neither square nor grey.
KINDS = [(28, 28, 1), (16, 24, 3)]
every_kind = pytest.mark.parametrize("image", KINDS, ids=["square, grey", "wide, in colour"])


def framed(count: int, image: tuple[int, int, int] = KINDS[0], margin: int = 4) -> np.ndarray:
    """Return random images with *margin* black pixels on each side."""
    images = random_images(count, image=image)[0].astype(np.float32)
    inside = slice(margin, -margin)
    frame = np.zeros_like(images)
    frame[:, inside, inside] = images[:, inside, inside]
    return frame


def given(
    monkeypatch: pytest.MonkeyPatch,
    images: np.ndarray,
    settings: TrainingSettings,
    numbers: Sequence[float],
) -> np.ndarray:
    """Return *images* changed by these *numbers* in place of random ones from -1 to 1.

    In this order: rotation, zoom, shift along a row, shift along a column.
    """
    column = tf.reshape(tf.constant(numbers, tf.float32), [4, 1])
    with monkeypatch.context() as patch:
        patch.setattr(
            tf.random, "stateless_uniform", lambda shape, *_: tf.broadcast_to(column, shape)
        )
        changed: np.ndarray = augment(tf.constant(images), settings, SEED).numpy()
        return changed


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        *[({}, False), ({"shift": 0.5}, True), ({"rotation": 0.5}, True), ({"zoom": 0.5}, True)],
        *[({"elastic": 0.5}, True), ({"flip": True}, True)],
    ],
)
def test_each_setting_alone_changes_the_images_and_none_leaves_them(
    changed: dict[str, float], wanted: bool
) -> None:
    images, settings = framed(3), training_settings(**changed)
    assert is_wanted(settings) == wanted
    assert np.array_equal(augment(tf.constant(images), settings, SEED), images) != wanted


@every_kind
def test_shift_by_whole_pixels_moves_the_images(
    monkeypatch: pytest.MonkeyPatch, image: tuple[int, int, int]
) -> None:
    images = framed(3, image)
    # Each pixel comes from two to its right and two above it.
    moved = given(monkeypatch, images, SHIFT, [0, 0, 1, -1])
    np.testing.assert_allclose(moved, np.roll(images, (2, -2), axis=(1, 2)), atol=1e-3)


def test_what_is_shifted_in_is_black(monkeypatch: pytest.MonkeyPatch) -> None:
    white = np.full((1, 28, 28, 1), 255, np.float32)
    expected = white.copy()
    expected[:, :, -2:] = 0
    np.testing.assert_allclose(given(monkeypatch, white, SHIFT, [0, 0, 1, 0]), expected, atol=1e-3)


@every_kind
def test_half_turn_is_about_the_centre(
    monkeypatch: pytest.MonkeyPatch, image: tuple[int, int, int]
) -> None:
    images = framed(3, image)
    turned = given(monkeypatch, images, training_settings(rotation=180), [1, 0, 0, 0])
    np.testing.assert_allclose(turned, images[:, ::-1, ::-1], atol=0.01)


def test_quarter_turn_is_to_the_left_and_cuts_off_what_a_wide_image_has_no_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wide = framed(3, (16, 24, 3))
    turned = given(monkeypatch, wide, training_settings(rotation=90), [1, 0, 0, 0])
    middle = np.rot90(wide[:, :, 4:-4], axes=(1, 2))
    np.testing.assert_allclose(turned, np.pad(middle, [(0, 0), (0, 0), (4, 4), (0, 0)]), atol=0.01)


@pytest.mark.parametrize("shape", [(1, 28, 28, 1), (1, 16, 28, 1)])
@pytest.mark.parametrize("axis", [1, 2])
def test_zoom_stretches_about_the_centre(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...], axis: int
) -> None:
    # Columns 0, 1, .. 27 twice as wide: their middle, 13.5, stays, and they now rise by halves.
    # And so with the rows, 28 or 16 of them.
    ramp = np.indices(shape, np.float32)[axis]
    middle = (shape[axis] - 1) / 2
    zoomed = given(monkeypatch, ramp, training_settings(zoom=0.5), [0, -1, 0, 0])
    np.testing.assert_allclose(zoomed, middle + (ramp - middle) / 2, atol=1e-3)


@every_kind
def test_flip_mirrors_every_second_image_left_to_right_to_the_bit(
    image: tuple[int, int, int],
) -> None:
    images = random_images(400, image=image)[0].astype(np.float32)
    flipped = augment(tf.constant(images), training_settings(flip=True), SEED).numpy()
    mirrored = [np.array_equal(*pair) for pair in zip(flipped, images[:, :, ::-1], strict=True)]
    left = [np.array_equal(*pair) for pair in zip(flipped, images, strict=True)]
    assert [one != other for one, other in zip(mirrored, left, strict=True)] == [True] * 400
    # 200 of 400 coins, give or take five times their deviation, 10.
    assert 150 <= sum(mirrored) <= 250


def test_the_other_changes_are_then_made_of_the_mirrored_image() -> None:
    changes = {"shift": 2, "rotation": 30, "zoom": 0.2}
    images = framed(40, KINDS[1])
    plain, mirrored = (
        augment(tf.constant(way), training_settings(**changes), SEED).numpy()
        for way in (images, images[:, :, ::-1])
    )
    flipped = augment(tf.constant(images), training_settings(**changes, flip=True), SEED).numpy()
    distances = [np.abs(flipped - way).max(axis=(1, 2, 3)) for way in (plain, mirrored)]
    # One of the two, but for how a place between pixels is rounded.
    np.testing.assert_allclose(np.minimum(*distances), 0, atol=0.05)
    assert 8 <= (distances[0] > 1).sum() <= 32


def test_seed_decides_the_changes_and_each_image_has_its_own() -> None:
    images = tf.constant(np.repeat(framed(1), 8, axis=0))
    first, again, other = (
        augment(images, SHIFT, tf.constant(seed)).numpy() for seed in ([1, 2], [1, 2], [1, 3])
    )
    np.testing.assert_array_equal(first, again)
    assert len({image.tobytes() for image in [*first, *other]}) == 16


def test_random_shifts_reach_their_limits_and_no_further() -> None:
    spot = np.zeros((500, 28, 28, 1), np.float32)
    spot[:, 13:15, 13:15] = 50
    moved = augment(tf.constant(spot), SHIFT, SEED).numpy()[..., 0]
    mass = moved.sum(axis=(1, 2))
    np.testing.assert_allclose(mass, 200, rtol=1e-3)
    places = np.arange(28) - 13.5
    along_row = (moved.sum(axis=1) * places).sum(axis=1) / mass
    along_column = (moved.sum(axis=2) * places).sum(axis=1) / mass
    for distances in (along_row, along_column):
        assert np.abs(distances).max() <= 2.001
        # Uniform from -2 to 2: mean 0, deviation 4 / sqrt(12); 500 draws leave 0.05 of chance.
        assert distances.mean() == pytest.approx(0, abs=0.2)
        assert distances.std() == pytest.approx(4 / 12**0.5, abs=0.15)
    assert abs(np.corrcoef(along_row, along_column)[0, 1]) < 0.2


# Neither as wide as high, nor MNIST's.
HEIGHT, WIDTH = 40, 58


def test_elastic_fields_have_the_deviation_of_one_everywhere_and_neighbours_go_together() -> None:
    fields = displacements(tf.constant(4000), HEIGHT, WIDTH, SEED).numpy()
    assert fields.shape == (4000, 2, HEIGHT, WIDTH)
    # 4,000 draws leave 0.016 of chance in a mean, five times of which is allowed.
    np.testing.assert_allclose(fields.mean(axis=0), 0, atol=0.08)
    np.testing.assert_allclose(fields.std(axis=0), 1, atol=0.06)
    # Gaussians of deviation s, added up, go together as exp(-d² / 4s²): here s is 8 pixels of 58.
    middle = fields[:, 0, HEIGHT // 2, WIDTH // 2]
    corner = fields[:, 0, 0, 0]
    for distance in (2, 8, 16):
        expected = np.exp(-(distance**2) / (4 * 8**2))
        beside = fields[:, 0, HEIGHT // 2, WIDTH // 2 + distance]
        assert np.corrcoef(middle, beside)[0, 1] == pytest.approx(expected, abs=0.06)
        assert np.corrcoef(corner, fields[:, 0, 0, distance])[0, 1] == pytest.approx(
            expected, abs=0.06
        )
    other_axis = fields[:, 1, HEIGHT // 2, WIDTH // 2]
    assert abs(np.corrcoef(middle, other_axis)[0, 1]) < 0.08


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


def test_elastic_comes_on_top_of_the_other_changes() -> None:
    images, changes = framed(20, KINDS[1]), {"shift": 2, "rotation": 30, "zoom": 0.2, "flip": True}
    plain = augment(tf.constant(images), training_settings(**changes), SEED).numpy()
    hardly = augment(tf.constant(images), training_settings(**changes, elastic=1e-6), SEED)
    # The same but for how a place between pixels is rounded.
    np.testing.assert_allclose(hardly.numpy(), plain, atol=0.05)


def test_bilinear_sampling_is_scipys() -> None:
    images = random_images(2, image=(9, 14, 3))[0].astype(np.float32)
    random = np.random.default_rng(0)
    y, x = random.uniform(-3, 12, (2, 9, 14)), random.uniform(-3, 17, (2, 9, 14))
    # Also whole pixels, and the last ones.
    y[0, 0, :3], x[0, 0, :3] = [0, 8, 4], [0, 13, 13]
    ours = sample(tf.constant(images), *(tf.constant(at, tf.float32) for at in (x, y))).numpy()
    for number, channel in np.ndindex(2, 3):
        oracle = map_coordinates(
            images[number, ..., channel], [y[number], x[number]], order=1, mode="grid-constant"
        )
        np.testing.assert_allclose(ours[number, ..., channel], oracle, atol=0.01)
