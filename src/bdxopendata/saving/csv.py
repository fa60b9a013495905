"""Frames as CSV: UTF-8, commas, every text in quotes, and what is missing as nothing at all.

So a missing text and an empty one stay two things, and a code such as ``"01"`` stays a text.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from bdxopendata.saving import columns
from bdxopendata.saving.description import Description
from bdxopendata.saving.formulas import escaped, unescaped


def write(plain: pd.DataFrame, said: Description, path: Path) -> None:
    """Write a frame; geometry is WKT, moments are ISO 8601 (UTC where they have a zone), durations are seconds."""
    table = columns.arrow_table(plain, said, clock=True)
    if said.escaped:
        table = escaped(table)
    pa_csv.write_csv(table, path, pa_csv.WriteOptions(quoting_style="needed"))


def read(path: Path, said: Description | None) -> tuple[pa.Table, Description] | None:
    """Read a file that `write` wrote."""
    if said is None:
        return None
    types = {one.name: WRITTEN.get(one.of or one.kind, pa.string()) for one in said.columns}
    table = pa_csv.read_csv(
        path,
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=types, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
        ),
    )
    return unescaped(table) if said.escaped else table, said


# What is no text in the file.
WRITTEN = {"int": pa.int64(), "double": pa.float64(), "boolean": pa.bool_(), "duration": pa.float64()}
