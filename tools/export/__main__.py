"""Write every model as ONNX and LiteRT, measure the formats, write the model cards.

    python -m tools.export

Runs the stages of tools/export/dvc.yaml for all models of params.yaml, as far as something changed.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from stages import params
from stages.common.errors import StageError
from stages.common.files import write_text
from tools.export.table import FOLDER, to_markdown

PIPELINE = Path("tools/export/dvc.yaml")
MODELS = PIPELINE.with_name("models.yaml")


def name_models(names: Sequence[str]) -> None:
    """Have the stages be about the models *names*; the file's comment stays."""
    text = MODELS.read_text(encoding="utf-8")
    comment = text[: text.index("export:")]
    write_text(MODELS, comment + yaml.safe_dump({"export": list(names)}))


def main() -> int:
    """Export; return the exit code."""
    try:
        name_models(list(params.section(params.read(), "models")))
    except StageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    code = subprocess.run(["dvc", "repro", str(PIPELINE)], check=False).returncode
    if code == 0:
        print(f"\n{to_markdown(FOLDER)}")
    return code


if __name__ == "__main__":
    sys.exit(main())
