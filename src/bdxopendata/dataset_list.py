"""Datasets that were found: a sequence, shown as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from bdxopendata import show
from bdxopendata.dataset import Dataset
from bdxopendata.errors import excerpt
from bdxopendata.metadata import DatasetInfo

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class DatasetList(Sequence[Dataset]):
    """Datasets that were found, shown as a table."""

    datasets: tuple[Dataset, ...]

    def __init__(self, datasets: Iterable[Dataset] = ()) -> None:
        object.__setattr__(self, "datasets", tuple(datasets))

    def to_pandas(self) -> pd.DataFrame:
        """One row a dataset.

        Returns
        -------
        pandas.DataFrame
            Columns ``dataset_id``, ``title``, ``publisher``, ``licence`` (text), ``themes``, ``keywords`` (lists of
            text), ``records_count`` (``Int64``, rows), ``modified`` (UTC), ``geometry`` (``boolean``), ``page_url``.
        """
        return frame_of(one.info for one in self.datasets)

    @overload
    def __getitem__(self, key: int) -> Dataset: ...
    @overload
    def __getitem__(self, key: slice) -> DatasetList: ...
    def __getitem__(self, key: int | slice) -> Dataset | DatasetList:
        return DatasetList(self.datasets[key]) if isinstance(key, slice) else self.datasets[key]

    def __len__(self) -> int:
        return len(self.datasets)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DatasetList) and self.datasets == other.datasets

    def __hash__(self) -> int:
        return hash(self.datasets)

    def __contains__(self, wanted: object) -> bool:
        """Whether a dataset, or the one of an id, is among them."""
        if isinstance(wanted, str):
            return any(one.id == wanted for one in self.datasets)
        return wanted in self.datasets

    def __repr__(self) -> str:
        if not self.datasets:
            return "No datasets"
        # The hint of what was left out is a line as well.
        rows = [(one.id, one.info.rows_shown, excerpt(one.info.title, 60)) for one in self.datasets[: show.ROWS]]
        widths = [max(len(row[place]) for row in rows) for place in (0, 1)]
        lines = [f"{ident:<{widths[0]}}  {count:>{widths[1]}}  {title}" for ident, count, title in rows]
        more = [""] * (len(self.datasets) - len(rows))
        return show.screen([*lines, *more], "to_pandas() has them all")

    def _repr_html_(self) -> str:
        count = f"{len(self.datasets):,} dataset{'s' if len(self.datasets) != 1 else ''}" if self.datasets else None
        return show.table(table_of(count or "No datasets", [one.info for one in self.datasets]), alone=True)


def table_of(caption: str, infos: Sequence[DatasetInfo]) -> show.Table:
    """Make the table by which notebooks show datasets."""
    rows = [[show.code(one.dataset_id), one.title, one.publisher, one.rows_shown] for one in infos]
    return show.Table(caption, ["dataset", "title", "publisher", "rows"], rows, frozenset({3}))


def frame_of(infos: Iterable[DatasetInfo]) -> pd.DataFrame:
    """Make the frame that `DatasetList.to_pandas` describes."""
    from bdxopendata.frames import infos_frame

    return infos_frame(infos)
