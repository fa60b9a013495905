"""Names of files and folders in the store: safe on every system, and telling nothing but to those who know."""

from __future__ import annotations

import json
import re
from hashlib import blake2b
from pathlib import Path

DATA_NAME = re.compile(r"[0-9a-f]{32}-[0-9a-f]{32}-[0-9a-f]{32}\.parquet\Z")
DECODED_NAME = re.compile(r"[0-9a-f]{32}-[0-9a-f]{32}-[0-9a-f]{32}\.arrow\Z")
RECORD_NAME = re.compile(r"[0-9a-f]{32}-[0-9a-f]{32}\.json\Z")
LOCK_NAME = re.compile(r"\.[0-9a-f]{32}\.lock\Z")

_SAFE_NAME = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9_.@-]{0,99}\Z")
_WINDOWS_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?\Z")


def digest(*parts: str) -> str:
    """Name a list of texts, in a way that cannot be turned back into them."""
    return blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def record_of(data: Path) -> Path:
    """Find the record beside a data file or its decoded copy."""
    return data.with_name(f"{data.stem.rpartition('-')[0]}.json")


def decoded_of(data: Path) -> Path:
    """Name the decoded copy beside a data file."""
    return data.with_suffix(".arrow")


def checked_id(dataset_id: str) -> str:
    """Refuse with a ValueError what can be no dataset id, before it comes near a path."""
    if not dataset_id.strip() or "\0" in dataset_id or len(dataset_id) > 255:
        raise ValueError(f"{str(dataset_id)[:40]!a} is no dataset id. Ids look like 'st_park_p'; see Catalog().")
    if dataset_id.strip() in (".", "..") or "/" in dataset_id or "\\" in dataset_id:
        raise ValueError(f"{dataset_id[:40]!a} is no dataset id: ids are no paths.")
    return dataset_id


def folder_name(name: str) -> str:
    """Make a folder's name of a portal or dataset: itself where that is safe on every system, else a hash of it."""
    if _SAFE_NAME.match(name) and not name.endswith(".") and not _WINDOWS_DEVICES.match(name):
        return name
    readable = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:40].strip("_")
    return f"{readable or 'x'}-{digest(name)[:12]}"
