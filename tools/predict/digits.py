"""Digits on a picture, converted to MNIST's form as its authors did it.

They cut a digit out, scaled it into a box of 20 x 20 pixels with its proportions kept, which
smoothed its edges, and placed its centre of mass in the middle of 28 x 28 pixels
(http://yann.lecun.com/exdb/mnist/). QMNIST found the details by reproducing it (Yadav and Bottou,
2019, https://arxiv.org/abs/1905.10498): a pixel of the box is the mean of what it covers, and the
box's corner is at the whole part of 15 minus the centre of mass within it.
"""

from typing import NamedTuple

import cv2
import numpy as np

SIZE, BOX, MIDDLE = 28, 20, 15
# Larger pictures are shrunk first: a hundred pixels show all of a digit.
LARGEST = 1600
# The paper is smooth, so a small copy is enough to find it.
COPY = 256
# Ink differs from the paper by more than this, and by more than so many times the paper's grain.
CONTRAST, GRAIN = 20, 6
# A stroke has more than this share of the strongest ink; its soft edge is one pixel wider.
INK = 0.4
# A stroke with less than this share of the largest one's area is dust; a digit with less than these
# shares of the largest area or height is a speck.
DUST, SPECK_AREA, SPECK_HEIGHT = 0.02, 0.1, 0.3
# Strokes that share more than this much of the narrower one's width are above one another: one
# digit. If one is this short beside the other, such as the bar of a 5, any overlap is enough.
SHARED, SHORT = 0.3, 0.6
# Strokes further apart vertically, as a share of the taller one's height, are of different digits.
APART = 0.4


class Seen(NamedTuple):
    """An image from a picture, uint8, and where: left, top, width, height; None for the whole."""

    image: np.ndarray
    box: tuple[int, int, int, int] | None


def find(picture: np.ndarray) -> list[Seen]:
    """Return the digits on a grey *picture*, (height, width) uint8, from left to right.

    Each is (28, 28), as in MNIST.
    """
    scale = min(1.0, LARGEST / max(picture.shape))
    picture = scaled(picture, scale)
    ink = ink_of(picture)
    digits = []
    for mask in masks(ink):
        left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
        cut = np.where(mask, ink, 0)[top : top + height, left : left + width]
        left, top, width, height = (round(side / scale) for side in (left, top, width, height))
        digits.append(Seen(framed(cut), (left, top, width, height)))
    return digits


def scaled(picture: np.ndarray, scale: float) -> np.ndarray:
    """Return a *picture*, (height, width), at a *scale*, each side a pixel or more."""
    height, width = (max(1, round(side * scale)) for side in picture.shape)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, height), interpolation=way))


def in_form(picture: np.ndarray) -> bool:
    """Return whether a grey *picture*, (height, width) uint8, already has MNIST's form.

    It does if it is a light digit on black in 28 x 28 pixels, its centre of mass in the middle.
    """
    if picture.shape != (SIZE, SIZE) or not picture.any():
        return False
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    centred = np.abs(centre_of_mass(picture) - SIZE / 2) <= 1
    return bool(np.median(edge) == 0 and centred.all())


def centre_of_mass(picture: np.ndarray) -> np.ndarray:
    """Return the centre of mass, (2,), in pixels from a *picture*'s upper and left edge."""
    rows, columns = (np.arange(side) + 0.5 for side in picture.shape)
    moments = np.array([picture.sum(axis=1) @ rows, picture.sum(axis=0) @ columns])
    return moments / picture.sum(dtype=float)


def ink_of(picture: np.ndarray) -> np.ndarray:
    """Return how much ink each pixel has, (height, width) from 0 to 1; 0 where none is seen.

    Ink may be dark on light or light on dark, and the light uneven: the paper is the median around
    each pixel, over a square as large as the picture.
    """
    small = scaled(picture, min(1.0, COPY / max(picture.shape)))
    around = 2 * (min(small.shape) // 2) + 1
    # The median repeats the outermost pixels beyond the border, so these must be paper too.
    for edge in (small[0], small[-1], small[:, 0], small[:, -1]):
        edge[:] = cv2.medianBlur(edge.reshape(-1, 1).copy(), around)[:, 0]
    paper = cv2.medianBlur(small, around)
    paper = cv2.resize(paper, picture.shape[::-1], interpolation=cv2.INTER_LINEAR)
    above = picture.astype(np.float32) - paper
    # There is little ink, and it is much lighter or much darker than the paper.
    if (above**3).sum() < 0:
        above = -above
    # The standard deviation of normally distributed noise; the median ignores the ink.
    grain = 1.4826 * float(np.median(np.abs(above - np.median(above))))
    seen = above[above > max(CONTRAST, GRAIN * grain)]
    if not seen.size:
        return np.zeros_like(above)
    above[above < GRAIN / 2 * grain] = 0
    return np.clip(above / np.percentile(seen, 99, method="higher"), 0, 1)


class Part(NamedTuple):
    """Strokes of one digit: their labels, the box around them, the number of pixels with ink."""

    labels: list[int]
    left: int
    top: int
    right: int
    bottom: int
    area: int

    def owns(self, other: "Part") -> bool:
        """Return whether *other*, which begins no further left, belongs to the same digit."""
        low, high = sorted(part.bottom - part.top for part in (self, other))
        if max(self.top, other.top) - min(self.bottom, other.bottom) > APART * high:
            return False
        shared = min(self.right, other.right) - other.left
        narrower = min(part.right - part.left for part in (self, other))
        return shared > (0 if low < SHORT * high else SHARED * narrower)


def masks(ink: np.ndarray) -> list[np.ndarray]:
    """Return the mask of each digit, (height, width) bool, from left to right, without specks."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((ink > INK).astype(np.uint8))
    strokes = [
        Part([label], left, top, left + width, top + height, area)
        for label, (left, top, width, height, area) in enumerate(stats[1:].tolist(), 1)
    ]
    dust = DUST * max((stroke.area for stroke in strokes), default=0)
    digits: list[Part] = []
    strokes = [stroke for stroke in strokes if stroke.area >= dust]
    for stroke in sorted(strokes, key=lambda stroke: stroke.left):
        if digits and (last := digits[-1]).owns(stroke):
            digits[-1] = last._replace(
                labels=last.labels + stroke.labels,
                top=min(last.top, stroke.top),
                right=max(last.right, stroke.right),
                bottom=max(last.bottom, stroke.bottom),
                area=last.area + stroke.area,
            )
        else:
            digits.append(stroke)
    area = SPECK_AREA * max((digit.area for digit in digits), default=0)
    height = SPECK_HEIGHT * max((digit.bottom - digit.top for digit in digits), default=0)
    edge = np.ones((3, 3), np.uint8)
    return [
        (cv2.dilate(np.isin(labels, digit.labels).astype(np.uint8), edge) > 0) & (ink > 0)
        for digit in digits
        if digit.area >= area and digit.bottom - digit.top >= height
    ]


def framed(cut: np.ndarray) -> np.ndarray:
    """Return a digit that was *cut* out, (height, width) from 0 to 1, as it would be in MNIST."""
    small = scaled(cut, BOX / max(cut.shape))
    small = small / small.max()
    height, width = small.shape
    corner = (MIDDLE - centre_of_mass(small)).astype(int)
    top, left = np.clip(corner, 0, SIZE - np.array(small.shape))
    frame = np.zeros((SIZE, SIZE), np.float32)
    frame[top : top + height, left : left + width] = small
    return np.rint(255 * frame).astype(np.uint8)
