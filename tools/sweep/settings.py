"""What a sweep tries: grids of settings as for DVC's -S, and what to search.

Both are words as a shell splits and quotes them, in Hydra's grammar, which DVC uses too:
https://hydra.cc/docs/advanced/override_grammar/extended/
"""

import hashlib
import json
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dvc.exceptions import DvcException
from dvc.utils.hydra import apply_overrides, get_hydra_sweeps
from hydra.core.override_parser.overrides_parser import OverridesParser, create_functions
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override, RangeSweep
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from optuna import distributions as of

from stages import params
from stages.common.errors import StageError, one_line
from stages.configure.recipes import resolve

# What would be right, by the variable that holds the settings.
RIGHT = {
    "SET": "write key=value, key=a,b or key=range(from,to), without spaces",
    "SEARCH": "write key=log(from,to), key=interval(from,to), key=range(from,to) or key=a,b, "
    "without spaces",
}
# Hydra and DVC raise these for settings that they cannot read, and we for those without a meaning.
UNREADABLE = (DvcException, HydraException, OmegaConfBaseException, ValueError)


def grid(text: str) -> list[list[str]]:
    """Return the settings of every trial of the grid that *text*, such as ``a.b=1,2 c=3``, spans.

    Raises:
        StageError: a word is not a setting, a range is empty, or a quote is never closed.
    """
    try:
        if not (sweeps := get_hydra_sweeps({"params.yaml": shlex.split(text)})):
            raise ValueError("a range is empty")
    except UNREADABLE as error:
        raise _wrong("SET", text, error) from None
    # What is asked for twice is tried once.
    return [list(trial) for trial in dict.fromkeys(tuple(one["params.yaml"]) for one in sweeps)]


def space(text: str) -> dict[str, of.BaseDistribution]:
    """Return what each word of *text* lets a search choose from, by key.

    ``key=log(0.001,0.1)`` and ``key=interval(0,0.5)`` are numbers between the two, both included;
    in ``int(...)`` only whole ones. ``key=range(1,9)`` is 1 to 8, and ``key=64,128`` is one of the
    two, kept as it is written for -S.

    Raises:
        StageError: a word is none of these, or params.yaml has no such key.
    """
    functions = create_functions()
    functions.register("log", _log)
    found = {}
    word = text
    try:
        for word in shlex.split(text):
            override = OverridesParser(functions).parse_override(word)
            key = override.get_key_element()
            found[key] = _distribution(override)
            applied([f"{key}=0"], "SEARCH")
    except UNREADABLE as error:
        raise _wrong("SEARCH", word, error) from None
    return found


def _wrong(source: str, word: str, error: Exception) -> StageError:
    return StageError(f"{source}: {word}: {RIGHT[source]} ({one_line(error)})")


def _log(low: Any, high: Any) -> IntervalSweep:
    return IntervalSweep(start=float(low), end=float(high), tags={"log"})


def _distribution(override: Override) -> of.BaseDistribution:
    """Return one of Hydra's sweeps as a distribution of Optuna's.

    Raises:
        ValueError: there is nothing to choose from.
    """
    match value := override.value():
        case IntervalSweep():
            kind = of.IntDistribution if isinstance(value.start, int) else of.FloatDistribution
            return kind(value.start, value.end, log="log" in value.tags)
        case RangeSweep():
            # These are sums of steps, which floats do not hold exactly.
            values = [round(one, 12) for one in value.range()]
            if values:
                kind = of.IntDistribution if isinstance(values[0], int) else of.FloatDistribution
                return kind(min(values), max(values), step=abs(value.step))
        case ChoiceSweep():
            return of.CategoricalDistribution(list(dict.fromkeys(override.sweep_string_iterator())))
    raise ValueError("there is nothing to choose from")


def applied(overrides: Sequence[str], source: str = "SET") -> dict[str, Any]:
    """Return params.yaml's content with *overrides* as `dvc exp run -S` applies them.

    Raises:
        StageError: params.yaml does not have such a key.
    """
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "params.yaml"
        shutil.copy(params.PATH, copy)
        try:
            apply_overrides(copy, list(overrides))
            return params.read(copy)
        except (*UNREADABLE, StageError) as error:
            # The reason is in Hydra's error, behind DVC's.
            cause = error.__cause__ if isinstance(error.__cause__, HydraException) else error
            problem = one_line(cause).replace(f"{folder}/", "")
            raise StageError(f"{source}: {' '.join(overrides)}: {problem}") from None


def name_of(commit: str, overrides: Sequence[str]) -> str:
    """Return the name of the experiment that runs *overrides* from *commit*."""
    return f"sweep-{_digest([commit, sorted(overrides)])}"


def units_of(content: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return keys for the data and each model; trials with the same key share one computation.

    *content* is params.yaml's. With wrong settings no model is shared: the trial reports them.
    """
    data = _digest([content.get("data"), content.get("split")])
    try:
        resolved = resolve(content, {})
    except StageError:
        return data, {}
    return data, {name: _digest([data, name, one.model_dump()]) for name, one in resolved.items()}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:10]
