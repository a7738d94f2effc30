"""What a sweep tries: DVC's own grids, Optuna's distributions, and the work that trials share."""

import re
import shlex

import pytest

from tests import ROOT

pytest.importorskip("optuna", reason="not installed: make .venv/.sweep")

from optuna import distributions as of

from tools.sweep import settings


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read this project's params.yaml, wherever the tests are run from."""
    monkeypatch.chdir(ROOT)


def test_a_grid_is_each_value_with_each_and_nothing_twice() -> None:
    found = settings.grid("a=[128,64],null b=range(1,3) c=1,1")
    assert found == [[f"a={a}", f"b={b}", "c=1"] for a in ("[128,64]", "null") for b in (1, 2)]


@pytest.mark.parametrize(
    ("written", "chosen_from"),
    [
        # Both ends are in.
        ("log(1,10)", of.FloatDistribution(1, 10, log=True)),
        ("int(log(16,1024))", of.IntDistribution(16, 1024, log=True)),
        ("interval(0,5)", of.FloatDistribution(0, 5)),
        ("int(interval(1,5))", of.IntDistribution(1, 5)),
        # The last is out.
        ("range(1,7,3)", of.IntDistribution(1, 4, step=3)),
        ("64,128,64", of.CategoricalDistribution(["64", "128"])),
    ],
)
def test_a_search_chooses_from_what_is_written(written: str, chosen_from: object) -> None:
    assert settings.space(shlex.quote(f"train.seed={written}")) == {"train.seed": chosen_from}


@pytest.mark.parametrize(
    ("override", "changed"),
    [
        # Other images for all, whatever the models are.
        ("split.validation_fraction=0.2", "data model1 model2 model3"),
        ("train.threads=1", "model1 model2 model3"),
        # model1 has 5 of its own in this recipe, the others have these.
        ("train.epochs=10", "model1"),
        # Of a recipe that is not chosen.
        ("recipes.fast.epochs=3", ""),
    ],
)
def test_what_trials_share_is_computed_once(override: str, changed: str) -> None:
    (data, models), (other_data, others) = (
        settings.units_of(settings.applied(overrides)) for overrides in ([], [override])
    )
    before, after = {"data": data, **models}, {"data": other_data, **others}
    assert before.keys() == after.keys() == {"data", "model1", "model2", "model3"}
    assert [name for name in after if before[name] != after[name]] == changed.split()
    assert len(set(after.values())) == len(after)


def test_a_name_stands_for_the_commit_and_the_settings_in_any_order() -> None:
    name = settings.name_of("abc", ["a=1", "b=2"])
    assert name == settings.name_of("abc", ["b=2", "a=1"])
    assert name not in [settings.name_of("abd", ["a=1", "b=2"]), settings.name_of("abc", ["a=1"])]


def test_the_help_has_examples_that_hold() -> None:
    text = (ROOT / "tools/sweep/__main__.py").read_text().replace("\\\n", "")
    examples = re.findall(r"make sweep (\w+=.*)", text)
    assert len(examples) == 2
    for example in examples:
        words = dict(word.split("=", 1) for word in shlex.split(example))
        assert settings.grid(words["SET"])
        settings.space(words.get("SEARCH", ""))
