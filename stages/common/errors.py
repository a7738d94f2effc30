"""The one exception that users are meant to read."""

# Of what a library says, in characters. Keras adds a layer's whole configuration.
LONGEST = 300


class StageError(Exception):
    """A problem that the user can fix, in one line: what, where, and what would be right."""


def one_line(error: Exception) -> str:
    """Return the message of *error*, from a library or the system, in one line, cut if long."""
    line = " ".join(str(error).split()) or type(error).__name__
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."
