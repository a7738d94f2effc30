"""What a library says, in one line."""

from stages.common.errors import LONGEST, named, one_line


def test_a_message_of_many_lines_in_bold_becomes_one_plain_line_that_is_not_too_long() -> None:
    assert named(ValueError("\x1b[1mtoo\n  small\x1b[0m")) == "ValueError: too small"
    assert named(KeyError("no\nsuch layer")) == "KeyError: no such layer"
    assert one_line(KeyError()) == "KeyError"
    assert one_line(ValueError("x" * 5000)) == "x" * LONGEST + " ..."
