"""The whole page as one text."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import vl_convert

from stages.report import figures, provenance, theme
from stages.report.pictures import EXACT, data_uri
from stages.report.predictions import wrong_by_all
from stages.report.results import Results
from stages.tables import read_table
from stages.verdict import INTERVAL, LEVEL, SEEDS, probability, verdict

HERE = Path(__file__).parent
# How many mistakes are shown: of a model, of each of many models, and of all together.
EACH, EACH_OF_MANY, SHARED = 12, 6, 24
MANY = 5
# The scripts that draw Vega-Lite charts.
VEGA: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
# Images under one `title`: the `total` of them and some `pictures`, with number, caption, data URI.
Gallery = dict[str, Any]


def build(results: Results) -> str:
    """Return the page with *results*."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    environment.filters |= {
        "percent": lambda share: f"{100 * share:.2f}",
        "plain": figures.plain,
        "points": lambda share: f"{100 * share:+.2f}",
        "p": probability,
        "setting": provenance.text_of,
    }
    shown = {
        "accuracy": figures.accuracies(results),
        "curves": figures.curves(results),
        **dict(zip(("time", "size"), figures.costs(results), strict=True)),
        **figures.classes(results),
        "calibration": figures.calibration(results),
    }
    mistaken = galleries(results)
    pictured = sorted({picture[0] for gallery in mistaken for picture in gallery["pictures"]})
    return environment.get_template("page.html.jinja").render(
        results=results,
        verdict=verdict(results.table, results.pairs, results.dataset),
        rows=results.table.to_dict("records"),
        places={n: i % len(theme.LIGHT["models"]) for i, n in enumerate(results.predicted)},
        pairs=results.pairs.to_dict("records"),
        level=LEVEL,
        interval=INTERVAL,
        seeds=SEEDS,
        notebook=notebook(results),
        figures=shown,
        galleries=mistaken,
        pixelated=max(results.images.shape[1:3]) <= EXACT,
        replicates={name: table.to_dict("records") for name, table in results.replicates.items()},
        hashes=provenance.hashes(results.lock, set(results.predicted)),
        keys=dict.fromkeys(key for one in results.settings.values() for key in one),
        machines=provenance.machines(results.times),
        colours={"light": theme.LIGHT, "dark": theme.DARK},
        style=(HERE / "page.css").read_text(encoding="utf-8"),
        vega=VEGA,
        constants={
            "charts": {name: figure["chart"] for name, figure in shown.items()},
            "themes": {"light": theme.of(theme.LIGHT), "dark": theme.of(theme.DARK)},
            "answers": answers(results, pictured),
        },
        script=(HERE / "page.js").read_text(encoding="utf-8"),
    )


def notebook(results: Results) -> dict[str, Any]:
    """Return what the notebook's author published, by model; empty for other data or models."""
    data, split = results.params["data"], results.params["split"]
    images = [results.dataset.dataset, data["size"], data["limit"]]
    tested = [split[key] for key in ("test_fraction", "stratified", "seed")]
    if images + tested != ["mnist_784", None, None, 1 / 7, False, 0]:
        return {}
    found = {}
    for row in read_table(HERE / "notebook.csv").to_dict("records"):
        chosen = results.settings.get(row["model"], {})
        sizes = chosen.get("filters"), chosen.get("dense")
        if (chosen.get("architecture"), *sizes) == (row["model"], None, None):
            found[row["model"]] = row
    return found


def galleries(results: Results) -> list[Gallery]:
    """Return the images that all models get wrong, and each model's most confident mistakes."""
    found = []
    names = list(results.predicted)
    if len(names) > 1:
        title = "Wrong by every model" if len(names) > 2 else "Wrong by both models"  # noqa: PLR2004
        shared = wrong_by_all(results.predicted, results.confidence, results.actual)
        pictures = [picture(results, *one) for one in shared[:SHARED]]
        found.append({"title": title, "total": len(shared), "pictures": pictures})
    each = EACH if len(names) < MANY else EACH_OF_MANY
    for name in names:
        predicted, confidence = results.predicted[name], results.confidence[name]
        wrong = np.flatnonzero(predicted != results.actual)
        own = wrong[np.argsort(-confidence[wrong], kind="stable")].tolist()
        pictures = [picture(results, i, predicted[i], confidence[i]) for i in own[:each]]
        title = f"{name}: most confident mistakes"
        found.append({"title": title, "total": len(own), "pictures": pictures})
    return found


def picture(
    results: Results, index: int, predicted: int, confidence: float
) -> tuple[int, str, str]:
    """Return a test image for a gallery: its number, caption and data URI."""
    actual = results.classes[results.actual[index]]
    caption = f"{actual}, mistaken for {results.classes[predicted]} ({confidence:.1%})"
    return index, caption, data_uri(results.images[index])


def answers(results: Results, indices: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return each test image's actual class, and each model's prediction and confidence."""
    return {
        index: {
            "actual": results.classes[results.actual[index]],
            "models": [
                [name, results.classes[predicted[index]], f"{results.confidence[name][index]:.1%}"]
                for name, predicted in results.predicted.items()
            ],
        }
        for index in indices
    }
