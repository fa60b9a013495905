"""Texts that a spreadsheet would take for formulas, marked so that it does not, and back."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

# What begins a formula in the usual spreadsheets, after marks that are there already.
_LEAD = "'*[=+\\-@\\t\\r\\x00]"


def escaped(table: pa.Table) -> pa.Table:
    """Put an apostrophe before texts that begin like a formula; names of columns are escaped as well."""
    names = pa.array(table.column_names, pa.string())
    marked = pc.replace_substring_regex(names, f"^({_LEAD})", "'\\1").to_pylist()
    return _each(table, f"^({_LEAD})", "'\\1").rename_columns(marked)


def unescaped(table: pa.Table) -> pa.Table:
    """Take the apostrophes of `escaped` away."""
    return _each(table, f"^'({_LEAD})", "\\1")


def _each(table: pa.Table, pattern: str, replacement: str) -> pa.Table:
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            table = table.set_column(
                place, field.name, pc.replace_substring_regex(table.column(place), pattern, replacement)
            )
    return table
