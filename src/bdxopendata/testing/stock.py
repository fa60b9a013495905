"""The datasets that a stand-in portal holds, each in one version.

A version never changes: every change puts another `Held` in its place, so an answer under way finishes with the
rows it began with, and what was computed for a version is kept with it.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from bdxopendata.testing.bodies import no_dataset
from bdxopendata.testing.options import Era
from bdxopendata.testing.sample import Row, SampleDataset
from bdxopendata.testing.tables import canonical_table, parse_instant, portal_type, stored_rows

API = "/api/explore/v2.1"
FIRST_PROCESSED = datetime(2026, 1, 5, 4, 0, 0, 123000, tzinfo=UTC)
FILE_TYPES = ("file", "image")


@dataclass(frozen=True, slots=True)
class Claims:
    """Counts to state in place of the true ones: ``total_count`` of records, and ``records_count``."""

    total: int | None = None
    records: int | None = None


@dataclass(frozen=True)
class Held:
    """One dataset in one version.

    Attributes
    ----------
    processed
        When this version was processed: ``data_processed``.
    claims
        What it says of its size against the truth.
    """

    sample: SampleDataset
    processed: datetime
    address: str
    era: Era
    claims: Claims = Claims()

    @property
    def dataset_id(self) -> str:
        """The id."""
        return self.sample.dataset_id

    @property
    def link(self) -> str:
        """Address of the dataset object."""
        return f"{self.address}{API}/catalog/datasets/{quote(self.dataset_id, safe='')}"

    @cached_property
    def fields(self) -> dict[str, Mapping[str, Any]]:
        """Fields by name."""
        return {field["name"]: field for field in self.sample.fields}

    @cached_property
    def types(self) -> dict[str, str]:
        """Portal type by field name."""
        return {name: portal_type(field) for name, field in self.fields.items()}

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The stored rows."""
        rows = stored_rows(self.sample.rows, self.sample.fields)
        for name in [name for name, field in self.fields.items() if field["type"] in FILE_TYPES]:
            for row in rows:
                row[name] = self._file_value(row[name])
        return rows

    def _file_value(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        told = {key: one for key, one in value.items() if key != "url"}
        if self.era == "2021":
            return told
        link = f"{self.link}/files/{quote(str(value['id']), safe='')}" if "id" in value else value.get("url")
        return {**told, "url": link}

    def file_address(self, value: Mapping[str, Any]) -> str | None:
        """Address of a file as an export shows it: an older one names the older API, and its objects have none."""
        if self.era == "2026" or value.get("id") is None:
            address = value.get("url")
            return address if address is None else str(address)
        parts = quote(self.dataset_id, safe=""), quote(str(value["id"]), safe="")
        return "{}/api/v2/catalog/datasets/{}/files/{}".format(self.address, *parts)

    @cached_property
    def table(self) -> pa.Table:
        """The rows as a typed table."""
        return canonical_table(self.rows, self.sample.fields)

    @cached_property
    def record_ids(self) -> list[str]:
        """Forty hexadecimal digits for each row: the same for the same row, as long as it is there."""
        seen: dict[str, int] = {}
        ids = []
        for row in self.rows:
            text = json.dumps(row, sort_keys=True, default=str)
            seen[text] = seen.get(text, 0) + 1
            ids.append(hashlib.sha1(f"{self.dataset_id}\n{text}\n{seen[text]}".encode()).hexdigest())  # noqa: S324
        return ids

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """What answers have computed about this version, for the next one."""
        return {}


class Stock:
    """The datasets by id, in the order in which they came. Safe to change while questions are answered."""

    def __init__(self, samples: Iterable[SampleDataset], address: str, era: Era) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, Held] = {}
        self._address = address
        self._era: Era = era
        for sample in samples:
            self.put(sample)

    def put(self, sample: SampleDataset) -> None:
        """Hold a dataset; one of the same id makes way, and the version counts on."""
        with self._lock:
            old = self._held.get(sample.dataset_id)
            stated = parse_instant((sample.metas.get("default") or {}).get("data_processed"))
            processed = stated or FIRST_PROCESSED
            if old is not None:
                processed = max(processed, old.processed + timedelta(minutes=1))
            self._held[sample.dataset_id] = Held(sample, processed, self._address, self._era)

    def drop(self, dataset_id: str) -> None:
        """Hold it no longer."""
        with self._lock:
            del self._held[dataset_id]

    def change(
        self,
        dataset_id: str,
        *,
        rows: Sequence[Row] | None = None,
        fields: Sequence[Mapping[str, Any]] | None = None,
        processed_again: bool = False,
        claims: Claims | None = None,
    ) -> None:
        """Put another version in place of the present one."""
        with self._lock:
            held = self._held[dataset_id]
            sample = held.sample
            if rows is not None:
                sample = replace(sample, rows=list(rows))
            if fields is not None:
                sample = replace(sample, fields=list(fields))
            processed = held.processed + timedelta(minutes=1) if processed_again else held.processed
            self._held[dataset_id] = replace(held, sample=sample, processed=processed, claims=claims or held.claims)

    def get(self, dataset_id: str) -> Held:
        """Return the present version, or the portal's 404."""
        with self._lock:
            held = self._held.get(dataset_id)
        if held is None:
            raise no_dataset(dataset_id)
        return held

    def all(self) -> list[Held]:
        """Every dataset, in order of arrival."""
        with self._lock:
            return list(self._held.values())
