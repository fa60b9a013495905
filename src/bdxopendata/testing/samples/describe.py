"""How a sample describes itself: fields, metadata, values, in the form in which the portal answers.

The exact strings of the portal's themes, publishers and licences are not known. The themes here are the subjects named
when the portal opened (déplacements, voirie, citoyenneté, territoire, nature), which makes them plausible and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from bdxopendata.testing.sample import JSON, Attachment, SampleDataset, StoredFile

# The moment at which the stand-in portal was "last refreshed". Fixed, so that the samples are the same every day.
REFERENCE = datetime(2026, 6, 15, 10, 0, 0, tzinfo=UTC)

METROPOLE = "Bordeaux Métropole"
BORDEAUX = "Ville de Bordeaux"
MOVING, STREETS, CITIZENS, TERRITORY, NATURE = "Déplacements", "Voirie", "Citoyenneté", "Territoire", "Nature"

LICENCE = "Licence Ouverte v2.0 (Etalab)"
LICENCE_URL = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"

NOTICE = (
    "<p><strong>Données d’exemple du portail de substitution : les lignes sont inventées, "
    "ce ne sont pas les données du portail.</strong></p>"
    "<p><strong>Sample rows of the stand-in portal: they are made up and are not the portal’s data.</strong></p>"
)

Field = dict[str, JSON]
Row = dict[str, JSON]


def column(
    name: str, kind: str, label: str | None = None, description: str | None = None, **annotations: JSON
) -> Field:
    """Describe one field; the label is the name where none is given."""
    return {
        "name": name,
        "label": name if label is None else label,
        "type": kind,
        "description": description,
        "annotations": annotations,
    }


def seeded(seed: int) -> Random:
    """Make the generator of one sample: the same seed, the same rows."""
    return Random(seed)  # noqa: S311  rows that can be made again are meant, not secrets


def stamp(moment: datetime) -> str:
    """Word a moment the way the portal does when asked for UTC."""
    return moment.astimezone(UTC).isoformat()


def ago(**span: float) -> str:
    """Word the moment that lies `span` (as for `datetime.timedelta`) before `REFERENCE`."""
    return stamp(REFERENCE - timedelta(**span))


def point(lon: float, lat: float) -> dict[str, float]:
    """Word a place as the value of a ``geo_point_2d`` field."""
    return {"lon": lon, "lat": lat}


def feature(kind: str, coordinates: JSON) -> dict[str, JSON]:
    """Word a geometry as the value of a ``geo_shape`` field."""
    return {"type": "Feature", "geometry": {"coordinates": coordinates, "type": kind}, "properties": {}}


def dataset(
    dataset_id: str,
    fields: Sequence[Field],
    rows: Sequence[Row],
    *,
    title: str,
    about: tuple[str, str],
    themes: Iterable[str],
    keywords: Iterable[str],
    publisher: str = METROPOLE,
    refreshed: datetime = REFERENCE,
    frequency: str | None = None,
    attachments: Sequence[Attachment] = (),
    files: Sequence[StoredFile] = (),
    alternative_exports: Sequence[dict[str, JSON]] = (),
    data_visible: bool = True,
    has_records: bool = True,
) -> SampleDataset:
    """Put a sample together: its metadata, its notice that it is one, its extent.

    Parameters
    ----------
    about
        What the data are, in French and in English.
    refreshed
        When the portal last processed the data.
    frequency
        How often the publisher renews the data, in the portal's codes, such as ``UPDATE_CONT``.
    """
    french, english = about
    default: dict[str, Any] = {
        "title": title,
        "description": f"<p>{french}</p><p><em>{english}</em></p>{NOTICE}",
        "theme": list(themes),
        "keyword": list(keywords),
        "license": LICENCE,
        "license_url": LICENCE_URL,
        "language": "fr",
        "metadata_languages": ["fr"],
        "timezone": "Europe/Paris",
        "modified": stamp(refreshed),
        "modified_updates_on_metadata_change": False,
        "modified_updates_on_data_change": True,
        "data_processed": stamp(refreshed),
        "metadata_processed": stamp(refreshed + timedelta(seconds=2)),
        "publisher": publisher,
        "records_count": len(rows),
        "federated": False,
        "update_frequency": frequency,
        **_extent(fields, rows),
    }
    return SampleDataset(
        dataset_id=dataset_id,
        fields=fields,
        rows=rows,
        metas={"default": default},
        attachments=attachments,
        files=files,
        alternative_exports=alternative_exports,
        data_visible=data_visible,
        has_records=has_records,
    )


def _extent(fields: Sequence[Field], rows: Sequence[Row]) -> dict[str, JSON]:
    kinds: set[str] = set()
    lons: list[float] = []
    lats: list[float] = []
    for one in fields:
        values = [row[one["name"]] for row in rows if row[one["name"]] is not None]
        if one["type"] == "geo_point_2d" and values:
            kinds.add("Point")
            lons += [value["lon"] for value in values]
            lats += [value["lat"] for value in values]
        if one["type"] == "geo_shape":
            for value in values:
                kinds.add(value["geometry"]["type"])
                for lon, lat in positions(value["geometry"]):
                    lons.append(lon)
                    lats.append(lat)
    if not lons:
        return {"geometry_types": None, "bbox": None}
    west, east, south, north = min(lons), max(lons), min(lats), max(lats)
    box = [[[east, north], [west, north], [west, south], [east, south], [east, north]]]
    return {"geometry_types": sorted(kinds), "bbox": feature("Polygon", box)}


def positions(geometry: dict[str, JSON]) -> Iterator[tuple[float, float]]:
    """Each longitude and latitude of a GeoJSON geometry."""
    if geometry["type"] == "GeometryCollection":
        for part in geometry["geometries"]:
            yield from positions(part)
    else:
        yield from _pairs(geometry["coordinates"])


def _pairs(coordinates: JSON) -> Iterator[tuple[float, float]]:
    if coordinates and isinstance(coordinates[0], (int, float)):
        yield coordinates[0], coordinates[1]
    else:
        for part in coordinates:
            yield from _pairs(part)
