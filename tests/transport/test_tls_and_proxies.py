"""Certificates are checked, always; proxies of the environment are used, and get no key."""

from __future__ import annotations

import pytest

from bdxopendata.errors import NetworkError
from support import faulty_portal as faults
from support.faulty_portal import CERTIFICATE, FaultyPortal, answer

from .conftest import Connect

WHERE = ("catalog", "datasets")


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(connect: Connect, pauses: list[float]) -> None:
    with FaultyPortal(tls=True) as portal, pytest.raises(NetworkError) as caught:
        connect(portal, timeout=5).get_json(WHERE)

    assert portal.handshakes == {"refused": 1}
    assert portal.requests == []
    assert pauses == []
    assert caught.value.attempts == 1
    assert "certificate is not accepted" in str(caught.value)
    assert "REQUESTS_CA_BUNDLE" in str(caught.value)


def test_a_refused_certificate_does_not_lead_to_the_next_address(connect: Connect) -> None:
    with FaultyPortal(tls=True) as first, FaultyPortal() as second, pytest.raises(NetworkError, match="certificate"):
        connect(first, second, timeout=5).get_json(WHERE)

    assert first.handshakes["refused"] == 1
    assert second.requests == []


def test_a_certificate_bundle_of_ones_own_is_honoured(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))

    with FaultyPortal(answer({"a": 1}), tls=True) as portal:
        assert connect(portal, timeout=5).get_json(WHERE) == {"a": 1}

    assert portal.handshakes == {"done": 1}


def test_a_reset_inside_tls_is_asked_again(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    body = {"results": list(range(500))}

    with FaultyPortal(faults.reset(), faults.reset_in_body(body, 700), answer(body), tls=True) as portal:
        assert connect(portal, timeout=5).get_json(WHERE) == body

    assert portal.fired == {"reset": 1, "reset in body": 1, "answer 200": 1}


def test_plain_text_where_tls_is_expected_is_a_network_error(connect: Connect) -> None:
    def play(line: faults.Line) -> None:
        line.send(b"HTTP/1.1 400 Bad\r\n\r\n")
        line.close()

    with FaultyPortal(otherwise=faults.Fault("plain", play)) as portal, pytest.raises(NetworkError):
        connect(portal.url.replace("http", "https"), retries=0, timeout=0.2).get_json(WHERE)

    assert portal.connections == 1


def test_a_proxy_of_the_environment_is_used(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultyPortal(answer({"via": "proxy"})) as proxy:
        monkeypatch.setenv("http_proxy", f"http://someone:pr0xy-word@127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        answered = connect("http://portal.example").get_json(WHERE)

    assert answered == {"via": "proxy"}
    assert proxy.requests[0].target == "http://portal.example/api/explore/v2.1/catalog/datasets"
    assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")


def test_the_key_goes_to_no_proxy_but_inside_the_tunnel(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with FaultyPortal(otherwise=answer(b"", 502)) as proxy:
        monkeypatch.setenv("https_proxy", f"http://someone:pr0xy-word@127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with pytest.raises(NetworkError, match="the proxy could not be used") as caught:
            connect("https://portal.example", api_key="k3y-of-mine", retries=0).get_json(WHERE)

    assert [seen.method for seen in proxy.requests] == ["CONNECT"]
    assert "authorization" not in proxy.requests[0].headers
    everything = f"{caught.value!r} {caught.value} {caught.value.__cause__!r} {caplog.text}"
    assert "pr0xy-word" not in everything
    assert "k3y-of-mine" not in everything
