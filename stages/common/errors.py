"""The one exception that users are meant to read."""

import re
from collections.abc import Sequence

# Of what a library says, in characters. Keras adds a layer's whole configuration.
LONGEST = 300
# Of more names, only these many are told.
NAMED = 10


class StageError(Exception):
    """A problem that the user can fix, in one line: what, where, and what would be right."""


def one_line(error: BaseException) -> str:
    """Return the message of *error*, from a library or the system, in one line, cut if long."""
    # That of a KeyError is the key, in quotes.
    message = error.args[0] if isinstance(error, KeyError) and error.args else error
    # Keras writes some of it in bold.
    plain = re.sub(r"\x1b\[[\d;]*m", "", str(message))
    line = " ".join(plain.split()) or type(error).__name__
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."


def named(error: BaseException) -> str:
    """Return the kind of *error* and its message, in one line."""
    return f"{type(error).__name__}: {one_line(error)}"


def some(names: Sequence[str]) -> str:
    """Return *names* in a list, the first few of many."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
