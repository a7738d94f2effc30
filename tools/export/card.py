"""Write the model card of a model: ``python -m tools.export.card NAME``.

It has the form of the Hugging Face Hub: https://huggingface.co/docs/hub/model-cards
"""

import ast
from pathlib import Path

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from stages import dataset, processed, settings
from stages.common.command import run
from stages.common.files import read_json, write_text
from stages.fetch.known import FASHION_MNIST, MNIST, find
from stages.tables import read_table
from stages.verdict import INTERVAL, SEEDS

TEMPLATE = Path(__file__).parent / "card.md.jinja"
# The Hub's names of the datasets known here, by Keras's names.
HUB = {MNIST.keras: "ylecun/mnist", FASHION_MNIST.keras: "zalando-datasets/fashion_mnist"}


def card(name: str) -> str:
    """Return the card of the model *name*: YAML for the Hub, and Markdown for people."""
    table = read_table(Path("metrics/comparison.csv"))
    (row,) = table[table["model"] == name].to_dict("records")
    data = dataset.read()
    hub = HUB.get(find(data.dataset).keras) if data.dataset else None
    chosen = settings.read(name).model_dump()
    source = Path("stages/architectures") / f"{chosen['architecture']}.py"
    docstring = ast.get_docstring(ast.parse(source.read_text("utf-8"))) or ""
    images, _ = processed.read("test")
    result = EvalResult(
        task_type="image-classification",
        dataset_type=hub or data.name,
        dataset_name=data.name,
        dataset_split="test",
        metric_type="accuracy",
        metric_value=row["accuracy"],
    )
    head = ModelCardData(
        model_name=name,
        library_name="keras",
        pipeline_tag="image-classification",
        tags=["keras", "cnn"],
        datasets=[hub] if hub else None,
        metrics=["accuracy"],
        eval_results=[result],
    )
    made = ModelCard.from_template(
        head,
        template_str=TEMPLATE.read_text(encoding="utf-8"),
        name=name,
        row=row,
        settings=chosen,
        # After a colon come numbers that hold only for MNIST.
        architecture=docstring.partition("\n")[0].partition(":")[0].rstrip("."),
        trained=read_json(Path("metrics/train") / f"{name}.json"),
        scores=read_json(Path("metrics/evaluate") / f"{name}.json"),
        data=data.name,
        image=images.shape[1:],
        tested=len(images),
        watched=data.watched == "test",
        per_class=read_table(Path("metrics/per_class") / f"{name}.csv").to_dict("records"),
        interval=INTERVAL,
        seeds=SEEDS,
    )
    return str(made).rstrip() + "\n"


def main(name: str) -> None:
    """Write the card of the model *name* beside it."""
    write_text(Path("models") / f"{name}.md", card(name))


if __name__ == "__main__":
    run(main)
