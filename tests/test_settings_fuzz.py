"""params.yaml of any content: valid settings, or a StageError of one line; never anything else."""

import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages import params
from stages.common.errors import StageError
from stages.common.schema import Settings, section
from stages.configure.recipes import resolve
from stages.params import LARGEST_INTEGER, LONGEST, Data, Split
from stages.settings import TrainingSettings
from tests import ROOT

OURS = (ROOT / "params.yaml").read_text(encoding="utf-8")
VALID: dict[str, Any] = yaml.safe_load(OURS)
# A case takes milliseconds; one that takes thousands of times as long hangs.
fuzz = settings(
    max_examples=300,
    deadline=timedelta(seconds=20),
    # The same cases on every run.
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
MEMORY = 16 << 20


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where to write a params.yaml."""
    return tmp_path_factory.mktemp("settings") / "params.yaml"


@contextmanager
def one_line() -> Iterator[None]:
    """Let a StageError of one line, and not a long one, pass."""
    message = "nothing is wrong"
    try:
        yield
    except StageError as error:
        message = str(error)
    assert message.isprintable(), "more than one line"
    # A character that must be escaped takes up to ten.
    assert 0 < len(message) < 10 * LONGEST + 1000


def read_all(path: Path, content: bytes) -> list[Settings]:
    """Return every settings object that a params.yaml of *content* gives."""
    path.write_bytes(content)
    found: list[Settings] = []
    with one_line():
        read = params.read(path)
        with one_line():
            found.append(Data.parse(section(read, "data"), "params.yaml: data"))
        with one_line():
            found.append(Split.parse(section(read, "split"), "params.yaml: split"))
        models = read.get("models")
        for model in models if isinstance(models, dict) else ["model1"]:
            with one_line():
                found.append(resolve(model, read))
    return found


def encoded(text: str) -> bytes:
    """Return *text* in UTF-8, with a question mark for what that cannot say."""
    return text.encode("utf-8", "replace")


def is_within_bounds(found: Settings) -> bool:
    """Tell whether the numbers of *found* are ones to compute with."""
    if isinstance(found, Data):
        return found.limit is None or 1 <= found.limit <= LARGEST_INTEGER
    if isinstance(found, Split):
        return 0 < found.test_fraction < 1 and 0 <= found.validation_fraction < 1
    assert isinstance(found, TrainingSettings)
    return 1 <= found.epochs <= LARGEST_INTEGER and 0 < found.learning_rate <= 10


def test_our_own_file_gives_every_settings_object(path: Path) -> None:
    kinds = [type(found) for found in read_all(path, OURS.encode())]
    assert kinds == [Data, Split, *[TrainingSettings] * len(VALID["models"])]


@fuzz
@given(st.binary(max_size=200) | st.text(max_size=200).map(encoded))
def test_any_bytes_and_any_text_are_read_or_refused(path: Path, content: bytes) -> None:
    assert all(map(is_within_bounds, read_all(path, content)))


# What YAML is made of, and what PyYAML is known to stumble over.
PIECES = [
    *("data", "split", "models", "train", "recipes", "limit", "model1", ": ", "- ", "? ", "\n"),
    *("\n  ", "\n    ", "{", "}", "[", "]", ", ", "#", "---\n", "...\n", "%YAML 9.9\n", "\t", "\r"),
    *("&a ", "*a", "&b ", "*b", "<<: ", "=", "'", '"', "''", '"\\ud800"', '"\\0"', '"\\x', "|\n"),
    *(f"!!{kind} " for kind in ("map", "seq", "set", "omap", "pairs", "str", "int", "float")),
    *(f"!!{kind} " for kind in ("bool", "null", "binary", "timestamp", "python/name:os.system")),
    *("!x ", "0x_", "0b_", "0o8", "1:2:3", "1_", ".nan", "-.inf", "1e999", "yes", "~", "null"),
    *("9" * 5000, "0x" + "f" * 5000, "2026-02-30", "2026-01-01 25:00:00", "2026-01-01 0:00:00 +99"),
    *(">9\n", "\ufeff", "\x85", "\u2028", "é", "\x00"),
]


@fuzz
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_pieces_of_yaml_in_any_order_are_read_or_refused(path: Path, pieces: list[str]) -> None:
    assert all(map(is_within_bounds, read_all(path, "".join(pieces).encode())))


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63, -(2**64), 10**400, 1e308, 5e-324, float("nan"), float("inf")])
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=4)
    | st.dates()
    | st.datetimes()
    | st.sampled_from(
        ["model1", "notebook", "a\nb", "\u2028", "\ud800", "~a\0", "auto", "constant"]
    )
)
# YAML takes any scalar for a key.
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3),
    max_leaves=6,
)


def blocks(value: Any) -> Iterator[dict[Any, Any]]:
    """Yield every block of keys in *value*."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from blocks(inner)


@st.composite
def changed(draw: st.DrawFn) -> bytes:
    """Draw our params.yaml with a few values, keys or whole blocks replaced, added or gone."""
    content = deepcopy(VALID)
    for _ in range(draw(st.integers(1, 3))):
        block = draw(st.sampled_from([block for block in blocks(content) if block] or [content]))
        key = draw(st.sampled_from(list(block) or ["data"]))
        change = draw(st.sampled_from(["value", "value", "key", "gone"]))
        if change == "value":
            block[key] = draw(VALUES)
        elif change == "key":
            block[draw(SCALARS)] = block.pop(key, None)
        else:
            block.pop(key, None)
    return encoded(yaml.safe_dump(content, sort_keys=False))


@fuzz
@given(changed())
def test_our_file_with_any_value_anywhere_is_read_or_refused(path: Path, content: bytes) -> None:
    assert all(map(is_within_bounds, read_all(path, content)))


def chain(first: str, link: str, length: int) -> str:
    """Return a list of anchors, the *first* and *links*; ``*a`` in a link is the one before it."""
    links = [f"&a{i} {link.replace('*a', f'*a{i - 1}')}" for i in range(1, length)]
    return f"[{', '.join([f'&a0 {first}', *links])}]"


TOO_LONG = "longer than 100,000 bytes with its aliases written out"
TOO_DEEP = "blocks nested too deeply"
TRAIN = (
    "train: {recipe: first, seed: 0, precision: auto}\nmodels: {model1: {architecture: model1}}\n"
)
HOSTILE = {
    "aliases of lists": (f"data: {chain('[x]', '[*a, *a, *a, *a]', 30)}", TOO_LONG),
    "aliases of blocks": (f"data: {chain('{k: v}', '{k: *a, l: *a}', 60)}", TOO_LONG),
    "aliases of a long text": (f"data: [&a {'x' * 50_000}, {'*a, ' * 10_000}]", TOO_LONG),
    "a list that holds itself": ("data: &a [*a, *a]", TOO_LONG),
    "a wide list that holds itself": (f"data: &a [{'*a, ' * 20_000}]", TOO_LONG),
    "a block that holds itself": ("data: &a {b: *a}", TOO_LONG),
    "a key that holds itself": ("? &a [*a]\n: 1", "found unconstructable recursive node"),
    "merging of merging": (
        f"data: {chain('{k: v}', '{<<: [*a, *a, *a, *a]}', 30)}",
        "line 1: not valid YAML: merging with << is not supported; write the keys out",
    ),
    "deep lists": ("data: " + "[" * 50_000, TOO_DEEP),
    "deep blocks": ("data: " + "{a: " * 20_000, TOO_DEEP),
    "a deep key": ("? " * 40_000, TOO_DEEP),
    "text that holds itself": ("data: &a !!str {=: *a}", TOO_DEEP),
    "a large file": ("# " + "x" * 3_000_000, TOO_LONG),
    "many keys": ("\n".join(f"k{i}: 1" for i in range(3_000)), "unknown section 'k0'"),
    "one key many times": ("data: 1\n" * 3_000, "line 2: not valid YAML: the key 'data' stands"),
    "many digits": ("data: " + "9" * 99_000, "line 1: not valid YAML: '999999999999...99999999"),
    "many bits": ("data: 0x" + "f" * 99_000, "is too large an integer"),
    "no such day": ("data: 2026-02-30", "line 1: not valid YAML: '2026-02-30' is no timestamp"),
    "a block that is text": ("data: !!map text", "expected a mapping node, but found scalar"),
    "a name of two lines": (
        f'{TRAIN}recipes: {{"a\\nb": 1}}',
        r"recipes: 'a\nb' cannot be a recipe's name; take letters, digits, _ and -",
    ),
    "long names": (
        TRAIN.replace("first", "abcdefgh" * 5_000) + f"recipes:\n ? {'hgfedcba' * 5_000}\n : 1",
        "params.yaml: train.recipe: unknown recipe",
    ),
}


@pytest.mark.parametrize(("text", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_costs_neither_time_nor_memory(path: Path, text: str, message: str) -> None:
    path.write_text(text)
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises(StageError) as caught:
            resolve("model1", params.read(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert message in str(caught.value)
    assert str(caught.value).isprintable()
    assert peak < MEMORY
    # Watched memory makes all slower; a hang takes minutes.
    assert time.process_time() - started < 20


def test_an_alias_that_is_no_bomb_is_read(path: Path) -> None:
    text = OURS.replace("model1, filters: null", "model1, filters: &sizes [8, 16]")
    text = text.replace("model2, filters: null", "model2, filters: *sizes")
    found = read_all(path, text.encode())
    assert [getattr(each, "filters", None) for each in found[2:4]] == [[8, 16], [8, 16]]
