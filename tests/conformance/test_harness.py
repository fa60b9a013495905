"""The table fails where it should: each thing that a cell looks at is broken once, and noticed."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bdxopendata import disk
from bdxopendata.errors import IncompleteDataError, NetworkError
from bdxopendata.testing import StandIn
from bdxopendata.transport.slots import SLOTS
from support import faulty_portal as faults
from support.faulty_portal import FaultyPortal

from .running import KEY, run_cell
from .scenarios import SCENARIOS, Refused, Scenario, Whole
from .ways import WAYS, Place, Way

SCENARIO = {one.name: one for one in SCENARIOS}
WAY = {one.name: one for one in WAYS}
ONCE = SCENARIO["reset in the body, once"]
FOR_EVER = SCENARIO["reset in the body, each time"]


def after(way: Way, spoils: Callable[[Place, Any], Any]) -> Way:
    """A way that does something wrong with what it got."""

    def ask(place: Place) -> Any:
        return spoils(place, way.ask(place))

    return replace(way, ask=ask)


def raises(error: BaseException) -> Callable[[Place, Any], Any]:
    def spoils(place: Place, _: Any) -> Any:
        raise error

    return spoils


def logs_the_key(place: Place, got: Any) -> Any:
    logging.getLogger("bdxopendata").debug("asked with %s", KEY)
    return got


def writes_the_key(place: Place, got: Any) -> Any:
    (place.folder / "notes").write_text(f"key={KEY}")
    return got


def leaves_a_part(place: Place, got: Any) -> Any:
    disk.new_part(place.folder)
    return got


def leaves_a_temporary_file(place: Place, got: Any) -> Any:
    tempfile.mkstemp()
    return got


def keeps_a_place(place: Place, got: Any) -> Any:
    SLOTS._taken["somewhere"] += 1
    return got


def asks_once_more(place: Place, got: Any) -> Any:
    place.trees.count()
    return got


def stores_other_rows(place: Place, got: Any) -> Any:
    import pyarrow.parquet as pq

    store = place.catalog.store
    for entry in list(store.entries()):
        table = pq.read_table(entry.path).slice(1)
        key = place.trees._reader.kept.key()
        store.put(
            key,
            version=entry.version,
            rows=table.num_rows,
            record={"description": entry.record["description"], "stand_in": True},
            write=lambda target, table=table: pq.write_table(table, target),
        )
    return got


WRONG: dict[str, tuple[Scenario, Way, str]] = {
    "fewer rows": (ONCE, after(WAY["parquet"], lambda _, frame: frame.iloc[1:]), "another answer than the whole"),
    "other rows": (ONCE, after(WAY["csv"], lambda _, frame: frame.iloc[::-1]), "another answer than the whole"),
    "another dtype": (ONCE, after(WAY["json"], lambda _, frame: frame.astype({"gid": "float64"})), "another answer"),
    "a key in the log": (ONCE, after(WAY["head"], logs_the_key), KEY),
    "a key in a file": (ONCE, after(WAY["head"], writes_the_key), "notes"),
    "a key in an error": (
        replace(ONCE, then=Refused.with_(NetworkError)),
        after(WAY["head"], raises(NetworkError(KEY, "down", 1))),
        KEY,
    ),
    "an error of another library": (
        replace(ONCE, then=Refused.with_(NetworkError)),
        after(WAY["head"], raises(ValueError("Expecting value: line 1"))),
        "another error",
    ),
    "a part left behind": (ONCE, after(WAY["head"], leaves_a_part), "left behind"),
    "a temporary file left behind": (ONCE, after(WAY["head"], leaves_a_temporary_file), "left behind: .'tmp/"),
    "a place that is kept": (ONCE, after(WAY["head"], keeps_a_place), "places for requests"),
    "one request too many": (ONCE, after(WAY["head"], asks_once_more), "asked="),
    "other rows stored": (ONCE, after(WAY["to_pandas"], stores_other_rows), "other rows are stored"),
    "an answer instead of an error": (replace(ONCE, then=FOR_EVER.then), WAY["head"], "an answer instead of an error"),
    "another error": (replace(FOR_EVER, then=Refused.with_(IncompleteDataError)), WAY["head"], "another error"),
    "another number of requests": (
        replace(FOR_EVER, then=Refused.with_(NetworkError, asked=1)),
        WAY["head"],
        "4 requests, not",
    ),
    "a fault that never comes": (replace(ONCE, then=Whole(0), where=lambda _: lambda _: False), WAY["head"], "never"),
    "a fault that comes too seldom": (
        replace(ONCE, provoked=((lambda _: faults.reset_in_body(), 1), (lambda _: faults.silence(), 9))),
        replace(WAY["head"], hit=lambda seen: "limit" in dict(seen.query) and seen.path.endswith("/records")),
        "never happened|0 of 9|of 9",
    ),
}


@pytest.mark.leaves_keys
@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_noticed(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario, way, words = WRONG[what]
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    if what == "a fault that comes too seldom":
        scenario = replace(scenario, settings={"timeout": 0.2, "retries": 0}, then=Refused.with_(NetworkError))

    try:
        with pytest.raises(AssertionError, match=words):
            run_cell(scenario, way, tmp_path, monkeypatch)
    finally:
        SLOTS._taken.pop("somewhere", None)


def test_a_cell_that_is_right_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_cell(ONCE, WAY["head"], tmp_path, monkeypatch)


def test_leaving_the_portal_before_its_fault_came_is_an_error() -> None:
    behind = StandIn([])
    try:
        with (
            pytest.raises(AssertionError, match=r"never happened: .'reset \(0 of 1\)'"),
            FaultyPortal(behind=behind) as it,
        ):
            it.inject(faults.reset())
    finally:
        behind.close()
