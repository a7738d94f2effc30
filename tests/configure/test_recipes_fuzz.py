"""Our params.yaml with anything changed: valid settings, or one line that says what is wrong."""

import json
import os
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import params
from stages.common.errors import StageError
from stages.configure.recipes import resolve
from stages.params import read_data
from stages.preprocess.splitting import read_split
from tests.support import declared

# One takes as long as ten damaged files.
CASES = int(os.environ.get("FUZZ_CASES", "1000")) // 10
WORDS = st.sampled_from(["model1", "epochs", "a\nb"]) | st.text(max_size=8)
SCALARS = WORDS | st.none() | st.booleans() | st.integers() | st.floats() | st.dates()
# YAML takes any scalar for a key.
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(SCALARS, SCALARS, max_size=2)


def blocks(value: object) -> Iterator[dict[Any, Any]]:
    """Yield every block of keys in *value*."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from blocks(inner)


@st.composite
def changed(draw: st.DrawFn) -> dict[Any, Any]:
    """Draw our params.yaml with up to three values, keys or blocks replaced, added or gone."""
    content: dict[Any, Any] = deepcopy(declared.read("params.yaml"))
    for _ in range(draw(st.integers(1, 3))):
        block = draw(st.sampled_from(list(blocks(content))))
        key = draw(st.sampled_from([*block]) if block else SCALARS)
        old = block.pop(key, None)
        # Gone, under another key, or of another value.
        renamed = st.dictionaries(SCALARS, st.just(old), max_size=1)
        block |= draw(renamed | st.dictionaries(st.just(key), VALUES, min_size=1))
    return content


@settings(max_examples=CASES, deadline=None, derandomize=True)
@given(changed())
def test_our_params_yaml_with_anything_changed_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: dict[Any, Any]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.getbasetemp())
        Path("params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        try:
            for each in (read_data(), read_split(), *resolve(params.read(), {}).values()):
                json.dumps(each.model_dump(), allow_nan=False)
        except StageError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017 - or nothing is raised
