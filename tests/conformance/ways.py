"""Every public way to get data, as a table: what is called, and which of its requests the faults hit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import bdxopendata as bdx
from bdxopendata import agg
from bdxopendata.catalog import Catalog
from bdxopendata.dataset import Dataset
from bdxopendata.testing import Attachment, SampleDataset, samples
from support.faulty_portal import Seen

TREES = "trees"
PARKING = "st_park_p"
ROWS = 230
FIELDS = [
    {"name": "gid", "type": "int"},
    {"name": "nom", "type": "text", "annotations": {"facet": True}},
    {"name": "hauteur", "type": "double"},
    {"name": "relevé", "type": "datetime"},
    {"name": "geo_point_2d", "type": "geo_point_2d"},
]
PDF = b"%PDF-1.4 " + b"notes on trees " * 40


def rows(count: int = ROWS, first: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "gid": number,
            "nom": f"arbre n° {number % 3}",
            "hauteur": number / 10 if number % 7 else None,
            "relevé": f"2026-01-{1 + number % 28:02d}T08:00:00+00:00",
            "geo_point_2d": {"lon": -0.57 - (number % 50) / 1000, "lat": 44.84},
        }
        for number in range(first, first + count)
    ]


def served() -> list[SampleDataset]:
    """What the portal holds: trees with an attachment, car parks, and so many others that the listing has two pages."""
    metas = {"default": {"title": "Arbres", "data_processed": "2026-01-01T00:00:00+00:00"}}
    notes = Attachment("notes", "Notes", "application/pdf", PDF)
    small = [
        SampleDataset(
            f"small-{number:03d}", [{"name": "n", "type": "int"}], [{"n": 1}], {"default": {"title": "Petit"}}
        )
        for number in range(110)
    ]
    parking = samples.make(PARKING)
    # Those that moved on the same days, so that few files are recorded.
    few = replace(parking, rows=parking.rows[:12])
    return [SampleDataset(TREES, FIELDS, rows(), metas, attachments=[notes]), few, *small]


@dataclass(frozen=True)
class Place:
    """What a call has: a catalogue that nothing was asked of, and a folder for what it writes."""

    catalog: Catalog
    folder: Path

    @property
    def trees(self) -> Dataset:
        return Dataset(TREES, catalog=self.catalog)


@dataclass(frozen=True)
class Way:
    """One way to get data.

    Attributes
    ----------
    ask
        The call; what it returns is compared with what it returns without faults.
    hit
        The requests that faults are meant for: those that carry what is asked for.
    content
        What they carry: ``rows`` of a page, ``export`` in `format`, ``count``, ``description``, ``listing``,
        ``facets`` or ``file``.
    before
        Called beforehand without faults: what is stored already.
    """

    name: str
    ask: Callable[[Place], Any]
    hit: Callable[[Seen], bool]
    content: str
    format: str = ""
    before: Callable[[Place], object] | None = None
    traits: frozenset[str] = field(default_factory=frozenset)

    @property
    def dataset(self) -> str:
        return PARKING if "topic" in self.traits else TREES


def to(*ending: str, **query: str | None) -> Callable[[Seen], bool]:
    """Requests whose path ends so, with these parameters, or without where None."""

    def hit(seen: Seen) -> bool:
        asked = dict(seen.query)
        return any(seen.path.endswith(one) for one in ending) and all(
            (name in asked) == (value is not None) and value in (None, asked.get(name)) for name, value in query.items()
        )

    return hit


def _export(format: str) -> Callable[[Seen], bool]:
    return to(f"/exports/{format}")


def _page(seen: Seen) -> bool:
    return seen.path.endswith("/records") and dict(seen.query).get("limit") != "0"


def _search(seen: Seen) -> bool:
    return seen.path.endswith("/catalog/datasets") and "where" in dict(seen.query)


def _info(place: Place) -> Any:
    dataset = place.trees
    return dataset.info.title, dataset.schema.types()


def _arrow(table: pa.Table) -> pa.Table:
    return table.replace_schema_metadata(None)


def _parquet(path: Path) -> pa.Table:
    return _arrow(pq.ParquetDataset(path).read())


def _live(frame: pd.DataFrame) -> pd.DataFrame:
    """The age of a row is that of the moment of asking."""
    return frame.drop(columns=["age"])


def _batches(place: Place) -> pd.DataFrame:
    return pd.concat(list(place.trees.batches(90)), ignore_index=True)


def _watched(place: Place) -> list[pd.DataFrame]:
    watch = bdx.watch("parking", every=0.01, times=1, give_up_after=1, stale_after=None, catalog=place.catalog)
    return [_live(frame) for frame in watch]


def _recorded(place: Place) -> pd.DataFrame:
    folder = place.folder / "recorded"
    bdx.record("parking", folder, every=0.01, times=1, give_up_after=1, stale_after=None, catalog=place.catalog)
    return _live(bdx.history(folder))


def _mirrored(place: Place) -> pa.Table:
    outcome = place.catalog.mirror(place.folder / "mirror", ids=[TREES])
    (state,) = outcome["state"]
    if state == "failed":
        raise MirrorFailed(outcome["error"].iloc[0])
    return _parquet(place.folder / "mirror" / TREES / "data.parquet")


class MirrorFailed(Exception):
    """What `Catalog.mirror` wrote into its table instead of raising."""


WAYS = (
    Way("head", lambda place: place.trees.head(50), _page, "rows"),
    Way(
        "records",
        lambda place: place.trees.to_pandas(format="records"),
        to("/records", offset="100"),
        "rows",
        traits=frozenset({"paged"}),
    ),
    Way(
        "groups",
        lambda place: place.trees.group_by("nom").select(n=agg.count()).to_pandas(),
        _page,
        "rows",
        traits=frozenset({"groups"}),
    ),
    Way("count", lambda place: place.trees.count(), to("/records"), "count"),
    Way("parquet", lambda place: place.trees.to_pandas(format="parquet"), _export("parquet"), "export", "parquet"),
    Way("jsonl", lambda place: _arrow(place.trees.to_arrow(format="jsonl")), _export("jsonl"), "export", "jsonl"),
    Way("json", lambda place: place.trees.to_pandas(format="json"), _export("json"), "export", "json"),
    Way("geojson", lambda place: place.trees.to_geopandas(format="geojson"), _export("geojson"), "export", "geojson"),
    Way("csv", lambda place: place.trees.to_pandas(format="csv"), _export("csv"), "export", "csv"),
    Way(
        "to_pandas",
        lambda place: place.trees.to_pandas(),
        _export("parquet"),
        "export",
        "parquet",
        traits=frozenset({"stores"}),
    ),
    Way(
        "stored",
        lambda place: place.trees.to_pandas(),
        to(f"/datasets/{TREES}"),
        "description",
        before=lambda place: place.trees.to_pandas(),
        traits=frozenset({"stores", "stored"}),
    ),
    Way("batches", _batches, _export("parquet"), "export", "parquet", traits=frozenset({"streamed"})),
    Way(
        "download",
        lambda place: place.trees.download(place.folder / "trees.csv", format="csv").read_bytes(),
        _export("csv"),
        "export",
        "csv",
    ),
    Way(
        "to_parquet",
        lambda place: _parquet(place.trees.to_parquet(place.folder / "trees.parquet")),
        _export("parquet"),
        "export",
        "parquet",
        traits=frozenset({"streamed"}),
    ),
    Way(
        "partitions",
        lambda place: _parquet(place.trees.to_parquet(place.folder / "trees", partition_by="nom")),
        _export("parquet"),
        "export",
        "parquet",
        traits=frozenset({"streamed", "partitions"}),
    ),
    Way("mirror", _mirrored, _export("parquet"), "export", "parquet", traits=frozenset({"streamed", "mirror"})),
    Way("info", _info, to(f"/datasets/{TREES}"), "description"),
    Way("facets", lambda place: place.trees.facets("nom"), to(f"/datasets/{TREES}/facets"), "facets"),
    Way(
        "listing",
        lambda place: list(place.catalog),
        to("/catalog/datasets", where=None),
        "listing",
        traits=frozenset({"paged"}),
    ),
    Way(
        "search",
        lambda place: [one.id for one in place.catalog.search("arbres")],
        _search,
        "listing",
        traits=frozenset({"search"}),
    ),
    Way(
        "attachments",
        lambda place: [(one.id, one.title) for one in place.trees.attachments],
        to(f"/datasets/{TREES}"),
        "description",
    ),
    Way(
        "attachment",
        lambda place: place.trees.download_attachment("notes", place.folder).read_bytes(),
        to("/attachments/notes"),
        "file",
    ),
    Way(
        "topic",
        lambda place: _live(bdx.parking(stale_after=None, catalog=place.catalog)),
        _page,
        "rows",
        traits=frozenset({"topic"}),
    ),
    Way("watch", _watched, _page, "rows", traits=frozenset({"topic", "thread"})),
    Way("record", _recorded, _page, "rows", traits=frozenset({"topic", "thread"})),
)
