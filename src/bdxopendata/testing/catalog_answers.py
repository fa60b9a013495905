"""The catalogue: entry page, listing, single datasets, facets and the catalogue's own exports."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any

from bdxopendata.odsql.nodes import Star, field_names
from bdxopendata.testing.bodies import Reply, bad_odsql, json_text, no_uri, not_reproduced, success
from bdxopendata.testing.catalogue import catalog_table, dataset_object
from bdxopendata.testing.exports.csv import lines
from bdxopendata.testing.parameters import Parameters
from bdxopendata.testing.questions import Clauses
from bdxopendata.testing.record_answers import enumerate_facets, envelope
from bdxopendata.testing.sheets import Sheet
from bdxopendata.testing.stock import Held
from bdxopendata.testing.visit import Visit, link

CATALOG_FORMATS = ("csv", "json")
# In the contract, but with a layout that no recording shows: refused rather than invented.
UNKNOWN_CATALOG_LAYOUTS = ("data.json", "dublin_core", "rdf", "rss", "sitemap", "ttl", "xlsx")


def entry(visit: Visit) -> Reply:
    """Show the entry page. Its body in this version of the API is unverified; older ones listed links."""
    names = ("datasets", "exports", "facets")
    links = [link("self", visit.catalog), *(link(name, f"{visit.catalog}/{name}") for name in names)]
    return visit.json({"links": links})


def table(visit: Visit) -> Held:
    """Make the catalogue a table, once the clauses ask for nothing that it refuses."""
    clauses = Clauses.read(visit.parameters)
    for clause in ("where", "group_by", "order_by"):
        if "data_visible" in field_names(getattr(clauses, clause)):
            raise bad_odsql("Field data_visible is not allowed in the current clause", clause)
    return catalog_table(visit.stock.all(), visit.address)


def datasets(visit: Visit) -> Reply:
    """List datasets: whole dataset objects, or with ``select`` the chosen keys at the root of each row."""
    held = table(visit)
    asked = visit.asking(held).answer()
    if _shows_objects(visit.parameters) and asked.sheet.positions is not None:
        results = _objects(visit, asked.sheet)
    else:
        results = list(asked.sheet.records(visit.parameters.zone()))
    body = envelope(visit, asked, results)
    if visit.parameters.flag("include_links"):
        body["_links"] = [link("self", f"{visit.catalog}/datasets")]
    return visit.json(body)


def _shows_objects(parameters: Parameters) -> bool:
    select = Clauses.read(parameters).select
    return select is None or select == (Star(),)


def _objects(visit: Visit, sheet: Sheet) -> list[dict[str, Any]]:
    assert sheet.positions is not None
    ids = [sheet.held.rows[place]["dataset_id"] for place in sheet.positions.tolist()]
    present = {held.dataset_id: held for held in visit.stock.all()}
    return [_object(visit, present[dataset_id]) for dataset_id in ids if dataset_id in present]


def _object(visit: Visit, held: Held) -> dict[str, Any]:
    found = dataset_object(held)
    if visit.parameters.flag("include_app_metas"):
        # Counters of the portal's pages; the template is named in the contract, its content unverified.
        found["metas"] = found["metas"] | {"explore": {"download_count": 0, "api_call_count": 0}}
    if visit.parameters.flag("include_links"):
        names = ("records", "exports", "facets", "attachments")
        found["_links"] = [link("self", held.link), *(link(name, f"{held.link}/{name}") for name in names)]
    return found


def dataset(visit: Visit) -> Reply:
    """One dataset object; with ``select`` only the chosen keys."""
    held = visit.held
    if _shows_objects(visit.parameters):
        return visit.json(_object(visit, held))
    own = catalog_table([held], visit.address)
    (row,) = visit.asking(own).only(0).answer().sheet.records(visit.parameters.zone())
    return visit.json(row)


def facets(visit: Visit) -> Reply:
    """Facet enumerations over the datasets."""
    links = [link("self", f"{visit.catalog}/facets"), link("source", visit.catalog)]
    return visit.json({"links": links, "facets": enumerate_facets(visit, table(visit))})


def exports(visit: Visit) -> Reply:
    """List the catalogue's export formats."""
    own = f"{visit.catalog}/exports"
    return visit.json({"links": [link("self", own), *(link(name, f"{own}/{name}") for name in CATALOG_FORMATS)]})


def export(visit: Visit) -> Reply:
    """Export the catalogue as a file."""
    name = visit.parts["format"]
    if name in UNKNOWN_CATALOG_LAYOUTS or name.startswith("dcat"):
        raise not_reproduced(name)
    if name not in CATALOG_FORMATS:
        raise no_uri()
    sheet = visit.asking(table(visit), export=True).answer().sheet
    plain = _shows_objects(visit.parameters) and sheet.positions is not None
    if name == "csv":
        body, kind = _csv(visit, sheet, plain=plain), "text/csv; charset=utf-8"
    else:
        rows = _objects(visit, sheet) if plain else list(sheet.records(visit.parameters.zone()))
        body, kind = [f"[{','.join(json_text(row) for row in rows)}]".encode()], "application/json; charset=utf-8"
    reply = success(body, kind, visit.language)
    reply.headers["content-disposition"] = f'attachment; filename="datasets.{name}"'
    return reply


def _csv(visit: Visit, sheet: Sheet, *, plain: bool) -> Iterable[bytes]:
    """Columns ``template.key``, the id last; lists joined by commas, booleans ``True`` and ``False``."""
    parameters = visit.parameters
    settings = {
        "delimiter": parameters.choice("delimiter"),
        "quoting": csv.QUOTE_NONNUMERIC if parameters.flag("quote_all") else csv.QUOTE_MINIMAL,
        "lineterminator": "\r\n",
    }
    separator = parameters.text("list_separator") or ","
    rows = list(sheet.records(parameters.zone()))
    if plain:
        prefixed = [column.name for column in sheet.columns if "." in column.name]
        header = [*prefixed, "datasetid"]
        cells = [[*(row[name] for name in prefixed), row["dataset_id"]] for row in rows]
    else:
        header = [column.name for column in sheet.columns]
        cells = [[row[name] for name in header] for row in rows]
    printed = (tuple(_cell(value, separator) for value in row) for row in cells)
    return lines(header, printed, settings, bom=parameters.flag("with_bom"))


def _cell(value: Any, separator: str) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return separator.join(one if isinstance(one, str) else json_text(one) for one in value)
    if isinstance(value, dict):
        return json_text(value)
    return str(value) if isinstance(value, bool) else value
