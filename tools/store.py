"""DVC's cache and its remote, for the tools that look into them."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from dvc.logger import set_loggers_level


def told(error: Exception) -> str:
    """Return what an *error* with a remote says, in one line without a full stop or a secret."""
    return without_secrets((str(error) or type(error).__name__).splitlines()[0]).rstrip(".")


def without_secrets(text: str) -> str:
    """Return *text* with the URLs in it as they are without user and password."""
    return re.sub(r"(?<=://)[^/\s]*@", "", text)


@contextmanager
def without_warnings() -> Iterator[None]:
    """Keep DVC from naming the hashes of what it does not find; its progress bars stay."""
    with set_loggers_level(logging.ERROR):
        logging.getLogger("dvc_data").setLevel(logging.CRITICAL)
        yield
