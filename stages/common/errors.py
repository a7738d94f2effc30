"""The one exception that users are meant to read."""


class StageError(Exception):
    """A problem that the user can fix, in one line: what, where, and what would be right."""


def one_line(error: Exception) -> str:
    """Return the message of *error*, from a library or the system, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
