"""How many threads a training gets where several run side by side: ``train.threads``."""

import os
import re

from stages import params
from stages.common.errors import StageError
from stages.common.files import write_text
from stages.params import section

# The line in the block `train:`, which goes on for as long as lines are indented.
LINE = re.compile(
    r"^(train:.*\n(?:(?:[ #].*)?\n)*? +threads:)(?: +(?:null|~))?(?= *(?:#.*)?$)", re.MULTILINE
)


def share(at_once: int) -> bool:
    """Share this machine's cores out to the trainings, where ``train.threads`` is null.

    Writes the number into params.yaml, since the results depend on it, and says so. Returns
    whether it did: a number that is set already stays as it is.

    Raises:
        StageError: the line to change was not found.
    """
    if section(params.read(), "train").get("threads") is not None:
        return False
    cores = os.cpu_count() or 1
    threads = max(1, cores // at_once)
    text = params.PATH.read_text(encoding="utf-8")
    write_text(params.PATH, with_threads(text, threads))
    print(
        f"{params.PATH}: train.threads was null, is {threads} now: {cores} cores for {at_once} "
        "trainings at once. All models train anew, since the last bits depend on it.",
        flush=True,
    )
    return True


def with_threads(text: str, threads: int) -> str:
    """Return *text*, that of params.yaml, with this number for the null of ``train.threads``.

    Raises:
        StageError: it has no line for it, as where the whole block stands in one line.
    """
    changed, found = LINE.subn(rf"\g<1> {threads}", text, count=1)
    if not found:
        raise StageError(
            f"{params.PATH}: train.threads: no line of its own; write `threads: {threads}` "
            "under `train:`"
        )
    return changed
