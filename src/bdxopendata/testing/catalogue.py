"""Dataset objects as the catalogue shows them, and the catalogue as a table that ODSQL can be asked of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bdxopendata.testing.options import Era
from bdxopendata.testing.sample import SampleDataset
from bdxopendata.testing.stock import FIRST_PROCESSED, Held
from bdxopendata.testing.tables import parse_instant

# The default template: every key that a dataset object of 2026 has, in recorded order, with its type in the catalogue.
DEFAULT_METAS: Mapping[str, str] = {
    "title": "text",
    "description": "text",
    "theme": "texts",
    "keyword": "texts",
    "license": "text",
    "license_url": "text",
    "language": "text",
    "metadata_languages": "texts",
    "timezone": "text",
    "modified": "datetime",
    "modified_updates_on_metadata_change": "boolean",
    "modified_updates_on_data_change": "boolean",
    "data_processed": "datetime",
    "metadata_processed": "datetime",
    "geographic_reference": "texts",
    "geographic_reference_auto": "boolean",
    "territory": "texts",
    "geometry_types": "texts",
    "bbox": "geo_shape",
    "publisher": "text",
    "references": "text",
    "records_count": "int",
    "attributions": "texts",
    "source_domain": "text",
    "source_domain_title": "text",
    "source_domain_address": "text",
    "source_dataset": "text",
    "shared_catalog": "text",
    "federated": "boolean",
    "parent_domain": "text",
    "update_frequency": "text",
}
NEWER_METAS = ("geometry_types", "bbox", "update_frequency")
OLDER_METAS = ("geographic_area", "geographic_area_mode", "oauth_scope")
UNSET: Mapping[str, Any] = {
    "language": "fr",
    "metadata_languages": ["fr"],
    "modified_updates_on_metadata_change": False,
    "modified_updates_on_data_change": False,
    "geographic_reference_auto": False,
    "federated": False,
}
# Facets of the catalogue where none is named.
CATALOG_FACETS = ("features", "theme", "keyword", "publisher", "license", "language", "modified")
STRUCTURE = ("visibility", "fields", "has_records", "attachments", "alternative_exports", "data_visible")
FLAGS = ("facet", "id", "disjunctive", "sortable", "timerangeFilter")
LISTED = ("facetsort", "multivalued", "hierarchical", "decimals", "unit", "timeserie_precision")
GEOGRAPHIC = ("geo_point_2d", "geo_shape")


def dataset_object(held: Held) -> dict[str, Any]:
    """One dataset as the API shows it, keys in recorded order."""
    sample = held.sample
    shown = {
        "visibility": sample.visibility,
        "fields": [field_object(field, held.era) for field in sample.fields],
        "dataset_id": sample.dataset_id,
        "dataset_uid": sample.uid,
        "has_records": sample.has_records,
        "features": features(sample),
        "attachments": attachment_objects(held),
        "alternative_exports": [dict(one) for one in sample.alternative_exports],
        "data_visible": sample.data_visible,
        "metas": metas(held),
    }
    if held.era == "2021":
        # The vendor's older example has no such key.
        del shown["visibility"]
    return shown


def field_object(field: Mapping[str, Any], era: Era) -> dict[str, Any]:
    """One field, its annotations in the form of the era."""
    shown = {
        "name": field["name"],
        "description": field.get("description"),
        "annotations": shown_annotations(field.get("annotations") or {}, era),
        "label": field.get("label") or field["name"],
        "type": field["type"],
    }
    return shown | {key: value for key, value in field.items() if key not in shown}


def shown_annotations(given: Mapping[str, Any], era: Era) -> dict[str, Any]:
    """Annotations as scalars (2026) or as lists, where a flag is an empty one (2021)."""
    if era == "2026":
        return {name: _scalar(value) for name, value in given.items()}
    return {name: _list(name, value) for name, value in given.items() if value is not False}


def _scalar(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return value[0] if value else True


def _list(name: str, value: Any) -> Any:
    if isinstance(value, list) or name not in (*FLAGS, *LISTED):
        return value
    return [] if name in FLAGS or value is True else [value]


def features(sample: SampleDataset) -> list[str]:
    """Tell what can be done with a dataset, from its field types unless it says so itself."""
    if sample.features is not None:
        return list(sample.features)
    kinds = {field["type"] for field in sample.fields}
    found = ["analyze"] if kinds else []
    found += ["timeserie"] if kinds & {"date", "datetime"} else []
    found += ["geo"] if kinds & set(GEOGRAPHIC) else []
    return found + (["image"] if kinds & {"file", "image"} else [])


def attachment_objects(held: Held) -> list[dict[str, Any]]:
    """Attachments as a dataset object lists them."""
    return [
        {
            "id": one.id,
            "title": one.title,
            "mimetype": one.mimetype,
            "url": attachment_link(held, one.id) if held.era == "2026" else f"odsfile://{one.title}",
        }
        for one in held.sample.attachments
    ]


def attachment_link(held: Held, attachment_id: str) -> str:
    """Address of an attachment."""
    return f"{held.link}/attachments/{quote(attachment_id, safe='')}"


def metas(held: Held) -> dict[str, dict[str, Any]]:
    """Every metadata template of a dataset, the default one complete."""
    given = {name: dict(template) for name, template in held.sample.metas.items()}
    return given | {"default": _default(given.get("default", {}), held)}


def _default(given: Mapping[str, Any], held: Held) -> dict[str, Any]:
    names = [name for name in DEFAULT_METAS if held.era == "2026" or name not in NEWER_METAS]
    found = {name: given.get(name, UNSET.get(name)) for name in names}
    found["title"] = found["title"] or held.dataset_id
    found["data_processed"] = _iso(held.processed)
    found["metadata_processed"] = found["metadata_processed"] or _iso(FIRST_PROCESSED)
    changed = parse_instant(found["modified"])
    if changed is None or (found["modified_updates_on_data_change"] and changed < held.processed):
        # Where other changes count too, it may be later than the last processing, as recorded.
        found["modified"] = _iso(held.processed)
    if held.claims.records is not None:
        found["records_count"] = held.claims.records
    elif found["records_count"] is None or held.sample.has_records:
        found["records_count"] = len(held.sample.rows)
    if held.era == "2021":
        found |= {name: given.get(name) for name in OLDER_METAS}
    unknown = NEWER_METAS if held.era == "2021" else ()
    return found | {name: value for name, value in given.items() if name not in found and name not in unknown}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


# The catalogue as a table.


def catalog_table(datasets: Sequence[Held], address: str) -> Held:
    """Show the catalogue as a dataset of datasets: default metadata bare and prefixed, other templates prefixed."""
    objects = [dataset_object(held) for held in datasets]
    kinds = {"dataset_id": "text", "dataset_uid": "text", "features": "texts"} | dict.fromkeys(STRUCTURE, "unknown")
    kinds |= dict(DEFAULT_METAS)
    rows = []
    for one in objects:
        row = {name: one.get(name) for name in ("dataset_id", "dataset_uid", "features", *STRUCTURE)}
        row |= one["metas"]["default"]
        for template, values in one["metas"].items():
            for name, value in values.items():
                row[f"{template}.{name}"] = value
                kind = DEFAULT_METAS.get(name) if template == "default" else _kind(value)
                if kind and kinds.get(f"{template}.{name}", "text") == "text":
                    kinds[f"{template}.{name}"] = kind
        rows.append(row)
    fields = [_catalog_field(name, kind) for name, kind in kinds.items()]
    era: Era = datasets[0].era if datasets else "2026"
    return Held(SampleDataset("catalog", fields, rows), FIRST_PROCESSED, address, era)


def _kind(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "texts"
    return "unknown" if isinstance(value, list | dict) else "text"


def _catalog_field(name: str, kind: str) -> dict[str, Any]:
    notes: dict[str, Any] = {"multivalued": True} if kind == "texts" else {}
    if name in CATALOG_FACETS:
        notes["facet"] = True
    return {"name": name, "label": name, "type": "text" if kind == "texts" else kind, "annotations": notes}
