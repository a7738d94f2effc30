"""How TensorFlow is started: with oneDNN, and with the threads asked for."""

import os
import platform
import subprocess
import sys

import pytest

from tests import ROOT

ON_X86_64_LINUX = (sys.platform, platform.machine()) == ("linux", "x86_64")


def printed(script: str, *words: str, **environment: str) -> list[str]:
    """Return the lines that a process prints whose user has not chosen for or against oneDNN."""
    others = {key: value for key, value in os.environ.items() if key != "TF_ENABLE_ONEDNN_OPTS"}
    command = [sys.executable, "-c", script, *words]
    done = subprocess.run(
        command, cwd=ROOT, env=others | environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.splitlines()


STARTED = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from stages.backend import make_repeatable, tf
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
    assert printed(STARTED) == [f"1 1 {ON_X86_64_LINUX}", "3 3", "3 True"]


# Says what is set when Keras or TensorFlow is about to be imported, and goes no further.
FIRST_IMPORT = """
import os, sys
class Finder:
    @staticmethod
    def find_spec(name, *_):
        if name in ("keras", "tensorflow"):
            print(os.environ.get("TF_ENABLE_ONEDNN_OPTS"), flush=True)
            os._exit(0)
sys.meta_path.insert(0, Finder)
__import__(sys.argv[1])
"""


@pytest.mark.skipif(not ON_X86_64_LINUX, reason="TensorFlow decides here")
@pytest.mark.parametrize(
    "module", ["stages.train.__main__", "stages.evaluate.__main__", "tools.predict.models"]
)
def test_onednn_is_on_before_tensorflow_is_imported_unless_the_user_turned_it_off(
    module: str,
) -> None:
    assert printed(FIRST_IMPORT, module) == ["1"]
    assert printed(FIRST_IMPORT, module, TF_ENABLE_ONEDNN_OPTS="0") == ["0"]
