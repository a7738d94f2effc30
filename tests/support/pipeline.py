"""The project in a throw-away clone, on a few hundred real digits, driven by real DVC.

The digits are scikit-learn's own copy of 1,797 scans, so no test here needs a network.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from filelock import FileLock

from tests import ROOT
from tests.support.settings import put

MODELS = ("model1", "model2", "model3")
# The least there is to train, and to wait for.
TINY_MODELS = {
    "model1": {"architecture": "model1", "filters": [2, 2], "dense": [8]},
    "model2": {"architecture": "model2", "filters": [2, 2], "dense": [8]},
}
STAGE = re.compile(r"^(?:Running stage|Stage) '(\S+)'(:| is cached| didn't change)", re.MULTILINE)
TIME_LIMIT = 300
# To be put before every other folder Python looks for modules in.
HOOKS = Path(__file__).with_name("hooks")


@dataclass(frozen=True)
class Run:
    """What one ``dvc repro`` or ``dvc exp run`` did: the stages' names, and all it printed."""

    ran: set[str]
    cached: set[str]
    skipped: set[str]
    output: str


@dataclass(frozen=True)
class Project:
    """A clone of this project in a folder of its own, and the commands a user types there.

    *home* is the user's home folder, for what programs look up there; null for this user's own.
    """

    folder: Path
    home: Path | None = None

    def command(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Return what a command did, whatever its exit code; its output has both streams.

        *variables* come on top of the environment's.
        """
        return subprocess.run(
            words,
            cwd=self.folder,
            env=environment(self.folder.parent)
            | ({"HOME": str(self.home)} if self.home else {})
            | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=TIME_LIMIT,
        )

    def output(self, *words: str, **variables: str) -> str:
        """Return what a command printed; it must succeed."""
        done = self.command(*words, **variables)
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}"
        return done.stdout

    def run(self, *words: str, succeeds: bool = True, program: str = "dvc") -> Run:
        """Return which stages ``dvc`` with these *words* ran; it must succeed, or must not."""
        done = self.command(program, *words)
        assert (done.returncode == 0) == succeeds, f"{program} {' '.join(words)}\n{done.stdout}"
        return outcome(done.stdout)

    def make(self, *words: str, succeeds: bool = True) -> Run:
        """Return which stages ``make`` with these *words* ran; it must succeed, or must not."""
        venv = borrowed_environment(self.folder.parent / "venv")
        return self.run(f"VENV={venv}", *words, succeeds=succeeds, program="make")

    def commit(self, message: str) -> None:
        """Commit everything that Git does not ignore."""
        self.output("git", "add", "--all")
        self.output("git", "commit", "--quiet", "--message", message)

    def append(self, path: str, text: str) -> None:
        """Add *text* to the end of a file."""
        with (self.folder / path).open("a", encoding="utf-8") as file:
            file.write(text)

    def read_params(self) -> dict[str, Any]:
        """Return the content of params.yaml."""
        params: dict[str, Any] = yaml.safe_load((self.folder / "params.yaml").read_text())
        return params

    def write_params(self, params: dict[str, Any]) -> None:
        """Replace the content of params.yaml."""
        (self.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))

    def set_params(self, values: dict[str, Any]) -> None:
        """Put *values* at dotted places of params.yaml."""
        self.write_params(put(self.read_params(), values))

    def hashes(self) -> dict[str, str]:
        """Return the MD5 that dvc.lock records of each output."""
        stages = yaml.safe_load((self.folder / "dvc.lock").read_text())["stages"]
        return {out["path"]: out["md5"] for s in stages.values() for out in s["outs"]}

    def copy(self, folder: Path) -> "Project":
        """Return a copy of the clone, DVC's cache and outputs included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return replace(self, folder=folder)

    def git_clone(self, folder: Path) -> "Project":
        """Return a clone of what is committed: without DVC's cache and outputs."""
        self.output("git", "clone", "--quiet", str(self.folder), str(folder))
        return replace(self, folder=folder)


def outcome(output: str) -> Run:
    """Return what ``dvc repro`` did, from what it printed."""
    ran, cached, skipped = (
        {name for name, end in STAGE.findall(output) if end == wanted}
        for wanted in (":", " is cached", " didn't change")
    )
    return Run(ran, cached, skipped, output)


def object_in(folder: Path, checksum: str) -> Path:
    """Return the file in a cache or remote, the *folder*, whose content has this MD5."""
    return folder / "files/md5" / checksum[:2] / checksum[2:]


def damage(file: Path, cut: bool = False) -> None:
    """Flip a bit in the middle of a file, or cut it to 1,000 bytes; its mode and times stay.

    So does a disk that fails.
    """
    state, content = file.stat(), bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(content[:1000] if cut else content)
    file.chmod(state.st_mode)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


def environment(temporary: Path) -> dict[str, str]:
    """Return the variables for a command: this interpreter's programs first, no user's settings."""
    # Nor settings of the make that runs the tests.
    others = ("GIT_", "DVC_", "MAKE", "MFLAGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    programs = str(Path(sys.executable).parent)
    return {
        **kept,
        "PATH": os.pathsep.join([programs, kept.get("PATH", os.defpath)]),
        # Wide enough that neither Git nor DVC shortens a line.
        "COLUMNS": "200",
        "XDG_CACHE_HOME": str(temporary / "cache"),
        "DVC_NO_ANALYTICS": "1",
        "DVC_GLOBAL_CONFIG_DIR": str(temporary / "dvc-global"),
        "DVC_SYSTEM_CONFIG_DIR": str(temporary / "dvc-system"),
        "DVC_SITE_CACHE_DIR": str(temporary / "dvc-site"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "Tester" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "tester@example.org" for who in ("AUTHOR", "COMMITTER")},
    }


def borrowed_environment(folder: Path) -> Path:
    """Return *folder*, which make takes for an environment; the programs are those on the path."""
    folder.mkdir(exist_ok=True)
    # These hold what is installed, or else make sets it up anew.
    files = {name: [name] for name in ("remotes", "sweep", "use")} | {"ready": ["base", "dev"]}
    for name, parts in files.items():
        texts = [(ROOT / f"requirements/{part}.txt").read_bytes() for part in parts]
        (folder / f".{name}").write_bytes(b"".join(texts))
    return folder


def clone(folder: Path) -> Project:
    """Return the project as it stands in the working tree, committed in *folder*, nothing run.

    Outputs stay behind, locks included, and no model is exported. params.yaml asks for 500 digits
    in small batches, 200 of them to test on.
    """
    project = Project(folder)
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        source = ROOT / name
        kept = not name.startswith("metrics/") or name == "metrics/replicates/README.md"
        if source.is_file() and source.name != "dvc.lock" and kept:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
    (folder / "tools/export/models.yaml").write_text("export: []\n")
    from sklearn.datasets import load_digits  # noqa: PLC0415 - takes a second

    digits = load_digits()
    # As 28 x 28 images: pixels tripled, two rows of black around.
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    large = np.pad(np.kron(pixels, np.ones((1, 3, 3), np.uint8)), ((0, 0), (2, 2), (2, 2)))
    np.savez(folder / "digits.npz", images=large, labels=digits.target.astype(np.uint8))
    params = project.read_params()
    params["data"] |= {"path": "digits.npz", "limit": 500}
    params["split"] |= {"test_fraction": 0.4, "validation_fraction": 0}
    params["train"] |= {"recipe": "notebook", "epochs": None, "batch_size": 50}
    # 70 steps are too few for running statistics that keep 99 % of themselves at each.
    params["recipes"]["notebook"] |= {"epochs": 10, "batch_norm_momentum": 0.9}
    params["recipes"]["notebook"]["models"]["model1"] = {"epochs": 5}
    params["models"] = {name: params["models"][name] for name in MODELS}
    project.write_params(params)
    project.output("git", "init", "--quiet", "--initial-branch=main")
    project.commit("The project, on a few hundred digits")
    return project


def shared(factory: pytest.TempPathFactory, name: str, build: Callable[[Project], None]) -> Project:
    """Return the clone that the first of all test processes to ask for it has built."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    place = folder / name
    with FileLock(folder / f"{name}.lock"):
        if not (place / "built").exists():
            build(clone(place / "project"))
            (place / "built").touch()
    return Project(place / "project")


def finish(project: Project) -> None:
    """Run the pipeline, note what each stage opens, and commit the results."""
    place = project.folder.parent / "opened"
    place.mkdir()
    printed = project.output("dvc", "repro", PYTHONPATH=str(HOOKS), OPENED=str(place))
    assert len(outcome(printed).ran) == 5 + 2 * len(MODELS), printed
    project.commit("The pipeline's results")


def train_tiny_models(project: Project) -> None:
    """Train :data:`TINY_MODELS` side by side, and commit the results."""
    project.set_params({"train.epochs": 1, "models": TINY_MODELS})
    borrowed_environment(project.folder / ".venv")
    project.commit("Two tiny models")
    project.output("make", "repro", "JOBS=2")
    project.commit("Their results")


def train_on_mnist(project: Project) -> None:
    """Train two models of MNIST with ``fast``, if MNIST is to be had."""
    shutil.copy(ROOT / "params.yaml", project.folder)
    params = project.read_params()
    # OpenML would only send the same, and a test is not to load it.
    params["data"]["sources"] = ["pypi", "keras"]
    params["train"]["recipe"] = "fast"
    del params["models"]["model3"]
    project.write_params(params)
    if project.command("dvc", "repro", "preprocess").returncode == 0:
        project.output("dvc", "repro")
