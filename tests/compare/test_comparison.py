"""Models side by side: notes, intervals and tables worked out by hand."""

import pandas as pd

from stages.compare import comparison
from stages.compare.significance import pairs
from tests.support.results import pairs_of


def rows(*models: tuple[float, float, int]) -> pd.DataFrame:
    """Return a table of (accuracy, seconds, parameters) of models a, b, c."""
    table = pd.DataFrame(models, columns=["accuracy", "train_seconds", "parameters"])
    return table.assign(model=list("abcdefgh")[: len(models)])


def test_notes_tell_a_difference_from_luck() -> None:
    pairs = pairs_of(("a", "b", 0.02, 0.003), ("a", "c", 0.01, 0.4), ("b", "c", -0.01, 0.049))
    assert comparison.notes(rows((0.9, 5, 10), (0.88, 7, 20), (0.89, 7, 10)), pairs) == [
        "more accurate than b (p = 0.003), no different from c on these images (p = 0.4), "
        "fastest, fewest parameters, on the Pareto front",
        "least accurate, slowest",
        "more accurate than b (p = 0.049), no different from a on these images (p = 0.4), "
        "slowest, fewest parameters",
    ]
    assert comparison.notes(rows((0.9, 5, 10)), pairs_of()) == [""]
    beaten = [("a", other, 0.1, 0.01 * n) for n, other in enumerate("bcde")]
    assert comparison.accuracy_notes("a", pairs_of(*beaten, ("a", "f", 0, 0.8)))[0] == (
        "more accurate than 4 others (p ≤ 0.03)"
    )


def test_pareto_front_is_what_no_other_model_beats() -> None:
    # Equals do not beat each other; as good in two and worse in the third is beaten.
    table = rows((0.9, 5, 10), (0.9, 5, 10), (0.9, 6, 10), (0.8, 4, 12), (0.7, 9, 13))
    assert comparison.pareto_front(table).tolist() == [True, True, False, True, False]


def test_durations_are_said_as_people_say_them() -> None:
    said = {0.04: "0.0 s", 9.94: "9.9 s", 9.97: "10 s", 59.6: "1 m 00 s", 1570: "26 m 10 s"}
    assert {seconds: comparison.duration(seconds) for seconds in said} == said


def test_markdown_of_the_notebooks_table_says_what_its_author_said() -> None:
    # Accuracies of 10,000 images, times in seconds.
    columns = ["parameters", "accuracy", "train_seconds", "epochs"]
    notebook = {
        "model1": (679_808, 0.976, 162.0, 5),
        "model2": (109_674, 0.987, 442.0, 10),
        "model3": (1_726_250, 0.99, 1570.0, 10),
    }
    other = {"trainable_parameters": 1, "recipe": "notebook", "precision": "float32"}
    other |= {"seeds": 5, "seeds_deviation": 0.00123}
    models = {name: dict(zip(columns, row, strict=True)) | other for name, row in notebook.items()}
    # A better model is right wherever a worse one is.
    images = range(10_000)
    right = pd.DataFrame({n: [i < 10_000 * row[1] for i in images] for n, row in notebook.items()})
    table = comparison.compare(models, right, pairs(right))
    lines = comparison.to_markdown(table).splitlines()
    assert len({len(line) for line in lines}) == 1
    rows = [[cell.strip() for cell in line[2:-2].split(" | ")] for line in lines]
    assert rows[0][:3] == ["Model", "Params", "Accuracy (%)"]
    assert [cell.strip("-") for cell in rows[1]] == ["", ":", ":", ":", ":", ":", ""]
    assert rows[3] == [
        "model2", "109,674", "98.70", "98.46 to 98.90", "± 0.12 (5)", "7 m 22 s (10 epochs)",
        "more accurate than model1 (p < 0.0001), fewest parameters, on the Pareto front",
    ]  # fmt: skip
    assert rows[4][-1] == (
        "most accurate, more accurate than model1 and model2 (p < 0.0001), slowest, "
        "on the Pareto front"
    )
