"""A portal of two addresses is one portal."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from bdxopendata.errors import NetworkError, ServerError
from bdxopendata.transport import addresses
from support.faulty_portal import FaultyPortal, answer, reset

from .conftest import Connect

WHERE = ("catalog", "datasets")


def test_the_next_address_is_asked_when_the_first_refuses(connect: Connect, pauses: list[float]) -> None:
    closed = FaultyPortal()

    with FaultyPortal(answer({"a": 1})) as second:
        assert connect(closed, second, retries=0, api_key="k3y-of-mine").get_json(WHERE) == {"a": 1}

    closed.close()
    assert pauses == []
    assert second.requests[0].headers["authorization"] == "Apikey k3y-of-mine"


def test_an_unknown_name_leads_to_the_next_address(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        if host == "nowhere.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    with FaultyPortal(answer({"a": 1})) as second:
        assert connect("http://nowhere.invalid", second, retries=0).get_json(WHERE) == {"a": 1}
        with pytest.raises(NetworkError, match="its name is not known"):
            connect("http://nowhere.invalid", retries=0).get_json(WHERE)

    assert asked == ["nowhere.invalid", "127.0.0.1", "nowhere.invalid"]


def test_the_address_that_was_reached_is_remembered_for_a_while(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = FaultyPortal(otherwise=answer({"from": "first"}))

    with FaultyPortal(otherwise=answer({"from": "second"})) as second:
        connect(first, second).get_json(WHERE)
        first.open()
        assert connect(first, second).get_json(WHERE) == {"from": "second"}
        monkeypatch.setattr("time.monotonic", lambda: 1e12)
        assert addresses.PREFERENCE.order((first.url, second.url)) == (first.url, second.url)

    first.close()
    assert first.connections == 0


def test_when_the_remembered_address_is_gone_the_first_is_asked(connect: Connect) -> None:
    first = FaultyPortal(answer({"from": "first"}))
    with FaultyPortal(answer({"from": "second"})) as second:
        transport = connect(first, second)
        transport.get_json(WHERE)
    first.open()

    assert transport.get_json(WHERE) == {"from": "first"}

    first.close()
    assert (len(first.requests), len(second.requests)) == (1, 1)


def test_an_address_that_answers_badly_is_still_the_portal(connect: Connect) -> None:
    with FaultyPortal(answer({}, 503), reset()) as first, FaultyPortal() as second:
        with pytest.raises(ServerError):
            connect(first, second, retries=0).get_json(WHERE)
        with pytest.raises(NetworkError):
            connect(first, second, retries=0).get_json(WHERE)

        assert first.fired == {"answer 503": 1, "reset": 1}
        assert second.connections == 0


def test_a_portal_none_of_whose_addresses_answers_is_tried_again_as_a_whole(
    connect: Connect, pauses: list[float]
) -> None:
    one, two = FaultyPortal(), FaultyPortal()

    with pytest.raises(NetworkError, match="tried 3 times"):
        connect(one, two, retries=2).get_json(WHERE)

    one.close()
    two.close()
    assert pauses == [0.5, 1]


def test_both_addresses_share_what_is_kept(connect: Connect) -> None:
    closed = FaultyPortal()

    with FaultyPortal(answer({"a": 1})) as second:
        transport = connect(closed, second)
        assert transport.get_json(WHERE, cached=True) == {"a": 1}
        closed.open()
        addresses.PREFERENCE.forget()
        assert transport.get_json(WHERE, cached=True) == {"a": 1}

    closed.close()
    assert closed.connections == 0
    assert len(second.requests) == 1
