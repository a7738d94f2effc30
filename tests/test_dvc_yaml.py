"""What dvc.yaml says, compared with the code; no stage is run."""

import subprocess

import grimp
import pytest

from stages.params import OWN
from tests import ROOT
from tests.support import declared
from tests.support.declared import Stage
from tests.support.pipeline import MODELS

PARAMS = declared.read("params.yaml")
STAGES = declared.stages()
GRAPH = grimp.build_graph("stages", cache_dir=None)


def code_of(stage: Stage) -> set[str]:
    """Return the files and folders of code that *stage* runs, as dvc.yaml should list them."""
    module, *model = stage.command.split()[2:]
    if module == "stages.report":
        # The page has the hashes of all code.
        return {"stages"}
    reached = {module, *GRAPH.find_upstream_modules(module, as_package=True)}
    code = {"stages/__init__.py"}
    for name in {name.split(".")[1] for name in reached}:
        code.add(f"stages/{name}" if (ROOT / "stages" / name).is_dir() else f"stages/{name}.py")
    if module == "stages.configure":
        # It reads their source.
        code.add("stages/architectures")
    if module in {"stages.train", "stages.evaluate"}:
        # Found by its name, or in the model's file.
        architecture = PARAMS["models"][model[0]]["architecture"]
        code |= {f"stages/architectures/{name}.py" for name in ("__init__", architecture)}
    return code


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_depends_on_its_folder_and_on_what_that_imports(stage: Stage) -> None:
    assert {dep for dep in stage.deps if dep.partition("/")[0] == "stages"} == code_of(stage)


def test_fetch_depends_on_what_stands_at_data_path() -> None:
    assert PARAMS["data"]["path"] == str(OWN)
    (fetch,) = (stage for stage in STAGES if stage.name == "fetch")
    assert {dep for dep in fetch.deps if not dep.startswith("stages/")} == {"images/"}


def test_a_model_can_be_found_by_name() -> None:
    found = {name: entry["path"] for name, entry in declared.read("dvc.yaml")["artifacts"].items()}
    # Those of the notebook at least: a model that someone adds is trained without an entry.
    assert found.keys() >= {*MODELS}
    assert found == {name: f"models/{name}.keras" for name in PARAMS["models"] if name in found}


def test_git_ignores_what_the_cache_holds_and_nothing_else() -> None:
    outs = {path: cached for stage in STAGES for path, cached in stage.outs.items()}
    command = ["git", "check-ignore", "--no-index", *outs]
    ignored = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert ignored.splitlines() == [path for path, cached in outs.items() if cached]
