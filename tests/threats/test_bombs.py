"""A few kilobytes that would fill memory cost at most 512 MiB, measured in a process of its own, and are refused."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.faulty_portal import FaultyPortal, Seen, answer

MOST = 512  # MiB
DESCRIPTION = {
    "dataset_id": "bomb",
    "has_records": True,
    "fields": [{"name": "a", "type": "text"}, {"name": "b", "type": "text"}],
    "metas": {"default": {"title": "Bomb", "data_processed": "2026-01-01T00:00:00+00:00"}},
}

# Tells the peak beyond what the libraries take by themselves, and what the call ended with.
CHILD = """
import resource, sys, threading, time
import bdxopendata as bdx
import geopandas, pyarrow.parquet, pyarrow.csv, requests_cache
from bdxopendata import formats, frames
catalog = bdx.Catalog(sys.argv[1], settings=bdx.Settings(cache_dir=sys.argv[2], retries=0))
dataset = bdx.Dataset("bomb", catalog=catalog)

def now():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

peak = before = now()
def watch():
    global peak
    while True:
        peak = max(peak, now())
        time.sleep(0.002)
threading.Thread(target=watch, daemon=True).start()
try:
    exec(sys.argv[3])
    said = "no error"
except bdx.BdxOpenDataError as error:
    said = type(error).__name__
print(said, (peak - before) // 2**20)
"""
LIMIT = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (8 * 2**30, 8 * 2**30))
"""


def gzipped(body: Iterator[bytes]) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(map(packer.compress, body)) + packer.flush()


def blocks(piece: bytes, size: int, start: bytes = b"", end: bytes = b"") -> Iterator[bytes]:
    yield start
    block = piece * (2**20 // len(piece))
    for _ in range(size // 2**20):
        yield block
    yield end


def packed(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    return file.getvalue()


def repeated(text: str, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array([text]))


GIGABYTE = 2**30
PACKED = {"Content-Encoding": "gzip"}
# What the portal sends, for which call; counts are true to it, so that nothing but the bomb can be what is refused.
BOMBS: dict[str, tuple[Callable[[], bytes], dict[str, str], int, str]] = {
    "gzip: a page of blanks": (lambda: gzipped(blocks(b" ", GIGABYTE // 4, end=b"[]")), PACKED, 1, "dataset.head(5)"),
    "gzip: rows of JSON lines": (
        lambda: gzipped(blocks(b'{"a": null, "b": null}\n'.ljust(32), GIGABYTE // 4)),
        PACKED,
        2**23,
        "dataset.to_pandas(format='jsonl')",
    ),
    "one line of JSON": (
        lambda: b'{"a": "' + b"x" * (70 * 2**20) + b'", "b": null}\n',
        {},
        1,
        "dataset.to_pandas(format='jsonl')",
    ),
    "JSON: empty lists": (
        lambda: b'{"total_count": 1, "results": [' + b"[]," * (2 * 2**20) + b"[]]}",
        {},
        1,
        "dataset.head(5)",
    ),
    "JSON: a wide character makes all of them wide": (
        lambda: b'{"total_count": 1, "results": ["' + "\U0001f6b2".encode() + b"x" * (47 * 2**20) + b'"]}',
        {},
        1,
        "dataset.head(5)",
    ),
    "JSON: deep": (lambda: b"[" * 3_000_000 + b"]" * 3_000_000, {}, 1, "dataset.head(5)"),
    "Parquet: rows without number": (
        lambda: packed(pa.table({"a": pa.nulls(60_000_000, pa.int32())})),
        {},
        60_000_000,
        "dataset.to_pandas(format='parquet')",
    ),
    "Parquet: more rows than announced": (
        lambda: packed(pa.table({"a": repeated("a", 20_000_000), "b": repeated("b", 20_000_000)})),
        {},
        10,
        "dataset.to_pandas(format='parquet')",
    ),
    "Parquet: one long text many times": (
        lambda: packed(pa.table({"a": repeated("x" * 500_000, 5_000), "b": repeated("", 5_000)})),
        {},
        5_000,
        "dataset.to_pandas(format='parquet')",
    ),
    "Parquet: one long text many times, in pieces": (
        lambda: packed(pa.table({"a": repeated("x" * 500_000, 5_000), "b": repeated("", 5_000)})),
        {},
        5_000,
        "list(dataset.batches(1000))",
    ),
    "Parquet: numbers without end": (
        lambda: packed(pa.table(dict.fromkeys("abcdefghij", pa.repeat(1.0, 6_000_000)))),
        {},
        6_000_000,
        "dataset.to_pandas(format='parquet')",
    ),
    "an error that goes on": (lambda: b"x" * (50 * 2**20), {"status": "500"}, 1, "dataset.head(5)"),
}


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is measured by /proc, as on Linux")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_and_costs_at_most_half_a_gigabyte(name: str, tmp_path: Path) -> None:
    made, headers, rows, call = BOMBS[name]
    body = made()
    status = int(headers.get("status", 200))
    sent = {key: value for key, value in headers.items() if key == "Content-Encoding"}

    def counts(seen: Seen) -> bool:
        return seen.path.endswith("/records") and dict(seen.query).get("limit") == "0"

    def carries(seen: Seen) -> bool:
        return seen.path.endswith("/records") or "/exports/" in seen.path

    with FaultyPortal() as portal:
        if "head" not in call:
            portal.inject(answer({"total_count": rows, "results": []}), counts, times=None)
        bomb = portal.inject(answer(body, status, headers=sent), carries, times=None)
        portal.inject(answer(DESCRIPTION), times=None)
        done = subprocess.run(
            [sys.executable, "-c", LIMIT + CHILD, portal.url, str(tmp_path), call],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        said, peak = done.stdout.split()[-2:]

    assert bomb.happened
    assert said == ENDS_OTHERWISE.get(name, "UnexpectedAnswerError"), done.stdout
    assert int(peak) <= MOST, done.stdout


ENDS_OTHERWISE = {
    "Parquet: more rows than announced": "IncompleteDataError",
    "an error that goes on": "ServerError",
}


def test_what_is_large_and_honest_is_not_taken_for_a_bomb() -> None:
    from bdxopendata.bounds import is_expanded, is_inflated

    assert not is_inflated(2_000_000, 100 * 2**20)
    assert not is_expanded(60 * 2**20, 3 * GIGABYTE)
    rows = b"".join(b'{"a": "rue %d", "b": %d, "c": null}\n' % (one, one * 7) for one in range(200_000))
    assert len(rows) / len(gzip.compress(rows, 9)) < 20


def test_a_footer_that_would_end_the_process_is_an_error(tmp_path: Path) -> None:
    """Found by the fuzzer: statistics that contradict the schema, of which Arrow makes no exception but an end."""
    path = tmp_path / "export.parquet"
    kept = Path(__file__).parents[2] / "fuzz" / "corpus" / "parquet" / "3c7a1f2c77993f98"
    path.write_bytes(kept.read_bytes())
    program = f"""
from pathlib import Path
from bdxopendata import formats
from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.fields import Field, Schema
path, schema = Path({str(path)!r}), Schema([Field("name", "text")])
for read in (formats.read, lambda *asked: list(formats.batches(*asked, 10))):
    try:
        read(path, "parquet", schema)
    except UnexpectedAnswerError as error:
        print(error.problem)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
    # Versions of Arrow that do not look at these statistics read the file.
    assert ran.stdout == "" or ran.stdout.count("histogram size mismatch") == 2


def test_a_page_that_says_it_is_huge_costs_nothing(tmp_path: Path) -> None:
    """Found by the fuzzer: a header asks for more than a gigabyte in a file of three kilobytes."""
    path = tmp_path / "export.parquet"
    path.write_bytes((Path(__file__).parents[2] / "fuzz" / "corpus" / "parquet" / "d0fa34c5e242256f").read_bytes())
    program = f"""
from pathlib import Path
import pyarrow as pa
from bdxopendata import formats
from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.fields import Field, Schema
path, schema = Path({str(path)!r}), Schema([Field("name", "text")])
for read in (formats.read, lambda *asked: list(formats.batches(*asked, 10))):
    try:
        read(path, "parquet", schema)
    except UnexpectedAnswerError as error:
        print("refused")
print(pa.default_memory_pool().max_memory())
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    *refused, taken = ran.stdout.split()
    assert refused == ["refused", "refused"], ran.stderr
    assert int(taken) < 64 * 1024**2
