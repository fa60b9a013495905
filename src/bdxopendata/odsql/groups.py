"""Groups of rows on a local table, and what can be computed over each.

Each row gets the number of its group. Numbers ascend by the keys, missing keys first: the order in which portals
give groups when none is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from bdxopendata.odsql import nodes
from bdxopendata.odsql.clusters import DEFAULT_RADIUS, clustered
from bdxopendata.odsql.functions import NotEvaluable
from bdxopendata.odsql.kinds import family
from bdxopendata.odsql.nodes import GroupKey, Node
from bdxopendata.odsql.places import Places
from bdxopendata.odsql.ranges import MISSING, OUTSIDE, ranged
from bdxopendata.odsql.values import Values, as_type, is_list
from bdxopendata.odsql.words import flattened

Codes = npt.NDArray[np.int64]

# Places a row for codes that may not occur, beyond which codes are sorted.
_DENSE = 4
_SIMPLE = {"sum": "sum", "min": "min", "max": "max", "avg": "mean"}


@dataclass(frozen=True)
class Groups:
    """Groups of rows.

    Attributes
    ----------
    rows
        Rows of the table that are in a group; a row with several values of a key is there once for each.
    numbers
        The group of each of them.
    count
        How many groups there are.
    keys
        One column per key, one value per group.
    """

    rows: Codes
    numbers: Codes
    count: int
    keys: tuple[Any, ...] = ()

    def aggregate(self, call: nodes.Call, values: Values) -> Any:
        """One value per group."""
        operand = call.arguments[0]
        if isinstance(operand, nodes.Star):
            if call.distinct:
                raise NotEvaluable("count(distinct *)", "what makes two rows the same is not documented")
            return pa.array(np.bincount(self.numbers, minlength=self.count))
        column = values.column(operand)
        if not self._is_every_row(len(column)):
            column = column.take(pa.array(self.rows))
        if call.name == "count":
            return self._count_distinct(column) if call.distinct else self._count(column)
        if call.name in ("envelope", "bbox"):
            return self._outline(call.name, Places(column))
        is_time = family(values.kinds.of(operand)) == "time"
        if is_list(column) or (is_time and call.name not in ("min", "max")):
            raise NotEvaluable(f"{call.name}() of such a field", "its result is not documented")
        if call.name in _SIMPLE:
            return self._simple(_SIMPLE[call.name], column)
        percent = 50.0
        if call.name == "percentile":
            assert isinstance(call.arguments[1], nodes.Number)
            percent = float(call.arguments[1].value)
        return self._percentile(column, percent)

    def _is_every_row(self, length: int) -> bool:
        return len(self.rows) == length and bool((self.rows == np.arange(length)).all())

    def _count(self, column: Any) -> Any:
        valid = pc.is_valid(column).to_numpy(zero_copy_only=False)
        return pa.array(np.bincount(self.numbers[valid], minlength=self.count))

    def _count_distinct(self, column: Any) -> Any:
        flat, owners = flattened(column)
        if pa.types.is_nested(flat.type):
            raise NotEvaluable("count(distinct) of such a field", "what makes two values the same is not documented")
        table = pa.table({"group": self.numbers[owners], "value": flat})
        found = table.group_by("group", use_threads=False).aggregate(
            [("value", "count_distinct", pc.CountOptions(mode="only_valid"))]
        )
        counts = np.zeros(self.count, np.int64)
        counts[found["group"].to_numpy()] = found["value_count_distinct"].to_numpy()
        return pa.array(counts)

    def _simple(self, function: str, column: Any) -> Any:
        table = pa.table({"group": self.numbers, "value": column})
        found = table.group_by("group", use_threads=False).aggregate([("value", function)])
        if function == "sum" and pa.types.is_integer(column.type):
            rough = np.bincount(self.numbers, pc.fill_null(column, 0).to_numpy().astype(float), self.count)
            if np.abs(rough).max(initial=0) > 9.2e18:
                raise NotEvaluable("a sum beyond 64 bits", "whole numbers are computed in 64 bits here")
        # Groups come in order of appearance; those without a row are missing.
        place = np.full(self.count, -1, np.int64)
        place[found["group"].to_numpy()] = np.arange(found.num_rows)
        return found[f"value_{function}"].combine_chunks().take(pa.array(place, mask=place < 0))

    def _percentile(self, column: Any, percent: float) -> Any:
        valid = pc.is_valid(column).to_numpy(zero_copy_only=False)
        numbers = self.numbers[valid]
        values = as_type(column.filter(pa.array(valid)), pa.float64()).to_numpy(zero_copy_only=False)
        order = np.lexsort((values, numbers))
        values = values[order]
        counts = np.bincount(numbers, minlength=self.count)
        starts = np.cumsum(counts) - counts
        filled = counts > 0
        spot = starts[filled] + (counts[filled] - 1) * percent / 100
        low = np.floor(spot).astype(np.int64)
        high = np.ceil(spot).astype(np.int64)
        found = np.full(self.count, np.nan)
        found[filled] = values[low] + (values[high] - values[low]) * (spot - low)
        return pa.array(found, mask=~filled)

    def _outline(self, name: str, places: Places) -> Any:
        shapes = np.asarray(shapely.points(places.lon, places.lat) if places.is_points else places.shapes)
        outlines: list[Any] = []
        order = np.argsort(self.numbers[places.valid], kind="stable")
        grouped = shapes[places.valid][order]
        counts = np.bincount(self.numbers[places.valid], minlength=self.count)
        for members in np.split(grouped, np.cumsum(counts)[:-1]):
            together = shapely.geometrycollections(members)
            outline = shapely.convex_hull(together) if name == "envelope" else shapely.envelope(together)
            outlines.append(shapely.to_wkb(outline) if len(members) else None)
        return pa.array(outlines, pa.binary())


def all_rows(length: int) -> Groups:
    """One group of all rows."""
    return Groups(np.arange(length), np.zeros(length, np.int64), 1)


def grouped(keys: tuple[GroupKey, ...], values: Values) -> Groups:
    """Make the groups of some keys."""
    rows = np.arange(values.length)
    codes: list[Codes] = []
    dictionaries: list[Any] = []
    several = False
    for key in keys:
        found, dictionary, owners = _coded(key.expression, values)
        if owners is None:
            # As long as each row is there once, in its place, codes are where they belong.
            added = found if not several else found[rows]
        else:
            # One row becomes several here: for each row so far, the values that belong to it.
            several = True
            firsts = np.searchsorted(owners, rows, side="left")
            counts = np.searchsorted(owners, rows, side="right") - firsts
            spread = np.repeat(np.arange(len(rows)), counts)
            steps = np.arange(len(spread)) - np.repeat(np.cumsum(counts) - counts, counts)
            added = found[np.repeat(firsts, counts) + steps]
            rows, codes = rows[spread], [code[spread] for code in codes]
        codes.append(added)
        dictionaries.append(dictionary)
    inside = np.logical_and.reduce([code != OUTSIDE for code in codes])
    if not inside.all():
        rows, codes = rows[inside], [code[inside] for code in codes]
    numbers, members = _numbered(codes)
    columns = tuple(
        dictionary.take(pa.array(member, mask=member == MISSING))
        for dictionary, member in zip(dictionaries, members, strict=True)
    )
    return Groups(rows, numbers, len(members[0]), columns)


def _coded(expression: Node, values: Values) -> tuple[Codes, Any, Codes | None]:
    """Codes that ascend with the values, the values by code, and the row of each code where rows have several."""
    match expression:
        case nodes.Call("range", (operand, *bounds)):
            return (*ranged(values.column(operand), tuple(bounds), values.setting.zone), None)
        case nodes.Call("geo_cluster", (operand, nodes.Number(zoom), *more)):
            radius = more[0].value if more and isinstance(more[0], nodes.Number) else DEFAULT_RADIUS
            return (*clustered(Places(values.column(operand)), int(zoom), int(radius)), None)
    column = values.column(expression)
    if is_list(column):
        return _coded_list(column)
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        raise NotEvaluable("group_by on such a field", "it is not documented")
    return (*_coded_plain(column), None)


def _coded_plain(column: Any) -> tuple[Codes, Any]:
    encoded = column.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    # The last place is that of missing values.
    ranks = np.empty(len(order) + 1, np.int64)
    ranks[order] = np.arange(len(order))
    ranks[-1] = MISSING
    indices = encoded.indices
    if indices.null_count:
        indices = pc.fill_null(indices.cast(pa.int64()), len(order))
    return ranks[indices.to_numpy(zero_copy_only=False)], encoded.dictionary.take(pa.array(order))


def _coded_list(column: Any) -> tuple[Codes, Any, Codes]:
    flat, owners = flattened(column)
    codes, dictionary = _coded_plain(flat)
    empty = np.setdiff1d(np.arange(len(column)), owners)
    owners = np.concatenate([owners, empty])
    codes = np.concatenate([codes, np.full(len(empty), MISSING)])
    # A value that a row holds twice puts the row into its group once.
    pairs = np.unique(np.stack([owners, codes]), axis=1)
    return pairs[1], dictionary, pairs[0]


def _numbered(codes: list[Codes]) -> tuple[Codes, list[Codes]]:
    """Give the number of each row's group, and each group's code by key; groups ascend by the first key first."""
    numbers = np.zeros(len(codes[0]), np.int64)
    members: list[Codes] = []
    for code in codes:
        # Renumbered after each key, so that the product stays far below 64 bits.
        span = int(code.max(initial=MISSING)) + 2
        most = span * (len(members[0]) if members else 1)
        found, numbers = _distinct(numbers * span + (code + 1) if members else code + 1, most)
        members = [member[found // span] for member in members]
        members.append(found % span - 1)
    return numbers, members


def _distinct(codes: Codes, most: int) -> tuple[Codes, Codes]:
    """Give the distinct codes, all below `most`, in order, and the place of each code among them."""
    if most > _DENSE * (len(codes) + _DENSE):
        found, numbers = np.unique(codes, return_inverse=True)
        return found, numbers.astype(np.int64)
    # No sorting: with a place for each code that could be, one look over the codes says which there are.
    there = np.zeros(most, bool)
    there[codes] = True
    found = np.flatnonzero(there)
    places = np.cumsum(there) - 1
    return found, places[codes]
