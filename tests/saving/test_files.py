"""A saved frame comes back as it was, with where it comes from, whatever the format."""

from __future__ import annotations

import json
import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from pandas.testing import assert_frame_equal

import bdxopendata as bdx
from bdxopendata import disk

if TYPE_CHECKING:
    from conftest import Serve

PLAIN = (".parquet", ".csv", ".xlsx")
GEOMETRIC = (".geojson", ".fgb", ".gpkg")
EVERY = (*PLAIN, *GEOMETRIC)
FACTS = {
    "dataset_id": "trees",
    "title": "Arbres « remarquables »",
    "portal": "stand-in",
    "page_url": "http://127.0.0.1/explore/dataset/trees/",
    "publisher": "Ville de Bordeaux",
    "licence": "Licence Ouverte v2.0",
    "licence_url": None,
    "attribution": ["Ville de Bordeaux"],
    "version": "2026-01-02T03:04:06+00:00",
    "modified": None,
    "fetched_at": "2026-01-03T00:00:00+00:00",
    "question": "",
    "road": "parquet",
    "rows": 4,
    "stand_in": True,
}

COLUMNS: dict[str, Any] = {
    "code": pd.Series(["01", "", None, '{"a": 1}'], dtype="str"),
    "fid": pd.array([1, None, 3, 2**60 + 1], dtype="Int64"),
    "share": np.array([0.1, np.nan, 1 / 3, -2.5e-9]),
    "open": pd.array([True, None, False, True], dtype="boolean"),
    "day": pd.to_datetime(["1880-01-31", None, "2024-02-29", "2026-12-31"]).astype("datetime64[us]"),
    # The hour that comes twice, on both its turns.
    "seen": pd.to_datetime(
        ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", None, "2026-07-01T12:00:00.250Z"], format="ISO8601"
    )
    .tz_convert("Europe/Paris")
    .astype("datetime64[us, Europe/Paris]"),
    "age": pd.to_timedelta([1.5, None, 0, 86400.000001], unit="s").astype("timedelta64[us]"),
    "state": pd.Categorical(["b", None, "a", "b"], categories=["b", "a", "c"], ordered=True),
    "names": pd.Series([["x", "y, z"], [], None, ["é\n"]], dtype=object),
    "file": pd.Series([{"filename": "a.pdf", "url": None}, None, {"size": 3}, {}], dtype=object),
    "price": pd.Series([Decimal("1.10"), None, Decimal("2"), Decimal("-0.05")], dtype=object),
    "on": pd.Series([date(1899, 1, 1), None, date(2026, 1, 1), date(2000, 2, 29)], dtype=object),
    "text": pd.Series(["=1+1", "@x", 'line\nbreak; "quoted"\t\x0b', "_x000B_ 2020-01-01"], dtype="str"),
}


def frame_of(*, crs: Any = 4326, **columns: Any) -> gpd.GeoDataFrame:
    points = shapely.points([[-0.5791234567891234, 44.837], [2.0, 3.0], [0, 0], [1e-9, 89.123456789012345]])
    points[2] = None
    frame = gpd.GeoDataFrame({**(columns or COLUMNS)}, geometry=gpd.GeoSeries(points, crs=crs))
    frame.attrs["bdxopendata"] = dict(FACTS)
    return frame


def no_geometry(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    plain = pd.DataFrame(frame.drop(columns="geometry"))
    plain.attrs = frame.attrs
    return plain


def written_as(suffix: str, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """What a format cannot hold: Excel takes an empty text for a missing one."""
    if suffix == ".xlsx":
        frame["code"] = frame["code"].where(frame["code"] != "")
    return frame


@pytest.mark.parametrize("suffix", EVERY)
def test_a_frame_with_geometry_comes_back_as_it_was(tmp_path: Path, suffix: str) -> None:
    frame = written_as(suffix, frame_of())

    again = bdx.load(bdx.save(frame, tmp_path / f"trees{suffix}"))

    assert_geodataframe_equal(again, frame)
    assert again.attrs == frame.attrs


@pytest.mark.parametrize("suffix", PLAIN)
def test_a_frame_without_geometry_comes_back_as_it_was(tmp_path: Path, suffix: str) -> None:
    frame = no_geometry(written_as(suffix, frame_of()))

    again = bdx.load(bdx.save(frame, tmp_path / f"trees{suffix}"))

    assert_frame_equal(again, frame)
    assert type(again) is pd.DataFrame
    assert bdx.provenance(again) == bdx.provenance(frame)


@pytest.mark.parametrize("suffix", EVERY)
def test_an_empty_frame_keeps_its_columns(tmp_path: Path, suffix: str) -> None:
    frame = frame_of().iloc[:0]

    again = bdx.load(bdx.save(frame, tmp_path / f"none{suffix}"))

    assert_geodataframe_equal(again, frame)
    assert again.crs == frame.crs


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".fgb", ".gpkg", ".xlsx"])
def test_another_coordinate_system_is_kept(tmp_path: Path, suffix: str) -> None:
    frame = frame_of().iloc[[0, 3]].reset_index(drop=True).to_crs(3945)

    again = bdx.load(bdx.save(frame, tmp_path / f"trees{suffix}"))

    assert again.crs == frame.crs
    assert_geodataframe_equal(again, frame)


def test_geojson_is_in_degrees_whatever_the_frame_is_in(tmp_path: Path) -> None:
    frame = frame_of().iloc[[0]]

    again = bdx.load(bdx.save(frame.to_crs(3945), tmp_path / "trees.geojson"))

    assert again.crs == 4326
    assert again.geometry.iloc[0].distance(frame.geometry.iloc[0]) < 1e-9


@pytest.mark.parametrize("suffix", EVERY)
def test_a_second_geometry_and_mixed_shapes_come_back(tmp_path: Path, suffix: str) -> None:
    shapes = [shapely.box(0, 0, 1, 2), shapely.MultiPolygon([shapely.box(0, 0, 1, 1)]), None, shapely.Point(1, 2)]
    frame = frame_of(a=[1, 2, 3, 4])
    frame["shape"] = gpd.GeoSeries(shapes, crs=4326)
    attrs = frame.attrs
    frame = frame.set_geometry("shape")
    frame.attrs = attrs

    again = bdx.load(bdx.save(frame, tmp_path / f"trees{suffix}"))

    assert_geodataframe_equal(again, frame)
    assert again.geometry.name == "shape"


@pytest.mark.parametrize("suffix", EVERY)
def test_heights_are_kept(tmp_path: Path, suffix: str) -> None:
    frame = gpd.GeoDataFrame({"n": [1]}, geometry=gpd.GeoSeries([shapely.Point(1, 2, 3.5)], crs=4326))
    frame.attrs["bdxopendata"] = dict(FACTS)

    again = bdx.load(bdx.save(frame, tmp_path / f"x{suffix}"))

    assert again.geometry.iloc[0].z == 3.5


@pytest.mark.parametrize("suffix", PLAIN)
def test_a_named_index_is_kept_and_another_is_not(tmp_path: Path, suffix: str) -> None:
    plain = no_geometry(frame_of(genre=["a", "b", "c", "d"], n=[1, 2, 3, 4]))
    plain.attrs = {"bdxopendata": FACTS}
    named = plain.set_index("genre")

    assert_frame_equal(bdx.load(bdx.save(named, tmp_path / f"named{suffix}")), named)
    shuffled = plain.iloc[[2, 0]]
    assert_frame_equal(bdx.load(bdx.save(shuffled, tmp_path / f"other{suffix}")), shuffled.reset_index(drop=True))


@pytest.mark.parametrize("suffix", PLAIN)
def test_arrow_types_come_back(tmp_path: Path, suffix: str) -> None:
    simple = ["code", "fid", "share", "open", "day", "seen", "text"]
    frame = no_geometry(written_as(suffix, frame_of()))[simple].convert_dtypes(dtype_backend="pyarrow")
    frame.attrs = {"bdxopendata": FACTS}

    assert_frame_equal(bdx.load(bdx.save(frame, tmp_path / f"x{suffix}")), frame)


def test_the_provenance_beside_a_file_is_readable_and_has_no_key(serve: Serve, tmp_path: Path) -> None:
    served = serve("st_park_p", settings=bdx.Settings(api_key="s3cret-k3y"))
    served.portal.require_key("s3cret-k3y")

    path = bdx.save(served.dataset("st_park_p").to_pandas(), tmp_path / "parks.csv")

    beside = (tmp_path / "parks.csv.provenance.json").read_text()
    assert json.loads(beside)["provenance"]["dataset_id"] == "st_park_p"
    assert "s3cret" not in beside + path.read_text()


@pytest.mark.parametrize("suffix", EVERY)
def test_no_file_holds_the_key(serve: Serve, tmp_path: Path, suffix: str) -> None:
    served = serve("st_park_p", settings=bdx.Settings(api_key="s3cret-k3y"))
    served.portal.require_key("s3cret-k3y")

    bdx.save(served.dataset("st_park_p").to_geopandas(), tmp_path / f"parks{suffix}")

    assert not [one.name for one in tmp_path.iterdir() if b"s3cret" in one.read_bytes()]


@pytest.mark.parametrize("suffix", EVERY)
def test_nothing_is_left_of_a_save_that_failed(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / f"trees{suffix}"
    bdx.save(frame_of(a=[1, 2, 3, 4]), target)
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}

    def full(part: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk, "move_into_place", full)
    with pytest.raises(OSError, match="No space left"):
        bdx.save(frame_of(a=[5, 6, 7, 8]), target)

    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before


def test_files_have_the_usual_rights_of_the_user(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        for suffix in EVERY:
            bdx.save(frame_of(a=[1, 2, 3, 4]), tmp_path / f"trees{suffix}")
    finally:
        os.umask(old)

    assert {oct(one.stat().st_mode & 0o777) for one in tmp_path.iterdir()} == {"0o644"}


def test_a_file_that_was_changed_says_so(tmp_path: Path) -> None:
    path = bdx.save(no_geometry(frame_of(a=[1, 2, 3, 4])), tmp_path / "x.csv")
    path.write_text(path.read_text().replace("4", "5"))

    with pytest.warns(bdx.DataQualityWarning, match="changed after it was saved"):
        again = bdx.load(path)

    assert again["a"].tolist() == [1, 2, 3, 5]


def test_a_changed_file_of_other_types_is_refused(tmp_path: Path) -> None:
    path = bdx.save(no_geometry(frame_of(a=[1, 2, 3, 4])), tmp_path / "x.csv")
    path.write_text(path.read_text().replace("4", "four"))

    with pytest.raises(ValueError, match="four"), pytest.warns(bdx.DataQualityWarning):
        bdx.load(path)


@pytest.mark.parametrize("suffix", EVERY)
def test_a_file_of_somebody_else_is_left_to_pandas(tmp_path: Path, suffix: str) -> None:
    frame, path = frame_of(a=[1, 2, 3, 4]), tmp_path / f"x{suffix}"
    write = {".parquet": frame.to_parquet, ".csv": frame.to_csv}.get(suffix)
    if suffix == ".xlsx":
        pd.DataFrame({"a": [1]}).to_excel(path)
    else:
        frame.attrs = {}
        write(path) if write else frame.dropna(subset="geometry").to_file(path)

    with pytest.raises(ValueError, match="does not say where it comes from"):
        bdx.load(path)


# That it is not the file which was saved is said as well.
@pytest.mark.filterwarnings("ignore::bdxopendata.DataQualityWarning")
@pytest.mark.parametrize("suffix", EVERY)
def test_a_cut_file_is_an_error(tmp_path: Path, suffix: str) -> None:
    path = bdx.save(frame_of(), tmp_path / f"x{suffix}")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(ValueError, match=r"x\."):
        bdx.load(path)


def test_other_readers_find_types_and_provenance_in_parquet(tmp_path: Path) -> None:
    path = bdx.save(frame_of(), tmp_path / "x.parquet")

    found = gpd.read_parquet(path)

    assert found.crs == 4326
    assert found["fid"].dtype == "Int64"
    assert found["names"].iloc[0].tolist() == ["x", "y, z"]
    assert json.loads(pq.read_schema(path).metadata[b"geo"])["columns"]["geometry"]["geometry_types"] == ["Point"]
    assert bdx.provenance(pd.read_parquet(path)).dataset_id == "trees"


@pytest.mark.parametrize("suffix", GEOMETRIC)
def test_other_readers_find_layers(tmp_path: Path, suffix: str) -> None:
    path = bdx.save(frame_of(code=["01", "02", "", None], seen=COLUMNS["seen"]), tmp_path / f"trees{suffix}")

    found = gpd.read_file(path)

    assert found["code"].iloc[0] == "01"
    assert found.crs == 4326
    assert len(found) == 4
    assert str(found["seen"].dtype).startswith("datetime64[ms, ")


def test_a_workbook_shows_clocks_texts_and_where_it_comes_from(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    path = bdx.save(frame_of(), tmp_path / "x.xlsx")

    book = openpyxl.load_workbook(path)

    names = [cell.value for cell in book["rows"][1]]
    first = dict(zip(names, book["rows"][2], strict=True))
    assert first["text"].value == "=1+1"
    assert first["text"].data_type == "s"
    assert first["code"].value == "01"
    assert book["rows"][5][names.index("seen")].value.isoformat() == "2026-07-01T14:00:00.250000"
    origin = {row[0].value: row[1].value for row in book["provenance"].iter_rows()}
    assert origin["title"] == FACTS["title"]
    assert origin["attribution"] == "Ville de Bordeaux"


def test_formulas_are_escaped_where_asked_and_come_back(tmp_path: Path) -> None:
    texts = ["=cmd()", "'=x", "+1", "-1", "@a", "\tx", "'plain", None]
    frame = pd.DataFrame({"text": pd.Series(texts, dtype="str"), "number": [-1, -2, -3, -4, -5, -6, -7, -8]})
    frame.attrs["bdxopendata"] = dict(FACTS)

    path = bdx.save(frame, tmp_path / "x.csv", escape_formulas=True)

    lines = path.read_text().splitlines()
    assert lines[1] == '"\'=cmd()",-1'
    assert lines[7] == '"\'plain",-7'
    assert_frame_equal(bdx.load(path), frame)


def test_rows_of_several_sources_name_all_of_them(tmp_path: Path) -> None:
    one, other = frame_of(a=[1, 2, 3, 4]), frame_of(b=[1, 2, 3, 4])
    other.attrs["bdxopendata"]["dataset_id"] = "quarters"
    joined = pd.DataFrame({"a": [1]})

    with pytest.raises(ValueError, match="no provenance"):
        bdx.save(joined, tmp_path / "x.csv")
    again = bdx.load(bdx.save(joined, tmp_path / "x.csv", sources=[one, bdx.provenance(other)]))

    assert [one["dataset_id"] for one in again.attrs["bdxopendata"]["sources"]] == ["trees", "quarters"]
    assert bdx.provenance(again).rows == 1


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("x.txt", ValueError, "'.csv'"),
        ("x", ValueError, "ending of the name"),
        ("missing/x.csv", FileNotFoundError, "make it first"),
    ],
)
def test_a_mistaken_place_is_refused(tmp_path: Path, name: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        bdx.save(frame_of(a=[1, 2, 3, 4]), tmp_path / name)


def test_what_cannot_come_back_is_refused(tmp_path: Path) -> None:
    def refused(frame: Any, name: str, words: str, error: type[Exception] = ValueError) -> None:
        if isinstance(frame, pd.DataFrame):
            frame.attrs["bdxopendata"] = dict(FACTS)
        with pytest.raises(error, match=words):
            bdx.save(frame, tmp_path / name)
        assert not list(tmp_path.iterdir())

    refused(pd.DataFrame({"a": [1]}), "x.geojson", "without geometry")
    refused(pd.DataFrame({1: [1]}), "x.csv", "Names of columns are texts", TypeError)
    refused(pd.DataFrame([[1, 2]], columns=["a", "a"]), "x.csv", "called a")
    refused(pd.DataFrame({"a": [object()]}), "x.csv", "no file can hold", TypeError)
    refused(pd.DataFrame({"a": ["x" * 40_000]}), "x.xlsx", "'a' has a text of 40,000")
    refused(frame_of(a=[1, 2, 3, 4], A=[1, 2, 3, 4]), "x.gpkg", "'a' and 'A'")
    refused(frame_of(a=[1, 2, 3, 4], crs=None), "x.geojson", "no coordinate system")
    refused([1], "x.csv", "takes a frame, not list", TypeError)


def test_a_file_of_to_parquet_is_loaded_as_the_answer_was(serve: Serve, tmp_path: Path) -> None:
    parks = serve("st_park_p").dataset("st_park_p")

    again = bdx.load(parks.to_parquet(tmp_path / "parks.parquet"))

    assert_geodataframe_equal(again, parks.to_geopandas())
    assert bdx.provenance(again).dataset_id == "st_park_p"


@pytest.mark.parametrize("suffix", EVERY)
def test_an_answer_is_saved_by_the_ending_of_the_name(serve: Serve, tmp_path: Path, suffix: str) -> None:
    question = serve("st_park_p").dataset("st_park_p").where(bdx.F.libres > 10)

    again = bdx.load(question.save(tmp_path / f"parks{suffix}"))

    geometric = suffix not in (".csv", ".xlsx")
    assert_frame_equal(
        pd.DataFrame(again), pd.DataFrame(question.to_geopandas() if geometric else question.to_pandas())
    )
    assert isinstance(again, gpd.GeoDataFrame) == geometric
    assert bdx.provenance(again).question == "where=libres > 10"


def test_a_mistaken_ending_is_refused_before_anything_is_asked(serve: Serve, tmp_path: Path) -> None:
    served = serve("st_park_p")

    with pytest.raises(ValueError, match="ending of the name"):
        served.dataset("st_park_p").save(tmp_path / "parks.dbf")
    with pytest.raises(FileNotFoundError, match="make it first"):
        served.dataset("st_park_p").save(tmp_path / "missing" / "parks.csv")
    assert not served.portal.requests


def test_a_folder_of_partitions_is_loaded_as_the_whole_answer(serve: Serve, tmp_path: Path) -> None:
    trees = serve("ec_arbre_p").dataset("ec_arbre_p")

    again = bdx.load(trees.to_parquet(tmp_path / "trees", partition_by="insee"))

    expected = trees.to_geopandas()
    assert again.dtypes.equals(expected.dtypes)
    columns = list(expected.columns.drop("geo_point_2d"))
    assert_frame_equal(
        pd.DataFrame(again[columns]).sort_values(columns, ignore_index=True),
        pd.DataFrame(expected[columns]).sort_values(columns, ignore_index=True),
    )
    assert bdx.provenance(again).rows == len(expected)


def test_another_folder_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"read with history\(\)"):
        bdx.load(tmp_path)


def test_the_zone_of_a_portal_comes_back(serve: Serve, tmp_path: Path) -> None:
    served = serve("stand-in-every-type").again(timezone="America/Vancouver")
    dataset = served.dataset("stand-in-every-type")

    again = bdx.load(dataset.to_parquet(tmp_path / "x.parquet"))

    expected = dataset.to_geopandas()
    assert "America/Vancouver" in set(expected.dtypes.map(lambda dtype: str(getattr(dtype, "tz", ""))))
    assert again.dtypes.equals(expected.dtypes)
