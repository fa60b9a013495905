"""Exports kept on disk, one parquet file per version of a dataset, with a small record beside it.

A portal stamps a dataset each time it processes its data. The stamp is part of an entry's name, so a kept export never
turns stale: it is the current version, or it is another entry. The name also holds the fingerprint of the caller's key
and the question, hashed together: what one key may see is never found with another.

    <root>/<portal>/<dataset id>/<key>-<version>.json               the record: what it is, its file, size and hash
    <root>/<portal>/<dataset id>/<key>-<version>-<content>.parquet  the data
    <root>/<portal>/<dataset id>/<key>-<version>-<content>.arrow    the same, decoded, once they were used again

Data come first, the record after; the record's move into place is the moment from which the entry exists. Data files
are named by their content and never change, so a reader sees a whole entry or none, whatever is killed and when.

The decoded copy spares decoding, and nothing depends on it: it can be made again from the data at any time. It goes
with the entry, counts in its size, and whoever reads it must be able to tell that it is whole.

Knows no HTTP and no columns. A store that cannot be used is a store that finds nothing: callers go on without.
"""

from __future__ import annotations

import builtins
from typing import Any

from bdxopendata.config import Settings
from bdxopendata.store.entries import Entry, StoreKey
from bdxopendata.store.store import Store, StoreUnavailableError

__all__ = ["Entry", "Store", "StoreKey", "StoreUnavailableError", "clear", "list", "size"]


def _default() -> Store:
    return Store(Settings().folder)


def list() -> builtins.list[dict[str, Any]]:
    """List what is stored: portal, dataset_id, version, rows, bytes on disk, fetched_at and question of each entry."""
    names = ("portal", "dataset_id", "version", "rows", "bytes", "fetched_at", "question")
    return [
        {**{name: entry.record[name] for name in names}, "bytes": entry.bytes, "fetched_at": entry.fetched_at}
        for entry in _default().entries()
    ]


def size() -> int:
    """Sum up the bytes of all stored exports, with their decoded copies."""
    return sum(entry.bytes for entry in _default().entries())


def clear(dataset: str | None = None) -> int:
    """Remove the stored exports of a dataset, or all and the small answers too; return how many exports that were."""
    return _default().clear(dataset)
