"""Plain polygons are judged and made without GEOS reading their WKB, and come out as if it had."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from bdxopendata.fields import Field
from bdxopendata.frames import geometry
from bdxopendata.frames.quality import Quality

FIELD = Field("area", "geo_shape")
SQUARE = box(-0.6, 44.8, -0.5, 44.9)


def ring(*points: tuple[float, float], count: int | None = None, head: bytes = b"\x01\x03\x00\x00\x00") -> bytes:
    said = len(points) if count is None else count
    return head + struct.pack("<II", 1, said) + b"".join(struct.pack("<dd", *one) for one in points)


def both(values: list[bytes | None], monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, object, object]]:
    found = []
    for fast in (True, False):
        with monkeypatch.context() as patch:
            if not fast:
                patch.setattr(geometry, "wkb_polygons", lambda array: None)
            quality = Quality()
            shapes = geometry.to_shapes(pa.array(values, pa.binary()), FIELD, quality)
            made = geometry.Geometries().of(pa.chunked_array([shapes]))
            found.append((shapes.to_pylist(), quality.counts, [None if one is None else one.wkb for one in made]))
    return found


NAN = float("nan")
ODD: list[bytes | None] = [
    None,
    b"",
    b"\x01",
    shapely.to_wkb(Point(1, 2)),
    shapely.to_wkb(LineString([(0, 0), (1, 1), (2, 2), (3, 3)])),
    shapely.to_wkb(MultiPolygon([SQUARE, box(1, 1, 2, 2)])),
    shapely.to_wkb(Polygon(SQUARE.exterior, [box(-0.57, 44.83, -0.55, 44.85).exterior.coords])),
    shapely.to_wkb(SQUARE, byte_order=0),
    shapely.to_wkb(shapely.force_3d(SQUARE), output_dimension=3),
    shapely.to_wkb(shapely.set_srid(SQUARE, 4326), include_srid=True),
    shapely.to_wkb(Polygon()),
    ring((0, 0), (1, 0), (1, 1), (0, 1)),
    ring((0, 0), (1, 0), (0, 0)),
    ring((0, 0), (0, 0), (0, 0), (0, 0)),
    ring((0, 0), (1, 1), (1, 0), (0, 1), (0, 0)),
    ring((0.0, 0), (1, 0), (1, 1), (-0.0, 0)),
    ring((0, 0), (1, 0), (1, 1), (0, 0), count=5),
    ring((0, 0), (1, 0), (1, 1), (1, 0), (0, 0), count=4),
    ring((0, 0), (1, 0), (1, 1), (0, 0), head=b"\x01\x06\x00\x00\x00"),
    ring((0, 0), (NAN, 0), (1, 1), (0, 0)),
    ring((NAN, 0), (1, 0), (1, 1), (NAN, 0)),
    ring((0, 0), (float("inf"), 0), (1, 1), (0, 0)),
    ring((0, 0), (181, 0), (1, 1), (0, 0)),
    ring((0, 0), (180, 90), (-180, -90), (0, 0)),
    ring((0, 0), (0, 90.1), (1, 1), (0, 0)),
]


@pytest.mark.parametrize("block", [1, 2, 2048])
@pytest.mark.parametrize("place", range(len(ODD)))
def test_what_is_odd_among_polygons_is_judged_as_geos_judges_it(
    place: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geometry, "_AT_ONCE", block)
    fast, slow = both([shapely.to_wkb(SQUARE), ODD[place], shapely.to_wkb(box(0, 0, 1, 1))], monkeypatch)

    assert fast == slow


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=3, max_size=6).map(
                lambda points: ring(*points, points[0])
            ),
        ),
        max_size=6,
    ),
    st.integers(0, 3),
)
def test_any_rings_are_made_as_geos_reads_them(values: list[bytes | None], skip: int) -> None:
    array = pa.array([shapely.to_wkb(SQUARE)] * skip + values, pa.binary()).slice(skip)
    polygons = geometry.wkb_polygons(array)
    quality = Quality()

    assert geometry.to_shapes(array, FIELD, quality).equals(array)
    assert not quality.counts
    assert (polygons is None) == (array.null_count == len(array))
    made = geometry.Geometries().of(pa.chunked_array([array]))
    read = geometry.read_wkb(array)
    assert [None if one is None else one.wkb for one in made] == [None if one is None else one.wkb for one in read]


def test_plain_polygons_are_not_read_by_geos(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(array: pa.Array) -> np.ndarray:
        raise AssertionError("read by GEOS")

    monkeypatch.setattr(geometry, "read_wkb", refuse)
    array = pa.array([shapely.to_wkb(SQUARE), None, shapely.to_wkb(box(0, 0, 1, 1))], pa.binary())

    shapes = geometry.to_shapes(array, FIELD, Quality())

    assert [one and one.bounds for one in geometry.Geometries().of(pa.chunked_array([shapes]))] == [
        (-0.6, 44.8, -0.5, 44.9), None, (0, 0, 1, 1),
    ]  # fmt: skip
