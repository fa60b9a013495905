"""What the stand-in portal serves: one dataset, as plain values.

Everything is written the way the API answers it, so that a sample can be read beside a recorded answer: fields as in
``fields`` of a dataset object (scalar annotations, as of 2026), rows as in ``/records``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

JSON = Any
Row = Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document that accompanies a dataset."""

    id: str
    title: str
    mimetype: str
    content: bytes


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The bytes behind a value of a ``file`` field; its `id` is the ``id`` of that value."""

    id: str
    filename: str
    mimetype: str
    content: bytes


@dataclass(frozen=True, slots=True)
class SampleDataset:
    """One dataset for the stand-in portal. Never changed by it: `StandIn.set_rows` and its like keep a copy.

    Attributes
    ----------
    dataset_id
        Technical id, case-sensitive.
    fields
        ``{"name", "label", "type", "description", "annotations"}`` each; only ``name`` and ``type`` are needed.
    rows
        One mapping per record with JSON values as in ``/records`` (UTC offsets, points as ``{"lon", "lat"}``, shapes as
        GeoJSON Features). A field that a row does not have is null.
    metas
        Metadata templates: ``{"default": {"title": ..., "publisher": ...}, "dcat": {...}}``. Keys of ``default`` that
        are missing are filled in: ``records_count`` from the rows, the rest with null.
    features
        ``analyze``, ``timeserie``, ``geo``, ``image`` ...; None derives them from the field types.
    attachments, files
        Documents of the dataset, and the bytes behind its ``file`` fields.
    alternative_exports
        Entries of the key of that name.
    data_visible
        False for a dataset whose metadata is public and whose records are not.
    has_records
        False for a dataset without a table.
    visibility
        ``domain`` or ``restricted``.
    dataset_uid
        ``da_`` and six characters; derived from the id when None.
    """

    dataset_id: str
    fields: Sequence[Mapping[str, JSON]]
    rows: Sequence[Row] = ()
    metas: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict)
    features: Sequence[str] | None = None
    attachments: Sequence[Attachment] = ()
    files: Sequence[StoredFile] = ()
    alternative_exports: Sequence[Mapping[str, JSON]] = ()
    data_visible: bool = True
    has_records: bool = True
    visibility: str = "domain"
    dataset_uid: str | None = None

    @property
    def uid(self) -> str:
        """The short unique id that the portal gives each dataset."""
        if self.dataset_uid is not None:
            return self.dataset_uid
        return "da_" + hashlib.sha256(self.dataset_id.encode()).hexdigest()[:6]

    def types(self) -> dict[str, str]:
        """Portal type by field name, in order."""
        return {one["name"]: one["type"] for one in self.fields}
