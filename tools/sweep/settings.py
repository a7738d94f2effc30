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
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override, RangeSweep
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
from stages.configure.recipes import resolve

# What would be right, by the variable that holds the words.
RIGHT = {
    "SET": "write key=value, key=a,b or key=range(from,to), without spaces",
    "SEARCH": "write key=log(from,to), key=interval(from,to), key=range(from,to) or key=a,b, "
    "without spaces",
}
# What Hydra and DVC raise for words that they cannot read, and we for those that make no sense.
UNREADABLE = (DvcException, HydraException, OmegaConfBaseException, ValueError)


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
    try:
        if not (sweeps := get_hydra_sweeps({"params.yaml": list(words)})):
            raise ValueError("has nothing in it")
    except UNREADABLE as error:
        raise _wrong("SET", " ".join(words), error) from None
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
    functions = create_functions()
    functions.register("log", _log)
    found = {}
    for word in words:
        try:
            override = OverridesParser(functions).parse_override(word)
            key = override.get_key_element()
            found[key] = _distribution(override)
        except UNREADABLE as error:
            raise _wrong("SEARCH", word, error) from None
        applied([f"{key}=0"], "SEARCH")
    return found


def _wrong(source: str, word: str, error: Exception) -> StageError:
    return StageError(f"{source}: {word}: {RIGHT[source]} ({one_line(error)})")


def _log(low: Any, high: Any) -> IntervalSweep:
    return IntervalSweep(start=float(low), end=float(high), tags={"log"})


def _distribution(override: Override) -> BaseDistribution:
    """Return one of Hydra's sweeps as Optuna has it.

    Raises:
        ValueError: there is nothing to choose from.
    """
    match value := override.value():
        case IntervalSweep():
            kind = IntDistribution if isinstance(value.start, int) else FloatDistribution
            return kind(value.start, value.end, log="log" in value.tags)
        case RangeSweep():
            # Sums of what no float holds exactly.
            values = [round(one, 12) for one in value.range()]
            if values:
                kind = IntDistribution if isinstance(values[0], int) else FloatDistribution
                return kind(min(values), max(values), step=abs(value.step))
        case ChoiceSweep():
            return CategoricalDistribution(list(dict.fromkeys(override.sweep_string_iterator())))
    raise ValueError("has nothing to choose from")


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
            # DVC has its reason from Hydra.
            cause = error.__cause__ if isinstance(error.__cause__, HydraException) else error
            problem = one_line(cause).replace(f"{folder}/", "")
            raise StageError(f"{source}: {' '.join(overrides)}: {problem}") from None


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
