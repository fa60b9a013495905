"""Exports that came whole and cannot be read: fetched once more as long as nothing of them was handed out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from bdxopendata.catalog import Catalog
from bdxopendata.config import Settings
from bdxopendata.dataset import Dataset
from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.portals import Portal
from support.faulty_portal import FaultyPortal, Seen, rewritten
from test_reading import trees

if TYPE_CHECKING:
    from conftest import Serve


def spoilt(body: bytes) -> bytes:
    """The same rows in row groups of fifty, the pages of the last of them overwritten, the footer right."""
    sink = io.BytesIO()
    table = pq.read_table(io.BytesIO(body))
    pq.write_table(table, sink, row_group_size=50, compression="snappy")
    data = bytearray(sink.getvalue())
    footer = pq.read_metadata(io.BytesIO(bytes(data)))
    last = footer.row_group(footer.num_row_groups - 1).column(0)
    start = last.dictionary_page_offset or last.data_page_offset
    data[start : start + last.total_compressed_size] = bytes(0xA5 for _ in range(last.total_compressed_size))
    assert pq.read_metadata(io.BytesIO(bytes(data))).num_rows == table.num_rows
    return bytes(data)


@pytest.fixture
def late(serve: Serve) -> Iterator[tuple[FaultyPortal, Dataset]]:
    """A portal in front of which the end of an export can be spoilt, and a dataset of it."""
    with FaultyPortal(behind=serve(trees()).portal) as portal:
        catalog = Catalog(Portal("spoilt", (portal.url,), stand_in=True), settings=Settings(progress=False))
        yield portal, Dataset("trees", catalog=catalog)


def exports(portal: FaultyPortal) -> int:
    return sum("/exports/" in seen.path for seen in portal.requests)


def is_export(seen: Seen) -> bool:
    return "/exports/" in seen.path


def test_garbage_found_before_anything_was_handed_out_is_fetched_again(late: tuple[FaultyPortal, Dataset]) -> None:
    portal, dataset = late
    fault = portal.inject(rewritten("spoilt", spoilt), is_export)

    pieces = list(dataset.batches(500))

    assert fault.happened
    assert exports(portal) == 2
    assert [len(piece) for piece in pieces] == [500]


def test_garbage_found_after_something_was_handed_out_is_an_error(late: tuple[FaultyPortal, Dataset]) -> None:
    portal, dataset = late
    fault = portal.inject(rewritten("spoilt", spoilt), is_export)
    pieces = dataset.batches(100)
    taken = len(next(pieces))

    with pytest.raises(UnexpectedAnswerError, match="Parquet"):
        list(pieces)

    assert fault.happened
    assert taken == 100
    assert exports(portal) == 1


def test_garbage_at_the_end_of_what_becomes_a_file_is_fetched_again(
    late: tuple[FaultyPortal, Dataset], tmp_path: Path
) -> None:
    portal, dataset = late
    fault = portal.inject(rewritten("spoilt", spoilt), is_export)

    dataset.to_parquet(tmp_path / "trees.parquet", size=100)

    assert fault.happened
    assert exports(portal) == 2
    assert pq.read_table(tmp_path / "trees.parquet").num_rows == 500
    assert [one.name for one in tmp_path.iterdir()] == ["trees.parquet"]


def test_garbage_that_stays_leaves_the_old_file(late: tuple[FaultyPortal, Dataset], tmp_path: Path) -> None:
    portal, dataset = late
    fault = portal.inject(rewritten("spoilt", spoilt), is_export, times=None)
    target = tmp_path / "trees.parquet"
    target.write_text("the old one")

    for use in (lambda: dataset.to_parquet(target, size=100), lambda: list(dataset.batches(500))):
        before = exports(portal)
        with pytest.raises(UnexpectedAnswerError, match="Parquet"):
            use()
        assert exports(portal) - before == 2

    assert fault.fired == 4
    assert target.read_text() == "the old one"
    assert [one.name for one in tmp_path.iterdir()] == ["trees.parquet"]
