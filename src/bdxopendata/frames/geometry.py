"""Points and shapes, in longitude and latitude of WGS 84, from every form in which a portal sends them.

Points become two numbers, shapes WKB. A row keeps its place whatever its geometry is; a geometry that is broken, empty
or off the earth becomes missing and is counted.

Nothing here loops over rows in Python as long as values have the usual forms.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from bdxopendata.fields import Field
from bdxopendata.frames.collector import collector_paused
from bdxopendata.frames.columns import POINT
from bdxopendata.frames.quality import NOT_A_GEOMETRY, OFF_THE_EARTH, Quality
from bdxopendata.frames.values import json_text, lost, nulled, parsed, trimmed

Objects = npt.NDArray[np.object_]
Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]

# A point in little-endian WKB: byte order, kind, two doubles.
POINT_SIZE = 21
# A polygon of one ring in little-endian WKB, as far as the number of its points.
_RING_HEAD = np.frombuffer(b"\x01\x03\x00\x00\x00\x01\x00\x00\x00", dtype=np.uint8)
_POINT_HEAD = np.frombuffer(b"\x01\x01\x00\x00\x00", dtype=np.uint8)

# Shapes that are looked at together.
_AT_ONCE = 2048

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_LAT_LON = rf"^\s*(?P<lat>{_NUMBER})\s*,\s*(?P<lon>{_NUMBER})\s*$"


def to_points(array: pa.Array, field: Field, quality: Quality) -> pa.Array:
    """Points as two numbers."""
    kind = array.type
    if pa.types.is_struct(kind):
        points = _named(array)
    elif pa.types.is_binary(kind):
        coordinates = wkb_coordinates(array)
        if coordinates is not None and not array.null_count and _on_earth(coordinates):
            return pa.StructArray.from_arrays(list(_scattered(coordinates, array)), fields=list(POINT))
        points = _from_wkb(array)
    elif pa.types.is_string(kind):
        array = trimmed(array)
        points = _from_text(array)
    else:
        points = _looked_at(array)
    quality.add(field.name, NOT_A_GEOMETRY, lost(array, points))
    lon, lat = points.flatten()
    off = pc.or_(pc.greater(pc.abs(lon), 180.0), pc.greater(pc.abs(lat), 90.0))
    kept = nulled(points, off)
    quality.add(field.name, OFF_THE_EARTH, lost(points, kept))
    return kept


def _on_earth(coordinates: Doubles) -> bool:
    """Whether all are places; what is no number is none."""
    return bool((np.abs(coordinates) <= (180.0, 90.0)).all())


def _paired(lon: pa.Array, lat: pa.Array) -> pa.Array:
    """Points of two columns; missing where one of them is missing or no finite number."""
    whole = pc.and_(pc.fill_null(pc.is_finite(lon), False), pc.fill_null(pc.is_finite(lat), False))
    children = [pc.if_else(whole, one, pa.scalar(None, pa.float64())) for one in (lon, lat)]
    return pa.StructArray.from_arrays(children, fields=list(POINT), mask=pc.invert(whole))


def _named(array: pa.Array) -> pa.Array:
    places = [array.type.get_field_index(name) for name in ("lon", "lat")]
    if min(places) < 0:
        return pa.nulls(len(array), POINT)
    columns = array.flatten()
    try:
        lon, lat = (columns[place].cast(pa.float64(), safe=False) for place in places)
    except pa.ArrowException:
        return pa.nulls(len(array), POINT)
    return _paired(lon, lat)


def wkb_coordinates(array: pa.Array) -> npt.NDArray[np.float64] | None:
    """Coordinates of a column of plain two-dimensional points, read where they lie; None if one is something else."""
    present = array.drop_null() if array.null_count else array
    if not len(present):
        return np.empty((0, 2))
    offsets = np.frombuffer(present.buffers()[1], dtype=np.int32)[present.offset : present.offset + len(present) + 1]
    if not (np.diff(offsets) == POINT_SIZE).all():
        return None
    held = np.frombuffer(present.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]].reshape(-1, POINT_SIZE)
    if not (held[:, : len(_POINT_HEAD)] == _POINT_HEAD).all():
        return None
    return np.ascontiguousarray(held[:, len(_POINT_HEAD) :]).view("<f8")


def _from_wkb(array: pa.Array) -> pa.Array:
    coordinates = wkb_coordinates(array)
    if coordinates is not None:
        return _paired(*_scattered(coordinates, array))
    return _of_geometries(read_wkb(array))


def _scattered(coordinates: Doubles, array: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Two columns as long as `array`, from the coordinates of its present values."""
    if not array.null_count:
        return pa.array(coordinates[:, 0]), pa.array(coordinates[:, 1])
    full = np.full((len(array), 2), np.nan)
    full[array.is_valid().to_numpy(zero_copy_only=False)] = coordinates
    return pa.array(full[:, 0]), pa.array(full[:, 1])


def _of_geometries(geometries: Objects) -> pa.Array:
    """Points of geometries; whatever is no point is missing."""
    point = (shapely.get_type_id(geometries) == shapely.GeometryType.POINT) & ~shapely.is_empty(geometries)
    places = _only(geometries, point)
    return _paired(pa.array(shapely.get_x(places)), pa.array(shapely.get_y(places)))


def _from_text(array: pa.Array) -> pa.Array:
    """Points of text: "lat, lon", or JSON in any of its forms."""
    pair = pc.extract_regex(array, _LAT_LON)
    lat, lon = (part.cast(pa.float64()) for part in pair.flatten())
    points = _paired(lon, lat)
    rest = nulled(array, pc.is_valid(pair))
    if rest.null_count == len(rest):
        return points
    return pc.coalesce(points, _looked_at(rest))


def _looked_at(array: pa.Array) -> pa.Array:
    return pa.array([None if one is None else _as_point(one) for one in array.to_pylist()], POINT)


def _as_point(value: Any) -> dict[str, float] | None:
    if isinstance(value, str):
        if value[:1] not in ("{", "["):
            read: Objects = shapely.from_wkt(np.array([value], dtype=object), on_invalid="ignore")
            return _of_geometries(read)[0].as_py()  # type: ignore[no-any-return]  # Arrow has no types
        value = parsed(value)
    if isinstance(value, list):
        # The first version of the API puts the latitude first; GeoJSON never comes as a bare list.
        pair = value[1::-1] if len(value) == 2 else []
    elif isinstance(value, dict) and "lon" in value:
        pair = [value["lon"], value.get("lat")]
    elif isinstance(value, dict) and value.get("type") == "Feature":
        return _as_point(value.get("geometry"))
    elif isinstance(value, dict) and value.get("type") == "Point" and isinstance(value.get("coordinates"), list):
        pair = value["coordinates"][:2]
    else:
        return None
    lon, lat = (_as_double(one) for one in pair) if len(pair) == 2 else (None, None)
    return None if lon is None or lat is None else {"lon": lon, "lat": lat}


def _as_double(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def to_shapes(array: pa.Array, field: Field, quality: Quality) -> pa.Array:
    """Shapes as WKB: little-endian, two or three dimensions in the way of the ISO."""
    kind = array.type
    if pa.types.is_binary(kind):
        coordinates = wkb_coordinates(array)
        if coordinates is not None:
            return _checked_points(array, coordinates, field, quality)
        if _are_plain_polygons(array):
            return array
        geometries = read_wkb(array)
    elif pa.types.is_string(kind):
        array = trimmed(array)
        array = nulled(array, pc.equal(array, "null"))
        geometries = _read_text(array)
    else:
        texts = pa.array([json_text(one) for one in array.to_pylist()], pa.string())
        geometries = _read_text(texts)
    present = array.is_valid().to_numpy(zero_copy_only=False)
    usable, off = _judged(geometries)
    broken = np.flatnonzero(present & ~usable & ~off)
    quality.add(field.name, NOT_A_GEOMETRY, sum(not _says_nothing(array[int(place)].as_py()) for place in broken))
    quality.add(field.name, OFF_THE_EARTH, int(off.sum()))
    if pa.types.is_binary(kind) and _is_plain(array, geometries):
        return nulled(array, pa.array(~usable))
    return write_wkb(_only(geometries, usable))


def _says_nothing(value: Any) -> bool:
    """Whether a value is a feature that has no geometry: missing, not broken."""
    feature = parsed(value) if isinstance(value, str) else value
    return isinstance(feature, dict) and "geometry" in feature and feature["geometry"] is None


def _only(geometries: Objects, where: Flags) -> Objects:
    """Geometries with None where `where` is false."""
    kept = geometries.copy()
    kept[~where] = None
    return kept


def _checked_points(array: pa.Array, coordinates: Doubles, field: Field, quality: Quality) -> pa.Array:
    if _on_earth(coordinates):
        return array
    finite = np.isfinite(coordinates).all(axis=1)
    on_earth = (np.abs(coordinates) <= (180.0, 90.0)).all(axis=1)
    quality.add(field.name, NOT_A_GEOMETRY, int((~finite).sum()))
    quality.add(field.name, OFF_THE_EARTH, int((finite & ~on_earth).sum()))
    bad = np.zeros(len(array), dtype=bool)
    bad[array.is_valid().to_numpy(zero_copy_only=False)] = ~on_earth
    return nulled(array, pa.array(bad))


def wkb_polygons(array: pa.Array) -> tuple[Doubles, Places] | None:
    """Coordinates of a column of plain polygons of one ring, read where they lie, and where each of them begins.

    None if one is something else, or is what GEOS would refuse. Missing ones have no coordinates and no beginning; the
    last place is the end.
    """
    present = array.drop_null() if array.null_count else array
    if not len(present):
        return None
    offsets = np.frombuffer(present.buffers()[1], np.int32)[present.offset : present.offset + len(present) + 1]
    sizes = np.diff(offsets) - len(_RING_HEAD) - 4
    # A ring has four points at least.
    if (sizes < 64).any() or (sizes % 16).any():
        return None
    data = np.frombuffer(present.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
    heads = (offsets[:-1, None] - offsets[0]) + np.arange(len(_RING_HEAD) + 4)
    said = data[heads]
    counts = np.ascontiguousarray(said[:, len(_RING_HEAD) :]).view("<u4").ravel()
    if (said[:, : len(_RING_HEAD)] != _RING_HEAD).any() or (counts != sizes // 16).any():
        return None
    inside = np.ones(len(data), dtype=bool)
    inside[heads] = False
    coordinates = data[inside].view("<f8").reshape(-1, 2)
    begins = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    if (coordinates[begins[:-1]] != coordinates[begins[1:] - 1]).any():
        return None
    return coordinates, begins


def _are_plain_polygons(array: pa.Array) -> bool:
    """Whether all that is there are plain polygons on earth."""
    for block in _blocks(array):
        polygons = wkb_polygons(block)
        if polygons is None and block.null_count < len(block):
            return False
        if polygons is not None and not _are_on_earth(polygons[0]):
            return False
    return True


def _blocks(array: pa.Array) -> Iterator[pa.Array]:
    """Cut an array into blocks that stay in the processor's memory while they are looked at."""
    return (array.slice(start, _AT_ONCE) for start in range(0, len(array), _AT_ONCE))


def _are_on_earth(coordinates: Doubles) -> bool:
    """Whether all are numbers, and places on earth."""
    sides = zip(coordinates.T, (180.0, 90.0), strict=True)
    return all(bool(-most <= side.min() and side.max() <= most) for side, most in sides)


def make_polygons(coordinates: Doubles, begins: Places, missing: Flags | None) -> Objects:
    """Geometries of what `wkb_polygons` gives; None where `missing`."""
    with collector_paused():
        rings = np.arange(len(begins))
        made = np.asarray(
            shapely.from_ragged_array(shapely.GeometryType.POLYGON, coordinates, (begins, rings)), dtype=object
        )
    if missing is None:
        return made
    geometries = np.full(len(missing), None, dtype=object)
    geometries[~missing] = made
    return geometries


def _judged(geometries: Objects) -> tuple[Flags, Flags]:
    """Which geometries can be used, and which cannot because they lie off the earth."""
    with_place = ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    with np.errstate(all="ignore"):
        bounds = shapely.bounds(geometries)
    # Bounds of a geometry leave out coordinates that are no number, so the sum of all is asked as well.
    finite = with_place & _finite(geometries)
    inside = (np.abs(np.nan_to_num(bounds)) <= (180.0, 90.0, 180.0, 90.0)).all(axis=1)
    return finite & inside, finite & ~inside


def _finite(geometries: Objects) -> Flags:
    coordinates, owner = shapely.get_coordinates(geometries, return_index=True)
    finite = np.ones(len(geometries), dtype=bool)
    finite[owner[~np.isfinite(coordinates).all(axis=1)]] = False
    return finite


def _is_plain(array: pa.Array, geometries: Objects) -> bool:
    """Whether WKB can stay as it was sent: little-endian and flat, so that equal shapes are equal bytes."""
    little = pc.all(pc.starts_with(array, b"\x01")).as_py()
    return little is not False and not (shapely.has_z(geometries) | (shapely.get_srid(geometries) > 0)).any()


def read_wkb(array: pa.Array) -> Objects:
    """Geometries of WKB; what is broken is None."""
    values = np.asarray(array.to_numpy(zero_copy_only=False), dtype=object)
    with collector_paused(), np.errstate(all="ignore"):
        geometries: Objects = shapely.from_wkb(values, on_invalid="ignore")
    return geometries


def write_wkb(geometries: Objects) -> pa.Array:
    """WKB of geometries; None stays missing."""
    written = shapely.to_wkb(geometries, byte_order=1, include_srid=False, flavor="iso")
    return pa.array(written, pa.binary())


def _read_text(array: pa.Array) -> Objects:
    """Geometries of text: GeoJSON geometry or feature, else WKT."""
    is_json = pc.starts_with(array, "{")
    texts = np.asarray(nulled(array, pc.invert(is_json)).to_numpy(zero_copy_only=False), dtype=object)
    with collector_paused(), np.errstate(all="ignore"):
        geometries: Objects = shapely.from_geojson(texts, on_invalid="ignore")
        if pc.any(pc.invert(is_json)).as_py():
            others = np.asarray(nulled(array, is_json).to_numpy(zero_copy_only=False), dtype=object)
            geometries = np.where(
                shapely.is_missing(geometries), shapely.from_wkt(others, on_invalid="ignore"), geometries
            )
    return geometries


def coordinates_of(array: pa.Array) -> Doubles | None:
    """Coordinates of a column of points or of WKB, NaN where missing; None if a shape is no plain point."""
    if pa.types.is_struct(array.type):
        return np.column_stack([part.to_numpy(zero_copy_only=False) for part in array.flatten()])
    coordinates = wkb_coordinates(array)
    if coordinates is None or not array.null_count:
        return coordinates
    return np.column_stack([part.to_numpy() for part in _scattered(coordinates, array)])


def same_places(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    """Whether two columns of points or WKB hold the same plain points, missing ones included."""
    parts = []
    for column in (one, other):
        if column.num_chunks != 1 or (pa.types.is_struct(column.type) and column.type != POINT):
            return False
        parts.append(coordinates_of(column.chunk(0)))
    first, second = parts
    return first is not None and second is not None and np.array_equal(first, second, equal_nan=True)


class Geometries:
    """Makes the geometry columns of one frame.

    A layer of points carries each place twice, as its point and as its shape. Geometries never change, so the
    second column holds the same objects.
    """

    def __init__(self) -> None:
        self._made: list[tuple[Doubles, Objects]] = []
        self._named: dict[str, Objects] = {}

    def named(self, name: str, column: pa.ChunkedArray, same: str | None = None) -> Objects:
        """Geometries of the column of a name; `same` names the one that is known to hold the same places."""
        known = self._named.get(same) if same is not None else None
        self._named[name] = self.of(column) if known is None else known.copy()
        return self._named[name]

    def of(self, column: pa.ChunkedArray) -> Objects:
        """Geometries of a column; None where it is missing."""
        parts = [coordinates_of(chunk) for chunk in column.chunks]
        points = [part for part in parts if part is not None]
        if len(points) < len(parts):
            made = [_read(chunk, part) for chunk, part in zip(column.chunks, parts, strict=True)]
            return made[0] if len(made) == 1 else np.concatenate(made)
        coordinates = points[0] if len(points) == 1 else np.concatenate([np.empty((0, 2)), *points])
        for known, geometries in self._made:
            # Compared bit by bit: numbers that are equal otherwise only cost a second column of objects.
            if np.array_equal(known.view(np.int64), coordinates.view(np.int64)):
                return geometries.copy()
        made_now = make_points(coordinates)
        self._made.append((coordinates, made_now))
        return made_now


def _read(array: pa.Array, coordinates: Doubles | None) -> Objects:
    if coordinates is not None:
        return make_points(coordinates)
    made = [_polygons(block) for block in _blocks(array)]
    return made[0] if len(made) == 1 else np.concatenate([np.empty(0, dtype=object), *made])


def _polygons(array: pa.Array) -> Objects:
    polygons = wkb_polygons(array)
    if polygons is None:
        return read_wkb(array)
    return make_polygons(*polygons, array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None)


def make_points(coordinates: Doubles) -> Objects:
    """Geometries of coordinates; None where they are no numbers."""
    missing = np.isnan(coordinates[:, 0])
    with collector_paused():
        if not missing.any():
            return np.asarray(shapely.points(coordinates), dtype=object)
        present = ~missing
        geometries = np.full(len(coordinates), None, dtype=object)
        geometries[present] = shapely.points(coordinates[present])
        return geometries


def points_wkb(array: pa.Array) -> pa.Array:
    """WKB of a column of points, written as one block."""
    lon, lat = (one.to_numpy(zero_copy_only=False) for one in array.flatten())
    block = np.empty((len(array), POINT_SIZE), dtype=np.uint8)
    block[:, : len(_POINT_HEAD)] = _POINT_HEAD
    block[:, len(_POINT_HEAD) :] = np.column_stack([lon, lat]).astype("<f8").view(np.uint8).reshape(len(array), 16)
    offsets = pa.py_buffer(np.arange(0, (len(array) + 1) * POINT_SIZE, POINT_SIZE, dtype=np.int32).tobytes())
    written = pa.Array.from_buffers(pa.binary(), len(array), [None, offsets, pa.py_buffer(block.tobytes())])
    return nulled(written, array.is_null()) if array.null_count else written


def geojson_text(array: pa.Array) -> pa.Array:
    """GeoJSON text of a column of WKB."""
    return pa.array(shapely.to_geojson(Geometries().of(pa.chunked_array([array]))), pa.string())
