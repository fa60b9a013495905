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


@pytest.mark.parametrize("before", range(9))
def test_a_long_number_is_found_wherever_it_begins(before, tmp_path):
    path = tmp_path / "text"

    path.write_text("x" * before + LONG + "x" * 20)
    assert wide.may_hold_wide(path, WHOLE)

    path.write_text("x" * before + LONG[:-1] + "x" * 20)
    assert not wide.may_hold_wide(path, WHOLE)


def test_a_text_without_eight_digits_in_a_row_is_not_folded(tmp_path, monkeypatch):
    monkeypatch.setattr(wide, "_FOLDED", None)
    path = tmp_path / "text"
    path.write_text('"Z1";"2024-01-01T00:00:00+00:00";29;30.9;1234567\n' * 1000)

    assert not wide.may_hold_wide(path, WHOLE)
