"""Records of a dataset: pages, groups, aggregates, single records and facets."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from urllib.parse import quote

from bdxopendata.testing.bodies import Refusal, Reply, forbidden, json_text
from bdxopendata.testing.facets import enumerate_facet
from bdxopendata.testing.questions import Asked, kept_rows
from bdxopendata.testing.refinements import asked_facets, asked_refinements
from bdxopendata.testing.stock import Held
from bdxopendata.testing.visit import Visit, link


def visible(held: Held) -> Held:
    """Pass a dataset whose records may be seen; the portal's 403 otherwise."""
    if not held.sample.data_visible:
        raise forbidden()
    return held


def records(visit: Visit) -> Reply:
    """Rows, groups or repeated aggregates."""
    held = visible(visit.held)
    asked = visit.asking(held).answer()
    results = list(asked.sheet.records(visit.parameters.zone()))
    # The forms of links and application metadata are those of the contract; no recorded body has them.
    if asked.sheet.positions is not None:
        results = [
            row | _extras(visit, held, place)
            for row, place in zip(results, asked.sheet.positions.tolist(), strict=True)
        ]
    body = envelope(visit, asked, results, held.claims.total)
    if visit.parameters.flag("include_links"):
        body["_links"] = [link("self", f"{held.link}/records"), link("dataset", held.link)]
    return visit.json(body)


def envelope(visit: Visit, asked: Asked, results: list[Any], claimed: int | None = None) -> dict[str, Any]:
    """``total_count`` and ``results``; groups had no count in the older era."""
    if asked.grouped and visit.options.era == "2021":
        return {"results": results}
    return {"total_count": asked.total if claimed is None else claimed, "results": results}


def _extras(visit: Visit, held: Held, place: int) -> dict[str, Any]:
    parameters, extras = visit.parameters, {}
    if parameters.flag("include_app_metas"):
        extras = {
            "_id": held.record_ids[place],
            "_timestamp": held.processed.astimezone(UTC).isoformat(),
            "_size": len(json_text(held.rows[place])),
        }
    if parameters.flag("include_links"):
        own = f"{held.link}/records/{quote(held.record_ids[place], safe='')}"
        extras["_links"] = [link("self", own), link("dataset", held.link)]
    return extras


def record(visit: Visit) -> Reply:
    """One record, flat."""
    held = visible(visit.held)
    record_id = visit.parts["record_id"]
    if record_id not in held.record_ids:
        # The status is expected, the text unverified.
        raise Refusal(404, "NotFoundResource", f"The requested record {record_id} does not exist.")
    place = held.record_ids.index(record_id)
    asking = visit.asking(held).only(place)
    (row,) = asking.answer().sheet.records(visit.parameters.zone())
    return visit.json(row | _extras(visit, held, place))


def facets(visit: Visit) -> Reply:
    """Facet enumerations over the records."""
    held = visible(visit.held)
    links = [link("self", f"{held.link}/facets"), link("dataset", held.link)]
    return visit.json({"links": links, "facets": enumerate_facets(visit, held)})


def enumerate_facets(visit: Visit, held: Held) -> list[dict[str, Any]]:
    """Every facet that is asked for."""
    zone = visit.parameters.zone()
    refinements = asked_refinements(held, visit.parameters, strict=visit.options.strict_refine)
    found = []
    for facet in asked_facets(held, visit.parameters):
        kept = kept_rows(visit.asking(held), zone, but=facet.name)
        values = enumerate_facet(held, facet, kept, refinements, zone)
        if values is not None:
            found.append(values)
    return found
