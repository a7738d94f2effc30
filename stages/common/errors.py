"""The one exception a user is meant to read."""


class StageError(Exception):
    """A problem the user can mend, told in one line: what, where, and what would be right."""


def one_line(error: Exception) -> str:
    """Return what *error*, of a library or of the system, says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
