"""What a sweep tries: grids of settings as DVC takes them after -S, and what to search.

Both are in the grammar of Hydra, which DVC uses too:
https://hydra.cc/docs/advanced/override_grammar/extended/
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dvc.exceptions import DvcException
from dvc.utils.hydra import apply_overrides, get_hydra_sweeps
from hydra.core.override_parser.overrides_parser import OverridesParser, create_functions
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, RangeSweep
from hydra.errors import HydraException
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from stages import params, settings
from stages.common.errors import StageError, one_line
from stages.configure.recipes import resolve


def grid(words: Sequence[str]) -> list[list[str]]:
    """Return the settings of every trial of the grid that *words* such as ``a.b=1,2`` span.

    Raises:
        StageError: a word is no setting, or a range has nothing in it.
    """
    try:
        sweeps = get_hydra_sweeps({"params.yaml": list(words)})
    except (HydraException, DvcException) as error:
        raise StageError(f"SET: {one_line(error)}") from None
    if not sweeps:
        raise StageError(f"SET: {' '.join(words)}: a range has nothing in it; there is no trial")
    return [list(sweep["params.yaml"]) for sweep in sweeps]


def space(words: Sequence[str]) -> dict[str, BaseDistribution]:
    """Return what each of *words* lets a search choose from, by its key.

    ``key=log(0.001,0.1)`` and ``key=interval(0,0.5)`` are numbers between both, ``key=range(1,9)``
    whole numbers, and ``key=64,128`` one of these.

    Raises:
        StageError: a word is none of these.
    """
    functions = create_functions()
    functions.register("log", _log)
    found = {}
    for word in words:
        try:
            (override,) = OverridesParser(functions).parse_overrides([word])
            found[override.key_or_group] = _distribution(override.value())
        except (HydraException, ValueError) as error:
            raise StageError(f"SEARCH: {word}: {one_line(error)}") from None
    return found


def _log(low: float, high: float) -> IntervalSweep:
    return IntervalSweep(low, high, {"log"})


def _distribution(value: Any) -> BaseDistribution:
    """Return one of Hydra's sweeps as Optuna has it."""
    match value:
        case IntervalSweep():
            return FloatDistribution(float(value.start), float(value.end), log="log" in value.tags)
        case RangeSweep():
            low, high, step = int(value.start), int(value.stop), int(value.step)
            return IntDistribution(low, low + (high - 1 - low) // step * step, step=step)
        case ChoiceSweep():
            return CategoricalDistribution(value.list)
    raise ValueError("one value alone; give log(from,to), interval(from,to) or several values")


def applied(overrides: Sequence[str]) -> dict[str, Any]:
    """Return params.yaml's content with *overrides* as `dvc exp run -S` applies them.

    Raises:
        StageError: params.yaml does not have such a key.
    """
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "params.yaml"
        shutil.copy(params.PATH, copy)
        try:
            apply_overrides(copy, list(overrides))
        except (DvcException, HydraException) as error:
            cause = one_line(error.__cause__ if isinstance(error.__cause__, Exception) else error)
            raise StageError(f"SET: {cause}") from None
        return params.read(copy)


def name_of(commit: str, overrides: Sequence[str]) -> str:
    """Return the name of the experiment that runs *overrides* from *commit*."""
    return f"sweep-{_digest([commit, sorted(overrides)])}"


def units_of(content: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return what is computed once for all trials that share it: a key for the data, and for models.

    *content* is params.yaml's. Of settings that are wrong nothing is shared: the trial finds out.
    """
    data = _digest([content.get("data"), content.get("split")])
    try:
        resolved = resolve(content, {})
    except StageError:
        return data, {}
    return data, {name: _digest([data, name, one.model_dump()]) for name, one in resolved.items()}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:10]
