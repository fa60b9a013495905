"""Frames as one layer of GeoJSON, FlatGeobuf or GeoPackage, through GDAL.

These hold one geometry; further ones are WKT text. GeoPackage and FlatGeobuf keep moments to the millisecond, and
GeoJSON is in EPSG:4326 by its standard.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyogrio
import pyproj
import shapely

from bdxopendata.frames.arrow import WGS84, crs_of
from bdxopendata.saving import columns
from bdxopendata.saving.description import MARK, Description

# As far as GDAL looks, and what makes it take JSON for a pipeline or for the address of a service.
LOOKED_AT = 1 << 16
FOLLOWED = (b"gdal_streamed_alg", b"esriGeometry", b'"conformsTo"')


@dataclass(frozen=True, slots=True)
class Layers:
    """One of GDAL's formats."""

    driver: str
    # How each file of the format begins.
    begins: bytes
    # Moments as text: the format has no type for them, or GDAL writes them in a form of its own.
    clock: bool = False
    only_degrees: bool = False
    inside: bool = False
    written: Mapping[str, Any] = field(default_factory=dict)
    opened: Mapping[str, Any] = field(default_factory=dict)
    configured: Mapping[str, str] = field(default_factory=dict)

    def write(self, plain: pd.DataFrame, said: Description, path: Path, name: str = "") -> Description:
        """Write a frame, whose active geometry becomes the geometry of the layer."""
        if said.geometry is None:
            raise ValueError(f"A frame without geometry is no {self.driver} layer: save it as .csv, .parquet or .xlsx.")
        geometry = gpd.GeoSeries(plain[said.geometry])
        if self.only_degrees:
            if geometry.crs is None:
                raise ValueError(
                    f"{self.driver} is in EPSG:4326, and this geometry has no coordinate system: set_crs()."
                )
            if geometry.crs != crs_of(WGS84):
                geometry = geometry.to_crs(WGS84)
                said = _in_degrees(said)
        table = columns.arrow_table(plain, said, clock=self.clock)
        place = table.schema.get_field_index(said.geometry)
        wkb = pa.array(shapely.to_wkb(geometry.to_numpy(), flavor="iso"), type=pa.binary())
        table = table.set_column(place, pa.field(said.geometry, pa.binary(), metadata=_WKB), wkb)
        options = dict(self.written)
        if not len(plain):
            # GDAL 3.9 writes nothing at all for a layer that has neither rows nor an index.
            options.pop("SPATIAL_INDEX", None)
        if self.inside:
            _refuse_alike(table.column_names)
            # What the format needs for itself gets names that no column has.
            options |= {"FID": _free("fid", table.column_names), "GEOMETRY_NAME": said.geometry}
        # GDAL makes the file itself, and takes one that is there for a layer to be read.
        path.unlink(missing_ok=True)
        pyogrio.write_arrow(
            table,
            path,
            driver=self.driver,
            layer=name or None,
            geometry_name=said.geometry,
            geometry_type=_kind(geometry),
            crs=None if geometry.crs is None else geometry.crs.to_wkt(),
            layer_metadata={MARK: said.text()} if self.inside else None,
            layer_options=options,
        )
        return said

    def read(self, path: Path, said: Description | None) -> tuple[pa.Table, Description] | None:
        """Read a layer that `write` wrote; None for another one."""
        with path.open("rb") as file:
            head = file.read(LOOKED_AT)
        # GDAL looks what a file is, whatever it is called, and some kinds make it open others that they name.
        if not head.lstrip().startswith(self.begins) or any(mark in head for mark in FOLLOWED):
            raise ValueError(f"it is no {self.driver} file")
        if self.inside:
            text = (pyogrio.read_info(path, layer=0).get("layer_metadata") or {}).get(MARK)
            said = None if text is None else Description.read(text)
        if said is None:
            return None
        try:
            with _configured(self.configured):
                meta, table = pyogrio.read_arrow(path, layer=0, **self.opened)
        except pyogrio.errors.DataSourceError:
            if said.rows:
                raise
            # Older releases of GDAL write layers without rows that they cannot open.
            return pa.table({}), said
        if said.geometry is not None:
            at = table.schema.get_field_index(meta["geometry_name"] or "wkb_geometry")
            names = [said.geometry if place == at else name for place, name in enumerate(table.column_names)]
            table = table.rename_columns(names)
        return table, said


@contextmanager
def _configured(options: Mapping[str, str]) -> Iterator[None]:
    """Set options of GDAL for a while."""
    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(dict(options))
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


_WKB = {"ARROW:extension:name": "geoarrow.wkb"}


def _in_degrees(said: Description) -> Description:
    crs = pyproj.CRS.from_user_input(WGS84).to_json_dict()
    return replace(
        said, columns=tuple(replace(one, crs=crs) if one.name == said.geometry else one for one in said.columns)
    )


def _kind(geometry: gpd.GeoSeries) -> str:
    kinds = {str(one) for one in geometry.geom_type.dropna().unique()}
    if len(kinds) != 1:
        return "Unknown"
    third = " Z" if bool(geometry.has_z.any()) else ""
    return f"{kinds.pop()}{third}"


def _free(name: str, taken: list[str]) -> str:
    folded = {one.casefold() for one in taken}
    while name in folded:
        name += "_"
    return name


def _refuse_alike(names: list[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise ValueError(f"GeoPackage takes '{other}' and '{name}' for one column; rename one of them.")


GEOJSON = Layers(
    "GeoJSON",
    b"{",
    clock=True,
    only_degrees=True,
    # Seventeen digits give a double back; texts stay texts even where they look like JSON.
    written={
        "RFC7946": "NO",
        "COORDINATE_PRECISION": "17",
        "SIGNIFICANT_FIGURES": "17",
        "AUTODETECT_JSON_STRINGS": "NO",
    },
    opened={"DATE_AS_STRING": "YES"},
)
# A spatial index would put rows into another order, and has no place for rows without geometry.
FLATGEOBUF = Layers(
    "FlatGeobuf",
    b"fgb",
    written={"SPATIAL_INDEX": "NO"},
    # GDAL's quicker reader goes astray where a row has no geometry.
    configured={"OGR_FLATGEOBUF_STREAM_BASE_IMPL": "YES"},
)
GEOPACKAGE = Layers("GPKG", b"SQLite format 3", inside=True)
