"""How TensorFlow is started: with oneDNN, with the threads asked for, in little time."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests import ROOT

ON_X86_64_LINUX = (sys.platform, platform.machine()) == ("linux", "x86_64")


def printed(script: str, *words: str, before: Callable[[], None] | None = None) -> list[str]:
    """Return the lines that a process prints whose user has not chosen for or against oneDNN."""
    others = {key: value for key, value in os.environ.items() if key != "TF_ENABLE_ONEDNN_OPTS"}
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=ROOT,
        env=others,
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=before,
    )
    return done.stdout.splitlines()


STARTED = """
import gc, sys
from stages.backend import make_repeatable, tf
print([name for name in ("pandas", "sklearn") if name in sys.modules], gc.isenabled())
import pandas, sklearn
from tensorflow.python.framework.config import is_op_determinism_enabled
from stages.train import machine
print(machine.describe()["cores"], machine.describe()["threads"], machine.onednn())
make_repeatable(0, 3)
threading = tf.config.threading
print(threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads())
print(machine.describe()["threads"], is_op_determinism_enabled())
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_a_process_takes_the_cores_it_may_use_then_the_threads_it_is_given() -> None:
    first = min(os.sched_getaffinity(0))
    assert printed(STARTED, before=lambda: os.sched_setaffinity(0, {first})) == [
        # Keras imports neither only because it is there; others can, and garbage is looked for.
        "[] True",
        f"1 1 {ON_X86_64_LINUX}",
        "3 3",
        "3 True",
    ]


# Says what is set when Keras or TensorFlow is about to be imported, and goes no further.
FIRST_IMPORTS = """
import importlib, os, sys
class Reached(BaseException):
    pass
class Finder:
    @staticmethod
    def find_spec(name, *_):
        if name in ("keras", "tensorflow"):
            raise Reached(name)
sys.meta_path.insert(0, Finder)
for name in sys.argv[1:]:
    os.environ.pop("TF_ENABLE_ONEDNN_OPTS", None)
    for loaded in set(sys.modules):
        if loaded.partition(".")[0] in ("stages", "tools", "benchmarks"):
            del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except Reached:
        print(name, os.environ.get("TF_ENABLE_ONEDNN_OPTS"))
"""


@pytest.mark.skipif(not ON_X86_64_LINUX, reason="TensorFlow decides here")
def test_onednn_is_on_before_anything_of_ours_imports_tensorflow() -> None:
    modules = [
        *sorted(f"stages.train.{path.stem}" for path in (ROOT / "stages/train").glob("[a-z]*.py")),
        *("stages.train.__main__", "stages.evaluate.__main__", "tools.predict.models"),
    ]
    reached = printed(FIRST_IMPORTS, *modules)
    assert {line.split()[1] for line in reached} == {"1"}
    assert "stages.train.__main__ 1" in reached


@pytest.mark.skipif(not ON_X86_64_LINUX, reason="TensorFlow decides here")
def test_onednn_is_off_where_the_user_turned_it_off() -> None:
    script = (
        "import os; os.environ['TF_ENABLE_ONEDNN_OPTS'] = '0'; import stages.backend; "
        "from stages.train import machine; print(machine.onednn())"
    )
    assert printed(script) == ["False"]
