"""A progress bar on what takes longer than a second, only where a person watches.

A person watches a terminal, and a notebook in which a kernel runs. Nobody watches what goes to a file or a pipe, nor a
run of continuous integration, which announces itself by the variable ``CI``.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Self

from bdxopendata.errors import excerpt

# A bar that flashes by tells nothing.
DELAY = 1.0


class Progress:
    """What arrives, shown on the terminal or in the notebook.

    Parameters
    ----------
    title
        What arrives.
    shown
        True or False to decide; None shows the bar only where a person watches.
    unit
        In what it is counted: bytes, or things.
    total
        How much there is, where that is known.
    rows
        How many rows are under way, where that is known: the portal announces rows, and no bytes.
    """

    def __init__(
        self, title: str, shown: bool | None, *, unit: str = "B", total: int | None = None, rows: int | None = None
    ) -> None:
        wanted = is_watched() if shown is None else shown
        self._bar: Any = None
        if wanted:
            self._bar = _kind()(
                # A portal's id for a dataset may hold anything, and a bar is drawn where a terminal obeys.
                desc=excerpt(title if rows is None else f"{title}, {rows:,} rows", 100),
                unit=unit,
                unit_scale=unit == "B",
                total=total,
                delay=DELAY,
                leave=False,
                dynamic_ncols=True,
            )

    def add(self, count: int) -> None:
        """Note that `count` more bytes are here."""
        if self._bar is not None:
            self._bar.update(count)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()


def is_watched() -> bool:
    """Whether a person sees what is written to the error output now."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        return False
    return in_notebook() or (sys.stderr is not None and sys.stderr.isatty())


def in_notebook() -> bool:
    """Whether this runs in a kernel, whose output is a notebook: IPython on a terminal has none."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return getattr(shell, "kernel", None) is not None


def _kind() -> Any:
    """Choose how a bar is drawn: as a widget where the notebook has them, else in characters."""
    if in_notebook() and find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm as widget

        return widget
    from tqdm.std import tqdm

    return tqdm
