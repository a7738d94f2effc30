"""A search: Optuna proposes settings, and is told how good they were on validation images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from tools.sweep.driver import Trial


class Search:
    """A study of Optuna's whose history is on disk, so that it goes on where it was stopped."""

    def __init__(
        self, journal: Path, name: str, space: Mapping[str, BaseDistribution], trials: int
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        journal.parent.mkdir(parents=True, exist_ok=True)
        self._space = dict(space)
        self._wanted = trials
        self._numbers: dict[str, int] = {}
        self.study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(journal))),
            study_name=name,
            load_if_exists=True,
            direction="maximize",
            sampler=optuna.samplers.TPESampler(seed=0, constant_liar=True),
        )
        # What ran when this was stopped is proposed once more.
        for unfinished in self.study.get_trials(states=(TrialState.RUNNING,)):
            self.study.tell(unfinished.number, state=TrialState.FAIL)
            self.study.enqueue_trial(unfinished.params)

    def ask(self) -> list[str] | None:
        """Return the next settings to try, or none once there are enough."""
        counted = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
        if len(self.study.get_trials(states=counted)) >= self._wanted:
            return None
        trial = self.study.ask(self._space)
        overrides = written(trial.params)
        self._numbers[trial_key(overrides)] = trial.number
        return overrides

    def tell(self, overrides: list[str], accuracy: float | None) -> None:
        """Tell how good settings were; without an accuracy they failed, and are not tried again."""
        number = self._numbers.pop(trial_key(overrides[-len(self._space) :]))
        if accuracy is None:
            self.study.tell(number, state=TrialState.PRUNED)
        else:
            self.study.tell(number, accuracy)

    def best(self) -> list[str] | None:
        """Return the settings with the best accuracy so far."""
        if not self.study.get_trials(states=(TrialState.COMPLETE,)):
            return None
        return written(self.study.best_params)


def trial_key(overrides: list[str]) -> str:
    """Return *overrides* as one text."""
    return " ".join(overrides)


def written(settings: Mapping[str, Any]) -> list[str]:
    """Return *settings* as DVC takes them after -S."""
    return [
        f"{key}={value!r}" if isinstance(value, float) else f"{key}={value}"
        for key, value in settings.items()
    ]
