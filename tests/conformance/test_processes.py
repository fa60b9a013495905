"""Processes that are killed, that ask at once, that are forked, and locks that nobody gives back."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import random
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bdxopendata.dataset import Dataset
from bdxopendata.errors import OfflineError
from bdxopendata.store import Store, files, locks
from bdxopendata.testing import SampleDataset, StandIn
from support.forks import Children

from .children import catalog

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

FIELDS = [{"name": "n", "type": "int"}, {"name": "version", "type": "int"}]
ROWS = 400
# So many die here; `make soak` has two hundred killed, half of them while they record.
KILLS = int(os.environ.get("BDXOPENDATA_SOAK_KILLS", "24"))


def rows(version: int) -> list[dict[str, int]]:
    """Rows of one version, which each of them names."""
    return [{"n": number, "version": version} for number in range(ROWS + version % 7)]


def moving(version: int = 0) -> SampleDataset:
    return SampleDataset("moving", FIELDS, rows(version), {"default": {"title": "Moving"}})


def is_whole(frame: pd.DataFrame) -> bool:
    """Whether these are the rows of one version, all of them and each once."""
    (version,) = frame["version"].unique()
    return frame["n"].tolist() == [row["n"] for row in rows(int(version))]


def stored(portal: StandIn, cache: Path) -> pd.DataFrame | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Dataset("moving", catalog=catalog(portal.url, str(cache), offline=True)).to_pandas()
        except OfflineError:
            return None


def test_whoever_is_killed_leaves_a_whole_dataset_or_none(tmp_path: Path, record_property: Any) -> None:
    """Readers that fetch ever new versions into one store die by SIGKILL, each at another moment."""
    chance = random.Random(11)
    cache = tmp_path / "cache"
    found = killed = version = 0

    with StandIn([moving()]) as portal, Children("conformance.children") as here:
        begun = time.monotonic()
        # How long a life takes on this machine, at this moment: some die before they have done anything.
        arguments = portal.url, str(tmp_path / "other"), str(tmp_path / "said.json"), 0.0
        assert here.wait(here.begin("fetch_once", *arguments)) == 0
        life = time.monotonic() - begun
        for _ in range(KILLS):
            child = here.begin("fetch_until_killed", portal.url, str(cache))
            end = time.monotonic() + 2 * life * chance.random()
            while time.monotonic() < end:
                version += 1
                portal.set_rows("moving", rows(version))
                time.sleep(0.02 + 0.1 * chance.random())
            killed += here.kill(child) == -9
            frame = stored(portal, cache)
            assert frame is None or is_whole(frame)
            found += frame is not None
            assert all(files.hash_of(one.path) == one.record["hash"] for one in Store(cache).entries())
        portal.set_rows("moving", rows(version + 1))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            last = Dataset("moving", catalog=catalog(portal.url, str(cache))).to_pandas()

    record_property("killed", [killed, found])
    assert killed == KILLS
    assert found > KILLS / 4
    assert is_whole(last)
    assert len(last) == len(rows(version + 1))


@pytest.mark.parametrize("count", [8])
def test_processes_that_ask_at_once_download_once(tmp_path: Path, count: int) -> None:
    begin = time.time() + 0.3
    with StandIn([moving()]) as portal, Children("conformance.children") as here:
        begun = [
            here.begin("fetch_once", portal.url, str(tmp_path / "cache"), str(tmp_path / f"{number}.json"), begin)
            for number in range(count)
        ]
        assert [here.wait(child) for child in begun] == [0] * count

    said = [json.loads((tmp_path / f"{number}.json").read_text()) for number in range(count)]
    assert said == [[ROWS, sum(range(ROWS))]] * count
    assert len(portal.requests.to("/exports/parquet")) == 1


def test_threads_that_ask_at_once_download_once(tmp_path: Path) -> None:
    with StandIn([moving()]) as portal:
        shared = catalog(portal.url, str(tmp_path / "cache"))
        with ThreadPoolExecutor(16) as pool:
            frames = list(pool.map(lambda _: Dataset("moving", catalog=shared).to_pandas(), range(16)))

    assert all(is_whole(frame) for frame in frames)
    assert len(portal.requests.to("/exports/parquet")) == 1


def test_a_lock_that_a_foreign_process_holds_for_ever_costs_a_wait_and_no_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(locks, "LOCK_SECONDS", 0.3)
    cache = tmp_path / "cache"
    with StandIn([moving()]) as portal, Children("conformance.children") as here:
        Dataset("moving", catalog=catalog(portal.url, str(cache))).to_pandas()
        (lock,) = cache.rglob("*.lock")
        holder = here.begin("hold", str(lock), str(tmp_path / "held"))
        end = time.monotonic() + 20
        while not (tmp_path / "held").exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        portal.set_rows("moving", rows(1))

        begun = time.monotonic()
        frame = Dataset("moving", catalog=catalog(portal.url, str(cache))).to_pandas()
        waited = time.monotonic() - begun
        assert here.kill(holder) == -9

    assert is_whole(frame)
    assert frame["version"].unique().tolist() == [1]
    assert 0.3 <= waited < 60
    assert "holds the lock of 'moving'; going on without" in caplog.text


@pytest.mark.parametrize("ending", ["to_pandas", "count"])
def test_a_fork_after_use_goes_on_by_itself(tmp_path: Path, ending: str) -> None:
    with StandIn([moving()]) as portal:
        dataset = Dataset("moving", catalog=catalog(portal.url, str(tmp_path / "cache")))
        dataset.to_pandas()
        context = multiprocessing.get_context("fork")
        answers = context.SimpleQueue()

        def child() -> None:
            got = getattr(dataset, ending)()
            answers.put(got if ending == "count" else len(got))

        process = context.Process(target=child)
        process.start()
        process.join(30)
        assert process.exitcode == 0
        assert answers.get() == ROWS
        assert len(dataset.to_pandas()) == ROWS


def rows_of(dataset: Dataset) -> tuple[int, bool]:
    return len(dataset.to_pandas()), dataset._reader.explore.transport.fingerprint is not None


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_dataset_travels_to_workers_without_its_key(tmp_path: Path, method: str, socket_enabled: None) -> None:
    with StandIn([moving()]) as portal:
        portal.require_key("k3y-of-mine", anonymous=True)
        dataset = Dataset("moving", catalog=catalog(portal.url, str(tmp_path / "cache"), api_key="k3y-of-mine"))
        assert len(dataset.to_pandas()) == ROWS
        sent = pickle.dumps((dataset, dataset.where("n > 3"), dataset._reader, dataset.info))
        with multiprocessing.get_context(method).Pool(1) as pool:
            answered = pool.apply(rows_of, (dataset,))

    assert b"k3y-of-mine" not in sent
    assert answered == (ROWS, False)


def test_whoever_reads_while_the_store_is_cleared_reads_on_or_fetches_again(tmp_path: Path) -> None:
    with StandIn([moving()]) as portal:
        shared = catalog(portal.url, str(tmp_path / "cache"))
        store = Store(tmp_path / "cache")
        stop: list[bool] = []

        def clear() -> int:
            cleared = 0
            while not stop:
                cleared += store.clear("moving")
                time.sleep(0.002)
            return cleared

        with ThreadPoolExecutor(5) as pool:
            clearing = pool.submit(clear)
            reading = [pool.submit(lambda: Dataset("moving", catalog=shared).to_pandas()) for _ in range(60)]
            frames = [one.result() for one in reading]
            stop.append(True)
            cleared = clearing.result()

    assert all(is_whole(frame) for frame in frames)
    assert cleared > 5
