"""Which addresses can be a portal, and which portal they mean."""

from __future__ import annotations

import pytest

from bdxopendata.portals import BORDEAUX, Portal, is_loopback, origin, portal_of


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("opendata.paris.fr", "https://opendata.paris.fr"),
        ("https://opendata.paris.fr/", "https://opendata.paris.fr"),
        (" HTTPS://OpenData.Paris.fr:443 ", "https://opendata.paris.fr"),
        ("https://opendata.paris.fr/api/explore/v2.1/", "https://opendata.paris.fr"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://xn--80ak6aa92e.com", "https://xn--80ak6aa92e.com"),
    ],
)
def test_an_address_is_brought_to_scheme_host_and_port(given: str, expected: str) -> None:
    assert origin(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        "",
        "   ",
        "file:///etc/passwd",
        "ftp://opendata.paris.fr",
        "javascript:alert(1)",
        "https://user:secret@opendata.paris.fr",
        "https://opendata.paris.fr/?apikey=secret",
        "https://opendata.paris.fr/#x",
        "https://opendata.paris.fr/elsewhere",
        "https://opendata.paris.fr\\@evil.example",
        "https://opendаta.paris.fr",  # a Cyrillic letter
        "https://-bad.example",
        "https://exa mple.org",
        "https://opendata.paris.fr:99999",
        "https://[::1",
        "https://" + "a" * 300 + ".fr",
    ],
)
def test_what_cannot_be_a_portal_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"address|host name") as caught:
        origin(given)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("given", [3, b"https://opendata.paris.fr", ["opendata.paris.fr"]])
def test_an_address_is_text(given: object) -> None:
    with pytest.raises(TypeError, match="text"):
        origin(given)  # type: ignore[arg-type]


def test_no_portal_means_bordeaux() -> None:
    assert portal_of(None) is BORDEAUX


@pytest.mark.parametrize("address", BORDEAUX.addresses)
def test_either_address_of_bordeaux_means_bordeaux(address: str) -> None:
    assert portal_of(address) is BORDEAUX


def test_the_environment_names_the_default_portal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BDXOPENDATA_PORTAL", "http://127.0.0.1:8123")

    assert portal_of(None).addresses == ("http://127.0.0.1:8123",)
    assert portal_of("opendata.paris.fr").host == "opendata.paris.fr"


def test_a_portal_without_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one address"):
        Portal("nowhere", ())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://127.0.0.1:1", True),
        ("http://localhost", True),
        ("http://[::1]", True),
        ("https://opendata.paris.fr", False),
        ("http://127.0.0.1.evil.example", False),
    ],
)
def test_loopback_is_this_machine_only(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected
