"""Typed, frozen settings, and one-line errors for wrong values."""

import difflib
import json
from collections.abc import Collection, Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from stages.common.errors import StageError

# For messages of pydantic that only programmers understand.
PLAIN = {
    "int_type": "should be a whole number",
    "int_from_float": "should be a whole number",
    "float_type": "should be a number",
    "bool_type": "should be true or false",
    "string_type": "should be text",
    "list_type": "should be a list",
    "too_short": "should have at least one entry",
    "finite_number": "should be a finite number",
}


class Settings(BaseModel):
    """Base of all settings: frozen, no unknown keys, no silent conversion of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @classmethod
    def parse(cls, values: object, where: str, places: Mapping[str, str] | None = None) -> Self:
        """Return *values* as settings.

        *where* names the place of the values, such as ``params.yaml: train``; *places* has those
        of keys that come from elsewhere.

        Raises:
            StageError: an unknown key, or a value of the wrong type or out of range.
        """
        if not isinstance(values, Mapping):
            raise StageError(f"{where}: expected a block of keys, got {shown(values)}")
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            problem = error.errors()[0]
        keys = [str(part) for part in problem["loc"]]
        place = (places or {}).get(keys[0], where)
        if problem["type"] == "extra_forbidden":
            raise StageError(f"{place}: {unknown('key', keys[0], cls.model_fields)}")
        place += ("." if ": " in place else ": ") + ".".join(keys)
        if problem["type"] == "missing":
            raise StageError(f"{place}: this key is missing")
        message = PLAIN.get(problem["type"]) or problem["msg"].removeprefix("Input ")
        raise StageError(f"{place}: {message}, got {shown(problem['input'])}")


def shown(value: object) -> str:
    """Return *value* as YAML, as far as it differs from Python in common values."""
    return json.dumps(value) if value is None or isinstance(value, bool) else repr(value)


def unknown(kind: str, name: object, valid: Collection[str]) -> str:
    """Return the message for a *name* that is not in *valid*, with the nearest one suggested."""
    names = sorted(map(str, valid))
    nearest = difflib.get_close_matches(str(name), names, n=1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
    return f"unknown {kind} {name!r}{hint} (valid: {', '.join(names)})"


def check_name(kind: str, name: str, valid: Collection[str], where: str) -> str:
    """Return *name* if it is one of *valid*.

    Raises:
        StageError: it is not; the message lists the valid names and suggests the nearest.
    """
    if name not in valid:
        raise StageError(f"{where}: {unknown(kind, name, valid)}")
    return name
