"""The cheap look for whole numbers beyond 64 bits."""

from __future__ import annotations

import pytest

from bdxopendata.fields import Field, Schema
from bdxopendata.formats import wide

WHOLE = Schema([Field("n", "int")])
LONG = "1234567890123456789"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", False),
        (LONG, True),
        (f"-{LONG}\n", True),
        (LONG[:-1], False),
        (f"0.{LONG}", False),
        (f"0.{LONG};{LONG}0", True),
        (f"{LONG}.0", True),
        (f"x{LONG}", True),
        ("9" * 5000, True),
        ("0." + "9" * 30 + ";" + "x" * 100, False),
    ],
)
@pytest.mark.parametrize("block", [7, 20, 1 << 20])
def test_long_numbers_are_found_and_long_fractions_are_not(text, found, block, tmp_path, monkeypatch):
    monkeypatch.setattr(wide, "_BLOCK", block)
    path = tmp_path / "text"
    path.write_text(text)

    assert wide.may_hold_wide(path, WHOLE) is found
    assert not wide.may_hold_wide(path, Schema([Field("n", "text")]))
