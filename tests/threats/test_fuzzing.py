"""What a fuzzer found its way by is replayed; and decoders meet chance, without a guide, at each run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bdxopendata.metadata import dataset_id_of
from bdxopendata.transport.addresses import api_path, checked_segment

FUZZ = Path(__file__).parents[2] / "fuzz"
sys.path.insert(0, str(FUZZ))
import seeds  # noqa: E402  the folder is no package: it is not part of what is installed
import targets  # noqa: E402


@pytest.mark.parametrize("name", sorted(one.name for one in (FUZZ / "corpus").iterdir()))
def test_what_the_fuzzer_kept_does_no_harm(name: str) -> None:
    kept = sorted((FUZZ / "corpus" / name).iterdir())
    assert len(kept) > 10

    for path in kept:
        targets.TARGETS[name](path.read_bytes())


@pytest.mark.parametrize("name", targets.TARGETS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_a_portal_sends_may_be_damaged_anywhere(name: str, data: st.DataObject) -> None:
    body = bytearray(data.draw(st.sampled_from(_seeds(name))))
    for _ in range(data.draw(st.integers(0, 4))):
        start = data.draw(st.integers(0, len(body)))
        end = start + data.draw(st.sampled_from([0, 1, 2, 8, 64]))
        body[start:end] = data.draw(st.sampled_from(PIECES) | st.binary(max_size=4))

    targets.TARGETS[name](bytes(body))


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=40) | st.sampled_from(["..", "a/../b", "a%2f..", "%2e%2e", "a\\b", "a\0", "", " "]))
def test_an_id_is_one_segment_of_an_address_or_refused(text: str) -> None:
    try:
        dataset_id = dataset_id_of(text)
    except ValueError:
        return

    path = api_path(["catalog", "datasets", checked_segment(dataset_id), "records"])
    assert path.isascii()
    *_, before, segment, records = path.split("/")
    assert (before, records) == ("datasets", "records")
    assert segment not in ("", ".", "..")
    assert not set(segment) & set("?#\\ \r\n")


def _seeds(name: str, known: dict[str, list[bytes]] = {}) -> list[bytes]:  # noqa: B006  made once a process
    return known.setdefault(name, seeds.SEEDS[name]())


PIECES = [
    b"", b"[", b"{", b"]", b"}", b'"', b"null", b"NaN", b"1e999", b"-0", b"9" * 400, b"\xff", b"\x00", b"\n", b"\r",
    b'"\\ud800"', b"[" * 2000, b'{"a":' * 2000, b";", b"\xef\xbb\xbf", b"PAR1", b"\x7f\xff\xff\xff", b"(", b"`", b"'",
]  # fmt: skip
