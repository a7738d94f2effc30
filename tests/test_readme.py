"""What the README says is so."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests import ROOT
from tools.readme import README, filled

TEXT = README.read_text(encoding="utf-8")
# What the README names that is there only after a run.
WRITTEN = ("data/", "models/", "metrics/", "logs", ".checkpoints", ".venv", ".dvc/tmp")


def test_its_numbers_are_those_of_the_files() -> None:
    assert filled(TEXT) == TEXT


def test_filling_changes_a_number_that_is_wrong() -> None:
    wrong = re.sub(r"\d\d\.\d\d to", "12.34 to", TEXT, count=1)
    assert wrong != TEXT
    assert filled(wrong) == TEXT


def test_its_make_targets_are_in_the_makefile() -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", TEXT, re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"repro", "test"} <= named <= targets


def test_its_two_commands_stand_in_the_first_screen() -> None:
    first_screen = "\n".join(TEXT.splitlines()[:40])
    assert "make repro" in first_screen
    assert "make test" in first_screen


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`([a-z.]+/[\w./-]*|[\w.-]+\.(?:yaml|lock|md|toml))`", TEXT)))
)
def test_a_file_it_names_is_there(path: str) -> None:
    assert path.startswith(WRITTEN) or (ROOT / path).exists()


@pytest.mark.parametrize("key", sorted(set(re.findall(r"`((?:data|split|train)\.\w+)", TEXT))))
def test_a_parameter_it_names_is_there(key: str) -> None:
    section, name = key.split(".")
    assert name in yaml.safe_load((ROOT / "params.yaml").read_text())[section]


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"^(dvc(?: [a-z]+){1,2})", TEXT, re.MULTILINE)))
)
def test_a_dvc_command_it_names_exists(command: str) -> None:
    dvc = Path(sys.executable).parent / "dvc"
    words = [str(dvc), *command.split()[1:], "--help"]
    assert subprocess.run(words, capture_output=True, check=False).returncode == 0
