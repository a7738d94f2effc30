"""How TensorFlow is started: with oneDNN, and with the threads asked for."""

import os
import platform
import subprocess
import sys

import pytest

from tests import ROOT

ON_X86_64_LINUX = (sys.platform, platform.machine()) == ("linux", "x86_64")
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
    # Whoever runs this test may have chosen for or against oneDNN.
    others = {key: value for key, value in os.environ.items() if key != "TF_ENABLE_ONEDNN_OPTS"}
    command = [sys.executable, "-c", STARTED]
    for chosen, onednn in (({}, ON_X86_64_LINUX), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, False)):
        printed = subprocess.check_output(command, cwd=ROOT, env=others | chosen, text=True)
        assert printed.splitlines() == [f"1 1 {onednn}", "3 3", "3 True"]
