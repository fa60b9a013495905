"""The log: one line a request, each retry with its reason, what is stale or degraded; and nothing else."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bdxopendata import disk, logs
from bdxopendata.catalog import Catalog
from bdxopendata.config import Settings
from bdxopendata.dataset import Dataset
from bdxopendata.errors import BdxOpenDataError, BdxOpenDataWarning, NetworkError, StaleDataWarning
from bdxopendata.portals import Portal
from bdxopendata.testing import SampleDataset, StandIn, samples
from support import faulty_portal as faults
from support.faulty_portal import FaultyPortal, Seen, answer

from .conftest import Connect

KEY = "k3y-that-n0body-may-see"
WORDS = "words-of-the-question"
WHERE = ("catalog", "datasets")
API = "/api/explore/v2.1/catalog/datasets"
# Method, host and path, what came of it, seconds.
LINE = re.compile(r"GET (?P<what>\S+): (?P<outcome>.+) in \d+\.\d\d s\Z")


class Heard(logging.Handler):
    """What was logged, by level and in order, on the library's logger and on the root."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def at(self, level: int) -> list[str]:
        return [one.getMessage() for one in self.records if one.levelno == level]

    @property
    def requests(self) -> list[tuple[str, str]]:
        found = [LINE.match(one) for one in self.at(logging.DEBUG)]
        return [(one["what"], one["outcome"]) for one in found if one is not None]

    @property
    def text(self) -> str:
        return "\n".join(f"{one.name} {one.getMessage()} {one.args!r}" for one in self.records)


@pytest.fixture
def heard() -> Iterator[Heard]:
    log, handler = logging.getLogger(logs.NAME), Heard()
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    yield handler
    log.removeHandler(handler)
    log.setLevel(before)


def catalog_of(portal: FaultyPortal | StandIn, folder: Path, **settings: Any) -> Catalog:
    given = {"cache_dir": folder / "cache", "timeout": 2.0, **settings}
    return Catalog(Portal("logged", (portal.url,), stand_in=True), settings=Settings(**given))


def trees(rows: int = 150) -> SampleDataset:
    metas = {"default": {"title": "Arbres", "data_processed": "2026-01-01T00:00:00+00:00"}}
    return SampleDataset("trees", [{"name": "gid", "type": "int"}], [{"gid": one} for one in range(rows)], metas)


# One line a request


def test_each_request_is_one_line(connect: Connect, heard: Heard, pauses: list[float], tmp_path: Path) -> None:
    body = {"total_count": 1, "results": [{"n": "x" * 1000}]}
    sent = len(faults.as_bytes(body))

    with FaultyPortal(
        answer(body),
        faults.chunks(body, finished=True),
        faults.reset(),
        faults.cut(body),
        answer({"error_code": "x", "message": "no"}, 503),
        faults.redirect(f"{API}?apikey={WORDS}"),
        answer(body),
        answer({}, 404),
        answer(b"<html>"),
        answer(body),
    ) as portal:
        transport = connect(portal, api_key=KEY)
        transport.get_json(WHERE, [("where", WORDS)])
        transport.get_json(WHERE)
        transport.close()
        transport.get_json(WHERE)
        with pytest.raises(BdxOpenDataError):
            transport.get_json(WHERE)
        transport.get_json(WHERE)

    assert len(heard.requests) == len(portal.requests) == 10
    assert {what for what, _ in heard.requests} == {f"127.0.0.1:{portal.port}{API}"}
    assert [outcome for _, outcome in heard.requests] == [
        f"200, {sent:,} bytes",
        f"200, {sent:,} bytes",
        "no answer, the connection broke,",
        f"200, {sent // 2:,} bytes",
        f"503, {len(faults.as_bytes({'error_code': 'x', 'message': 'no'})):,} bytes",
        "302, 0 bytes",
        f"200, {sent:,} bytes",
        "404, 2 bytes",
        "200, 6 bytes",
        f"200, {sent:,} bytes",
    ]
    assert KEY not in heard.text
    assert WORDS not in heard.text


def test_a_connection_gone_stale_is_a_line_of_its_own(connect: Connect, heard: Heard) -> None:
    with FaultyPortal(answer({}), faults.reset_if_reused(), answer({})) as portal:
        transport = connect(portal, retries=0)
        transport.get_json(WHERE)
        transport.get_json(WHERE)

    assert portal.fired["stale"] == 1
    assert [outcome.partition(",")[0] for _, outcome in heard.requests] == ["200", "no answer", "200"]
    assert heard.at(logging.INFO) == heard.at(logging.WARNING) == []


@pytest.mark.parametrize("fault", [faults.silence(), faults.stall({"a": "b" * 100})], ids=["no answer", "no more"])
def test_a_silent_portal_is_told_of_too(connect: Connect, heard: Heard, fault: faults.Fault) -> None:
    with FaultyPortal(fault) as portal, pytest.raises(NetworkError):
        connect(portal, timeout=0.1, retries=0).get_json(WHERE)

    assert portal.fired[fault.name] == 1
    ((_, outcome),) = heard.requests
    assert outcome in ("no answer, no answer in time,", f"200, {len(faults.as_bytes({'a': 'b' * 100})) // 2} bytes")


def test_a_line_tells_of_no_interrupt_but_that_it_came(
    connect: Connect, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    import http.client

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", interrupted)
    with FaultyPortal(otherwise=answer({})) as portal, pytest.raises(KeyboardInterrupt):
        connect(portal, api_key=KEY).get_json(WHERE)

    assert [outcome for _, outcome in heard.requests] == ["no answer, KeyboardInterrupt"]


@pytest.mark.leaves_keys
def test_a_portal_writes_no_commands_and_no_key_into_the_log(connect: Connect, heard: Heard) -> None:
    # Headers are bytes; what is sent is UTF-8.
    there = f"{API}/{KEY}/%1b/\u202e".encode().decode("latin-1")
    hostile = "\x1b[2J\x9b2J\u202e\r\x08"
    with (
        FaultyPortal(faults.redirect(there), answer({"error_code": hostile, "message": hostile}, 400)) as portal,
        pytest.raises(BdxOpenDataError),
    ):
        connect(portal, api_key=KEY).get_json(WHERE)

    assert len(heard.requests) == 2
    assert KEY in portal.requests[1].target
    assert "/***/" in heard.requests[1][0]
    assert KEY not in heard.text
    assert heard.text.replace("\n", "").isprintable()


def test_an_id_with_commands_in_it_is_escaped_where_it_is_logged(heard: Heard) -> None:
    logging.getLogger(logs.NAME).warning("%s of %d: %s", "a\x1b[2J\u202e\nb", 3, ValueError("\x9b2J"))

    assert heard.at(logging.WARNING) == ["a\\x1b[2J\\u202e\\nb of 3: \\x9b2J"]


# Retries


RETRIED: dict[str, tuple[faults.Fault, str]] = {
    "reset": (faults.reset(), "broken (the connection broke)"),
    "cut": (faults.cut({"a": 1}), "broken (the answer broke off)"),
    "silence": (faults.silence(), "silent (no answer in time)"),
    "503": (answer({}, 503), "server (status 503)"),
    "429": (answer({}, 429, {"Retry-After": "2"}), "throttled (status 429)"),
    "html": (answer(b"<html>"), "answer (it is HTML or XML instead of JSON)"),
}


@pytest.mark.parametrize("name", RETRIED)
def test_each_retry_says_why_and_how_long_it_waits(
    connect: Connect, heard: Heard, pauses: list[float], name: str
) -> None:
    fault, why = RETRIED[name]
    with FaultyPortal(fault, answer({})) as portal:
        connect(portal, timeout=0.2, api_key=KEY).get_json(WHERE, [("where", WORDS)])

    (pause,) = pauses
    assert heard.at(logging.INFO) == [f"127.0.0.1:{portal.port}{API}: {why}; attempt 2 of 4 in {pause:.1f} s"]
    assert len(heard.requests) == 2
    assert WORDS not in heard.text


def test_a_refused_connection_is_a_line_and_a_retry(connect: Connect, heard: Heard) -> None:
    with FaultyPortal() as portal:
        portal.refuse()
        with pytest.raises(NetworkError):
            connect(portal, retries=1).get_json(WHERE)

    assert [outcome for _, outcome in heard.requests] == ["no answer, the connection was refused,"] * 2
    (retry,) = heard.at(logging.INFO)
    assert "unreachable (the connection was refused); attempt 2 of 2" in retry


# Stale and degraded


def test_a_stale_answer_is_a_warning(heard: Heard, tmp_path: Path) -> None:
    with StandIn([trees()]) as behind:
        Dataset("trees", catalog=catalog_of(behind, tmp_path)).to_pandas()
        behind_url = behind.url
    port = int(behind_url.rpartition(":")[2])
    old = Catalog(
        Portal("logged", (f"http://127.0.0.1:{port}",), stand_in=True),
        settings=Settings(cache_dir=tmp_path / "cache", stale_if_error=timedelta(days=1), retries=0),
    )

    with pytest.warns(StaleDataWarning):
        Dataset("trees", catalog=old).to_pandas()

    (told,) = heard.at(logging.WARNING)
    assert re.match(r"127\.0\.0\.1:\d+ cannot answer \(NetworkError\): 'trees' as it was", told)
    assert any("answering from stored data" in one for one in heard.at(logging.INFO))


def _damage_data(folder: Path) -> None:
    (path,) = folder.rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:-1])


def _damage_record(folder: Path) -> None:
    (path,) = [one for one in folder.rglob("*.json") if one.with_suffix("").name.count("-") == 1]
    path.write_text("{")


def _open_to_all(folder: Path) -> None:
    (folder / "cache").chmod(0o777)


DEGRADED: dict[str, tuple[Callable[[Path], None], str]] = {
    "data damaged": (_damage_data, "A stored export of 'trees' was damaged (its file is not what was written)"),
    "record damaged": (_damage_record, "A stored export of 'trees' was damaged (its record cannot be read)"),
    "folder open to all": (_open_to_all, "The store is not used: "),
}


@pytest.mark.parametrize("name", DEGRADED)
def test_a_store_that_helps_no_more_is_a_warning(name: str, heard: Heard, tmp_path: Path) -> None:
    damage, told = DEGRADED[name]
    with StandIn([trees()]) as portal:
        Dataset("trees", catalog=catalog_of(portal, tmp_path)).to_pandas()
        assert heard.at(logging.WARNING) == []
        damage(tmp_path)
        with pytest.warns(BdxOpenDataWarning):
            frame = Dataset("trees", catalog=catalog_of(portal, tmp_path)).to_pandas()

    assert len(frame) == 150
    assert any(one.startswith(told) for one in heard.at(logging.WARNING)), heard.at(logging.WARNING)


def test_a_store_that_can_only_be_read_is_a_warning(
    heard: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        # Root may write anywhere, so the system is made to refuse.
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("bdxopendata.store.files.take_over", refused)
    with StandIn([trees()]) as portal, pytest.warns(BdxOpenDataWarning, match="Nothing is stored"):
        Dataset("trees", catalog=catalog_of(portal, tmp_path)).to_pandas()

    (told,) = heard.at(logging.WARNING)
    assert re.match(r"The store is not used: .* cannot be written \(Permission denied\)", told)


def test_another_road_is_a_warning(heard: Heard, tmp_path: Path) -> None:
    unknown = answer({"error_code": "NotFoundURI", "message": "no such format"}, 404)

    def parquet(seen: Seen) -> bool:
        return seen.path.endswith("/exports/parquet")

    behind = StandIn([trees()])
    with FaultyPortal(behind=behind) as portal:
        portal.inject(unknown, parquet)
        Dataset("trees", catalog=catalog_of(portal, tmp_path)).to_pandas()
        portal.inject(answer({"error_code": "ODSQLError", "message": "no"}, 400), lambda seen: "where=" in seen.target)
        catalog_of(portal, tmp_path).search("arbres")
    behind.close()

    first, second = heard.at(logging.WARNING)
    assert first == "trees is not exported as parquet"
    assert "the portal's search cannot be used" in second


def test_the_next_address_is_a_warning(connect: Connect, heard: Heard) -> None:
    with FaultyPortal() as gone, FaultyPortal(answer({})) as portal:
        gone.refuse()
        connect(gone, portal).get_json(WHERE)

    assert heard.at(logging.WARNING) == [f"{gone.url} cannot be reached, trying the portal's next address"]
    assert len(heard.requests) == 2


def test_a_corrupt_file_of_small_answers_is_a_warning(connect: Connect, heard: Heard, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    (folder / disk.ANSWERS_FILE).write_bytes(b"no database at all" * 100)

    with FaultyPortal(answer({"a": 1})) as portal, pytest.warns(BdxOpenDataWarning, match="DatabaseError"):
        connect(portal).get_json(WHERE, cached=True)

    (told,) = heard.at(logging.WARNING)
    assert told.startswith("The cache of small answers is not used for now: DatabaseError")


# Nothing else


def test_a_clean_run_has_a_line_a_request_and_no_more(heard: Heard, tmp_path: Path) -> None:
    with StandIn([trees(), samples.make("st_park_p")]) as portal:
        portal.require_key(KEY)
        catalog = catalog_of(portal, tmp_path, api_key=KEY)
        dataset = Dataset("trees", catalog=catalog)
        for ask in (
            lambda: list(catalog),
            lambda: catalog.search("arbres"),
            lambda: dataset.to_pandas(),
            lambda: dataset.head(5),
            lambda: dataset.count(),
            lambda: list(dataset.batches(60)),
            lambda: dataset.to_pandas(format="csv"),
            lambda: dataset.to_parquet(tmp_path / "trees.parquet"),
            lambda: dataset.download(tmp_path / "trees.csv"),
            lambda: dataset.facets("gid"),
        ):
            ask()
        asked = len(portal.requests)

    assert asked > 8
    assert len(heard.requests) == asked
    assert len(heard.records) == asked, heard.text
    assert KEY not in heard.text


def test_nothing_reaches_a_terminal_or_the_root_logger_by_itself(tmp_path: Path) -> None:
    code = f"""
import logging, warnings
import bdxopendata as bdx
from bdxopendata.testing import StandIn, samples
warnings.simplefilter("ignore")
log = logging.getLogger("bdxopendata")
assert [type(one) for one in log.handlers] == [logging.NullHandler], log.handlers
assert log.level == logging.NOTSET and log.propagate
with StandIn([samples.make("st_park_p")]) as portal:
    portal.fail(503, times=1)
    settings = bdx.Settings(cache_dir={str(tmp_path / "cache")!r})
    catalog = bdx.Catalog(bdx.Portal("x", (portal.url,), stand_in=True), settings=settings)
    print(len(bdx.Dataset("st_park_p", catalog=catalog).to_pandas()) > 0, len(portal.requests) > 1)
log.warning("told to nobody")
assert logging.getLogger().handlers == []
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout.split(), ran.stderr) == (0, ["True", "True"], "")
