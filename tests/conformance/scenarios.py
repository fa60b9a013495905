"""What goes wrong, as a table: one row a scenario, with what must come of it.

Each row is crossed with every way of `ways.WAYS`. What makes no sense together is left out by a rule that says why.
The numbers are those of the list in `held.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from bdxopendata.errors import (
    AuthenticationError,
    BdxOpenDataError,
    DatasetChangedError,
    DeadlineExceededError,
    IncompleteDataError,
    NetworkError,
    PortalError,
    QueryError,
    QuotaExceededError,
    ServerError,
    UnexpectedAnswerError,
)
from bdxopendata.testing import StandIn
from support import faulty_portal as faults
from support.faulty_portal import Fault, FaultyPortal, Seen, answer

from . import damage
from .ways import FIELDS, Way, to

# Repeats that the settings of every scenario allow.
RETRIES = 3
ERROR_TYPES: tuple[type[BdxOpenDataError], ...] = (UnexpectedAnswerError, IncompleteDataError)


@dataclass(frozen=True)
class Stage:
    """What faults are made from: the way, the portal behind, and another host that nobody should be led to."""

    way: Way
    portal: FaultyPortal
    behind: StandIn
    elsewhere: FaultyPortal

    @property
    def shape(self) -> str:
        """Which of `damage`'s shapes the answers have."""
        if self.way.content in ("rows", "count", "listing"):
            return ""
        return self.way.format or self.way.content


@dataclass(frozen=True)
class Whole:
    """The answer is the same as without faults, after `more` requests; None where that depends on the moment."""

    more: int | None = 0


@dataclass(frozen=True)
class Refused:
    """One error of these types, after so many requests that carry what is asked for; None where that depends."""

    types: tuple[type[BdxOpenDataError], ...]
    asked: range | None = None

    @classmethod
    def with_(cls, *types: type[BdxOpenDataError], asked: int | range | None = None) -> Refused:
        return cls(types, range(asked, asked + 1) if isinstance(asked, int) else asked)


@dataclass(frozen=True)
class Interrupted:
    """KeyboardInterrupt, at once and as itself."""


@dataclass(frozen=True)
class LeftOut:
    """Ways that a scenario makes no sense with, and why."""

    ways: Callable[[Way], bool]
    reason: str


Outcome = Whole | Refused | Interrupted
Make = Callable[[Stage], Fault]
When = tuple[Make, int | None]


@dataclass(frozen=True)
class Scenario:
    """One row of the table.

    Attributes
    ----------
    numbers
        Faults of the list that it provokes.
    provoked
        Faults, each with how often it happens; None is each time.
    where
        Which requests it happens to; by default those that carry what is asked for.
    then
        What must come of it.
    but
        What must come of it instead, by trait or name of a way.
    changes
        What happens to the datasets meanwhile. The answer may then be that of before or that of afterwards.
    seconds
        How long it may take in all, a bound on hanging rather than a measure.
    pauses
        Seconds that must be waited in all, from and to.
    connection
        What happens to connections rather than to requests: ``refused``, ``reset``, or a kind of certificate.
    """

    name: str
    numbers: tuple[int, ...]
    then: Outcome
    provoked: tuple[When, ...] = ()
    where: Callable[[Way], Callable[[Seen], bool]] = lambda way: way.hit
    but: Mapping[str, Outcome] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    changes: Callable[[StandIn, str], None] | None = None
    seconds: float = 60.0
    pauses: tuple[float, float] | None = None
    connection: str = ""

    def outcome(self, way: Way) -> Outcome:
        for name in (way.name, *sorted(way.traits)):
            if name in self.but:
                return self.but[name]
        return self.then

    def why_left_out(self, way: Way) -> str | None:
        return next((one.reason for one in self.left_out if one.ways(way)), None)


def each(fault: Fault) -> Make:
    return lambda _: fault


def json_of(body: Any, status: int = 200, headers: Mapping[str, str | None] | None = None) -> Make:
    return lambda _: answer(body, status, headers)


def _soon(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


def _anywhere(_: Way) -> Callable[[Seen], bool]:
    return lambda _: True


def _counts(_: Way) -> Callable[[Seen], bool]:
    return lambda seen: seen.path.endswith("/records")


def _listed_or_counted(way: Way) -> Callable[[Seen], bool]:
    return to("/catalog/datasets") if way.content == "listing" else _counts(way)


def _moved_here(_: Stage) -> Fault:
    def play(line: faults.Line) -> None:
        assert line.seen is not None
        faults.redirect(f"{line.seen.target}{'&' if line.seen.query else '?'}moved=1").play(line)

    return Fault("redirect", play)


def _moved(to: Callable[[Stage], str]) -> Make:
    return lambda stage: faults.redirect(to(stage))


def _loop(_: Stage) -> Fault:
    def play(line: faults.Line) -> None:
        assert line.seen is not None
        faults.redirect(line.seen.target).play(line)

    return Fault("redirect", play)


def _not_again(way: Way) -> Callable[[Seen], bool]:
    return lambda seen: way.hit(seen) and "moved" not in dict(seen.query)


def _repeated_page(_: Stage) -> Fault:
    """The first page, whatever page is asked for."""

    def play(line: faults.Line) -> None:
        assert line.seen is not None
        query = [(name, value) for name, value in line.seen.query if name != "offset"]
        first = faults.Seen("GET", f"{line.seen.path}?{urlencode(query)}", line.seen.headers, 0)
        answer(line.portal.given(first).body).play(line)

    return Fault("page again", play)


def _later_page(way: Way) -> Callable[[Seen], bool]:
    return lambda seen: way.hit(seen) and "offset" in dict(seen.query) and dict(seen.query)["offset"] != "0"


def _processed(stage: Stage) -> Fault:
    return faults.meanwhile("processed", lambda: stage.behind.reprocess(stage.way.dataset), first=False)


def _changed(changes: Callable[[StandIn, str], None], *, first: bool) -> Make:
    def make(stage: Stage) -> Fault:
        done: list[bool] = []

        def happens() -> None:
            if not done:
                done.append(True)
                changes(stage.behind, stage.way.dataset)

        return faults.meanwhile("changed", happens, first=first)

    return make


def fewer_rows(portal: StandIn, dataset: str) -> None:
    portal.set_rows(dataset, portal.stock.get(dataset).sample.rows[1:])


def field_gone(portal: StandIn, dataset: str) -> None:
    kept = [one for one in FIELDS if one["name"] != "hauteur"]
    portal.set_fields(dataset, kept)


def field_new(portal: StandIn, dataset: str) -> None:
    portal.set_fields(dataset, [*FIELDS, {"name": "essence", "type": "text"}])


def field_of_other_type(portal: StandIn, dataset: str) -> None:
    portal.set_fields(dataset, [{**one, "type": "text"} if one["name"] == "gid" else one for one in FIELDS])


# Rules by which cells are left out

IS_FILE = LeftOut(lambda way: way.content == "file", "an attachment may hold anything, and nothing says how long it is")
NO_COUNT = LeftOut(
    lambda way: way.content in ("description", "facets", "file") or way.name in ("search", "info"),
    "nothing is counted there",
)
THE_COUNT_ITSELF = LeftOut(lambda way: way.content == "count", "the count is the answer, and nothing else tells it")
NO_ROWS = LeftOut(lambda way: way.content not in ("rows", "export", "listing"), "there are no rows in it")
NO_PAGES = LeftOut(lambda way: "paged" not in way.traits, "it is no answer of several pages")
NO_EXPORT = LeftOut(lambda way: way.content != "export", "it is no export")
NO_PARQUET = LeftOut(lambda way: way.format != "parquet", "it is no Parquet file")
NO_JSON = LeftOut(lambda way: way.format in ("csv", "parquet") or way.content == "file", "it is no JSON")
NO_TEXT = LeftOut(lambda way: way.format == "parquet" or way.content == "file", "it is no text")
NO_METADATA = LeftOut(lambda way: way.content not in ("description", "listing", "facets"), "it is rows, no metadata")
NOT_THE_TREES = LeftOut(lambda way: "topic" in way.traits, "a topic asks for its fields by name: see its own tests")
ONE_REQUEST = LeftOut(
    lambda way: way.name in ("listing", "search", "info", "attachments", "stored"),
    "it is the first request on its connection",
)
STORED = LeftOut(lambda way: "stored" in way.traits, "what is stored came over the same connection")
LISTING = LeftOut(lambda way: way.content == "listing", "a listing has no version; its count is looked at")
SEARCH = LeftOut(lambda way: way.name == "search", "what is found is one entry")

NET = Refused.with_(NetworkError, asked=RETRIES + 1)
WRONG = Refused.with_(*ERROR_TYPES, asked=2)
ODD = Refused.with_(UnexpectedAnswerError, asked=2)
# Where the portal's search fails, the listing is searched instead.
ELSEWHERE = {"search": Whole(None)}
# A page that is short is asked for once more there, and a listing is read anew three times.
SHORT = Refused.with_(IncompleteDataError)

# Long enough for a busy machine to take a request at all.
QUICK = {"timeout": 0.5, "retries": 1}


def _twice_and_for_ever(
    name: str,
    numbers: tuple[int, ...],
    make: Make,
    *,
    then: Outcome,
    once: int = 1,
    but_once: Mapping[str, Outcome] | None = None,
    **more: Any,
) -> tuple[Scenario, Scenario]:
    """A fault that passes, and the same one that stays."""
    passing = {**{key: value for key, value in more.items() if key != "but"}, "but": but_once or {}}
    return (
        Scenario(
            f"{name}, once" if once == 1 else f"{name}, {once} times", numbers, Whole(once), ((make, once),), **passing
        ),
        Scenario(f"{name}, each time", numbers, then, ((make, None),), **more),
    )


SCENARIOS: tuple[Scenario, ...] = (
    # A. Connection and transport
    Scenario("connection refused", (1,), Refused.with_(NetworkError, asked=0), connection="refused"),
    Scenario("connection accepted and reset, twice", (2,), Whole(), connection="reset twice"),
    Scenario(
        "connection accepted and reset, each time", (2,), Refused.with_(NetworkError, asked=0), connection="reset"
    ),
    *_twice_and_for_ever(
        "reset before the headers",
        (3,),
        each(faults.reset()),
        once=2,
        then=Refused.with_(NetworkError, asked=range(RETRIES + 1, RETRIES + 3)),
        but=ELSEWHERE,
    ),
    *_twice_and_for_ever("reset in the body", (4,), each(faults.reset_in_body()), then=NET, but=ELSEWHERE),
    *_twice_and_for_ever("shorter than Content-Length", (5,), each(faults.cut()), then=NET, but=ELSEWHERE),
    *_twice_and_for_ever(
        "chunks without the last", (6,), each(faults.chunks(finished=False, after=0.6)), then=NET, but=ELSEWHERE
    ),
    *_twice_and_for_ever(
        "cut, without any length", (7,), each(faults.unframed(after=0.6)), then=WRONG, left_out=(IS_FILE,)
    ),
    *_twice_and_for_ever(
        "cut inside right chunks", (8,), each(faults.chunks(finished=True, after=0.6)), then=WRONG, left_out=(IS_FILE,)
    ),
    *_twice_and_for_ever("compressed and cut", (8,), each(faults.compressed_and_cut()), then=NET, but=ELSEWHERE),
    *_twice_and_for_ever("Content-Length too small", (9,), each(faults.too_short()), then=WRONG, left_out=(IS_FILE,)),
    *_twice_and_for_ever("Content-Length too big", (10,), each(faults.too_long()), then=NET, but=ELSEWHERE),
    *_twice_and_for_ever(
        "no answer at all",
        (11,),
        each(faults.silence()),
        settings=QUICK,
        then=Refused.with_(NetworkError, asked=2),
        but=ELSEWHERE,
    ),
    *_twice_and_for_ever(
        "silence in the middle of the body",
        (12,),
        each(faults.stall()),
        settings=QUICK,
        then=Refused.with_(NetworkError, asked=2),
        but=ELSEWHERE,
    ),
    Scenario(
        "one byte at a time",
        (13,),
        Refused.with_(DeadlineExceededError, asked=1),
        ((each(faults.drip(pause=0.05)), None),),
        settings={"deadline": 0.3},
        but=ELSEWHERE,
    ),
    Scenario(
        "headers without end, one byte at a time",
        (13,),
        Refused.with_(DeadlineExceededError, asked=1),
        ((each(faults.drip_head(pause=0.05)), None),),
        settings={"deadline": 0.3},
        but=ELSEWHERE,
    ),
    Scenario(
        "certificate that nobody vouches for",
        (14,),
        Refused.with_(NetworkError, asked=0),
        connection="unknown",
        left_out=(STORED,),
    ),
    Scenario(
        "certificate that has run out",
        (14,),
        Refused.with_(NetworkError, asked=0),
        connection="expired",
        left_out=(STORED,),
    ),
    Scenario(
        "certificate of another host",
        (14,),
        Refused.with_(NetworkError, asked=0),
        connection="other host",
        left_out=(STORED,),
    ),
    Scenario("reset inside TLS, twice", (15,), Whole(2), ((each(faults.reset_in_body()), 2),), connection="trusted"),
    Scenario(
        "connection gone stale",
        (16,),
        Whole(1),
        ((each(faults.reset_if_reused()), 1),),
        pauses=(0, 0),
        left_out=(ONE_REQUEST,),
    ),
    Scenario(
        "64 MiB in little gzip",
        (17,),
        Refused.with_(UnexpectedAnswerError, asked=1),
        ((each(faults.bomb(64 * 1024**2)), None),),
        settings={"max_bytes": 2_000_000},
    ),
    # B. Status and quota
    Scenario(
        "500, 502 and 504 in turn",
        (19,),
        Whole(3),
        tuple((json_of({"message": "broken"}, status), 1) for status in (500, 502, 504)),
    ),
    *_twice_and_for_ever(
        "503",
        (19, 20),
        json_of({"message": "busy"}, 503),
        once=2,
        then=Refused.with_(ServerError, asked=RETRIES + 1),
        but=ELSEWHERE,
    ),
    Scenario("503 with Retry-After: 1", (21,), Whole(1), ((json_of({}, 503, {"Retry-After": "1"}), 1),), pauses=(1, 2)),
    Scenario(
        "503 with Retry-After as a date",
        (21,),
        Whole(1),
        ((lambda _: answer({}, 503, {"Retry-After": _soon(8)}), 1),),
        pauses=(1, 9),
    ),
    Scenario("429 with Retry-After: 2", (22,), Whole(1), ((json_of({}, 429, {"Retry-After": "2"}), 1),), pauses=(2, 3)),
    Scenario(
        "daily quota used up",
        (23,),
        Refused.with_(QuotaExceededError, asked=1),
        ((json_of(faults.DAILY_QUOTA, 429), None),),
        pauses=(0, 0),
    ),
    Scenario(
        "429 with Retry-After: 3600",
        (24,),
        Refused.with_(QuotaExceededError, asked=1),
        ((json_of({}, 429, {"Retry-After": "3600"}), None),),
        pauses=(0, 0),
    ),
    *(
        Scenario(
            f"503 with Retry-After: {hint}",
            (25,),
            Whole(1),
            ((json_of({}, 503, {"Retry-After": hint}), 1),),
            pauses=(0, 1),
        )
        for hint in ("soon", "-1", "nan", "99999999999")
    ),
    Scenario(
        "401",
        (26,),
        Refused.with_(AuthenticationError, asked=1),
        ((json_of({"error_code": "Unauthorized", "message": "no"}, 401), None),),
    ),
    Scenario(
        "403",
        (26,),
        Refused.with_(AuthenticationError, asked=1),
        ((json_of({"error_code": "ForbiddenAccess", "message": "no"}, 403), None),),
    ),
    Scenario(
        "404",
        (27,),
        Refused.with_(PortalError, asked=range(1, 3)),
        ((json_of({"error_code": "NotFoundResource", "message": "no"}, 404), None),),
    ),
    Scenario(
        "400",
        (28,),
        Refused.with_(QueryError, asked=1),
        ((json_of({"error_code": "ODSQLError", "message": "malformed"}, 400), None),),
        but=ELSEWHERE,
    ),
    Scenario(
        "403 with HTML",
        (29,),
        Refused.with_(AuthenticationError, asked=1),
        ((json_of(damage.HTML, 403, {"Content-Type": "text/html"}), None),),
    ),
    Scenario(
        "500 with nothing",
        (29,),
        Refused.with_(ServerError, asked=RETRIES + 1),
        ((json_of(b"", 500), None),),
        but=ELSEWHERE,
    ),
    Scenario(
        "400 with no UTF-8",
        (29,),
        Refused.with_(QueryError, asked=1),
        ((json_of(b"Requ\xeate refus\xe9e \x1b[31m", 400), None),),
        but=ELSEWHERE,
    ),
    Scenario("redirect on the same host", (30,), Whole(1), ((_moved_here, 1),), where=_not_again),
    Scenario("redirect to itself", (30,), Refused.with_(NetworkError, asked=6), ((_loop, None),), but=ELSEWHERE),
    Scenario(
        "redirect to another port",
        (30,),
        Refused.with_(NetworkError, asked=1),
        ((_moved(lambda stage: stage.elsewhere.url + "/x"), None),),
        but=ELSEWHERE,
    ),
    Scenario(
        "redirect to another host",
        (30,),
        Refused.with_(NetworkError, asked=1),
        ((_moved(lambda stage: f"http://localhost:{stage.elsewhere.port}/x"), None),),
        but=ELSEWHERE,
    ),
    Scenario(
        "redirect to a file",
        (30,),
        Refused.with_(NetworkError, asked=1),
        ((_moved(lambda _: "file:///etc/passwd"), None),),
        but=ELSEWHERE,
    ),
    # C. Success, and the wrong content
    *_twice_and_for_ever(
        "HTML with status 200",
        (31,),
        json_of(damage.HTML, 200, {"Content-Type": "text/html"}),
        then=WRONG,
        left_out=(IS_FILE,),
    ),
    Scenario(
        "right answer under a wrong Content-Type",
        (32,),
        Whole(),
        ((each(faults.genuine({"Content-Type": "text/html"})), None),),
    ),
    *_twice_and_for_ever(
        "no JSON", (33,), json_of(b'{"total_count": 3, "results": [{'), then=WRONG, left_out=(IS_FILE,)
    ),
    *(
        Scenario(f"{shown} as the answer", (33,), WRONG, ((json_of(body), None),), left_out=(IS_FILE,), but=but)
        for shown, body, but in (
            ("a list", b"[1, 2]", {}),
            ("null", b"null", {}),
            ("an empty object", b"{}", {}),
            ("a text", b'"trees"', {}),
        )
    ),
    *_twice_and_for_ever("an empty answer", (34,), json_of(b""), then=WRONG, left_out=(IS_FILE,)),
    *_twice_and_for_ever(
        "one row less",
        (35,),
        lambda stage: faults.rewritten("row less", damage.one_row_less(stage.shape)),
        then=SHORT,
        but={"groups": Whole(None)},
        but_once={"groups": Whole(None), "listing": Whole(None)},
        left_out=(NO_ROWS, SEARCH),
    ),
    *(
        Scenario(
            f"count of one {word}",
            (36,),
            SHORT,
            ((lambda _, change=change: faults.rewritten("lie", damage.counted_as(change)), None),),
            where=_listed_or_counted,
            left_out=(NO_COUNT, THE_COUNT_ITSELF, SEARCH),
            but=but,
        )
        for word, change, but in (
            ("more", lambda n: n + 1, {"groups": Whole(None), "head": Whole()}),
            ("less", lambda n: n - 1, {"groups": Whole(None), "head": Whole()}),
        )
    ),
    Scenario(
        "count of a billion",
        (36,),
        Refused.with_(IncompleteDataError, QueryError, UnexpectedAnswerError),
        ((lambda _: faults.rewritten("lie", damage.counted_as(lambda _: 10**9)), None),),
        where=_listed_or_counted,
        left_out=(NO_COUNT, THE_COUNT_ITSELF, SEARCH),
        but={"groups": Whole(None), "head": Whole()},
    ),
    Scenario("the same page again", (37,), SHORT, ((_repeated_page, None),), where=_later_page, left_out=(NO_PAGES,)),
    *_twice_and_for_ever(
        "an error in the middle of a streamed export",
        (39,),
        each(faults.rewritten("error inside", damage.half_then_error)),
        then=WRONG,
        left_out=(NO_EXPORT,),
    ),
    *_twice_and_for_ever(
        "Parquet with garbage inside",
        (40,),
        each(faults.rewritten("garbage", damage.garbage_inside)),
        then=WRONG,
        # Their pages are read once the download is done, so all of it begins anew, with the count and the version.
        but_once={"streamed": Whole(None)},
        left_out=(NO_PARQUET,),
    ),
    Scenario(
        "a Parquet file of three million rows",
        (40,),
        WRONG,
        ((lambda _: answer(damage.parquet_bomb()), None),),
        settings={"max_rows": 100_000},
        left_out=(NO_PARQUET,),
    ),
    # D. The dataset changes
    *(
        Scenario(
            f"rows replaced {when} it is read",
            (43,),
            Whole(None),
            ((_changed(fewer_rows, first=first), None),),
            changes=fewer_rows,
            left_out=(NO_ROWS, LISTING),
        )
        for when, first in (("just before", True), ("just after", False))
    ),
    *(
        Scenario(
            f"field {what} while it is read",
            (45, 46),
            Whole(None),
            ((_changed(change, first=True), None),),
            changes=change,
            left_out=(NO_ROWS, LISTING, NOT_THE_TREES),
        )
        for what, change in (("gone", field_gone), ("new", field_new), ("of another type", field_of_other_type))
    ),
    Scenario(
        "processed again each time it is read",
        (43,),
        Refused.with_(DatasetChangedError),
        ((_processed, None),),
        left_out=(NO_ROWS, LISTING),
        but={"head": Whole(), "groups": Whole(), "topic": Whole()},
    ),
    # E. Values that no reader must swallow
    Scenario(
        "100,000 levels of nesting",
        (52,),
        ODD,
        ((lambda stage: answer(damage.with_value(stage.shape, damage.DEEP)), None),),
        left_out=(NO_JSON,),
    ),
    Scenario(
        "a number of 5,000 digits",
        (51,),
        Refused.with_(*ERROR_TYPES, asked=2),
        ((lambda stage: answer(damage.with_value(stage.shape, damage.DIGITS)), None),),
        left_out=(NO_JSON,),
    ),
    Scenario(
        "no UTF-8",
        (55,),
        Refused.with_(*ERROR_TYPES, asked=2),
        ((each(faults.rewritten("no UTF-8", damage.not_utf8)), None),),
        left_out=(NO_TEXT,),
    ),
    Scenario(
        "NaN in metadata",
        (50,),
        ODD,
        ((lambda stage: answer(damage.with_value(stage.shape, b"NaN")), None),),
        left_out=(NO_METADATA,),
    ),
    Scenario(
        "a name twice in metadata",
        (53,),
        ODD,
        ((lambda stage: answer(damage.with_value(stage.shape, b'{"a": 1, "a": 2}')), None),),
        left_out=(NO_METADATA,),
    ),
    # F. The user
    Scenario("Ctrl-C in the middle of the body", (61,), Interrupted(), ((each(faults.interrupt()), 1),)),
)
