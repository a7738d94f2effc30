"""Draw curves and confusion matrices as a page that needs no network: ``python -m tools.plots``.

`dvc plots show` by itself links Vega's scripts from the network, so its page is blank offline.
"""

import subprocess
import sys
from pathlib import Path

import vl_convert

TEMPLATE = Path(".dvc/tmp/plots.html")
PAGE = """<!DOCTYPE html>
<html>
<head><meta charset="utf-8"><title>Plots</title><script>{bundle}</script></head>
<body>{plot_divs}</body>
</html>
"""


def main() -> None:
    """Write the page; DVC says where."""
    TEMPLATE.parent.mkdir(parents=True, exist_ok=True)
    page = PAGE.replace("{bundle}", vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
    TEMPLATE.write_text(page, encoding="utf-8")
    command = ["dvc", "plots", "show", "--html-template", str(TEMPLATE)]
    sys.exit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    main()
