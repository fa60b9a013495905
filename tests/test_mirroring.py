"""A folder that mirrors a catalogue: only what changed is fetched, nothing is lost, others can read it."""

from __future__ import annotations

import errno
import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest

from bdxopendata import mirroring, progress
from bdxopendata.answers import Answers
from bdxopendata.config import Settings
from bdxopendata.errors import DatasetNotFoundError, OfflineError
from bdxopendata.testing import SampleDataset
from test_lake import places
from test_reading import trees

if TYPE_CHECKING:
    from conftest import Serve, Served


def states(served: Served, folder: Path, **more: Any) -> dict[str, str]:
    frame = served.again().catalog.mirror(folder, **more)
    return dict(zip(frame["dataset"], frame["state"], strict=True))


def index(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "index.json").read_text())
    return found["datasets"]  # type: ignore[no-any-return]


def listings(served: Served, since: int) -> list[str]:
    return [one.path for one in served.portal.requests[since:] if one.path.endswith("/catalog/datasets")]


def test_a_mirror_has_a_geoparquet_file_a_dataset_and_an_index(serve: Serve, tmp_path: Path) -> None:
    served = serve(trees(), places())

    frame = served.catalog.mirror(tmp_path / "mirror")

    assert frame["dataset"].tolist() == ["places", "trees"]
    assert set(frame["state"]) == {"fetched"}
    assert frame["rows"].tolist() == [300, 500]
    assert frame["version"].notna().all()
    assert frame["error"].isna().all()
    assert index(tmp_path / "mirror")["places"]["path"] == "places/data.parquet"
    assert len(gpd.read_parquet(tmp_path / "mirror" / "places" / "data.parquet")) == 300


def test_the_next_run_asks_for_the_listing_and_what_changed(serve: Serve, tmp_path: Path) -> None:
    served = serve(trees(), places())
    states(served, tmp_path)
    before = len(served.portal.requests)

    unchanged = states(served, tmp_path)
    middle = len(served.portal.requests)
    served.portal.set_rows("trees", trees(200).rows)
    changed = states(served, tmp_path)

    assert unchanged == {"places": "current", "trees": "current"}
    assert middle - before == len(listings(served, before)) - len(listings(served, middle)) == 1
    assert changed == {"places": "current", "trees": "fetched"}
    assert {one.path.rpartition("/datasets/")[2].split("/")[0] for one in served.portal.requests[middle + 1 :]} == {
        "trees"
    }
    assert index(tmp_path)["trees"]["rows"] == 200


def test_a_dataset_that_vanished_is_kept_and_marked_until_it_is_back(serve: Serve, tmp_path: Path) -> None:
    served = serve(trees(), places())
    states(served, tmp_path)
    served.portal.remove("places")

    gone = states(served, tmp_path)
    marked = index(tmp_path)["places"]["vanished_at"]
    kept = (tmp_path / "places" / "data.parquet").exists()
    served.portal.add(places())
    back = states(served, tmp_path)

    assert gone == {"places": "vanished", "trees": "current"}
    assert marked is not None
    assert kept
    assert back["places"] in ("current", "fetched")
    assert index(tmp_path)["places"]["vanished_at"] is None


def test_one_that_fails_does_not_stop_the_others(serve: Serve, tmp_path: Path) -> None:
    served = serve(trees(), places(), settings=Settings(retries=0))
    served.portal.lie_about_count("places", 301)

    frame = served.catalog.mirror(tmp_path)

    assert frame["state"].tolist() == ["failed", "fetched"]
    assert "IncompleteDataError" in frame["error"][0]
    assert not (tmp_path / "places" / "data.parquet").exists()
    assert list(index(tmp_path)) == ["trees"]


def test_what_is_no_table_or_closed_is_told(serve: Serve, tmp_path: Path) -> None:
    pictures = SampleDataset("pictures", [], [], has_records=False)
    closed = SampleDataset("closed", [{"name": "a", "type": "int"}], [], data_visible=False)

    found = states(serve(trees(), pictures, closed), tmp_path)

    assert found == {"closed": "not readable", "pictures": "no table", "trees": "fetched"}


def test_an_interrupted_run_is_continued(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = serve(trees(), places(), settings=Settings(max_in_flight=1))
    real = Answers.to_parquet

    def interrupted(self: Any, *arguments: Any, **more: Any) -> Path:
        if self.id == "trees":
            raise KeyboardInterrupt
        return real(self, *arguments, **more)

    monkeypatch.setattr(Answers, "to_parquet", interrupted)
    with pytest.raises(KeyboardInterrupt):
        served.catalog.mirror(tmp_path)
    monkeypatch.setattr(Answers, "to_parquet", real)

    assert states(served, tmp_path) == {"places": "current", "trees": "fetched"}


def test_a_damaged_file_is_fetched_again(serve: Serve, tmp_path: Path) -> None:
    served = serve(trees())
    states(served, tmp_path)
    (tmp_path / "trees" / "data.parquet").write_bytes(b"PAR1")

    assert states(served, tmp_path) == {"trees": "fetched"}
    assert pd.read_parquet(tmp_path / "trees" / "data.parquet")["gid"].tolist() == list(range(500))


def test_at_most_max_in_flight_exports_run_at_once(serve: Serve, tmp_path: Path) -> None:
    datasets = [
        SampleDataset(f"d{number}", [{"name": "a", "type": "int"}], [{"a": one} for one in range(150)])
        for number in range(6)
    ]
    served = serve(*datasets, settings=Settings(max_in_flight=2))
    lock, now, most = threading.Lock(), set[str](), list[int]()

    def begun(request: Any) -> None:
        if "/exports/" in request.path:
            with lock:
                now.add(request.path)
                most.append(len(now))
            time.sleep(0.2)

    def ended(request: Any, reply: Any) -> None:
        with lock:
            now.discard(request.path)

    served.portal.before_answer(begun)
    served.portal.after_answer(ended)
    frame = served.catalog.mirror(tmp_path)

    assert set(frame["state"]) == {"fetched"}
    assert len(most) == 6
    assert max(most) == 2


def test_progress_is_shown_where_it_is_wanted(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "DELAY", 0)

    serve(trees(), places(), settings=Settings(progress=True)).catalog.mirror(tmp_path / "shown")
    shown = capsys.readouterr().err
    serve(trees(), settings=Settings(progress=False)).catalog.mirror(tmp_path / "quiet")

    assert "datasets" in shown
    assert "/2 [" in shown
    assert capsys.readouterr().err == ""


def test_only_the_named_datasets_are_looked_at(serve: Serve, tmp_path: Path) -> None:
    served = serve(trees(), places())

    assert states(served, tmp_path, ids=["trees"]) == {"trees": "fetched"}
    assert states(served, tmp_path, ids="trees") == {"trees": "current"}
    with pytest.raises(DatasetNotFoundError):
        states(served, tmp_path, ids=["trees", "treez"])


def test_a_full_disk_stops_with_what_is_finished_kept(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve(trees(), places(), settings=Settings(max_in_flight=1))
    real = Answers.to_parquet

    def full(self: Any, *arguments: Any, **more: Any) -> Path:
        if self.id == "trees":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, *arguments, **more)

    monkeypatch.setattr(Answers, "to_parquet", full)
    with pytest.raises(OSError, match="No space left"):
        served.catalog.mirror(tmp_path)

    assert list(index(tmp_path)) == ["places"]


@pytest.mark.parametrize("content", [None, "{}", '{"kind": "bdxopendata mirror"}', "[]", "nonsense"])
def test_a_folder_that_is_no_mirror_is_left_alone(serve: Serve, tmp_path: Path, content: str | None) -> None:
    served = serve(trees())
    (tmp_path / "letter.txt").write_text("dear")
    if content is not None:
        (tmp_path / "index.json").write_text(content)

    with pytest.raises(ValueError, match="is no mirror"):
        served.catalog.mirror(tmp_path)

    assert (tmp_path / "letter.txt").read_text() == "dear"
    assert len(served.portal.requests) == 0


def test_an_index_that_leads_out_of_the_folder_is_refused(serve: Serve, tmp_path: Path) -> None:
    served = serve(trees())
    states(served, tmp_path)
    text = (tmp_path / "index.json").read_text().replace("trees/data.parquet", "../elsewhere.parquet")
    (tmp_path / "index.json").write_text(text)

    with pytest.raises(ValueError, match="outside of it"):
        served.catalog.mirror(tmp_path)


def test_a_mirror_belongs_to_one_portal(serve: Serve, tmp_path: Path) -> None:
    states(serve(trees()), tmp_path)

    with pytest.raises(ValueError, match="name another folder"):
        states(serve(trees()), tmp_path)


def test_offline_a_mirror_cannot_be_brought_up_to_date(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(OfflineError):
        serve(trees(), settings=Settings(offline=True)).catalog.mirror(tmp_path / "mirror")

    assert not (tmp_path / "mirror").exists()


def test_a_file_is_named_by_the_index(serve: Serve, tmp_path: Path) -> None:
    states(serve(trees()), tmp_path)
    found = mirroring.Index.read(tmp_path)

    assert found.path("trees") == tmp_path / "trees" / "data.parquet"
    with pytest.raises(ValueError, match="does not hold 'places'"):
        found.path("places")


def test_a_mirror_opens_in_geopandas_and_duckdb(serve: Serve, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    states(serve(trees(), places()), tmp_path)

    frame = gpd.read_parquet(tmp_path / "places" / "data.parquet")
    rows = duckdb.sql(f"SELECT count(*), sum(gid) FROM '{tmp_path}/trees/data.parquet'").fetchall()

    assert frame.crs == 4326
    assert rows == [(500, sum(range(500)))]
