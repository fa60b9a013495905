"""Many threads are one visitor; each process and thread has its own connections."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bdxopendata.errors import DeadlineExceededError
from bdxopendata.transport import Transport
from bdxopendata.transport.deadline import Deadline
from bdxopendata.transport.slots import SLOTS
from support.faulty_portal import Fault, FaultyPortal, Line, answer

from .conftest import Connect

WHERE = ("catalog", "datasets")


class Crowd:
    """An answer that takes its time and counts how many are under way."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = 0
        self.most = 0

    def play(self, line: Line) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        line.portal.stopping.wait(0.03)
        # Counted down before the answer, so that the next request cannot overtake it.
        with self.lock:
            self.now -= 1
        answer({"a": 1}).play(line)


def test_no_more_requests_are_under_way_at_once_than_allowed(connect: Connect) -> None:
    crowd = Crowd()

    with FaultyPortal(otherwise=Fault("crowd", crowd.play)) as portal:
        transports = [connect(portal, max_in_flight=3, timeout=5) for _ in range(16)]
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda transport: transport.get_json(WHERE), transports))

    assert answers == [{"a": 1}] * 16
    assert len(portal.requests) == 16
    assert crowd.most == 3


def test_waiting_for_a_turn_ends_with_the_deadline(connect: Connect) -> None:
    with FaultyPortal() as portal:
        transport = connect(portal, max_in_flight=1)
        turn = SLOTS.one(portal.url.removeprefix("http://"), 1, Deadline(9, "h", "x"))
        with turn, pytest.raises(DeadlineExceededError):
            transport.get_json(WHERE, deadline=0.05)

    assert portal.connections == 0


def test_a_check_may_ask_the_portal_itself(connect: Connect) -> None:
    with FaultyPortal(answer({"outer": 1}), answer({"inner": 1})) as portal:
        transport = connect(portal, max_in_flight=1)
        inner = transport.get_json(WHERE, check=lambda _: transport.get_json(WHERE), deadline=5)

    assert inner == {"inner": 1}
    assert len(portal.requests) == 2


def test_each_thread_has_its_own_connection(connect: Connect) -> None:
    with FaultyPortal(otherwise=answer({})) as portal:
        transport = connect(portal)
        transport.get_json(WHERE)
        other = threading.Thread(target=transport.get_json, args=(WHERE,))
        other.start()
        other.join()
        transport.get_json(WHERE)

    assert [seen.connection for seen in portal.requests] == [1, 2, 1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_opens_its_own_connection_and_holds_no_lock(connect: Connect) -> None:
    with FaultyPortal(otherwise=answer({"a": 1})) as portal:
        transport = connect(portal, timeout=5)
        transport.get_json(WHERE, cached=True)
        context = multiprocessing.get_context("fork")
        results = context.SimpleQueue()

        def child() -> None:
            results.put((transport.get_json(WHERE), transport.get_json(WHERE, cached=True)))

        with SLOTS._changed:
            process = context.Process(target=child)
            process.start()
        process.join(20)
        transport.get_json(WHERE)

    assert process.exitcode == 0
    assert results.get() == ({"a": 1}, {"a": 1})
    assert [seen.connection for seen in portal.requests] == [1, 2, 1]


def ask(sent: bytes) -> object:
    transport: Transport = pickle.loads(sent)
    return transport.get_json(WHERE), transport.fingerprint


def test_a_spawned_process_asks_without_the_key(connect: Connect) -> None:
    with FaultyPortal(otherwise=answer({"a": 1})) as portal:
        sent = pickle.dumps(connect(portal, api_key="k3y-of-mine", timeout=5))
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            answered = pool.apply(ask, (sent,))

    assert b"k3y-of-mine" not in sent
    assert answered == ({"a": 1}, None)
    assert "authorization" not in portal.requests[0].headers


def test_a_closed_transport_opens_anew(connect: Connect) -> None:
    with FaultyPortal(otherwise=answer({})) as portal:
        transport = connect(portal)
        transport.get_json(WHERE)
        transport.close()
        transport.get_json(WHERE)

    assert [seen.connection for seen in portal.requests] == [1, 2]
