"""Answers as GeoParquet: whole or not there, continued where they were interrupted, opened without this library."""

from __future__ import annotations

import errno
import json
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from geopandas.testing import assert_geodataframe_equal
from pandas.testing import assert_frame_equal
from shapely.geometry import LineString, Point, mapping

import bdxopendata as bdx
from bdxopendata import F, lake
from bdxopendata.config import Settings
from bdxopendata.errors import DatasetChangedError, IncompleteDataError, OfflineError, UnknownFieldError
from bdxopendata.frames import geoparquet
from bdxopendata.testing import SampleDataset
from support.readers import frames_with_attrs, with_text_of

if TYPE_CHECKING:
    from conftest import Serve, Served

FIELDS = [
    {"name": "gid", "type": "int"},
    {"name": "code", "type": "text"},
    {"name": "jour", "type": "date"},
    {"name": "heure", "type": "datetime"},
    {"name": "taille", "type": "double"},
    {"name": "public", "type": "boolean"},
    {"name": "empty", "type": "text"},
    {"name": "geo_point_2d", "type": "geo_point_2d"},
    {"name": "geo_shape", "type": "geo_shape"},
]


def row(number: int) -> dict[str, Any]:
    lon, lat = -0.6 + number / 1000, 44.8
    shape = Point(lon, lat) if number % 3 else LineString([(lon, lat), (lon + 0.001, lat + 0.001)])
    feature = {"type": "Feature", "properties": {}, "geometry": mapping(shape)}
    return {
        "gid": number if number % 11 else None,
        "code": f"0{number % 3}",
        "jour": f"{2020 + number % 4}-0{1 + number % 9}-01" if number % 10 else None,
        "heure": f"2026-01-01T{number % 24:02}:00:00+00:00",
        "taille": number / 10,
        "public": None if number % 5 == 0 else number % 2 == 0,
        "geo_point_2d": {"lon": lon, "lat": lat} if number % 7 else None,
        "geo_shape": feature if number % 7 else None,
    }


def places(count: int = 300, **metas: Any) -> SampleDataset:
    default = {"title": "Lieux", "data_processed": "2026-01-01T00:00:00+00:00", **metas}
    return SampleDataset("places", FIELDS, [row(number) for number in range(count)], metas={"default": default})


def geo_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(pq.read_metadata(path).metadata[b"geo"])
    return found


def exports(served: Served) -> list[str]:
    return [path for path in served.asked() if "/exports/" in path]


@pytest.mark.parametrize("format", ["auto", "parquet", "jsonl", "csv", "geojson", "records"])
def test_a_file_holds_what_to_geopandas_gives(serve: Serve, tmp_path: Path, format: Any) -> None:
    dataset = serve(places()).dataset("places")

    path = dataset.to_parquet(tmp_path / "places.parquet", size=100, format=format)

    expected = dataset.to_geopandas(format=format)
    frame = with_text_of(gpd.read_parquet(path), expected)
    frame["heure"] = frame["heure"].dt.tz_convert("Europe/Paris")
    frame["jour"] = pd.to_datetime(frame["jour"]).astype("datetime64[us]")
    assert_geodataframe_equal(frame, expected)
    assert frame.crs == expected.crs
    assert pq.read_metadata(path).num_row_groups == 3


def test_a_file_says_where_its_rows_come_from_and_nothing_secret(serve: Serve, tmp_path: Path) -> None:
    served = serve(places(), settings=Settings(api_key="s3cret-k3y"))
    served.portal.require_key("s3cret-k3y")

    path = served.dataset("places").to_parquet(tmp_path / "places.parquet")

    for frame in frames_with_attrs(path):
        said = bdx.provenance(frame)
        assert (said.dataset_id, said.rows, said.stand_in) == ("places", 300, True)
        assert said.version == served.dataset("places").info.version
    assert geoparquet.describe(path).schema.types() == served.dataset("places").schema.types()
    assert b"s3cret" not in path.read_bytes()


def test_geometry_is_described_as_geoparquet_wants_it(serve: Serve, tmp_path: Path) -> None:
    path = serve(places()).dataset("places").to_parquet(tmp_path / "places.parquet")

    geo = geo_of(path)

    assert geo["version"] == "1.1.0"
    assert geo["primary_column"] == "geo_shape"
    shape, point = geo["columns"]["geo_shape"], geo["columns"]["geo_point_2d"]
    assert shape["geometry_types"] == ["LineString", "Point"]
    assert point["geometry_types"] == ["Point"]
    assert shape["crs"]["id"] == {"authority": "EPSG", "code": 4326}
    assert shape["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    assert shape["bbox"] == pytest.approx([-0.599, 44.8, -0.301, 44.801])


def test_readers_leave_out_row_groups_by_the_boxes(serve: Serve, tmp_path: Path) -> None:
    dataset = serve(places()).dataset("places")
    path = dataset.to_parquet(tmp_path / "places.parquet", sort_by="taille", size=50)
    box = (-0.6, 44.0, -0.59, 45.0)

    found = gpd.read_parquet(path, bbox=box)

    expected = dataset.to_geopandas()
    assert sorted(found["taille"]) == sorted(
        expected[expected.intersects(gpd.GeoSeries.from_wkt([_wkt(box)])[0])]["taille"]
    )
    groups = pq.read_metadata(path)
    place = [groups.row_group(0).column(n).path_in_schema for n in range(groups.num_columns)].index("bbox.xmin")
    assert [groups.row_group(n).column(place).statistics.min > box[2] for n in range(6)] == [False, *[True] * 5]


def _wkt(box: tuple[float, float, float, float]) -> str:
    west, south, east, north = box
    return f"POLYGON (({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}))"


def test_rows_come_in_the_wanted_order(serve: Serve, tmp_path: Path) -> None:
    dataset = serve(places()).dataset("places")

    path = dataset.to_parquet(tmp_path / "places.parquet", sort_by=["code", "-taille"])

    expected = dataset.order_by("code", "-taille").to_pandas()
    assert pd.read_parquet(path)["taille"].tolist() == expected["taille"].tolist()


def test_an_empty_answer_is_a_file_of_the_same_columns(serve: Serve, tmp_path: Path) -> None:
    dataset = serve(places()).dataset("places")
    empty = dataset.where(F.taille > 1e6)

    frame = gpd.read_parquet(empty.to_parquet(tmp_path / "none.parquet"))

    assert len(frame) == 0
    assert list(frame.columns) == [field["name"] for field in FIELDS]
    assert frame.crs == 4326


def test_a_table_without_geometry_is_plain_parquet(serve: Serve, tmp_path: Path) -> None:
    dataset = serve(places()).dataset("places")

    path = dataset.select("gid", "code").to_parquet(tmp_path / "plain.parquet")

    assert b"geo" not in pq.read_metadata(path).metadata
    expected = dataset.select("gid", "code").to_pandas()
    assert_frame_equal(with_text_of(pd.read_parquet(path), expected), expected)


def test_what_was_at_the_path_stays_until_the_new_file_is_whole(serve: Serve, tmp_path: Path) -> None:
    served = serve(places(), settings=Settings(retries=0))
    served.portal.lie_about_count("places", 301)
    target = tmp_path / "places.parquet"
    target.write_bytes(b"before")

    with pytest.raises(IncompleteDataError):
        served.dataset("places").to_parquet(target)

    assert target.read_bytes() == b"before"
    assert [one.name for one in tmp_path.iterdir()] == ["places.parquet"]


def test_a_full_disk_is_an_error_that_leaves_the_old_file(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = serve(places()).dataset("places")
    target = dataset.to_parquet(tmp_path / "places.parquet")
    before = target.read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(geoparquet.GeoParquetFile, "write", full)
    with pytest.raises(OSError, match="No space left"):
        dataset.to_parquet(target, sort_by="taille")

    assert target.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["places.parquet"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"size": 0}, ValueError, "at least 1"),
        ({"size": -5}, ValueError, "at least 1"),
        ({"size": 2.5}, TypeError, "whole number"),
        ({"format": "xml"}, ValueError, "auto, parquet"),
        ({"partition_by": "taille"}, ValueError, "cannot be parted by 'taille'"),
        ({"partition_by": "heure"}, ValueError, r"such as F\.date\.year"),
        ({"partition_by": "geo_shape"}, ValueError, "cannot be parted"),
        ({"partition_by": "nothing"}, UnknownFieldError, "nothing"),
        ({"partition_by": "empty"}, ValueError, "missing in every row"),
        ({"partition_by": F.code.alias("gid")}, ValueError, "cannot be called 'gid'"),
        ({"partition_by": F.gid + F.taille}, ValueError, "made of one field"),
        ({"sort_by": "nothing"}, UnknownFieldError, "nothing"),
    ],
)
def test_bad_arguments_are_refused_before_an_export(
    serve: Serve, tmp_path: Path, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    served = serve(places())

    with pytest.raises(error, match=message):
        served.dataset("places").to_parquet(tmp_path / "out", **arguments)

    assert exports(served) == []
    assert list(tmp_path.iterdir()) == []


def test_too_many_values_are_refused(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake, "MOST_PARTITIONS", 2)
    served = serve(places())

    with pytest.raises(ValueError, match="has 3 values"):
        served.dataset("places").to_parquet(tmp_path / "out", partition_by="code")

    assert exports(served) == []


def test_a_place_that_is_taken_is_refused(serve: Serve, tmp_path: Path) -> None:
    dataset = serve(places()).dataset("places")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")

    with pytest.raises(FileExistsError, match="no partitions of this library"):
        dataset.to_parquet(tmp_path / "mine", partition_by="code")
    with pytest.raises(FileExistsError, match="is a folder"):
        dataset.to_parquet(tmp_path / "mine")
    with pytest.raises(FileNotFoundError, match="make it first"):
        dataset.to_parquet(tmp_path / "no" / "where")

    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("code", ["by_code=00", "by_code=01", "by_code=02"]),
        (
            F.jour.year,
            [
                "jour_year=2020",
                "jour_year=2021",
                "jour_year=2022",
                "jour_year=2023",
                "jour_year=" + lake.NULL_PARTITION,
            ],
        ),
        (F.jour.year.alias("an"), ["an=2020", "an=2021", "an=2022", "an=2023", f"an={lake.NULL_PARTITION}"]),
        ("public", ["by_public=false", "by_public=true", f"by_public={lake.NULL_PARTITION}"]),
    ],
)
def test_partitions_are_files_by_value_that_add_up_to_the_whole(
    serve: Serve, tmp_path: Path, by: Any, names: list[str]
) -> None:
    dataset = serve(places()).dataset("places")

    path = dataset.to_parquet(tmp_path / "places", partition_by=by)

    assert sorted(one.name for one in path.iterdir() if one.is_dir()) == sorted(names)
    assert json.loads((path / lake.MANIFEST).read_text())["rows"] == 300
    # As files alone: from a folder of missing values, readers cannot tell the type of the key.
    files = [gpd.read_parquet(BytesIO(one.read_bytes())) for one in path.rglob("*.parquet")]
    frame = pd.concat(files).sort_values("taille", ignore_index=True)
    whole = dataset.to_geopandas()
    assert frame["code"].tolist() == whole["code"].tolist()
    assert frame.geometry.geom_equals_exact(whole.geometry, 0).sum() == whole.geometry.notna().sum()
    assert [one.name for one in tmp_path.iterdir()] == ["places"]


def test_a_folder_that_is_whole_and_current_is_not_fetched_again(serve: Serve, tmp_path: Path) -> None:
    served = serve(places())
    path = served.dataset("places").to_parquet(tmp_path / "places", partition_by="code")
    before = len(served.portal.requests)

    served.dataset("places").to_parquet(path, partition_by="code")

    assert served.asked()[before:] == ["places"]


def test_an_interrupted_folder_is_continued(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = serve(places())
    dataset = served.dataset("places")
    real, done = lake.write_file, list[Path]()

    def interrupted(*arguments: Any, **more: Any) -> lake.Written:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(arguments[2])
        return real(*arguments, **more)

    monkeypatch.setattr(lake, "write_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dataset.to_parquet(tmp_path / "places", partition_by="code", format="parquet")
    assert not (tmp_path / "places").exists()
    monkeypatch.setattr(lake, "write_file", real)
    first = len(exports(served))
    path = dataset.to_parquet(tmp_path / "places", partition_by="code", format="parquet")

    assert first == 2
    assert len(exports(served)) == 3
    assert len(gpd.read_parquet(path)) == 300


def test_a_folder_of_an_older_version_is_made_anew(serve: Serve, tmp_path: Path) -> None:
    served = serve(places())
    path = served.dataset("places").to_parquet(tmp_path / "places", partition_by="code")
    served.portal.set_rows("places", places(90).rows)

    served.dataset("places").to_parquet(path, partition_by="code")

    assert len(gpd.read_parquet(path)) == 90
    assert [one.name for one in tmp_path.iterdir()] == ["places"]


def test_partitions_of_two_versions_are_never_mixed(serve: Serve, tmp_path: Path) -> None:
    served = serve(places())
    seen: list[str] = []

    def reprocess(request: Any) -> None:
        if "/exports/" in request.path:
            seen.append(request.path)
            if len(seen) == 2:
                served.portal.set_rows("places", places(150).rows)

    served.portal.before_answer(reprocess)
    path = served.dataset("places").to_parquet(tmp_path / "places", partition_by="code", format="parquet")

    assert len(gpd.read_parquet(path)) == 150
    files = list(path.rglob("*.parquet"))
    assert {bdx.provenance(frame).version for one in files for frame in frames_with_attrs(one)} == {
        served.dataset("places").info.version
    }


def test_a_dataset_processed_again_and_again_is_an_error(serve: Serve, tmp_path: Path) -> None:
    served = serve(places())
    served.portal.before_answer(
        lambda request: served.portal.reprocess("places") if "/exports/" in request.path else None
    )

    with pytest.raises(DatasetChangedError):
        served.dataset("places").to_parquet(tmp_path / "places", partition_by="code", format="parquet")

    assert not (tmp_path / "places").exists()


def test_a_partition_that_is_short_is_an_error(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = lake.write_file
    monkeypatch.setattr(lake, "write_file", lambda *all, **more: _one_less(real(*all, **more)))

    with pytest.raises(IncompleteDataError, match="the partition by_code=00"):
        serve(places()).dataset("places").to_parquet(tmp_path / "places", partition_by="code")

    assert not (tmp_path / "places").exists()


def _one_less(written: lake.Written) -> lake.Written:
    return lake.Written(written.rows - 1, written.bytes, written.version)


def test_offline_a_stored_dataset_becomes_a_file_but_no_partitions(serve: Serve, tmp_path: Path) -> None:
    served = serve(places())
    whole = served.dataset("places").to_geopandas()
    dataset = served.again(offline=True).dataset("places")

    with pytest.warns(bdx.StaleDataWarning):
        path = dataset.to_parquet(tmp_path / "places.parquet")
    with pytest.raises(OfflineError, match="partition_by"):
        dataset.to_parquet(tmp_path / "folder", partition_by="code")

    assert len(gpd.read_parquet(path)) == len(whole)


def test_partitions_and_files_open_in_duckdb_with_all_rows(serve: Serve, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    dataset = serve(places()).dataset("places")
    path = dataset.to_parquet(tmp_path / "places", partition_by=F.jour.year)

    counts = duckdb.sql(
        f"SELECT count(*), count(jour_year), count(DISTINCT code), sum(taille) "
        f"FROM read_parquet('{path}/**/*.parquet', hive_partitioning = true)"
    ).fetchall()[0]

    whole = dataset.to_pandas()
    assert counts[:3] == (300, int(whole["jour"].notna().sum()), 3)
    assert counts[3] == pytest.approx(whole["taille"].sum())


def test_a_file_of_another_program_is_not_taken_for_one_of_ours(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1")

    for name in ("a.parquet", "b.parquet"):
        with pytest.raises(bdx.UnexpectedAnswerError, match=r"no GeoParquet file of this library"):
            geoparquet.describe(tmp_path / name)


def test_stored_rows_are_filtered_piece_by_piece(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    from bdxopendata.reading import Reader

    dataset = serve(places()).dataset("places")
    query = dataset.where(F.taille > 10).select("gid", height=F.taille * 2)
    expected = query.to_pandas(format="parquet")
    dataset.to_pandas()
    monkeypatch.setattr(Reader, "read", lambda *_: pytest.fail("the whole was read at once"))

    pieces = list(query.batches(70))

    assert max(map(len, pieces)) <= 70
    assert_frame_equal(pd.concat(pieces, ignore_index=True), expected)


@pytest.mark.parametrize(("size", "error"), [(0, ValueError), (-5, ValueError), (2.5, TypeError), (True, TypeError)])
def test_a_size_of_pieces_that_is_none_is_refused_before_anything_is_asked(
    serve: Serve, size: Any, error: type[Exception]
) -> None:
    served = serve(places())

    with pytest.raises(error, match="size is"):
        served.dataset("places").batches(size)

    assert len(served.portal.requests) == 0
