"""Frames as Excel workbooks: a sheet of rows, and a sheet that says where they come from.

Texts are stored as texts, so none of them is a formula. Moments are shown as the clock of their zone shows them; those
that a spreadsheet cannot hold without losing something (the hour that comes twice in autumn, days before March 1900)
are text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from bdxopendata.saving import columns
from bdxopendata.saving.description import MARK, Column, Description

ROWS, ORIGIN = "rows", "provenance"
MOST_ROWS = 1_048_576 - 1
MOST_COLUMNS = 16_384
LONGEST_TEXT = 32_767
# Beyond this a spreadsheet rounds whole numbers.
LARGEST_WHOLE = 2**53
# A spreadsheet takes 1900 for a leap year.
FIRST_DAY = date(1900, 3, 1)
_CHUNK = 30_000
# In characters; dates in narrow columns are shown as crosses.
WIDTHS = {"moment": 20, "date": 12, "text": 24, "json": 24, "geometry": 30}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\r]|_x(?=[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def _openpyxl() -> Any:
    try:
        import openpyxl
    except ModuleNotFoundError as error:
        raise ImportError(
            "Excel files need openpyxl, which is not installed: pip install 'bdxopendata[excel]'.", name="openpyxl"
        ) from error
    return openpyxl


def write(plain: pd.DataFrame, said: Description, path: Path) -> None:
    """Write a frame.

    Raises
    ------
    ValueError
        If a sheet cannot hold it.
    """
    openpyxl = _openpyxl()
    if len(plain) > MOST_ROWS or len(said.columns) > MOST_COLUMNS:
        raise ValueError(
            f"A sheet holds {MOST_ROWS:,} rows and {MOST_COLUMNS:,} columns, not {len(plain):,} and "
            f"{len(said.columns):,}; save it as .parquet or .csv."
        )
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(ROWS)
    make = _Cells(sheet)
    _lay_out(sheet, said, len(plain))
    sheet.append([make.head(one.name) for one in said.columns])
    values = [_values(plain[one.name], one) for one in said.columns]
    try:
        for row in zip(*values, strict=True):
            sheet.append([make.cell(value, one) for value, one in zip(row, said.columns, strict=True)])
    except ValueError:
        # What was begun is finished before it is given up: openpyxl cannot stop in the middle.
        sheet.close()
        raise
    _write_origin(book, said)
    book.save(path)


def _lay_out(sheet: Any, said: Description, rows: int) -> None:
    """Keep the names of columns in sight, and make columns wide enough to be read."""
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(max(len(said.columns), 1))}{rows + 1}"
    for place, one in enumerate(said.columns, start=1):
        width = max(WIDTHS.get(one.of or one.kind, 10), min(len(one.name) + 4, 40))
        sheet.column_dimensions[get_column_letter(place)].width = width


def _values(series: pd.Series, column: Column) -> Iterator[Any]:
    kind = column.of or column.kind
    if kind == "moment":
        values = series.astype(series.cat.categories.dtype) if column.kind == "category" else series
        return (None if columns.is_missing(one) else one for one in values)
    return iter(columns.flat(series, column).to_pylist())


class _Cells:
    """Makes the cells of one sheet."""

    def __init__(self, sheet: Any) -> None:
        from openpyxl.cell import WriteOnlyCell

        self._sheet = sheet
        self._make = WriteOnlyCell

    def head(self, name: str) -> Any:
        from openpyxl.styles import Font

        cell = self.text(name)
        cell.font = Font(bold=True)
        return cell

    def text(self, value: str, column: str = "") -> Any:
        safe = _CONTROL.sub(_escape, value)
        if len(safe) > LONGEST_TEXT:
            raise ValueError(
                f"A cell holds {LONGEST_TEXT:,} characters, and '{column}' has a text of {len(safe):,}; "
                "leave the column out, or save as .parquet, .csv or .gpkg."
            )
        cell = self._make(self._sheet, safe)
        # A text that begins with an equals sign is a text all the same.
        cell.data_type = "s"
        return cell

    def cell(self, value: Any, column: Column) -> Any:
        if isinstance(value, pd.Timestamp):
            value = _clock(value)
        if isinstance(value, str):
            return self.text(value, column.name)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, date) and not isinstance(value, datetime) and value < FIRST_DAY:
            return self.text(value.isoformat(), column.name)
        if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
            return self.text(str(value), column.name)
        if isinstance(value, float) and value in (float("inf"), float("-inf")):
            return self.text(str(value), column.name)
        return value


def _clock(moment: pd.Timestamp) -> datetime | str:
    """Show a moment as its zone's clock, where that says all of it."""
    naive = moment.tz_localize(None)
    exact = moment.microsecond % 1000 == 0 and moment.nanosecond == 0
    told = exact and naive.date() >= FIRST_DAY
    if told and moment.tz is not None:
        told = bool(naive.tz_localize(moment.tz, ambiguous="NaT") == moment)
    return naive.to_pydatetime() if told else moment.isoformat()


def _escape(found: re.Match[str]) -> str:
    return "_x005F_x" if found[0] == "_x" else f"_x{ord(found[0]):04X}_"


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _write_origin(book: Any, said: Description) -> None:
    sheet = book.create_sheet(ORIGIN)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 22, 90
    make = _Cells(sheet)
    for name in SHOWN:
        value = said.provenance.get(name)
        if value not in (None, "", [], ()):
            shown = "; ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
            sheet.append([make.text(name), make.text(shown[:LONGEST_TEXT])])
    text = said.text()
    for start in range(0, len(text), _CHUNK):
        sheet.append([make.text(MARK), make.text(text[start : start + _CHUNK])])


SHOWN = (
    "dataset_id",
    "title",
    "publisher",
    "licence",
    "licence_url",
    "attribution",
    "portal",
    "page_url",
    "version",
    "modified",
    "fetched_at",
    "question",
    "rows",
    "stand_in",
)


def read(path: Path, _: Description | None) -> tuple[pa.Table, Description] | None:
    """Read a workbook that `write` wrote; None for another one."""
    book = _openpyxl().load_workbook(path, read_only=True, data_only=True)
    try:
        if not {ROWS, ORIGIN} <= set(book.sheetnames):
            return None
        notes = book[ORIGIN].iter_rows(max_col=2, values_only=True)
        text = "".join(_unescaped(str(value)) for name, value in notes if name == MARK)
        if not text:
            return None
        said = Description.read(text)
        rows = book[ROWS].iter_rows(values_only=True, max_col=len(said.columns))
        names = [_unescaped(str(name)) for name in next(rows)]
        cells = list(zip(*rows, strict=True)) or [()] * len(names)
        by_name = {one.name: one for one in said.columns}
        made = [
            _column(values, by_name[name]) if name in by_name else None
            for name, values in zip(names, cells, strict=True)
        ]
        kept = [place for place, one in enumerate(made) if one is not None]
        return pa.table([made[place] for place in kept], names=[names[place] for place in kept]), said
    finally:
        book.close()


def _column(values: tuple[Any, ...], column: Column) -> pa.ChunkedArray:
    kind = column.of or column.kind
    plain = [_unescaped(one) if isinstance(one, str) else one for one in values]
    if kind == "moment":
        zone = columns.zone_of(column)
        moments = [None if one is None else _moment(one, zone) for one in plain]
        return pa.chunked_array([pa.array(moments, pa.timestamp("us", "UTC" if zone else None))])
    read = READ.get(kind)
    made = plain if read is None else [None if one is None else read(one) for one in plain]
    return pa.chunked_array([pa.array(made, ARROW.get(kind, pa.string()))])


def _moment(value: Any, zone: Any) -> Any:
    moment = pd.Timestamp(value).round("ms") if not isinstance(value, str) else pd.Timestamp(value)
    if zone is not None and moment.tz is None:
        moment = moment.tz_localize(zone)
    return moment.to_pydatetime()


def _day(value: Any) -> date:
    return (
        date.fromisoformat(value) if isinstance(value, str) else value.date() if isinstance(value, datetime) else value
    )


READ: Mapping[str, Callable[[Any], Any]] = {
    "int": int,
    "double": float,
    "duration": float,
    "boolean": bool,
    "date": _day,
    "text": str,
}
ARROW = {
    "int": pa.int64(),
    "double": pa.float64(),
    "duration": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}
