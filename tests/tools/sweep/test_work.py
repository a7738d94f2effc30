"""What a node of a sweep does where another process is in its way; no Ray, no network."""

from pathlib import Path

import pytest

from tools.sweep.work import TRIES, Clone, Failed, Source

REMOVED = "ERROR: failed to reproduce 'configure': [Errno 2] No such file or directory: '{}'"
HALF_WRITTEN = REMOVED.format("/home/me/.cache/dvc/runs/b1/b14c/.DPvif.tmp")
OTHER = REMOVED.format("/home/me/project/data/images.tmp")


class Stub(Clone):
    """A clone in which a command ends with the next of *failures*, then without one."""

    def __init__(self, *failures: str) -> None:
        super().__init__(Path(), Source("", "", "", ""))
        self.failures = list(failures)
        self.commands: list[tuple[str, ...]] = []

    def run(self, *command: str) -> str:
        """Note the *command* down; end as the clone was told."""
        self.commands.append(command)
        if self.failures:
            raise Failed(self.failures.pop(0))
        return ""


def test_what_another_process_removed_from_the_run_cache_is_written_again() -> None:
    clone = Stub(HALF_WRITTEN, HALF_WRITTEN)
    clone.dvc("repro", "configure")
    assert clone.commands == [("dvc", "repro", "configure")] * 3


@pytest.mark.parametrize(("failure", "times"), [(OTHER, 1), (HALF_WRITTEN, TRIES)])
def test_a_command_that_fails_is_not_tried_for_ever(failure: str, times: int) -> None:
    clone = Stub(*[failure] * 10)
    with pytest.raises(Failed, match="No such file"):
        clone.dvc("repro", "configure")
    assert len(clone.commands) == times
