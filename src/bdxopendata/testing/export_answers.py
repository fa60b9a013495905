"""Exports of a dataset: the list of formats, and the files."""

from __future__ import annotations

import gzip
from dataclasses import replace

import numpy as np

from bdxopendata.testing.bodies import Refusal, Reply, blocks, no_uri, not_reproduced, success
from bdxopendata.testing.catalogue import GEOGRAPHIC
from bdxopendata.testing.exports import FORMATS, UNKNOWN_LAYOUTS, Format
from bdxopendata.testing.exports.task import Task
from bdxopendata.testing.stock import Held
from bdxopendata.testing.visit import Visit, link


def offered(held: Held) -> list[Format]:
    """Return the formats of a dataset."""
    geographic = any(kind in GEOGRAPHIC for kind in held.types.values())
    return [one for one in FORMATS.values() if geographic or not one.geographic]


def formats(visit: Visit) -> Reply:
    """List the formats."""
    own = f"{visit.held.link}/exports"
    links = [link("self", own), *(link(one.name, f"{own}/{one.name}") for one in offered(visit.held))]
    return visit.json({"links": links})


def export(visit: Visit) -> Reply:
    """Export the dataset, or the answer to a question about it, as a file."""
    held, chosen = visit.held, FORMATS.get(visit.parts["format"])
    if chosen is None:
        raise _no_format(visit.parts["format"])
    asked = visit.asking(held, export=True).answer()
    sheet = asked.sheet
    if not held.sample.data_visible:
        # Recorded for CSV: a header, no rows, status 200. Taken to hold for the others.
        sheet = replace(sheet, positions=np.array([], dtype=np.int64), computed=sheet.computed.slice(0, 0))
        if asked.sheet.positions is None:
            sheet = replace(sheet, positions=None)
    body = chosen.write(Task(sheet, visit.parameters, visit.parameters.zone(), visit.options.parquet))
    reply = success(blocks(body), chosen.content_type, visit.language, compressible=chosen.text)
    name = f"{held.dataset_id}.{chosen.suffix}"
    if visit.parameters.flag("compressed"):
        # The headers of a compressed file are unverified; the ending is the vendor's.
        name += ".gzip"
        reply.body, reply.compressible = blocks([gzip.compress(b"".join(body), mtime=0)]), False
        reply.headers["content-type"] = "application/gzip"
    reply.headers["content-disposition"] = f'attachment; filename="{_ascii(name)}"'
    return reply


def _ascii(name: str) -> str:
    return name.encode("ascii", "replace").decode().replace('"', "'").replace("\n", " ").replace("\r", " ")


def _no_format(name: str) -> Refusal:
    if name in UNKNOWN_LAYOUTS:
        return not_reproduced(name)
    return no_uri()
