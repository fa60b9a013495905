"""Row groups that cannot hold what is looked for are not read, and no row is missed for that."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from bdxopendata import F, formats, frames, odsql
from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.fields import Field, Schema
from bdxopendata.formats import groups
from bdxopendata.frames.columns import POINT
from bdxopendata.odsql import Question
from bdxopendata.odsql.spans import Span, can_match
from bdxopendata.testing.bodies import Reply
from test_lake import places

if TYPE_CHECKING:
    from conftest import Serve

SCHEMA = Schema(
    [
        Field("n", "int"),
        Field("x", "double"),
        Field("t", "text"),
        Field("d", "date"),
        Field("m", "datetime"),
        Field("p", "geo_point_2d"),
    ]
)
WHOLE = st.one_of(st.integers(-3, 3), st.sampled_from([2**53, 2**53 + 1, 2**63 - 1, -(2**63)]))
DECIMAL = st.sampled_from([-1.5, -0.0, 0.0, 0.1, 2.0, 9007199254740993.0, math.inf, -math.inf, math.nan])
WORDS = st.sampled_from(["", "a", "b", "é", "z" * 80, "z" * 80 + "a", "\U0010ffff" * 20, "A"])
DAYS = st.sampled_from([date(1, 1, 1), date(1969, 12, 31), date(2024, 2, 29), date(9999, 12, 31)])
MOMENTS = st.sampled_from(
    [
        datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC),
        datetime(2024, 2, 29, tzinfo=UTC),
        datetime(2024, 3, 1, 1, tzinfo=UTC),
    ]
)
PLACES = st.sampled_from([(-0.57, 44.84), (-0.58, 44.84), (0.0, 0.0), (179.9, -89.9), (-179.9, -80.0), (200.0, 45.0)])
ROWS = st.lists(
    st.tuples(*(st.one_of(st.none(), one) for one in (WHOLE, DECIMAL, WORDS, DAYS, MOMENTS, PLACES))), max_size=12
)
STAMPS = st.sampled_from([pa.timestamp("us", "UTC"), pa.timestamp("ns"), pa.timestamp("ns", "Europe/Paris")])


def literals(name: str) -> st.SearchStrategy[str]:
    return {
        "n": st.one_of(WHOLE.map(str), st.sampled_from(["0.5", "9007199254740992.0", "2.0"])),
        "x": st.sampled_from(["-2", "-1.5", "-1", "0", "0.1", "1", "2", "9007199254740993", "100"]),
        "t": WORDS.map(lambda word: f"'{word}'"),
        "d": DAYS.map(lambda day: f"date'{day.isoformat()}'"),
        "m": st.one_of(DAYS.map(lambda day: f"date'{day.isoformat()}'"),
                       MOMENTS.map(lambda moment: f"date'{moment.isoformat()}'")),
    }[name]  # fmt: skip


@st.composite
def simple(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(["n", "x", "t", "d", "m", "p"]))
    if name == "p":
        return draw(st.sampled_from([
            "in_bbox(p, 44.84, -0.57, 44.9, -0.5)", "in_bbox(p, 45, 0, 44, -1)", "in_bbox(p, -90, 179, -80, 180)",
            "within_distance(p, geom'POINT(-0.57 44.84)', 0m)", "within_distance(p, geom'POINT(-0.57 44.84)', 800m)",
            "within_distance(p, geom'POINT(10 0)', 1200km)", "within_distance(p, geom'POINT(0 90)', 1km)",
            "within_distance(p, geom'POINT(-179 -89)', 300km)", "within_distance(p, geom'POINT(20 0)', 9000km)",
            "within_distance(p, geom'POINT(-0.575 44.84)', 394.4m)",
            "within_distance(p, geom'POINT(-179.95 -80)', 1100km)",
        ]))  # fmt: skip
    one, other = draw(literals(name)), draw(literals(name))
    forms = [f"{name} = {one}", f"{name} != {one}", f"{name} is null"]
    if name in "nxt":
        forms.append(f"{name} in ({one}, {other})")
    if name != "t":
        forms += [f"{name} {sign} {one}" for sign in ("<", "<=", ">", ">=")]
        forms += [f"{name} in {left}{one}..{other}{right}" for left in "[]" for right in "[]"]
    return draw(st.sampled_from(forms))


CONDITIONS = st.recursive(
    simple(),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(lambda three: f"({''.join(three)})"),
        inner.map(lambda one: f"not ({one})"),
    ),
    max_leaves=3,
)


def written(rows: list[tuple[Any, ...]], path: Path, stamp: pa.DataType, size: int, **more: Any) -> Path:
    columns = list(zip(*rows, strict=True)) or [()] * 6
    points = [None if one is None else {"lon": one[0], "lat": one[1]} for one in columns[5]]
    kinds = [pa.int64(), pa.float64(), pa.string(), pa.date32()]
    arrays = [pa.array(column, kind) for column, kind in zip(columns[:4], kinds, strict=True)]
    moments = pa.array(columns[4], pa.timestamp("us", "UTC")).cast(pa.timestamp(stamp.unit, "UTC"))
    arrays += [moments.cast(pa.int64()).cast(stamp), pa.array(points, POINT)]
    pq.write_table(pa.table(arrays, names=list(SCHEMA.names)), path, row_group_size=size, **more)
    return path


def answer(path: Path, question: Question, **more: Any) -> pa.Table:
    table = frames.conform(formats.read(path, "parquet", SCHEMA, **more), SCHEMA, frames.Quality())
    return odsql.evaluate(question, table, SCHEMA.types()).table


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, condition=CONDITIONS, stamp=STAMPS, size=st.integers(1, 4), statistics=st.booleans())
def test_answers_are_those_of_all_row_groups(
    rows: list[tuple[Any, ...]], condition: str, stamp: pa.DataType, size: int, statistics: bool, tmp_path: Path
) -> None:
    path = written(rows, tmp_path / "rows.parquet", stamp, size, write_statistics=statistics)
    question = Question(where=odsql.conditions(condition))
    assert question.condition is not None
    node = question.condition

    def keep(spans: Mapping[str, Span]) -> bool:
        return can_match(node, spans, SCHEMA.types())

    expected, found = answer(path, question), answer(path, question, keep=keep)

    assert repr(found.to_pylist()) == repr(expected.to_pylist())
    pieces = [
        odsql.evaluate(question, frames.conform(one, SCHEMA, frames.Quality()), SCHEMA.types()).table
        for one in formats.batches(path, "parquet", SCHEMA, 2, keep=keep)
    ]
    assert repr([row for one in pieces for row in one.to_pylist()]) == repr(expected.to_pylist())


SORTED = [
    (number, number / 2, f"{number:03}", date(2024, 1, 1 + number // 4), datetime(2024, 1, 1 + number // 4, tzinfo=UTC),
     (number / 10, 44 + number / 100)) for number in range(100)
]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "read"),
    [
        ("n = 42", 1), ("n >= 95", 1), ("n < 0", 0), ("n in (5, 95)", 2), ("n in [8..12]", 2), ("n in ]9..10[", 0),
        ("x > 48", 1), ("x = 0.25", 1), ("t = '042'", 1), ("t = 'é'", 0), ("t = '042' and n = 1", 0),
        ("t = '042' or n = 1", 2), ("d = date'2024-01-03'", 2), ("m < date'2024-01-02'", 1),
        ("in_bbox(p, 44, 0, 45, 0.5)", 1), ("within_distance(p, geom'POINT(0 44)', 1km)", 1),
        ("not (n = 42)", 10), ("n is null", 10), ("n != 42", 10), ("n + 1 = 42", 10), ("startswith(t, '042')", 10),
    ],
)  # fmt: skip
def test_only_row_groups_that_may_hold_a_row_are_read(condition: str, read: int, tmp_path: Path) -> None:
    path = written(SORTED, tmp_path / "sorted.parquet", pa.timestamp("us", "UTC"), 10, compression="none")
    question = Question(where=odsql.conditions(condition))
    expected = answer(path, question)
    node = question.condition
    assert node is not None

    def keep(spans: Mapping[str, Span]) -> bool:
        return can_match(node, spans, SCHEMA.types())

    with pq.ParquetFile(path) as file:
        kept = groups.kept(file, SCHEMA, keep)
        spoilt = [file.metadata.row_group(place) for place in set(range(10)).difference(kept)]
    data = bytearray(path.read_bytes())
    for group in spoilt:
        for place in range(group.num_columns):
            chunk = group.column(place)
            start = chunk.dictionary_page_offset or chunk.data_page_offset
            data[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(data)

    assert len(kept) == read
    assert answer(path, question, keep=keep).equals(expected)
    if spoilt:
        with pytest.raises(UnexpectedAnswerError):
            answer(path, question)


@pytest.mark.parametrize(
    "stamp",
    [pa.timestamp("s"), pa.timestamp("ms", "UTC"), pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("ns", "UTC")],
)
def test_moments_of_every_unit_are_told_apart(stamp: pa.DataType, tmp_path: Path) -> None:
    path = written(SORTED, tmp_path / "sorted.parquet", stamp, 10)
    question = Question(where=odsql.conditions("m in [date'2024-01-05'..date'2024-01-06']"))
    node = question.condition
    assert node is not None

    with pq.ParquetFile(path) as file:
        kept = groups.kept(file, SCHEMA, lambda spans: can_match(node, spans, SCHEMA.types()))

    assert kept == [1, 2]
    assert answer(path, question).num_rows == 8


def test_stored_rows_are_filtered_without_the_row_groups_of_others(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bdxopendata.formats.parquet.ROW_GROUP", 30)
    served = serve(places())
    body = json.dumps({"error_code": "NotFoundURI", "message": "The requested URI does not exist."}).encode()
    # What comes as JSON lines is stored as Parquet of this library, with row groups of its size.
    served.portal.before_answer(
        lambda request: (
            Reply(404, body, {"content-type": "application/json"}) if request.path.endswith("/parquet") else None
        )
    )
    dataset = served.dataset("places")
    query = dataset.where(F.taille > 25)
    expected = query.to_pandas(format="jsonl")
    dataset.to_pandas()
    read: list[tuple[int, int]] = []

    def noted(file: pq.ParquetFile, *more: Any) -> list[int]:
        found = groups.kept(file, *more)
        read.append((len(found), file.metadata.num_row_groups))
        return found

    monkeypatch.setattr("bdxopendata.formats.parquet.kept", noted)

    assert_frame_equal(query.to_pandas(), expected)
    assert [len(one) for one in query.batches(1_000)] == [len(expected)]
    near = dataset.near(-0.35, 44.8, 2_000, field="geo_point_2d")
    assert 0 < len(near.to_pandas()) < 60
    assert read == [(2, 10), (2, 10), (3, 10)]
