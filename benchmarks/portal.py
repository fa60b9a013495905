"""A portal that serves ready files, so that the client is what is measured.

    python benchmarks/portal.py FOLDER [--mbit 50] [--latency 30]

Prints its address. Answers what the library and its rivals ask: descriptions, counts, exports, pages. With ``--mbit``
and ``--latency`` the answers come as over such a line.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

BLOCK = 256 * 1024
# What rivals look at before they read a text.
TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json; charset=utf-8"}


class Portal(ThreadingHTTPServer):
    """Folders of workloads, served below the usual addresses."""

    daemon_threads = True

    def __init__(self, folder: Path, mbit: float | None, latency: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folders = {path.parent.name.split("-")[0]: path.parent for path in sorted(folder.glob("*/dataset.json"))}
        self.bytes_a_second = mbit * 1e6 / 8 if mbit else None
        self.latency = latency / 1000
        self.sent = 0
        self.asked = 0


@lru_cache
def packed(path: Path) -> bytes:
    """Compress a text export once, as a portal's cache would."""
    return gzip.compress(path.read_bytes(), 6)


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
        if parts.path == "/tally":
            self._json({"bytes": self.server.sent, "requests": self.server.asked})
            self.server.sent = self.server.asked = 0
            return
        self.server.asked += 1
        time.sleep(self.server.latency)
        segments = parts.path.strip("/").split("/")
        if segments[:2] == ["explore", "dataset"]:  # the address of version 1
            self._file(self.server.folders[segments[2]], query["format"], query)
            return
        dataset, rest = segments[5], segments[6:]
        folder = self.server.folders[dataset]
        if not rest:
            self._json(json.loads((folder / "dataset.json").read_bytes()))
        elif rest[0] == "records":
            self._records(folder, query)
        else:
            self._file(folder, rest[1], query)

    def _records(self, folder: Path, query: dict[str, str]) -> None:
        total = json.loads((folder / "dataset.json").read_bytes())["metas"]["default"]["records_count"]
        limit, offset = int(query.get("limit", 10)), int(query.get("offset", 0))
        rows = _page_rows(folder)[offset : offset + limit] if limit else []
        self._json({"total_count": total, "results": rows})

    def _json(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self._write(body)

    def _file(self, folder: Path, form: str, query: dict[str, str]) -> None:
        path = folder / f"export.{form}"
        if form == "parquet" and query.get("parquet_compression") == "zstd":
            path = folder / "export.zstd"
        zipped = form in ("csv", "json", "jsonl", "geojson") and "gzip" in self.headers.get("Accept-Encoding", "")
        self.send_response(200)
        self.send_header("Content-Type", TYPES.get(form, "application/octet-stream"))
        self.send_header("Transfer-Encoding", "chunked")
        if zipped:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        body = packed(path) if zipped else path.read_bytes()
        for start in range(0, len(body), BLOCK):
            block = body[start : start + BLOCK]
            self.wfile.write(b"%x\r\n" % len(block))
            self._write(block)
            self.wfile.write(b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def _write(self, block: bytes) -> None:
        if self.server.bytes_a_second:
            time.sleep(len(block) / self.server.bytes_a_second)
        self.server.sent += len(block)
        self.wfile.write(block)


@lru_cache
def _page_rows(folder: Path) -> list[Any]:
    source = folder / "export.json"
    rows: list[Any] = json.loads(source.read_bytes())[:10_100] if source.exists() else []
    return rows


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
