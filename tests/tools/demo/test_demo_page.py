"""The page of `make demo` in a real browser, with models of MNIST."""

import os
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import requests

from stages.fetch.files.decoding import READABLE
from tests.support import processes
from tests.support.pipeline import Project

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="make test-browser")
pytest.importorskip("cv2", reason="no OpenCV here: make test-browser")
pytestmark = pytest.mark.skipif("SLOW" not in os.environ, reason="takes minutes: SLOW=1 make test")

from benchmarks.pictures import photograph  # noqa: E402 - if it is there

Line = list[tuple[float, float]]
SEVEN: list[Line] = [[(80, 60), (190, 60), (120, 230)]]


@pytest.fixture(scope="module")
def address(mnist: Project) -> Iterator[str]:
    """Return where a demo answers; it is one process, as a user starts it."""
    process = processes.start(mnist, "python", "-m", "tools.demo", "--port", "0", "--no-browser")
    told = processes.wait_for_line(process, "http://")
    yield re.findall(r"http://127\.0\.0\.1:\d+", told)[0]
    _, rest = processes.interrupt(process, process.pid)
    assert "Traceback" not in rest


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """Return the page; it may load nothing from elsewhere, and no script of its may fail."""
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    urls: list[str] = []
    page.on("request", lambda one: urls.append(one.url))
    page.goto(address)
    page.locator("#paper").wait_for()  # it shows once the page knows the classes
    yield page
    assert all(url.startswith((address, "data:", "blob:")) for url in urls), urls
    assert troubles == []
    page.close()


def draw(page: Any, lines: list[Line], steps: int = 12, up: bool = True) -> None:
    """Draw with the mouse, in the pixels of the paper."""
    page.locator("#paper").wait_for()  # it shows once the page knows the classes
    box = page.locator("#paper").bounding_box()
    for (x, y), *others in lines:
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.down()
        for point in others:
            page.mouse.move(box["x"] + point[0], box["y"] + point[1], steps=steps)
        if up:
            page.mouse.up()


def read(page: Any) -> list[str]:
    """Return the headings over what the models say: the classes that the vote favours."""
    page.wait_for_function("() => !asking && !next")
    return [*page.locator("#predictions h2").all_inner_texts()]


def test_a_digit_that_is_drawn_is_read_by_the_vote_while_it_grows_and_cleared(page: Any) -> None:
    draw(page, SEVEN)
    assert read(page) == ["7"]
    # A bar for each class, of the vote and of two models.
    assert page.locator(".bar").count() == 10 * 3
    page.get_by_role("button", name="Clear").click()
    assert read(page) == []
    # What is drawn after that is read alone, and before the pen is up.
    draw(page, [[(150, 50), (135, 230)]], up=False)
    assert read(page) == ["1"]


def test_the_last_of_many_answers_is_that_of_the_whole_drawing(page: Any) -> None:
    draw(page, [[(60 + n, 60), (60 + n, 61)] for n in range(0, 120, 2)], steps=1)
    draw(page, [[(180, 60), (120, 230)]])
    classes = read(page)
    page.evaluate("ask(drawn)")
    assert read(page) == classes == ["7"]


def test_a_photograph_is_read_and_a_file_that_is_none_gets_words(page: Any) -> None:
    page.set_input_files("#file", {"name": "a.png", "mimeType": "image/png", "buffer": b"text"})
    page.get_by_text(f"damaged, or not a {READABLE} file", exact=True).wait_for()
    assert page.locator("#paper").is_visible()
    drawn = np.zeros((28, 28), np.uint8)
    drawn[4:24, 13:16] = 255
    content = photograph(np.stack([drawn, drawn]), np.random.default_rng(0))
    page.set_input_files("#file", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": content})
    page.wait_for_selector("#photograph:visible")
    assert read(page) == ["1 of 2: 1", "2 of 2: 1"]
    assert page.locator("#trouble").inner_text() == ""


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1100])
def test_it_fits_and_axe_finds_no_fault(browser: Any, address: str, width: int, mode: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=mode)
    page.goto(address)
    draw(page, SEVEN)
    assert read(page) == ["7"]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert axe.Axe().run(page).response["violations"] == []
    page.close()


def test_it_takes_no_more_than_it_says_and_answers_to_its_own_name_alone(address: str) -> None:
    # So much that an answer before its end would be lost each time.
    assert requests.post(f"{address}/predict", bytes(60_000_000), timeout=60).status_code == 413
    foreign = {"Host": "elsewhere.example"}
    assert requests.get(address, headers=foreign, timeout=60).status_code == 400
