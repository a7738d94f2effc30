"""``python -m tools.pull``: what the remote has comes back, what a user has changed stays."""

from pathlib import Path

import pytest

from tests.support import pipeline


def test_what_a_user_has_changed_is_not_written_over(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    project = pipeline.tiny(tmp_path_factory).copy(tmp_path / "project")
    remote = str(tmp_path / "remote")
    project.output("dvc", "remote", "add", "--quiet", "--default", "team", remote)
    project.output("dvc", "push", "--quiet")
    for name in ("model1", "model2"):
        lost = f"models/{name}.weights.h5"
        pipeline.object_in(project.folder / ".dvc/cache", project.hashes()[lost]).unlink()
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
