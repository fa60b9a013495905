"""Many threads with one catalogue: few requests at once, few retries in an outage, and every answer whole."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bdxopendata.catalog import Catalog
from bdxopendata.dataset import Dataset
from bdxopendata.errors import BdxOpenDataError, ServerError
from bdxopendata.testing import StandIn
from bdxopendata.transport import retries
from support import faulty_portal as faults
from support.faulty_portal import Fault, FaultyPortal, Line

from .children import catalog
from .test_processes import is_whole, moving

THREADS = 64
AT_ONCE = 4


class Gate:
    """Hands answers on, and counts how many requests are under way."""

    def __init__(self, answer: Fault, takes: float) -> None:
        self._answer = answer
        self._takes = takes
        self._lock = threading.Lock()
        self.now = self.most = 0

    def play(self, line: Line) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        line.portal.stopping.wait(self._takes)
        # Counted down before the answer, so that the next request cannot overtake it.
        with self._lock:
            self.now -= 1
        self._answer.play(line)


@pytest.fixture
def behind() -> Iterator[StandIn]:
    portal = StandIn([moving()])
    yield portal
    portal.close()


@pytest.fixture(autouse=True)
def full_budget() -> Iterator[None]:
    retries.BUDGET.refill()
    yield
    retries.BUDGET.refill()


def asked_by_all(ask: Callable[[int], Any]) -> list[Any]:
    """What each of the threads got, or the error that it met."""

    def one(number: int) -> Any:
        try:
            return ask(number)
        except BdxOpenDataError as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_many_threads_are_few_requests_at_once_and_all_get_everything(tmp_path: Path, behind: StandIn) -> None:
    gate = Gate(faults.genuine(), 0.01)
    with FaultyPortal(behind=behind, otherwise=Fault("gate", gate.play)) as portal:
        shared = catalog(portal.url, str(tmp_path), max_in_flight=AT_ONCE)
        counts = asked_by_all(lambda number: Dataset("moving", catalog=shared).where(f"n < {number}").count())
        frames = asked_by_all(lambda _: Dataset("moving", catalog=shared).to_pandas())

    assert counts == list(range(THREADS))
    assert all(is_whole(frame) for frame in frames)
    assert gate.most == AT_ONCE


def test_in_an_outage_many_threads_share_one_budget_and_are_all_told(
    tmp_path: Path, behind: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "sleep", lambda _: None)
    gate = Gate(faults.answer({"message": "down"}, 503), 0.001)
    with FaultyPortal(behind=behind) as portal:
        shared = catalog(portal.url, str(tmp_path), max_in_flight=AT_ONCE, retries=3)
        outage = portal.inject(Fault("down", gate.play), times=None)
        answers = asked_by_all(lambda _: Dataset("moving", catalog=shared).count())
        asked = len(portal.requests)
        # The portal is back: nobody who asks again is told of the outage.
        outage.times = outage.fired
        again = asked_by_all(lambda _: Dataset("moving", catalog=shared).count())

    assert all(isinstance(one, ServerError) for one in answers)
    budget = retries.Budget.CAPACITY // retries.Budget.PRICE
    assert THREADS < asked <= THREADS + budget
    assert gate.most <= AT_ONCE
    assert again == [len(moving().rows)] * THREADS


def test_whatever_goes_wrong_for_some_nobody_gets_less_than_everything(
    tmp_path: Path, behind: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each third request meets another fault; whoever gets an answer gets all of it."""
    monkeypatch.setattr(retries, "sleep", lambda _: None)
    script = [
        faults.reset(),
        faults.answer({}, 502),
        faults.cut(),
        faults.unframed(after=0.5),
        faults.answer(b"<html>later</html>"),
        faults.too_short(),
        faults.chunks(finished=True, after=0.7),
        faults.answer({}, 429, {"Retry-After": "0"}),
    ]
    met: Counter[str] = Counter()
    turns = iter(range(10**9))

    def play(line: Line) -> None:
        turn = next(turns)
        fault = script[turn // 3 % len(script)] if turn % 3 == 2 else faults.genuine()
        met[fault.name] += 1
        fault.play(line)

    with FaultyPortal(behind=behind, otherwise=Fault("mixed", play)) as portal:
        shared = catalog(portal.url, str(tmp_path), max_in_flight=AT_ONCE, retries=3)
        frames = asked_by_all(lambda number: Dataset("moving", catalog=shared).where(f"n >= {number}").to_pandas())

    whole = [frame for frame in frames if not isinstance(frame, BdxOpenDataError)]
    assert len(whole) > THREADS / 4
    for number, frame in enumerate(frames):
        if not isinstance(frame, BdxOpenDataError):
            assert frame["n"].tolist() == list(range(number, len(moving().rows)))
    assert all(met[fault.name] for fault in script)


def test_threads_that_wait_for_a_turn_keep_to_their_deadline(tmp_path: Path, behind: StandIn) -> None:
    """One request hangs in the only place there is: the others are told in time, and the place is free afterwards."""
    with FaultyPortal(behind=behind) as portal:
        shared: Catalog = catalog(portal.url, str(tmp_path), max_in_flight=1, deadline=0.5, timeout=0.4, retries=0)
        portal.inject(faults.silence(), times=1)
        begun = time.monotonic()
        answers = asked_by_all(lambda _: Dataset("moving", catalog=shared).count())
        took = time.monotonic() - begun
        after = Dataset("moving", catalog=catalog(portal.url, str(tmp_path), max_in_flight=1)).count()

    errors = [one for one in answers if isinstance(one, BdxOpenDataError)]
    assert errors
    assert all(one == len(moving().rows) for one in answers if one not in errors)
    assert took < 60
    assert after == len(moving().rows)
