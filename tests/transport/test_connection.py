"""Faults of the connection: each ends in whole data or in one error, never in less."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from bdxopendata.errors import DeadlineExceededError, IncompleteDataError, NetworkError, UnexpectedAnswerError
from bdxopendata.transport import retries
from bdxopendata.version import __version__
from support import faulty_portal as faults
from support.faulty_portal import Fault, FaultyPortal

from .conftest import Connect

BODY = {"results": list(range(500))}
ROWS = b"".join(b'{"n": %d}\n' % number for number in range(500))
WHERE = ("catalog", "datasets")


def all_rows(path: Path) -> bytes:
    data = path.read_bytes()
    if data.count(b"\n") != 500:
        raise IncompleteDataError("d", 500, data.count(b"\n"), "jsonl")
    return data


BROKEN_ONCE = [
    faults.reset(),
    faults.reset_in_body(BODY, 700),
    faults.cut(BODY, 700),
    faults.chunks(BODY, finished=False),
    faults.unframed(BODY, 700),
    faults.too_short(BODY, 100),
    faults.too_long(BODY, 100),
    faults.silence(),
    faults.stall(BODY, 700),
    faults.compressed_and_cut(BODY),
]


@pytest.mark.parametrize("fault", BROKEN_ONCE, ids=lambda fault: fault.name)
def test_a_json_answer_that_breaks_once_is_asked_again_and_whole(connect: Connect, fault: Fault) -> None:
    with FaultyPortal(fault, faults.answer(BODY)) as portal:
        answer = connect(portal).get_json(WHERE)

    assert answer == BODY
    assert portal.fired[fault.name] == 1
    assert len(portal.requests) == 2


@pytest.mark.parametrize(
    "fault",
    [
        faults.reset(),
        faults.reset_in_body(ROWS, 2000),
        faults.cut(ROWS, 2000),
        faults.chunks(ROWS[:2000], finished=False),
        faults.unframed(ROWS, 2000),
        faults.too_short(ROWS, 1000),
        faults.too_long(ROWS, 100),
        faults.stall(ROWS, 2000),
        faults.compressed_and_cut(ROWS),
        Fault("rows missing", faults.answer(ROWS[: ROWS.index(b"\n") * 40]).play),
    ],
    ids=lambda fault: fault.name,
)
def test_a_download_that_breaks_once_is_repeated_as_a_whole(connect: Connect, fault: Fault, tmp_path: Path) -> None:
    target = tmp_path / "rows.jsonl"

    with FaultyPortal(fault, faults.answer(ROWS)) as portal:
        rows = connect(portal).download(WHERE, [], all_rows, target=target)

    assert rows == target.read_bytes() == ROWS
    assert portal.fired[fault.name] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.reset_in_body(ROWS, 2000), NetworkError),
        (faults.cut(ROWS, 2000), NetworkError),
        (faults.unframed(ROWS, 2000), IncompleteDataError),
        (faults.too_short(ROWS, 1000), IncompleteDataError),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_download_that_breaks_each_time_leaves_the_old_file(
    connect: Connect, fault: Fault, error: type[Exception], tmp_path: Path
) -> None:
    target = tmp_path / "rows.jsonl"
    target.write_text("the old content")

    with FaultyPortal(otherwise=fault) as portal, pytest.raises(error):
        connect(portal, retries=1).download(WHERE, [], all_rows, target=target)

    assert portal.fired[fault.name] == 2
    assert target.read_text() == "the old content"
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


def test_a_portal_that_refuses_names_host_and_attempts(connect: Connect) -> None:
    portal = FaultyPortal()

    with pytest.raises(NetworkError) as caught:
        connect(portal, retries=2).get_json(WHERE, [("where", "secret_word")])

    portal.close()
    assert caught.value.attempts == 3
    assert caught.value.retryable
    assert f"127.0.0.1:{portal.port} could not be asked (tried 3 times): the connection was ref" in str(caught.value)
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_a_connection_that_is_accepted_and_reset_is_made_again(connect: Connect) -> None:
    with FaultyPortal(faults.answer(BODY), resets_on_accept=2) as portal:
        assert connect(portal).get_json(WHERE) == BODY

    assert portal.fired["reset on accept"] == 2
    assert portal.connections == 3


def test_a_portal_that_is_back_within_the_retries_answers(
    connect: Connect, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = FaultyPortal(faults.answer(BODY))

    def open_meanwhile(seconds: float) -> None:
        pauses.append(seconds)
        portal.open()

    monkeypatch.setattr(retries, "sleep", open_meanwhile)
    answer = connect(portal).get_json(WHERE)

    portal.close()
    assert answer == BODY
    assert pauses == [0.5]


def test_pauses_grow_and_have_an_end(connect: Connect, pauses: list[float]) -> None:
    with FaultyPortal(otherwise=faults.reset()) as portal, pytest.raises(NetworkError):
        connect(portal, retries=8, deadline=500).get_json(WHERE)

    assert pauses == [0.5, 1, 2, 4, 8, 16, 20, 20]
    assert portal.fired["reset"] == 9


def test_a_silent_server_is_asked_three_times_at_most(connect: Connect) -> None:
    with FaultyPortal(otherwise=faults.silence()) as portal, pytest.raises(NetworkError, match="no answer in time"):
        connect(portal, retries=9, timeout=0.05).get_json(WHERE)

    assert portal.fired["silence"] == 3


@pytest.mark.parametrize("fault", [faults.drip(BODY), faults.drip_head()], ids=lambda fault: fault.name)
def test_the_deadline_cuts_a_drip_that_no_time_out_meets(connect: Connect, fault: Fault) -> None:
    started = time.monotonic()

    with FaultyPortal(fault) as portal, pytest.raises(DeadlineExceededError) as caught:
        connect(portal, timeout=5).get_json(WHERE, deadline=0.3)

    assert portal.fired[fault.name] == 1
    assert caught.value.deadline == 0.3
    # Far below what the drip would take, and not a measure of speed.
    assert time.monotonic() - started < 4


def test_the_deadline_cuts_a_dripping_download(connect: Connect, tmp_path: Path) -> None:
    with FaultyPortal(faults.drip(ROWS)) as portal, pytest.raises(DeadlineExceededError, match="no complete download"):
        connect(portal, timeout=5).download(WHERE, [], all_rows, folder=tmp_path, deadline=0.3)

    assert portal.fired["drip"] == 1
    assert list(tmp_path.iterdir()) == []


def test_the_deadline_of_the_settings_holds(connect: Connect) -> None:
    with FaultyPortal(faults.stall(BODY, 10)) as portal, pytest.raises(DeadlineExceededError):
        connect(portal, timeout=5, deadline=0.2).get_json(WHERE)

    assert portal.fired["stall"] == 1


def test_no_pause_reaches_into_the_deadline(connect: Connect, pauses: list[float]) -> None:
    with FaultyPortal(otherwise=faults.reset()) as portal, pytest.raises(NetworkError, match="the connection broke"):
        connect(portal, deadline=2).get_json(WHERE)

    assert pauses == [0.5, 1]
    assert portal.fired["reset"] == 3


def test_a_connection_gone_stale_is_replaced_at_once(
    connect: Connect, pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bdxopendata")

    with FaultyPortal(faults.answer(BODY), faults.reset_if_reused(), faults.answer(BODY)) as portal:
        transport = connect(portal, retries=0)
        transport.get_json(WHERE)
        assert transport.get_json(WHERE) == BODY

    assert portal.fired["stale"] == 1
    assert pauses == []
    assert caplog.records == []


def test_connections_are_kept(connect: Connect) -> None:
    with FaultyPortal(otherwise=faults.answer(BODY)) as portal:
        transport = connect(portal)
        for _ in range(3):
            transport.get_json(WHERE)

    assert {seen.connection for seen in portal.requests} == {1}


def test_a_connection_with_bytes_left_over_is_dropped(connect: Connect) -> None:
    with FaultyPortal(faults.too_short(BODY, 100), faults.answer(BODY)) as portal:
        connect(portal).get_json(WHERE)

    assert [seen.connection for seen in portal.requests] == [1, 2]


GARBAGE = {
    "no HTTP": b"\x00\x01\x02 this is not HTTP\r\n\r\n",
    "nothing": b"",
    "no version": b"200 OK\r\n\r\n{}",
    "no number": b"HTTP/1.1 abc OK\r\n\r\n{}",
    "endless line": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n{}",
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n{}",
    "chunk size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "negative chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n",
    "huge chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}\r\n",
    "no gzip": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\n{}",
    "length in words": b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_whatever_bytes_come_they_become_an_error_of_ours(connect: Connect, name: str) -> None:
    def play(line: faults.Line) -> None:
        line.send(GARBAGE[name])
        line.close()

    with FaultyPortal(otherwise=Fault(name, play)) as portal:
        transport = connect(portal, retries=1)
        with pytest.raises((NetworkError, UnexpectedAnswerError)) as caught:
            transport.get_json(WHERE)

    assert portal.fired[name] == 2
    assert str(caught.value).isprintable()


def test_a_gzip_bomb_is_cut_at_the_limit(connect: Connect, tmp_path: Path) -> None:
    with FaultyPortal(faults.bomb(16 * 1024**2), faults.bomb(16 * 1024**2)) as portal:
        transport = connect(portal, max_bytes=1_000_000)
        with pytest.raises(
            UnexpectedAnswerError, match=r"larger than the 1,000,000 bytes allowed; allow more with Set"
        ):
            transport.get_json(WHERE)
        with pytest.raises(UnexpectedAnswerError, match="larger than"):
            transport.download(WHERE, [], all_rows, folder=tmp_path)

    assert portal.fired["bomb"] == 2
    assert list(tmp_path.iterdir()) == []


def test_a_gzip_bomb_never_lies_in_memory(connect: Connect, tmp_path: Path) -> None:
    """Much larger than the limit on what was written until it was noticed."""
    sizes: list[int] = []

    def watch(_: int) -> None:
        sizes.append(sum(path.stat().st_size for path in tmp_path.iterdir()))

    with FaultyPortal(faults.bomb(128 * 1024**2)) as portal, pytest.raises(UnexpectedAnswerError):
        connect(portal).download(WHERE, [], all_rows, folder=tmp_path, max_bytes=1024**2, on_bytes=watch)

    assert portal.fired["bomb"] == 1
    assert sizes
    assert max(sizes) <= 1024**2


def test_an_encoding_that_was_not_asked_for_is_refused(connect: Connect) -> None:
    brotli = faults.answer(b"\x0b\x02\x80{}\x03", headers={"Content-Encoding": "br"})

    with FaultyPortal(brotli, brotli) as portal, pytest.raises(UnexpectedAnswerError, match="compressed in a way"):
        connect(portal).get_json(WHERE)

    assert [seen.headers["accept-encoding"] for seen in portal.requests] == ["gzip", "gzip"]


def test_chunked_and_unframed_answers_are_read_whole(connect: Connect) -> None:
    with FaultyPortal(faults.chunks(BODY, finished=True), faults.unframed(BODY)) as portal:
        transport = connect(portal)
        assert transport.get_json(WHERE) == transport.get_json(WHERE) == BODY

    assert portal.fired == {"chunked": 1, "unframed": 1}


@pytest.mark.parametrize("moment", ["pause", "body", "check"])
def test_an_interrupt_by_the_user_passes_at_once(
    connect: Connect, moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    fault = faults.reset() if moment == "pause" else faults.answer(ROWS)
    monkeypatch.setattr(retries, "sleep", interrupt)

    with FaultyPortal(fault) as portal, pytest.raises(KeyboardInterrupt):
        connect(portal).download(
            WHERE,
            [],
            interrupt if moment == "check" else all_rows,
            folder=tmp_path,
            on_bytes=interrupt if moment == "body" else None,
        )

    assert len(portal.requests) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_callers_own_function_passes_and_leaves_nothing(connect: Connect, tmp_path: Path) -> None:
    def fail(_: int) -> None:
        raise ZeroDivisionError

    with FaultyPortal(faults.answer(ROWS)) as portal, pytest.raises(ZeroDivisionError):
        connect(portal).download(WHERE, [], all_rows, folder=tmp_path, on_bytes=fail)

    assert len(portal.requests) == 1
    assert list(tmp_path.iterdir()) == []


def test_retries_are_logged_without_the_question(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bdxopendata")

    with FaultyPortal(faults.reset(), faults.answer(BODY)) as portal:
        connect(portal, api_key="k3y-of-mine").get_json(WHERE, [("where", "secret_word")])

    told = "broken (the connection broke); attempt 2 of 4 in 0.5 s"
    assert [record.getMessage() for record in caplog.records] == [
        f"127.0.0.1:{portal.port}/api/explore/v2.1/catalog/datasets: {told}"
    ]


def test_a_request_says_who_asks(connect: Connect) -> None:
    with FaultyPortal(faults.answer(BODY)) as portal:
        connect(portal).get_json(WHERE)

    assert portal.requests[0].headers["user-agent"] == f"bdxopendata/{__version__} (Python library)"
