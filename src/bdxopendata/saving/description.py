"""What a file says of itself: its columns, its index, and where its rows come from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

FORMAT = 1
MARK = "bdxopendata_file"
# Written beside files that have no room of their own for this.
SIDECAR = ".provenance.json"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a saved frame.

    Attributes
    ----------
    name
        Its name.
    kind
        What its values are, one of `columns.KINDS`.
    dtype
        Its pandas dtype, as text.
    of
        The kind of the categories of a category.
    categories, ordered
        The categories, as JSON values, and whether their order counts.
    crs
        The coordinate system of a geometry as PROJJSON.
    """

    name: str
    kind: str
    dtype: str
    of: str | None = None
    categories: tuple[Any, ...] | None = None
    ordered: bool = False
    crs: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """What a file holds.

    Attributes
    ----------
    provenance
        Where the rows come from, as in ``frame.attrs["bdxopendata"]``.
    columns
        Its columns in order, those of a named index first.
    index
        How many of them are the index.
    geometry
        The active geometry.
    rows
        How many rows there are.
    escaped
        Whether texts that a spreadsheet would take for formulas were escaped.
    """

    provenance: Mapping[str, Any]
    columns: tuple[Column, ...]
    rows: int
    index: int = 0
    geometry: str | None = None
    escaped: bool = False

    def text(self, **more: Any) -> str:
        """Write it as JSON."""
        said = {name: value for name, value in asdict(self).items() if name != "columns"}
        columns = [{key: value for key, value in asdict(one).items() if value is not None} for one in self.columns]
        return json.dumps({MARK: FORMAT, **said, "columns": columns, **more}, ensure_ascii=False, allow_nan=False)

    @classmethod
    def read(cls, text: str | bytes) -> Self:
        """Read what `text` wrote.

        Raises
        ------
        ValueError
            If it is something else, or of a later version of the library.
        """
        try:
            said = json.loads(text)
            if said[MARK] > FORMAT:
                raise ValueError("it was written by a later version of this library; install that one")
            columns = tuple(_column(one) for one in said["columns"])
            known = {one.name: said[one.name] for one in fields(cls) if one.name in said}
            return cls(**{**known, "columns": columns})
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("it does not say what it holds") from error

    def named(self, names: Iterable[str]) -> Self:
        """Give the columns other names, in order."""
        columns = tuple(replace(one, name=name) for one, name in zip(self.columns, names, strict=True))
        return replace(self, columns=columns)


def _column(said: Mapping[str, Any]) -> Column:
    categories = said.get("categories")
    return Column(**{**said, "categories": None if categories is None else tuple(categories)})


def sidecar_of(path: Path) -> Path:
    """Path of the JSON file beside a file."""
    return path.with_name(path.name + SIDECAR)


def sidecar_text(description: Description, name: str, part: Path) -> str:
    """Write a description with what tells whether the file beside it is still the one that was meant."""
    return description.text(file={"name": name, "bytes": part.stat().st_size, "blake2b": digest(part)})


def is_of(text: str, path: Path) -> bool:
    """Whether a sidecar was written for this very content of a file."""
    said = json.loads(text).get("file") or {}
    return said.get("bytes") == path.stat().st_size and said.get("blake2b") == digest(path)


def digest(path: Path) -> str:
    """Compute a short hash of a file's content."""
    seen = blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            seen.update(block)
    return seen.hexdigest()
