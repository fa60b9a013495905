"""Answers as values: status, headers, body; and the envelopes that every endpoint shares.

Headers follow the recorded ones: no validators anywhere, rate headers only on success, a refused question (400) is
short, uncompressed and says its length, and an export never does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

JSON_TYPE = "application/json; charset=utf-8"
BLOCK = 64 * 1024

COMMON_HEADERS: Mapping[str, str] = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, GET, OPTIONS",
    "access-control-max-age": "1000",
    "access-control-allow-headers": "Authorization, X-Requested-With, Origin, ODS-API-Analytics-App",
    "access-control-expose-headers": (
        "ODS-Explore-API-Deprecation, Link, X-RateLimit-Remaining, X-RateLimit-Limit, X-RateLimit-Reset, "
        "X-RateLimit-dataset-Remaining, X-RateLimit-dataset-Limit, X-RateLimit-dataset-Reset"
    ),
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "midi=(), camera=(), microphone=()",
}
NOT_CACHED = "no-cache, no-store, max-age=0, must-revalidate"
VARIES = "Accept-Language, Cookie, Host"


@dataclass(slots=True)
class Reply:
    """One answer. Tests may hand one to the portal in place of its own.

    Attributes
    ----------
    body
        All of it, or blocks for a streamed (chunked) answer without length.
    compressible
        Whether it is gzipped for those who accept that.
    counted
        Whether the rate headers go with it.
    cut_after
        Break the connection after this many bytes of the body (as sent), to provoke a torn answer.
    length
        Content-Length to claim, where it is to differ from the truth.
    """

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)
    compressible: bool = False
    counted: bool = False
    cut_after: int | None = None
    length: int | None = None

    @property
    def streamed(self) -> bool:
        """Whether the body goes out in chunks."""
        return not isinstance(self.body, bytes)


class Refusal(Exception):
    """Raised by an endpoint that answers with an error; becomes its `reply`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    @property
    def reply(self) -> Reply:
        """The envelope of every status but 429: two keys, two blanks of indentation, no charset in the type."""
        body = json.dumps({"error_code": self.code, "message": self.message}, indent=2)
        headers = {"content-type": "application/json"}
        if self.status != 400:
            headers |= {"cache-control": NOT_CACHED, "vary": VARIES}
        return Reply(self.status, body.encode(), headers, compressible=self.status != 400)


def bad_odsql(problem: str, clause: str) -> Refusal:
    """Make the 400 about the meaning of a clause."""
    text = f"ODSQL query is malformed: {problem}. Clause(s) containing the error(s): {clause}."
    return Refusal(400, "ODSQLError", text)


def bad_parameter(name: str, found: object, expected: str) -> Refusal:
    """Make the 400 about the value of a parameter."""
    text = f"Invalid value for {name} API parameter: {found} was found but {expected} is expected."
    return Refusal(400, "InvalidRESTParameterError", text)


def no_dataset(dataset_id: str) -> Refusal:
    """Make the 404 of an unknown dataset."""
    return Refusal(404, "NotFoundResource", f"The requested dataset {dataset_id} does not exist.")


def no_uri() -> Refusal:
    """Make the 404 of an unknown path."""
    return Refusal(404, "NotFoundURI", "The requested URI does not exist.")


def not_reproduced(format: str) -> Refusal:
    """Make the 501 of this stand-in alone: a format that portals have, and that nobody has recorded."""
    return Refusal(501, "NotReproduced", f"The stand-in portal does not write {format}: its layout is not recorded.")


def forbidden() -> Refusal:
    """Make the 403 of records that the caller may not see."""
    return Refusal(403, "ForbiddenAccess", "You don't have permission to access the requested resource")


def success(body: bytes | Iterable[bytes], content_type: str, language: str, *, compressible: bool = True) -> Reply:
    """Make a 200 with the headers of success."""
    headers = {
        "content-type": content_type,
        "cache-control": NOT_CACHED,
        "vary": VARIES,
        "content-language": language,
    }
    return Reply(200, body, headers, compressible=compressible, counted=True)


def json_text(value: Any) -> str:
    """JSON on one line, with a blank after ``,`` and ``:``, and escapes for letters beyond ASCII as recorded."""
    return json.dumps(value)


def json_success(value: Any, language: str) -> Reply:
    """Make a 200 with a JSON body."""
    return success(json_text(value).encode("ascii"), JSON_TYPE, language)


def blocks(pieces: Iterable[bytes], size: int = BLOCK) -> Iterable[bytes]:
    """Gather small pieces into blocks worth sending."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= size:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
