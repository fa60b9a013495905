"""Text and names, quoted so that the portal reads back exactly what was meant.

The one place where something that came from outside becomes part of ODSQL.
"""

from __future__ import annotations

import re

# The vendor's list of reserved words, and the operators that are words but not on it.
RESERVED = frozenset({
    "and", "as", "asc", "avg", "by", "count", "date_format", "day", "dayofweek", "desc", "distinct", "equi",
    "false", "group", "hour", "ifnull", "or", "limit", "lower", "max", "millisecond", "min", "minute", "month",
    "not", "null", "quarter", "range", "search", "second", "select", "sum", "top", "true", "upper", "where",
    "year",
})  # fmt: skip
OPERATOR_WORDS = frozenset({"in", "is", "like", "to"})

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*\Z")
_FACET = re.compile(r"(?P<name>\s*`[^`\\]*(?:\\.[^`\\]*)*`\s*|[^`:]+):(?P<value>.*)\Z", re.DOTALL)
_QUOTED = re.compile(r"(?:\"[^\"\\]*(?:\\.[^\"\\]*)*\"|'[^'\\]*(?:\\.[^'\\]*)*')\Z", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def quote_text(value: str) -> str:
    r"""Write a text as a literal.

    Takes the quote that the text does not contain, so that escapes are rarely needed: how portals read rare
    escapes is not documented. What remains is escaped with a backslash. Line ends and other control characters
    stay as they are; there is no ``\n`` in ODSQL.

    Raises
    ------
    ValueError
        If the text holds half of a surrogate pair, which cannot be sent.
    """
    _require_sendable(value)
    quote = "'" if '"' in value and "'" not in value else '"'
    return quote + value.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote


def quote_field(name: str) -> str:
    """Write a field name, in back quotes where it is not a plain word."""
    if not name:
        raise ValueError("A field name must not be empty.")
    _require_sendable(name)
    if _PLAIN_NAME.match(name) and name.lower() not in RESERVED | OPERATOR_WORDS:
        return name
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def quote_geometry(text: str) -> str:
    """Write a geometry literal; its quotes are always single ones."""
    _require_sendable(text)
    return "geom'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def unquote(quoted: str) -> str:
    """Read back what stands between two quotes: a backslash gives the character after it."""
    return _ESCAPE.sub(r"\1", quoted[1:-1])


def read_facet(text: str) -> tuple[str, str]:
    """Read the field and the value of a facet filter: ``name:value``, each in its quotes or bare.

    Raises
    ------
    ValueError
        If there is no name or no colon.
    """
    found = _FACET.match(text)
    if found is None:
        raise ValueError(f"A facet filter is written name:value, not {text[:60]!r}.")
    name, value = found["name"].strip(), found["value"].strip()
    return (
        unquote(name) if name.startswith("`") else name,
        unquote(value) if _QUOTED.match(value) else value,
    )


def _require_sendable(text: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("Half of a surrogate pair is no text that can be sent; decode the text properly first.")
