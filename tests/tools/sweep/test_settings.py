"""What a sweep tries: DVC's own grids, Optuna's distributions, and the work that trials share."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages.common.errors import StageError
from tests import ROOT
from tests.support import pipeline
from tests.support.pipeline import Project

optuna = pytest.importorskip("optuna", reason="not installed: make .venv/.sweep")

from optuna.distributions import (  # noqa: E402 - if it is there
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from tools.sweep import settings  # noqa: E402


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read this project's params.yaml, wherever the tests are run from."""
    monkeypatch.chdir(ROOT)


def test_a_grid_has_the_trials_that_dvc_queues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["train.seed=range(1,4)", "models.model1.dense=[128,64],null", "data.dataset='a b'"]
    words.append("+models.model2.epochs=choice(3)")
    project = pipeline.clone(tmp_path / "project")
    sets = [word for one in words for word in ("-S", one)]
    project.output("dvc", "exp", "run", "--queue", *sets)
    queued = project.output("git", "reflog", "--format=%H", "refs/exps/celery/stash").split()
    wanted = [yaml.safe_load(project.output("git", "show", f"{one}:params.yaml")) for one in queued]
    assert len(wanted) == 3 * 2
    monkeypatch.chdir(project.folder)
    found = [settings.applied(trial) for trial in settings.grid(words)]
    assert sorted(found, key=repr) == sorted(wanted, key=repr)


def test_what_is_asked_for_twice_is_tried_once() -> None:
    assert settings.grid(["train.seed=1,0,1"]) == [["train.seed=1"], ["train.seed=0"]]
    assert settings.grid([]) == [[]]


SET = "write key=value, key=a,b or key=range(from,to), without spaces"
SEARCH = (
    "write key=log(from,to), key=interval(from,to), key=range(from,to) or key=a,b, without spaces"
)


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("train.seed=range(5,0)", f"has nothing in it; {SET}"),
        ("train.seed=range(0,5,0)", f"is no range (range() arg 3 must not be zero); {SET}"),
        ("train.seed", f"is no setting; {SET}"),
        ("train.seed=range(0,", f"is no setting; {SET}"),
        ("train.seed=1,", f"is no setting; {SET}"),
        ("train.seed=interval(0,1)", f"is no list of values; {SET}"),
        ("train.seed=glob(*)", f"is no list of values; {SET}"),
        (
            "train.sed=1",
            "params.yaml: train: unknown key 'sed'; did you mean 'seed'? (valid: batch_size, "
            "epochs, learning_rate, precision, recipe, seed, threads)",
        ),
        (
            "~trian.seed",
            "params.yaml: unknown key 'trian'; did you mean 'train'? "
            "(valid: data, models, recipes, split, train)",
        ),
        ("train.seed.x=1", "params.yaml: train: seed is no block of keys"),
        ("+a.b=1", "params.yaml: unknown section 'a' (valid: data, models, recipes, split, train)"),
    ],
)
def test_what_is_no_grid_is_told_in_one_line(word: str, problem: str) -> None:
    with pytest.raises(StageError) as error:
        list(map(settings.applied, settings.grid([word])))
    assert str(error.value).replace("=null", "") == f"SET: {word}: {problem}"


@pytest.mark.parametrize(
    ("value", "distribution"),
    [
        # Both ends are in.
        ("log(0.001,0.03)", FloatDistribution(0.001, 0.03, log=True)),
        ("log(1,10)", FloatDistribution(1, 10, log=True)),
        ("int(log(16,1024))", IntDistribution(16, 1024, log=True)),
        ("interval(0,5)", FloatDistribution(0, 5)),
        ("int(interval(1,5))", IntDistribution(1, 5)),
        # The last is out.
        ("range(1,9)", IntDistribution(1, 8)),
        ("range(1,8,3)", IntDistribution(1, 7, step=3)),
        ("range(1,7,3)", IntDistribution(1, 4, step=3)),
        ("range(9,0,-3)", IntDistribution(3, 9, step=3)),
        ("range(0,1,0.25)", FloatDistribution(0, 0.75, step=0.25)),
        ("range(1,0,-0.3)", FloatDistribution(0.1, 1, step=0.3)),
        ("64,128,64", CategoricalDistribution(["64", "128"])),
        ("[128,64],null,'a b'", CategoricalDistribution(["[128,64]", "null", "'a b'"])),
    ],
)
def test_a_search_chooses_from_what_is_written(value: str, distribution: Any) -> None:
    assert settings.space([f"train.seed={value}"]) == {"train.seed": distribution}


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("train.seed=3", f"is one value alone, which belongs into SET; {SEARCH}"),
        ("train.seed=log(0,1)", f"does not start above 0, so it has no logarithm; {SEARCH}"),
        ("train.seed=log(2,1)", f"does not end above where it starts; {SEARCH}"),
        ("train.seed=interval(1,1)", f"does not end above where it starts; {SEARCH}"),
        (
            "train.seed=log(a,1)",
            f"is no setting (could not convert string to float: 'a'); {SEARCH}",
        ),
        ("train.seed=range(5,5)", f"has nothing in it; {SEARCH}"),
        ("train.seed=glob(*)", f"is no list of values; {SEARCH}"),
        ("log(1,2)", f"is no setting; {SEARCH}"),
        (
            "models.model4.epochs=1,2",
            "params.yaml: models: unknown key 'model4'; did you mean 'model3'? "
            "(valid: model1, model2, model3)",
        ),
    ],
)
def test_what_nothing_can_be_searched_from_is_told_in_one_line(word: str, problem: str) -> None:
    with pytest.raises(StageError) as error:
        settings.space([word])
    # Of a key, any value is tried.
    assert re.sub(r"=0: ", "=1,2: ", str(error.value)) == f"SEARCH: {word}: {problem}"


def test_quotes_are_a_shells_and_one_that_stays_open_is_told() -> None:
    assert settings.words_of("a='b c' d", "SET") == ["a=b c", "d"]
    with pytest.raises(StageError, match=r"^SEARCH: a='b: no closing quotation$"):
        settings.words_of("a='b", "SEARCH")


@pytest.mark.parametrize(
    ("override", "changed"),
    [
        # Other images for all, whatever the models are.
        ("data.limit=100", {"data", "model1", "model2", "model3"}),
        ("data.dataset=fashion_mnist", {"data", "model1", "model2", "model3"}),
        ("split.seed=1", {"data", "model1", "model2", "model3"}),
        ("split.validation_fraction=0.2", {"data", "model1", "model2", "model3"}),
        ("train.seed=1", {"model1", "model2", "model3"}),
        ("train.threads=1", {"model1", "model2", "model3"}),
        ("models.model2.dense=[8]", {"model2"}),
        ("+models.model3.epochs=3", {"model3"}),
        ("recipes.notebook.models.model1.epochs=3", {"model1"}),
        # model1 has 5 of its own in this recipe, the others have these.
        ("train.epochs=10", {"model1"}),
        # Of a recipe that is not chosen.
        ("recipes.fast.epochs=3", set()),
    ],
)
def test_what_trials_share_is_computed_once(override: str, changed: set[str]) -> None:
    def units(overrides: list[str]) -> dict[str, str]:
        data, models = settings.units_of(settings.applied(overrides))
        return {"data": data, **models}

    before, after = units([]), units([override])
    assert before.keys() == after.keys() == {"data", "model1", "model2", "model3"}
    assert {name for name in after if before[name] != after[name]} == changed
    assert len(set(after.values())) == len(after)


def test_settings_that_are_wrong_share_no_model() -> None:
    wrong = settings.applied(["models.model1.filters=[0]"])
    assert settings.units_of(wrong) == (settings.units_of(settings.applied([]))[0], {})


def test_a_name_stands_for_the_commit_and_the_settings_in_any_order() -> None:
    name = settings.name_of("abc", ["a=1", "b=2"])
    assert re.fullmatch(r"sweep-[0-9a-f]{10}", name)
    assert name == settings.name_of("abc", ["b=2", "a=1"])
    others = [("abd", ["a=1", "b=2"]), ("abc", ["a=1", "b=3"]), ("abc", ["a=1"])]
    assert len({name, *(settings.name_of(*other) for other in others)}) == 4


@pytest.fixture
def echoing(tmp_path: Path) -> Project:
    """Return a folder with the Makefile and an environment whose Python prints its words."""
    (tmp_path / "venv/bin").mkdir(parents=True)
    for name in (".ready", ".sweep", ".plots"):
        (tmp_path / "venv" / name).touch()
    python = tmp_path / "venv/bin/python"
    python.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    python.chmod(0o755)
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    return Project(tmp_path)


def test_make_hands_every_word_on_as_it_is(echoing: Project) -> None:
    words = "train.seed=range(0,3) data.dataset='a  b' `touch x` ;touch x; \"*\" #"
    printed = echoing.output(
        *("make", "VENV=venv", "sweep", f"SET={words}", "SEARCH=a=log(1,2)", "TRIALS=3"),
        *("CORES=2", "ADDRESS=ray://a:1", "REMOTE=s3://a b", "GIT=ssh://a", "CHECKPOINTS=/a"),
    )
    wanted = ["-m", "tools.sweep", "--search", "a=log(1,2)", "--trials", "3", "--set", words]
    wanted += ["--cores", "2", "--address", "ray://a:1", "--remote", "s3://a b"]
    wanted += ["--git", "ssh://a", "--checkpoints", "/a"]
    assert printed.splitlines() == wanted
    assert not (echoing.folder / "x").exists()


def test_the_help_has_examples_that_hold() -> None:
    from tools.sweep.__main__ import __doc__ as text  # noqa: PLC0415 - not everyone has Ray

    examples = str(text).replace("\\\n", "").split("make sweep ")[1:]
    assert len(examples) == 2
    for example in examples:
        words = dict(word.split("=", 1) for word in shlex.split(example.split("\n")[0]))
        assert settings.grid(settings.words_of(words["SET"], "SET"))
        settings.space(settings.words_of(words.get("SEARCH", ""), "SEARCH"))
