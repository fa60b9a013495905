"""Saving a frame to a file, whole or not at all, and loading it again."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bdxopendata import disk
from bdxopendata.errors import DataQualityWarning, levels_up, name_list
from bdxopendata.lineage import ATTRIBUTE, Provenance, facts_of, sources_of

if TYPE_CHECKING:
    import pandas as pd

    from bdxopendata.saving.description import Description


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file: its suffixes, what it is called for people, and the module that writes it."""

    name: str
    suffixes: tuple[str, ...]
    module: str
    member: str = ""
    # Whether the file has room for what it says of itself.
    inside: bool = False
    geometric: bool = False

    @property
    def _home(self) -> Any:
        module = import_module(f"bdxopendata.saving.{self.module}")
        return getattr(module, self.member) if self.member else module

    def write(self, plain: pd.DataFrame, said: Description, part: Path, name: str) -> Description:
        """Write a frame to a path; return what is to be said of it in the end."""
        home = self._home
        written: Description | None = (
            home.write(plain, said, part, name) if self.member else home.write(plain, said, part)
        )
        return written or said

    @property
    def read(self) -> Callable[[Path, Description | None], Any]:
        """What reads a file of the format."""
        read: Callable[[Path, Description | None], Any] = self._home.read
        return read


FORMATS: tuple[Format, ...] = (
    Format("GeoParquet or Parquet", (".parquet", ".geoparquet", ".pq"), "parquet", inside=True),
    Format("CSV", (".csv",), "csv"),
    Format("GeoJSON", (".geojson",), "layers", "GEOJSON", geometric=True),
    Format("FlatGeobuf", (".fgb",), "layers", "FLATGEOBUF", geometric=True),
    Format("GeoPackage", (".gpkg",), "layers", "GEOPACKAGE", inside=True, geometric=True),
    Format("Excel", (".xlsx",), "excel", inside=True),
)


def format_of(path: str | os.PathLike[str]) -> Format:
    """Choose the format by the ending of a name.

    Raises
    ------
    ValueError
        If no format has it.
    """
    suffix = Path(path).suffix.lower()
    for one in FORMATS:
        if suffix in one.suffixes:
            return one
    known = name_list([ending for one in FORMATS for ending in one.suffixes])
    raise ValueError(f"The ending of the name says the format: {known}, not {suffix or 'none'!r}.")


def place_of(path: str | os.PathLike[str]) -> Path:
    """Check that a file can be at a path.

    Raises
    ------
    FileNotFoundError, FileExistsError
        If its folder does not exist, or it is a folder itself.
    """
    target = folder_of(path)
    if target.is_dir():
        raise FileExistsError(f"{target} is a folder; name a file.")
    return target


def folder_of(path: str | os.PathLike[str]) -> Path:
    """Check that a file or a folder can be at a path.

    Raises
    ------
    FileNotFoundError
        If the folder around it does not exist.
    """
    target = Path(path).expanduser().absolute()
    if not target.parent.is_dir():
        raise FileNotFoundError(f"The folder {target.parent} does not exist; make it first.")
    return target


def save(
    frame: pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    sources: pd.DataFrame | Provenance | Iterable[pd.DataFrame | Provenance] | None = None,
    escape_formulas: bool = False,
) -> Path:
    """Save a frame to a file that knows where it comes from; `load` gives it back.

    Parameters
    ----------
    frame
        A frame of this library, or one made of such.
    path
        Where to; its folder must exist. The ending says the format: ``.parquet`` (GeoParquet where there is geometry),
        ``.csv``, ``.geojson``, ``.fgb``, ``.gpkg`` or ``.xlsx``. The file is whole, or as it was before.
    sources
        Where the rows come from, where `frame` no longer says so: the frames that it was made of, or their
        `provenance`.
    escape_formulas
        For CSV that people open in a spreadsheet: put an apostrophe before texts that it would take for formulas.
        `load` takes it away again. Excel files need none: their texts are stored as texts.

    Returns
    -------
    pathlib.Path
        The file. CSV, GeoJSON and FlatGeobuf have no room for it, so the provenance stands beside them, in
        ``<name>.provenance.json``.

    Raises
    ------
    ValueError
        If the frame carries no provenance, or the format cannot hold it: see Notes.
    TypeError
        If it is no frame, or a column has a type that no file can hold.
    FileNotFoundError
        If the folder of `path` does not exist.
    ImportError
        For Excel without the extra ``excel``.

    Notes
    -----
    A named index is kept, another one is not. CSV and Excel hold geometry as WKT; GeoJSON is always in EPSG:4326;
    GeoPackage, FlatGeobuf and Excel keep moments to the millisecond; Excel takes an empty
    text for a missing one. Neither key nor address of a request is written.

    Examples
    --------
    >>> import bdxopendata as bdx
    >>> from bdxopendata.testing import StandIn
    >>> with StandIn() as portal:
    ...     parks = bdx.Catalog(portal.url)["st_park_p"].to_geopandas()
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> again = bdx.load(bdx.save(parks, folder / "parks.gpkg"))
    >>> again.equals(parks), bdx.provenance(again).dataset_id
    (True, 'st_park_p')
    """
    import pandas as pd

    from bdxopendata.saving import columns
    from bdxopendata.saving.description import sidecar_of, sidecar_text

    if not isinstance(frame, pd.DataFrame):
        hint = "; use its own save()" if hasattr(frame, "save") else ", such as to_pandas() returns"
        raise TypeError(f"save() takes a frame, not {type(frame).__name__}{hint}.")
    kind = format_of(path)
    target = place_of(path)
    facts = _facts(frame, sources)
    plain, said = columns.described(frame, facts, escaped=escape_formulas and kind.module == "csv")
    disk.sweep_parts(target.parent)
    descriptor, part = disk.new_part(target.parent, target.suffix, private=False)
    os.close(descriptor)
    try:
        said = kind.write(plain, said, part, target.stem)
        if not kind.inside:
            # If all ends between the two, the hash in this one says that it is about another file.
            disk.write_whole(sidecar_of(target), sidecar_text(said, target.name, part).encode(), private=False)
        disk.move_into_place(part, target)
    finally:
        disk.remove(part)
    disk.sync_folder(target.parent)
    return target


def load(path: str | os.PathLike[str]) -> Any:
    """Load a file that `save`, ``.save()`` or ``.to_parquet()`` wrote, as the frame that it was.

    Parameters
    ----------
    path
        The file, or the folder of partitions that ``.to_parquet(partition_by=…)`` wrote. Where its provenance stands
        beside it, that file must have stayed there.

    Returns
    -------
    pandas.DataFrame or geopandas.GeoDataFrame
        The same columns, dtypes, order and coordinate system, with its `provenance`. A file of ``.to_parquet()`` comes
        as ``to_geopandas()`` gives it, or ``to_pandas()`` where there is no geometry.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no whole file of this kind, or does not say where it comes from: other files are for pandas.

    Warns
    -----
    DataQualityWarning
        If the file is no longer the one that the provenance beside it was written for.
    """
    target = Path(path).expanduser().absolute()
    if target.is_dir():
        return _load_folder(target)
    kind = format_of(path)
    if not target.is_file():
        raise FileNotFoundError(f"There is no file {target}.")
    beside = None if kind.inside else _beside(target)
    try:
        found = kind.read(target, beside)
    except ImportError:
        raise
    except Exception as error:
        # Each format's library has errors of its own, and all of them mean the same here.
        raise ValueError(f"{target} cannot be read as {kind.name}: {error}") from error
    if found is None:
        raise ValueError(
            f"{target} does not say where it comes from"
            f"{'' if kind.inside else f', and there is no {target.name}.provenance.json beside it'}: "
            "it is no file of save(). Read it with pandas or geopandas."
        )
    if not isinstance(found, tuple):
        return found
    from bdxopendata.saving import columns

    table, said = found
    try:
        frame = columns.frame_of(table, said)
    except ValueError as error:
        raise ValueError(f"{target} is not as it was saved: {error}") from error
    frame.attrs = {ATTRIBUTE: dict(said.provenance)}
    return frame


def _load_folder(folder: Path) -> Any:
    from bdxopendata.saving import parquet

    try:
        found = parquet.read_folder(folder)
    except Exception as error:
        raise ValueError(f"{folder} cannot be read as a folder of partitions: {error}") from error
    if found is None:
        raise ValueError(
            f"{folder} is no folder of to_parquet(partition_by=…). What record() wrote is read with history(), and a "
            "file by its own name."
        )
    return found


def _beside(target: Path) -> Description | None:
    from bdxopendata.saving.description import Description, is_of, sidecar_of

    try:
        text = sidecar_of(target).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        said = Description.read(text)
        same = is_of(text, target)
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{sidecar_of(target)} cannot be understood: {error}") from error
    if not same:
        warnings.warn(
            DataQualityWarning(
                f"{target.name} was changed after it was saved; its provenance tells of the rows as they were."
            ),
            stacklevel=levels_up(),
        )
    return said


def _facts(frame: pd.DataFrame, sources: Any) -> dict[str, Any]:
    if sources is None:
        return facts_of(frame)
    several = [sources] if hasattr(sources, "attrs") or not isinstance(sources, Iterable) else list(sources)
    every = [facts for one in several for facts in sources_of(facts_of(one))]
    if not every:
        raise ValueError("sources is empty: name the frames from which the rows come.")
    return every[0] | {"rows": len(frame)} | ({"sources": every} if len(every) > 1 else {})
