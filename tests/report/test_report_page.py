"""The report in a real browser: Debian's Chromium, driven by Playwright."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ImageColor

from stages.report import theme
from stages.report.page import build
from stages.report.results import Results
from tests.support.results import NASTY, described, results

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="make test-browser")

PHONE, DESK = 390, 1280
Shown = tuple[Results, Path]
UNBROKEN = described(np.eye(2), ["x", "y"], 60 * "unbroken")
KINDS: dict[str, Callable[[], Results]] = {
    "digits": lambda: results(["a", "b", "c"], list("0123456789"), seeds=True),
    "many": lambda: results(
        [f"model-{n}" for n in range(12)],
        [f"class {n}" for n in range(100)],
        image=(224, 224, 3),
        tested=1000,
    ),
    "nasty": lambda: results(["a", "of-" + 20 * "longer-and-" + "longer"], NASTY),
    "one": lambda: results(["alone"], ["x", "y"], image=(32, 32, 3), dataset=UNBROKEN),
}


@pytest.fixture(scope="module", params=KINDS)
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    results, path = KINDS[request.param](), tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(build(results), encoding="utf-8")
    return results, path


@pytest.fixture
def opened(browser: Any, shown: Shown) -> Iterator[Callable[..., Any]]:
    """Return a function that opens the page; afterwards check for messages and requests."""
    messages: list[str] = []
    contexts = []
    address = shown[1].as_uri()

    def open_page(width: int = DESK, mode: str = "light") -> Any:
        size = {"width": width, "height": 900}
        contexts.append(browser.new_context(viewport=size, color_scheme=mode))
        page = contexts[-1].new_page()
        page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: messages.append(f"error: {error}"))
        page.on("request", lambda request: messages.append(f"request: {request.url[:200]}"))
        page.goto(address)
        page.wait_for_function(
            "[...document.querySelectorAll('.chart')].every(chart => chart.querySelector('svg'))"
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    own = (f"request: {address}", "request: data:")
    assert [line for line in messages if not line.startswith(own)] == []


def marks(page: Any, chart: str, kind: str) -> int:
    child = {"text": "text", "rule": "line"}.get(kind, "path")
    found = page.locator(f"#{chart}-chart .mark-{kind}.role-mark > {child}")
    return int(found.count())


def test_every_chart_has_the_marks_of_its_numbers(opened: Any, shown: Shown) -> None:
    page, results = opened(), shown[0]
    # No name has run as a script.
    assert page.title().startswith("Models compared: ")
    models, classes = len(results.table), min(20, len(results.classes))
    intervals = models * (2 if results.replicates else 1)
    assert marks(page, "accuracy", "symbol") == marks(page, "accuracy", "rule") == intervals
    assert marks(page, "curves", "line") == 2 * models
    for chart in ("time", "size"):
        assert marks(page, chart, "symbol") == models
        assert marks(page, chart, "text") == (models if models < 7 else 0)
    assert marks(page, "classes", "symbol") == models * classes
    assert marks(page, "confusion", "rect") > 0
    assert (marks(page, "difference", "rect") > 0) == (models > 1)
    assert marks(page, "calibration", "line") == models + 1


def test_an_image_is_enlarged_and_closed_by_keyboard(opened: Any, shown: Shown) -> None:
    page, results = opened(PHONE), shown[0]
    button = page.locator("button[data-image]").first
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    index = int(button.get_attribute("data-image"))
    assert results.classes[results.actual[index]] in dialog.get_by_role("heading").inner_text()
    model = str(results.table["model"].iloc[0])
    predicted = results.classes[results.predicted[model][index]]
    expected = [model, predicted, f"{results.confidence[model][index]:.1%}"]
    assert dialog.locator("tbody tr").first.locator("td").all_inner_texts() == expected
    assert dialog.locator("img").evaluate("image => image.naturalWidth") > 0
    assert dialog.evaluate("dialog => dialog.getBoundingClientRect().right <= innerWidth")
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert button.evaluate("button => button === document.activeElement")


@pytest.mark.parametrize(("width", "mode"), [(PHONE, "dark"), (DESK, "light")])
def test_it_fits_and_axe_finds_no_serious_fault(opened: Any, width: int, mode: str) -> None:
    page = opened(width, mode)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # Contrasts, too.
    found = axe.Axe().run(page).response["violations"]
    serious = [fault for fault in found if fault["impact"] in {"serious", "critical"}]
    listed = [(one["id"], [node["html"][:150] for node in one["nodes"][:3]]) for one in serious]
    assert listed == []


def test_the_charts_colours_follow_the_reader(opened: Any) -> None:
    page = opened()
    ink = "getComputedStyle(document.querySelector('#confusion-chart .mark-text text')).fill"
    page.emulate_media(color_scheme="dark")
    expected = f"rgb{ImageColor.getrgb(theme.DARK['ink'])}"
    page.wait_for_function(f"{ink} === '{expected}'", timeout=5000)
