"""Write every model as ONNX and LiteRT, measure the formats, write the model cards.

    python -m tools.export

Runs the stages of tools/export/dvc.yaml that are out of date, for all models of params.yaml.
"""

import subprocess
import sys
from pathlib import Path

import yaml

from stages import params
from stages.common.command import run
from stages.common.files import write_text
from tools.export.table import FOLDER, to_markdown

PIPELINE = Path("tools/export/dvc.yaml")
MODELS = PIPELINE.with_name("models.yaml")


def main() -> None:
    """Export, and print the table; exit with DVC's code if that fails."""
    names = list(params.section(params.read(), "models"))
    comment, _, _ = MODELS.read_text(encoding="utf-8").partition("export:")
    write_text(MODELS, comment + yaml.safe_dump({"export": names}))
    if code := subprocess.run(["dvc", "repro", str(PIPELINE)], check=False).returncode:
        sys.exit(code)
    print(f"\n{to_markdown(FOLDER)}")


if __name__ == "__main__":
    run(main)
