"""Recording of live topics: each observation once, whatever happens in between, and the frame back."""

from __future__ import annotations

import os
import random
import threading
import time
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from bdxopendata import cite, disk
from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.lineage import provenance
from bdxopendata.testing import StandIn
from bdxopendata.topics import bikes, engine, observations, pace, parking, pools, recorded, recording, traffic, watching
from bdxopendata.topics.labels import labels
from bdxopendata.topics.recorded import history
from bdxopendata.topics.recording import AlreadyRecordingError, Recorder, record
from conftest import Serve
from support import polls
from support.polls import START, Clock, Feed, KilledError, Nursery, rows
from support.readers import frames_with_attrs

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

TOPICS = {
    "parking": (parking.parking, "st_park_p"),
    "bikes": (bikes.bikes, "ci_vcub_p"),
    "traffic": (traffic.traffic, "ci_trafi_l"),
    "pools": (pools.pools, "bor_frequentation_piscine_tr"),
}


@pytest.fixture
def time_flies(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pace, "clock", clock)
    monkeypatch.setattr(watching, "last_quota", lambda: None)
    return clock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recorded"


def numbers(path: Path, **asked: Any) -> list[int]:
    return [int(one) for one in history(path, **asked)["ident"]]


def written(path: Path, *frames: pd.DataFrame, **given: Any) -> int:
    with Recorder(path, **given) as recorder:
        return sum(recorder.append(frame) for frame in frames)


def files(path: Path) -> list[str]:
    return sorted(one.parent.name for one in path.glob("date=*/*.parquet"))


# The frame back


@pytest.mark.parametrize("name", TOPICS)
def test_history_gives_the_frame_back_as_the_topic_gave_it(
    name: str, serve: Serve, time_flies: Clock, folder: Path
) -> None:
    function, dataset = TOPICS[name]
    catalog = serve(dataset).catalog

    record(name, folder, every=60, times=2, catalog=catalog, stale_after=None)

    found = history(folder).drop(columns="age")
    frame = function(catalog=catalog, stale_after=None).drop(columns="age")
    expected = frame.sort_values("observed_at", kind="stable", ignore_index=True)
    if name == "pools":
        pd.testing.assert_frame_equal(found, expected)
    else:
        assert_geodataframe_equal(found, expected)
        assert found.crs == frame.crs


def test_the_frame_of_history_says_where_it_is_from(serve: Serve, time_flies: Clock, folder: Path) -> None:
    catalog = serve("st_park_p").catalog
    record("parking", folder, every=60, times=1, catalog=catalog, stale_after=None)

    found = history(folder)

    assert provenance(found).dataset_id == "st_park_p"
    assert provenance(found).rows == 93
    assert engine.topic_of(found)["name"] == "parking"
    assert "Parking hors voirie" in cite(found)
    assert found.attrs["bdxopendata"]["recorded"]["first"] == START.isoformat(timespec="seconds")


def test_labels_are_for_people_and_not_for_the_folder(serve: Serve, time_flies: Clock, folder: Path) -> None:
    catalog = serve("st_park_p").catalog
    record("parking", folder, every="1min", times=1, catalog=catalog, stale_after=None)

    again = record("parking", folder, every=60, times=1, labels="fr", catalog=catalog, stale_after=None)

    assert (again.new, again.known) == (0, 93)
    found = history(folder)
    assert "free" in found
    assert "Places libres" in labels(found, "fr")


def test_every_dtype_comes_back(folder: Path) -> None:
    frame = rows(1, 2, 3)
    frame["text"] = pd.Series(["a", None, "é"], dtype="str")
    frame["double"] = [1.5, None, 2.0]
    frame["whole"] = pd.Series([2**60 + 1, None, 3], dtype="Int64")
    frame["plain"] = pd.Series([2**60 + 1, 2, 3], dtype="int64")
    frame["yes"] = pd.Series([True, None, False], dtype="boolean")
    frame["euros"] = pd.array([Decimal("1.10"), None, Decimal("2.00")], dtype=pd.ArrowDtype(pa.decimal128(20, 2)))
    frame["state"] = pd.Categorical(["b", None, "a"], categories=["c", "b", "a"], ordered=True)
    frame["level"] = pd.Categorical([3, None, 1], categories=[3, 2, 1])
    frame["since"] = pd.Categorical(pd.to_datetime(["2026-01-01", None, "2026-01-02"]).as_unit("us"))
    frame["age"] = pd.Series([timedelta(seconds=1), None, timedelta(days=2)], dtype="timedelta64[us]")
    frame["day"] = pd.Series([datetime(2026, 1, 1), None, datetime(2026, 1, 3)], dtype="datetime64[us]")
    frame["many"] = pd.Series([["x", "y"], None, []], dtype=object)
    frame["nothing"] = pd.Series([None, None, None], dtype=object)
    frame.attrs["bdxopendata"] = {"rows": 3, "note": "é"}
    points = gpd.GeoSeries([shapely.Point(1, 2), None, shapely.Point(3, 4)], crs=2154)
    whole = gpd.GeoDataFrame(frame, geometry=points)
    whole["second"] = gpd.GeoSeries([shapely.LineString([(0, 0), (1, 1)])] * 3, crs=4326)

    written(folder, whole)

    found = history(folder)
    assert_geodataframe_equal(found, whole)
    assert str(found["second"].crs) == "EPSG:4326"
    assert found["many"].tolist()[0] == ["x", "y"]


def test_an_empty_answer_is_an_empty_frame_of_the_same_columns(folder: Path) -> None:
    written(folder, rows(1).iloc[:0])

    found = history(folder)

    assert len(found) == 0
    assert found.dtypes.astype(str).tolist() == rows(1).dtypes.astype(str).tolist()


# Each observation once


def test_what_is_known_is_not_written_again(folder: Path) -> None:
    assert written(folder, rows(1, 2), rows(2, 3), rows(1, 2, 3)) == 3

    assert numbers(folder) == [1, 2, 3]


def test_a_restart_knows_what_was_written(folder: Path) -> None:
    written(folder, rows(1, 2))

    assert written(folder, rows(1, 2, 3)) == 1
    assert numbers(folder) == [1, 2, 3]


def test_the_age_makes_no_observation_nor_what_a_topic_derives(serve: Serve, time_flies: Clock, folder: Path) -> None:
    frame = parking.parking(catalog=serve("st_park_p").catalog, stale_after=None)
    later = frame.copy()
    later["age"] += timedelta(days=1)
    later["occupancy"] = 0.5
    later.attrs = frame.attrs

    assert written(folder, frame, later) == 93


def test_rows_that_share_key_and_moment_but_differ_are_both_kept(folder: Path) -> None:
    assert written(folder, rows(1, free=[5]), rows(1, free=[6])) == 2


def test_with_a_key_the_first_of_a_moment_is_kept(folder: Path) -> None:
    written(folder, rows(1, free=[5]), rows(1, free=[6]), rows(1, minutes=1, free=[7]), key="ident")

    assert history(folder)["free"].tolist() == [5, 7]


def test_rows_without_a_moment_are_told_apart_by_all(folder: Path) -> None:
    frame = rows(1, 1, 2, free=[5, 6, 7])
    frame.loc[[0, 1], "observed_at"] = pd.NaT

    assert written(folder, frame, frame, key="ident") == 3
    assert files(folder) == ["date=2026-06-15", f"date={recorded.NO_DAY}"]
    assert history(folder)["free"].tolist() == [7, 5, 6]


def test_whole_numbers_that_become_doubles_are_no_other_observation(folder: Path) -> None:
    doubles = rows(1, free=[5.0])
    doubles["ident"] = doubles["ident"].astype("float64")

    assert written(folder, rows(1, free=[5]), doubles) == 1


def test_a_new_column_without_values_makes_no_new_observation(folder: Path) -> None:
    assert written(folder, rows(1), rows(1, later=[None])) == 1


def test_a_day_is_a_day_in_bordeaux(folder: Path) -> None:
    late = rows(0, minutes=12 * 60)  # 22:00 in UTC is midnight in Bordeaux

    written(folder, rows(1), late)

    assert files(folder) == ["date=2026-06-15", "date=2026-06-16"]


def test_days_that_were_forgotten_are_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MOST_MARKS", 3)
    frames = [rows(*range(start, start + 3)) for start in range(0, 6000, 1440)]

    with Recorder(folder) as recorder:
        for frame in [*frames, *frames]:
            recorder.append(frame)
            assert sum(len(one.marks) for one in recorder._days.values()) <= 6
        assert (recorder.new, recorder.known) == (15, 15)

    assert len(numbers(folder)) == 15


# Files


def test_the_files_of_a_day_are_put_together(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MOST_FILES", 4)

    written(folder, *[rows(number) for number in range(10)])

    assert len(files(folder)) == 3
    assert numbers(folder) == list(range(10))


def test_a_new_day_puts_the_one_before_together(folder: Path) -> None:
    written(folder, rows(0), rows(1), rows(2), rows(1440))

    assert files(folder) == ["date=2026-06-15", "date=2026-06-16"]
    assert numbers(folder) == [0, 1, 2, 1440]


def test_a_restart_puts_files_together_and_removes_what_was_left_half_done(folder: Path) -> None:
    written(folder, rows(0), rows(1))
    part = folder / f"{disk.PART}0123456789abcdef"
    part.write_bytes(b"PAR1 and no more")

    written(folder)

    assert not part.exists()
    assert len(files(folder)) == 1
    assert numbers(folder) == [0, 1]


def test_files_put_together_keep_categories_and_say_what_geometry_there_is(folder: Path) -> None:
    def frame(number: int, state: str, shape: Any) -> Any:
        made = rows(number, state=pd.Categorical([state]))
        return gpd.GeoDataFrame(made, geometry=gpd.GeoSeries([shape], crs=4326))

    first = frame(1, "a", shapely.Point(0, 0))
    second = frame(2, "b", shapely.LineString([(0, 0), (1, 1)]))
    written(folder, first, second)
    before = history(folder)

    written(folder)

    (path,) = folder.glob("date=*/*.parquet")
    assert_geodataframe_equal(history(folder), before)
    assert before["state"].tolist() == ["a", "b"]
    assert len(gpd.read_parquet(path)) == 2


def test_other_programs_read_the_folder(serve: Serve, time_flies: Clock, folder: Path) -> None:
    record("parking", folder, every=60, times=1, catalog=serve("st_park_p").catalog, stale_after=None)

    by_duckdb = duckdb.sql(f"select count(*), count(distinct date) from '{folder}/**/*.parquet'").fetchall()
    by_arrow = pyarrow.dataset.dataset(folder, partitioning="hive").to_table()
    one = max(folder.glob("date=*/*.parquet"), key=lambda path: path.stat().st_size)
    by_geopandas = gpd.read_parquet(one)

    assert by_duckdb == [(93, len(files(folder)))]
    assert by_arrow.num_rows == 93
    assert by_geopandas.crs == "EPSG:4326"
    assert str(by_geopandas["free"].dtype) == "Int64"
    assert {frame.attrs["bdxopendata"]["dataset_id"] for frame in frames_with_attrs(one)} == {"st_park_p"}


def test_a_column_that_changes_its_type_is_read_as_text(folder: Path) -> None:
    written(folder, rows(1, level=[5]), rows(2, level=["ground floor"]))

    assert history(folder)["level"].tolist() == ["5", "ground floor"]


def test_columns_that_come_and_go_are_missing_where_they_were_not(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        patch.setattr(pace, "clock", clock)
        written(folder, rows(1, old=[5.0]))
        clock.seconds += 60
        written(folder, rows(2, new=["x"]))

    found = history(folder)

    assert list(found.columns) == ["ident", "observed_at", "new", "old"]
    assert found["old"].tolist()[0] == 5.0
    assert found.isna().sum().to_dict() == {"ident": 0, "observed_at": 0, "new": 1, "old": 1}


def test_a_category_that_is_no_more_stays(folder: Path) -> None:
    written(folder, rows(1, state=pd.Categorical(["gone"])), rows(2, state=pd.Categorical(["here"])))

    assert history(folder)["state"].tolist() == ["gone", "here"]


# Ranges


def test_history_reads_a_range_only(folder: Path) -> None:
    written(folder, rows(0, 60, 1440, 2880))

    assert numbers(folder, start=date(2026, 6, 16)) == [1440, 2880]
    assert numbers(folder, end=date(2026, 6, 16)) == [0, 60]
    assert numbers(folder, start=START + timedelta(hours=1), end=START + timedelta(days=2)) == [60, 1440]
    assert numbers(folder, start=date(2030, 1, 1)) == []


def test_a_range_opens_no_file_of_other_days(folder: Path) -> None:
    written(folder, rows(0, 1440))
    next((folder / "date=2026-06-15").iterdir()).write_bytes(b"broken")

    assert numbers(folder, start=date(2026, 6, 16)) == [1440]
    with pytest.raises(UnexpectedAnswerError, match="no whole file"):
        history(folder)


def test_history_reads_some_columns_only(folder: Path) -> None:
    frame = gpd.GeoDataFrame(rows(1, free=[5]), geometry=gpd.GeoSeries([shapely.Point(0, 0)], crs=4326))
    written(folder, frame)

    assert list(history(folder, columns=["free", "ident"]).columns) == ["free", "ident"]
    assert history(folder, columns=["geometry"]).crs == "EPSG:4326"
    with pytest.raises(ValueError, match=r"no recorded column 'fre'\. Did you mean 'free'"):
        history(folder, columns=["fre"])
    with pytest.raises(TypeError, match="list of names"):
        history(folder, columns="free")


def test_a_range_that_is_none_is_refused(folder: Path) -> None:
    written(folder, rows(1))

    with pytest.raises(ValueError, match="end comes after start"):
        history(folder, start=date(2026, 6, 2), end=date(2026, 6, 2))
    with pytest.raises(ValueError, match="no zone"):
        history(folder, start=datetime(2026, 6, 2))
    with pytest.raises(TypeError, match="a day or an aware moment"):
        history(folder, end="2026")  # type: ignore[arg-type]


def test_where_nothing_was_recorded_there_is_no_history(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Nothing was recorded"):
        history(tmp_path)
    with pytest.raises(FileNotFoundError, match="Nothing was recorded"):
        history(tmp_path / "nowhere")


def test_history_reads_while_files_are_put_together(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(folder, rows(0), rows(1))
    listed = recorded.files
    turns = iter([True])

    def half_way(path: Path) -> list[Path]:
        found = listed(path)
        if next(turns, False):
            # Between the listing and the reading, a recorder puts the files together and goes on.
            monkeypatch.setattr(recorded, "files", listed)
            written(folder, rows(2))
        return found

    monkeypatch.setattr(recorded, "files", half_way)

    assert numbers(folder) == [0, 1, 2]


def test_history_sees_files_that_its_listing_missed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(folder, rows(0), rows(1))
    written(folder)
    listed = recorded.files
    calls = [0]

    def partial(path: Path) -> list[Path]:
        calls[0] += 1
        # A listing that began before files were put together and ended after may hold neither these nor the new one.
        return [] if calls[0] == 1 else listed(path)

    monkeypatch.setattr(recorded, "files", partial)

    assert numbers(folder) == [0, 1]


# Whatever happens


def test_a_killed_recorder_loses_and_doubles_nothing_wherever_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends at the first step of work with files, then at the second, and so on to the last."""
    monkeypatch.setattr(recording, "MOST_FILES", 3)
    frames = [rows(*range(number, number + 3)) for number in range(1435, 1443)]
    steps = [(disk, name) for name in ("new_part", "move_into_place", "sync_folder", "remove")]
    everything = sorted({int(number) for frame in frames for number in frame["ident"]})

    for after in range(1000):
        path = tmp_path / str(after)
        appended: set[int] = set()
        died = False
        with polls.dying(after, *steps, (recorded, "merge")):
            try:
                with Recorder(path) as recorder:
                    for frame in frames:
                        recorder.append(frame)
                        appended |= {int(one) for one in frame["ident"]}
            except KilledError:
                died = True
        if appended:
            found = numbers(path)
            assert len(found) == len(set(found))
            assert appended <= set(found)

        written(path, *frames)

        assert numbers(path) == everything
        assert not list(path.glob(f"{disk.PART}*"))
        if not died:
            break
    assert after > 50


@forks
def test_a_recorder_killed_again_and_again_loses_and_doubles_nothing(folder: Path) -> None:
    """Many processes die by SIGKILL, each at another moment, while the car parks go on changing."""
    lives = int(os.environ.get("BDXOPENDATA_SOAK_KILLS", "30"))
    chance = random.Random(4)
    newest = 0

    def goes_on() -> None:
        # An observation stays until forty others came; the portal waits for who is far behind.
        nonlocal newest
        if newest - nursery.written < polls.WINDOW // 2:
            newest += 1
            portal.set_rows("st_park_p", polls.car_parks(newest).rows)
        time.sleep(0.02)

    with StandIn([polls.car_parks(newest)]) as portal, Nursery(portal.url, folder) as nursery:
        for life in range(lives + 1):
            before = nursery.written
            nursery.bear()
            # Some die before they have written anything; the last one has time.
            wanted = before + (20 if life == lives else chance.choice([0, 1, 1, 2]))
            end = time.monotonic() + 60
            while nursery.written < wanted:
                goes_on()
                assert time.monotonic() < end, f"life {life} writes nothing"
            end = time.monotonic() + 0.4 * chance.random()
            while time.monotonic() < end:
                goes_on()
            nursery.kill()
        last = nursery.written

    found = history(folder)["free"].tolist()

    assert len(found) == len(set(found))
    assert set(range(last + 1)) <= set(found)
    assert set(found) <= set(range(newest + 1))
    assert last > 50


def test_a_disk_that_is_full_is_told_and_loses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Recorder(folder) as recorder:
        recorder.append(rows(1))

        def full(part: Path, target: Path) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(disk, "move_into_place", full)
            with pytest.raises(OSError, match="No space"):
                recorder.append(rows(1, 2))
        assert not list(folder.glob(f"{disk.PART}*"))
        assert numbers(folder) == [1]

        assert recorder.append(rows(1, 2)) == 1

    assert numbers(folder) == [1, 2]


def test_a_second_recorder_is_refused_and_the_first_goes_on(folder: Path) -> None:
    with Recorder(folder) as recorder:
        recorder.append(rows(1))
        with pytest.raises(AlreadyRecordingError, match="Another recorder is writing"):
            Recorder(folder)
        recorder.append(rows(2))

    assert written(folder, rows(3)) == 1
    assert numbers(folder) == [1, 2, 3]


@forks
def test_a_second_recorder_of_another_process_is_refused(folder: Path) -> None:
    with StandIn([polls.car_parks(5)]) as portal, Nursery(portal.url, folder) as nursery:
        nursery.bear()
        end = time.monotonic() + 60
        while nursery.written < 0:
            time.sleep(0.02)
            assert time.monotonic() < end

        with pytest.raises(AlreadyRecordingError):
            Recorder(folder, topic="parking")

        nursery.kill()
    Recorder(folder, topic="parking").close()


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="other files"):
        Recorder(tmp_path)
    with pytest.raises(FileExistsError, match="no folder"):
        Recorder(tmp_path / "photo.jpg")
    assert [one.name for one in tmp_path.iterdir()] == ["photo.jpg"]


def test_a_folder_holds_one_topic_and_one_key(folder: Path) -> None:
    written(folder, rows(1), topic="parking", key=["ident"])

    with pytest.raises(ValueError, match="topic='parking', not 'bikes'"):
        Recorder(folder, topic="bikes", key="ident")
    with pytest.raises(ValueError, match="key="):
        Recorder(folder, topic="parking")
    Recorder(folder, topic="parking", key="ident").close()


def test_sample_rows_never_come_among_real_ones(folder: Path) -> None:
    real, sample = rows(1), rows(2)
    real.attrs["bdxopendata"] = {"portal": "portal.example", "stand_in": False}
    sample.attrs["bdxopendata"] = {"portal": "127.0.0.1:8000", "stand_in": True}
    written(folder, real)

    with pytest.raises(ValueError, match=r"holds rows of portal\.example, and these are of the stand-in portal"):
        written(folder, sample)


def test_a_folder_of_a_later_version_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(folder, rows(1))
    monkeypatch.setattr(recorded, "FORMAT", 0)

    with pytest.raises(UnexpectedAnswerError, match="no whole file") as caught:
        history(folder)
    assert "later version" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("frame", "given", "problem", "words"),
    [
        (rows(1).drop(columns="observed_at"), {}, ValueError, "no column 'observed_at'"),
        (rows(1), {"key": "idnt"}, ValueError, "no column 'idnt'"),
        (rows(1, date=["x"]), {}, ValueError, "column 'date' cannot be recorded"),
        (rows(1, when=["x"]), {"observed_at": "when"}, TypeError, "holds aware moments"),
        (rows(1, odd=[object()]), {}, TypeError, "cannot be recorded"),
        (pd.concat([rows(1), rows(1)], axis=1), {}, ValueError, "each once"),
    ],
)
def test_a_frame_that_cannot_be_recorded_says_why(
    frame: pd.DataFrame, given: Any, problem: type[Exception], words: str, folder: Path
) -> None:
    with pytest.raises(problem, match=words):
        written(folder, frame, **given)


# Recording


def test_a_function_is_recorded_too(time_flies: Clock, folder: Path) -> None:
    found = record(Feed(rows(1), rows(1, 2), rows(2, 3)), folder, every=60, times=3, stale_after=None)

    assert (found.polls, found.failures, found.new, found.known) == (3, 0, 3, 2)
    assert numbers(folder) == [1, 2, 3]


def test_failures_are_counted_and_lived_through(time_flies: Clock, folder: Path) -> None:
    told: list[Any] = []
    broken = UnexpectedAnswerError("a login page")

    found = record(Feed(rows(1), broken, rows(2)), folder, every=60, times=3, on_error=told.append, stale_after=None)

    assert (found.failures, told) == (1, [broken])
    assert numbers(folder) == [1, 2]


def test_answers_of_before_bring_what_was_missed(time_flies: Clock, folder: Path) -> None:
    record(Feed(rows(3), rows(2), rows(3)), folder, every=60, times=3, stale_after=None)

    assert numbers(folder) == [2, 3]


def test_an_event_ends_it_from_another_thread(folder: Path) -> None:
    stop, found = threading.Event(), []

    def run() -> None:
        found.append(record(Feed(rows(1)), folder, every=3600, stop=stop, stale_after=None))

    thread = threading.Thread(target=run)
    thread.start()
    while not files(folder):
        time.sleep(0.01)
    stop.set()
    thread.join(2)

    assert not thread.is_alive()
    assert found[0].new == 1
    Recorder(folder).close()


def test_an_interrupt_passes_and_leaves_the_folder_to_others(time_flies: Clock, folder: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    time_flies.while_waiting = interrupt
    with pytest.raises(KeyboardInterrupt):
        record(Feed(rows(1)), folder, every=60, stale_after=None)

    assert written(folder, rows(1, 2)) == 1


def test_a_recorder_can_be_closed_by_another_thread(folder: Path) -> None:
    recorder = Recorder(folder)

    thread = threading.Thread(target=recorder.close)
    thread.start()
    thread.join()

    Recorder(folder).close()


def test_a_closed_recorder_says_so(folder: Path) -> None:
    recorder = Recorder(folder)
    recorder.close()

    with pytest.raises(ValueError, match="closed"):
        recorder.append(rows(1))


def test_arguments_are_checked_before_a_folder_is_made(folder: Path) -> None:
    with pytest.raises(ValueError, match="no live topic"):
        record("parkings", folder, every=60)
    with pytest.raises(ValueError, match="at least 10 seconds"):
        record("parking", folder, every=1)

    assert not folder.exists()


def test_marks_are_the_same_in_every_process() -> None:
    """Else a restart would write everything again; so this is written out."""
    frame = rows(1, free=[5.0], name=["Tourny"], many=[["a", 1]])

    (mark,) = observations.marks(frame)

    assert mark.hex() == "537085cc62c18bb57aa3303d5f8827b9"


def test_numbers_and_texts_that_look_alike_are_told_apart() -> None:
    values = [1, "1", "#1", True, [1], {"a": 1}, "a", None, 1.5, Decimal("1.5000000001")]
    frame = pd.DataFrame({"value": pd.Series(values, dtype=object)})

    assert len(set(observations.marks(frame))) == len(values)
