"""A stand-in portal for tests, demonstrations and people without a network.

``StandIn`` answers the Explore API v2.1 on this machine, out of `SampleDataset` values. It is written from the
reference of the API, never from what this library's client expects, so that both can be wrong only separately.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bdxopendata.testing.bodies import Reply
    from bdxopendata.testing.faults import Fault
    from bdxopendata.testing.log import Request
    from bdxopendata.testing.options import ParquetVariant
    from bdxopendata.testing.sample import Attachment, SampleDataset, StoredFile
    from bdxopendata.testing.server import StandIn

__all__ = ["Attachment", "Fault", "ParquetVariant", "Reply", "Request", "SampleDataset", "StandIn", "StoredFile"]

_HOMES = {
    "Attachment": "sample",
    "Fault": "faults",
    "ParquetVariant": "options",
    "Reply": "bodies",
    "Request": "log",
    "SampleDataset": "sample",
    "StandIn": "server",
    "StoredFile": "sample",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for: importing this package must stay cheap."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
