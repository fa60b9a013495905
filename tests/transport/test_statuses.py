"""What each status becomes, and which are asked again."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from bdxopendata.errors import (
    AuthenticationError,
    PortalError,
    QueryError,
    QuotaExceededError,
    ServerError,
    UnexpectedAnswerError,
)
from bdxopendata.transport import retries
from support import faulty_portal as faults
from support.faulty_portal import DAILY_QUOTA, FaultyPortal, answer

from .conftest import Connect

WHERE = ("catalog", "datasets")


def said(code: str, message: str) -> dict[str, Any]:
    return {"error_code": code, "message": message}


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("times", [1, 3])
def test_a_server_that_recovers_is_asked_exactly_once_more_than_it_failed(
    connect: Connect, status: int, times: int
) -> None:
    with FaultyPortal(*[answer(b"<html>oops</html>", status)] * times, answer({"a": 1})) as portal:
        assert connect(portal).get_json(WHERE) == {"a": 1}

    assert portal.fired[f"answer {status}"] == times
    assert len(portal.requests) == times + 1


def test_a_server_that_stays_down_is_reported_with_status_and_attempts(connect: Connect) -> None:
    bad_gateway = answer(b"<h1>Bad \x1b[31mGateway</h1>", 502)

    with FaultyPortal(otherwise=bad_gateway) as portal, pytest.raises(ServerError) as caught:
        connect(portal).get_json(WHERE)

    assert len(portal.requests) == 4
    assert (caught.value.status_code, caught.value.attempts, caught.value.retryable) == (502, 4, True)
    assert "failed with status 502 (tried 4 times)" in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "\\x1b[31mGateway" in caught.value.text


def test_a_status_about_the_request_is_not_repeated(connect: Connect) -> None:
    with FaultyPortal(answer(b"", 501)) as portal, pytest.raises(ServerError):
        connect(portal).get_json(WHERE)

    assert len(portal.requests) == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_portal_is_given_the_time_it_asks_for(
    connect: Connect, pauses: list[float], status: int, form: str
) -> None:
    text = "2" if form == "seconds" else format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True)

    with FaultyPortal(answer({}, status, {"Retry-After": text}), answer({"a": 1})) as portal:
        assert connect(portal).get_json(WHERE) == {"a": 1}

    assert portal.fired[f"answer {status}"] == 1
    assert len(pauses) == 1
    # An HTTP date knows whole seconds only; 0.5 is the jitter on top.
    assert (2.5 if form == "seconds" else 1.5) <= pauses[0] <= 3.5


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "inf", "99999999999", "", "1e3", "Wed, 99 Foo 2031"])
def test_a_hint_that_makes_no_sense_is_ignored(connect: Connect, pauses: list[float], text: str) -> None:
    with FaultyPortal(answer({}, 503, {"Retry-After": text}), answer({"a": 1})) as portal:
        assert connect(portal).get_json(WHERE) == {"a": 1}

    assert portal.fired["answer 503"] == 1
    assert pauses == [0.5]


def test_a_date_in_the_past_means_now(connect: Connect, pauses: list[float]) -> None:
    past = "Wed, 21 Oct 2015 07:28:00 GMT"

    with FaultyPortal(answer({}, 429, {"Retry-After": past}), answer({"a": 1})) as portal:
        connect(portal).get_json(WHERE)

    assert portal.fired["answer 429"] == 1
    assert pauses == [0.5]


def test_a_long_wait_is_left_to_the_caller(connect: Connect, pauses: list[float]) -> None:
    with (
        FaultyPortal(answer({}, 429, {"Retry-After": "3600", "X-RateLimit-Limit": "5000"})) as portal,
        pytest.raises(QuotaExceededError) as caught,
    ):
        connect(portal).get_json(WHERE, deadline=7200)

    assert portal.fired["answer 429"] == 1
    assert pauses == []
    assert (caught.value.retry_after, caught.value.limit, caught.value.status_code) == (3600, 5000, 429)
    assert "for 3600 s (limit 5000)" in str(caught.value)


def test_a_wait_beyond_the_deadline_is_left_to_the_caller(connect: Connect, pauses: list[float]) -> None:
    with (
        FaultyPortal(answer({}, 429, {"Retry-After": "30"})) as portal,
        pytest.raises(QuotaExceededError) as caught,
    ):
        connect(portal).get_json(WHERE, deadline=20)

    assert portal.fired["answer 429"] == 1
    assert pauses == []
    assert caught.value.retry_after == 30


def test_a_long_wait_of_a_failing_server_is_on_its_error(connect: Connect, pauses: list[float]) -> None:
    with FaultyPortal(answer({}, 503, {"Retry-After": "3600"})) as portal, pytest.raises(ServerError) as caught:
        connect(portal).get_json(WHERE)

    assert portal.fired["answer 503"] == 1
    assert pauses == []
    assert caught.value.retry_after == 3600


def test_throttling_while_calls_are_left_is_no_used_up_quota(connect: Connect, pauses: list[float]) -> None:
    headers = {"X-RateLimit-Remaining": "4000", "X-RateLimit-Reset": "2031-03-01 00:00:00+00:00"}

    with FaultyPortal(answer({}, 429, headers), answer({"a": 1})) as portal:
        assert connect(portal).get_json(WHERE) == {"a": 1}

    assert portal.fired["answer 429"] == 1
    assert pauses == [0.5]


def test_throttling_without_a_hint_is_answered_with_growing_pauses(connect: Connect, pauses: list[float]) -> None:
    with FaultyPortal(*[answer(b"slow down", 429)] * 2, answer({"a": 1})) as portal:
        assert connect(portal).get_json(WHERE) == {"a": 1}

    assert portal.fired["answer 429"] == 2
    assert pauses == [0.5, 1]


@pytest.mark.parametrize(
    ("body", "headers", "reset_at"),
    [
        (DAILY_QUOTA, {}, datetime(2031, 1, 26, tzinfo=UTC)),
        (DAILY_QUOTA, {"X-RateLimit-Reset": "2031-03-01 00:00:00+00:00"}, datetime(2031, 1, 26, tzinfo=UTC)),
        ({}, {"X-RateLimit-Reset": "2031-03-01 00:00:00+00:00"}, datetime(2031, 3, 1, tzinfo=UTC)),
        (b"<html>", {"X-RateLimit-Reset": "1930089600"}, datetime(2031, 3, 1, tzinfo=UTC)),
        ({**DAILY_QUOTA, "reset_time": "2021-01-26T00:00:00Z"}, {}, datetime(2021, 1, 26, tzinfo=UTC)),
        ({"errorcode": 10005, "call_limit": 1000, "error": "anonymous"}, {}, None),
    ],
)
def test_a_used_up_daily_quota_is_not_asked_again(
    connect: Connect, pauses: list[float], body: object, headers: dict[str, str], reset_at: datetime | None
) -> None:
    with FaultyPortal(answer(body, 429, headers)) as portal, pytest.raises(QuotaExceededError) as caught:
        connect(portal).get_json(WHERE)

    assert portal.fired["answer 429"] == 1
    assert pauses == []
    assert caught.value.reset_at == reset_at
    assert caught.value.limit == (body.get("call_limit") if isinstance(body, dict) else None)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named_by_its_source_and_never_shown(connect: Connect, status: int) -> None:
    body = said("ForbiddenAccess", "API key k3y-of-mine is not valid")

    with FaultyPortal(answer(body, status)) as portal, pytest.raises(AuthenticationError) as caught:
        connect(portal, api_key="k3y-of-mine").get_json(WHERE)

    assert portal.fired[f"answer {status}"] == 1
    assert portal.requests[0].headers["authorization"] == "Apikey k3y-of-mine"
    assert "does not accept the key from Settings(api_key=…)" in str(caught.value)
    assert "k3y-of-mine" not in f"{caught.value!r} {caught.value} {vars(caught.value)}"


def test_a_portal_that_wants_a_key_says_how_to_pass_one(connect: Connect) -> None:
    with FaultyPortal(answer({}, 401)) as portal, pytest.raises(AuthenticationError, match="without a key") as caught:
        connect(portal).get_json(WHERE)

    assert portal.fired["answer 401"] == 1
    assert caught.value.key_source is None


@pytest.mark.parametrize("status", [404, 410, 414, 418])
def test_other_refusals_carry_code_and_text(connect: Connect, status: int) -> None:
    body = said("NotFoundResource", "The requested dataset x does not exist.")

    with FaultyPortal(answer(body, status)) as portal, pytest.raises(PortalError) as caught:
        connect(portal).get_json(WHERE)

    assert len(portal.requests) == 1
    assert type(caught.value) is PortalError
    assert (caught.value.status_code, caught.value.code, caught.value.text) == (
        status,
        "NotFoundResource",
        "The requested dataset x does not exist.",
    )


@pytest.mark.parametrize(
    ("code", "text", "clause", "position"),
    [
        (
            "ODSQLError",
            "ODSQL query is malformed: Unknown field: x. Clause(s) containing the error(s): where.",
            "where",
            None,
        ),
        (
            "ODSQLSyntaxError",
            "ODSQL syntax exception: unexpected ( at position 5 in bogus(. Clause(s) containing the error(s): select.",
            "select",
            5,
        ),
        (
            "InvalidRESTParameterError",
            "Invalid value for limit API parameter: 200 was found but -1 <= limit <= 100 is expected.",
            None,
            None,
        ),
    ],
)
def test_a_question_that_is_refused_keeps_the_portals_words(
    connect: Connect, code: str, text: str, clause: str | None, position: int | None
) -> None:
    with FaultyPortal(answer(said(code, text), 400)) as portal, pytest.raises(QueryError) as caught:
        connect(portal).get_json(WHERE)

    assert len(portal.requests) == 1
    assert (caught.value.code, caught.value.text) == (code, text)
    assert (caught.value.clause, caught.value.position) == (clause, position)


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe\x00bad", b"<html>Not here</html>", b"[1]", b"null", b"[" * 100_000, b'{"message": 5}']
)
@pytest.mark.parametrize(("status", "error"), [(400, QueryError), (404, PortalError), (500, ServerError)])
def test_the_status_decides_whatever_the_body_is(
    connect: Connect, body: bytes, status: int, error: type[PortalError]
) -> None:
    with FaultyPortal(otherwise=answer(body, status)) as portal, pytest.raises(error) as caught:
        connect(portal, retries=0).get_json(WHERE)

    assert portal.fired[f"answer {status}"] == 1
    assert caught.value.status_code == status
    assert len(caught.value.text) <= 2000
    assert str(caught.value).isprintable()


def test_an_error_body_without_end_is_not_read_to_its_end(connect: Connect) -> None:
    endless = answer(b"x" * 10_000_000, 404)

    with FaultyPortal(endless) as portal, pytest.raises(PortalError) as caught:
        connect(portal).get_json(WHERE)

    assert portal.fired["answer 404"] == 1
    assert len(caught.value.text) < 300


def test_an_error_body_that_breaks_off_does_not_hide_the_status(connect: Connect) -> None:
    def play(line: faults.Line) -> None:
        line.send(faults.head(404, length=1000) + b'{"error_code": "Not')
        line.reset()

    with FaultyPortal(faults.Fault("cut error", play)) as portal, pytest.raises(PortalError) as caught:
        connect(portal).get_json(WHERE)

    assert portal.fired["cut error"] == 1
    assert caught.value.status_code == 404


@pytest.mark.parametrize("status", [201, 204, 206, 304])
def test_a_status_that_no_question_has_is_unexpected(connect: Connect, status: int) -> None:
    body = b"" if status in (204, 304) else b"{}"

    with FaultyPortal(answer(body, status)) as portal, pytest.raises(UnexpectedAnswerError, match=f"status {status}"):
        connect(portal).get_json(WHERE)

    assert len(portal.requests) == 1


def test_a_download_is_refused_like_any_other_question(connect: Connect, tmp_path: Path) -> None:
    with FaultyPortal(answer(said("ODSQLError", "no"), 400)) as portal, pytest.raises(QueryError):
        connect(portal).download(WHERE, [], Path.read_bytes, target=tmp_path / "x")

    assert len(portal.requests) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_retries_of_all_threads_together_have_an_end(connect: Connect) -> None:
    """Twenty retries are in the budget; what comes after fails at once."""
    with FaultyPortal(otherwise=answer({}, 503)) as portal:
        transport = connect(portal)
        for _ in range(12):
            with pytest.raises(ServerError):
                transport.get_json(WHERE)

    assert len(portal.requests) == 12 + 20
    assert retries.BUDGET.tokens == 0


def test_successes_earn_retries_back(connect: Connect) -> None:
    retries.BUDGET.refill()
    while retries.BUDGET.take():
        pass

    with FaultyPortal(*[answer({})] * 5, answer({}, 503), answer({"a": 1})) as portal:
        transport = connect(portal)
        for _ in range(5):
            transport.get_json(WHERE)
        assert transport.get_json(WHERE) == {"a": 1}

    assert portal.fired["answer 503"] == 1


def test_errors_travel_between_processes(connect: Connect) -> None:
    with FaultyPortal(answer(DAILY_QUOTA, 429)) as portal, pytest.raises(QuotaExceededError) as caught:
        connect(portal).get_json(WHERE)

    assert portal.fired["answer 429"] == 1
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
