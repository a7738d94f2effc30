"""A search: Optuna proposes settings, and is told how good they were on validation images."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from zc.lockfile import LockError, LockFile

from stages.common.errors import StageError

# Where there are few settings to choose from, Optuna proposes some twice. After so many that have
# been tried, the next one that has not is taken.
REPEATS = 20


@dataclass(frozen=True)
class Told:
    """A trial that has ended: all its settings, its accuracy or, if it failed, its last lines."""

    overrides: list[str]
    accuracy: float | None
    lines: list[str]


class Search:
    """A study of Optuna's whose history is on disk, so that it goes on where it was stopped."""

    def __init__(
        self, journal: Path, name: str, space: Mapping[str, BaseDistribution], trials: int
    ) -> None:
        """Open the history in the file *journal*, or begin one.

        Raises:
            StageError: another process searches the same at this moment.
        """
        self.space = dict(space)
        self._wanted = trials
        journal.parent.mkdir(parents=True, exist_ok=True)
        try:
            # The system gives it back however this process ends.
            self._lock = LockFile(str(journal.with_suffix(".running")))
        except LockError:
            raise StageError(
                f"{journal.with_suffix('.running')}: this search is already running here; "
                "wait for it or stop it"
            ) from None
        # The number of each trial by what it tries.
        self._numbers: dict[str, int] = {}
        # What was running when this was stopped.
        self._unfinished: list[list[str]] = []
        self._running = 0
        try:
            self.study = _study(journal, name)
            self._resume()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let another process go on."""
        self._lock.close()

    def _resume(self) -> None:
        """Find out what has been tried, and what was running."""
        for trial in self._trials(TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING):
            overrides = written(trial.params)
            # Stopped while it was proposed: nobody has seen it.
            if trial.params.keys() != self.space.keys() or " ".join(overrides) in self._numbers:
                self.study.tell(trial.number, state=TrialState.FAIL)
                continue
            self._numbers[" ".join(overrides)] = trial.number
            if trial.state == TrialState.RUNNING:
                self._unfinished.append(overrides)

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        found: list[FrozenTrial] = self.study.get_trials(deepcopy=False, states=states)
        # Finished ones first: one that runs may be a repetition.
        return sorted(found, key=lambda one: (one.state == TrialState.RUNNING, one.number))

    def ask(self) -> list[str] | None:
        """Return the next settings to try, or none once there are enough."""
        tried = len(self._trials(TrialState.COMPLETE, TrialState.PRUNED))
        if tried + self._running >= self._wanted:
            return None
        proposed = self._unfinished.pop(0) if self._unfinished else self._new()
        self._running += proposed is not None
        return proposed

    def _new(self) -> list[str] | None:
        """Return settings that have not been tried, or none if all there are have been."""
        for attempt in range(REPEATS + 1):
            if attempt == REPEATS:
                untried = self._untried()
                if untried is None:
                    return None
                self.study.enqueue_trial(untried)
            # What is proposed depends on the history alone, not on how often it was stopped.
            seed = len(self.study.get_trials(deepcopy=False))
            self.study.sampler = optuna.samplers.TPESampler(seed=seed)
            trial = self.study.ask(self.space)
            overrides = written(trial.params)
            if " ".join(overrides) not in self._numbers:
                self._numbers[" ".join(overrides)] = trial.number
                return overrides
            self.study.tell(trial, state=TrialState.FAIL)
        return None

    def _untried(self) -> dict[str, Any] | None:
        """Return the first settings of all that nobody has tried."""
        for values in product(*map(_values, self.space.values())):
            settings = dict(zip(self.space, values, strict=True))
            if " ".join(written(settings)) not in self._numbers:
                return settings
        return None

    def tell(
        self, overrides: Sequence[str], accuracy: float | None, lines: Sequence[str] = ()
    ) -> None:
        """Tell how good a trial was whose settings end with those proposed.

        Without an accuracy it failed, with these last *lines*, and is not tried again.
        """
        number = self._numbers[self._key(overrides)]
        self._running -= 1
        self.study.set_user_attr(str(number), [list(overrides), list(lines)])
        if accuracy is None:
            self.study.tell(number, state=TrialState.PRUNED)
        else:
            self.study.tell(number, accuracy)

    def forget(self, overrides: Sequence[str]) -> None:
        """Take a trial for one that never was: it was lost, and may be proposed again."""
        self.study.tell(self._numbers.pop(self._key(overrides)), state=TrialState.FAIL)
        self._running -= 1

    def _key(self, overrides: Sequence[str]) -> str:
        return " ".join(overrides[-len(self.space) :])

    def told(self) -> list[Told]:
        """Return every trial that has ended, now or before this was stopped."""
        kept = self.study.user_attrs
        ended = self._trials(TrialState.COMPLETE, TrialState.PRUNED)
        pairs = [(one.value, *kept[str(one.number)]) for one in ended]
        return [Told(overrides, accuracy, lines) for accuracy, overrides, lines in pairs]


def _study(journal: Path, name: str) -> optuna.Study:
    """Return the study whose history is in the file *journal*, or begin one."""
    _mend(journal)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(journal))),
        study_name=name,
        load_if_exists=True,
        direction="maximize",
    )


def _mend(journal: Path) -> None:
    """Take away what a process wrote that was killed in the middle of a line, and its lock."""
    journal.with_name(f"{journal.name}.lock").unlink(missing_ok=True)
    if journal.exists():
        content = journal.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with journal.open("r+b") as file:
                file.truncate(whole)


def _values(distribution: BaseDistribution) -> Iterable[Any]:
    """Return what a search may choose of; of an interval nothing, which never comes to an end."""
    match distribution:
        case CategoricalDistribution():
            return list(distribution.choices)
        case IntDistribution():
            return range(distribution.low, distribution.high + 1, distribution.step)
    if distribution.step is None:
        return ()
    steps = round((distribution.high - distribution.low) / distribution.step)
    return [distribution.low + step * distribution.step for step in range(steps + 1)]


def written(settings: Mapping[str, Any]) -> list[str]:
    """Return *settings* as DVC takes them after -S; of a number between others six digits."""
    return [
        f"{key}={value:.6g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in sorted(settings.items())
    ]
