"""Whole or an error: counts, versions, roads, the store, and working offline."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import bdxopendata as bdx
from bdxopendata import F, agg, formats, reading
from bdxopendata.config import Settings
from bdxopendata.errors import (
    AuthenticationError,
    DataQualityWarning,
    DatasetChangedError,
    IncompleteDataError,
    NetworkError,
    OfflineError,
    QueryError,
    SchemaDriftWarning,
    StaleDataWarning,
)
from bdxopendata.exports import REREADS
from bdxopendata.testing import SampleDataset
from bdxopendata.testing.bodies import Reply

if TYPE_CHECKING:
    from conftest import Serve, Served

FIELDS = [
    {"name": "gid", "type": "int"},
    {"name": "nom", "type": "text", "annotations": {"facet": True}},
    {"name": "hauteur", "type": "double"},
]


def trees(count: int = 500, **metas: Any) -> SampleDataset:
    rows = [
        {"gid": number, "nom": f"arbre {number % 5}", "hauteur": number / 10 if number % 7 else None}
        for number in range(count)
    ]
    default = {"title": "Arbres", "data_processed": "2026-01-01T00:00:00+00:00", **metas}
    return SampleDataset("trees", FIELDS, rows, metas={"default": default})


def quick(**settings: Any) -> Settings:
    return Settings(retries=0, **settings)


def exports(served: Served) -> list[str]:
    return [path for path in served.asked() if "/exports/" in path]


def test_a_bulk_read_is_one_counted_export_between_two_looks_at_the_version(serve: Serve) -> None:
    served = serve(trees())

    frame = served.dataset("trees").to_pandas()

    assert len(frame) == 500
    assert served.asked() == ["trees", "trees/records", "trees/exports/parquet", "trees"]


def test_a_small_read_is_one_page(serve: Serve) -> None:
    served = serve(trees(90))

    assert len(served.dataset("trees").to_pandas()) == 90
    assert served.asked() == ["trees", "trees/records"]


def test_metadata_that_lag_behind_do_not_cut_the_answer(serve: Serve) -> None:
    served = serve(trees())
    served.portal.lie_about_count("trees", 90, total_count=False, records_count=True)

    assert len(served.dataset("trees").to_pandas()) == 500


@pytest.mark.parametrize("road", ["parquet", "csv", "json", "jsonl", "geojson", "records"])
@pytest.mark.parametrize("announced", [499, 501])
def test_another_number_of_rows_than_announced_is_an_error(serve: Serve, road: str, announced: int) -> None:
    served = serve(trees(), settings=quick())
    served.portal.lie_about_count("trees", announced)

    with pytest.raises(IncompleteDataError) as caught:
        served.dataset("trees").to_pandas(format=road)  # type: ignore[arg-type]

    assert caught.value.dataset_id == "trees"
    assert bdx.store.list() == []


@pytest.mark.parametrize("ending", ["batches", "download", "to_arrow"])
def test_no_ending_gives_less_than_announced(serve: Serve, tmp_path: Path, ending: str) -> None:
    served = serve(trees(), settings=quick())
    served.portal.lie_about_count("trees", 501)
    dataset = served.dataset("trees")
    target = tmp_path / "trees.parquet"
    target.write_bytes(b"before")
    asks = {"batches": lambda: list(dataset.batches(100)), "download": lambda: dataset.download(target)}

    with pytest.raises(IncompleteDataError):
        asks.get(ending, dataset.to_arrow)()

    assert target.read_bytes() == b"before"
    assert [one.name for one in tmp_path.iterdir()] == ["trees.parquet"]


def test_a_dataset_processed_while_it_is_read_is_read_again(serve: Serve) -> None:
    served = serve(trees())
    changed = _reprocess_at_each_export(served, 1, trees(510).rows)

    frame = served.dataset("trees").to_pandas()

    assert changed == [1]
    assert len(frame) == 510
    assert bdx.provenance(frame).version == served.dataset("trees").info.version


def test_a_dataset_processed_each_time_is_an_error(serve: Serve) -> None:
    served = serve(trees())
    changed = _reprocess_at_each_export(served, 99)

    with pytest.raises(DatasetChangedError, match="processed again while it was read"):
        served.dataset("trees").to_pandas()

    assert len(changed) == REREADS + 1
    assert bdx.store.list() == []


def test_a_real_time_dataset_is_taken_as_it_is_and_says_so(serve: Serve) -> None:
    served = serve(trees(update_frequency="UPDATE_CONT"))
    _reprocess_at_each_export(served, 99)

    with pytest.warns(DataQualityWarning, match="faster than it can be read"):
        frame = served.dataset("trees").to_pandas()

    assert len(frame) == 500
    assert bdx.provenance(frame).version is None
    assert bdx.store.list() == []


def _reprocess_at_each_export(served: Served, times: int, rows: Any = None) -> list[int]:
    changed: list[int] = []

    def reprocess(request: Any) -> None:
        if "/exports/" in request.path and len(changed) < times:
            changed.append(len(changed) + 1)
            if rows is None:
                served.portal.reprocess("trees")
            else:
                served.portal.set_rows("trees", rows)

    served.portal.before_answer(reprocess)
    return changed


def test_a_portal_without_parquet_is_read_as_json_lines(serve: Serve) -> None:
    served = serve(trees())
    body = json.dumps({"error_code": "NotFoundURI", "message": "The requested URI does not exist."}).encode()
    served.portal.before_answer(
        lambda request: (
            Reply(404, body, {"content-type": "application/json"}) if request.path.endswith("/parquet") else None
        )
    )

    frame = served.dataset("trees").to_pandas()

    assert len(frame) == 500
    assert bdx.provenance(frame).road == "jsonl"
    assert_frame_equal(served.dataset("trees").to_pandas(), frame)
    assert exports(served).count("trees/exports/jsonl") == 1


def test_pages_are_whole_in_spite_of_an_unstable_order(serve: Serve) -> None:
    served = serve(trees(), unstable_order=True)

    frame = served.dataset("trees").to_pandas(format="records")

    assert sorted(frame["gid"]) == list(range(500))
    # The first page, five in order, and a look beyond the last row.
    assert len(served.asked("records")) == 7


def test_pages_of_two_versions_are_read_again(serve: Serve) -> None:
    served = serve(trees())
    changed: list[str] = []

    def reprocess(request: Any) -> None:
        if request.path.endswith("/records") and request.get("offset") == "200" and not changed:
            changed.append("changed")
            served.portal.set_rows("trees", [{**row, "nom": "new"} for row in trees().rows])

    served.portal.before_answer(reprocess)

    frame = served.dataset("trees").to_pandas(format="records")

    assert changed
    assert set(frame["nom"]) == {"new"}
    assert bdx.provenance(frame).version == served.dataset("trees").info.version


def test_pages_of_ever_new_versions_are_an_error(serve: Serve) -> None:
    served = serve(trees())

    def reprocess(request: Any) -> None:
        if request.path.endswith("/records") and request.get("offset") == "200":
            served.portal.reprocess("trees")

    served.portal.before_answer(reprocess)

    with pytest.raises(DatasetChangedError):
        served.dataset("trees").to_pandas(format="records")


def test_a_page_that_comes_again_is_an_error(serve: Serve) -> None:
    served = serve(trees(), settings=quick())
    first: list[Reply] = []

    def repeat(request: Any, reply: Reply) -> Reply | None:
        if request.path.endswith("/records") and request.get("order_by"):
            first.append(reply)
            return first[0]
        return None

    served.portal.after_answer(repeat)

    with pytest.raises(IncompleteDataError):
        served.dataset("trees").to_pandas(format="records")

    assert len(first) < 10


def test_a_second_identical_question_makes_no_export(serve: Serve) -> None:
    served = serve(trees())
    first = served.dataset("trees").to_pandas()
    before = len(served.portal.requests)

    second = served.again().dataset("trees").to_pandas()

    assert_frame_equal(first, second)
    assert served.asked()[before:] == ["trees"]
    assert bdx.provenance(second).road == "store"


def test_a_changed_dataset_is_fetched_anew(serve: Serve) -> None:
    served = serve(trees())
    served.dataset("trees").to_pandas()
    served.portal.set_rows("trees", trees(300).rows)

    frame = served.again().dataset("trees").to_pandas()

    assert len(frame) == 300
    assert exports(served) == ["trees/exports/parquet"] * 2
    assert len(bdx.store.list()) == 1


def test_within_max_age_nothing_at_all_is_asked(serve: Serve) -> None:
    served = serve(trees())
    served.dataset("trees").to_pandas()
    before = len(served.portal.requests)

    frame = served.again(max_age=60).dataset("trees").to_pandas()

    assert len(frame) == 500
    assert len(served.portal.requests) == before


def test_questions_about_a_stored_dataset_are_answered_here(serve: Serve) -> None:
    served = serve(trees())
    dataset = served.dataset("trees")
    query = dataset.where(F.hauteur > 40).order_by("-hauteur").select("gid", "hauteur")
    groups = dataset.group_by("nom").select(n=agg.count(), tallest=agg.max("hauteur")).order_by("nom")
    asked = query.to_pandas(format="parquet"), groups.to_pandas(format="records")
    dataset.to_pandas()
    before = len(served.portal.requests)

    answered = query.to_pandas(), groups.to_pandas()

    for here, there in zip(answered, asked, strict=True):
        assert_frame_equal(here, there)
    assert set(served.asked()[before:]) == {"trees"}
    assert "answered on this machine" in query.explain()


def test_a_filtered_question_is_kept_too(serve: Serve) -> None:
    served = serve(trees())
    query = served.dataset("trees").where(F.hauteur > 10)
    first = query.to_pandas()

    second = query.to_pandas()

    assert_frame_equal(first, second)
    assert len(exports(served)) == 1


def test_sixteen_threads_fetch_the_same_dataset_once(serve: Serve) -> None:
    served = serve(trees())
    dataset = served.dataset("trees")

    with ThreadPoolExecutor(16) as threads:
        frames = list(threads.map(lambda _: dataset.to_pandas(), range(16)))

    assert {len(frame) for frame in frames} == {500}
    assert len(exports(served)) == 1


def test_pieces_that_nobody_takes_leave_nothing_behind(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    pieces = serve(trees()).dataset("trees").batches(10)

    next(pieces)
    taken = list(tmp_path.iterdir())
    pieces.close()  # type: ignore[attr-defined]  # an iterator made by a generator

    assert taken
    assert list(tmp_path.iterdir()) == []


def test_a_question_travels_to_another_process_without_the_key(serve: Serve) -> None:
    served = serve(trees(), settings=Settings(api_key="s3cret-k3y", timeout=7))
    query = served.dataset("trees").where(F.hauteur > 40).near(-0.57, 44.84, 100, field="nom").limit(3)

    pickled = pickle.dumps(query)
    back = pickle.loads(pickled)

    assert b"s3cret" not in pickled
    assert str(back) == str(query)
    assert back._reader.explore.settings.timeout == 7


def test_two_questions_are_never_mixed_up(serve: Serve) -> None:
    dataset = serve(trees()).dataset("trees")

    counts = [len(dataset.where(F.hauteur > bound).to_pandas()) for bound in (0, 5, 10, 20)]
    again = [len(dataset.where(F.hauteur > bound).to_pandas()) for bound in (0, 5, 10, 20)]

    assert counts == again
    assert len(set(counts)) == 4


def test_offline_everything_stored_is_answered_and_its_age_shown(serve: Serve) -> None:
    served = serve(trees())
    whole = served.dataset("trees").to_pandas()
    served.portal.close()
    dataset = served.again(offline=True).dataset("trees")

    with pytest.warns(StaleDataWarning, match=r"as it was \d+ seconds? ago"):
        offline = dataset.to_pandas()
    with pytest.warns(StaleDataWarning):
        tall = dataset.where(F.hauteur > 40).order_by("-hauteur").head(3)
    with pytest.warns(StaleDataWarning):
        count = dataset.where(F.hauteur > 40).count()

    assert_frame_equal(offline, whole)
    assert list(tall["hauteur"]) == [49.9, 49.8, 49.6]
    assert count == sum(1 for row in trees().rows if (row["hauteur"] or 0) > 40)
    assert dataset.info.title == "Arbres"


def test_offline_only_the_question_that_was_kept_is_answered(serve: Serve) -> None:
    served = serve(trees())
    asked = served.dataset("trees").where(F.hauteur > 10).to_pandas()
    dataset = served.again(offline=True).dataset("trees")

    with pytest.warns(StaleDataWarning):
        offline = dataset.where(F.hauteur > 10).to_pandas()

    assert_frame_equal(offline, asked)
    with pytest.raises(OfflineError, match="'trees' is not stored"):
        dataset.where(F.hauteur > 11).to_pandas()


def test_offline_nothing_is_asked(serve: Serve) -> None:
    served = serve(trees(), settings=Settings(offline=True))
    dataset = served.dataset("trees")

    for ask in (dataset.to_pandas, dataset.count, dataset.head, lambda: list(dataset.batches())):
        with pytest.raises(OfflineError):
            ask()

    assert len(served.portal.requests) == 0


def test_offline_a_forced_road_to_the_portal_says_so(serve: Serve, tmp_path: Path) -> None:
    dataset = serve(trees(), settings=Settings(offline=True)).dataset("trees")

    with pytest.raises(OfflineError, match="format='csv' asks the portal"):
        dataset.to_pandas(format="csv")
    with pytest.raises(OfflineError, match="is not stored"):
        dataset.download(tmp_path / "trees.parquet")


def test_stored_data_of_one_key_are_not_shown_to_another(serve: Serve) -> None:
    served = serve(trees())
    served.portal.require_key("key-one", anonymous=False)
    served.again(api_key="key-one").dataset("trees").to_pandas()

    for settings in ({"offline": True}, {"offline": True, "api_key": "key-two"}):
        with pytest.raises(OfflineError):
            served.again(**settings).dataset("trees").to_pandas()


def test_nothing_stored_holds_the_key(serve: Serve, tmp_path: Path) -> None:
    served = serve(trees())
    served.portal.require_key("s3cret-k3y")
    mine = served.again(api_key="s3cret-k3y", cache_dir=tmp_path)
    mine.dataset("trees").to_pandas()
    len(mine.catalog)

    files = [path for path in tmp_path.rglob("*") if path.is_file()]

    assert files
    assert not [path for path in files if b"s3cret" in path.read_bytes()]


def test_a_changed_schema_is_followed_with_a_warning(serve: Serve) -> None:
    served = serve(trees())
    dataset = served.dataset("trees")
    dataset.to_pandas()
    served.portal.set_fields("trees", [*FIELDS[:2], {"name": "circonference", "type": "int"}])

    with pytest.warns(SchemaDriftWarning, match="hauteur is gone; circonference is new"):
        frame = dataset.to_pandas()

    assert list(frame.columns) == ["gid", "nom", "circonference"]


@pytest.mark.parametrize("format", ["parquet", "jsonl", "csv"])
def test_batches_are_counted_as_they_are_read_too(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, format: Literal["parquet", "jsonl", "csv"]
) -> None:
    dataset = serve(trees()).dataset("trees")
    batches = formats.batches
    monkeypatch.setattr(formats, "batches", lambda *args, **options: islice(batches(*args, **options), 1))

    with pytest.raises(IncompleteDataError):
        list(dataset.batches(150, format=format))


def test_batches_are_bounded_pieces_of_a_checked_whole(serve: Serve) -> None:
    served = serve(trees())

    pieces = list(served.dataset("trees").batches(150))

    assert [len(piece) for piece in pieces] == [150, 150, 150, 50]
    assert_frame_equal(pd.concat(pieces, ignore_index=True), served.dataset("trees").to_pandas())


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"size": 0}, ValueError),
        ({"size": -1}, ValueError),
        ({"size": "3"}, TypeError),
        ({"size": True}, TypeError),
        ({"kind": "polars"}, ValueError),
        ({"format": "xml"}, ValueError),
    ],
)
def test_wrong_arguments_of_batches_are_refused_at_once(
    serve: Serve, arguments: dict[str, Any], error: type[Exception]
) -> None:
    served = serve(trees())

    with pytest.raises(error):
        served.dataset("trees").batches(**arguments)

    assert len(served.portal.requests) == 0


@pytest.mark.parametrize("format", ["xml", "", None, "PARQUET"])
def test_an_unknown_road_is_refused_with_the_known_ones(serve: Serve, format: Any) -> None:
    with pytest.raises(ValueError, match="auto, parquet, jsonl"):
        serve(trees()).dataset("trees").to_pandas(format=format)


def test_eighty_thousand_trees_become_a_geodataframe(serve: Serve) -> None:
    from bdxopendata.testing import samples

    served = serve(samples.trees(80_000))

    frame = served.dataset("ec_arbre_p").to_geopandas()

    assert len(frame) == 80_000
    assert bdx.provenance(frame).road == "parquet"
    assert frame.geometry.notna().sum() > 70_000


def test_being_read_does_not_make_stored_data_younger(serve: Serve) -> None:
    """Within max_age nobody is asked, so nobody said again that the data are current."""
    served = serve(trees())
    served.dataset("trees").to_pandas()
    record = next(served.catalog.store.entries())

    served.again(max_age=3600).dataset("trees").to_pandas()
    unasked = next(served.catalog.store.entries())
    served.again().dataset("trees").to_pandas()
    asked = next(served.catalog.store.entries())

    assert unasked.checked_at == record.checked_at
    assert asked.checked_at > record.checked_at


def test_a_rare_answer_from_stored_data_comes_in_few_pieces(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIECE", 10)
    dataset = serve(trees()).dataset("trees")
    rare = dataset.where(F.nom == "arbre 3")
    expected = rare.to_pandas(format="parquet")
    dataset.to_pandas()

    pieces = list(rare.batches(30))

    assert [len(piece) for piece in pieces] == [30, 30, 30, 10]
    assert [bdx.provenance(piece).rows for piece in pieces] == [30, 30, 30, 10]
    assert bdx.provenance(pieces[0]).road == "store"
    assert_frame_equal(pd.concat(pieces, ignore_index=True), expected)


def test_the_first_rows_of_several_pages_need_an_order(serve: Serve) -> None:
    """Pages are put in a total order; an export is not, so without an order they would be other rows."""
    served = serve(trees(), unstable_order=True)
    first = served.dataset("trees").limit(250)

    with pytest.raises(QueryError, match=r"order_by\(…\), or leave format= out"):
        first.to_pandas(format="records")

    ordered = first.order_by("-gid")
    assert_frame_equal(ordered.to_pandas(format="records"), ordered.to_pandas(format="parquet"))
    assert len(first.to_pandas()) == 250
    assert len(served.dataset("trees").limit(600).to_pandas(format="records")) == 500


# ---- stored data in place of a portal that is down


OUTAGES: dict[str, Any] = {
    "unreachable": lambda served: served.portal.close(),
    "failing": lambda served: served.portal.before_answer(lambda request: Reply(503, b"", {})),
    "out of calls": lambda served: served.portal.before_answer(
        lambda request: Reply(429, b"{}", {"content-type": "application/json", "retry-after": "99999"})
    ),
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_stored_data_stand_in_for_a_portal_that_is_down(serve: Serve, outage: str) -> None:
    served = serve(trees())
    whole = served.dataset("trees").to_pandas()
    OUTAGES[outage](served)
    dataset = served.again(stale_if_error=60, retries=0).dataset("trees")

    with pytest.warns(StaleDataWarning, match=r"cannot answer \(\w+Error\): 'trees' as it was \d+ seconds? ago"):
        frame = dataset.to_pandas()
    with pytest.warns(StaleDataWarning):
        count = dataset.where(F.hauteur > 40).count()
    with pytest.warns(StaleDataWarning):
        pieces = list(dataset.batches(300))

    assert_frame_equal(frame, whole)
    assert_frame_equal(pd.concat(pieces, ignore_index=True), whole)
    assert count == sum(1 for row in trees().rows if (row["hauteur"] or 0) > 40)
    assert bdx.provenance(frame).stale
    assert not bdx.provenance(whole).stale


@pytest.mark.parametrize(
    "settings", [{}, {"stale_if_error": 0.000001}, {"stale_if_error": 60, "api_key": "another"}], ids=str
)
def test_an_outage_is_an_error_where_nothing_may_stand_in(serve: Serve, settings: dict[str, Any]) -> None:
    served = serve(trees())
    served.dataset("trees").to_pandas()
    served.portal.close()

    with pytest.raises(NetworkError):
        served.again(retries=0, **settings).dataset("trees").to_pandas()


def test_a_forced_road_is_never_answered_from_the_store(serve: Serve) -> None:
    served = serve(trees())
    served.dataset("trees").to_pandas()
    served.portal.close()

    with pytest.raises(NetworkError):
        served.again(retries=0, stale_if_error=60).dataset("trees").to_pandas(format="csv")


def test_what_a_key_was_refused_is_no_longer_shown(serve: Serve) -> None:
    served = serve(trees())
    served.portal.require_key("key-one", anonymous=False)
    mine = served.again(api_key="key-one", stale_if_error=60, retries=0)
    mine.dataset("trees").to_pandas()
    served.portal.before_answer(lambda request: Reply(403, b"", {}))

    with pytest.raises(AuthenticationError):
        mine.dataset("trees").to_pandas()
    served.portal.close()
    with pytest.raises(NetworkError):
        mine.dataset("trees").to_pandas()
