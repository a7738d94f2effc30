"""What `make verify` and `make repro` do with DVC's cache and remote, with real DVC and make."""

import json
import os
import re
import shutil
from hashlib import md5
from pathlib import Path

import pytest

from tests.support.pipeline import TINY_MODELS, Project, damage, object_in


def hash_of(file: Path) -> str:
    """Return the MD5 of a *file*'s content."""
    return md5(file.read_bytes(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(("shared", "links"), [(True, "copy"), (False, "copy"), (True, "symlink")])
def test_what_is_damaged_is_named_and_everything_is_whole_again(
    project: Project, tmp_path: Path, shared: bool, links: str
) -> None:
    places = [project.folder / ".dvc/cache"]
    project.output("dvc", "config", "--local", "cache.type", links)
    project.output("dvc", "checkout", "--quiet", "--relink")
    old, new = (places[0] / f"files/md5/aa/{name}.tmp" for name in ("old", "new"))
    for file in (old, new):
        file.parent.mkdir(exist_ok=True)
        file.touch()
    os.utime(old, (0, 0))
    if shared:
        places.append(tmp_path / "remote")
        project.output("dvc", "remote", "add", "--quiet", "--default", "team", str(places[1]))
        project.commit("Share the results")
        project.output("dvc", "push", "--quiet")
    # From now on DVC knows the files here by their times.
    assert project.make("repro").output.startswith("Everything is up to date.\n")
    hashes = project.hashes()
    images = project.folder / "data/processed/train/images.npy"
    models = [hashes[f"models/{name}.keras"] for name in TINY_MODELS]
    broken = [object_in(places[0], hash_of(images)), *(object_in(places[-1], m) for m in models)]
    weights = "models/model2.weights.h5"
    # Each once: a link is what it leads to.
    for file in {file.resolve() for file in (images, project.folder / weights, *broken[:-1])}:
        damage(file)
    damage(broken[-1], cut=True)
    assert project.command("dvc", "status", "--quiet").returncode == 0

    run = project.make("verify")
    assert {f"damaged, removed: {file}" for file in broken} <= {*run.output.splitlines()}
    for path in ("data/processed/train", weights):
        assert f"not what dvc.lock says, removed: {path}\n" in run.output
    assert run.ran == (set() if shared else {"preprocess"})
    assert project.hashes() == hashes
    assert all(hash_of(file) == file.parent.name + file.name for file in broken)
    for path, checksum in hashes.items():
        if not checksum.endswith(".dir"):
            assert hash_of(project.folder / path) == checksum, path
    assert re.search(
        r"No damaged files\..*\nEverything is up to date\.\n", project.make("verify").output
    )
    assert new.exists()
    assert not old.exists()


def test_a_folder_restored_from_a_wrong_list_is_made_anew(project: Project, tmp_path: Path) -> None:
    hashes = project.hashes()
    wrong, right = (
        object_in(project.folder / ".dvc/cache", hashes[f"data/processed/{part}"])
        for part in ("train", "test")
    )
    kept = wrong.read_bytes()
    wrong.chmod(0o644)
    wrong.write_bytes(right.read_bytes())
    # DVC trusts what is read-only.
    wrong.chmod(0o444)
    shutil.rmtree(project.folder / "data/processed")
    # As on a machine that has not seen the folder.
    project.command("dvc", "repro", DVC_SITE_CACHE_DIR=str(tmp_path / "site"))
    assert project.hashes()["data/processed/train"] != hashes["data/processed/train"]
    assert "will run anew: preprocess\n" in project.make("verify").output
    assert project.hashes() == hashes
    assert wrong.read_bytes() == kept


def test_a_remote_that_cannot_be_listed_is_one_line(project: Project) -> None:
    url = "http://tester:secret@127.0.0.1:9/"
    project.output("dvc", "remote", "add", "--quiet", "--default", "team", url)
    printed = project.output("python", "-m", "tools.verify").splitlines()
    assert printed[-1] == "The remote 'team' cannot be checked: http cannot list its files."


def test_a_remote_that_is_gone_is_not_made_anew(project: Project, tmp_path: Path) -> None:
    project.output("dvc", "remote", "add", "--quiet", "--default", "team", str(tmp_path / "gone"))
    run = next((project.folder / ".dvc/cache/runs").glob("*/*/*"))
    run.write_text("cmd: nothing else\n")
    printed = project.make("verify").output
    assert f"damaged, removed: {run}\n" in printed
    assert "There is nothing in the remote 'team', so nothing is pushed there.\n" in printed
    assert not (tmp_path / "gone").exists()


def test_what_a_stage_is_at_work_on_stays(project: Project) -> None:
    model = project.folder / "models/model1.keras"
    model.write_text("half of a mod")
    busy = {"read": {}, "write": {str(model): {"pid": os.getpid(), "cmd": "dvc repro"}}}
    (project.folder / ".dvc/tmp/rwlock").write_text(json.dumps(busy))
    done = project.command("make", "verify")
    assert done.returncode != 0
    assert f"error: '{model}' is busy, it is being blocked by:" in done.stdout
    assert model.read_text() == "half of a mod"


def test_what_a_user_has_changed_is_not_written_over(project: Project, tmp_path: Path) -> None:
    remote = str(tmp_path / "remote")
    project.output("dvc", "remote", "add", "--quiet", "--default", "team", remote)
    project.output("dvc", "push", "--quiet")
    for name in ("model1", "model2"):
        lost = f"models/{name}.weights.h5"
        object_in(project.folder / ".dvc/cache", project.hashes()[lost]).unlink()
        (project.folder / lost).unlink()
    # DVC asks before it writes over what its cache has not; the other model's file it has.
    model1, model2 = (project.folder / f"models/{name}.keras" for name in ("model1", "model2"))
    model1.unlink()
    model1.write_bytes(model2.read_bytes())
    printed = project.output("python", "-m", "tools.pull")
    place = f"the remote 'team' ({remote})"
    assert printed == f"Missing outputs: 1; looking in {place}.\nFound there: 1.\n"
    assert model1.read_bytes() == model2.read_bytes()
    assert not (project.folder / "models/model1.weights.h5").exists()
