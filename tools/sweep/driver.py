"""Hand the pieces of all trials to Ray, each once and after what it needs, and wait for them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from stages.common.errors import one_line
from tools.sweep import work
from tools.sweep.settings import applied, units_of
from tools.sweep.work import Failed, Source

# A node that is lost takes its trials with it; they run again on another, up to this many times.
RETRIES = 5
# Not configure: wrong settings are to fail only the trial that has them.
DATA_STAGES = ("fetch", "preprocess")


@dataclass
class Trial:
    """One experiment: its settings as for DVC's -S, its name, its models' names, how it ended.

    Of a search, *values* are what Optuna chose, by key. Once a trial has *ended*, it has *lines* if
    it failed, or an *accuracy* on validation images. It was *lost* if it failed because of a
    machine or a network, so that it may succeed another time. It is *computed* unless it was there
    before.
    """

    overrides: list[str]
    name: str = ""
    models: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    ended: bool = False
    lines: list[str] = field(default_factory=list)
    accuracy: float | None = None
    lost: bool = False
    computed: bool = False


class Pieces:
    """The pieces of work that trials consist of; each is handed to Ray once."""

    def __init__(self, source: Source, cores: int) -> None:
        self._source = source
        self._cores = cores
        self._handed: dict[str, Any] = {}
        # By value: a node has no checkout to import it from.
        ray.cloudpickle.register_pickle_by_value(work)

    def start(self, trial: Trial) -> Any:
        """Hand *trial* to Ray; return a reference to its end.

        If a piece fails, Ray ends what waits for it with the same error.
        """
        data, models = units_of(applied(trial.overrides))
        prepared = self._once(1, trial, DATA_STAGES, data)
        trained = [
            self._once(self._cores, trial, (f"train@{name}", f"evaluate@{name}"), key, prepared)
            for name, key in models.items()
        ]
        return self._task(1, work.experiment, trial.overrides, trial.name, prepared, *trained)

    def _once(self, cores: int, trial: Trial, stages: Sequence[str], key: str, *before: Any) -> Any:
        """Hand *stages* to Ray, unless that was done for another trial with this *key*."""
        if key not in self._handed:
            words = (trial.overrides, stages, key, *before)
            self._handed[key] = self._task(cores, work.compute, *words)
        return self._handed[key]

    def _task(self, cores: int, function: Callable[..., None], *words: Any) -> Any:
        task = ray.remote(num_cpus=cores, max_retries=RETRIES)(function)
        return task.remote(self._source, *words)


def follow(
    pieces: Pieces,
    upcoming: Iterator[Trial],
    room: Callable[[], int],
    waiting: Callable[[int], None],
) -> Iterator[Trial]:
    """Yield each of the *upcoming* trials as it ends.

    Ray has as many at a time as there is *room* for. *waiting* is called every second with the
    number of trials that Ray has.
    """
    running: dict[Any, Trial] = {}
    while True:
        while len(running) < room() and (trial := next(upcoming, None)):
            if trial.ended:
                yield trial
            else:
                running[pieces.start(trial)] = trial
        if not running:
            return
        ended, _ = ray.wait(list(running), timeout=1)
        for reference in ended:
            trial = running.pop(reference)
            conclude(trial, reference)
            yield trial
        waiting(len(running))


def conclude(trial: Trial, reference: Any) -> None:
    """Note down how *trial* ended, which Ray knows by *reference*."""
    trial.ended = trial.computed = True
    try:
        ray.get(reference)
    except RayTaskError as error:
        # Of our own errors the lines, of others the last line of the traceback on a node.
        ours = isinstance(error.cause, Failed | OSError)
        trial.lines = str(error.cause).splitlines() if ours else str(error).splitlines()[-1:]
        trial.lost = ours and type(error.cause) is not Failed
    except RayError as error:
        trial.lines = [f"given up after {RETRIES} retries: {one_line(error)[:200]}"]
        trial.lost = True


def slots(cores: int) -> int:
    """Return how many trainings, on *cores* each, run at a time on all nodes."""
    return max(1, sum(node // cores for node in nodes()))


def nodes() -> list[int]:
    """Return the number of cores of each of Ray's nodes that has some."""
    counts = [node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]]
    return [int(count) for count in counts if count >= 1]
