"""Take the README's picture of the report: ``python -m tools.screenshot``.

Wants Debian's chromium, or another of that name, on the path.
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PAGE, PICTURE = Path("metrics/report.html"), Path("docs/report.png")
WIDTH, HEIGHT = 1180, 1560
COLOURS = 64


def main() -> None:
    """Write the picture of the page's upper part."""
    browser = shutil.which("chromium")
    if not browser:
        sys.exit("error: chromium: not on the path; install it")
    with sync_playwright() as playwright:
        # As root, as in a container, Chromium wants no sandbox of its own.
        started = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = started.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(PAGE.resolve().as_uri())
        page.wait_for_selector("#calibration-chart svg")
        taken = page.screenshot()
        started.close()
    picture = Image.open(io.BytesIO(taken)).convert("RGB").quantize(COLOURS)
    picture.save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
