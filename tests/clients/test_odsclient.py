"""odsclient, which speaks the first version of the API, against the stand-in portal."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bdxopendata.testing import StandIn
from testing.asking import everything, numbers

odsclient = pytest.importorskip("odsclient", reason="odsclient is not installed")


@pytest.fixture
def portal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    # It writes its cache, and looks for a key, in the folder it is run from.
    monkeypatch.chdir(tmp_path)
    with StandIn([everything(), numbers(250)]) as portal:
        yield portal


def client(portal: StandIn, **options: Any) -> Any:
    return odsclient.ODSClient(base_url=portal.url, use_keyring=False, **options)


def test_whole_dataset_comes_as_text(portal: StandIn) -> None:
    text = client(portal).get_whole_dataset("everything", use_labels_for_header=False, csv_separator=",")

    header, first, *_ = text.splitlines()
    assert header.startswith("code,zone,tags,places")
    assert first.startswith('01063,Nord/Lac,"a,b",248,60.0,True')
    assert portal.requests[-1].path == "/explore/dataset/everything/download/"


def test_whole_frame_has_every_row_under_labels(portal: StandIn) -> None:
    frame = client(portal).get_whole_dataframe("numbers")

    assert list(frame.columns) == ["N", "Name", "Group"]
    assert frame["N"].tolist() == list(range(250))


def test_whole_frame_is_asked_for_once_with_a_cache(portal: StandIn, tmp_path: Path) -> None:
    one = client(portal)
    fresh = one.get_whole_dataframe("numbers", file_cache=True)
    kept = one.get_whole_dataframe("numbers", file_cache=True)

    pd.testing.assert_frame_equal(kept, fresh)
    assert len(portal.requests) == 1
    assert [path.name for path in tmp_path.glob(".odsclient/**/*.csv")] == ["numbers.csv"]


def test_whole_dataset_is_asked_for_once_with_a_cache(portal: StandIn, tmp_path: Path) -> None:
    one = client(portal)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        texts = {one.get_whole_dataset("everything", file_cache=tmp_path / "kept") for _ in range(2)}

    assert len(texts) == len(portal.requests) == 1


def test_records_of_then_leave_nulls_out_and_put_latitude_first(portal: StandIn) -> None:
    records = json.loads(client(portal).get_whole_dataset("everything", format="json"))

    full, _, empty = records
    assert list(full) == ["datasetid", "recordid", "fields", "geometry", "record_timestamp"]
    assert full["fields"]["geo_point_2d"] == [44.85, -0.55]
    assert full["fields"]["geo_shape"]["type"] == "Polygon"
    assert full["geometry"] == {"type": "Point", "coordinates": [-0.55, 44.85]}
    assert empty["fields"] == {"code": "33063"}
    assert "geometry" not in empty


def test_rows_are_chosen_in_the_words_of_then(portal: StandIn) -> None:
    text = client(portal).get_whole_dataset("numbers", **{"refine.team": "g1", "sort": "n", "rows": 2})

    assert text.splitlines()[1:] == ["246;name 00246;g1", "239;name 00239;g1"]


def test_errors_become_its_own(portal: StandIn) -> None:
    with pytest.raises(odsclient.ODSException) as unknown:
        client(portal).get_whole_dataset("nothing")
    portal.require_key("secret")
    with pytest.raises(odsclient.ODSException) as bad_key:
        client(portal, apikey="other").get_whole_dataset("numbers")
    portal.quota(10, remaining=0)
    with pytest.raises(odsclient.ODSException) as exhausted:
        client(portal, apikey="secret").get_whole_dataset("numbers")

    assert (unknown.value.status_code, bad_key.value.status_code, exhausted.value.status_code) == (404, 401, 429)
    assert "API key is not valid" in bad_key.value.error_msg
    assert exhausted.value.details["errorcode"] == 10002
