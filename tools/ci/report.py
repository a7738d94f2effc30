"""What changed since BASE, as Markdown: ``python -m tools.ci.report BASE``.

BASE is a branch, tag or commit; it is compared with the files as they are, committed or not.
"""

import json
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stages.common.command import run
from stages.common.errors import StageError
from stages.compare.comparison import to_markdown
from tools.ci import last_run
from tools.ci.comment import MARKER

COMPARISON = Path("metrics/comparison.csv")
# What `dvc params diff --json` and `dvc metrics diff --json` print: by file and key, the values
# old and new, and their difference where both are numbers.
Diff = Mapping[str, Mapping[str, Mapping[str, Any]]]


def main(base: str) -> None:
    """Print the report."""
    commit = resolve(base)
    # A commit's full name is for machines.
    name = base[:7] if re.fullmatch(r"[0-9a-f]{40}", base) else base
    comparison = to_markdown(pd.read_csv(COMPARISON, keep_default_na=False))
    print(
        markdown(
            name,
            params=differences("params", commit),
            metrics=differences("metrics", commit),
            comparison=comparison,
            stages=last_run.read(),
        )
    )


def resolve(base: str) -> str:
    """Return the commit that *base* names.

    Raises:
        StageError: it names none.
    """
    commit = _commit(base)
    if commit is None:
        nearest = f"origin/{base}"
        hint = f"did you mean {nearest}?" if _commit(nearest) else "for example main or origin/main"
        raise StageError(f"BASE: no branch, tag or commit {base!r} here; {hint}")
    return commit


def _commit(name: str) -> str | None:
    """Return the commit that *name* stands for, None if Git knows no such name."""
    command = ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def differences(kind: str, commit: str) -> Diff:
    """Return how the ``params`` or ``metrics`` of the working tree differ from *commit*'s."""
    command = ["dvc", kind, "diff", "--json", commit]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise StageError(f"`{' '.join(command)}` failed: it says why above")
    found: Diff = json.loads(done.stdout)
    return found


def markdown(
    base: str, params: Diff, metrics: Diff, comparison: str, stages: Mapping[str, str] | None
) -> str:
    """Return the report; *stages* holds what became of each stage, or None if that is not known."""
    old = code(base)
    parts = [
        MARKER,
        f"## Pipeline: what changed since {old}",
        "### Parameters",
        table([["Parameter", old, "now"], *parameter_rows(params)], "lll")
        if params
        else "No parameter changed.",
        "### Metrics",
        table([["Model", "Metric", old, "now", "difference"], *metric_rows(metrics)], "llrrr")
        if metrics
        else "No metric changed.",
        "### Comparison",
        comparison.strip(),
        "### Stages",
        stages_text(stages),
    ]
    return "\n\n".join(parts)


def parameter_rows(params: Diff) -> list[list[str]]:
    """Return a row for each parameter that changed: its name, old and new value."""
    return [
        [code(key), code(value(change["old"])), code(value(change["new"]))]
        for _, changes in sorted(params.items())
        for key, change in sorted(changes.items())
    ]


def metric_rows(metrics: Diff) -> list[list[str]]:
    """Return a row for each metric that changed: model, metric, old and new value, difference."""
    return [
        [
            Path(path).stem,
            key,
            number(change["old"]),
            number(change["new"]),
            number(change.get("diff"), sign="+"),
        ]
        for path, changes in sorted(metrics.items())
        for key, change in sorted(changes.items())
    ]


def stages_text(stages: Mapping[str, str] | None) -> str:
    """Return what became of the stages, a line each for those that ran and those in the cache."""
    if stages is None:
        return "Which stages ran is not known: `make ci-repro` notes it down."
    named = {
        outcome: [code(name) for name, became in sorted(stages.items()) if became == outcome]
        for outcome in (last_run.RAN, last_run.CACHED)
    }
    ran, cached = named[last_run.RAN], named[last_run.CACHED]
    lines = [f"Ran {len(ran)} of {len(stages)}{listed(ran)}."]
    if cached:
        lines.append(f"From the run-cache {len(cached)}{listed(cached)}.")
    return "\n".join(lines)


def listed(names: Sequence[str]) -> str:
    """Return *names* as the end of a sentence."""
    return f": {', '.join(names)}" if names else ""


def value(parameter: object) -> str:
    """Return a parameter's value as it stands in params.yaml, ``-`` where it is not set."""
    if parameter is None:
        return "-"
    return parameter if isinstance(parameter, str) else json.dumps(parameter)


def number(metric: float | None, sign: str = "") -> str:
    """Return a metric, ``-`` where there is none; with *sign* ``+`` a difference."""
    if metric is None:
        return "-"
    if isinstance(metric, int):
        return f"{metric:{sign},}"
    # A difference that four digits would show as none is shown in its first digit.
    tiny = 0 < abs(metric) < 0.00005  # noqa: PLR2004
    return f"{metric:{sign}.0e}" if tiny else f"{metric:{sign}.4f}"


def code(text: str) -> str:
    """Return *text* as code in a Markdown table, whatever it holds; it may come from a fork."""
    plain = text.replace("`", "'").replace("|", r"\|")
    return f"`{' '.join(plain.split())}`"


def table(rows: Iterable[Sequence[str]], align: str) -> str:
    """Return a Markdown table, its first row the header; *align* has l or r for each column."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    rule = " | ".join("---:" if side == "r" else "---" for side in align)
    return "\n".join([lines[0], f"| {rule} |", *lines[1:]])


if __name__ == "__main__":
    run(main)
