"""Answers as dask frames: the rows of one machine, proved whole, without a key, whatever happens to a worker."""

from __future__ import annotations

import os
import signal
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from pandas.testing import assert_frame_equal

from bdxopendata import F, agg
from bdxopendata.config import Settings
from bdxopendata.errors import (
    DatasetChangedError,
    IncompleteDataError,
    QuotaExceededError,
    QuotaWarning,
    UnexpectedAnswerError,
    UnknownFieldError,
)
from bdxopendata.testing import SampleDataset
from test_lake import places

if TYPE_CHECKING:
    from conftest import Serve, Served

pytest.importorskip("dask_geopandas")


def to_dask(*arguments: Any, **more: Any) -> Any:
    from bdxopendata.interop.dask import to_dask

    return to_dask(*arguments, **more)


def in_order(frame: pd.DataFrame) -> Any:
    return frame.sort_values("taille", ignore_index=True)


@pytest.mark.parametrize(("by", "least"), [(None, 4), ("heure", 4), ("jour", 5), ("gid", 5), ("taille", 4)])
def test_partitions_together_are_what_one_machine_reads(serve: Serve, by: str | None, least: int) -> None:
    dataset = serve(places()).dataset("places")

    frame = to_dask(dataset, partitions=4, by=by)

    # Missing values have a partition of their own.
    assert least <= frame.npartitions <= 5
    assert_geodataframe_equal(in_order(frame.compute(scheduler="sync")), in_order(dataset.to_geopandas()))


def test_ranges_are_about_even_and_disjoint(serve: Serve) -> None:
    frame = to_dask(serve(places()).dataset("places"), partitions=4, by="gid")

    parts = [part.compute(scheduler="sync")["gid"] for part in frame.partitions]

    present = [part for part in parts if part.notna().any()]
    assert max(map(len, present)) <= 2 * min(map(len, present))
    assert all(before.max() < after.min() for before, after in pairwise(present))
    assert [part.isna().all() for part in parts].count(True) == 1


def test_a_range_is_counted_by_one_request(serve: Serve) -> None:
    served = serve(places(2_000))
    dataset = served.dataset("places")
    asked = [len(served.asked())]
    for partitions in (2, 12):
        assert to_dask(dataset, partitions=partitions, by="taille").npartitions == partitions
        asked.append(len(served.asked()))

    few, many = (after - before for before, after in pairwise(asked))
    # What was asked the first time may be known from then.
    assert many - few <= 10


def long_rows() -> SampleDataset:
    fields = [{"name": "gid", "type": "int"}, {"name": "half", "type": "int"}, {"name": "note", "type": "text"}]
    rows = [{"gid": number, "half": number % 2, "note": f"{number} " * 200} for number in range(2_000)]
    return SampleDataset("places", fields, rows, metas={"default": {"data_processed": "2026-01-01T00:00:00+00:00"}})


@pytest.mark.parametrize("sample", [places(2_000), long_rows()], ids=["geometry", "text"])
def test_large_rows_make_more_partitions(serve: Serve, monkeypatch: pytest.MonkeyPatch, sample: SampleDataset) -> None:
    monkeypatch.setattr("bdxopendata.interop.ranges.LARGEST", 400_000)
    dataset = serve(sample).dataset("places")

    frame = to_dask(dataset, by="gid")

    parts = [frame.partitions[place].compute(scheduler="sync") for place in range(frame.npartitions)]
    assert len(parts) > 2
    assert sum(map(len, parts)) == 2_000
    assert max(int(part.memory_usage(deep=True).sum()) for part in parts) <= 400_000


def test_partitions_that_would_be_too_large_are_refused_before_rows_are_read(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve(long_rows())
    dataset = served.dataset("places")
    monkeypatch.setattr("bdxopendata.interop.ranges.LARGEST", 400_000)

    with pytest.raises(ValueError, match=r"about 1 MB, and none may hold more than 0 MB\. At least \d+ partitions"):
        to_dask(dataset, partitions=2)
    with pytest.raises(ValueError, match="Name another field with by="):
        to_dask(dataset, by="half")

    assert not [path for path in served.asked() if "/exports/" in path]


def test_large_row_groups_become_more_partitions(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bdxopendata.interop.dask import from_parquet

    path = serve(long_rows()).dataset("places").to_parquet(tmp_path / "rows.parquet", size=100)
    assert from_parquet(path).npartitions == 1
    monkeypatch.setattr("bdxopendata.interop.dask.LARGEST", 400_000)

    frame = from_parquet(path)

    parts = [frame.partitions[place].compute(scheduler="sync") for place in range(frame.npartitions)]
    assert sum(map(len, parts)) == 2_000
    assert max(int(part.memory_usage(deep=True).sum()) for part in parts) <= 400_000


def test_a_question_becomes_a_frame_of_its_rows_and_columns(serve: Serve) -> None:
    dataset = serve(places()).dataset("places")
    query = dataset.where(F.taille > 10).near(-0.45, 44.8, 5_000).select("taille", "code", twice=F.taille * 2)

    frame = to_dask(query, partitions=3, by="taille")

    assert type(frame).__module__.startswith("dask.")
    assert_frame_equal(in_order(frame.compute(scheduler="sync")), in_order(query.to_pandas()))


def test_an_empty_answer_is_one_empty_partition(serve: Serve) -> None:
    dataset = serve(places()).dataset("places")

    frame = to_dask(dataset.where(F.taille > 1e9))

    assert frame.npartitions == 1
    assert len(frame.compute(scheduler="sync")) == 0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"by": "nothing"}, UnknownFieldError, "nothing"),
        ({"by": "code", "partitions": 2}, ValueError, "'code' is text"),
        ({"by": "geo_shape"}, ValueError, "'geo_shape' is geo_shape"),
        ({"by": "vide", "partitions": 2}, ValueError, "missing in every row"),
        ({"partitions": 301}, ValueError, "more than the 300 rows"),
        ({"partitions": 0}, ValueError, "at least 1"),
        ({"partitions": True}, TypeError, "whole number"),
        ({"by": F.gid}, TypeError, "name of a field"),
    ],
)
def test_bad_arguments_are_refused_before_rows_are_read(
    serve: Serve, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    sample = places()
    served = serve(SampleDataset("places", [*sample.fields, {"name": "vide", "type": "int"}], sample.rows))

    with pytest.raises(error, match=message):
        to_dask(served.dataset("places"), **arguments)

    assert not [path for path in served.asked() if "/exports/" in path]


def test_what_is_no_set_of_rows_is_refused(serve: Serve) -> None:
    dataset = serve(places()).dataset("places")

    for query in (dataset.limit(3), dataset.order_by("gid"), dataset.group_by("code").select(n=agg.count())):
        with pytest.raises(ValueError, match="made of rows"):
            to_dask(query)
    with pytest.raises(TypeError, match="takes a Dataset or a Query"):
        to_dask(dataset.to_pandas())


def test_counts_that_do_not_add_up_are_an_error(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    from bdxopendata.answers import Answers

    served = serve(places())
    real = Answers.count
    monkeypatch.setattr(Answers, "count", lambda self: real(self) - ("<" in str(self)))

    with pytest.raises(IncompleteDataError, match="the counts of ranges"):
        to_dask(served.dataset("places"), partitions=3, by="taille")


def test_a_partition_of_another_version_is_an_error(serve: Serve) -> None:
    served = serve(places())
    frame = to_dask(served.dataset("places"), partitions=3, by="taille")
    served.portal.reprocess("places")

    with pytest.raises(DatasetChangedError):
        frame.compute(scheduler="sync")


def test_two_questions_never_share_a_task(serve: Serve) -> None:
    dataset = serve(places()).dataset("places")
    near, far = (dataset.near(-0.45, 44.8, metres, field="geo_point_2d") for metres in (1_000, 5_000))

    names = {to_dask(one)._name for one in (near, far, dataset)}

    assert len(names) == 3


def test_no_key_is_in_the_graph(serve: Serve) -> None:
    import cloudpickle

    served = serve(places(), settings=Settings(api_key="s3cret-k3y"))
    served.portal.require_key("s3cret-k3y")

    frame = to_dask(served.dataset("places"), partitions=3, by="taille")

    assert b"s3cret" not in cloudpickle.dumps(frame)
    assert b"s3cret" not in cloudpickle.dumps(dict(frame.__dask_graph__()))
    assert "s3cret" not in repr(dict(frame.__dask_graph__()))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Any:
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=2,
        dashboard_address=None,
        local_directory=str(tmp_path_factory.mktemp("dask")),
        silence_logs=50,
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


def test_two_workers_give_the_rows_of_one_machine(serve: Serve, client: Any) -> None:
    dataset = serve(places()).dataset("places")

    frame = client.compute(to_dask(dataset, partitions=6, by="taille")).result(timeout=60)

    assert_geodataframe_equal(in_order(frame), in_order(dataset.to_geopandas()))


class Crowd:
    """Watches how many requests a portal answers at once."""

    def __init__(self, served: Served) -> None:
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0
        self.paths: list[str] = []
        served.portal.before_answer(self._come)
        served.portal.after_answer(self._gone)

    def _come(self, request: Any) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
            self.paths.append(request.path)
        time.sleep(0.05)

    def _gone(self, request: Any, reply: Any) -> None:
        with self._lock:
            self._now -= 1


@pytest.mark.parametrize("most", [1, 2])
def test_workers_together_keep_to_max_in_flight(serve: Serve, client: Any, most: int) -> None:
    served = serve(places(3_000), settings=Settings(max_in_flight=most))
    frame = to_dask(served.dataset("places"), partitions=6, by="taille")
    crowd = Crowd(served)

    parts = client.gather(client.compute([frame.partitions[place] for place in range(6)]))

    assert [len(part) for part in parts] == [500] * 6
    assert len(crowd.paths) >= 24
    assert crowd.most == most


def test_processes_of_a_pool_together_keep_to_max_in_flight(serve: Serve) -> None:
    served = serve(places(3_000), settings=Settings(max_in_flight=1))
    frame = to_dask(served.dataset("places"), partitions=4, by="taille")
    crowd = Crowd(served)

    found = frame.compute(scheduler="processes", num_workers=2)

    assert len(found) == 3_000
    assert crowd.most == 1


def test_calls_that_are_left_are_divided_and_none_is_made_in_vain(serve: Serve, client: Any) -> None:
    served = serve(places(2_000), settings=Settings(max_in_flight=4))
    frame = to_dask(served.dataset("places"), partitions=8, by="taille")
    served.portal.quota(limit=1_000, remaining=23)
    statuses: list[int] = []
    served.portal.after_answer(lambda request, reply: statuses.append(reply.status))

    futures = client.compute([frame.partitions[place] for place in range(8)])
    found = [future.exception(timeout=60) for future in futures]

    # Whoever cannot finish does not begin.
    assert 429 not in statuses
    done = found.count(None)
    assert len(statuses) == 4 * done
    assert 3 <= done <= 5
    assert {type(one) for one in found if one is not None} == {QuotaExceededError}
    assert {one.reset_at.hour for one in found if one is not None} == {0}


def test_a_portal_that_refuses_is_not_asked_by_the_others(serve: Serve, client: Any) -> None:
    served = serve(places(2_000), settings=Settings(max_in_flight=1, retries=0))
    frame = to_dask(served.dataset("places"), partitions=8, by="taille")
    served.portal.quota(limit=1_000, remaining=0)
    before = len(served.portal.requests)

    futures = client.compute([frame.partitions[place] for place in range(8)])
    found = {type(future.exception(timeout=60)) for future in futures}

    assert found == {QuotaExceededError}
    # One for each of four threads at most: none had heard of it when they began.
    assert len(served.portal.requests) - before <= 4


def test_few_calls_left_are_told_before_anything_is_computed(serve: Serve) -> None:
    served = serve(places(2_000))
    served.portal.quota(limit=100)

    with pytest.warns(QuotaWarning, match="Computing 20 partitions takes 80 calls"):
        frame = to_dask(served.dataset("places"), partitions=20, by="taille")

    assert frame.npartitions == 20


def test_a_worker_that_dies_loses_no_row(serve: Serve, client: Any) -> None:
    served = serve(places(2_000), settings=Settings(max_in_flight=4))
    killed: list[int] = []
    workers = client.run(os.getpid)

    def kill(request: Any) -> None:
        if "/exports/" in request.path:
            time.sleep(0.1)
            if not killed:
                killed.append(next(iter(workers.values())))
                os.kill(killed[0], signal.SIGKILL)

    served.portal.before_answer(kill)
    frame = client.compute(to_dask(served.dataset("places"), partitions=8, by="taille")).result(timeout=120)

    assert killed
    assert sorted(frame["taille"]) == [number / 10 for number in range(2_000)]


@pytest.fixture
def mirrored(serve: Serve, tmp_path: Path) -> tuple[Served, Path]:
    served = serve(places())
    served.catalog.mirror(tmp_path / "mirror")
    return served, tmp_path / "mirror"


def test_files_of_a_mirror_become_the_same_frame(mirrored: tuple[Served, Path]) -> None:
    from bdxopendata.interop.dask import from_parquet

    served, folder = mirrored
    before = len(served.portal.requests)

    frame = from_parquet(folder, dataset="places").compute(scheduler="sync")

    assert len(served.portal.requests) == before
    assert_geodataframe_equal(frame, served.dataset("places").to_geopandas())


def test_partitions_on_disk_become_partitions(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bdxopendata.interop import dask

    monkeypatch.setattr(dask, "ROWS", 60)
    dataset = serve(places()).dataset("places")
    path = dataset.to_parquet(tmp_path / "places", partition_by="code", size=30)

    frame = dask.from_parquet(path)

    assert frame.npartitions == 6
    assert_geodataframe_equal(in_order(frame.compute(scheduler="sync")), in_order(dataset.to_geopandas()))


def test_what_is_no_mirror_or_not_ours_is_refused(mirrored: tuple[Served, Path], tmp_path: Path) -> None:
    from bdxopendata.interop.dask import from_parquet

    _, folder = mirrored
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")

    with pytest.raises(ValueError, match="say which dataset"):
        from_parquet(folder)
    with pytest.raises(ValueError, match="does not hold 'trees'"):
        from_parquet(folder, dataset="trees")
    with pytest.raises(ValueError, match="is no mirror"):
        from_parquet(tmp_path, dataset="places")
    with pytest.raises(UnexpectedAnswerError, match="partitions are whole"):
        from_parquet(tmp_path)
    with pytest.raises(UnexpectedAnswerError, match="no GeoParquet file of this library"):
        from_parquet(tmp_path / "other.parquet")


def test_other_programs_read_the_mirror_with_dask_alone(mirrored: tuple[Served, Path]) -> None:
    import dask_geopandas

    _, folder = mirrored

    frame = dask_geopandas.read_parquet(folder / "places" / "data.parquet").compute(scheduler="sync")

    assert isinstance(frame, gpd.GeoDataFrame)
    assert len(frame) == 300
    assert frame.crs == 4326
