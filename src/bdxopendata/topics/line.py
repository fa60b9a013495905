"""A catalogue on a line of its own, so that what is asked of it can be broken off."""

from __future__ import annotations

import copy

from bdxopendata.catalog import Catalog
from bdxopendata.explore import Explore
from bdxopendata.transport import Line, Quota

__all__ = ["on", "quota_of"]


def on(line: Line, catalog: Catalog) -> Catalog:
    """Make a catalogue like another, whose requests take this line."""
    made = copy.copy(catalog)
    made.explore = Explore(catalog.portal, catalog.settings)
    made.explore.transport = catalog.explore.transport.on(line)
    made.explore.known_ids = catalog.explore.known_ids
    return made


def quota_of(catalog: Catalog) -> Quota | None:
    """Tell the calls left, as the portal of a catalogue last said."""
    return catalog.explore.transport.quota
