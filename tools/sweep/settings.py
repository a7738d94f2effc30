"""What a sweep tries: grids of settings as DVC takes them after -S, and what to search.

Both are in the grammar of Hydra, which DVC uses too:
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
from hydra.core.override_parser.types import (
    ChoiceSweep,
    IntervalSweep,
    Override,
    RangeSweep,
    ValueType,
)
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from stages import params
from stages.common.errors import StageError, one_line
from stages.common.schema import unknown
from stages.configure.recipes import resolve

# What would be right, by the variable that holds the words.
RIGHT = {
    "SET": "write key=value, key=a,b or key=range(from,to), without spaces",
    "SEARCH": "write key=log(from,to), key=interval(from,to), key=range(from,to) or key=a,b, "
    "without spaces",
}


def words_of(text: str, source: str) -> list[str]:
    """Return the words of *text*, parted and quoted as in a shell; *source* is SET or SEARCH.

    Raises:
        StageError: a quote is never closed.
    """
    try:
        return shlex.split(text)
    except ValueError as error:
        raise StageError(f"{source}: {text}: {one_line(error).lower()}") from None


def grid(words: Sequence[str]) -> list[list[str]]:
    """Return the settings of every trial of the grid that *words* such as ``a.b=1,2`` span.

    Raises:
        StageError: a word is no setting, or a range has nothing in it.
    """
    for word in words:
        override = _parsed(word, "SET")
        if override.is_sweep_override():
            _check_values(override, word, "SET")
    sweeps = get_hydra_sweeps({"params.yaml": list(words)})
    # What is asked for twice is tried once.
    return [list(trial) for trial in dict.fromkeys(tuple(one["params.yaml"]) for one in sweeps)]


def space(words: Sequence[str]) -> dict[str, BaseDistribution]:
    """Return what each of *words* lets a search choose from, by its key.

    ``key=log(0.001,0.1)`` and ``key=interval(0,0.5)`` are numbers between both, either included;
    in ``int(...)`` whole ones. ``key=range(1,9)`` are those from 1 to 8, and ``key=64,128`` is one
    of these, kept as it stands after -S.

    Raises:
        StageError: a word is none of these, or params.yaml has no such key.
    """
    found = {}
    for word in words:
        override = _parsed(word, "SEARCH")
        key = override.get_key_element()
        if not override.is_sweep_override():
            raise _wrong("SEARCH", word, "is one value alone, which belongs into SET")
        if not override.is_interval_sweep():
            _check_values(override, word, "SEARCH")
        try:
            found[key] = _distribution(override)
        except ValueError as error:
            raise _wrong("SEARCH", word, one_line(error)) from None
        applied([f"{key}=0"], "SEARCH")
    return found


def _parsed(word: str, source: str) -> Override:
    """Return a word as Hydra reads it; ``log(from,to)`` is ours."""
    functions = create_functions()
    if source == "SEARCH":
        functions.register("log", _log)
    try:
        return OverridesParser(functions).parse_override(word)
    except HydraException as error:
        # Of a function Hydra says what is wrong; else it speaks of its grammar.
        said = isinstance(error.__cause__, TypeError | ValueError | HydraException)
        detail = f" ({one_line(error.__cause__)})" if said else ""
        raise _wrong(source, word, f"is no setting{detail}") from None


def _wrong(source: str, word: str, problem: str) -> StageError:
    return StageError(f"{source}: {word}: {problem}; {RIGHT[source]}")


def _log(low: Any, high: Any) -> IntervalSweep:
    return IntervalSweep(start=float(low), end=float(high), tags={"log"})


def _check_values(override: Override, word: str, source: str) -> None:
    """Check that *override* lists values, and has one: ``range(5,0)`` has none."""
    if not override.is_discrete_sweep() or override.value_type == ValueType.GLOB_CHOICE_SWEEP:
        raise _wrong(source, word, "is no list of values")
    try:
        if next(iter(override.sweep_string_iterator()), None) is not None:
            return
        problem = "has nothing in it"
    except (HydraException, ValueError) as error:
        problem = f"is no range ({one_line(error)})"
    raise _wrong(source, word, problem)


def _distribution(override: Override) -> BaseDistribution:
    """Return one of Hydra's sweeps as Optuna has it.

    Raises:
        ValueError: it ends before it starts, or has a logarithm that is none.
    """
    value = override.value()
    match value:
        case IntervalSweep():
            if not value.start < value.end:
                raise ValueError("does not end above where it starts")
            log = "log" in value.tags
            if log and value.start <= 0:
                raise ValueError("does not start above 0, so it has no logarithm")
            kind = IntDistribution if isinstance(value.start, int) else FloatDistribution
            return kind(value.start, value.end, log=log)
        case RangeSweep():
            if isinstance(value.range(), range):
                low, high = sorted((value.range()[0], value.range()[-1]))
                return IntDistribution(low, high, step=abs(value.step))
            # Sums of what no float holds exactly.
            values = [round(one, 12) for one in value.range()]
            return FloatDistribution(min(values), max(values), step=abs(float(value.step)))
        case ChoiceSweep():
            return CategoricalDistribution(list(dict.fromkeys(override.sweep_string_iterator())))
    raise ValueError("is no list of values")


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
        except (DvcException, HydraException, OmegaConfBaseException) as error:
            content = params.read()
            for override in overrides:
                _check_key(override, content, source)
            cause = one_line(error.__cause__ if isinstance(error.__cause__, Exception) else error)
            raise StageError(f"{source}: {' '.join(overrides)}: {cause}") from None
        try:
            return params.read(copy)
        except StageError as error:
            problem = str(error).removeprefix(f"{folder}/")
            raise StageError(f"{source}: {' '.join(overrides)}: {problem}") from None


def _check_key(override: str, content: Any, source: str) -> None:
    """Check that what *override* changes stands in *content*, which is params.yaml's."""
    where = params.PATH.name
    for part in override.partition("=")[0].lstrip("~").split("."):
        if not isinstance(content, Mapping):
            raise StageError(f"{source}: {override}: {where} is no block of keys")
        if part not in content and not override.startswith("+"):
            raise StageError(f"{source}: {override}: {where}: {unknown('key', part, content)}")
        where, content = f"{where}: {part}", content.get(part, {})


def name_of(commit: str, overrides: Sequence[str]) -> str:
    """Return the name of the experiment that runs *overrides* from *commit*."""
    return f"sweep-{_digest([commit, sorted(overrides)])}"


def units_of(content: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return what is computed once for all trials that share it: keys for the data and each model.

    *content* is params.yaml's. Of settings that are wrong no model is shared: the trial finds out.
    """
    data = _digest([content.get("data"), content.get("split")])
    try:
        resolved = resolve(content, {})
    except StageError:
        return data, {}
    return data, {name: _digest([data, name, one.model_dump()]) for name, one in resolved.items()}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:10]
