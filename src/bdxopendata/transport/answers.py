"""What an answer says: its status as an error, its body as JSON.

The status decides. An error's body is read for the portal's own words, and merely quoted where it is anything else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from bdxopendata.bounds import check_json
from bdxopendata.errors import (
    AuthenticationError,
    BdxOpenDataError,
    PortalError,
    QueryError,
    QuotaExceededError,
    ServerError,
    UnexpectedAnswerError,
    excerpt,
)
from bdxopendata.transport.quota import read_moment, read_quota
from bdxopendata.transport.retries import Failure, Kind, read_retry_after

# More of an error's body is not read.
LONGEST_ERROR_BODY = 64 * 1024

_CLAUSES = re.compile(r"Clause\(s\) containing the error\(s\): ([a-z_, ]+)\.")
_POSITION = re.compile(r"at position ([0-9]{1,9})\b")
_QUOTA_MARKS = ("errorcode", "reset_time", "call_limit", "limit_time_unit")


def failure_of_status(
    status: int, headers: Mapping[str, str], body: bytes, *, host: str, key_source: str | None
) -> Failure:
    """Word the error of an answer whose status is not 200."""
    said = _said(body)
    wait = read_retry_after(headers.get("Retry-After"))
    if status == 429:
        return _throttled(headers, said, wait, host)
    if status >= 500:
        text = _text(said, body)
        # 501 and 505 are answers about the request; only these come and go.
        kind = Kind.SERVER if status in (500, 502, 503, 504) else Kind.FINAL
        return Failure(
            kind,
            lambda attempts: ServerError(status, host, attempts, text).about(retry_after=wait),
            wait=wait,
        )
    error = _refusal(status, said, body, host=host, key_source=key_source)
    return Failure(Kind.FINAL, lambda _: error)


def _refusal(
    status: int, said: Mapping[str, Any], body: bytes, *, host: str, key_source: str | None
) -> BdxOpenDataError:
    if status in (401, 403):
        return AuthenticationError(status, host, key_source)
    code, text = str(said.get("error_code", ""))[:100], _text(said, body)
    if status == 400:
        clause, position = _CLAUSES.search(text), _POSITION.search(text)
        return QueryError(
            text, code or "ODSQLError", clause[1] if clause else None, int(position[1]) if position else None
        )
    if 400 <= status < 500:
        return PortalError(status, code, text)
    return UnexpectedAnswerError(f"it has status {status}", excerpt(body)).about(status_code=status)


def _throttled(headers: Mapping[str, str], said: Mapping[str, Any], wait: float | None, host: str) -> Failure:
    quota = read_quota(headers, host)
    reset_at = read_moment(said.get("reset_time")) or (quota.reset_at if quota else None)
    limit = said.get("call_limit")
    if not isinstance(limit, int) or isinstance(limit, bool):
        limit = quota.limit if quota else None
    # A used-up daily quota comes back at the reset and not before; asking again would only burn more of it.
    none_left = quota is None or not quota.remaining
    used_up = wait is None and (
        any(mark in said for mark in _QUOTA_MARKS)
        or (none_left and reset_at is not None and reset_at > datetime.now(UTC))
    )
    return Failure(
        Kind.FINAL if used_up else Kind.THROTTLED,
        lambda _: QuotaExceededError(reset_at, limit, wait),
        wait=wait,
    )


def _said(body: bytes) -> Mapping[str, Any]:
    try:
        value = decode_json(body, strict=False)
    except UnexpectedAnswerError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(said: Mapping[str, Any], body: bytes) -> str:
    for name in ("message", "error"):
        if isinstance(said.get(name), str):
            return str(said[name])[:2000]
    return excerpt(body)


def decode_json(body: bytes, *, strict: bool) -> Any:
    """Decode a JSON body.

    With ``strict`` (for metadata), a name that appears twice in one object and NaN or Infinity are refused; without
    (for rows), the last of two equal names counts, and NaN and Infinity are the floats they name.

    Raises
    ------
    UnexpectedAnswerError
        If it is empty, HTML, no UTF-8, no JSON, nested too deeply, or holds a number of thousands of digits.
    """
    check_json(body)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnexpectedAnswerError("it is no UTF-8 text", excerpt(body)) from None
    if not text.strip():
        raise UnexpectedAnswerError("it is empty")
    if text.lstrip().startswith("<"):
        raise UnexpectedAnswerError("it is HTML or XML instead of JSON", excerpt(text))
    try:
        if strict:
            return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_distinct_names)
        return json.loads(text, parse_constant=_constant)
    except RecursionError:
        problem = "it is nested too deeply"
    except _RefusedError as error:
        problem = str(error)
    except json.JSONDecodeError:
        problem = "it is no valid JSON"
    except ValueError:
        problem = "it holds a number of too many digits"
    # Outside the handlers: the chain of a RecursionError is a thousand frames long.
    raise UnexpectedAnswerError(problem, excerpt(text))


class _RefusedError(Exception):
    """Valid for Python's decoder, but not for us."""


def _refuse_constant(name: str) -> NoReturn:
    raise _RefusedError(f"it holds {name} where a value is expected")


def _constant(name: str) -> str:
    # Kept by its name, as in exported files, so that typing treats both alike: an infinity that was sent is kept, one
    # that only came of a number too large is not.
    return name


def _distinct_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _RefusedError("one name appears twice in an object")
    return members
