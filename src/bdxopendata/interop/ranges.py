"""An answer in disjoint ranges of a field, whose counts add up to the whole.

Where to cut is read from the portal's own counts by day or from percentiles; each range is then counted by the portal,
and rows without a value have a range of their own. So a cut in a bad place makes uneven ranges, and never a lost row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from bdxopendata.answers import Answers
from bdxopendata.errors import DatasetChangedError, IncompleteDataError, name_list
from bdxopendata.exports import REREADS
from bdxopendata.fields import Field, Schema
from bdxopendata.odsql import Expression, F, agg
from bdxopendata.query import Query
from bdxopendata.source import question_text

if TYPE_CHECKING:
    import pyarrow as pa

# With some hundred bytes a row, this is well below the most that a partition may hold.
ROWS = 250_000
LARGEST = 256_000_000
# Rows by which the size of all is estimated: one page of records.
SAMPLE = 100
# Bytes of the objects of a geometry, in Python and in GEOS.
GEOMETRY = 200
# Each range costs a few requests.
MOST_RANGES = 1_000

_ORDERED = ("int", "double", "date", "datetime")
_CHOSEN = ("datetime", "date", "int")


@dataclass(frozen=True, slots=True)
class Range:
    """A part of an answer: the question, its text, how many rows it has, and in which version of the dataset."""

    query: Query
    text: str
    rows: int
    version: str | None


@dataclass(frozen=True, slots=True)
class Ranges:
    """All parts of an answer, and the columns that each of them has."""

    parts: tuple[Range, ...]
    schema: Schema
    rows: int


def ranges(answers: Answers, partitions: int | None, by: str | None) -> Ranges:
    """Part an answer; see `bdxopendata.interop.dask.to_dask`."""
    _refuse(partitions)
    query = Query.of(answers)
    reader = query._reader
    for _ in range(REREADS + 1):
        info = reader.describe()
        question = reader.bound(query._bind, info)
        if question.is_grouped or question.is_aggregate or question.limit is not None or question.order_by:
            raise ValueError("Ranges are made of rows: not of group_by, aggregates, limit or order_by.")
        field = None if by is None else _field(info.schema, by)
        schema = reader.source.schema(question, info)
        # All counts are of the version of this description, or are counted again.
        with reader.as_of(info):
            total = query.count()
            each = _row_bytes(query, schema, total)
            parts = _parted(query, info.schema, field, total, _wanted(partitions, total, each))
        after = reader.describe()
        if after.version == info.version:
            _refuse_wrong_parts(reader.dataset_id, [rows for _, rows in parts], total, each)
            found = tuple(Range(one, question_text(one._bind(info.schema)), rows, info.version) for one, rows in parts)
            return Ranges(found, schema, total)
    raise DatasetChangedError(reader.dataset_id, info.version, after.version)


def _wanted(partitions: int | None, total: int, each: int) -> int:
    """How many ranges to make of so many rows of `each` bytes."""
    fewest = max(1, -(-total * each // LARGEST))
    if partitions is None:
        # Ranges are about even, not quite.
        wanted = max(1, -(-total // ROWS), 2 * fewest if fewest > 1 else 1)
    else:
        wanted = partitions
        if partitions > max(total, 1):
            raise ValueError(f"{partitions:,} partitions are more than the {total:,} rows.")
        if partitions < fewest <= total:
            raise ValueError(_too_large(total * each // partitions, f"At least {2 * fewest:,} partitions are needed"))
    if wanted > MOST_RANGES:
        raise ValueError(f"{wanted:,} partitions are too many; at most {MOST_RANGES:,} are made.")
    return wanted


def _refuse_wrong_parts(dataset_id: str, parts: Sequence[int], total: int, each: int) -> None:
    if sum(parts) != total:
        raise IncompleteDataError(dataset_id, total, sum(parts), "the counts of ranges")
    largest = max(parts)
    if largest > 1 and largest * each > LARGEST:
        raise ValueError(_too_large(largest * each, "Name another field with by=, or ask for more partitions"))


def _refuse(partitions: object) -> None:
    if partitions is None:
        return
    if isinstance(partitions, bool) or not isinstance(partitions, int):
        raise TypeError(f"partitions is a whole number, not {type(partitions).__name__}.")
    if partitions < 1:
        raise ValueError(f"partitions is at least 1, not {partitions}.")


def _row_bytes(query: Query, schema: Schema, total: int) -> int:
    """Estimate the memory of a row in a frame, by the first rows; 0 where there are too few rows to matter."""
    if total <= SAMPLE:
        return 0
    return row_bytes(query.limit(SAMPLE).to_arrow(), schema)


def row_bytes(sample: pa.Table, schema: Schema) -> int:
    """Estimate the memory of a row in a frame, from some rows.

    Numbers and text take there what they take in Arrow, and a mask or a pointer more. A geometry is an object besides
    its coordinates.
    """
    if not sample.num_rows:
        return 0
    geometries = sum(one.is_geometry for one in schema)
    return int(sample.nbytes / sample.num_rows + 2 * sample.num_columns) + GEOMETRY * geometries


def _too_large(size: int, way_out: str) -> str:
    most = f"{LARGEST / 1e6:,.0f} MB"
    return f"A partition would hold about {size / 1e6:,.0f} MB, and none may hold more than {most}. {way_out}."


def _field(schema: Schema, by: str) -> Field:
    if not isinstance(by, str):
        raise TypeError(f"by is the name of a field, not {type(by).__name__}.")
    field = schema.require(by)
    if field.type not in _ORDERED:
        raise ValueError(
            f"'{by}' is {field.type}: ranges are made of a field of type {name_list(list(_ORDERED))}, such as "
            f"{name_list([one.name for one in schema if one.type in _ORDERED][:5]) or 'none of this dataset'}."
        )
    return field


def _parted(query: Query, schema: Schema, field: Field | None, total: int, wanted: int) -> list[tuple[Query, int]]:
    if total == 0 or (wanted == 1 and field is None):
        return [(query, total)]
    candidates = [field] if field is not None else [one for kind in _CHOSEN for one in schema if one.type == kind]
    best: list[tuple[Query, int]] = []
    for one in candidates:
        present = query.where(F[one.name].not_null()).count()
        parts = _cut(query, one, total, present, wanted) if present else []
        # A field of few values makes few ranges; the next may do better.
        best = max(best, parts, key=len)
        if 2 * len(best) > wanted:
            break
    if best:
        return best
    if field is not None:
        raise ValueError(f"'{field.name}' is missing in every row, so no ranges can be made of it.")
    raise ValueError("No field of times or whole numbers has values to make ranges of: name one with by=.")


def _cut(query: Query, field: Field, total: int, present: int, wanted: int) -> list[tuple[Query, int]]:
    name = F[field.name]
    cuts = _cuts(query, field, present, wanted)
    if cuts:
        parts = [query.where(name < cuts[0])]
        parts += [query.where(name >= low, name < high) for low, high in pairwise(cuts)]
        parts.append(query.where(name >= cuts[-1]))
    else:
        parts = [query.where(name.not_null())]
    if present < total:
        parts.append(query.where(name.is_null()))
    counted = [(one, one.count()) for one in parts]
    return [(one, rows) for one, rows in counted if rows]


def _cuts(query: Query, field: Field, present: int, wanted: int) -> Sequence[Any]:
    """Values at which ranges begin, so that ranges have about the same number of rows."""
    if wanted < 2:
        return []
    rows = Query.of(query).where(F[field.name].not_null())
    return _days(rows, field, present, wanted) if field.family == "time" else _steps(rows, field, wanted)


def _days(rows: Query, field: Field, present: int, wanted: int) -> list[Any]:
    name = F[field.name]
    parts = [name.year, name.month, name.day]
    counts = _counts(rows, parts)
    if field.type == "datetime" and len(counts) < wanted:
        counts = _counts(rows, [*parts, name.hour])
    cuts: list[Any] = []
    before = 0
    for *when, count in counts:
        if before and before * wanted >= present * (len(cuts) + 1):
            day = date(*when[:3])
            hour = time(when[3] if len(when) > 3 else 0, tzinfo=UTC)
            cuts.append(day if field.type == "date" else datetime.combine(day, hour))
        before += count
    return cuts[: wanted - 1]


def _counts(rows: Query, keys: Sequence[Expression]) -> list[tuple[int, ...]]:
    table = rows.group_by(*keys).select(n=agg.count()).to_arrow()
    return sorted(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _steps(rows: Query, field: Field, wanted: int) -> list[Any]:
    found = [agg.percentile(field.name, 100 * step / wanted) for step in range(1, wanted)]
    table = rows.select(**{f"p{step}": one for step, one in enumerate(found)}).to_arrow()
    values = {column[0].as_py() for column in table.columns}
    values = {int(one) if field.type == "int" else one for one in values if one is not None}
    least = rows.select(least=agg.min(field.name)).to_arrow().column(0)[0].as_py()
    return sorted(one for one in values if one > least)


__all__ = ["LARGEST", "MOST_RANGES", "ROWS", "Range", "Ranges", "ranges", "row_bytes"]
