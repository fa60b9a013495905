"""Carries out one cell of the table, and looks at everything that must hold whatever went wrong."""

from __future__ import annotations

import fcntl
import logging
import signal
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import trustme
from pandas.testing import assert_frame_equal

from bdxopendata import disk, errors
from bdxopendata.catalog import Catalog
from bdxopendata.config import Settings
from bdxopendata.dataset import Dataset
from bdxopendata.errors import BdxOpenDataError, OfflineError
from bdxopendata.portals import Portal
from bdxopendata.store import Store, files
from bdxopendata.testing import Reply, Request, StandIn
from bdxopendata.transport import retries
from bdxopendata.transport.slots import SLOTS
from support.faulty_portal import FaultyPortal, answer

from . import ways
from .scenarios import RETRIES, Interrupted, Refused, Scenario, Stage, Whole
from .ways import MirrorFailed, Place, Way

# Must be in nothing that the library writes, logs or raises.
KEY = "5ecret-k3y-that-nobody-may-see"

served = cache(ways.served)


class Recalling(StandIn):
    """A stand-in that works each answer out once in this process: the table asks for the same ones very often."""

    def answer(self, request: Request) -> Reply:
        known = {id(one) for one in served()}
        if any(id(held.sample) not in known for held in self.stock.all()):
            return super().answer(request)
        about = (request.path, request.query, request.headers.get("authorization"))
        versions = tuple(held.processed for held in self.stock.all())
        if (about, versions) not in _ANSWERS:
            _ANSWERS[about, versions] = self.url, super().answer(request)
        url, reply = _ANSWERS[about, versions]
        body = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
        _ANSWERS[about, versions] = url, replace(reply, body=body)
        # Links lead to the portal that is asked now.
        return replace(reply, body=body.replace(url.encode(), self.url.encode()), headers=dict(reply.headers))


_ANSWERS: dict[Any, tuple[str, Reply]] = {}


@dataclass(frozen=True)
class Clean:
    """What a way gives where nothing goes wrong, and how it asks."""

    result: Any
    asked: int
    hits: int


@dataclass
class Run:
    """What came of a call."""

    result: Any = None
    error: BaseException | None = None
    said: str = ""
    seconds: float = 0.0


def run_cell(scenario: Scenario, way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Provoke a scenario while data are got in this way; an AssertionError says what does not hold."""
    for name in ("tmp", "out"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    pauses: list[float] = []
    monkeypatch.setattr(retries, "sleep", pauses.append)
    retries.BUDGET.refill()
    expected = [clean(way.name, None)]
    if scenario.changes is not None:
        expected.append(clean(way.name, scenario.changes))

    with _portal(scenario, monkeypatch, tmp_path) as (portal, behind), FaultyPortal(otherwise=answer({})) as elsewhere:
        catalog = _catalog(portal, tmp_path, **scenario.settings)
        place = Place(catalog, tmp_path / "out")
        if way.before is not None:
            way.before(place)
        portal.hang_up()
        kept = _entries(tmp_path)
        begun = len(portal.requests)
        stage = Stage(way, portal, behind, elsewhere)
        for make, times in scenario.provoked:
            portal.inject(make(stage), scenario.where(way), times)
        _trouble_connections(scenario, portal)
        ran = _run(lambda: way.ask(place))
        asked = portal.requests[begun:]
    _saw_trouble(scenario, portal)

    hits = sum(way.hit(one) for one in asked)
    _check_outcome(scenario, way, ran, expected, hits, len(asked))
    assert ran.seconds < scenario.seconds, f"it took {ran.seconds:.1f} s"
    _check_pauses(scenario, pauses)
    _check_keys(asked, elsewhere, connected=not scenario.connection)
    _check_nothing_left(way, tmp_path, failed=ran.error is not None)
    _check_secret(ran, tmp_path)
    _check_store(tmp_path, catalog.portal, kept, expected_of_whole(scenario), failed=ran.error is not None)


@cache
def clean(name: str, changes: Callable[[StandIn, str], None] | None) -> Clean:
    """What a way gives without faults, after the datasets were changed like this."""
    way = next(one for one in ways.WAYS if one.name == name)
    with tempfile.TemporaryDirectory(prefix="conformance-", dir="/tmp" if Path("/tmp").is_dir() else None) as folder:
        behind = Recalling(served())
        behind.require_key(KEY)
        if changes is not None:
            changes(behind, way.dataset)
        with FaultyPortal(behind=behind) as portal, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (Path(folder) / "out").mkdir()
            place = Place(_catalog(portal, Path(folder)), Path(folder) / "out")
            if way.before is not None:
                way.before(place)
            begun = len(portal.requests)
            result = way.ask(place)
            asked = portal.requests[begun:]
        behind.close()
    return Clean(result, len(asked), sum(way.hit(one) for one in asked))


def expected_of_whole(scenario: Scenario) -> list[Any]:
    """The whole dataset as a frame, before and after the changes of a scenario."""
    return [clean("to_pandas", changes).result for changes in {None, scenario.changes}]


def _catalog(portal: FaultyPortal, folder: Path, **settings: Any) -> Catalog:
    given = {"api_key": KEY, "cache_dir": folder / "cache", "timeout": 5.0, "retries": RETRIES, "deadline": 10.0}
    return Catalog(
        Portal("faulty", (portal.url,), stand_in=True), settings=Settings(**{**given, "progress": False, **settings})
    )


@contextmanager
def _portal(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[tuple[FaultyPortal, StandIn]]:
    behind = Recalling(served())
    behind.require_key(KEY)
    try:
        with FaultyPortal(behind=behind, tls=_tls(scenario.connection, monkeypatch, tmp_path)) as portal:
            yield portal, behind
    finally:
        behind.close()


@cache
def _authority() -> trustme.CA:
    return trustme.CA()


def _tls(kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    import ssl
    from datetime import UTC, datetime, timedelta

    if kind == "unknown":
        return True
    if kind not in ("expired", "other host", "trusted"):
        return False
    bundle = tmp_path / "authority.pem"
    _authority().cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    name = "opendata.example" if kind == "other host" else "127.0.0.1"
    ended = datetime.now(UTC) - timedelta(days=1) if kind == "expired" else None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _authority().issue_cert(name, not_after=ended).configure_cert(context)
    return context


def _trouble_connections(scenario: Scenario, portal: FaultyPortal) -> None:
    if scenario.connection == "refused":
        portal.refuse()
    elif scenario.connection.startswith("reset"):
        portal.resets_on_accept = 2 if scenario.connection == "reset twice" else 10**6


def _saw_trouble(scenario: Scenario, portal: FaultyPortal) -> None:
    """What happens to connections is counted by the portal too."""
    if scenario.connection == "refused":
        assert portal.fired["refused"]
    elif scenario.connection.startswith("reset"):
        assert portal.fired["reset on accept"] >= 2
    elif scenario.connection in ("unknown", "expired", "other host"):
        assert portal.handshakes["refused"] >= 1
        assert portal.handshakes["done"] == 0
    elif scenario.connection == "trusted":
        assert portal.handshakes["done"] >= 1


def _run(call: Callable[[], Any]) -> Run:
    """Call, and keep all that was said: warnings, the log at its most talkative, and the error with its locals."""
    ran = Run()
    said: list[str] = []
    listener = _Listener(said)
    root = logging.getLogger()
    level = root.level
    # A worker of the test run may have switched it off.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    begun = time.monotonic()
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                ran.result = call()
            # Whatever it is, it is looked at.
            except (Exception, KeyboardInterrupt) as error:
                ran.error = error
    finally:
        ran.seconds = time.monotonic() - begun
        root.removeHandler(listener)
        root.setLevel(level)
        signal.signal(signal.SIGINT, handler)
    said += [str(one.message) for one in warned]
    if ran.error is not None:
        told = traceback.TracebackException.from_exception(ran.error, capture_locals=True)
        said += [repr(ran.error), str(ran.error), repr(vars(ran.error)), *told.format()]
    ran.said = "\n".join(said)
    return ran


class _Listener(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(f"{record.name} {record.getMessage()} {record.args!r}")


# What must hold


def _check_outcome(scenario: Scenario, way: Way, ran: Run, expected: list[Clean], hits: int, asked: int) -> None:
    outcome = scenario.outcome(way)
    before = expected[0]
    if isinstance(outcome, Whole):
        if ran.error is not None:
            raise AssertionError(f"an error instead of the whole answer: {ran.error!r}") from ran.error
        assert any(same(ran.result, one.result) for one in expected), f"another answer than the whole: {ran.result}"
        if outcome.more is not None:
            assert (hits - before.hits, asked - before.asked) == (outcome.more, outcome.more), (
                f"{hits=} {asked=} {before.hits=} {before.asked=}"
            )
        return
    if isinstance(outcome, Interrupted):
        assert isinstance(ran.error, KeyboardInterrupt), repr(ran.error)
        return
    assert isinstance(outcome, Refused)
    assert ran.error is not None, f"an answer instead of an error: {ran.result}"
    if isinstance(ran.error, MirrorFailed):
        assert issubclass(getattr(errors, str(ran.error).partition(":")[0]), outcome.types), str(ran.error)
    elif not isinstance(ran.error, outcome.types):
        raise AssertionError(f"another error: {ran.error!r}") from ran.error
    else:
        assert isinstance(ran.error, BdxOpenDataError)
        assert len(str(ran.error)) > 20
    if outcome.asked is not None:
        assert hits in outcome.asked, f"{hits} requests, not {outcome.asked}"


def _check_pauses(scenario: Scenario, pauses: list[float]) -> None:
    assert sum(pauses) <= 60, pauses
    if scenario.pauses is not None:
        least, most = scenario.pauses
        assert least <= sum(pauses) <= most, pauses


def _check_keys(asked: list[Any], elsewhere: FaultyPortal, *, connected: bool) -> None:
    if connected:
        assert all(KEY in one.headers.get("authorization", "") for one in asked), "the key was not used"
    assert all(KEY not in one.target for one in asked)
    assert elsewhere.requests == [], "it was led to another host"


def _check_nothing_left(way: Way, tmp_path: Path, *, failed: bool) -> None:
    left = [str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*") if one.name.startswith(disk.PART)]
    left += [f"tmp/{one.name}" for one in (tmp_path / "tmp").iterdir()]
    left += [str(one.relative_to(tmp_path)) for one in tmp_path.rglob(".bdxopendata-work/*")]
    assert not left, f"left behind: {left}"
    if failed and not {"partitions", "mirror"} & way.traits and way.name != "record":
        # A folder of partitions, a mirror and a recording are continued; all else is whole or not there.
        assert not list((tmp_path / "out").iterdir())
    assert not [one.name for one in threading.enumerate() if one.name.startswith("bdx-")]
    assert not +SLOTS._taken, "places for requests are still taken"
    for lock in tmp_path.rglob("*.lock"):
        with lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _check_secret(ran: Run, tmp_path: Path) -> None:
    assert KEY not in ran.said, next(line for line in ran.said.splitlines() if KEY in line)
    assert KEY not in repr(ran.result)
    assert KEY not in repr(getattr(ran.result, "attrs", ""))
    for path in tmp_path.rglob("*"):
        assert KEY not in str(path)
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


def _entries(tmp_path: Path) -> dict[str, int]:
    return {entry.path.name: entry.rows for entry in Store(tmp_path / "cache").entries()}


def _check_store(tmp_path: Path, portal: Portal, kept: dict[str, int], wholes: list[Any], *, failed: bool) -> None:
    """What was stored is there; what is new is whole, and gives the right rows without the portal."""
    for entry in Store(tmp_path / "cache").entries():
        assert files.hash_of(entry.path) == entry.record["hash"]
        assert pq.read_metadata(entry.path).num_rows == entry.rows
    if failed:
        assert set(kept) <= set(_entries(tmp_path))
    settings = Settings(api_key=KEY, cache_dir=tmp_path / "cache", offline=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            stored = Dataset(ways.TREES, catalog=Catalog(portal, settings=settings)).to_pandas()
        except OfflineError:
            assert not kept
            return
    assert any(same(stored, one) for one in wholes), "other rows are stored than the portal has"


def same(one: Any, other: Any) -> bool:
    """Whether two results are equal, types and all."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, pa.Table):
        return bool(one.equals(other))
    if isinstance(one, gpd.GeoDataFrame):
        return same(pd.DataFrame(one.to_wkb()), pd.DataFrame(other.to_wkb())) and one.crs == other.crs
    if isinstance(one, pd.DataFrame):
        try:
            assert_frame_equal(one, other)
        except AssertionError:
            return False
        return True
    return bool(one == other)
