"""The public API as a typed program uses it. Nothing here runs: mypy and pyright read it (``make check``).

Each public name is used once, and what comes back is compared with what the documentation says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, assert_type

import geopandas as gpd
import pandas as pd

import bdxopendata as bdx
from bdxopendata import F, agg
from bdxopendata.testing import SampleDataset, StandIn


def catalogue() -> None:
    settings = bdx.Settings(api_key="…", offline=True, cache_dir=Path("cache"), max_age=60)
    portal = bdx.Portal("Paris", ("https://opendata.paris.fr",))
    catalog = bdx.Catalog(portal, settings=settings)
    for other in (bdx.Catalog(), bdx.Catalog("opendata.paris.fr"), bdx.Catalog(bdx.BORDEAUX)):
        assert_type(other, bdx.Catalog)
    assert_type(catalog["st_park_p"], bdx.Dataset)
    assert_type(len(catalog), int)
    assert_type("st_park_p" in catalog, bool)
    assert_type(list(catalog), list[str])
    found = catalog.search("arbres", theme="Nature", has_geometry=True, limit=5)
    assert_type(found, bdx.DatasetList)
    assert_type(found[0], bdx.Dataset)
    assert_type(found[:2], bdx.DatasetList)
    assert_type(found.to_pandas(), pd.DataFrame)
    assert_type(catalog.facets("theme"), pd.DataFrame)
    assert_type(catalog.to_pandas(), pd.DataFrame)
    assert_type(catalog.mirror("folder"), pd.DataFrame)
    assert_type(bdx.show_settings(), str)
    assert_type(bdx.quota(), bdx.Quota | None)
    assert_type(bdx.store.size(), int)
    assert_type(bdx.store.list(), list[dict[str, Any]])
    assert_type(bdx.store.clear(dataset="st_park_p"), int)
    assert_type(bdx.__version__, str)


def dataset() -> None:
    trees = bdx.Dataset("ec_arbre_p")
    info = trees.info
    assert_type(info, bdx.DatasetInfo)
    assert_type(info.licence, str | None)
    assert_type(info.attribution, tuple[str, ...])
    assert_type(trees.schema, bdx.Schema)
    assert_type(trees.schema["genre"], bdx.Field)
    assert_type(trees.schema[0], bdx.Field)
    assert_type(trees.schema[:2], bdx.Schema)
    assert_type(trees.count(), int)
    assert_type(trees.page_url, str)
    assert_type(trees.export_formats, tuple[str, ...])
    assert_type(trees.attachments, tuple[bdx.Attachment, ...])
    assert_type(trees.download_attachment("plan", "folder"), Path)
    assert_type(trees.download_file({"url": "…"}, "folder"), Path)
    assert_type(trees.facets("genre"), pd.DataFrame)


def question(area: gpd.GeoSeries) -> None:
    trees = bdx.Dataset("ec_arbre_p")
    query = (
        trees.where((F.hauteur > 20) & F["genre"].isin(["Quercus", "Platanus"]), "hauteur < 50")
        .within(area)
        .bbox(-0.6, 44.8, -0.5, 44.9)
        .near(-0.57, 44.84, 500, field="geo_point_2d")
        .refine(insee="33063")
        .exclude({"genre": ["Acer", "Tilia"]})
        .select("genre", "hauteur", height_cm=F.hauteur * 100, year=F.plante.year)
        .order_by("-hauteur", F.genre.asc())
        .limit(100)
    )
    assert_type(query, bdx.Query)
    assert_type(trees.sample(10, seed=1), bdx.Query)
    groups = trees.group_by("genre").select(n=agg.count(), tallest=agg.max("hauteur"))
    assert_type(groups.to_pandas(), pd.DataFrame)
    assert_type(query.to_pandas(format="csv", dtype_backend="pyarrow"), pd.DataFrame)
    assert_type(query.to_geopandas(crs="EPSG:2154"), gpd.GeoDataFrame)
    assert_type(query.head(3), pd.DataFrame)
    assert_type(query.count(), int)
    assert_type(query.batches(), Iterator[pd.DataFrame])
    assert_type(query.batches(1_000, kind="pandas"), Iterator[pd.DataFrame])
    assert_type(query.batches(1_000, kind="geopandas", format="parquet"), Iterator[gpd.GeoDataFrame])
    assert_type(query.to_parquet("trees", partition_by=F.plante.year, sort_by="hauteur"), Path)
    assert_type(query.save("trees.gpkg"), Path)
    assert_type(query.download("trees.csv"), Path)
    assert_type(query.url(format="geojson"), str)
    assert_type(query.explain(), str)
    table = query.to_arrow()
    assert_type(bdx.provenance(table), bdx.Provenance)
    assert_type(bool(query), bool)


def origin(frame: pd.DataFrame) -> None:
    facts = bdx.provenance(frame)
    assert_type(facts, bdx.Provenance)
    assert_type(facts.licence, str | None)
    assert_type(facts.age, float)
    assert_type(bdx.cite(frame), str)
    assert_type(bdx.cite(bdx.Dataset("ec_arbre_p"), "bibtex", language="fr"), str)
    assert_type(bdx.save(frame, "rows.csv", sources=[frame, facts], escape_formulas=True), Path)
    again: pd.DataFrame = bdx.load("rows.csv")
    assert_type(again, pd.DataFrame)


def topics(catalog: bdx.Catalog) -> None:
    near = (-0.57, 44.84, 500.0)
    assert_type(bdx.trees(genus="Quercus", commune="Bordeaux", min_height=20, catalog=catalog), gpd.GeoDataFrame)
    assert_type(bdx.parking(min_free=10, near=near, stale_after=timedelta(minutes=10)), gpd.GeoDataFrame)
    assert_type(bdx.bikes(min_bikes=1), gpd.GeoDataFrame)
    assert_type(bdx.traffic(), gpd.GeoDataFrame)
    assert_type(bdx.facilities("toilets", accessible=True), gpd.GeoDataFrame)
    assert_type(bdx.facilities.kinds(), tuple[str, ...])
    assert_type(bdx.pools(), pd.DataFrame)
    assert_type(bdx.subsidies(year=2023), pd.DataFrame)
    assert_type(bdx.births(1900, 1910, freq="Y"), pd.DataFrame)
    assert_type(bdx.deaths(freq="M"), pd.DataFrame)
    assert_type(bdx.population_change(), pd.DataFrame)
    assert_type(bdx.first_names(year=2020), pd.DataFrame)
    assert_type(bdx.bridge_closures(), pd.DataFrame)
    assert_type(bdx.bridge_state(), pd.DataFrame)
    assert_type(bdx.waste_collection(-0.57, 44.84), pd.DataFrame)
    assert_type(bdx.places.commune("Bordeaux").code, str)
    for frame in bdx.watch("parking", every=60, times=3):
        bdx.cite(frame)
    assert_type(bdx.works(), pd.DataFrame)
    assert_type(bdx.labels(bdx.trees(), "fr"), gpd.GeoDataFrame)
    bdx.explore_map(bdx.trees(), column="genus").save("trees.html")
    bdx.record("parking", "folder", every=60, times=3)
    bdx.history("folder")


def errors() -> None:
    try:
        bdx.Dataset("ec_arbre_p").to_pandas()
    except (bdx.DatasetNotFoundError, bdx.TopicNotFoundError, bdx.UnknownFieldError, bdx.SchemaDriftError) as error:
        assert_type(error.dataset_id, str | None)
    except bdx.QuotaExceededError as error:
        assert_type(error.retry_after, float | None)
    except (bdx.IncompleteDataError, bdx.DatasetChangedError, bdx.SchemaError, bdx.UnexpectedAnswerError):
        raise
    except (bdx.DeadlineExceededError, bdx.NetworkError, bdx.OfflineError, bdx.AlreadyRecordingError):
        raise
    except (bdx.AuthenticationError, bdx.QueryError, bdx.ServerError, bdx.PortalError, bdx.ConfigurationError) as error:
        assert_type(error.status_code, int | None)
    except bdx.BdxOpenDataError as error:
        assert_type(error.retryable, bool)


WARNINGS: tuple[type[bdx.BdxOpenDataWarning], ...] = (
    bdx.ApiDeprecationWarning,
    bdx.DataQualityWarning,
    bdx.FarAwayWarning,
    bdx.QuotaWarning,
    bdx.SchemaDriftWarning,
    bdx.StaleDataWarning,
)


def test_of_a_package_that_depends_on_the_library(bdx_portal: StandIn) -> None:
    bdx_portal.add(SampleDataset("benches", [{"name": "seats", "type": "int"}], [{"seats": 3}]))
    assert_type(bdx.Catalog(bdx_portal.url)["benches"].count(), int)


def what_is_refused(query: bdx.Query) -> None:
    """Each of these is an error to a type checker too; were it none, the comment would be one."""
    len(query)  # type: ignore[arg-type]
    query["genre"]  # type: ignore[index]
    query.to_pandas(format="feather")  # type: ignore[arg-type]
    query.batches(kind="polars")  # type: ignore[call-overload]
    query.plot()  # type: ignore[attr-defined]
    bdx.cite(query, "apa")  # type: ignore[arg-type]
    bdx.births(freq="W")  # type: ignore[arg-type]
