"""The endings of a question: what they hand to other libraries, and what they say to those who take them for frames."""

from __future__ import annotations

import copy
import pickle
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pytest
from geopandas.testing import assert_geodataframe_equal

import bdxopendata as bdx
from bdxopendata import F

if TYPE_CHECKING:
    from conftest import Serve, Served


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve("st_park_p", "ec_arbre_p")


def test_a_question_is_read_by_whatever_speaks_arrow(served: Served) -> None:
    question = served.dataset("st_park_p").where(F.libres > 10)

    table = pa.table(question)

    assert table.equals(question.to_arrow())
    assert bdx.provenance(table).question == "where=libres > 10"
    assert pa.RecordBatchReader.from_stream(question).schema == table.schema


def test_a_requested_schema_is_followed(served: Served) -> None:
    parks = served.dataset("st_park_p").select("nom", "libres")

    table = pa.table(parks, schema=pa.schema([("nom", pa.large_string()), ("libres", pa.float64())]))

    assert table.schema.types == [pa.large_string(), pa.float64()]


def test_geometry_reaches_geopandas_with_its_coordinate_system(served: Served) -> None:
    parks = served.dataset("st_park_p")

    frame = gpd.GeoDataFrame.from_arrow(parks.select("ident", "geo_point_2d"))

    assert frame.crs == 4326
    expected = parks.select("ident", "geo_point_2d").to_geopandas()
    assert frame.geometry.geom_equals(expected.geometry).all()


def test_the_memory_is_shared(served: Served) -> None:
    class Once:
        """Hands out the same table, as an ending would that read it before."""

        table = served.dataset("st_park_p").to_arrow()
        __arrow_c_stream__ = bdx.Query.__arrow_c_stream__

        def to_arrow(self) -> pa.Table:
            return self.table

    read = pa.table(Once())

    addresses = [
        [one and one.address for one in table.column("libres").chunk(0).buffers()] for table in (read, Once.table)
    ]
    assert addresses[0] == addresses[1]


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("wher", "Did you mean 'where'"),
        ("colums", "head\\(\\).columns"),
        ("plot", r"to_geopandas\(\).plot"),
        ("to_dict", r"to_pandas\(\).to_dict"),
        ("collect", r"use to_pandas\(\)"),
        ("value_counts", "group_by"),
        ("libres", "F.libres in conditions"),
        ("melt", r"to_pandas\(\).melt"),
    ],
)
def test_what_a_question_does_not_have_leads_to_what_it_has(served: Served, name: str, way_out: str) -> None:
    parks = served.dataset("st_park_p")
    assert parks.schema

    for question in (parks, parks.where(F.libres > 10)):
        with pytest.raises(AttributeError, match=way_out):
            getattr(question, name)


def test_every_way_out_exists(served: Served) -> None:
    from bdxopendata.answers import ELSEWHERE

    parks = served.dataset("st_park_p")
    scope = {"F": F, "agg": bdx.agg, **{name: getattr(parks, name) for name in dir(parks) if not name.startswith("_")}}
    for words in ELSEWHERE.values():
        name = words.replace("{name}", "x").partition("(")[0].partition(" ")[0]
        assert name in scope or name == "polars.DataFrame", words


@pytest.mark.parametrize("name", ["_repr_x_", "__array__", "__dataframe__"])
def test_protocols_are_not_talked_to(served: Served, name: str) -> None:
    assert not hasattr(served.dataset("st_park_p"), name)


def test_the_error_of_a_property_is_its_own(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Any) -> Any:
        raise AttributeError("the real reason")

    monkeypatch.setattr(type(served.dataset("st_park_p")._reader), "info", property(broken))

    with pytest.raises(AttributeError, match="the real reason"):
        served.dataset("st_park_p").info  # noqa: B018


def test_a_question_is_no_list(served: Served) -> None:
    question: Any = served.dataset("st_park_p").where(F.libres > 10)

    for mistake, way_out in (
        (lambda: len(question), r"count\(\)"),
        (lambda: question["nom"], r"select\('nom'\)"),
        (lambda: question[0], r"to_pandas\(\)"),
        (lambda: list(question), r"batches\(\)"),
    ):
        with pytest.raises(TypeError, match=way_out):
            mistake()
    assert question
    assert not served.portal.requests


def test_a_question_is_never_changed(served: Served) -> None:
    question: Any = served.dataset("st_park_p").where(F.libres > 10)

    with pytest.raises(AttributeError, match="each verb returns a new Query"):
        question.limit = 3
    with pytest.raises(AttributeError, match="never changed"):
        question._parts = None
    with pytest.raises(AttributeError, match="never changed"):
        del question._parts


def test_a_question_can_be_copied_and_sent(served: Served) -> None:
    question = served.dataset("st_park_p").where(F.libres > 10)

    assert copy.copy(question) == question
    assert weakref.ref(question)() is question
    sent = pickle.loads(pickle.dumps(question))
    assert str(sent) == str(question)
    assert sent.count() == question.count()


def test_first_rows_are_never_more_than_the_limit(served: Served) -> None:
    parks = served.dataset("st_park_p")

    assert len(parks.limit(3).head(5)) == 3
    assert len(parks.limit(5).head(3)) == 3
    assert len(parks.head(2)) == 2


def test_a_sample_is_the_same_for_the_same_seed(served: Served) -> None:
    trees = served.dataset("ec_arbre_p")

    one, same, other = (trees.sample(50, seed=seed).to_pandas() for seed in (1, 1, 2))

    assert len(one) == 50
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)
    drawn = trees.sample(50)
    pd.testing.assert_frame_equal(drawn.to_pandas(), drawn.to_pandas())


def test_a_sample_is_of_all_rows_that_fit(served: Served) -> None:
    trees = served.dataset("ec_arbre_p")

    assert (trees.where(F.hauteur > 10).sample(20, seed=1).to_pandas()["hauteur"] > 10).all()
    for narrowed in (trees.limit(10), trees.group_by("genre").select(n=bdx.agg.count())):
        with pytest.raises(ValueError, match="not after limit"):
            narrowed.sample(5)
    with pytest.raises(TypeError, match="seed is a whole number"):
        trees.sample(5, seed=0.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["parks.csv", "parks.jsonl", "parks.geojson", "parks.parquet", "parks"])
def test_a_download_is_what_its_name_says(served: Served, tmp_path: Path, name: str) -> None:
    parks = served.dataset("st_park_p")

    path = parks.download(tmp_path / name)

    wanted = Path(name).suffix.removeprefix(".") or "parquet"
    assert served.asked()[-1].endswith(f"exports/{wanted}") or f"exports/{wanted}" in " ".join(served.asked())
    assert path.stat().st_size > 0


@pytest.mark.parametrize(
    ("name", "format", "words"),
    [
        ("parks.csv", "parquet", "'parks.csv' looks like csv, and format is 'parquet'"),
        ("parks.zip", None, "No export format ends in '.zip'"),
    ],
)
def test_a_name_that_says_something_else_is_refused(
    served: Served, tmp_path: Path, name: str, format: str | None, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        served.dataset("st_park_p").download(tmp_path / name, format=format)
    assert not served.portal.requests


def test_other_names_go_with_a_format_that_is_said(served: Served, tmp_path: Path) -> None:
    assert served.dataset("st_park_p").download(tmp_path / "parks.txt", format="csv").is_file()


def test_a_road_is_explained_and_addressed_as_it_would_be_taken(served: Served) -> None:
    parks = served.dataset("st_park_p")

    assert "road      csv: asked for" in parks.explain(format="csv")
    assert "/exports/csv?" in parks.explain(format="csv")
    for ask in (parks.explain, parks.url):
        with pytest.raises(ValueError, match="format is"):
            ask(format="PARQUET")  # type: ignore[operator]
    assert not served.portal.requests


@pytest.mark.parametrize("ending", ["to_pandas", "to_geopandas", "to_arrow"])
def test_a_mistaken_road_is_refused_before_anything_is_asked(served: Served, ending: str) -> None:
    with pytest.raises(ValueError, match="format is one of"):
        getattr(served.dataset("st_park_p"), ending)(format="feather")
    assert not served.portal.requests


def test_a_frame_of_geopandas_is_the_same_through_arrow(served: Served) -> None:
    trees = served.dataset("ec_arbre_p").select("genre", "geo_point_2d").limit(20)

    frame = gpd.GeoDataFrame.from_arrow(trees)

    expected = trees.to_geopandas()
    assert_geodataframe_equal(frame.astype(expected.dtypes.to_dict()), expected)
