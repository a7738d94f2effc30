"""Hands the pieces of all trials to Ray, each once and after what it needs, and waits for them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from stages.common.errors import one_line
from tools.sweep import work
from tools.sweep.settings import applied, units_of
from tools.sweep.work import Outcome, Source

# A node that goes takes its trials with it; so often they run again on another.
RETRIES = 5
# Not configure: of settings that are wrong only the trial that has them is to hear.
DATA_STAGES = ("fetch", "preprocess")


@dataclass
class Trial:
    """One experiment: its settings as after DVC's -S, its name, its models', and how it ended."""

    overrides: list[str]
    name: str
    models: list[str]
    outcome: Outcome | None = None

    @property
    def failed(self) -> bool:
        """Tell whether it has ended without a result."""
        return bool(self.outcome and self.outcome.lines)


class Pieces:
    """The pieces of work that trials consist of; each is handed to Ray once."""

    def __init__(self, source: Source, cores: int) -> None:
        self._source = source
        self._cores = cores
        self._handed: dict[str, Any] = {}
        # By value: a node has no checkout to import it from.
        ray.cloudpickle.register_pickle_by_value(work)

    def start(self, trial: Trial) -> Any:
        """Hand *trial* to Ray; return the reference of its outcome."""
        data, models = units_of(applied(trial.overrides))
        prepared = self._once(1, trial, DATA_STAGES, data)
        trained = [
            self._once(self._cores, trial, (f"train@{name}", f"evaluate@{name}"), key, prepared)
            for name, key in models.items()
        ]
        return self._task(1, work.experiment, trial.overrides, trial.name, prepared, *trained)

    def _once(self, cores: int, trial: Trial, stages: Sequence[str], key: str, *before: Any) -> Any:
        """Hand *stages* to Ray unless another trial that shares this *key* already has."""
        if key not in self._handed:
            words = (trial.overrides, stages, key, *before)
            self._handed[key] = self._task(cores, work.compute, *words)
        return self._handed[key]

    def _task(self, cores: int, function: Callable[..., Outcome], *words: Any) -> Any:
        task = ray.remote(num_cpus=cores, max_retries=RETRIES)(function)
        return task.remote(self._source, *words)


def follow(
    pieces: Pieces,
    next_trial: Callable[[], Trial | None],
    room: Callable[[], int],
    waiting: Callable[[int], None],
) -> Iterator[Trial]:
    """Yield each trial as it ends, until *next_trial* has none.

    As many as there is *room* for are with Ray at a time. *waiting* is called every second with
    the number of trials that are.
    """
    running: dict[Any, Trial] = {}
    more = True
    while more or running:
        while more and len(running) < room():
            trial = next_trial()
            if trial is None:
                more = False
            elif trial.outcome:
                yield trial
            else:
                running[pieces.start(trial)] = trial
        ended, _ = ray.wait(list(running), timeout=1) if running else ([], [])
        for reference in ended:
            trial = running.pop(reference)
            trial.outcome = _outcome(reference)
            yield trial
        waiting(len(running))


def _outcome(reference: Any) -> Outcome:
    """Return how what Ray knows by *reference* ended."""
    try:
        return ray.get(reference)
    except RayTaskError as error:
        # The last line of a traceback on a node.
        return Outcome(str(error).strip().splitlines()[-1:])
    except RayError as error:
        gone = f"given up after {RETRIES} retries: {one_line(error)[:200]}"
        return Outcome([gone], lost=True)


def slots(cores: int) -> int:
    """Return how many trainings on so many *cores* each run at a time on all nodes there are."""
    return max(1, sum(node // cores for node in nodes()))


def nodes() -> list[int]:
    """Return the number of cores of each of Ray's nodes that has some."""
    counts = [node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]]
    return [int(count) for count in counts if count >= 1]
