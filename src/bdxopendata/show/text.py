"""Things as text: at most a screen of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bdxopendata.errors import excerpt

# Lines of a usual terminal, but the prompt and the line typed.
ROWS = 22
COLUMNS = 100


def facts_text(heading: str, facts: Iterable[tuple[str, str | None]]) -> str:
    """Word a thing: a heading, and a line for each fact that has a value."""
    told = [(name, value) for name, value in facts if value]
    width = max((len(name) for name, _ in told), default=0)
    return screen([heading, *(f"  {name:<{width}}  {excerpt(value, COLUMNS - width - 4)}" for name, value in told)])


def screen(lines: Sequence[str], hint: str = "") -> str:
    """Join lines, as many as a screen has; the last one says how many were left out."""
    if len(lines) <= ROWS:
        return "\n".join(lines)
    left = len(lines) - ROWS + 1
    return "\n".join([*lines[: ROWS - 1], f"… and {left:,} more{f'; {hint}' if hint else ''}"])
