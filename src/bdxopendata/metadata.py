"""What a portal says of a dataset, as frozen objects.

Portals of both eras are understood: annotations as lists or as scalars, attachments as ``odsfile://`` names or as
addresses, metadata keys that are not there. What cannot be understood degrades alone: the rest of the description
stays usable, and `DatasetInfo.problems` says what was wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import quote, urlsplit

from bdxopendata import show
from bdxopendata.fields import FIELD_TYPES, LEGACY_TYPES, UNKNOWN, Field, Schema
from bdxopendata.portals import API_PATH, Portal

# Where pandas looks for ``attrs`` in the metadata of an Arrow schema, and so does all that tells where rows come from.
ATTRS = "PANDAS_ATTRS"

# No path step, no separator, no query, no blank, no control character: an id is one segment of an address.
_DATASET_ID = re.compile(r"[\w-][^\s/\\?#%&;:<>\"|*\x00-\x1f\x7f-\x9f]{0,199}\Z")


def dataset_id_of(value: object) -> str:
    """Check that `value` can be a dataset id, before anything is asked.

    Raises
    ------
    TypeError
        If it is not text.
    ValueError
        If it is empty, too long, or holds characters that no id has (blanks, ``/``, ``?``, ``#`` …).
    """
    if not isinstance(value, str):
        raise TypeError(f"A dataset id is text, such as 'st_park_p', not {type(value).__name__}.")
    if not _DATASET_ID.match(value) or ".." in value:
        raise ValueError(
            f"{value[:60]!a} is no dataset id. An id is one word of letters, digits, '_' and '-', "
            "such as 'st_park_p'; Catalog().search('…') finds them."
        )
    return value


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that the publisher put beside a dataset.

    Attributes
    ----------
    id
        Its name in addresses.
    title
        Its name for people, as the publisher wrote it: never a path.
    mimetype
        Its media type, as declared.
    url
        Where it is.
    """

    id: str
    title: str
    mimetype: str | None
    url: str

    def _repr_html_(self) -> str:
        facts = [("id", self.id), ("media type", self.mimetype), ("address", show.link(self.url))]
        return show.card(self.title, "attachment", facts)


@dataclass(frozen=True, slots=True, repr=False)
class DatasetInfo:
    """What the portal says of one dataset.

    Attributes
    ----------
    dataset_id, uid
        Its name in addresses, and the portal's inner name.
    title, description
        For people; the description is plain text, its HTML taken out.
    publisher, licence, licence_url, attribution
        Who gives it, under which terms, and whom to name.
    themes, keywords, language
        How it is filed.
    records_count
        Rows, as the metadata have it: it may lag behind `Dataset.count`.
    modified
        When the publisher changed it, an aware moment.
    version
        The stamp of the last processing of its data (``data_processed``), as sent; compared for equality only.
    features, geometry_types, update_frequency
        As the portal has them.
    has_records, data_visible
        Whether it is a table, and whether this caller may read it.
    attachments
        Files beside it.
    schema
        Its fields.
    page_url
        Its page for people.
    portal
        Name of the portal.
    problems
        What of the description could not be understood.
    raw
        The portal's own object.
    """

    dataset_id: str
    schema: Schema
    title: str = ""
    description: str = ""
    uid: str | None = None
    publisher: str | None = None
    licence: str | None = None
    licence_url: str | None = None
    attribution: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    language: str | None = None
    records_count: int | None = None
    modified: datetime | None = None
    version: str | None = None
    features: tuple[str, ...] = ()
    geometry_types: tuple[str, ...] = ()
    update_frequency: str | None = None
    has_records: bool = True
    data_visible: bool = True
    attachments: tuple[Attachment, ...] = ()
    page_url: str = ""
    portal: str = ""
    problems: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def has_geometry(self) -> bool:
        """Whether it has a field of points or shapes."""
        return self.schema.geometry is not None

    @property
    def extent(self) -> tuple[float, float, float, float] | None:
        """Where its data lie, in degrees (west, south, east, north), where the portal says so."""
        found: Any = self.raw
        for name in ("metas", "default", "bbox", "geometry", "coordinates"):
            found = found.get(name) if isinstance(found, Mapping) else None
        try:
            lons, lats = zip(*((float(corner[0]), float(corner[1])) for corner in found[0]), strict=True)
        except (TypeError, ValueError, LookupError):
            return None
        return min(lons), min(lats), max(lons), max(lats)

    @property
    def rows_shown(self) -> str:
        """Its number of rows for people; ``?`` where the portal does not say, ``no table`` where there are none."""
        if not self.has_records:
            return "no table"
        return "?" if self.records_count is None else f"{self.records_count:,}"

    def _facts(self) -> list[tuple[str, str | None]]:
        return [
            ("title", self.title),
            ("publisher", self.publisher),
            ("licence", self.licence),
            ("themes", ", ".join(self.themes)),
            ("rows", self.rows_shown),
            ("fields", f"{len(self.schema)}{', with geometry' if self.has_geometry else ''}"),
            ("modified", f"{self.modified.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if self.modified else None),
            ("version", self.version),
            ("updated", self.update_frequency),
            ("attachments", str(len(self.attachments)) if self.attachments else None),
            ("page", self.page_url),
        ]

    def __repr__(self) -> str:
        about = ("about", self.description.replace("\n", " "))
        return show.facts_text(f"Dataset {self.dataset_id} of {self.portal}", [*self._facts(), about])

    def _repr_html_(self) -> str:
        linked = {"page": show.link(self.page_url), "licence": show.link(self.licence_url, self.licence)}
        facts = [(name, linked.get(name, value)) for name, value in self._facts() if name != "title"]
        return show.card(self.title or self.dataset_id, f"{self.dataset_id} · {self.portal}", facts, *self._folded())

    def _folded(self) -> list[show.Html]:
        parts = []
        if self.description:
            parts.append(show.folded("About", show.paragraph(self.description)))
        if len(self.schema):
            parts.append(show.folded(f"Fields ({len(self.schema)})", show.table(self.schema.drawn("Fields"))))
        if self.attachments:
            rows = [[one.title, one.mimetype, show.link(one.url, one.id)] for one in self.attachments]
            files = show.Table("Attachments", ["title", "media type", "file"], rows)
            parts.append(show.folded(f"Attachments ({len(rows)})", show.table(files)))
        if self.problems:
            text = show.paragraph("\n".join(self.problems))
            parts.append(show.folded(f"Not understood ({len(self.problems)})", text))
        return parts

    @classmethod
    def from_json(cls, body: Mapping[str, Any], portal: Portal, *, timezone: str | None = None) -> DatasetInfo:
        """Read the portal's object of one dataset; only an object without an id is refused (`ValueError`).

        `timezone` is the zone in which frames will show moments; by default the portal's.
        """
        return _Reading(body, portal, timezone or portal.timezone).info()


class _Reading:
    """One pass over a portal's object, collecting what is odd about it."""

    def __init__(self, body: Mapping[str, Any], portal: Portal, timezone: str) -> None:
        self.body = body
        self.portal = portal
        self.timezone = timezone
        self.problems: list[str] = []
        self.dataset_id = dataset_id_of(body.get("dataset_id", body.get("datasetid")))
        self.default = self._default_metas()

    def info(self) -> DatasetInfo:
        metas = self.default
        return DatasetInfo(
            dataset_id=self.dataset_id,
            schema=self._schema(),
            title=_text(metas.get("title")) or self.dataset_id,
            description=plain_text(_text(metas.get("description")) or ""),
            uid=_text(self.body.get("dataset_uid")),
            publisher=_text(metas.get("publisher")),
            licence=_text(metas.get("license")),
            licence_url=_text(metas.get("license_url")),
            attribution=_texts(metas.get("attributions")),
            themes=_texts(metas.get("theme")),
            keywords=_texts(metas.get("keyword")),
            language=_text(metas.get("language")),
            records_count=self._count(metas.get("records_count")),
            modified=self._moment("modified"),
            version=_text(metas.get("data_processed")),
            features=_texts(self.body.get("features")),
            geometry_types=_texts(metas.get("geometry_types")),
            update_frequency=_text(metas.get("update_frequency")),
            has_records=self.body.get("has_records") is not False,
            data_visible=self.body.get("data_visible") is not False,
            attachments=self._attachments(),
            page_url=self.portal.page_url(quote(self.dataset_id)),
            portal=self.portal.name,
            problems=tuple(self.problems),
            raw=self.body,
        )

    def _default_metas(self) -> Mapping[str, Any]:
        metas = self.body.get("metas")
        default = metas.get("default") if isinstance(metas, Mapping) else None
        if not isinstance(default, Mapping):
            self.problems.append("no metadata")
            return {}
        return default

    def _schema(self) -> Schema:
        sent = self.body.get("fields")
        if not isinstance(sent, Sequence) or isinstance(sent, str):
            self.problems.append("no list of fields")
            sent = ()
        fields: dict[str, Field] = {}
        for one in sent:
            if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
                self.problems.append("a field without a name")
            elif one["name"] in fields:
                self.problems.append(f"two fields named {one['name']!r}")
            else:
                fields[one["name"]] = self._field(one)
        return Schema(fields.values(), dataset_id=self.dataset_id, timezone=self.timezone)

    def _field(self, sent: Mapping[str, Any]) -> Field:
        name = sent["name"]
        type_sent = sent.get("type")
        kind = LEGACY_TYPES.get(str(type_sent), str(type_sent))
        if kind not in FIELD_TYPES:
            self.problems.append(f"field {name!r} of unknown type {str(type_sent)[:40]!r}")
            kind = UNKNOWN
        notes = _annotations(sent.get("annotations"))
        return Field(
            name=name,
            type=kind,
            label=_text(sent.get("label")) or name,
            description=_text(sent.get("description")),
            unit=_text(notes.get("unit")),
            precision=_text(notes.get("timeserie_precision")),
            multivalued=_flag(notes, "multivalued"),
            separator=_separator(notes),
            hierarchical=_flag(notes, "hierarchical"),
            facet=_flag(notes, "facet"),
            disjunctive=_flag(notes, "disjunctive"),
            annotations=notes,
        )

    def _attachments(self) -> tuple[Attachment, ...]:
        sent = self.body.get("attachments")
        found = []
        for one in sent if isinstance(sent, list) else ():
            if isinstance(one, Mapping) and isinstance(one.get("id"), str):
                found.append(self.attachment(one["id"], one.get("title"), one.get("mimetype"), one.get("url")))
            else:
                self.problems.append("an attachment without an id")
        return tuple(found)

    def attachment(self, ident: str, title: object, mimetype: object, url: object) -> Attachment:
        return Attachment(
            id=ident,
            title=_text(title) or ident,
            mimetype=_text(mimetype),
            url=attachment_url(self.portal, self.dataset_id, ident, url),
        )

    def _count(self, sent: object) -> int | None:
        if isinstance(sent, int) and not isinstance(sent, bool) and sent >= 0:
            return sent
        return None

    def _moment(self, key: str) -> datetime | None:
        sent = self.default.get(key)
        if sent is None:
            return None
        try:
            return moment_of(sent)
        except ValueError:
            self.problems.append(f"{key} is no date: {str(sent)[:40]!r}")
            return None


def moment_of(sent: object) -> datetime:
    """Read an ISO moment as aware; a moment without a zone is UTC."""
    if not isinstance(sent, str):
        raise ValueError(f"not a moment: {type(sent).__name__}")
    moment = datetime.fromisoformat(sent)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def attachment_url(portal: Portal, dataset_id: str, ident: str, sent: object) -> str:
    """Address of an attachment: the one sent when it is an address, else built from the id.

    Older portals send ``odsfile://name``, which names a place inside the portal only.
    """
    if isinstance(sent, str) and urlsplit(sent).scheme in ("http", "https"):
        return sent
    base = f"{portal.addresses[0]}{API_PATH}/catalog/datasets"
    return f"{base}/{quote(dataset_id, safe='')}/attachments/{quote(ident, safe='')}"


def _annotations(sent: object) -> dict[str, Any]:
    """Bring both eras to scalars: ``[]`` (present, so on) becomes True, ``["x"]`` becomes ``"x"``."""
    if not isinstance(sent, Mapping):
        return {}
    return {str(key): _scalar(value) for key, value in sent.items()}


def _scalar(value: object) -> object:
    if not isinstance(value, list):
        return value
    return value[0] if len(value) == 1 else (value if value else True)


def _flag(notes: Mapping[str, Any], key: str) -> bool:
    return key in notes and notes[key] is not False and notes[key] is not None


def _separator(notes: Mapping[str, Any]) -> str:
    for key in ("multivalued", "hierarchical"):
        if isinstance(notes.get(key), str) and notes[key]:
            return str(notes[key])
    return "/" if _flag(notes, "hierarchical") else ","


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value or None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return None


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, list):
        return tuple(one for one in value if isinstance(one, str))
    return ()


_BLOCKS = frozenset({"p", "br", "div", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "hr", "table"})
_SILENT = frozenset({"script", "style"})
_MARK = re.compile(r"<(?:(?P<comment>!--)|/?(?P<tag>[a-z][a-z0-9]*)(?:[\s/][^<>]*)?>|[!?][^<>]*>)", re.IGNORECASE)


def plain_text(html: str) -> str:
    """Take the tags out of a publisher's HTML: text only, blocks on lines of their own.

    In one pass: parsers of HTML may take minutes for a few kilobytes that were written to keep them busy.
    """
    lines = (re.sub(r"[^\S\n]+", " ", line).strip() for line in unescape("".join(_texts_in(html))).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _texts_in(html: str) -> Iterator[str]:
    place = 0
    while (mark := _MARK.search(html, place)) is not None:
        yield html[place : mark.start()]
        place = mark.end()
        tag = (mark["tag"] or "").lower()
        if mark["comment"]:
            closed = html.find("-->", place)
            place = closed + 3 if closed >= 0 else len(html)
        elif tag in _SILENT and html[mark.start() + 1] != "/":
            end = re.compile(f"</{tag}", re.IGNORECASE).search(html, place)
            place = end.start() if end is not None else len(html)
        elif tag in _BLOCKS:
            yield "\n"
    yield html[place:]
