"""Readers of our files touch the row groups of the place that they are asked for, and no others.

The bytes of all other row groups are spoilt: whoever reads them fails.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from test_lake import places

if TYPE_CHECKING:
    from conftest import Serve

# The rows with numbers 0 to 9, of 300, without those that have no place.
BOX = (-0.6, 44.0, -0.5905, 45.0)
FOUND = [number / 10 for number in range(10) if number % 7]


def spoilt(path: Path, *, keep: int) -> Path:
    """Overwrite the data of all row groups but one; the footer stays."""
    metadata = pq.read_metadata(path)
    content = bytearray(path.read_bytes())
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(column)
            start = min(filter(None, (chunk.data_page_offset, chunk.dictionary_page_offset)))
            if group != keep:
                content[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(content)
    return path


@pytest.fixture
def file(serve: Serve, tmp_path: Path) -> Path:
    path = serve(places()).dataset("places").to_parquet(tmp_path / "places.parquet", sort_by="taille", size=50)
    spoilt(path, keep=0)
    # Whoever reads all of it fails.
    with pytest.raises((OSError, pa.ArrowException)):
        pq.read_table(path)
    return path


def test_geopandas_reads_the_row_groups_of_a_box(file: Path) -> None:
    assert sorted(gpd.read_parquet(file, bbox=BOX)["taille"]) == FOUND


def test_pyarrow_reads_the_row_groups_of_a_filter(file: Path) -> None:
    inside = pc.field("bbox", "xmin") <= BOX[2]

    assert sorted(pq.read_table(file, filters=inside)["taille"].to_pylist()) == FOUND
    assert [one.row_groups[0].id for one in ds.dataset(file).get_fragments(filter=inside)] == [0]


def test_duckdb_reads_the_row_groups_of_a_filter(file: Path) -> None:
    duckdb = pytest.importorskip("duckdb")

    found = duckdb.sql(f"SELECT taille FROM '{file}' WHERE bbox.xmin <= {BOX[2]} ORDER BY ALL").fetchall()

    assert [value for (value,) in found] == FOUND
