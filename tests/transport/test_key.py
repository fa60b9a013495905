"""The key goes to the portal it belongs to, in one header, and is seen nowhere else."""

from __future__ import annotations

import pickle
import traceback
from pathlib import Path

import pytest

from bdxopendata.config import Settings
from bdxopendata.errors import AuthenticationError, BdxOpenDataError, ConfigurationError, NetworkError
from bdxopendata.portals import BORDEAUX, Portal, origin
from bdxopendata.transport import Transport
from bdxopendata.transport.auth import KeyAuth, origin_of, usable_key
from support.faulty_portal import Fault, FaultyPortal, Line, answer, head, redirect, reset

from .conftest import Connect

WHERE = ("catalog", "datasets")
KEY = "k3y-of-mine"


def test_the_key_is_sent_in_one_header_and_not_in_the_address(connect: Connect) -> None:
    with FaultyPortal(answer({})) as portal:
        connect(portal, api_key=KEY).get_json(WHERE, [("limit", "1")])

    (seen,) = portal.requests
    assert seen.headers["authorization"] == f"Apikey {KEY}"
    assert KEY not in seen.target


def test_an_anonymous_caller_sends_no_credentials(connect: Connect) -> None:
    with FaultyPortal(answer({})) as portal:
        connect(portal).get_json(WHERE)

    assert "authorization" not in portal.requests[0].headers


@pytest.mark.parametrize("key", [None, KEY])
def test_a_netrc_file_neither_replaces_the_key_nor_supplies_another(
    connect: Connect, key: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password n3trc\n")
    monkeypatch.setenv("NETRC", str(netrc))

    with FaultyPortal(answer({})) as other, FaultyPortal(answer({}), answer({})) as portal:
        transport = connect(portal, api_key=key)
        transport.get_json(WHERE)
        transport.get_json(WHERE)
        connect(other).get_json(WHERE)

    assert [seen.headers.get("authorization") for seen in portal.requests] == [f"Apikey {key}" if key else None] * 2
    assert [seen.headers.get("authorization") for seen in other.requests] == [None]


def test_a_redirect_to_another_origin_is_not_followed_with_a_key(connect: Connect) -> None:
    with FaultyPortal() as other, FaultyPortal(redirect(f"{other.url}/x")) as portal:
        with pytest.raises(NetworkError, match="another host, which is not followed with a key") as caught:
            connect(portal, api_key=KEY).get_json(WHERE)

        assert portal.fired["redirect"] == 1
        assert other.connections == 0
        assert caught.value.attempts == 1


def test_a_redirect_to_another_origin_is_followed_without_a_key(connect: Connect) -> None:
    with FaultyPortal(answer({"there": 1})) as other, FaultyPortal(redirect(f"{other.url}/x")) as portal:
        assert connect(portal).get_json(WHERE) == {"there": 1}

    assert portal.fired["redirect"] == 1
    assert "authorization" not in other.requests[0].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_portal_is_followed_with_the_key(connect: Connect, status: int) -> None:
    with FaultyPortal(redirect("/elsewhere?a=%20b", status), answer({"there": 1})) as portal:
        assert connect(portal, api_key=KEY).get_json(WHERE) == {"there": 1}

    assert portal.fired["redirect"] == 1
    assert portal.requests[1].target == "/elsewhere?a=%20b"
    assert portal.requests[1].headers["authorization"] == f"Apikey {KEY}"


def test_redirects_in_a_circle_end_after_five(connect: Connect, pauses: list[float]) -> None:
    with FaultyPortal(otherwise=redirect("/round")) as portal, pytest.raises(NetworkError, match="more than 5 times"):
        connect(portal).get_json(WHERE)

    assert portal.fired["redirect"] == 6
    assert pauses == []


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://[", "http://a:b@127.0.0.1/"])
def test_a_redirect_to_what_is_no_web_address_is_refused(connect: Connect, target: str) -> None:
    with FaultyPortal(redirect(target)) as portal, pytest.raises(NetworkError, match="no web address"):
        connect(portal).get_json(WHERE)

    assert portal.fired["redirect"] == 1


def test_nothing_of_the_key_is_in_errors_logs_texts_or_pickles(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    errors: list[BdxOpenDataError] = []

    with FaultyPortal(reset(), answer({}, 401), answer({}, 500), answer(b"<html>"), answer({})) as portal:
        transport = connect(portal, api_key=KEY, retries=0)
        for _ in range(4):
            with pytest.raises(BdxOpenDataError) as caught:
                transport.get_json(WHERE, [("where", "secret_word")])
            errors.append(caught.value)
        transport.get_json(WHERE)

    shown = [f"{error} {error!r} {vars(error)} {''.join(traceback.format_exception(error))}" for error in errors]
    assert len({type(error) for error in errors}) == 4
    assert all(KEY not in text and "secret_word" not in text.replace('"secret_word")', "") for text in shown)
    assert KEY not in caplog.text
    assert KEY not in f"{transport!r} {transport.settings!r} {transport._auth.key} {vars(transport)}"
    assert KEY.encode() not in pickle.dumps(transport)


def test_a_pickled_transport_takes_its_key_where_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = pickle.dumps(Transport(BORDEAUX, Settings(api_key=KEY, timeout=7)))

    anonymous = pickle.loads(sent)
    monkeypatch.setenv("BDXOPENDATA_API_KEY", "another-key")
    keyed = pickle.loads(sent)

    assert anonymous.fingerprint is None
    assert anonymous.settings.timeout == 7
    assert keyed.fingerprint == Settings(api_key="another-key").key.fingerprint  # type: ignore[union-attr]


def test_a_key_from_the_environment_goes_to_its_portal_only(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BDXOPENDATA_API_KEY", KEY)

    with FaultyPortal(answer({}), answer({})) as portal:
        connect(portal).get_json(WHERE)
        monkeypatch.setenv("BDXOPENDATA_PORTAL", portal.url)
        connect(portal).get_json(WHERE)

    assert [seen.headers.get("authorization") for seen in portal.requests] == [None, f"Apikey {KEY}"]


def test_a_key_from_the_environment_is_meant_for_bordeaux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BDXOPENDATA_API_KEY", KEY)
    paris = Portal("Paris", ("https://opendata.paris.fr",))

    assert usable_key(BORDEAUX, Settings())[1] == "BDXOPENDATA_API_KEY"
    assert usable_key(paris, Settings()) == (None, None)
    assert usable_key(paris, Settings(api_key=KEY))[1] == "Settings(api_key=…)"

    monkeypatch.setenv("BDXOPENDATA_PORTAL", "opendata.paris.fr")
    assert usable_key(paris, Settings())[1] == "BDXOPENDATA_API_KEY"
    assert usable_key(BORDEAUX, Settings()) == (None, None)

    monkeypatch.setenv("BDXOPENDATA_PORTAL", "file:///etc")
    with pytest.raises(ConfigurationError, match="BDXOPENDATA_PORTAL names no portal"):
        usable_key(paris, Settings())


def test_a_refused_key_from_the_environment_is_named_so(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BDXOPENDATA_API_KEY", KEY)

    with FaultyPortal(answer({}, 401)) as portal:
        monkeypatch.setenv("BDXOPENDATA_PORTAL", portal.url)
        with pytest.raises(AuthenticationError, match="the key from BDXOPENDATA_API_KEY"):
            connect(portal).get_json(WHERE)

    assert portal.fired["answer 401"] == 1


def test_a_key_is_not_sent_in_the_open() -> None:
    portal = Portal("open", ("http://portal.example",))

    with pytest.raises(ConfigurationError, match="everyone on the way could read it") as caught:
        Transport(portal, Settings(api_key=KEY))

    assert KEY not in str(caught.value)
    assert Transport(portal, Settings()).fingerprint is None


def test_the_origin_of_each_request_is_compared_as_a_whole() -> None:
    home = KeyAuth(Settings(api_key=KEY).key, frozenset([origin_of("https://portal.example")]))

    def goes_to(url: str) -> bool:
        import requests

        return "Authorization" in requests.Request("GET", url, auth=home).prepare().headers

    assert goes_to("https://portal.example/x?y")
    assert goes_to("https://PORTAL.example:443/x")
    assert not goes_to("http://portal.example/x")
    assert not goes_to("https://portal.example:8443/x")
    assert not goes_to("https://portal.example.evil.example/x")
    assert not goes_to("https://evil.example/portal.example")
    assert not goes_to("https://xportal.example/")


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "ftp://portal.example",
        "https://someone:word@portal.example",
        "https://portal.example/x y",
        "https://portal.example/?a=b",
        "https://portal.example#f",
        "https://portаl.example",
        "https://",
        "https://portal.example:port",
    ],
)
def test_an_address_that_can_be_no_portal_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        origin(address)


@pytest.mark.parametrize("key", ["a\nb", "a\r\nX-Evil: 1", "a b", "clé", " "])
def test_a_key_that_is_no_header_value_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings(api_key=key)

    assert not key.strip() or key not in str(caught.value)
    assert "X-Evil" not in str(caught.value)


@pytest.mark.parametrize("key", ["Apikey k3y-of-mine", "  k3y-of-mine\n", "bearer k3y-of-mine"])
def test_a_key_with_its_scheme_or_blanks_is_sent_as_the_key(connect: Connect, key: str) -> None:
    with FaultyPortal(answer({})) as portal:
        connect(portal, api_key=key).get_json(WHERE)

    assert portal.requests[0].headers["authorization"] == f"Apikey {KEY}"


def test_cookies_are_neither_kept_nor_sent(connect: Connect) -> None:
    with FaultyPortal(answer({}, headers={"Set-Cookie": "session=abc; Path=/"}), answer({})) as portal:
        transport = connect(portal)
        transport.get_json(WHERE)
        transport.get_json(WHERE)

    assert "cookie" not in portal.requests[1].headers


def test_the_library_says_who_it_is_and_nothing_of_its_user(connect: Connect) -> None:
    with FaultyPortal(answer({})) as portal:
        connect(portal).get_json(WHERE)

    headers = portal.requests[0].headers
    assert headers["user-agent"].startswith("bdxopendata/")
    assert set(headers) == {"host", "user-agent", "accept", "accept-encoding", "connection"}


def test_the_body_of_a_redirect_is_not_read(connect: Connect) -> None:
    def play(line: Line) -> None:
        line.send(head(302, {"Location": "/there"}, 10_000_000))
        line.hold()

    with FaultyPortal(Fault("endless redirect", play), answer({"there": 1})) as portal:
        assert connect(portal).get_json(WHERE) == {"there": 1}

    assert portal.fired["endless redirect"] == 1
