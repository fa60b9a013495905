"""A progress bar on what takes longer than a second, only where a person watches."""

from __future__ import annotations

from types import TracebackType
from typing import Self

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
    """

    def __init__(self, title: str, shown: bool | None, *, unit: str = "B", total: int | None = None) -> None:
        from tqdm.auto import tqdm

        # tqdm reads disable=None as "not where the output is no terminal".
        disable = None if shown is None else not shown
        self._bar = tqdm(
            desc=title, unit=unit, unit_scale=unit == "B", total=total, delay=DELAY, disable=disable, leave=False
        )

    def add(self, count: int) -> None:
        """Note that `count` more bytes are here."""
        self._bar.update(count)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
