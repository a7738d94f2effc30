"""Take the README's picture of the report: ``python -m tools.screenshot``.

Wants Debian's chromium, or another of that name, on the path.
"""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PAGE, PICTURE = Path("metrics/report.html"), Path("docs/report.png")
VIEW = {"width": 1180, "height": 1560}


def main() -> None:
    """Write the picture of the page's upper part."""
    with sync_playwright() as playwright:
        # As root, as in a container, Chromium wants no sandbox of its own.
        chromium = playwright.chromium
        browser = chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=VIEW, color_scheme="light")
        page.goto(PAGE.resolve().as_uri())
        page.wait_for_selector("#calibration-chart svg")
        taken = page.screenshot()
        browser.close()
    Image.open(io.BytesIO(taken)).convert("RGB").quantize(64).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
