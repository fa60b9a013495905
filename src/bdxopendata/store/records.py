"""The record beside each data file: what it is, as JSON.

A record is read as if a stranger had written it: anything but the expected facts makes it useless.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from bdxopendata.store.names import DATA_NAME

# Raised when entries of before can no longer be read as they are; they are then fetched again.
FORMAT_VERSION = 1

_FACTS: Mapping[str, type] = {
    "portal": str,
    "dataset_id": str,
    "question": str,
    "version": str,
    "file": str,
    "rows": int,
    "bytes": int,
    "hash": str,
    "fetched_at": str,
    "checked_at": str,
}


class Useless(Enum):
    """Why a record cannot be used."""

    GONE = "gone"
    DAMAGED = "damaged"
    OUTDATED = "outdated"


def encode(record: Mapping[str, Any]) -> bytes:
    """Turn facts into the bytes of a record; lone surrogates that a portal sent survive."""
    return json.dumps(record, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")


def read(path: Path) -> dict[str, Any] | Useless:
    """Read the facts of a record, or why there are none."""
    try:
        record = json.loads(path.read_bytes().decode("utf-8", "surrogatepass"))
    except FileNotFoundError:
        return Useless.GONE
    except (OSError, ValueError, RecursionError):
        return Useless.DAMAGED
    if not isinstance(record, dict):
        return Useless.DAMAGED
    if record.get("format_version") != FORMAT_VERSION:
        return Useless.OUTDATED
    return record if _is_sound(record) else Useless.DAMAGED


def _is_sound(record: Mapping[str, Any]) -> bool:
    if not all(isinstance(record.get(name), type_) for name, type_ in _FACTS.items()):
        return False
    try:
        moment(record["fetched_at"])
        moment(record["checked_at"])
    except ValueError:
        return False
    # The name comes from a file; it must not lead anywhere else.
    return DATA_NAME.match(record["file"]) is not None


def moment(text: str) -> datetime:
    """Read a moment as `text` writes it."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def text(moment: datetime) -> str:
    """Write a moment, in UTC."""
    return moment.astimezone(UTC).isoformat()
