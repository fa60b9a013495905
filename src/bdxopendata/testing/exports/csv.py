"""CSV: ``;``, CRLF, quotes only where needed, a byte order mark unless declined.

Points are ``lat, lon``; shapes are the bare geometry; lists are joined without any escape. A missing value and an
empty text are the same empty cell.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from typing import Any

from bdxopendata.testing.exports.task import Task
from bdxopendata.testing.sheets import Column, Sheet
from bdxopendata.testing.tables import bare_geometry

BOM = "\ufeff".encode()


def write(task: Task) -> Iterable[bytes]:
    """Header and rows."""
    parameters = task.parameters
    settings = {
        "delimiter": parameters.choice("delimiter"),
        # Python's own name for "every string": anything that is not a number.
        "quoting": csv.QUOTE_NONNUMERIC if parameters.flag("quote_all") else csv.QUOTE_MINIMAL,
        "lineterminator": "\r\n",
    }
    separator = parameters.text("list_separator") or ","
    labels = parameters.flag("use_labels")
    header = [column.label if labels else column.name for column in task.sheet.columns]
    cells = [cell_values(task.sheet, column, task.zone, separator) for column in task.sheet.columns]
    return lines(header, zip(*cells, strict=True), settings, bom=parameters.flag("with_bom"))


def lines(
    header: list[str], rows: Iterable[tuple[Any, ...]], settings: Mapping[str, Any], *, bom: bool
) -> Iterable[bytes]:
    """Write the file, line by line."""
    text = io.StringIO()
    writer = csv.writer(text, **settings)
    if bom:
        yield BOM
    writer.writerow(header)
    for row in rows:
        writer.writerow(row)
        if text.tell() > 32_768:
            yield text.getvalue().encode("utf-8", "replace")
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode("utf-8", "replace")


def cell_values(sheet: Sheet, column: Column, zone: tzinfo, separator: str) -> list[Any]:
    """Return the cells of one column."""
    values = sheet.values(column, zone)
    if column.multivalued:
        return [separator.join(map(str, value)) if isinstance(value, list) else value for value in values]
    if column.type == "file":
        return [sheet.held.file_address(value) if isinstance(value, Mapping) else value for value in values]
    change = CELLS.get(column.type)
    return values if change is None else [None if value is None else change(value) for value in values]


def point_cell(value: Any) -> Any:
    """``lat, lon``."""
    return f"{value['lat']}, {value['lon']}" if isinstance(value, Mapping) and "lat" in value else value


def shape_cell(value: Any) -> Any:
    """Return the bare geometry as JSON text."""
    geometry = bare_geometry(value)
    return json.dumps(geometry) if isinstance(geometry, Mapping) else geometry


def other_cell(value: Any) -> Any:
    """Anything with a structure as JSON text."""
    return json.dumps(value) if isinstance(value, dict | list) else value


CELLS: Mapping[str, Callable[[Any], Any]] = {
    "geo_point_2d": point_cell,
    "geo_shape": shape_cell,
    # True and False, as in the recorded catalogue export; no dataset export with a boolean is recorded.
    "boolean": str,
    "unknown": other_cell,
    "text": other_cell,
}
