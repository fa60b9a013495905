"""A portal that serves ready files, so that the client is what is measured.

    python benchmarks/portal.py FOLDER [--mbit 50] [--latency 30]

Prints its address. Answers what the library and its rivals ask: the listing, descriptions, counts, exports, pages, and
ranges of the history. With ``--mbit`` and ``--latency`` the answers come as over such a line.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import threading
import time
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

BLOCK = 256 * 1024
# What rivals look at before they read a text.
TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json; charset=utf-8"}
_BOUND = re.compile(r"time (>=|<) date'([^']+)Z?'")


class Portal(ThreadingHTTPServer):
    """Folders of workloads, served below the usual addresses."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder: Path, mbit: float | None, latency: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folders = {path.parent.name: path.parent for path in sorted(folder.glob("*/dataset.json"))}
        self.listing = (
            json.loads((folder / "catalogue.json").read_bytes()) if (folder / "catalogue.json").exists() else []
        )
        self.bytes_a_second = mbit * 1e6 / 8 if mbit else None
        self.latency = latency / 1000
        self.lock = threading.Lock()
        self.versions: dict[str, int] = {}
        # When the line has carried what was put on it so far.
        self.free = 0.0
        self.sent = 0
        self.asked = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of readers that look at the beginning and hang up; everything else is an error of this portal."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Portal

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer."""
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        segments = parts.path.strip("/").split("/")
        if segments[0] == "tally":
            with self.server.lock:
                said = {"bytes": self.server.sent, "requests": self.server.asked}
                self.server.sent = self.server.asked = 0
            self._json(said, counted=False)
            return
        if segments[0] == "reprocess":
            self.server.versions[segments[1]] = self.server.versions.get(segments[1], 0) + 1
            self._json({}, counted=False)
            return
        with self.server.lock:
            self.server.asked += 1
        time.sleep(self.server.latency)
        if segments[:2] == ["explore", "dataset"]:  # the address of version 1
            self._file(self.server.folders[segments[2]], query["format"], query)
        elif segments[-1] == "datasets":
            start, limit = int(query.get("offset", 0)), int(query.get("limit", 10))
            # Whatever is searched for, a few datasets have it.
            listing = self.server.listing[:12] if "where" in query else self.server.listing
            self._json({"total_count": len(listing), "results": listing[start : start + limit]})
        else:
            self._dataset(segments[5], segments[6:], query)

    def _dataset(self, dataset: str, rest: list[str], query: dict[str, str]) -> None:
        folder = self.server.folders[dataset]
        if not rest:
            described = json.loads((folder / "dataset.json").read_bytes())
            described["dataset_id"] = dataset
            moved = self.server.versions.get(dataset)
            if moved:
                described["metas"]["default"]["data_processed"] = f"2026-02-01T00:00:00.{moved:06}+00:00"
            self._json(described)
        elif rest[0] == "exports":
            self._file(folder, rest[1], query)
        elif "group_by" in query:
            self._json({"results": days(folder)})
        elif _BOUND.search(query.get("where", "")):
            start, end = bounds(folder, query["where"])
            self._json({"total_count": end - start, "results": []})
        else:
            self._records(folder, query)

    def _records(self, folder: Path, query: dict[str, str]) -> None:
        total = json.loads((folder / "dataset.json").read_bytes())["metas"]["default"]["records_count"]
        limit, offset = int(query.get("limit", 10)), int(query.get("offset", 0))
        rows = _page_rows(folder)[offset : offset + limit] if limit else []
        self._json({"total_count": total, "results": rows})

    def _json(self, value: Any, *, counted: bool = True) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if counted:
            self._write(body)
        else:
            self.wfile.write(body)

    def _file(self, folder: Path, form: str, query: dict[str, str]) -> None:
        path = folder / f"export.{form}"
        if form == "parquet" and query.get("parquet_compression") == "zstd":
            path = folder / "export.zstd"
        packed = path.with_name(f"{path.name}.gz")
        zipped = packed.exists() and "gzip" in self.headers.get("Accept-Encoding", "")
        self.send_response(200)
        self.send_header("Content-Type", TYPES.get(form, "application/octet-stream"))
        self.send_header("Transfer-Encoding", "chunked")
        if zipped:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        ranged = _BOUND.search(query.get("where", ""))
        source = io.BytesIO(part(folder, query["where"])) if ranged else (packed if zipped else path).open("rb")
        with source:
            while block := source.read(BLOCK):
                self.wfile.write(b"%x\r\n" % len(block))
                self._write(block)
                self.wfile.write(b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def _write(self, block: bytes) -> None:
        with self.server.lock:
            self.server.sent += len(block)
            if self.server.bytes_a_second:
                # By the clock, so that what sending itself takes does not make the line slower than it is said to be.
                begins = max(self.server.free, time.perf_counter())
                self.server.free = begins + len(block) / self.server.bytes_a_second
        time.sleep(max(0.0, self.server.free - time.perf_counter()) if self.server.bytes_a_second else 0.0)
        self.wfile.write(block)


@lru_cache
def _page_rows(folder: Path) -> list[Any]:
    source = folder / "export.json"
    if source.exists():
        rows: list[Any] = json.loads(source.read_bytes())[:10_100]
        return rows
    lines = folder / "export.jsonl"
    if not lines.exists():
        return []
    with lines.open("rb") as file:
        return [json.loads(line) for line in islice(file, 10_100)]


# Ranges of the history, which is in the order of its times. Each is made once, when it is first asked for.


@lru_cache(maxsize=1)
def _history(folder: Path) -> tuple[pa.Table, np.ndarray]:
    table = pq.read_table(folder / "export.zstd")
    return table, table["time"].to_numpy()


@lru_cache
def bounds(folder: Path, where: str) -> tuple[int, int]:
    """Which rows lie between the times of a condition."""
    _, times = _history(folder)
    found = dict(_BOUND.findall(where))
    places = {sign: int(np.searchsorted(times, np.datetime64(said.removesuffix("Z")))) for sign, said in found.items()}
    return places.get(">=", 0), places.get("<", len(times))


@lru_cache
def days(folder: Path) -> list[dict[str, int]]:
    """Count rows by day."""
    _, times = _history(folder)
    found, counts = np.unique(times.astype("datetime64[D]"), return_counts=True)
    return [
        {"year(time)": day.year, "month(time)": day.month, "day(time)": day.day, "n": count}
        for day, count in zip(found.tolist(), counts.tolist(), strict=True)
    ]


@lru_cache(maxsize=64)
def part(folder: Path, where: str) -> bytes:
    """Rows between two times, as Parquet."""
    start, end = bounds(folder, where)
    sink = io.BytesIO()
    pq.write_table(_history(folder)[0].slice(start, end - start), sink, compression="zstd")
    return sink.getvalue()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mbit", type=float)
    parser.add_argument("--latency", type=float, default=0.0)
    arguments = parser.parse_args()
    portal = Portal(arguments.folder, arguments.mbit, arguments.latency)
    sys.stdout.write(f"http://127.0.0.1:{portal.server_address[1]}\n")
    sys.stdout.flush()
    portal.serve_forever()
