"""Make the report, one page with the comparison: ``python -m stages.report``.

Reads the metrics, the test images and dvc.lock; writes metrics/report.html.
"""

from stages.common.command import run
from stages.common.files import write_text
from stages.report.page import build
from stages.report.results import METRICS, read


def main() -> None:
    """Write the page."""
    page = METRICS / "report.html"
    write_text(page, build(read()))
    print(f"The report: {page}")


if __name__ == "__main__":
    run(main)
