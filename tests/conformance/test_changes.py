"""Datasets that change, vanish or go back while they are stored, and what is given instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from bdxopendata.dataset import Dataset
from bdxopendata.errors import (
    DatasetChangedError,
    DatasetNotFoundError,
    IncompleteDataError,
    QuotaExceededError,
    SchemaDriftWarning,
    StaleDataWarning,
)
from bdxopendata.testing import Reply, Request, StandIn

from .children import catalog
from .test_processes import FIELDS, is_whole, moving, rows


def test_with_the_quota_used_up_stored_data_are_given_where_that_is_allowed(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    with StandIn([moving()]) as portal:
        whole = Dataset("moving", catalog=catalog(portal.url, cache)).to_pandas()
        portal.quota(limit=10_000, remaining=0)
        asked = len(portal.requests)

        with pytest.raises(QuotaExceededError) as caught:
            Dataset("moving", catalog=catalog(portal.url, cache)).to_pandas()
        refused = len(portal.requests) - asked
        young = Dataset("moving", catalog=catalog(portal.url, cache, max_age=3600)).to_pandas()
        with pytest.warns(StaleDataWarning, match="'moving' as it was"):
            old = Dataset("moving", catalog=catalog(portal.url, cache, offline=True)).to_pandas()

    assert refused == 1
    assert caught.value.reset_at is not None
    assert len(portal.requests) == asked + 1
    assert young.equals(whole)
    assert old.equals(whole)


def test_a_dataset_that_was_deleted_is_not_found_and_still_there_offline(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    with StandIn([moving()]) as portal:
        whole = Dataset("moving", catalog=catalog(portal.url, cache)).to_pandas()
        listed = catalog(portal.url, cache)
        assert list(listed) == ["moving"]
        portal.remove("moving")

        with pytest.raises(DatasetNotFoundError) as caught:
            listed["moving"].to_pandas()
        with pytest.warns(StaleDataWarning):
            old = Dataset("moving", catalog=catalog(portal.url, cache, offline=True)).to_pandas()

    assert "private datasets look the same" in str(caught.value)
    # It is still in the listing that was read before, and is no way out of its own absence.
    assert "Did you mean" not in str(caught.value)
    assert old.equals(whole)


def test_a_version_that_goes_back_is_another_version(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    stamps = ["2031-01-01T00:00:00+00:00", "2019-01-01T00:00:00+00:00"]
    stamp = stamps[0]

    def stamped(request: Request, reply: Reply) -> None:
        if request.path.endswith("/datasets/moving"):
            processed = b"2026-01-05T04:00:00.123000+00:00"
            assert isinstance(reply.body, bytes)
            reply.body = reply.body.replace(processed, stamp.encode())
            assert stamp.encode() in reply.body

    with StandIn([moving()]) as portal:
        portal.after_answer(stamped)
        before = Dataset("moving", catalog=catalog(portal.url, cache)).to_pandas()
        again = Dataset("moving", catalog=catalog(portal.url, cache)).to_pandas()
        portal.stock.change("moving", rows=rows(1))
        stamp = stamps[1]
        after = Dataset("moving", catalog=catalog(portal.url, cache)).to_pandas()

    assert before.equals(again)
    assert before["version"].unique().tolist() == [0]
    assert after["version"].unique().tolist() == [1]
    assert len(portal.requests.to("/exports/parquet")) == 2


def test_a_download_that_meets_ever_new_versions_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "moving.csv"
    target.write_text("the old one")
    with StandIn([moving()]) as portal:
        portal.after_answer(
            lambda request, _: portal.reprocess("moving") if request.path.endswith("/exports/csv") else None
        )

        with pytest.raises(DatasetChangedError):
            Dataset("moving", catalog=catalog(portal.url, str(tmp_path / "cache"))).download(target, format="csv")

    assert len(portal.requests.to("/exports/csv")) == 3
    assert target.read_text() == "the old one"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["moving.csv"]


@pytest.mark.parametrize("change", ["gone", "new"])
def test_a_field_that_went_away_is_noticed_on_a_single_page(tmp_path: Path, change: str) -> None:
    """The description is an hour old at most; the page of today has other fields, and that is said."""
    with StandIn([moving()]) as portal:
        dataset = Dataset("moving", catalog=catalog(portal.url, str(tmp_path / "cache"), max_age=3600))
        before = dataset.head(5)
        portal.set_fields("moving", FIELDS[:1] if change == "gone" else [*FIELDS, {"name": "more", "type": "text"}])

        with pytest.warns(SchemaDriftWarning, match="version is gone" if change == "gone" else "more is new"):
            after = dataset.head(5)

    assert list(before) == ["n", "version"]
    assert list(after) == (["n"] if change == "gone" else ["n", "version", "more"])


def test_pages_counted_before_a_change_are_read_again(tmp_path: Path) -> None:
    with StandIn([moving()]) as portal:
        changed: list[bool] = []

        def change(request: Request, _: Reply) -> None:
            if request.path.endswith("/records") and not changed:
                changed.append(True)
                portal.set_rows("moving", rows(5))

        portal.after_answer(change)
        frame = Dataset("moving", catalog=catalog(portal.url, str(tmp_path / "cache"))).to_pandas(format="records")

    assert is_whole(frame)
    assert frame["version"].unique().tolist() == [5]


def test_what_failed_first_is_told_where_the_portal_fails_altogether(tmp_path: Path) -> None:
    """An export lacks rows, and then the portal says nothing sensible any more: the rows are the reason."""
    with StandIn([moving()]) as portal:
        portal.lie_about_count("moving", 1000)
        exported: list[bool] = []

        def answered(request: Request, _: Reply) -> Reply | None:
            exported.extend([True] * request.path.endswith("/exports/parquet"))
            return Reply(500, b"down") if len(exported) >= 2 and request.path.endswith("/moving") else None

        portal.after_answer(answered)
        with pytest.raises(IncompleteDataError) as caught:
            Dataset("moving", catalog=catalog(portal.url, str(tmp_path / "cache"), retries=1)).to_pandas()

    assert (caught.value.expected, caught.value.got) == (1000, len(rows(0)))
