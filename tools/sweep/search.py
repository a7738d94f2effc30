"""A search: Optuna proposes settings, and is told how good they were on validation images."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, product
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import TrialState
from zc.lockfile import LockError, LockFile

from stages.common.errors import StageError
from stages.common.files import write_text

# Where there are few settings to choose from, Optuna proposes some twice. After so many that have
# been tried, the next one that has not is taken.
REPEATS = 20


@dataclass
class Proposal:
    """Settings that a search has proposed and, once their trial has *ended*, what came of it.

    *values* are Optuna's, by their keys, *overrides* all of the trial's settings. One that failed
    has no *accuracy*, but its last *lines*.
    """

    values: dict[str, Any]
    overrides: list[str]
    ended: bool = False
    accuracy: float | None = None
    lines: list[str] = field(default_factory=list)


class Search:
    """All that was proposed, in a file on disk, so that it goes on where it was stopped."""

    def __init__(
        self,
        journal: Path,
        fixed: Sequence[str],
        space: Mapping[str, BaseDistribution],
        trials: int,
    ) -> None:
        """Open the history in the file *journal*, or begin one; all trials have the *fixed* ones.

        Raises:
            StageError: another process searches the same at this moment.
        """
        self.space = dict(space)
        self._journal = journal
        self._fixed = fixed
        self.wanted = trials
        journal.parent.mkdir(parents=True, exist_ok=True)
        try:
            # The system gives it back however this process ends.
            self._lock = LockFile(str(journal.with_suffix(".running")))
        except LockError:
            raise StageError("this search runs here already; wait for it or stop it") from None
        kept = json.loads(journal.read_text(encoding="utf-8")) if journal.exists() else []
        self._history = [Proposal(**entry) for entry in kept]
        # What was running when this was stopped, or was lost.
        self._unfinished = [one for one in self._history if not one.ended]

    def close(self) -> None:
        """Let another process go on."""
        self._lock.close()

    def ask(self) -> list[str] | None:
        """Return the settings of the next trial, or none once there are enough."""
        if len(self._history) - len(self._unfinished) >= self.wanted:
            return None
        if self._unfinished:
            return self._unfinished.pop(0).overrides
        for proposal in self._untried():
            self._history.append(proposal)
            self._keep()
            return proposal.overrides
        return None

    def _untried(self) -> Iterator[Proposal]:
        """Yield proposals that nobody has tried, until all there are have been."""
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        # What is proposed depends on the history alone, not on how often it was stopped.
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
            # Of a number between others six digits.
            written = [
                f"{key}={value:.6g}" if isinstance(value, float) else f"{key}={value}"
                for key, value in sorted(values.items())
            ]
            overrides = [*self._fixed, *written]
            if overrides not in tried:
                yield Proposal(values, overrides)

    def tell(
        self, overrides: Sequence[str], accuracy: float | None, lines: Iterable[str] = ()
    ) -> None:
        """Note how good the trial with these settings was.

        Without an accuracy it failed, with these last *lines*, and is not tried again. Of one that
        was lost nothing is told: it is proposed again when the search goes on.
        """
        (proposal,) = (one for one in self._history if one.overrides == overrides)
        proposal.ended, proposal.accuracy, proposal.lines = True, accuracy, list(lines)
        self._keep()

    def _keep(self) -> None:
        write_text(self._journal, json.dumps([asdict(one) for one in self._history]))

    def finished(self) -> list[Proposal]:
        """Return every trial that has ended, now or before this was stopped."""
        return [one for one in self._history if one.ended]


def _values(distribution: BaseDistribution) -> Iterable[Any]:
    """Return what a search may choose of; of an interval nothing, which never comes to an end."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices
    if distribution.step is None:
        return ()
    steps = round((distribution.high - distribution.low) / distribution.step)
    return [distribution.low + number * distribution.step for number in range(steps + 1)]
