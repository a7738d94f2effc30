"""The page of all plots, which needs no network."""

import re

import pytest

from tests import pipeline


def test_the_page_holds_its_scripts_and_asks_for_none(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    pytest.importorskip("vl_convert", reason="not installed: make plots")
    copy = pipeline.tiny(tmp_path_factory).copy(tmp_path_factory.mktemp("plots") / "project")
    copy.output("python", "-m", "tools.plots")
    page = (copy.folder / "dvc_plots/index.html").read_text(encoding="utf-8")
    assert re.findall(r"<(?:script|link|iframe)[^>]*(?:src|href)=", page) == []
    assert len(page) > 800_000
    # A drawing for each model's file, and those of all models.
    drawn = page.partition("<body>")[2]
    assert drawn.count("vegaEmbed(") == drawn.count("<script") >= 5 * 2 + 3
