"""Facet enumerations: the values of a field, how often each occurs, and where a refinement stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

import numpy as np

from bdxopendata.testing.refinements import Facet, Path, Refinements, row_paths
from bdxopendata.testing.stock import Held

# However many values there are, the portal never tells more.
MOST_VALUES = 100


def enumerate_facet(
    held: Held, facet: Facet, kept: np.ndarray, refinements: Refinements, zone: tzinfo
) -> dict[str, Any] | None:
    """One facet over the rows in `kept`, or None when it has no value there."""
    paths = row_paths(held, facet, zone)
    counts: Counter[Path] = Counter()
    for position in np.flatnonzero(kept).tolist():
        # A row counts once for each step of its paths, however many of its values share that step.
        counts.update({path[:size] for path in paths[position] for size in range(1, len(path) + 1)})
    refined = {path for own, path in refinements.refined if own.name == facet.name}
    excluded = {path for own, path in refinements.excluded if own.name == facet.name}
    opened = {path[:size] for path in refined for size in range(1, len(path) + 1)}
    values = _level((), facet, counts, opened, excluded)
    return {"name": facet.name, "facets": values} if values else None


def _level(
    parent: Path, facet: Facet, counts: Counter[Path], opened: set[Path], excluded: set[Path]
) -> list[dict[str, Any]]:
    size = len(parent) + 1
    here = {path for path in {*counts, *excluded} if len(path) == size and path[:-1] == parent}
    ordered = sorted(here - excluded, key=lambda path: path[-1])
    key, reverse = SORTS.get(facet.sort, SORTS["-count"])
    ordered.sort(key=lambda path: key(path, counts[path]), reverse=reverse)
    values = []
    for path in [*ordered, *sorted(here & excluded)][: min(facet.limit or MOST_VALUES, MOST_VALUES)]:
        state = "excluded" if path in excluded else "refined" if path in opened else "displayed"
        value: dict[str, Any] = {
            "name": path[-1],
            "count": 0 if path in excluded else counts[path],
            "state": state,
            "value": (facet.separator or "").join(path),
        }
        # Children show only below what is refined.
        children = _level(path, facet, counts, opened, excluded) if path in opened else []
        values.append(value | {"facets": children} if children else value)
    return values


def _number(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text


SORTS: dict[str, tuple[Callable[[Path, int], Any], bool]] = {
    "count": (lambda path, count: count, False),
    "-count": (lambda path, count: -count, False),
    "alphanum": (lambda path, count: path[-1], False),
    "-alphanum": (lambda path, count: path[-1], True),
    "num": (lambda path, count: _number(path[-1]), False),
    "-num": (lambda path, count: _number(path[-1]), True),
}
