"""A project whose stages are stubs, and Ray clusters, for the tests of ``tools/sweep``.

DVC, Git and Ray are real; what a stage would compute is not. Each stub notes down what it does, in
a folder that the tests read, and waits there where a test asks it to.
"""

import os
import subprocess
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.support.pipeline import TINY_MODELS, Project, clone, environment
from tests.support.processes import TIME_LIMIT, start
from tests.support.servers import free_port

takes_minutes = pytest.mark.skipif("SWEEPS" not in os.environ, reason="run by `make test-sweeps`")

# What a sweep says last after Ctrl-C. Not imported: without Ray its program cannot be.
INTERRUPTED = "interrupted: what is finished is kept; the same command again goes on"

STUB = '''
"""Stands for every stage: writes what dvc.yaml says that it writes."""

import json, os, sys, time
from pathlib import Path

import yaml

PLACE = Path({place!r})
stage, model = sys.argv[1], (sys.argv[2:] or [""])[0]
stages = yaml.safe_load(Path("dvc.yaml").read_text().replace("${{key}}", model))["stages"]
models = yaml.safe_load(Path("params.yaml").read_text())["models"]
declared = stages[stage].get("do", stages[stage])
outs = [out for kind in ("outs", "plots", "metrics") for out in declared.get(kind, [])]
written = {{out if isinstance(out, str) else next(iter(out)): "{{}}" for out in outs}}
epochs = models[model].get("epochs", 1) if model else 0


def note(what):
    with (PLACE / "log").open("a") as file:
        file.write(f"{{what}} {{stage}} {{model}} {{epochs}} {{os.getpid()}}\\n")


begun = Path(".checkpoints") / f"{{model}}.begun"
note("resumed" if begun.exists() and stage == "train" else "begun")
if stage == "configure":
    written = {{f"models/settings/{{name}}.json": json.dumps(models[name]) for name in models}}
elif stage == "train":
    begun.parent.mkdir(exist_ok=True)
    begun.touch()
    while (PLACE / f"hold-{{model}}-{{epochs}}").exists():
        time.sleep(0.05)
    if epochs == 13:
        sys.exit("thirteen epochs bring no luck")
    written[f"models/{{model}}.keras"] = str(models[model])
    written[f"metrics/train/{{model}}.json"] = json.dumps(dict(val_accuracy=1 - 1 / (1 + epochs)))
elif stage == "evaluate":
    written[f"metrics/evaluate/{{model}}.json"] = json.dumps(dict(accuracy=0.5))
for path, text in written.items():
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
note("ended")
'''


@dataclass(frozen=True)
class Stubs:
    """A *project* with stubs for stages, and the folder they note down in."""

    project: Project
    place: Path

    def notes(self) -> Counter[str]:
        """Return how often each stub was begun, resumed or ended, as in ``begun train model1 2``.

        The number is that of the epochs asked for.
        """
        return Counter(line.rsplit(" ", 1)[0] for line in self._lines())

    def last_process(self, note: str) -> int:
        """Return the number of the process that was the last to write this note."""
        return int([line for line in self._lines() if line.startswith(f"{note} ")][-1].split()[-1])

    def _lines(self) -> list[str]:
        log = self.place / "log"
        return log.read_text().splitlines() if log.exists() else []

    def hold(self, model: str, epochs: int) -> Path:
        """Keep these trainings waiting until the file that is returned is gone."""
        path = self.place / f"hold-{model}-{epochs}"
        path.touch()
        return path

    def sweep(self, *words: str) -> subprocess.Popen[str]:
        """Start a sweep in a terminal's own process group."""
        # Of a head that is gone; Ray would look for it for half a minute.
        patience = {"RAY_CLIENT_RECONNECT_GRACE_PERIOD": "3"}
        return start(self.project, "python", "-m", "tools.sweep", *words, variables=patience)

    def epochs(self) -> list[int]:
        """Return the epochs of model1 in each experiment that the checkout has, in order."""
        listed = self.project.output("git", "for-each-ref", "--format=%(refname)", "refs/exps")
        references = [line for line in listed.split() if "/exec/" not in line]
        shown = [self.project.output("git", "show", f"{one}:params.yaml") for one in references]
        return sorted(yaml.safe_load(text)["models"]["model1"]["epochs"] for text in shown)


def stubs(folder: Path) -> Stubs:
    """Return the project with stubs for stages, committed; two models."""
    project = clone(folder / "project")
    found = Stubs(project, folder / "place")
    found.place.mkdir()
    (project.folder / "stub.py").write_text(STUB.format(place=str(found.place)))
    file = project.folder / "dvc.yaml"
    file.write_text(file.read_text().replace("python -m stages.", "python stub.py "))
    params = project.read_params()
    params["models"] = {name: {**block, "epochs": 1} for name, block in TINY_MODELS.items()}
    project.write_params(params)
    project.commit("Stubs for stages")
    return found


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for *process*; return its exit code and what it printed."""
    output, _ = process.communicate(timeout=TIME_LIMIT)
    return process.returncode, output


def worker_of(process: int) -> int:
    """Return the number of Ray's worker that started *process*."""
    started = psutil.Process(process).parents()
    return next(one.pid for one in started if one.cmdline()[0].startswith("ray::"))


class Nodes:
    """A Ray cluster of processes on this machine: a head without work, and two nodes.

    Each node has one core and a cache folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        from ray.cluster_utils import Cluster  # noqa: PLC0415 - not everyone has Ray

        self._folder = folder
        # Where the nodes make their clones.
        self.clones = folder / "clones"
        self.clones.mkdir()
        self.client_port = free_port()
        quick = {"health_check_period_ms": 500, "health_check_failure_threshold": 3}
        self._cluster = Cluster()
        self._add(num_cpus=0, ray_client_server_port=self.client_port, _system_config=quick)
        self._nodes = [self._add(num_cpus=1) for _ in range(2)]
        self.address = self._cluster.address

    def _add(self, **settings: Any) -> Any:
        cache = self._folder / f"cache-{len(self._cluster.list_all_nodes())}"
        variables = environment(self._folder)
        variables |= {"XDG_CACHE_HOME": str(cache), "TMPDIR": str(self.clones)}
        with warnings.catch_warnings():
            # Ray leaves its logs open.
            warnings.simplefilter("ignore", ResourceWarning)
            return self._cluster.add_node(include_dashboard=False, env_vars=variables, **settings)

    def remove_node_of(self, process: int) -> None:
        """Kill all that belongs to the node on which *process* runs, and add another node."""
        started = {one.pid for one in psutil.Process(process).parents()}
        for node in self._nodes:
            if node.all_processes["raylet"][0].process.pid in started:
                self._nodes.remove(node)
                self._cluster.remove_node(node, allow_graceful=False)
                self._nodes.append(self._add(num_cpus=1))
                return
        raise AssertionError("it runs on none of the nodes")

    def remove_head(self) -> None:
        """Kill all that belongs to the head."""
        self._cluster.remove_node(self._cluster.head_node, allow_graceful=False)

    def stop(self) -> None:
        """End all of it."""
        self._cluster.shutdown()
