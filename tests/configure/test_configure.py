"""The stage ``configure``: from params.yaml to the files that training depends on."""

import shutil
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from stages import settings
from stages.common.errors import StageError
from stages.configure import __main__ as configure
from tests import ROOT
from tests.support import declared


def test_settings_of_every_model_are_written_with_the_versions_or_none_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    params = declared.read("params.yaml")
    params["models"]["mine"] = {"architecture": "model2", "epochs": 0}
    Path("params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(StageError, match="mine"):
        configure.main()
    assert not Path("models").exists()
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    configure.main()
    versions = {package: version(package) for package in ("keras", "numpy", "tensorflow")}
    for name in ("model1", "model2", "model3"):
        assert settings.read(name).architecture == name
        assert settings.read(name).versions == versions
