"""JSON and JSON lines: the same objects as in ``/records``."""

from __future__ import annotations

from collections.abc import Iterable

from bdxopendata.testing.bodies import json_text
from bdxopendata.testing.exports.task import Task


def write_json(task: Task) -> Iterable[bytes]:
    """One array; objects follow each other without a blank or a line end, and nothing follows the bracket."""
    yield b"["
    for number, record in enumerate(task.sheet.records(task.zone)):
        yield ("," if number else "").encode() + json_text(record).encode()
    yield b"]"


def write_lines(task: Task) -> Iterable[bytes]:
    """One object per line."""
    for record in task.sheet.records(task.zone):
        yield json_text(record).encode() + b"\n"
