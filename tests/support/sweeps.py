"""A project whose stages are stubs, and Ray clusters, for the tests of ``tools/sweep``.

DVC, Git and Ray are real; what a stage would compute is not. Each stub notes down what it does, in
a folder that the tests read, and waits there where a test asks it to.
"""

import subprocess
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

import psutil
import yaml
from ray.cluster_utils import Cluster

from tests.support.pipeline import TINY_MODELS, clone, environment
from tests.support.processes import free_port, start

STUB = '''
"""Stands for every stage: writes what dvc.yaml says that it writes."""

import json, os, sys, time
from pathlib import Path

import yaml

stage, model = sys.argv[1], (sys.argv[2:] or [""])[0]
stages = yaml.safe_load(Path("dvc.yaml").read_text().replace("${key}", model))["stages"]
models = yaml.safe_load(Path("params.yaml").read_text())["models"]
epochs = models[model]["epochs"] if model else 0


def note(what):
    with Path("PLACE/log").open("a") as file:
        print(what, stage, model, epochs, os.getpid(), file=file)


begun = Path(".checkpoints", f"{model}.begun")
note("resumed" if begun.exists() and stage == "train" else "begun")
if stage == "train":
    begun.parent.mkdir(exist_ok=True)
    begun.touch()
    while Path(f"PLACE/hold-{model}-{epochs}").exists():
        time.sleep(0.05)
    if epochs == 13:
        sys.exit("thirteen epochs bring no luck")
declared = stages[stage].get("do", stages[stage])
outs = [out for kind in ("outs", "plots", "metrics") for out in declared.get(kind, [])]
paths = [out if isinstance(out, str) else next(iter(out)) for out in outs]
if stage == "fetch" and not Path("images/cat/1.png").exists():
    sys.exit("the user's own images are not here")
if stage == "configure":
    paths = [f"models/settings/{name}.json" for name in models]
for path in map(Path, paths):
    path.parent.mkdir(parents=True, exist_ok=True)
    accuracies = {"accuracy": 0.5, "val_accuracy": 1 - 1 / (1 + epochs)}
    path.write_text(json.dumps(models.get(path.stem, {}) | accuracies))
note("ended")
'''


class Stubs:
    """A project of two models with stubs for stages, committed, and what they note down."""

    def __init__(self, folder: Path) -> None:
        """Make the project in *folder*, as a part of a larger repository."""
        self.project = clone(folder / "whole/project")
        (self.project.folder / ".git").rename(folder / "whole/.git")
        self._place = folder / "place"
        self._place.mkdir()
        (self._place / "log").touch()
        (self.project.folder / "stub.py").write_text(STUB.replace("PLACE", str(self._place)))
        file = self.project.folder / "dvc.yaml"
        file.write_text(file.read_text().replace("python -m stages.", "python stub.py "))
        models = {name: {**block, "epochs": 1} for name, block in TINY_MODELS.items()}
        self.project.set_params({"models": models})
        (self.project.folder / "images/cat").mkdir()
        (self.project.folder / "images/cat/1.png").touch()
        self.project.output("dvc", "add", "images/cat")
        self.project.commit("Stubs for stages")

    def notes(self) -> dict[str, list[int]]:
        """Return who began, resumed or ended a stub, the processes' numbers in order.

        The keys are as in ``begun train model1 2``; the number is that of the epochs asked for.
        """
        found = defaultdict(list)
        for line in (self._place / "log").read_text().splitlines():
            note, process = line.rsplit(" ", 1)
            found[note].append(int(process))
        return found

    def hold(self, model: str, epochs: int) -> Path:
        """Keep these trainings waiting until the file that is returned is gone."""
        path = self._place / f"hold-{model}-{epochs}"
        path.touch()
        return path

    def sweep(self, *words: str) -> subprocess.Popen[str]:
        """Start a sweep in a terminal's own process group."""
        return start(self.project, "python", "-m", "tools.sweep", *words)

    def epochs(self) -> list[int]:
        """Return the epochs of model1 in each experiment that the checkout has, in order."""
        listed = self.project.output("git", "for-each-ref", "--format=%(refname)", "refs/exps")
        references = [line for line in listed.split() if "/exec/" not in line]
        shown = [self.project.output("git", "show", f"{one}:./params.yaml") for one in references]
        return sorted(yaml.safe_load(text)["models"]["model1"]["epochs"] for text in shown)


class Nodes:
    """A Ray cluster of processes on this machine: a head without work, and two nodes.

    Each node has one core and a cache folder of its own; *clones* is where they make their clones.
    """

    def __init__(self, folder: Path) -> None:
        """Start it, with its files in *folder*."""
        self._folder = folder
        self.clones = folder / "clones"
        self.clones.mkdir()
        self.client_port = free_port()
        quick = {"health_check_period_ms": 500, "health_check_failure_threshold": 3}
        self.cluster = Cluster()
        self._add(num_cpus=0, ray_client_server_port=self.client_port, _system_config=quick)
        self._add(num_cpus=1)
        self._add(num_cpus=1)

    def _add(self, **settings: Any) -> None:
        cache = self._folder / f"cache-{len(self.cluster.list_all_nodes())}"
        variables = environment(self._folder)
        variables |= {"XDG_CACHE_HOME": str(cache), "TMPDIR": str(self.clones)}
        with warnings.catch_warnings():
            # Ray leaves its logs open.
            warnings.simplefilter("ignore", ResourceWarning)
            self.cluster.add_node(include_dashboard=False, env_vars=variables, **settings)

    def replace_node_of(self, process: int) -> None:
        """Kill all that belongs to the node on which *process* runs, and add another node."""
        started = {one.pid for one in psutil.Process(process).parents()}
        for node in list(self.cluster.worker_nodes):
            if node.all_processes["raylet"][0].process.pid in started:
                self.cluster.remove_node(node, allow_graceful=False)
        self._add(num_cpus=1)
