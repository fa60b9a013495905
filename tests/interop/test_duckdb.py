"""Stored datasets as views: the same columns and values as frames, and a spatial join without an extension."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pytest
from pandas.testing import assert_series_equal
from shapely.geometry import box, mapping

from bdxopendata.errors import OfflineError
from bdxopendata.testing import SampleDataset, samples
from test_lake import places

if TYPE_CHECKING:
    from bdxopendata.catalog import Catalog
    from conftest import Serve

pytest.importorskip("duckdb")


@contextmanager
def connected(catalog: Catalog, **more: Any) -> Iterator[Any]:
    from bdxopendata.interop.duckdb import connect

    connection = connect(catalog, **more)
    try:
        yield connection
    finally:
        connection.close()


def areas() -> SampleDataset:
    fields = [{"name": "nom", "type": "text"}, {"name": "geo_shape", "type": "geo_shape"}]
    shapes = {"west": box(-0.7, 44.7, -0.5005, 44.9), "east": box(-0.5005, 44.7, -0.2, 44.9), "far": box(2, 48, 3, 49)}
    rows = [
        {"nom": name, "geo_shape": {"type": "Feature", "properties": {}, "geometry": mapping(one)}}
        for name, one in shapes.items()
    ]
    return SampleDataset("areas", fields, rows)


def test_a_view_has_the_values_of_the_frame(serve: Serve) -> None:
    served = serve(places())
    frame = served.dataset("places").to_pandas()

    with connected(served.catalog) as connection:
        view = connection.sql("FROM places").df()

    names = [*frame.columns[:-3], "geo_point_2d", "geo_point_2d_lon", "geo_point_2d_lat", "geo_shape"]
    assert list(view.columns) == names
    for name in ("code", "taille", "geo_point_2d_lon", "geo_point_2d_lat"):
        assert_series_equal(view[name], frame[name], check_dtype=False)
    assert view["gid"].isna().tolist() == frame["gid"].isna().tolist()


@pytest.mark.parametrize("road", ["records", "export"])
def test_every_type_becomes_its_sql_type_by_whichever_road_it_was_stored(serve: Serve, road: str) -> None:
    count = 60 if road == "records" else 300
    served = serve(places(count))
    served.dataset("places").to_arrow()

    with connected(served.catalog) as connection:
        described = {row[0]: str(row[1]) for row in connection.execute("DESCRIBE places").fetchall()}
        moment, day = connection.execute("SELECT min(heure), min(jour) FROM places").fetchall()[0]

    assert {name: described[name] for name in ("gid", "code", "jour", "taille", "public", "geo_point_2d_lon")} == {
        "gid": "BIGINT",
        "code": "VARCHAR",
        "jour": "DATE",
        "taille": "DOUBLE",
        "public": "BOOLEAN",
        "geo_point_2d_lon": "DOUBLE",
    }
    assert described["heure"] == "TIMESTAMP WITH TIME ZONE"
    assert described["geo_point_2d"].startswith("GEOMETRY")
    assert described["geo_shape"].startswith("GEOMETRY")
    assert moment.isoformat() == "2026-01-01T00:00:00+00:00"
    assert day.isoformat() == "2020-01-01"


def test_datasets_are_joined_by_place(serve: Serve) -> None:
    served = serve(places(), areas())
    points = served.dataset("places").to_geopandas()
    shapes = served.dataset("areas").to_geopandas()

    with connected(served.catalog) as connection:
        counts = connection.sql(
            "SELECT nom, count(*) FROM areas a JOIN places p "
            "ON a.geo_shape && p.geo_point_2d AND bdx_within(p.geo_point_2d, a.geo_shape) GROUP BY nom ORDER BY nom"
        ).fetchall()
        near = connection.sql(
            "SELECT count(*) FROM places a, places b "
            "WHERE a.gid = 1 AND bdx_dwithin(a.geo_point_2d, b.geo_point_2d, 0.0015)"
        ).fetchall()

    expected = points.set_geometry("geo_point_2d").sjoin(shapes, predicate="within").groupby("nom").size()
    assert dict(counts) == expected.to_dict()
    assert set(dict(counts)) == {"east", "west"}
    # The place itself and the next one; the one before has no geometry.
    assert near == [(2,)]


def test_geometry_comes_back_as_a_geodataframe(serve: Serve) -> None:
    served = serve(places())
    frame = served.dataset("places").to_geopandas()

    with connected(served.catalog) as connection:
        back = gpd.GeoDataFrame.from_arrow(connection.sql("SELECT taille, geo_shape FROM places").to_arrow_table())

    assert back.geometry.geom_equals_exact(frame.geometry.to_crs(back.crs), 0).sum() == frame.geometry.notna().sum()


def test_every_sample_that_can_be_stored_opens(serve: Serve) -> None:
    served = serve(*samples.load())
    counts = {}
    for name in served.catalog:
        dataset = served.catalog[name]
        if dataset.info.has_records and dataset.info.data_visible:
            counts[name] = dataset.to_arrow().num_rows

    with connected(served.catalog) as connection:
        found = {name: len(connection.sql(f'FROM "{name}"').to_arrow_table()) for name in counts}

    assert found == counts


def test_only_whole_datasets_of_this_portal_and_key_are_views(serve: Serve) -> None:
    served, other = serve(places(), areas()), serve(areas())
    served.dataset("places").where("taille > 3").to_pandas()
    served.dataset("areas").to_pandas()
    other.dataset("areas").to_pandas()

    with connected(served.catalog) as connection:
        views = [row[0] for row in connection.sql("SHOW TABLES").fetchall()]
    with connected(served.again(api_key="another").catalog) as connection:
        hidden = connection.sql("SHOW TABLES").fetchall()

    assert views == ["areas"]
    assert hidden == []
    with (
        pytest.raises(OfflineError, match="'places' is not stored whole"),
        connected(served.catalog, datasets=["areas", "places"]),
    ):
        pass


def test_names_of_fields_are_data_and_not_sql(serve: Serve, tmp_path: Path) -> None:
    odd = 'a" FROM x; DROP TABLE y; --'
    served = serve(SampleDataset("odd", [{"name": odd, "type": "int"}, {"name": "é", "type": "text"}], [{odd: 1}] * 3))
    served.dataset("odd").to_arrow()

    with connected(served.catalog) as connection:
        assert connection.sql("FROM odd").fetchall() == [(1, None)] * 3
        assert connection.sql("FROM odd").columns == [odd, "é"]


@pytest.mark.parametrize("module", ["duckdb", "dask"])
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, serve: Serve, module: str) -> None:
    from bdxopendata.interop.dask import to_dask
    from bdxopendata.interop.duckdb import connect

    served = serve(places())
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)

    asks = {"duckdb": lambda: connect(served.catalog), "dask": lambda: to_dask(served.dataset("places"))}
    with pytest.raises(ImportError, match=rf"bdxopendata\[{module}\]"):
        asks[module]()

    assert len(served.portal.requests) == 0
