"""The graph of the stages, as DVC draws it."""

import re
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter

# From each stage to those that it needs directly.
Graph = Mapping[str, set[str]]
LINE = re.compile(r'^\s*"(.+?)"(?: -> "(.+?)")?;?$', re.MULTILINE)


def from_dot(text: str) -> Graph:
    """Return the graph that ``dvc dag --dot`` prints."""
    graph: dict[str, set[str]] = {}
    for needed, stage in LINE.findall(text):
        graph.setdefault(needed, set())
        if stage:
            graph.setdefault(stage, set()).add(needed)
    return graph


def chains(starts: Sequence[str], graph: Graph) -> dict[str, list[str]]:
    """Return each of *starts* and, behind it, the stages that need it and none of the others.

    Each stage stands behind those that it needs.
    """
    needs: dict[str, set[str]] = {}
    for stage in TopologicalSorter(graph).static_order():
        needs[stage] = graph[stage].union(*(needs[name] for name in graph[stage]))
    return {
        start: [start, *(stage for stage in needs if needs[stage] & set(starts) == {start})]
        for start in starts
    }
