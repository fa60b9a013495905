"""Cards and tables for notebooks, in plain HTML.

Every text is escaped, but what was made here. There is no script and nothing from elsewhere; colours are those of the
page around, so that a card is as readable in a dark notebook as in a light one. Tables have captions and headed rows
and columns for screen readers, and what is wider than the page is scrolled, by keyboard too. Where a page takes styles
away, plain tables are left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from bdxopendata.errors import excerpt

# A table that holds more is not read by anybody, and makes a notebook heavy.
MOST_ROWS = 300
LONGEST_TEXT = 2_000

# Greys that are seen on white and on black. The class stands twice, to count for more than the notebook's own rules.
STYLE = (
    ".bdx{color:inherit;line-height:1.45;max-width:64rem;text-align:left}"
    ".bdx.bdx .bdx-scroll{overflow:auto;max-height:26rem;margin:.3rem 0}"
    ".bdx.bdx table{border-collapse:collapse;border:0;margin:0;font-size:inherit;color:inherit;background:none;"
    "table-layout:auto;width:auto}"
    ".bdx.bdx caption{caption-side:top;text-align:left;padding:.2rem 0;color:inherit;font-weight:600}"
    ".bdx.bdx caption small{font-weight:400;font-size:.9em;opacity:.8;margin-left:.5em}"
    ".bdx.bdx tr,.bdx.bdx tr:nth-child(n),.bdx.bdx tr:hover{background:none}"
    ".bdx.bdx th,.bdx.bdx td{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0;border:0;"
    "border-bottom:1px solid rgba(128,128,128,.35);color:inherit;white-space:normal;max-width:none;"
    "overflow-wrap:break-word;min-width:3em}"
    ".bdx.bdx th{font-weight:600}"
    ".bdx.bdx tbody th{font-weight:500;white-space:nowrap;overflow-wrap:normal}"
    ".bdx.bdx td.bdx-number,.bdx.bdx th.bdx-number{text-align:right;white-space:nowrap;"
    "font-variant-numeric:tabular-nums}"
    ".bdx.bdx code{background:none;color:inherit;padding:0;font-size:.95em}"
    ".bdx.bdx small{opacity:.8}"
    ".bdx.bdx a{color:inherit;text-decoration:underline}"
    ".bdx.bdx summary{cursor:pointer;padding:.2rem 0}"
    ".bdx.bdx p{margin:.3rem 0;white-space:pre-line;overflow-wrap:anywhere}"
    ".bdx.bdx :focus-visible{outline:2px solid currentColor;outline-offset:1px}"
)


class Html(str):
    """HTML that was made here; any other text is escaped."""

    __slots__ = ()


Cell = str | int | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table to draw.

    Attributes
    ----------
    caption
        What it shows.
    heads
        A heading for each column.
    rows
        A cell for each heading; the first one names the row.
    numbers
        Which columns are numbers, by their place.
    note
        A few words after the caption.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    numbers: frozenset[int] = frozenset()
    note: str = ""


def card(heading: str, note: str, facts: Iterable[tuple[str, Cell]], *parts: Html) -> str:
    """Draw a thing: a table of facts, those without a value left out, and more below it."""
    rows = "".join(
        f"<tr><th scope='row'>{_text(name)}</th><td>{_text(value)}</td></tr>"
        for name, value in facts
        if value not in (None, "")
    )
    small = f"<small>{_text(note)}</small>" if note else ""
    head = _scrolled(heading, f"<table><caption>{_text(heading)}{small}</caption><tbody>{rows}</tbody></table>")
    return f"<div class='bdx'><style>{STYLE}</style>{head}{''.join(parts)}</div>"


def table(one: Table, *, alone: bool = False) -> Html:
    """Draw a table; `alone` where it is not part of a card."""
    small = f"<small>{_text(one.note)}</small>" if one.note else ""
    number = [" class='bdx-number'" if place in one.numbers else "" for place in range(len(one.heads))]
    heads = "".join(f"<th scope='col'{number[place]}>{_text(text)}</th>" for place, text in enumerate(one.heads))
    rows = "".join(
        f"<tr><th scope='row'>{_text(first)}</th>"
        + "".join(f"<td{number[place]}>{_text(cell)}</td>" for place, cell in enumerate(rest, start=1))
        + "</tr>"
        for first, *rest in one.rows[:MOST_ROWS]
    )
    more = len(one.rows) - MOST_ROWS
    after = f"<p>… and {more:,} more</p>" if more > 0 else ""
    drawn = _scrolled(
        one.caption,
        f"<table><caption>{_text(one.caption)}{small}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table>{after}",
    )
    return Html(f"<div class='bdx'><style>{STYLE}</style>{drawn}</div>" if alone else drawn)


def folded(summary: str, *inner: Html) -> Html:
    """Draw parts that are opened by who wants them."""
    return Html(f"<details><summary>{_text(summary)}</summary>{''.join(inner)}</details>")


def paragraph(text: Cell) -> Html:
    """Draw a text."""
    return Html(f"<p>{_text(text)}</p>")


def link(address: str | None, text: str | None = None) -> Cell:
    """Draw a link, where the address is one of the web: what a portal calls an address may be a script."""
    if not address:
        return text
    try:
        parts = urlsplit(address)
    except ValueError:
        return text or address
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return f"{text} ({address})" if text else address
    return Html(f"<a href='{escape(address)}' rel='noopener noreferrer'>{_text(text or address)}</a>")


def code(text: str) -> Html:
    """Draw a name as people type it."""
    return Html(f"<code>{_text(text)}</code>")


def both(first: Cell, second: Cell) -> Html:
    """Draw a text and a smaller one after it."""
    return Html(f"{_text(first)} <small>{_text(second)}</small>")


def _scrolled(label: str, inner: str) -> str:
    # What scrolls can be reached by keyboard, and says what it is.
    return f"<div class='bdx-scroll' role='region' tabindex='0' aria-label='{_text(label)}'>{inner}</div>"


def _text(cell: Cell) -> str:
    if isinstance(cell, Html):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, int):
        return f"{cell:,}"
    lines = cell[:LONGEST_TEXT].split("\n")
    shown = "\n".join(excerpt(line, LONGEST_TEXT) for line in lines) + ("…" if len(cell) > LONGEST_TEXT else "")
    return escape(shown)
