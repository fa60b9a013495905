"""The same data are the same canonical table, by whichever road they came."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bdxopendata import formats, frames
from bdxopendata.fields import Schema
from support.every_type import FULL, HOLLOW, ROWS, SCHEMA, feature
from support.export_writers import WRITERS, write

ROADS = tuple(WRITERS)


def by_road(rows: list[dict[str, Any]], road: str, folder: Path, schema: Schema = SCHEMA) -> pa.Table:
    quality = frames.Quality()
    if road == "records":
        raw = formats.rows_to_table(rows, schema)
    else:
        raw = formats.read(write(rows, schema, road, folder), road, schema)
    table = frames.conform(raw, schema, quality)
    assert not quality, str(quality)
    return table


def by_batches(rows: list[dict[str, Any]], road: str, size: int, folder: Path, schema: Schema = SCHEMA) -> pa.Table:
    pieces = formats.batches(write(rows, schema, road, folder), road, schema, size)
    return pa.concat_tables([frames.conform(raw, schema, frames.Quality()) for raw in pieces])


def without_what_csv_leaves_out(table: pa.Table) -> pa.Table:
    """In CSV a file is only an address."""
    place = table.schema.get_field_index("photo")
    urls = [None if one is None else {"url": one["url"]} for one in table.column(place).to_pylist()]
    return table.set_column(place, table.schema.field(place), pa.array(urls, table.schema.field(place).type))


def same(one: pa.Table, other: pa.Table) -> bool:
    # Arrow takes NaN for unequal and looks at bytes below missing values; Python values are what a user sees.
    return one.schema == other.schema and repr(one.to_pylist()) == repr(other.to_pylist())


@pytest.mark.parametrize("road", ROADS)
def test_every_type_is_the_same_table_by_every_road(road, tmp_path):
    expected = by_road(ROWS, "records", tmp_path)

    table = by_road(ROWS, road, tmp_path)

    if road == "csv":
        expected = without_what_csv_leaves_out(expected)
    assert table.num_rows == len(ROWS)
    assert same(table, expected)


@pytest.mark.parametrize("road", [*ROADS, "records"])
def test_types_are_those_of_the_schema_whatever_the_values(road, tmp_path):
    for rows in ([], [dict.fromkeys(FULL)], ROWS):
        assert by_road(rows, road, tmp_path).schema == frames.canonical_schema(SCHEMA)


def test_values_are_what_was_sent(tmp_path):
    table = by_road(ROWS, "records", tmp_path)

    rows = table.to_pylist()
    assert rows[0]["code"] == "0033063"
    assert rows[0]["year"] == date(1988, 1, 1)
    assert rows[2]["count"] == 2**53 + 1
    assert rows[2]["note"] == "line\r\nbreak\nand \x00 and \t"
    assert rows[3]["tags"] == ["one, two", "a;b"]
    assert rows[4]["seen"].isoformat() == "0001-01-01T00:00:00+00:00"
    assert rows[5]["seen"].isoformat() == "9999-12-31T23:59:59.123456+00:00"
    assert [rows[place]["seen"].isoformat() for place in (6, 7, 8)] == [
        "2026-03-29T01:30:00+00:00",
        "2026-10-25T00:30:00+00:00",
        "2026-10-25T01:30:00+00:00",
    ]
    assert all(value is None for value in rows[1].values())


@pytest.mark.parametrize("road", [road for road in ROADS if road != "csv"])
def test_empty_text_and_empty_lists_stay_apart_from_missing_ones_but_in_csv(road, tmp_path):
    table = by_road([HOLLOW, dict.fromkeys(FULL)], road, tmp_path)

    assert table.column("note").to_pylist() == ["", None]
    assert table.column("tags").to_pylist() == [[], None]


def test_csv_has_only_missing_values_where_text_is_empty(tmp_path):
    table = by_road([HOLLOW], "csv", tmp_path)

    assert table.column("note").to_pylist() == [None]
    assert table.column("tags").to_pylist() == [None]


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_batches_joined_are_the_whole(road, size, tmp_path):
    expected = by_road(ROWS, road, tmp_path)

    assert same(by_batches(ROWS, road, size, tmp_path), expected)


@pytest.mark.parametrize("road", ROADS)
def test_batches_of_nothing_are_one_empty_table(road, tmp_path):
    pieces = list(formats.batches(write([], SCHEMA, road, tmp_path), road, SCHEMA, 10))

    assert [piece.num_rows for piece in pieces] == [0]
    assert frames.conform(pieces[0], SCHEMA, frames.Quality()).schema == frames.canonical_schema(SCHEMA)


@pytest.mark.parametrize("road", [*ROADS, "records"])
def test_a_number_beyond_64_bits_makes_its_column_text_by_every_road(road, tmp_path):
    rows = [{**FULL, "count": 7}, {**FULL, "count": 10**30}, {**FULL, "count": None}]
    quality = frames.Quality()

    if road == "records":
        raw = formats.rows_to_table(rows, SCHEMA)
    else:
        raw = formats.read(write(rows, SCHEMA, road, tmp_path), road, SCHEMA)
    table = frames.conform(raw, SCHEMA, quality)

    assert table.schema.field("count").type == pa.string()
    assert table.column("count").to_pylist() == ["7", str(10**30), None]
    assert [(column, count) for column, _, count in quality] == [("count", 1)]


@pytest.mark.parametrize("road", ROADS)
def test_batches_agree_that_a_column_is_text_before_the_large_number_comes(road, tmp_path):
    rows = [{**FULL, "count": 7}, {**FULL, "count": None}, {**FULL, "count": 2**63}]

    pieces = [
        frames.conform(raw, SCHEMA, frames.Quality())
        for raw in formats.batches(write(rows, SCHEMA, road, tmp_path), road, SCHEMA, 1)
    ]

    assert {piece.schema.field("count").type for piece in pieces} == {pa.string()}
    assert pa.concat_tables(pieces).column("count").to_pylist() == ["7", None, str(2**63)]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
WORDS = TEXT.filter(lambda text: formats.LIST_SEPARATOR not in text)
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))
HOURS = st.integers(-14, 14)
LON, LAT = st.floats(-180, 180), st.floats(-90, 90)


def moment(at: datetime, hours: int) -> str:
    sign = "-" if hours < 0 else "+"
    # isoformat leaves leading zeros of early years to the platform; the portal writes four digits.
    return f"{at.year:04d}{at.isoformat()[at.isoformat().index('-') :]}{sign}{abs(hours):02d}:00"


ROW = st.fixed_dictionaries(
    {
        "place": st.none() | st.builds(lambda lon, lat: {"lon": lon, "lat": lat}, LON, LAT),
        "code": st.none() | st.from_regex(r"[0-9]{1,12}", fullmatch=True),
        "note": st.none() | TEXT,
        "tags": st.none() | st.lists(WORDS, min_size=1, max_size=3),
        "count": st.none() | st.integers(-(2**63), 2**63 - 1),
        "ratio": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "open": st.none() | st.booleans(),
        "day": st.none() | st.dates().map(date.isoformat),
        "year": st.none() | st.integers(1000, 9999).map(str),
        "seen": st.none() | st.builds(moment, MOMENTS, HOURS),
        "shape": st.none()
        | st.lists(st.tuples(LON, LAT), min_size=2, max_size=5, unique=True).map(
            lambda places: feature({"type": "LineString", "coordinates": [list(place) for place in places]})
        ),
        "photo": st.none() | WORDS.map(lambda end: {"filename": None, "url": f"https://a/{end}", "mimetype": None}),
        "nothing": st.none(),
    }
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, max_size=6), size=st.integers(1, 4))
def test_any_rows_are_the_same_table_by_every_road(rows, size, tmp_path):
    expected = by_road(rows, "records", tmp_path)

    for road in ROADS:
        assert same(by_road(rows, road, tmp_path), expected), road
        assert same(by_batches(rows, road, size, tmp_path), expected), road


def test_halved_hours_and_microseconds_are_read(tmp_path):
    rows = [{**FULL, "seen": "2026-06-27T04:00:00.5+05:30"}, {**FULL, "seen": "2026-06-27T04:00:00.123Z"}]

    table = by_road(rows, "records", tmp_path)

    first, second = table.column("seen").to_pylist()
    assert first.utcoffset() == timedelta(0)
    assert first.isoformat() == "2026-06-26T22:30:00.500000+00:00"
    assert second.microsecond == 123_000
