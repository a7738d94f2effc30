"""What is recorded of the machine a model was trained on."""

import os
import platform
from pathlib import Path

import keras
import numpy as np

from stages.train.machine import cpuinfo, describe


def test_the_processor_is_the_first_model_name_that_linux_gives(tmp_path: Path) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(
        "processor\t: 0\nmodel\t\t: 2\nmodel name\t: Some CPU @ 3 GHz\nflags\t\t: fpu\n"
        "processor\t: 1\nmodel name\t: Another\n"
    )
    assert cpuinfo("model name", path) == "Some CPU @ 3 GHz"


def test_without_linux_nothing_is_said(tmp_path: Path) -> None:
    assert cpuinfo("model name", tmp_path / "none") == ""


def test_versions_and_cores_are_those_in_use() -> None:
    found = describe()
    assert found["keras"] == keras.__version__
    assert found["numpy"] == np.__version__
    assert found["python"] == platform.python_version()
    assert found["cores"] == os.cpu_count()
    assert found["threads"] >= 1
