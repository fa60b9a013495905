"""The query parameters: what each may be, and what the portal says when it is not.

`PARAMETERS` is the contract, one row per parameter; the served ``swagger.json`` is made from it. Parameters that an
endpoint does not know are ignored, as the portal does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import cache
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo, available_timezones

from bdxopendata.testing.bodies import bad_parameter

LANGUAGES = ("en", "fr", "nl", "pt", "it", "ar", "de", "es", "ca", "eu", "sv")
DELIMITERS = (";", ",", "\t", "|")

PAGE_LIMIT, PAGE_WINDOW = 100, 10_000
GROUP_LIMIT = 20_000
DEFAULT_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of the contract."""

    name: str
    description: str
    schema: Mapping[str, Any]
    repeatable: bool = False


def _text(name: str, description: str, *, repeatable: bool = False, **schema: Any) -> Parameter:
    return Parameter(name, description, {"type": "string", **schema}, repeatable)


def _flag(name: str, description: str, *, default: bool) -> Parameter:
    return Parameter(name, description, {"type": "boolean", "default": default})


_EXPORT_LIMIT = Parameter("limit", "Rows to return; -1 for all.", {"type": "integer", "minimum": -1, "default": -1})

PARAMETERS: Mapping[str, Parameter] = {"limit_export": _EXPORT_LIMIT} | {
    one.name: one
    for one in (
        _text("select", "Fields and expressions to return, in ODSQL."),
        _text("where", "Filter in ODSQL; several are joined with AND.", repeatable=True),
        _text("order_by", "Comma list of fields and aggregates, each with asc or desc."),
        _text("group_by", "Comma list of fields and grouping functions."),
        Parameter(
            "limit",
            "Rows to return: at most 100, with group_by at most 20000.",
            {"type": "integer", "minimum": -1, "maximum": PAGE_LIMIT, "default": DEFAULT_LIMIT},
        ),
        Parameter("offset", "Rows to pass over first.", {"type": "integer", "minimum": 0, "default": 0}),
        _text("refine", "facet:value to keep.", repeatable=True),
        _text("exclude", "facet:value to leave out.", repeatable=True),
        _text("facet", "Name of a facet, or facet(name=...).", repeatable=True),
        _text("lang", "Language of texts.", enum=list(LANGUAGES)),
        _text("timezone", "Zone of datetimes.", default="UTC"),
        _flag("include_links", "Add links.", default=False),
        _flag("include_app_metas", "Add application metadata.", default=False),
        _flag("use_labels", "Labels instead of technical names in the header.", default=False),
        _flag("compressed", "Gzip the file itself.", default=False),
        Parameter("epsg", "Projection of geometries.", {"type": "integer", "default": 4326}),
        _text("delimiter", "Separator of cells.", enum=list(DELIMITERS), default=";"),
        _text("list_separator", "Joins the values of a multivalued cell.", default=","),
        _flag("quote_all", "Quote every string.", default=False),
        _flag("with_bom", "Start with a byte order mark.", default=True),
        _text("parquet_compression", "Compression of pages.", enum=["snappy", "zstd"], default="snappy"),
    )
}


def decode(query: str) -> tuple[tuple[str, str], ...]:
    """Read the parameters of a query string, in order."""
    return tuple(parse_qsl(query, keep_blank_values=True, encoding="utf-8", errors="replace"))


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


class Parameters:
    """The parameters of one request, read by what they mean."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs: tuple[tuple[str, str], ...] = tuple(pairs)

    def all(self, name: str) -> list[str]:
        """Every value that is not blank."""
        return [value for key, value in self.pairs if key == name and value.strip()]

    def text(self, name: str) -> str | None:
        """Return the last value, as sent; blank is absent."""
        values = [value for key, value in self.pairs if key == name and value != ""]
        return values[-1] if values else None

    def integer(self, name: str, default: int) -> int:
        """Read a whole number."""
        text = self.text(name)
        if text is None:
            return default
        try:
            return int(text)
        except ValueError:
            # Unverified wording: no recording shows a limit that is no number.
            raise bad_parameter(name, text, "an integer") from None

    def flag(self, name: str) -> bool:
        """Read a boolean, by default as the contract says."""
        text = self.text(name)
        if text is None:
            return bool(PARAMETERS[name].schema["default"])
        answer = {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower())
        if answer is None:
            raise bad_parameter(name, text, "true or false")
        return answer

    def choice(self, name: str) -> str:
        """One of the values that the contract lists."""
        schema = PARAMETERS[name].schema
        text = self.text(name)
        if text is None:
            return str(schema["default"])
        if text not in schema["enum"]:
            raise bad_parameter(name, text, f"one of {', '.join(schema['enum'])}")
        return text

    def language(self, default: str) -> str:
        """Return the language of the answer."""
        return default if self.text("lang") is None else self.choice("lang")

    def zone_name(self) -> str:
        """Name of the time zone; UTC unless asked otherwise."""
        name = self.text("timezone") or "UTC"
        if name not in _zone_names():
            raise bad_parameter("timezone", name, "a CLDR time zone id")
        return name

    def zone(self) -> tzinfo:
        """Return the time zone itself."""
        return ZoneInfo(self.zone_name())

    def page(self, *, grouped: bool) -> tuple[int, int]:
        """Limit and offset of a page, within the portal's window."""
        top = GROUP_LIMIT if grouped else PAGE_LIMIT
        window = GROUP_LIMIT if grouped else PAGE_WINDOW
        limit = self.integer("limit", DEFAULT_LIMIT)
        if not -1 <= limit <= top:
            raise bad_parameter("limit", limit, f"-1 <= limit <= {top}")
        offset = self._offset()
        # -1 passes the portal's check; how many rows it then gives is unverified. The imitation that is known
        # gives a full page.
        shown = top if limit == -1 else limit
        if offset + shown > window:
            raise bad_parameter("sum of offset + limit", offset + shown, f"<= {window}")
        return shown, offset

    def whole(self, total: int) -> tuple[int | None, int]:
        """Limit (None for all) and offset of an export of `total` rows."""
        limit = self.export_limit()
        if limit < -1:
            raise bad_parameter("limit", limit, "-1 <= limit")
        offset = self._offset()
        if offset:
            # With an offset the window of pages holds again, and "everything" never fits into it. Which number the
            # portal names for "everything" is unverified.
            asked = max(total, PAGE_WINDOW + 1) if limit == -1 else limit
            if offset + asked > PAGE_WINDOW:
                raise bad_parameter("sum of offset + limit", offset + asked, f"<= {PAGE_WINDOW}")
        return (None if limit == -1 else limit), offset

    def export_limit(self) -> int:
        """Return the limit of an export, -1 for everything. That ``rows`` is another name for it is unverified."""
        return self.integer("limit", self.integer("rows", -1))

    def _offset(self) -> int:
        offset = self.integer("offset", 0)
        if offset < 0:
            raise bad_parameter("offset", offset, "0 <= offset")
        return offset
