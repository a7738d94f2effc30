"""What dvc.yaml says, compared with the code; no DVC is run."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import declared
from tests.declared import Stage
from tests.imports import PACKAGE, ROOT, closure, differences, packages_of_others
from tests.pipeline import MODELS

PARAMS = declared.read("params.yaml")
ARTIFACTS = declared.read("dvc.yaml")["artifacts"]
TEMPLATES = declared.templates()
STAGES = declared.stages(PARAMS)
WITHOUT_TENSORFLOW = ("fetch", "preprocess", "configure", "compare")


def named(stage: Stage) -> str:
    return stage.name


@pytest.mark.parametrize("stage", TEMPLATES, ids=named)
def test_deps_are_what_the_stage_imports(stage: Stage) -> None:
    assert not differences(stage.module, stage.deps)


def test_every_module_belongs_to_a_stage() -> None:
    used = set().union(*(closure(stage.module) for stage in TEMPLATES))
    folders = {Path(entry).parent for entry in used if entry.endswith("*.py")}
    files = {path.relative_to(ROOT) for path in (ROOT / PACKAGE).rglob("*.py")}
    assert {str(f) for f in files if str(f) not in used and f.parent not in folders} == set()


@pytest.mark.parametrize("name", WITHOUT_TENSORFLOW)
def test_nothing_the_stage_imports_imports_tensorflow(name: str) -> None:
    assert not {"tensorflow", "keras"} & packages_of_others(f"{PACKAGE}.{name}")


def test_tensorflow_is_not_loaded_with_these_stages() -> None:
    modules = ", ".join(f"{PACKAGE}.{name}" for name in WITHOUT_TENSORFLOW)
    code = f"import sys, {modules}; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


@pytest.mark.parametrize("model", PARAMS["models"])
def test_each_model_has_an_architecture(model: str) -> None:
    architecture = PARAMS["models"][model]["architecture"]
    assert (ROOT / PACKAGE / "architectures" / f"{architecture}.py").is_file()


def test_each_model_can_be_found_by_name() -> None:
    # Those of the notebook: a model that someone adds needs no entry to be trained.
    assert set(MODELS) <= set(ARTIFACTS)


@pytest.mark.parametrize("name", ARTIFACTS)
def test_a_name_leads_to_a_model_that_is_trained(name: str) -> None:
    artifact = ARTIFACTS[name]
    assert name in PARAMS["models"]
    assert (artifact["path"], artifact["type"]) == (f"models/{name}.keras", "model")
    assert artifact["desc"]
    assert artifact["labels"]


@pytest.mark.parametrize("stage", TEMPLATES, ids=named)
def test_each_stage_is_described(stage: Stage) -> None:
    assert stage.description


@pytest.mark.parametrize("stage", STAGES, ids=named)
def test_each_parameter_of_a_stage_exists(stage: Stage) -> None:
    for key in stage.params:
        block: Any = PARAMS
        for part in key.split("."):
            assert part in block, f"params.yaml has no {key}"
            block = block[part]


@pytest.mark.parametrize("stage", STAGES, ids=named)
def test_git_ignores_what_the_cache_holds_and_nothing_else(stage: Stage) -> None:
    for path, cached in stage.outs.items():
        command = ["git", "check-ignore", "--quiet", "--no-index", path]
        ignored = subprocess.run(command, cwd=ROOT, check=False).returncode == 0
        assert ignored == cached, f"{path}: in DVC's cache {cached}, ignored by Git {ignored}"


@pytest.mark.parametrize("stage", STAGES, ids=named)
def test_each_other_dep_is_written_by_another_stage(stage: Stage) -> None:
    written = [Path(path) for other in STAGES if other != stage for path in other.outs]
    for dep in stage.deps:
        if not dep.startswith(f"{PACKAGE}/"):
            assert any(Path(dep) in (path, path.parent) for path in written), dep


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a folder with a package of known imports."""
    files = {
        "stages/__init__.py": "",
        "stages/run.py": "def later():\n    from stages.helper import help_me\n",
        "stages/helper.py": "import numpy.linalg\n",
        "stages/stray.py": "",
        "stages/pick.py": "import importlib\nfrom stages import kinds\n"
        "def by_name(name):\n    importlib.import_module(f'{kinds.__name__}.{name}')\n",
        "stages/literal.py": "import importlib\n"
        "def by_name(name):\n    importlib.import_module(f'stages.kinds.{name}')\n",
        "stages/anything.py": "import importlib\n"
        "def by_name(name):\n    importlib.import_module(name)\n",
        "stages/kinds/__init__.py": "",
        "stages/kinds/one.py": "import keras",
        "stages/kinds/two.py": "import stages.helper as helper",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


RUN = ["stages/__init__.py", "stages/run.py", "stages/helper.py"]
PICK = ["stages/__init__.py", "stages/pick.py", "stages/helper.py"]


def test_a_right_list_has_no_differences(package: Path) -> None:
    assert not differences("stages.run", [*RUN, "data/raw"], package)


def test_an_import_that_is_not_listed_is_named(package: Path) -> None:
    found = differences("stages.run", RUN[:2], package)
    assert found == ["stages/helper.py is imported but not listed"]


@pytest.mark.parametrize("dep", ["stages/stray.py", "stages/nowhere.py", "stages/kinds"])
def test_a_dep_that_is_not_imported_is_named(package: Path, dep: str) -> None:
    assert differences("stages.run", [*RUN, dep], package) == [f"{dep} is listed but not imported"]


@pytest.mark.parametrize(
    "deps", [["stages/kinds"], ["stages/kinds/__init__.py", "stages/kinds/*.py"]]
)
def test_a_module_chosen_by_name_stands_for_its_package(package: Path, deps: list[str]) -> None:
    assert not differences("stages.pick", [*PICK, *deps], package)
    found = differences("stages.pick", [*PICK, *deps[:-1]], package)
    assert "stages/kinds/*.py is imported but not listed" in found


def test_listing_each_choice_is_not_enough(package: Path) -> None:
    choices = [f"stages/kinds/{name}.py" for name in ("__init__", "one", "two")]
    assert differences("stages.pick", [*PICK, *choices], package) == [
        "stages/kinds/*.py is imported but not listed",
        "stages/kinds/one.py is listed but not imported",
        "stages/kinds/two.py is listed but not imported",
    ]


def test_a_package_may_be_named_in_full(package: Path) -> None:
    assert closure("stages.literal", package) - {"stages/literal.py"} == {
        "stages/__init__.py", "stages/helper.py", "stages/kinds/__init__.py", "stages/kinds/*.py",
    }  # fmt: skip


def test_an_import_of_anything_is_refused(package: Path) -> None:
    with pytest.raises(AssertionError, match=r"anything\.py:3: which module"):
        closure("stages.anything", package)


def test_packages_of_others_are_found_behind_every_import(package: Path) -> None:
    assert packages_of_others("stages.run", package) == {"numpy"}
    assert packages_of_others("stages.pick", package) == {"importlib", "keras", "numpy"}
