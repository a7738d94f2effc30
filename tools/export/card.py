"""Write the model card of a model: ``python -m tools.export.card NAME``.

Its form is the Hugging Face hub's: https://huggingface.co/docs/hub/model-cards
"""

import ast
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from stages import params, processed, settings
from stages.common.command import run
from stages.common.files import read_json, write_text
from stages.fetch.known import FASHION_MNIST, MNIST, find
from stages.tables import read_table
from stages.verdict import INTERVAL, SEEDS

TEMPLATE = Path(__file__).parent / "card.md.jinja"
# What the hub calls the datasets that are known here.
HUB = ((MNIST, "ylecun/mnist"), (FASHION_MNIST, "zalando-datasets/fashion_mnist"))
# Of more classes than this the card names some.
NAMED = 20
WEAKEST = 3


class Facts(NamedTuple):
    """What a card is about: a row of metrics/comparison.csv, and what belongs to it."""

    name: str
    row: Mapping[Hashable, Any]
    settings: dict[str, Any]
    trained: dict[str, Any]
    scores: dict[str, Any]
    per_class: list[dict[Hashable, Any]]
    data: str
    hub: str | None
    image: tuple[int, ...]
    tested: int
    watched: bool
    architecture: str


def facts(name: str) -> Facts:
    """Return what the files say of the model *name*."""
    table = read_table(Path("metrics/comparison.csv"))
    (row,) = table[table["model"] == name].to_dict("records")
    content = params.read()
    data = params.read_data()
    known = None if data.path else find(data.dataset)
    chosen = settings.read(name).model_dump()
    source = Path("stages/architectures") / f"{chosen['architecture']}.py"
    images, _ = processed.read("test")
    return Facts(
        name=name,
        row=row,
        settings=chosen,
        trained=read_json(Path("metrics/train") / f"{name}.json"),
        scores=read_json(Path("metrics/evaluate") / f"{name}.json"),
        per_class=read_table(Path("metrics/per_class") / f"{name}.csv").to_dict("records"),
        data=params.name_of(data),
        hub=next((hub for dataset, hub in HUB if dataset is known), None),
        image=images.shape[1:],
        tested=len(images),
        watched=params.section(content, "split")["validation_fraction"] == 0,
        architecture=summary(source.read_text("utf-8")),
    )


def summary(source: str) -> str:
    """Return what an architecture's docstring says first, before numbers that hold for MNIST."""
    line = (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
    return line.partition(":")[0].rstrip(".")


def card(of: Facts) -> str:
    """Return the model card: YAML that the hub reads, and Markdown that people do."""
    result = EvalResult(
        task_type="image-classification",
        dataset_type=of.hub or of.data,
        dataset_name=of.data,
        dataset_split="test",
        metric_type="accuracy",
        metric_value=of.row["accuracy"],
    )
    data = ModelCardData(
        model_name=of.name,
        library_name="keras",
        pipeline_tag="image-classification",
        tags=["keras", "cnn"],
        datasets=[of.hub] if of.hub else None,
        metrics=["accuracy"],
        eval_results=[result],
    )
    known = [one for one in of.per_class if one["support"]]
    return str(
        ModelCard.from_template(
            data,
            template_str=TEMPLATE.read_text(encoding="utf-8"),
            of=of,
            classes=[one["class"] for one in of.per_class],
            named=NAMED,
            weakest=sorted(known, key=lambda one: one["f1"])[:WEAKEST],
            interval=INTERVAL,
            seeds=SEEDS,
        )
    )


def main(name: str) -> None:
    """Write the card of the model *name* beside it."""
    path = Path("models") / f"{name}.md"
    write_text(path, card(facts(name)).rstrip() + "\n")
    print(path)


if __name__ == "__main__":
    run(main)
