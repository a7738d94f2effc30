"""The graph of the stages, as DVC draws it."""

import re
from collections.abc import Mapping, Sequence, Set
from graphlib import TopologicalSorter

# From each stage to those that it needs.
Graph = Mapping[str, set[str]]
LINE = re.compile(r'^\s*"(.+?)"(?: -> "(.+?)")?;?$', re.MULTILINE)


def from_dot(text: str) -> Graph:
    """Return the graph that ``dvc dag --dot`` prints: what each stage needs directly."""
    graph: dict[str, set[str]] = {}
    for needed, stage in LINE.findall(text):
        graph.setdefault(needed, set())
        if stage:
            graph.setdefault(stage, set()).add(needed)
    return graph


def all_needs(graph: Graph) -> Graph:
    """Return from each stage to all that it needs, directly or not; each behind those it needs.

    Those that need nothing stand first, in their order in dvc.yaml.
    """
    sorter = TopologicalSorter(dict.fromkeys(graph, ()))
    for stage, needed in graph.items():
        sorter.add(stage, *needed)
    needs: dict[str, set[str]] = {}
    for stage in sorter.static_order():
        needs[stage] = graph[stage].union(*(needs[name] for name in graph[stage]))
    return needs


def chains(starts: Sequence[str], needs: Graph) -> dict[str, list[str]]:
    """Return each of *starts* and, behind it, the stages that need it and none of the others.

    *needs* comes from :func:`all_needs`.
    """
    return {
        start: [start, *(stage for stage in needs if needs[stage] & set(starts) == {start})]
        for start in starts
    }


def upstream(stages: Set[str], needs: Graph) -> list[str]:
    """Return what *stages* need, without themselves, in an order in which it can be run."""
    needed = set().union(*(needs[stage] for stage in stages)) - stages
    return [stage for stage in needs if stage in needed]
