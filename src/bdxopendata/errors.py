"""Every error and warning of the library.

    BdxOpenDataError
    ├─ ConfigurationError
    ├─ NetworkError
    │  └─ DeadlineExceededError
    ├─ PortalError
    │  ├─ AuthenticationError
    │  ├─ DatasetNotFoundError
    │  │  └─ TopicNotFoundError
    │  ├─ QueryError
    │  ├─ QuotaExceededError
    │  └─ ServerError
    ├─ UnexpectedAnswerError
    ├─ IncompleteDataError
    ├─ DatasetChangedError
    ├─ SchemaError
    │  ├─ UnknownFieldError
    │  └─ SchemaDriftError
    ├─ AlreadyRecordingError
    └─ OfflineError

    BdxOpenDataWarning
    ├─ StaleDataWarning
    ├─ SchemaDriftWarning
    ├─ DataQualityWarning
    ├─ FarAwayWarning
    ├─ QuotaWarning
    └─ ApiDeprecationWarning

An error holds facts and words them late: the facts are its ``args``, so that it survives the trip back from a
worker process, and the text is made when someone reads it. Each text ends with the way out. No error ever holds
a header, a key or an address with its query.

Argument mistakes are plain ``TypeError`` and ``ValueError``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any

EXCERPT_LENGTH = 200


def excerpt(text: str | bytes, length: int = EXCERPT_LENGTH) -> str:
    """Quote foreign text so that it can be shown on a terminal: short, one line, control characters escaped."""
    if isinstance(text, bytes):
        text = text[: 4 * length].decode("utf-8", errors="backslashreplace")
    shown = text[:length]
    escaped = "".join(
        character if character.isprintable() else character.encode("unicode_escape", "replace").decode("ascii")
        for character in shown
    )
    return escaped + ("…" if len(text) > length else "")


def printable(text: str) -> str:
    """Escape what a terminal would obey: all that is neither printed nor a blank nor the end of a line."""
    return "".join(
        one if one.isprintable() or (one.isspace() and one not in _OBEYED) else one.encode("unicode_escape").decode()
        for one in text
    )


# Blanks of a kind, but a terminal goes back, up or to a new page for them.
_OBEYED = frozenset("\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029")


def _printed(show: Callable[[Any], str]) -> Callable[[Any], str]:
    @wraps(show)
    def shown(self: Any) -> str:
        return printable(show(self))

    return shown


def name_list(names: Sequence[str]) -> str:
    """Join names for a sentence: ``'a', 'b' or 'c'``."""
    quoted = [f"'{excerpt(name, 80)}'" for name in names]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def levels_up() -> int:
    """How far above the caller of this function the first line outside the library is, as `warnings.warn` counts."""
    library = __name__.partition(".")[0]
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == library:
        frame, level = frame.f_back, level + 1
    return level


class BdxOpenDataError(Exception):
    """Base of every error of the library.

    Attributes
    ----------
    retryable
        Whether the same call may succeed later without any change.
    retry_after
        Seconds that the portal asked to wait, where it said so.
    status_code
        HTTP status, where there was an answer.
    dataset_id
        The dataset it is about, where there is one.
    """

    retryable: bool = False
    retry_after: float | None = None
    status_code: int | None = None
    dataset_id: str | None = None

    def __init_subclass__(cls, **more: Any) -> None:
        # Whatever a portal wrote into the facts, no text of an error hands a command to the terminal.
        super().__init_subclass__(**more)
        if "__str__" in vars(cls):
            cls.__str__ = _printed(cls.__str__)  # type: ignore[method-assign]  # that is the point

    def __str__(self) -> str:
        return printable(super().__str__())

    def about(
        self,
        *,
        dataset_id: str | None = None,
        status_code: int | None = None,
        retry_after: float | None = None,
    ) -> BdxOpenDataError:
        """Add what a caller knows to an error on its way up, and return it."""
        if dataset_id is not None and self.dataset_id is None:
            self.dataset_id = dataset_id
        if status_code is not None and self.status_code is None:
            self.status_code = status_code
        if retry_after is not None and self.retry_after is None:
            self.retry_after = retry_after
        return self


class ConfigurationError(BdxOpenDataError):
    """A setting cannot be used."""

    def __init__(self, problem: str, way_out: str) -> None:
        super().__init__(problem, way_out)
        self.problem = problem
        self.way_out = way_out

    def __str__(self) -> str:
        return f"{self.problem} {self.way_out}"


class NetworkError(BdxOpenDataError):
    """The portal could not be reached, or the connection broke, `attempts` times."""

    retryable = True

    def __init__(self, host: str, reason: str, attempts: int = 1) -> None:
        super().__init__(host, reason, attempts)
        self.host = host
        self.reason = reason
        self.attempts = attempts

    def __str__(self) -> str:
        times = "once" if self.attempts == 1 else f"{self.attempts} times"
        return (
            f"{self.host} could not be asked (tried {times}): {self.reason}. "
            "Check the connection and try again, or work from stored data with Settings(offline=True)."
        )


class DeadlineExceededError(NetworkError):
    """A call took longer than it may take in all."""

    def __init__(self, host: str, deadline: float, doing: str = "answer", attempts: int = 1) -> None:
        super().__init__(host, f"no complete {doing} within {deadline:g} s", attempts)
        self.args: tuple[Any, ...] = (host, deadline, doing, attempts)
        self.deadline = deadline
        self.doing = doing

    def __str__(self) -> str:
        return (
            f"{self.host} gave {self.reason}. Ask for less with where(), select() or limit(), "
            "or allow more time with Settings(deadline=…)."
        )


class PortalError(BdxOpenDataError):
    """The portal refused a request."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(status, code, text)
        self.status_code: int = status
        self.code = code
        self.text = text

    def __str__(self) -> str:
        return (
            f"The portal refused the request with status {self.status_code} ({excerpt(self.code, 60)}): "
            f"{excerpt(self.text, 500)} Look at what was asked with .url()."
        )


class AuthenticationError(PortalError):
    """The portal does not accept the key, or wants one. `key_source` says where the key came from."""

    def __init__(self, status: int, host: str, key_source: str | None = None) -> None:
        super().__init__(status, "", "")
        self.args: tuple[Any, ...] = (status, host, key_source)
        self.host = host
        self.key_source = key_source

    def __str__(self) -> str:
        if self.key_source is None:
            return (
                f"{self.host} does not give this without a key, or not to everyone (status {self.status_code}). "
                "Pass Settings(api_key=…) or set BDXOPENDATA_API_KEY."
            )
        return (
            f"{self.host} does not accept the key from {self.key_source} for this (status {self.status_code}). "
            "Check that the key is of this portal and still valid."
        )


class DatasetNotFoundError(PortalError):
    """The catalogue has no dataset of this id; `near` holds ids that look alike."""

    def __init__(self, dataset_id: str, host: str, near: Sequence[str] = ()) -> None:
        super().__init__(404, "NotFoundResource", "")
        self.args: tuple[Any, ...] = (dataset_id, host, tuple(near))
        self.dataset_id: str = dataset_id
        self.host = host
        self.near: tuple[str, ...] = tuple(near)

    def __str__(self) -> str:
        wanted = excerpt(self.dataset_id or "", 80)
        hint = (
            f"Did you mean {name_list(self.near)}?"
            if self.near
            else "Find datasets with Catalog().search('…'); ids are case-sensitive."
        )
        return (
            f"{self.host} has no dataset '{wanted}', or shows it only with a key "
            f"(private datasets look the same). {hint}"
        )


TOPIC_WAY_OUT = (
    "Search the catalogue with Catalog().search('…'); engine.read(contract, dataset='…') takes the one you name."
)


class TopicNotFoundError(DatasetNotFoundError):
    """The catalogue has no dataset that answers a topic.

    Attributes
    ----------
    topic
        Name of the topic.
    looked_for
        Ids that were tried.
    searched
        Texts that the catalogue was searched for.
    near
        Ids that look alike.
    gone
        What to try by hand.
    """

    def __init__(
        self,
        topic: str,
        host: str,
        looked_for: tuple[str, ...],
        searched: tuple[str, ...],
        near: tuple[str, ...],
        gone: str = "",
    ) -> None:
        super().__init__(looked_for[0] if looked_for else topic, host, near)
        self.args: tuple[Any, ...] = (topic, host, looked_for, searched, near, gone)
        self.gone = gone
        self.topic = topic
        self.looked_for = looked_for
        self.searched = searched

    def __str__(self) -> str:
        looked_for = name_list(self.looked_for) or "no known id"
        searched = f", nor did a search for {name_list(self.searched)} find one" if self.searched else ""
        near = f"These look alike: {name_list(self.near)}." if self.near else "Nothing in the catalogue looks alike."
        return (
            f"{self.host} has no dataset for the topic '{excerpt(self.topic, 40)}': looked for {looked_for}{searched}. "
            f"{near} {self.gone or TOPIC_WAY_OUT}"
        )


class QueryError(PortalError):
    """A question that cannot be answered as it is worded.

    Attributes
    ----------
    text
        What is wrong, in the portal's words where the portal said it.
    code
        The portal's error code, such as ``ODSQLError``.
    clause
        The clause it is in (``where``, ``select``, ``group_by``, ``order_by``), where known.
    position
        Zero-based place in the clause's text, where known.
    hint
        The way out, where one can be guessed.
    """

    def __init__(
        self,
        text: str,
        code: str = "ODSQLError",
        clause: str | None = None,
        position: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(400, code, text)
        self.args: tuple[Any, ...] = (text, code, clause, position, hint)
        self.clause = clause
        self.position = position
        self.hint = hint

    def __str__(self) -> str:
        place = f" (in {self.clause})" if self.clause and self.clause not in self.text else ""
        way_out = self.hint or "See what was asked with .url() and .explain()."
        return f"{excerpt(self.text, 600)}{place} {way_out}"


class QuotaExceededError(PortalError):
    """The portal accepts no more calls for now.

    Attributes
    ----------
    reset_at
        When calls are accepted again, in UTC, where the portal said so.
    limit
        Calls allowed in the window, where said.
    """

    retryable = True

    def __init__(
        self, reset_at: datetime | None = None, limit: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(429, "", "")
        self.args: tuple[Any, ...] = (reset_at, limit, retry_after)
        self.reset_at = reset_at
        self.limit = limit
        self.retry_after = retry_after

    def __str__(self) -> str:
        if self.reset_at is not None:
            until = f" until {self.reset_at:%Y-%m-%d %H:%M} UTC"
        elif self.retry_after is not None:
            until = f" for {self.retry_after:g} s"
        else:
            until = ""
        of = f" (limit {self.limit})" if self.limit is not None else ""
        return (
            f"The portal accepts no more calls{until}{of}. An API key raises the quota: pass Settings(api_key=…) "
            "or set BDXOPENDATA_API_KEY; stored data stay available with Settings(offline=True)."
        )


class ServerError(PortalError):
    """The portal failed on its side, `attempts` times."""

    retryable = True

    def __init__(self, status: int, host: str, attempts: int = 1, body: str = "") -> None:
        super().__init__(status, "", body)
        self.args: tuple[Any, ...] = (status, host, attempts, body)
        self.host = host
        self.attempts = attempts

    def __str__(self) -> str:
        times = "once" if self.attempts == 1 else f"{self.attempts} times"
        said = f" It said: {excerpt(self.text)!r}." if self.text else ""
        return (
            f"{self.host} failed with status {self.status_code} (tried {times}).{said} "
            "Try again later, or work from stored data with Settings(offline=True)."
        )


class UnexpectedAnswerError(BdxOpenDataError):
    """An answer that is not what was asked for: HTML with status 200, a wrong shape, bytes that cannot be decoded."""

    retryable = True

    def __init__(self, problem: str, body: str = "") -> None:
        super().__init__(problem, body)
        self.problem = problem
        self.body = body

    def __str__(self) -> str:
        said = f" It begins: {excerpt(self.body)!r}." if self.body else ""
        return (
            f"The answer cannot be used: {self.problem}.{said} "
            "Try again later; if it stays, the portal is in maintenance, wants a log-in, or changed its format."
        )


class IncompleteDataError(BdxOpenDataError):
    """Fewer or more rows arrived than the portal announced."""

    retryable = True

    def __init__(self, dataset_id: str, expected: int, got: int, road: str = "") -> None:
        super().__init__(dataset_id, expected, got, road)
        self.dataset_id: str = dataset_id
        self.expected = expected
        self.got = got
        self.road = road

    def __str__(self) -> str:
        by = f" by {self.road}" if self.road else ""
        return (
            f"The portal announced {self.expected:,} rows of '{self.dataset_id}', {self.got:,} arrived{by}. "
            "Nothing is returned, since it would not be whole. Try again, or force another road with format=…."
        )


class DatasetChangedError(BdxOpenDataError):
    """The dataset was processed again while it was read, each time it was tried."""

    retryable = True

    def __init__(self, dataset_id: str, before: str | None, after: str | None) -> None:
        super().__init__(dataset_id, before, after)
        self.dataset_id: str = dataset_id
        self.before = before
        self.after = after

    def __str__(self) -> str:
        return (
            f"'{self.dataset_id}' was processed again while it was read (version {self.before}, then {self.after}), "
            "so rows of two versions would be mixed. Try again in a moment."
        )


class SchemaError(BdxOpenDataError):
    """A dataset does not have the fields that are needed."""


class UnknownFieldError(SchemaError):
    """A name that is no field of the dataset; `near` holds names that look alike."""

    def __init__(self, name: str, near: Sequence[str] = (), dataset_id: str | None = None) -> None:
        super().__init__(name, tuple(near), dataset_id)
        self.name = name
        self.near: tuple[str, ...] = tuple(near)
        self.dataset_id = dataset_id

    def __str__(self) -> str:
        where = f" in '{self.dataset_id}'" if self.dataset_id else ""
        hint = f"Did you mean {name_list(self.near)}?" if self.near else "See the names in .schema."
        return f"There is no field '{excerpt(self.name, 80)}'{where}. {hint}"


class SchemaDriftError(SchemaError):
    """The portal no longer offers fields that a question needs."""

    def __init__(self, dataset_id: str, missing: Sequence[str], found: Sequence[str] = ()) -> None:
        super().__init__(dataset_id, tuple(missing), tuple(found))
        self.dataset_id: str = dataset_id
        self.missing: tuple[str, ...] = tuple(missing)
        self.found: tuple[str, ...] = tuple(found)

    def __str__(self) -> str:
        return (
            f"'{self.dataset_id}' no longer has {name_list(self.missing)}; its fields are now "
            f"{', '.join(self.found) or 'none'}. Update the library, or ask Dataset('{self.dataset_id}') directly."
        )


class OfflineError(BdxOpenDataError):
    """Something is needed that is not stored, or cannot be computed on this machine."""

    def __init__(self, what: str, way_out: str = "Run it once with Settings(offline=False).") -> None:
        super().__init__(what, way_out)
        self.what = what
        self.way_out = way_out

    def __str__(self) -> str:
        return f"Offline: {self.what}. {self.way_out}"


class AlreadyRecordingError(BdxOpenDataError):
    """Another recorder, of this process or another, is writing into the folder."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return (
            f"Another recorder is writing into {self.folder}. Stop it first, or name another folder; "
            "history() can be read meanwhile."
        )


class BdxOpenDataWarning(UserWarning):
    """Base of every warning of the library."""

    def __str__(self) -> str:
        return printable(super().__str__())


class StaleDataWarning(BdxOpenDataWarning):
    """Stored data are shown that may no longer be current."""


class SchemaDriftWarning(BdxOpenDataWarning):
    """The fields of a dataset are not what they were."""


class DataQualityWarning(BdxOpenDataWarning):
    """Values did not fit their type and are missing, or were kept in another form."""


class FarAwayWarning(BdxOpenDataWarning):
    """The place that is asked about is far from where the data are, so that the answer is empty."""


class QuotaWarning(BdxOpenDataWarning):
    """Few calls are left."""


class ApiDeprecationWarning(BdxOpenDataWarning):
    """The portal announces that something asked of it will go away."""
