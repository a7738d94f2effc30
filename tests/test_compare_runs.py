"""The comparison of two runs: a changed byte or number is found, a changed time is not told."""

import csv
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests import pipeline
from tests.pipeline import MODELS, Project
from tools.compare_runs import Results, differences, machine_differences, rendered_md5

TABLE = "metrics/comparison.csv"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the finished clone, to read only."""
    return pipeline.finished(tmp_path_factory)


def test_a_changed_byte_of_a_model_and_a_changed_accuracy_are_found(
    project: Project, tmp_path: Path
) -> None:
    copy = project.copy(tmp_path / "project")
    model = copy.folder / "models/model2.keras"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    labels = copy.folder / "data/processed/train/labels.npy"
    labels.write_bytes(labels.read_bytes()[:-4] + np.float32(7).tobytes())
    cells = rows(copy.folder / TABLE)
    was = cells[1]["accuracy"]
    cells[1] |= {"accuracy": "0.1234", "train_seconds": "1.5"}
    write_rows(copy.folder / TABLE, cells)
    copy.run("commit", "--force", "--quiet")
    assert list(differences(Results(project.folder), Results(copy.folder))) == [
        "data/processed/train: other bytes",
        f"{TABLE}: accuracy of model2: {was}, now 0.1234",
        "models/model2.keras: other bytes",
    ]
    shutil.rmtree(copy.folder)


@pytest.fixture
def second(project: Project, tmp_path: Path) -> Path:
    """Return a folder with the finished clone's lock and metrics, to change."""
    shutil.copytree(project.folder / "metrics", tmp_path / "metrics")
    shutil.copy(project.folder / "dvc.lock", tmp_path)
    return tmp_path


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def write_rows(table: Path, cells: list[dict[str, str]]) -> None:
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, cells[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(cells)


def change_lock(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Have *change* change the stages in the dvc.lock of *folder*."""
    lock = yaml.safe_load((folder / "dvc.lock").read_text())
    change(lock["stages"])
    (folder / "dvc.lock").write_text(yaml.safe_dump(lock))


def rehash(*paths: str, md5: str = "f" * 32) -> Callable[[dict[str, Any]], None]:
    """Return the change that gives the outputs *paths* another hash."""

    def change(stages: dict[str, Any]) -> None:
        outs = [out for stage in stages.values() for out in stage["outs"] if out["path"] in paths]
        assert len(outs) == len(paths)
        for out in outs:
            out["md5"] = md5

    return change


def found(project: Project, second: Path) -> list[str]:
    return list(differences(Results(project.folder), Results(second)))


def test_a_run_does_not_differ_from_itself(project: Project, second: Path) -> None:
    assert found(project, second) == []
    assert list(machine_differences(Results(project.folder), Results(second))) == []


def test_times_and_what_follows_from_them_are_no_difference(project: Project, second: Path) -> None:
    cells = rows(second / TABLE)
    for row, seconds in zip(cells, ("30", "10", "20"), strict=True):
        row["train_seconds"] = seconds
        words = [word for word in row["note"].split(", ") if word not in ("fastest", "slowest")]
        row["note"] = ", ".join([*words, "fastest"] if seconds == "10" else words)
    write_rows(second / TABLE, cells)
    time = second / "metrics/time/model1.json"
    time.write_text(re.sub(r'seconds": [\d.]+', 'seconds": 9.9', time.read_text()))
    change_lock(second, rehash(TABLE, "metrics/time/model1.json"))
    change_lock(second, rehash("metrics/comparison.md", md5=rendered_md5(second / TABLE)))
    assert found(project, second) == []


def edit_note(folder: Path) -> Iterator[str]:
    cells = rows(folder / TABLE)
    was = next(row for row in cells if "fewest parameters" in row["note"])
    was["note"] = was["note"].replace("fewest parameters", "least parameters")
    write_rows(folder / TABLE, cells)
    change_lock(folder, rehash(TABLE))
    yield rf"{TABLE}: note of model2: .*fewest parameters.*, now .*least parameters.*"


def drop_a_column(folder: Path) -> Iterator[str]:
    cells = rows(folder / TABLE)
    for row in cells:
        yield rf"{TABLE}: recipe of {row['model']}: notebook, now None"
        del row["recipe"]
    write_rows(folder / TABLE, cells)
    change_lock(folder, rehash(TABLE))


def swap_rows(folder: Path) -> Iterator[str]:
    write_rows(folder / TABLE, rows(folder / TABLE)[::-1])
    change_lock(folder, rehash(TABLE))
    yield f"{TABLE}: other order"


def write_other_markdown(folder: Path) -> Iterator[str]:
    change_lock(folder, rehash("metrics/comparison.md"))
    yield rf"metrics/comparison\.md: that of the second run does not show its {TABLE}"


def train_one_epoch_less(folder: Path) -> Iterator[str]:
    path = "metrics/time/model1.json"
    text = (folder / path).read_text()
    (folder / path).write_text(re.sub(r'\{\s*"epoch": 1,[^}]*\},', "", text))
    change_lock(folder, rehash(path))
    yield rf"{path}: epochs: \[1, 2, 3, 4, 5\], now \[2, 3, 4, 5\]"


def change_code(folder: Path) -> Iterator[str]:
    lock = folder / "dvc.lock"
    stages = yaml.safe_load(lock.read_text())["stages"]
    deps = stages["preprocess"]["deps"]
    md5 = next(dep["md5"] for dep in deps if dep["path"] == "stages/splitting.py")
    lock.write_text(lock.read_text().replace(md5, "f" * 32))
    yield r"stages/splitting\.py: not the version that the committed run used"


def change_a_parameter(folder: Path) -> Iterator[str]:
    def change(stages: dict[str, Any]) -> None:
        stages["preprocess"]["params"]["params.yaml"]["split"]["seed"] = 1
        stages["fetch"]["cmd"] += " again"

    change_lock(folder, change)
    yield "fetch: not with the command of the committed run"
    yield "preprocess: not with the parameters of the committed run"


def lose_an_output(folder: Path) -> Iterator[str]:
    change_lock(folder, lambda stages: stages["train@model3"]["outs"].pop(0))
    yield r"metrics/history/model3\.csv: not written by the second run"


CHANGES = (
    edit_note, drop_a_column, swap_rows, write_other_markdown, train_one_epoch_less, change_code,
    change_a_parameter, lose_an_output,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_no_time_is_told_in_a_line_each(
    project: Project, second: Path, change: Callable[[Path], Iterator[str]]
) -> None:
    expected = list(change(second))
    lines = found(project, second)
    assert len(lines) == len(expected), lines
    for line, pattern in zip(lines, expected, strict=True):
        assert re.fullmatch(pattern, line)


def test_an_output_that_is_new_is_told(project: Project, second: Path) -> None:
    change_lock(second, lambda stages: stages["train@model3"]["outs"].pop(0))
    assert list(differences(Results(second), Results(project.folder))) == [
        "metrics/history/model3.csv: not written by the committed run"
    ]


def test_another_machine_is_told_and_is_no_difference(project: Project, second: Path) -> None:
    for model in MODELS:
        time = second / f"metrics/time/{model}.json"
        text = re.sub(r'"processor": ".*"', '"processor": "Abacus"', time.read_text())
        time.write_text(re.sub(r'"threads": \d+', '"threads": 99', text))
    machine = Results(project.folder).machines["model1"]
    assert list(machine_differences(Results(project.folder), Results(second))) == [
        f"processor: {machine['processor']}, now Abacus",
        f"threads: {machine['threads']}, now 99",
    ]
    change_lock(second, rehash(*(f"metrics/time/{model}.json" for model in MODELS)))
    assert found(project, second) == []
