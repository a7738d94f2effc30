"""The one exception a user is meant to read."""


class StageError(Exception):
    """A problem the user can mend, told in one line: what, where, and what would be right."""
