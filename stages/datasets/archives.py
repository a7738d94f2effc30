"""Reading compressed files from anywhere: damage is one clear line, no bomb fills the memory."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Protocol

from stages.errors import StageError, one_line

CHUNK = 1 << 20
# Digits shrink 5 to 60 times, as bytes or as floats; a bomb comes near deflate's limit of 1032.
# A small file may shrink as much as it likes: labels in order do.
PLAUSIBLE_RATIO = 200
ALWAYS_PLAUSIBLE = 16 << 20

# What gzip, zipfile and zlib raise when they meet bytes that are not theirs.
DAMAGE = (
    OSError,
    EOFError,
    KeyError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


class Readable(Protocol):
    """A file open for reading bytes, of whatever class."""

    def read(self, size: int, /) -> bytes:
        """Return the next *size* bytes at most, or none at the end."""


@contextmanager
def damage_told(where: str) -> Iterator[None]:
    """Turn what a damaged archive makes Python raise into a StageError that names *where*."""
    try:
        yield
    except DAMAGE as error:
        raise StageError(f"{where}: damaged or cut short ({one_line(error)})") from None


def check_plausible(unpacked: int, packed: int, where: str) -> None:
    """Check that a file of *packed* bytes can honestly hold the *unpacked* bytes it promises.

    Raises:
        StageError: it cannot, so reading it would only fill the memory.
    """
    if unpacked > ALWAYS_PLAUSIBLE + PLAUSIBLE_RATIO * packed:
        raise StageError(
            f"{where}: promises {unpacked} bytes out of a compressed file of {packed};"
            f" images shrink {PLAUSIBLE_RATIO} times at most"
        )


def open_member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Return the file *name* of *archive*, open for reading.

    Raises:
        StageError: it is compressed with other than deflate. The other methods take as much
            memory as the file asks for.
    """
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise StageError(f"{archive.filename}: {name} is not compressed with deflate")
    return archive.open(info)


def read_at_most(stream: Readable, limit: int) -> bytes:
    """Return what is left in *stream*, or its next *limit* bytes if there are more.

    Memory grows with what is really there, whatever *limit* is.
    """
    content = io.BytesIO()
    while chunk := stream.read(min(CHUNK, limit - content.tell())):
        content.write(chunk)
    return content.getvalue()
