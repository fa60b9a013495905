"""The contract of every road: the same question gives the same frame, by whatever way the rows came."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from bdxopendata import F, agg
from bdxopendata.errors import DataQualityWarning
from bdxopendata.testing import Reply, Request, SampleDataset, samples

if TYPE_CHECKING:
    from conftest import Serve, Served

EVERY = "stand-in-every-type"
# The roads beside parquet, with which each is compared.
ROADS = ["json", "jsonl", "geojson", "records", "csv", "store"]


@pytest.fixture(scope="module")
def every_type() -> SampleDataset:
    return samples.make(EVERY)


def read(served: Served, format: str, ending: str = "to_pandas", **options: Any) -> pd.DataFrame:
    with warnings.catch_warnings():
        # Some sample geometries are broken on purpose, and are counted in a warning.
        warnings.simplefilter("ignore", DataQualityWarning)
        frame = getattr(served.dataset(EVERY), ending)(format=format, **options)
    return _in_order(frame)


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    key = next(name for name in frame.columns if str(frame[name].dtype) == "Int64")
    return frame.sort_values(key, kind="stable", na_position="first").reset_index(drop=True)


def _as_csv_has_it(frame: pd.DataFrame, served: Served) -> pd.DataFrame:
    """CSV cannot tell null from empty text, and of a file it has only the address."""
    frame = frame.copy()
    for field in served.dataset(EVERY).schema:
        if field.name not in frame:
            continue
        if field.type == "text":
            empty = frame[field.name].map(lambda value: isinstance(value, str | list) and len(value) == 0)
            frame[field.name] = frame[field.name].mask(empty.astype(bool))
        elif field.type == "file":
            frame[field.name] = frame[field.name].map(
                lambda cell: cell if not isinstance(cell, dict) else {**cell, "filename": None, "mimetype": None}
            )
    return frame


@pytest.mark.parametrize("road", ROADS)
def test_every_road_gives_the_same_frame(serve: Serve, every_type: SampleDataset, road: str) -> None:
    served = serve(every_type)

    expected, got = read(served, "parquet"), read(served, road)

    if road == "csv":
        expected = _as_csv_has_it(expected, served)
    assert len(expected) == len(every_type.rows)
    assert_frame_equal(got, expected)


@pytest.mark.parametrize("road", ROADS)
def test_every_road_gives_the_same_geometry(serve: Serve, every_type: SampleDataset, road: str) -> None:
    served = serve(every_type)

    expected, got = read(served, "parquet", "to_geopandas"), read(served, road, "to_geopandas")

    assert isinstance(got, gpd.GeoDataFrame)
    assert got.crs == expected.crs == "EPSG:4326"
    assert got.active_geometry_name == expected.active_geometry_name
    for name in got.columns[got.dtypes == "geometry"]:
        assert got[name].geom_equals_exact(expected[name], 0).where(expected[name].notna(), got[name].isna()).all()


@pytest.mark.parametrize("road", ["parquet", *ROADS])
def test_an_empty_answer_keeps_columns_and_dtypes(serve: Serve, every_type: SampleDataset, road: str) -> None:
    served = serve(every_type)
    full = read(served, "parquet")
    nothing = served.dataset(EVERY).where(F.entier > 10**18).where(F.entier < 0)

    empty = nothing.to_pandas(format=road)

    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert nothing.to_geopandas(format=road).crs == "EPSG:4326"


@pytest.mark.parametrize("road", ROADS)
def test_a_question_gives_the_same_frame_by_every_road(serve: Serve, road: str) -> None:
    served = serve("st_park_p")
    query = (
        served.dataset("st_park_p")
        .where((F.np_total > 200) & F.insee.isin(["33063", "33281"]))
        .select("ident", "nom", "np_total", "mdate", "geo_point_2d", double_total=F.np_total * 2)
        .order_by("-np_total", "ident")
        .limit(20)
    )

    assert_frame_equal(query.to_pandas(format=road), query.to_pandas(format="parquet"))


@pytest.mark.parametrize("road", ["json", "jsonl", "records"])
def test_numbers_that_are_none_are_the_same_by_every_road(serve: Serve, road: str) -> None:
    served = serve(SampleDataset("odd", [{"name": "x", "type": "double"}], [{"x": 1.5}]))
    odd = b'{"x": NaN}, {"x": Infinity}, {"x": -Infinity}, {"x": null}'
    bodies = {"json": b"[%b]" % odd, "jsonl": odd.replace(b"}, ", b"}\n") + b"\n"}
    records = b'{"total_count": 4, "results": [%b]}' % odd
    served.portal.before_answer(lambda request: _reply(request, {**bodies, "records": records}))

    values = served.dataset("odd").to_pandas(format=road)["x"]  # type: ignore[call-overload]

    assert [str(value) for value in values] == ["nan", "inf", "-inf", "nan"]


def _reply(request: Request, bodies: dict[str, bytes]) -> Reply | None:
    body = bodies.get(request.path.rpartition("/")[2])
    if request.get("limit") == "0":
        body = b'{"total_count": 4, "results": []}'
    return None if body is None else Reply(200, body, {"content-type": "application/json"})


@pytest.mark.parametrize("road", ["json", "csv", "records", "store"])
def test_groups_are_the_same_by_every_road(serve: Serve, road: str) -> None:
    served = serve("st_park_p")
    query = (
        served.dataset("st_park_p")
        .group_by("insee")
        .select(n=agg.count(), places=agg.sum("np_total"), mean=agg.avg("np_total"), last=agg.max("mdate"))
        .order_by("insee")
    )

    assert_frame_equal(query.to_pandas(format=road), query.to_pandas(format="parquet"))


@pytest.mark.parametrize("road", ["json", "jsonl", "csv", "store"])
def test_batches_add_up_to_the_whole(serve: Serve, every_type: SampleDataset, road: str) -> None:
    served = serve(every_type)
    dataset = served.dataset(EVERY)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataQualityWarning)
        pieces = list(dataset.batches(7, format=road))  # type: ignore[arg-type]
        whole = dataset.to_pandas(format=road)  # type: ignore[arg-type]

    assert {len(piece) for piece in pieces[:-1]} == {7}
    assert_frame_equal(pd.concat(pieces, ignore_index=True), whole)


@pytest.mark.parametrize(
    "variant",
    [
        {"date": "timestamp"},
        {"date": "string"},
        {"boolean": "string"},
        {"file": "string"},
        {"geo_key": False},
        {"geo_columns": "all"},
    ],
    ids=str,
)
def test_every_known_form_of_parquet_gives_the_same_frame(
    serve: Serve, every_type: SampleDataset, variant: dict[str, Any]
) -> None:
    usual, odd = serve(every_type), serve(every_type, parquet_variant=variant)

    expected, got = read(usual, "parquet"), read(odd, "parquet")

    for name in expected.columns[[one.startswith("fichier") for one in expected.columns]]:
        # The address of a file names the portal's port.
        expected[name], got[name] = expected[name].isna(), got[name].isna()
    assert_frame_equal(got, expected)


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_another_backend_holds_the_same_values(serve: Serve, backend: str) -> None:
    served = serve("st_park_p")
    dataset = served.dataset("st_park_p")

    frame = dataset.select("ident", "np_total", "mdate").to_pandas(dtype_backend=backend)  # type: ignore[arg-type]

    expected = dataset.select("ident", "np_total", "mdate").to_pandas()
    assert frame["ident"].tolist() == expected["ident"].tolist()
    assert frame["np_total"].sum() == expected["np_total"].sum()


def test_arrow_holds_geometry_that_others_read(serve: Serve) -> None:
    dataset = serve("st_park_p").dataset("st_park_p")

    table = dataset.to_arrow()
    frame = gpd.GeoDataFrame.from_arrow(table)

    assert table.num_rows == dataset.count()
    assert frame.crs == "EPSG:4326"
    assert frame.geometry.geom_equals(dataset.to_geopandas().geometry).all()
