"""A search: Optuna proposes settings, and learns how good they were on validation images."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import chain, product
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import TrialState
from zc.lockfile import LockError, LockFile

from stages.common.errors import StageError
from stages.common.files import write_text
from tools.sweep.driver import Trial

# If there are few settings to choose from, Optuna proposes some twice. After so many that have been
# tried, the next one that has not is taken.
REPEATS = 20


class Search:
    """All trials, kept in a file, so that the search continues where it was stopped."""

    def __init__(
        self,
        journal: Path,
        fixed: Sequence[str],
        space: Mapping[str, BaseDistribution],
        trials: int,
    ) -> None:
        """Open the history in the file *journal*, or begin one; *fixed* settings are in all trials.

        Raises:
            StageError: another process is running the same search.
        """
        self.space = dict(space)
        self._journal = journal
        self._fixed = fixed
        self.wanted = trials
        journal.parent.mkdir(parents=True, exist_ok=True)
        try:
            # The system releases it however this process ends.
            self._lock = LockFile(str(journal.with_suffix(".running")))
        except LockError:
            raise StageError(
                "this search is already running here; wait for it or stop it"
            ) from None
        kept = json.loads(journal.read_text(encoding="utf-8")) if journal.exists() else []
        self._history = [replace(Trial(**entry), computed=False) for entry in kept]
        # Those that were running when the search was stopped, or were lost.
        self._unfinished = [one for one in self._history if not one.ended or one.lost]
        for one in self._unfinished:
            one.ended, one.lines, one.lost = False, [], False

    def close(self) -> None:
        """Let another process continue the search."""
        self._lock.close()

    def ask(self) -> Trial | None:
        """Return the next trial, or none once there are enough."""
        if len(self._history) - len(self._unfinished) >= self.wanted:
            return None
        if self._unfinished:
            return self._unfinished.pop(0)
        for trial in self._untried():
            self._history.append(trial)
            self.keep()
            return trial
        return None

    def _untried(self) -> Iterator[Trial]:
        """Yield trials with settings that are untried, until there are none left."""
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        # Proposals depend only on the history, not on how often the search was stopped.
        sampler = optuna.samplers.TPESampler(seed=len(self._history))
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for one in self.finished():
            state = TrialState.PRUNED if one.accuracy is None else TrialState.COMPLETE
            words = {"params": one.values, "distributions": self.space, "value": one.accuracy}
            study.add_trial(optuna.trial.create_trial(state=state, **words))
        proposed = (study.ask(self.space).params for _ in range(REPEATS))
        every = product(*map(_values, self.space.values()))
        tried = [one.overrides for one in self._history]
        for values in chain(proposed, (dict(zip(self.space, one, strict=True)) for one in every)):
            # A number from an interval gets six digits.
            written = [
                f"{key}={value:.6g}" if isinstance(value, float) else f"{key}={value}"
                for key, value in sorted(values.items())
            ]
            overrides = [*self._fixed, *written]
            if overrides not in tried:
                yield Trial(overrides, values=values)

    def keep(self) -> None:
        """Write down how every trial ended; one that was lost is tried again another time."""
        write_text(self._journal, json.dumps([asdict(one) for one in self._history]))

    def finished(self) -> list[Trial]:
        """Return every trial that has ended, now or before the search was stopped."""
        return [one for one in self._history if one.ended and not one.lost]


def _values(distribution: BaseDistribution) -> Iterable[Any]:
    """Return what a search may choose from; nothing for an interval, which has too many values."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices
    if distribution.step is None:
        return ()
    steps = round((distribution.high - distribution.low) / distribution.step)
    return [distribution.low + number * distribution.step for number in range(steps + 1)]
