"""The first version of the API, as far as old clients still ask it: downloads and the two searches.

Its questions are put to the present machinery under their present names; what differs is the shape of a record
(points as ``[lat, lon]``, bare geometries, nulls left out) and the envelope of errors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC
from typing import Any

from bdxopendata.odsql import quote_text
from bdxopendata.testing import export_answers
from bdxopendata.testing.bodies import JSON_TYPE, Refusal, Reply, blocks, json_text, success
from bdxopendata.testing.catalogue import dataset_object
from bdxopendata.testing.parameters import Parameters
from bdxopendata.testing.questions import Asked
from bdxopendata.testing.record_answers import visible
from bdxopendata.testing.stock import API, Held
from bdxopendata.testing.tables import bare_geometry
from bdxopendata.testing.visit import Visit

# The names of today for those of then; "refine.x=y" and its like are read apart.
RENAMED: Mapping[str, str] = {
    "rows": "limit",
    "start": "offset",
    "csv_separator": "delimiter",
    "use_labels_for_header": "use_labels",
    "lang": "lang",
    "timezone": "timezone",
    "apikey": "apikey",
}
FACETED = {"refine.": "refine", "exclude.": "exclude"}


def is_old(path: str) -> bool:
    """Whether a path belongs to this version."""
    return path.startswith(("/explore/", "/api/")) and not path.startswith(API)


def refusal(refused: Refusal) -> Reply:
    """Show an error in the envelope that the exhausted quota has to this day. Other codes of then are unverified."""
    body = json.dumps({"errorcode": refused.status, "error": refused.message})
    return Reply(refused.status, body.encode(), {"content-type": "application/json"})


def asked_today(parameters: Parameters) -> Parameters:
    """Put a question of then in the words of today."""
    pairs: list[tuple[str, str]] = [("with_bom", "false")]
    for name, value in parameters.pairs:
        if name in RENAMED:
            pairs.append((RENAMED[name], value))
        elif name == "q" and value.strip():
            pairs.append(("where", quote_text(value)))
        elif name == "sort" and value.strip():
            # A plain name sorts downwards, one with a minus upwards.
            pairs.append(("order_by", f"`{value[1:]}` asc" if value.startswith("-") else f"`{value}` desc"))
        elif name.startswith("disjunctive."):
            pairs.append(("facet", f'facet(name="{name.removeprefix("disjunctive.")}", disjunctive=true)'))
        for beginning, clause in FACETED.items():
            if name.startswith(beginning):
                pairs.append((clause, f"`{name.removeprefix(beginning)}`:{json.dumps(value, ensure_ascii=False)}"))
    return Parameters(pairs)


def download(visit: Visit) -> Reply:
    """Send a whole dataset as a file: CSV unless asked otherwise."""
    name = visit.parameters.text("format") or "csv"
    held = visible(visit.held)
    today = replace(visit, parameters=asked_today(visit.parameters), parts={**visit.parts, "format": name})
    write = SHAPES.get(name)
    if write is None:
        return export_answers.export(today)
    asked = today.asking(held, export=True).answer()
    reply = success(blocks(write(held, asked, today)), JSON_TYPE, today.language)
    reply.headers["content-disposition"] = f'attachment; filename="{held.dataset_id}.{name}"'
    return reply


def search_records(visit: Visit) -> Reply:
    """One page of records, of the dataset that a parameter names."""
    dataset_id = visit.parameters.text("dataset") or ""
    held = visible(visit.stock.get(dataset_id))
    today = replace(visit, parameters=asked_today(visit.parameters))
    asked = today.asking(held).answer()
    limit, offset = today.parameters.page(grouped=False)
    told = {"dataset": dataset_id, "rows": limit, "start": offset, "format": "json"}
    return visit.json({"nhits": asked.total, "parameters": told, "records": list(records(held, asked, today))})


def search_datasets(visit: Visit) -> Reply:
    """One page of datasets."""
    parameters = asked_today(visit.parameters)
    limit, offset = parameters.page(grouped=False)
    found = [one for one in visit.stock.all() if _says(one, visit.parameters.text("q"))]
    told = {"rows": limit, "start": offset, "format": "json", "timezone": parameters.zone_name()}
    datasets = [_dataset(held) for held in found[offset:][:limit]]
    return visit.json({"nhits": len(found), "parameters": told, "datasets": datasets})


def _says(held: Held, text: str | None) -> bool:
    return text is None or text.lower() in json_text(dataset_object(held)).lower()


def _dataset(held: Held) -> dict[str, Any]:
    shown = dataset_object(held)
    metas = {name: value for name, value in shown["metas"]["default"].items() if value is not None}
    kept = ("has_records", "features", "attachments", "fields")
    return {"datasetid": held.dataset_id, "metas": metas} | {name: shown[name] for name in kept}


def records(held: Held, asked: Asked, visit: Visit) -> Iterator[dict[str, Any]]:
    """Show rows as records of then."""
    places = asked.sheet.positions
    moment = held.processed.astimezone(UTC).isoformat()
    for number, row in enumerate(asked.sheet.records(visit.parameters.zone())):
        place = number if places is None else int(places[number])
        record = {"datasetid": held.dataset_id, "recordid": held.record_ids[place], "fields": _fields(row, held)}
        geometry = _geometry(row, held)
        yield record | ({"geometry": geometry} if geometry else {}) | {"record_timestamp": moment}


def _fields(row: Mapping[str, Any], held: Held) -> dict[str, Any]:
    return {name: _value(value, held.types.get(name, "")) for name, value in row.items() if value is not None}


def _value(value: Any, kind: str) -> Any:
    if kind == "geo_point_2d" and isinstance(value, Mapping):
        return [value["lat"], value["lon"]]
    return bare_geometry(value) if kind == "geo_shape" else value


def _geometry(row: Mapping[str, Any], held: Held) -> dict[str, Any] | None:
    for name, value in row.items():
        if held.types.get(name) == "geo_point_2d" and isinstance(value, Mapping):
            return {"type": "Point", "coordinates": [value["lon"], value["lat"]]}
    return None


def _write_json(held: Held, asked: Asked, visit: Visit) -> Iterator[bytes]:
    yield b"["
    for number, record in enumerate(records(held, asked, visit)):
        yield (b"," if number else b"") + json_text(record).encode()
    yield b"]"


def _write_geojson(held: Held, asked: Asked, visit: Visit) -> Iterator[bytes]:
    yield b'{"type": "FeatureCollection", "features": ['
    for number, row in enumerate(asked.sheet.records(visit.parameters.zone())):
        shapes = (bare_geometry(value) for name, value in row.items() if held.types.get(name) == "geo_shape")
        geometry = next((shape for shape in shapes if shape), None) or _geometry(row, held)
        feature = {"type": "Feature", "geometry": geometry, "properties": _fields(row, held)}
        yield (b", " if number else b"") + json_text(feature).encode()
    yield b"]}"


SHAPES = {"json": _write_json, "geojson": _write_geojson}
