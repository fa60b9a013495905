"""How things show themselves to people: as HTML in a notebook, as text on a terminal.

Draws what it is given and asks nobody for more, so that looking at a thing never sends a request and never fails for
want of a network. Knows none of the things that it draws: each of them hands over headings, facts and tables.
"""

from __future__ import annotations

from bdxopendata.show.html import Cell, Html, Table, both, card, code, folded, link, paragraph, table
from bdxopendata.show.text import ROWS, facts_text, screen

__all__ = [
    "ROWS",
    "Cell",
    "Html",
    "Table",
    "both",
    "card",
    "code",
    "facts_text",
    "folded",
    "link",
    "paragraph",
    "screen",
    "table",
]
