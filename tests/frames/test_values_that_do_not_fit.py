"""A value that does not fit its type is missing and counted, whatever form it comes in; its row stays."""

from __future__ import annotations

import math
import warnings
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
import shapely

from bdxopendata import frames
from bdxopendata.errors import DataQualityWarning
from bdxopendata.fields import Field, Schema
from bdxopendata.frames import quality as problems


def conformed(array, kind, **options):
    """Values of one column after typing, and the problems met."""
    schema = Schema([Field("x", kind, **options)])
    raw = pa.table({"x": array if isinstance(array, pa.Array) else pa.array(array)})
    quality = frames.Quality()
    table = frames.conform(raw, schema, quality)
    assert table.num_rows == raw.num_rows
    return table.column("x").to_pylist(), {problem: count for _, problem, count in quality}


@pytest.mark.parametrize(
    ("sent", "expected", "misfits"),
    [
        (["5", "-5", "+5", " 7 ", "007", ""], [5, -5, 5, 7, 7, None], 0),
        (["5.0", "1e3", "5.5", "0x1f", "1_0", "five", "nan", "--5"], [5, 1000, None, None, None, None, None, None], 6),
        ([5.0, 5.5, math.nan, math.inf, 1e300, None], [5, None, None, None, None, None], 4),
        ([True, False, None], [None, None, None], 2),
        ([str(2**63 - 1), str(-(2**63))], [2**63 - 1, -(2**63)], 0),
        (pa.array([1, 2], pa.int8()), [1, 2], 0),
        (pa.array([1, 2], pa.uint64()), [1, 2], 0),
        ([Decimal("1.0"), Decimal("1.5")], [1, None], 1),
        ([[1], None], [None, None], 1),
        ([date(2020, 1, 1)], [None], 1),
        (["9" * 5000], [None], 1),
    ],
)
def test_whole_numbers(sent, expected, misfits):
    values, met = conformed(sent, "int")

    assert values == expected
    assert met == ({problems.NOT_WHOLE: misfits} if misfits else {})


@pytest.mark.parametrize(
    "sent",
    [
        [str(2**63), "1", "x", None],
        pa.array([2**63, 1, None, None], pa.uint64()),
        pa.array([Decimal(2**63), Decimal(1), Decimal("0.5"), None]),
    ],
)
def test_a_whole_number_beyond_64_bits_makes_the_column_text(sent):
    values, met = conformed(sent, "int")

    assert values == [str(2**63), "1", None, None]
    assert met[problems.BEYOND_64_BITS] == 1


@pytest.mark.parametrize(
    ("sent", "expected", "met"),
    [
        (["1.5", "-.5", "1e5", " 2 ", ""], [1.5, -0.5, 1e5, 2.0, None], {}),
        (["inf", "-Infinity", "1e400"], [math.inf, -math.inf, None], {problems.TOO_LARGE: 1}),
        (["1,5", "five", "1_0", "0x10"], [None, None, None, None], {problems.NOT_A_NUMBER: 4}),
        ([1, 2], [1.0, 2.0], {}),
        ([math.inf, None], [math.inf, None], {}),
        ([Decimal("1.5")], [1.5], {}),
        ([True], [None], {problems.NOT_A_NUMBER: 1}),
    ],
)
def test_doubles(sent, expected, met):
    assert conformed(sent, "double") == (expected, met)


def test_not_a_number_stays_what_it_is_where_it_was_sent():
    for sent in (["nan", "NaN"], [math.nan, math.nan]):
        values, met = conformed(sent, "double")

        assert all(map(math.isnan, values))
        assert not met


@pytest.mark.parametrize(
    ("sent", "expected", "misfits"),
    [
        (["true", "True", "TRUE", "1", " false ", "0", ""], [True, True, True, True, False, False, None], 0),
        ([1, 0, 2, None], [True, False, None, None], 1),
        (["OUI", "N", "2"], [None, None, None], 3),
        ([[1]], [None], 1),
    ],
)
def test_booleans(sent, expected, misfits):
    values, met = conformed(sent, "boolean")

    assert values == expected
    assert sum(met.values()) == misfits


@pytest.mark.parametrize(
    ("sent", "expected", "misfits"),
    [
        (["2025", "1988-01", "2012-11-13", ""], [date(2025, 1, 1), date(1988, 1, 1), date(2012, 11, 13), None], 0),
        (["19000131", "2012/12/17"], [date(1900, 1, 31), date(2012, 12, 17)], 0),
        (["2012-11-13T23:59:59-05:00"], [date(2012, 11, 13)], 0),
        (["2025-02-30", "2025-13", "0000", "soon", "25"], [None] * 5, 5),
        ([2025, None], [date(2025, 1, 1), None], 0),
        ([True], [None], 1),
        (["0001-01-01", "9999-12-31", "10000-01-01"], [date(1, 1, 1), date(9999, 12, 31), None], 1),
        (pa.array([datetime(2020, 5, 1)], pa.timestamp("ms")), [date(2020, 5, 1)], 0),
        (pa.array([datetime(2020, 5, 1)], pa.timestamp("ms", "America/Vancouver")), [date(2020, 5, 1)], 0),
        (pa.array([1588284000000], pa.timestamp("ms", "Europe/Paris")), [date(2020, 5, 1)], 0),
        (pa.array([date(2020, 5, 1)], pa.date64()), [date(2020, 5, 1)], 0),
        (pa.array([10_000_000], pa.int32()).cast(pa.date32()), [None], 1),
    ],
)
def test_dates(sent, expected, misfits):
    values, met = conformed(sent, "date")

    assert values == expected
    assert met == ({problems.NOT_A_DATE: misfits} if misfits else {})


MAY = datetime(2026, 5, 1, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "expected", "met"),
    [
        (["2026-05-01T12:30:00+02:00", "2026-05-01T10:30:00Z", "2026-05-01 10:30+00"], [MAY] * 3, {}),
        (["2026-05-01T10:30:00.000000999+00:00"], [MAY], {}),
        (["2026-05-01T10:30:00", "2026-05-01T10:30"], [MAY, MAY], {problems.NO_OFFSET: 2}),
        (["2026", "2026/05/01 10:30:00"], [datetime(2026, 1, 1, tzinfo=UTC), MAY], {problems.NO_OFFSET: 2}),
        (["2026-02-30T00:00:00+00:00", "soon", "24:00"], [None] * 3, {problems.NOT_A_TIME: 3}),
        (["0001-01-01T00:00:00+02:00", "9999-12-31T23:00:00-02:00"], [None] * 2, {problems.NOT_A_TIME: 2}),
        ([1588284000000], [None], {problems.NOT_A_TIME: 1}),
        (pa.array([MAY], pa.timestamp("ms", "Europe/Berlin")), [MAY], {}),
        (pa.array([MAY], pa.timestamp("ns", "UTC")), [MAY], {}),
        (pa.array([MAY.replace(tzinfo=None)], pa.timestamp("s")), [MAY], {problems.NO_OFFSET: 1}),
        (pa.array([date(2026, 5, 1)]), [datetime(2026, 5, 1, tzinfo=UTC)], {problems.NO_OFFSET: 1}),
        (pa.array([2**62, -(2**62), None], pa.timestamp("s", "UTC")), [None] * 3, {problems.NOT_A_TIME: 2}),
        (pa.array([2**62], pa.timestamp("us", "UTC")), [None], {problems.NOT_A_TIME: 1}),
    ],
)
def test_moments(sent, expected, met):
    assert conformed(sent, "datetime") == (expected, met)


def test_a_few_bad_moments_among_many_good_ones_are_found():
    good = [f"2026-05-{1 + place % 28:02d}T10:30:00+02:00" for place in range(5000)]
    good[17] = good[4321] = "2026-05-32T10:30:00+02:00"

    values, met = conformed(good, "datetime")

    assert [place for place, value in enumerate(values) if value is None] == [17, 4321]
    assert met == {problems.NOT_A_TIME: 2}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([5, None], ["5", None]),
        ([2.5], ["2.5"]),
        ([5.0], ["5.0"]),
        ([True], ["true"]),
        ([["a", "b"]], ["a,b"]),
        ([b"\xc3\xa9"], ["é"]),
        ([{"k": 1}], ['{"k": 1}']),
        ([date(2020, 1, 1)], ["2020-01-01"]),
        (pa.array(["a", None]).dictionary_encode(), ["a", None]),
        (pa.array(["a"], pa.large_string()), ["a"]),
        (pa.array(["a"], pa.string_view()), ["a"]),
    ],
)
def test_text_is_what_was_written(sent, expected):
    assert conformed(sent, "text") == (expected, {})


def test_bytes_that_are_no_text_are_counted():
    assert conformed([b"\xff"], "text") == ([None], {problems.NOT_TEXT: 1})


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([["a"], [], None], [["a"], [], None]),
        (["a/b", None], [["a", "b"], None]),
        ([[1, 2]], [["1", "2"]]),
        (pa.array([["a"]], pa.large_list(pa.large_string())), [["a"]]),
    ],
)
def test_lists_of_text(sent, expected):
    assert conformed(sent, "text", multivalued=True, separator="/") == (expected, {})


def test_the_separator_of_the_file_wins_over_that_of_the_field():
    schema = Schema([Field("x", "text", multivalued=True, separator="/")])

    table = frames.conform(pa.table({"x": ["a/b;c"]}), schema, frames.Quality(), list_separator=";")

    assert table.column("x").to_pylist() == [["a/b", "c"]]


URL = {"filename": None, "url": "https://p/1", "mimetype": None}


@pytest.mark.parametrize(
    ("sent", "expected", "misfits"),
    [
        (["https://p/1", None, ""], [URL, None, None], 0),
        (['{"url": "https://p/1", "width": 3}', None], [URL, None], 0),
        ([{"url": "https://p/1", "filename": None, "mimetype": None, "id": "1"}], [URL], 0),
        (['{"broken', "{}"], [None, None], 2),
        ([5], [None], 1),
    ],
)
def test_files(sent, expected, misfits):
    values, met = conformed(sent, "file")

    assert values == expected
    assert met == ({problems.NOT_A_FILE: misfits} if misfits else {})


def test_a_file_without_an_address_gets_the_one_of_its_id():
    schema = Schema([Field("x", "file")])
    raw = pa.table({"x": ['{"id": "a/c", "filename": "a.jpg"}']})

    table = frames.conform(raw, schema, frames.Quality(), files_url="https://p/files/")

    assert table.column("x").to_pylist() == [{"filename": "a.jpg", "url": "https://p/files/a%2Fc", "mimetype": None}]


BORDEAUX = {"lon": -0.57, "lat": 44.84}


@pytest.mark.parametrize(
    "sent",
    [
        [BORDEAUX],
        [{"lat": 44.84, "lon": -0.57, "more": "x"}],
        [shapely.Point(-0.57, 44.84).wkb],
        [shapely.to_wkb(shapely.Point(-0.57, 44.84), byte_order=0)],
        [shapely.to_wkb(shapely.Point(-0.57, 44.84, 3))],
        pa.array([shapely.Point(-0.57, 44.84).wkb], pa.large_binary()),
        ["44.84, -0.57"],
        ["44.84,-0.57"],
        [" +44.84 ,-.57e0 "],
        ['{"lon": -0.57, "lat": 44.84}'],
        ["[44.84, -0.57]"],
        [[44.84, -0.57]],
        ['{"type": "Point", "coordinates": [-0.57, 44.84]}'],
        ['{"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [-0.57, 44.84]}}'],
        ["POINT (-0.57 44.84)"],
    ],
)
def test_points_in_every_form(sent):
    assert conformed(sent, "geo_point_2d") == ([BORDEAUX], {})


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ([{"lon": 1e9, "lat": 1.0}], problems.OFF_THE_EARTH),
        ([{"lon": 44.84, "lat": -90.57}], problems.OFF_THE_EARTH),
        (["1000000000, 0"], problems.OFF_THE_EARTH),
        ([shapely.Point(1e9, 0).wkb], problems.OFF_THE_EARTH),
        ([{"lon": math.nan, "lat": 1.0}], problems.NOT_A_GEOMETRY),
        ([{"lon": math.inf, "lat": 1.0}], problems.NOT_A_GEOMETRY),
        ([{"lon": None, "lat": 1.0}], problems.NOT_A_GEOMETRY),
        ([{"x": 1.0}], problems.NOT_A_GEOMETRY),
        ([shapely.Point().wkb], problems.NOT_A_GEOMETRY),
        ([shapely.to_wkb(shapely.Point(), byte_order=0)], problems.NOT_A_GEOMETRY),
        ([shapely.LineString([(0, 0), (1, 1)]).wkb], problems.NOT_A_GEOMETRY),
        ([b"\x01\x01"], problems.NOT_A_GEOMETRY),
        (["1e999, 0"], problems.NOT_A_GEOMETRY),
        (['{"lon": "a", "lat": 1}'], problems.NOT_A_GEOMETRY),
        (['{"lon": true, "lat": 1}'], problems.NOT_A_GEOMETRY),
        (["[1]"], problems.NOT_A_GEOMETRY),
        (["here"], problems.NOT_A_GEOMETRY),
        (["POINT EMPTY"], problems.NOT_A_GEOMETRY),
        (["[" * 100_000], problems.NOT_A_GEOMETRY),
        ([5], problems.NOT_A_GEOMETRY),
    ],
)
def test_broken_points_are_missing_and_their_neighbours_stay(sent, problem):
    sent = sent if isinstance(sent, pa.Array) else pa.array(sent)

    values, met = conformed(pa.concat_arrays([sent, pa.nulls(1, sent.type)]), "geo_point_2d")

    assert values == [None, None]
    assert met == {problem: 1}


SQUARE = shapely.from_wkt("POLYGON ((0 0, 1 0, 1 1, 0 0))")
GEOJSON = '{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}'


@pytest.mark.parametrize(
    "sent",
    [
        [SQUARE.wkb],
        [shapely.to_wkb(SQUARE, byte_order=0)],
        [shapely.to_wkb(shapely.set_srid(SQUARE, 4326), include_srid=True)],
        [GEOJSON],
        [f'  {{"type": "Feature", "geometry": {GEOJSON}, "properties": {{}}}}'],
        ["POLYGON ((0 0, 1 0, 1 1, 0 0))"],
        [{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}],
    ],
)
def test_shapes_in_every_form_are_the_same_bytes(sent):
    assert conformed(sent, "geo_shape") == ([SQUARE.wkb], {})


def test_heights_are_kept_in_the_same_bytes():
    point = shapely.Point(1, 2, 3)
    forms = [
        [shapely.to_wkb(point, flavor="iso")],
        [shapely.to_wkb(point, flavor="extended")],
        ['{"type": "Point", "coordinates": [1, 2, 3]}'],
    ]

    written = {conformed(sent, "geo_shape")[0][0] for sent in forms}

    assert written == {shapely.to_wkb(point, flavor="iso")}


def open_ring() -> bytes:
    body = bytearray(SQUARE.wkb)
    body[-16:] = np.array([9.0, 9.0]).tobytes()
    return bytes(body)


def line_to_nowhere() -> bytes:
    body = bytearray(shapely.LineString([(0, 0), (5, 1)]).wkb)
    body[-16:-8] = np.array([math.nan]).tobytes()
    return bytes(body)


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ([open_ring()], problems.NOT_A_GEOMETRY),
        ([b""], problems.NOT_A_GEOMETRY),
        ([SQUARE.wkb[:30]], problems.NOT_A_GEOMETRY),
        ([shapely.Polygon().wkb], problems.NOT_A_GEOMETRY),
        ([shapely.Point(math.inf, 1).wkb], problems.NOT_A_GEOMETRY),
        ([line_to_nowhere()], problems.NOT_A_GEOMETRY),
        ([shapely.Point(1e9, 1).wkb], problems.OFF_THE_EARTH),
        ([shapely.LineString([(0, 0), (1e9, 1)]).wkb], problems.OFF_THE_EARTH),
        (['{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [2, 2]]]}'], problems.NOT_A_GEOMETRY),
        (['{"type": "Polygon", "coordinates": [[0, 0], [1, 0]]}'], problems.NOT_A_GEOMETRY),
        (['{"type": "Polygon", "coordinates": []}'], problems.NOT_A_GEOMETRY),
        (['{"type": "Circle", "coordinates": [0, 0]}'], problems.NOT_A_GEOMETRY),
        (['{"type": "Point"}'], problems.NOT_A_GEOMETRY),
        (['{"type": "Point", "coordinates": [1e999, 0]}'], problems.NOT_A_GEOMETRY),
        (['{"type": "Point", "coordinates": [1e9, 0]}'], problems.OFF_THE_EARTH),
        (['{"type": "FeatureCollection", "features": []}'], problems.NOT_A_GEOMETRY),
        (['{"type": "Point", "coordinates": ' + "[" * 100_000], problems.NOT_A_GEOMETRY),
        (["here"], problems.NOT_A_GEOMETRY),
        ([5], problems.NOT_A_GEOMETRY),
    ],
)
def test_broken_shapes_are_missing_and_their_neighbours_stay(sent, problem):
    sent = sent if isinstance(sent, pa.Array) else pa.array(sent)
    good = pa.array([SQUARE.wkb] if pa.types.is_binary(sent.type) else [GEOJSON])
    both = pa.concat_arrays([sent, good]) if sent.type == good.type else sent

    values, met = conformed(both, "geo_shape")

    assert values == [None, *[SQUARE.wkb] * (len(both) - 1)]
    assert met == {problem: 1}


def test_a_feature_without_geometry_and_a_json_null_are_missing_without_being_broken():
    values, met = conformed(["null", None, '{"type": "Feature", "geometry": null, "properties": {}}'], "geo_shape")

    assert values == [None, None, None]
    assert not met


def test_a_shape_that_crosses_itself_is_a_shape():
    bow_tie = shapely.from_wkt("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))")

    assert conformed([bow_tie.wkb], "geo_shape") == ([bow_tie.wkb], {})


def test_fields_that_are_not_there_are_missing_and_columns_that_are_no_field_follow():
    schema = Schema([Field("b", "int"), Field("gone", "geo_point_2d"), Field("a", "text")])
    raw = pa.table({"new": [1.5], "a": ["x"], "other": pa.nulls(1), "b": [1]})

    table = frames.conform(raw, schema, frames.Quality())

    assert table.column_names == ["b", "gone", "a", "new", "other"]
    assert table.to_pylist() == [{"b": 1, "gone": None, "a": "x", "new": 1.5, "other": None}]
    assert table.schema.field("other").type == pa.string()


def test_a_canonical_table_comes_back_as_it_is():
    schema = Schema([Field("a", "text"), Field("p", "geo_point_2d"), Field("s", "geo_shape"), Field("t", "datetime")])
    table = pa.Table.from_pylist(
        [{"a": "x", "p": BORDEAUX, "s": SQUARE.wkb, "t": MAY}, {}], frames.canonical_schema(schema)
    )

    assert frames.conform(table, schema, frames.Quality()).equals(table)


def test_one_warning_tells_of_all_columns_and_escapes_what_the_portal_wrote():
    quality = frames.Quality()
    quality.add("a\x1b", problems.NOT_WHOLE, 2)
    quality.add("b", problems.NOT_A_DATE)
    quality.add("c", problems.NOT_A_DATE, 0)
    other = frames.Quality()
    other.add("b", problems.NOT_A_DATE, 1000)
    quality.merge(other)

    with pytest.warns(DataQualityWarning) as caught:
        quality.warn("st_park_p")

    (told,) = caught
    text = str(told.message)
    assert "'st_park_p'" in text
    assert "a\\x1b: 2 values no whole number" in text
    assert "b: 1,001 values" in text
    assert "\x1b" not in text
    assert told.filename == __file__
    assert len(quality) == 1003


def test_nothing_to_tell_is_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frames.Quality().warn("st_park_p")
