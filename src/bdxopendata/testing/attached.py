"""Attachments of a dataset, and the files of its ``file`` fields."""

from __future__ import annotations

from typing import Any

from bdxopendata.testing.bodies import Refusal, Reply, success
from bdxopendata.testing.catalogue import attachment_link
from bdxopendata.testing.record_answers import visible
from bdxopendata.testing.visit import Visit


def attachments(visit: Visit) -> Reply:
    """List the attachments; the name of the empty list of links differs between the contract's versions."""
    held = visit.held
    listed: list[dict[str, Any]] = [
        {"href": attachment_link(held, one.id), "metas": {"mime-type": one.mimetype, "title": one.title}}
        for one in held.sample.attachments
    ]
    return visit.json({"links" if visit.options.era == "2026" else "_links": [], "attachments": listed})


def attachment(visit: Visit) -> Reply:
    """Send the bytes of one attachment."""
    wanted = visit.parts["attachment_id"]
    for one in visit.held.sample.attachments:
        if one.id == wanted:
            return success(one.content, one.mimetype, visit.language, compressible=False)
    # Status and text are unverified.
    raise Refusal(404, "NotFoundResource", f"The requested attachment {wanted} does not exist.")


def file(visit: Visit) -> Reply:
    """Send the bytes of one file."""
    wanted = visit.parts["file_id"]
    for one in visible(visit.held).sample.files:
        if one.id == wanted:
            return success(one.content, one.mimetype, visit.language, compressible=False)
    # Status and text are unverified.
    raise Refusal(404, "NotFoundResource", f"The requested file {wanted} does not exist.")
