"""Canonical tables as pandas and GeoPandas frames."""

from __future__ import annotations

import gc
import json
import sys
import threading
from datetime import UTC, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely

from bdxopendata import formats, frames
from bdxopendata.fields import Field, Schema
from bdxopendata.frames import collector, geometry
from bdxopendata.frames import pandas as making
from support.every_type import FULL, ROWS, SCHEMA

TEXT = "str" if pd.__version__ >= "3" else "string"
POINTS = Schema([Field("name", "text"), Field("place", "geo_point_2d")], dataset_id="points")
PLAIN = Schema([Field("name", "text"), Field("count", "int")], dataset_id="plain")


@pytest.fixture
def table() -> pa.Table:
    return frames.conform(formats.rows_to_table(ROWS, SCHEMA), SCHEMA, frames.Quality())


def test_dtypes_are_those_of_the_design(table):
    frame = frames.to_pandas(table, SCHEMA)

    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "place_lon": "float64",
        "place_lat": "float64",
        "code": TEXT,
        "note": TEXT,
        "tags": "object",
        "count": "Int64",
        "ratio": "float64",
        "open": "boolean",
        "day": "datetime64[us]",
        "year": "datetime64[us]",
        "seen": "datetime64[us, Europe/Paris]",
        "shape": TEXT,
        "photo": "object",
        "nothing": "float64",
    }
    assert list(frame.index) == list(range(len(ROWS)))


def test_values_are_those_that_were_sent(table):
    frame = frames.to_pandas(table, SCHEMA)

    first = frame.iloc[0]
    assert first["place_lon"] == FULL["place"]["lon"]
    assert first["place_lat"] == FULL["place"]["lat"]
    assert first["code"] == "0033063"
    assert first["tags"] == ["MARDI", "VENDREDI"]
    assert first["seen"] == pd.Timestamp("2026-06-27T06:00:00", tz="Europe/Paris")
    assert first["photo"] == FULL["photo"]
    assert json.loads(first["shape"]) == FULL["shape"]["geometry"]
    assert frame["count"].tolist()[2:4] == [2**53 + 1, -(2**63)]
    assert frame["day"][4] == pd.Timestamp("0001-01-01")
    assert frame["day"][5] == pd.Timestamp("9999-12-31")
    assert frame.iloc[1].drop("tags").isna().all()
    assert frame["tags"][1] is None
    assert frame["photo"][1] is None


def test_moments_around_a_change_of_the_clock_stay_an_hour_apart(table):
    seen = frames.to_pandas(table, SCHEMA)["seen"]

    assert seen[8] - seen[7] == pd.Timedelta(hours=1)
    assert seen[7].isoformat() == "2026-10-25T02:30:00+02:00"
    assert seen[8].isoformat() == "2026-10-25T02:30:00+01:00"


def test_moments_are_shown_in_the_zone_asked_for(table):
    frame = frames.to_pandas(table, SCHEMA, timezone="UTC")

    assert str(frame["seen"].dtype) == "datetime64[us, UTC]"
    assert frame["seen"][0] == pd.Timestamp("2026-06-27T04:00:00", tz="UTC")


@pytest.mark.parametrize("make", [frames.to_pandas, frames.to_geopandas])
@pytest.mark.parametrize("backend", [None, "numpy_nullable", "pyarrow"])
def test_an_empty_answer_keeps_columns_and_dtypes(table, make, backend):
    full = make(table, SCHEMA, dtype_backend=backend)

    empty = make(frames.empty_table(SCHEMA), SCHEMA, dtype_backend=backend)

    assert empty.shape == (0, full.shape[1])
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


@pytest.mark.parametrize("chunks", [[], [pa.nulls(0)]])
def test_columns_of_no_or_of_empty_pieces_are_empty_columns(chunks):
    wanted = frames.canonical_schema(SCHEMA)
    columns = [pa.chunked_array([chunk.cast(one.type) for chunk in chunks], one.type) for one in wanted]
    table = frames.conform(pa.Table.from_arrays(columns, schema=wanted), SCHEMA, frames.Quality())

    assert table.schema == wanted
    assert len(frames.to_pandas(table, SCHEMA)) == 0
    assert frames.to_geopandas(table, SCHEMA).crs == "EPSG:4326"
    assert frames.to_arrow(table, SCHEMA).num_rows == 0


def test_columns_of_many_pieces_are_whole_columns(table):
    pieces = pa.concat_tables([table.slice(place, 1) for place in range(table.num_rows)])

    pd.testing.assert_frame_equal(frames.to_pandas(pieces, SCHEMA), frames.to_pandas(table, SCHEMA))
    many, one = frames.to_geopandas(pieces, SCHEMA), frames.to_geopandas(table, SCHEMA)
    assert many.geometry.to_wkb().tolist() == one.geometry.to_wkb().tolist()
    assert frames.to_arrow(pieces, SCHEMA).equals(frames.to_arrow(table, SCHEMA))


def test_the_arrow_backend_goes_through(table):
    frame = frames.to_pandas(table, SCHEMA, dtype_backend="pyarrow")

    assert all(isinstance(dtype, pd.ArrowDtype) for dtype in frame.dtypes)
    assert frame["seen"].dtype.pyarrow_dtype == pa.timestamp("us", "Europe/Paris")
    assert frame["count"].dtype.pyarrow_dtype == pa.int64()


def test_the_nullable_backend_goes_through(table):
    frame = frames.to_pandas(table, SCHEMA, dtype_backend="numpy_nullable")

    assert str(frame["ratio"].dtype) == "Float64"
    assert str(frame["code"].dtype) == "string"


@pytest.mark.parametrize("make", [frames.to_pandas, frames.to_geopandas])
def test_another_backend_is_a_mistake_of_the_caller(make):
    with pytest.raises(ValueError, match="numpy_nullable"):
        make(frames.empty_table(POINTS), POINTS, dtype_backend="polars")


def test_columns_of_a_point_give_way_to_fields_of_their_name():
    schema = Schema([Field("p", "geo_point_2d"), Field("p_lon", "text")])
    table = pa.Table.from_pylist([{"p": {"lon": 1.0, "lat": 2.0}, "p_lon": "x"}], frames.canonical_schema(schema))

    frame = frames.to_pandas(table, schema)

    assert list(frame.columns) == ["p_lon_", "p_lat", "p_lon"]
    assert frame["p_lon"][0] == "x"


def test_columns_of_unknown_type_are_as_sent():
    schema = Schema([Field("x", "unknown")])
    raw = formats.rows_to_table([{"x": 1, "new": "a"}, {"x": None, "new": None}], schema)

    frame = frames.to_pandas(frames.conform(raw, schema, frames.Quality()), schema)

    assert frame.dtypes.astype(str).to_dict() == {"x": "object", "new": "object"}
    assert frame["x"].tolist() == [1, None]
    assert frame["new"].tolist() == ["a", None]


def test_lists_of_one_length_stay_lists():
    schema = Schema([Field("days", "text", multivalued=True)])
    rows = [{"days": ["a", "b"]}, {"days": ["c", "d"]}]

    frame = frames.to_pandas(frames.conform(formats.rows_to_table(rows, schema), schema, frames.Quality()), schema)

    assert frame["days"].tolist() == [["a", "b"], ["c", "d"]]


def test_a_column_with_numbers_beyond_64_bits_is_text():
    rows = [{"count": 1}, {"count": 2**64}]

    frame = frames.to_pandas(frames.conform(formats.rows_to_table(rows, PLAIN), PLAIN, frames.Quality()), PLAIN)

    assert str(frame["count"].dtype) == TEXT
    assert frame["count"].tolist() == ["1", str(2**64)]


def test_the_shape_is_the_geometry_and_the_point_stays_beside_it(table):
    frame = frames.to_geopandas(table, SCHEMA)

    assert list(frame.columns) == list(SCHEMA.names)
    assert frame.active_geometry_name == "shape"
    assert frame.crs == "EPSG:4326"
    assert frame["place"].crs == "EPSG:4326"
    assert isinstance(frame["place"], gpd.GeoSeries)
    assert len(frame) == len(ROWS)
    assert frame["shape"][1] is None
    assert frame["place"][1] is None
    assert shapely.equals(frame["place"][0], shapely.Point(FULL["place"]["lon"], FULL["place"]["lat"]))
    assert frame["shape"].geom_type.tolist()[2:6] == ["MultiPolygon", "Polygon", "LineString", "Point"]


def test_another_coordinate_system_is_computed_for_every_geometry(table):
    degrees = frames.to_geopandas(table, SCHEMA)
    metres = frames.to_geopandas(table, SCHEMA, crs=2154)

    assert metres.crs == "EPSG:2154"
    assert metres["place"].crs == "EPSG:2154"
    assert shapely.distance(metres["place"][0], degrees["place"].to_crs(2154)[0]) == 0
    assert metres["place"][1] is None
    assert frames.to_geopandas(frames.empty_table(SCHEMA), SCHEMA, crs="EPSG:2154").crs == "EPSG:2154"


def test_a_frame_without_geometry_says_which_fields_there_are():
    with pytest.raises(ValueError, match=r"'plain' is geometry \(its fields are name, count\)"):
        frames.to_geopandas(frames.empty_table(PLAIN), PLAIN)


def points_table(count: int, *, missing: int | None = None) -> pa.Table:
    lon, lat = np.linspace(-1, 1, count), np.linspace(44, 45, count)
    coordinates = np.column_stack([lon, lat])
    wkb = shapely.to_wkb(shapely.points(coordinates))
    if missing is not None:
        wkb[missing] = None
    raw = pa.table({"name": pa.array(["x"] * count), "place": pa.array(wkb, pa.binary())})
    return frames.conform(raw, POINTS, frames.Quality())


@pytest.mark.parametrize("missing", [None, 0, 7, 9])
def test_points_are_read_where_they_lie_as_shapely_reads_them(missing, monkeypatch):
    monkeypatch.setattr(shapely, "from_wkb", lambda *_, **__: pytest.fail("the slow way was taken"))

    frame = frames.to_geopandas(points_table(10, missing=missing), POINTS)

    expected = shapely.points(np.linspace(-1, 1, 10), np.linspace(44, 45, 10))
    if missing is not None:
        expected[missing] = None
    assert frame["place"].isna().tolist() == [place == missing for place in range(10)]
    assert (shapely.equals(frame["place"].to_numpy(), expected) | shapely.is_missing(expected)).all()


def test_a_slice_of_points_is_read_from_its_own_place():
    whole = points_table(10, missing=3)
    wkb = frames.to_arrow(whole, POINTS).column("place").combine_chunks()

    for start, length in [(0, 10), (2, 4), (4, 6), (9, 1), (3, 1), (10, 0)]:
        part = wkb.slice(start, length)
        raw = pa.table({"name": pa.nulls(length, pa.string()), "place": part})
        again = frames.conform(raw, POINTS, frames.Quality())
        assert again.column("place").to_pylist() == whole.column("place").slice(start, length).to_pylist()


def test_points_and_equal_shapes_share_their_geometries():
    schema = Schema([Field("place", "geo_point_2d"), Field("shape", "geo_shape")])
    wkb = pa.array([shapely.Point(1, 2).wkb, None, shapely.Point(3, 4).wkb])
    table = frames.conform(pa.table({"place": wkb, "shape": wkb}), schema, frames.Quality())

    frame = frames.to_geopandas(table, schema)

    assert frame["place"][0] is frame["shape"][0]
    frame.loc[0, "place"] = None
    assert frame["shape"][0] is not None


def test_no_row_is_visited_in_python_while_points_become_geometry(monkeypatch):
    table = points_table(1000)
    calls = 0

    def counted(frame, event, argument):
        nonlocal calls
        calls += 1

    sys.setprofile(counted)
    try:
        frames.to_geopandas(table, POINTS)
    finally:
        sys.setprofile(None)

    few = points_table(10)
    small = 0

    def counted_small(frame, event, argument):
        nonlocal small
        small += 1

    sys.setprofile(counted_small)
    try:
        frames.to_geopandas(few, POINTS)
    finally:
        sys.setprofile(None)
    assert calls < small + 500


def test_the_collector_runs_again_after_an_error_and_after_nested_use():
    assert gc.isenabled()

    with collector.collector_paused():
        with collector.collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()

    with pytest.raises(ZeroDivisionError), collector.collector_paused():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        with collector.collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


@pytest.mark.skipif(gc.get_freeze_count() > 0, reason="this Python keeps objects from the collector itself")
def test_what_was_made_is_old_at_once_and_still_found_by_the_collector():
    with collector.collector_paused():
        made: list[Any] = []
        made.append(made)

    assert any(one is made for one in gc.get_objects(generation=2))
    assert gc.get_freeze_count() == 0


def test_objects_that_somebody_keeps_from_the_collector_stay_so():
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        with collector.collector_paused():
            pass
        assert gc.get_freeze_count() >= frozen * 0.9
    finally:
        gc.unfreeze()


def test_the_collector_waits_for_the_last_of_all_threads():
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with collector.collector_paused():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert inside.wait(10)
    with collector.collector_paused():
        pass
    assert not gc.isenabled()

    leave.set()
    thread.join(10)

    assert gc.isenabled()


def test_the_coordinate_system_is_built_once(monkeypatch):
    frames.to_geopandas(frames.empty_table(POINTS), POINTS)
    import pyproj

    monkeypatch.setattr(pyproj.CRS, "from_user_input", lambda *_: pytest.fail("it was built again"))
    assert making.crs_of("EPSG:4326") is making.crs_of("EPSG:4326")


def test_other_programs_read_geometry_and_its_coordinate_system_from_arrow(table):
    tagged = frames.to_arrow(table, SCHEMA)

    for name in ("place", "shape"):
        metadata = tagged.schema.field(name).metadata
        assert metadata[b"ARROW:extension:name"] == b"geoarrow.wkb"
        assert json.loads(metadata[b"ARROW:extension:metadata"])["crs"]["id"] == {"authority": "EPSG", "code": 4326}
    read = gpd.GeoDataFrame.from_arrow(tagged.select(["place", "code"]))
    assert read.crs == "EPSG:4326"
    again = frames.to_geopandas(table, SCHEMA)["place"]
    assert read["place"].isna().tolist() == again.isna().tolist()
    assert read["place"][0] == again[0]
    assert tagged.column("shape").to_pylist() == table.column("shape").to_pylist()


def test_an_arrow_table_that_was_handed_over_comes_back(table):
    quality = frames.Quality()

    again = frames.conform(frames.to_arrow(table, SCHEMA), SCHEMA, quality)

    assert again.equals(table)
    assert not quality


def test_points_written_as_wkb_are_those_of_shapely():
    table = points_table(5, missing=2)

    (chunk,) = frames.to_arrow(table, POINTS).column("place").chunks

    assert chunk.is_null().to_pylist() == [False, False, True, False, False]
    assert chunk[4].as_py() == shapely.Point(1, 45).wkb
    assert len(geometry.points_wkb(table.column("place").chunk(0).slice(0, 0))) == 0


def test_a_polar_and_an_antimeridian_place_are_on_earth():
    rows = [{"name": "a", "place": {"lon": 180.0, "lat": 90.0}}, {"name": "b", "place": {"lon": -180, "lat": -90}}]
    quality = frames.Quality()

    table = frames.conform(formats.rows_to_table(rows, POINTS), POINTS, quality)

    assert not quality
    assert table.column("place").null_count == 0


def test_facets_and_datasets_are_small_typed_frames():
    from bdxopendata.metadata import DatasetInfo

    class Value:
        facet, value, count = "theme", "Nature", 3

    facets = frames.facets_frame([Value()])
    infos = frames.infos_frame(
        [DatasetInfo("trees", POINTS, title="Trees", themes=("Nature",), modified=datetime(2026, 1, 1, tzinfo=UTC))]
    )

    assert facets.dtypes.astype(str).to_dict() == {"facet": TEXT, "value": TEXT, "count": "Int64"}
    assert facets.values.tolist() == [["theme", "Nature", 3]]
    assert infos["dataset_id"].tolist() == ["trees"]
    assert infos["geometry"].tolist() == [True]
    assert infos["themes"].tolist() == [["Nature"]]
    assert str(infos["modified"].dtype) == "datetime64[us, UTC]"
    assert str(frames.infos_frame([])["records_count"].dtype) == "Int64"


@pytest.mark.parametrize("make", [frames.to_pandas, frames.to_geopandas])
def test_values_in_a_frame_can_be_changed(make: Any) -> None:
    schema = Schema([Field("p", "geo_point_2d"), Field("x", "double"), Field("t", "datetime"), Field("d", "date")])
    raw = pa.table(
        {
            "p": pa.array([{"lon": 1.0, "lat": 2.0}, {"lon": 3.0, "lat": 4.0}]),
            "x": [1.5, 2.5],
            "t": pa.array([0, 1], pa.timestamp("us", "UTC")),
            "d": pa.array([0, 1], pa.date32()),
        }
    )
    frame = make(frames.conform(raw, schema, frames.Quality()), schema)

    for name in frame.columns:
        frame.loc[0, name] = frame[name].iloc[1]

    assert frame.iloc[0].equals(frame.iloc[1].rename(0))
