"""The calls that are left."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bdxopendata.errors import ApiDeprecationWarning, QuotaExceededError, QuotaWarning
from bdxopendata.transport import Quota, last_quota
from bdxopendata.transport.quota import read_moment, read_quota
from support.faulty_portal import FaultyPortal, answer

from .conftest import Connect

WHERE = ("catalog", "datasets")
RESET = "2026-08-18 00:00:00+00:00"


def told(limit: str, remaining: str, reset: str = RESET) -> dict[str, str | None]:
    return {"X-RateLimit-Limit": limit, "X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": reset}


def test_the_quota_is_what_the_portal_last_said(connect: Connect) -> None:
    assert last_quota() is None

    with FaultyPortal(answer({}, headers=told("15000", "14999")), answer({})) as portal:
        transport = connect(portal)
        assert transport.quota is None
        transport.get_json(WHERE)
        transport.get_json(WHERE)

    expected = Quota(f"127.0.0.1:{portal.port}", 15000, 14999, datetime(2026, 8, 18, tzinfo=UTC))
    assert transport.quota == last_quota() == expected


def test_a_refusal_tells_the_quota_too(connect: Connect) -> None:
    with FaultyPortal(answer({}, 429, told("100", "0"))) as portal:
        transport = connect(portal, retries=0)
        with pytest.raises(QuotaExceededError):
            transport.get_json(WHERE)

    assert portal.fired["answer 429"] == 1
    assert transport.quota is not None
    assert (transport.quota.remaining, last_quota()) == (0, transport.quota)


def test_a_foreign_link_says_nothing_of_the_portals_quota(connect: Connect, tmp_path: Path) -> None:
    with FaultyPortal(answer(b"x", headers=told("100", "0"))) as other, FaultyPortal() as portal:
        transport = connect(portal)
        transport.fetch_link(f"{other.url}/x", tmp_path / "x")

    assert len(other.requests) == 1
    assert transport.quota is None


def test_numbers_of_any_size_are_read() -> None:
    quota = read_quota(told("99999999999999999999999", "99999999999999999999998"), "h")  # type: ignore[arg-type]

    assert quota is not None
    assert quota.limit == 99999999999999999999999
    assert not quota.is_low


def test_a_dataset_may_have_its_own() -> None:
    headers = {
        "X-RateLimit-dataset-Limit": "50000",
        "X-RateLimit-dataset-Remaining": "1",
        "X-RateLimit-dataset-Reset": RESET,
    }

    quota = read_quota(headers, "h")

    assert quota == Quota("h", None, None, None, 50000, 1, datetime(2026, 8, 18, tzinfo=UTC))
    assert quota.is_low


@pytest.mark.parametrize("headers", [{}, told("", "many", "soon"), told("-5", "1.5", ""), told("9" * 5000, "½", "nan")])
def test_headers_that_say_nothing_are_no_quota(headers: dict[str, str]) -> None:
    assert read_quota(headers, "h") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-08-18 00:00:00+00:00", datetime(2026, 8, 18, tzinfo=UTC)),
        ("2026-08-18T02:00:00+02:00", datetime(2026, 8, 18, tzinfo=UTC)),
        ("2026-08-18T00:00:00Z", datetime(2026, 8, 18, tzinfo=UTC)),
        ("2026-08-18 00:00:00", datetime(2026, 8, 18, tzinfo=UTC)),
        ("1787011200", datetime(2026, 8, 18, tzinfo=UTC)),
        ("1787011200000", datetime(2026, 8, 18, tzinfo=UTC)),
        (1787011200, datetime(2026, 8, 18, tzinfo=UTC)),
        ("tomorrow", None),
        ("", None),
        ("0001-01-01T00:00:00+14:00", None),
        (None, None),
        (True, None),
    ],
)
def test_the_moment_of_reset_is_read_in_every_form(text: object, expected: datetime | None) -> None:
    assert read_moment(text) == expected


def test_few_calls_left_are_warned_about_once_per_window(connect: Connect) -> None:
    answers = [
        answer({}, headers=told("100", "5")),
        answer({}, headers=told("100", "4")),
        answer({}, headers=told("100", "3")),
        answer({}, headers=told("100", "4", "2026-08-19 00:00:00+00:00")),
    ]

    with FaultyPortal(*answers) as portal, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        transport = connect(portal)
        for _ in answers:
            transport.get_json(WHERE)

    texts = [str(one.message) for one in caught if issubclass(one.category, QuotaWarning)]
    assert len(texts) == 2
    assert "accepts 4 more calls until 2026-08-18 00:00 UTC (of 100)" in texts[0]


def test_an_announced_end_is_warned_about_once(connect: Connect) -> None:
    text = "deprecated API version (v2.0), please use the current v2.1 version \x1b[31m"
    announced = answer({}, headers={"ODS-Explore-API-Deprecation": text})

    with FaultyPortal(announced, announced) as portal:
        transport = connect(portal)
        with pytest.warns(ApiDeprecationWarning) as caught:
            transport.get_json(WHERE)
        transport.get_json(WHERE)

    assert len(portal.requests) == 2
    assert len(caught) == 1
    assert "please use the current v2.1 version" in str(caught[0].message)
    assert str(caught[0].message).isprintable()
