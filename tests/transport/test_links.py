"""Links that a portal names: followed on explicit call only, with the key at home only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bdxopendata.errors import NetworkError, OfflineError, PortalError, UnexpectedAnswerError
from bdxopendata.transport.addresses import checked_link
from support import faulty_portal as faults
from support.faulty_portal import FaultyPortal, answer, redirect

from .conftest import Connect


def test_a_link_within_the_portal_is_fetched_with_the_key(connect: Connect, tmp_path: Path) -> None:
    with FaultyPortal(answer(b"the plan")) as portal:
        url = f"{portal.url}/api/explore/v2.1/catalog/datasets/x/attachments/plan_pdf"
        written: Path = connect(portal, api_key="k3y-of-mine").fetch_link(url, tmp_path / "plan.pdf")

    assert written.read_bytes() == (tmp_path / "plan.pdf").read_bytes() == b"the plan"
    assert portal.requests[0].headers["authorization"] == "Apikey k3y-of-mine"


def test_without_a_name_the_file_is_what_the_check_makes_of_it(connect: Connect, tmp_path: Path) -> None:
    with FaultyPortal(answer(b"the plan")) as portal:
        content = connect(portal).fetch_link(f"{portal.url}/plan.pdf", check=Path.read_bytes, folder=tmp_path)

    assert content == b"the plan"
    assert list(tmp_path.iterdir()) == []


def test_a_foreign_link_is_fetched_without_the_key(connect: Connect, tmp_path: Path) -> None:
    with FaultyPortal(answer(b"theirs")) as other, FaultyPortal() as portal:
        connect(portal, api_key="k3y-of-mine").fetch_link(f"{other.url}/plan.pdf", tmp_path / "plan.pdf")

    assert (tmp_path / "plan.pdf").read_bytes() == b"theirs"
    assert "authorization" not in other.requests[0].headers
    assert portal.connections == 0


def test_a_link_that_leads_away_by_redirect_takes_no_key_along(connect: Connect, tmp_path: Path) -> None:
    with FaultyPortal() as other, FaultyPortal(redirect(f"{other.url}/x")) as portal:
        transport = connect(portal, api_key="k3y-of-mine")
        with pytest.raises(NetworkError, match="not followed with a key"):
            transport.fetch_link(f"{portal.url}/plan.pdf", tmp_path / "plan.pdf")

    assert portal.fired["redirect"] == 1
    assert other.connections == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "javascript:alert(1)",
        "//x/y",
        "/x",
        "",
        "http://a:b@127.0.0.1/x",
        "http://[",
    ],
)
def test_what_is_no_web_address_is_refused_before_any_request(connect: Connect, url: str, tmp_path: Path) -> None:
    with FaultyPortal() as portal, pytest.raises(ValueError, match="link"):
        connect(portal).fetch_link(url, tmp_path / "x")

    assert portal.connections == 0
    assert list(tmp_path.iterdir()) == []


def test_a_portal_elsewhere_does_not_lead_to_this_machine() -> None:
    with pytest.raises(ValueError, match="to this machine"):
        checked_link("http://127.0.0.1:8080/x", from_loopback=False)

    assert checked_link("http://127.0.0.1:8080/x", from_loopback=True)
    assert checked_link("https://elsewhere.example/x", from_loopback=False)


def test_a_link_is_as_bounded_as_an_export(connect: Connect, tmp_path: Path) -> None:
    with FaultyPortal(faults.bomb(10_000_000)) as portal, pytest.raises(UnexpectedAnswerError, match="1,000 bytes"):
        connect(portal).fetch_link(f"{portal.url}/x", tmp_path / "x", max_bytes=1000)

    assert portal.fired["bomb"] == 1
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_breaks_once_is_fetched_again(connect: Connect, tmp_path: Path) -> None:
    with FaultyPortal(faults.reset_in_body(b"x" * 5000, 100), answer(b"x" * 5000)) as portal:
        connect(portal).fetch_link(f"{portal.url}/x", tmp_path / "x")

    assert portal.fired["reset in body"] == 1
    assert (tmp_path / "x").read_bytes() == b"x" * 5000


def test_a_link_to_nothing_is_refused_with_its_status(connect: Connect, tmp_path: Path) -> None:
    with FaultyPortal(answer(b"gone", 404)) as portal, pytest.raises(PortalError) as caught:
        connect(portal).fetch_link(f"{portal.url}/x", tmp_path / "x")

    assert portal.fired["answer 404"] == 1
    assert caught.value.status_code == 404


@pytest.mark.parametrize("call", ["json", "download", "link"])
def test_nothing_is_asked_offline(connect: Connect, call: str, tmp_path: Path) -> None:
    with FaultyPortal() as portal:
        transport = connect(portal, offline=True)
        calls: dict[str, Any] = {
            "json": lambda: transport.get_json(("catalog", "datasets")),
            "download": lambda: transport.download(("catalog",), [], Path.read_bytes, target=tmp_path / "x"),
            "link": lambda: transport.fetch_link(f"{portal.url}/x", tmp_path / "x"),
        }
        with pytest.raises(OfflineError):
            calls[call]()

    assert portal.connections == 0
    assert list(tmp_path.iterdir()) == []
