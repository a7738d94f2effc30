"""Hands the pieces of all trials to Ray, each once, and waits for them.

What depends on what is all there is here: Ray has the queue, the workers, the resources and the
retries.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError

from tools.sweep import work
from tools.sweep.settings import applied, units_of
from tools.sweep.work import Outcome, Source

# A node that goes takes its trials with it; so often they run again on another.
RETRIES = 5
DATA_STAGES = ("configure", "preprocess")
WAIT_SECONDS = 1.0


@dataclass
class Trial:
    """One experiment: its settings as DVC takes them after -S, its name, and how it ended."""

    overrides: list[str]
    name: str
    outcome: Outcome | None = None

    @property
    def failed(self) -> bool:
        """Tell whether it has ended without a result."""
        return bool(self.outcome and self.outcome.lines)


class Pieces:
    """The pieces of work that trials share; each is handed to Ray once."""

    def __init__(self, source: Source, cores: int) -> None:
        self._source = source
        self._cores = cores
        self._handed: dict[str, Any] = {}
        # By value: a node has no checkout to import it from.
        ray.cloudpickle.register_pickle_by_value(work)

    def start(self, trial: Trial) -> Any:
        """Hand *trial* to Ray; return the reference of its outcome."""
        data, models = units_of(applied(trial.overrides))
        before = [self._once(data, 1, trial, DATA_STAGES)]
        trained = [
            self._once(key, self._cores, trial, [f"train@{name}", f"evaluate@{name}"], *before)
            for name, key in models.items()
        ]
        function = _task(work.experiment, 1)
        return function.remote(self._source, trial.overrides, trial.name, *before, *trained)

    def _once(self, key: str, cores: int, trial: Trial, stages: Sequence[str], *before: Any) -> Any:
        if key not in self._handed:
            function = _task(work.compute, cores)
            self._handed[key] = function.remote(
                self._source, trial.overrides, list(stages), key, *before
            )
        return self._handed[key]


def _task(function: Callable[..., Outcome], cores: int) -> Any:
    """Return *function* as Ray's, to run on so many *cores*."""
    return ray.remote(num_cpus=cores, max_retries=RETRIES)(function)


def follow(
    pieces: Pieces,
    next_trial: Callable[[], Trial | None],
    at_once: int,
    waiting: Callable[..., None],
) -> Iterator[Trial]:
    """Yield each trial as it ends, until *next_trial* has none; *at_once* are with Ray at a time.

    *waiting* is called every second with the number of trials that are.
    """
    running: dict[Any, Trial] = {}
    more = True
    while more or running:
        while more and len(running) < at_once:
            trial = next_trial()
            if trial is None:
                more = False
            elif trial.outcome:
                yield trial
            else:
                running[pieces.start(trial)] = trial
        ended, _ = ray.wait(list(running), timeout=WAIT_SECONDS) if running else ([], [])
        for reference in ended:
            trial = running.pop(reference)
            try:
                trial.outcome = ray.get(reference)
            except RayError as error:
                trial.outcome = Outcome(
                    [f"given up after {RETRIES} retries: {error}".splitlines()[0]]
                )
            yield trial
        waiting(len(running))
