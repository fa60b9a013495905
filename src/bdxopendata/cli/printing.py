"""Rows for people, in columns that fit the terminal, and for programs, as JSON.

Whatever a portal wrote passes here on its way to the terminal, and what a terminal would obey is escaped.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bdxopendata.errors import excerpt, printable

if TYPE_CHECKING:
    import pandas as pd

    from bdxopendata.cli.wording import Words

GAP = "  "
NARROWEST = 10
LONGEST_CELL = 10_000
# JSON may hold these as they are: DEL, controls of eight bits, and what turns the direction of writing or hides.
_OBEYED_IN_JSON = re.compile(
    r"[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)


def lines(rows: Iterable[str]) -> None:
    """Print lines."""
    for one in rows:
        print(printable(one))


def as_json(value: Any) -> None:
    """Print a value for programs: exact, and what a terminal would obey written as JSON escapes it."""
    text = json.dumps(plain(value), ensure_ascii=False, indent=2 if sys.stdout.isatty() else None, allow_nan=False)
    print(_OBEYED_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of a frame as JSON has them."""
    columns = [str(name) for name in frame.columns]
    return [
        {name: plain(value) for name, value in zip(columns, row, strict=True)}
        for row in frame.itertuples(index=False, name=None)
    ]


def plain(value: Any) -> Any:
    """Bring a value to what JSON knows: moments as ISO text, durations as seconds, geometry as GeoJSON."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one) for one in value]
    if hasattr(value, "__geo_interface__"):
        return plain(value.__geo_interface__)
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value)


def cell(value: Any) -> str:
    """Show a value in a cell."""
    if isinstance(value, float) or type(value).__name__ in ("float64", "float32"):
        return "" if math.isnan(value) else f"{value:.10g}"
    if type(value).__name__ in ("NAType", "NaTType") or value is None:
        return ""
    if isinstance(value, datetime):
        if value.tzinfo is None and (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0):
            return value.date().isoformat()
        shown = value.isoformat(sep=" ", timespec="minutes" if value.second == 0 else "seconds")
        return f"{shown.removesuffix('+00:00')} UTC" if shown.endswith("+00:00") else shown
    if isinstance(value, timedelta):
        return str(timedelta(seconds=round(value.total_seconds())))
    if isinstance(value, Decimal):
        return f"{value:f}"
    if hasattr(value, "wkt"):
        return str(value.wkt)
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(one) for one in value)
    return excerpt(str(value), LONGEST_CELL)


def frame(rows: pd.DataFrame, say: Words, *, limit: int | None = None) -> None:
    """Print a frame as a table."""
    shown = rows if limit is None else rows.head(limit)
    heads = [str(name) for name in shown.columns]
    numbers = {
        place
        for place, kind in enumerate(shown.dtypes)
        if str(kind).lower().startswith(("int", "float", "uint", "decimal"))
    }
    texts = [[cell(value) for value in row] for row in shown.itertuples(index=False, name=None)]
    table(heads, texts, say, numbers)
    if len(rows) > len(shown):
        print(say("more rows", count=say.number(len(rows) - len(shown))))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], say: Words, numbers: Iterable[int] = ()) -> None:
    """Print a table: as wide as the terminal at most; whole where it goes to a program or a file."""
    right = set(numbers)
    heads, rows = _in_a_line(heads), [_in_a_line(row) for row in rows]
    natural = [max([wide(head), *(wide(row[place]) for row in rows)]) for place, head in enumerate(heads)]
    widths, left_out = natural, 0
    if sys.stdout.isatty():
        widths, left_out = fitted(natural, shutil.get_terminal_size().columns, right)
    for row in (heads, *rows):
        cells = [
            padded(text, width, place in right) for place, (text, width) in enumerate(zip(row, widths, strict=False))
        ]
        print(GAP.join(cells).rstrip())
    if left_out:
        print(say("more columns", count=left_out, names=excerpt(", ".join(heads[len(widths) :]), 200)))


def _in_a_line(texts: Sequence[str]) -> list[str]:
    return [printable(one).replace("\n", "\\n") for one in texts]


def fitted(natural: Sequence[int], width: int, right: set[int]) -> tuple[list[int], int]:
    """Narrow columns of text until they fit; leave out the last ones where that does not do."""
    widths = list(natural)
    left_out = 0
    while True:
        over = sum(widths) + len(GAP) * (len(widths) - 1) - width
        if over <= 0:
            return widths, left_out
        texts = [place for place in range(len(widths)) if place not in right and widths[place] > NARROWEST]
        if texts:
            widest = max(texts, key=lambda place: widths[place])
            widths[widest] = max(NARROWEST, widths[widest] - over)
        elif len(widths) > 1:
            widths.pop()
            left_out += 1
            widths = list(natural[: len(widths)])
        else:
            return [max(1, width)], left_out


def wide(text: str) -> int:
    """Columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_wide(one) for one in text)


def _wide(one: str) -> int:
    if unicodedata.combining(one):
        return 0
    return 2 if unicodedata.east_asian_width(one) in "WF" else 1


def padded(text: str, width: int, right: bool) -> str:
    """Bring a text to a width: cut with an ellipsis, or filled with blanks."""
    if wide(text) > width:
        kept, taken = "", 0
        for one in text:
            if taken + _wide(one) > width - 1:
                break
            kept, taken = kept + one, taken + _wide(one)
        text = f"{kept}…"
    blanks = " " * (width - wide(text))
    return blanks + text if right else text + blanks


def size(count: int, say: Words) -> str:
    """Word a number of bytes."""
    point = "." if say.language == "en" else ","
    for unit, many in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= many:
            shown = f"{count / many:.1f}".replace(".", point)
            return f"{shown} {unit if say.language == 'en' else unit[:-1] + 'o'}"
    return f"{count} {'B' if say.language == 'en' else 'o'}"
