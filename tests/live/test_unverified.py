"""What nobody has recorded: each test settles one statement that the reference marks as unverified.

The library accepts every variant; a failure here says which variant is real, so that the stand-in can be set to it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from bdxopendata import F
from bdxopendata.catalog import Catalog
from bdxopendata.odsql import quote_text

if TYPE_CHECKING:
    from conftest import Ask

STATIC = "bor_airejeux"  # points, shapes, whole and decimal numbers
DATED = "previsions_pont_chaban"  # a date field
LISTED = "en_frcol_s"  # a field of several values
LIVE = "st_park_p"  # moments


def test_a_page_of_no_rows_has_a_count(ask: Ask) -> None:
    answer = ask(f"datasets/{STATIC}/records", limit=0)

    assert answer.status_code == 200
    assert answer.json()["total_count"] > 0
    assert answer.json()["results"] == []


def test_a_key_that_is_not_valid_is_refused_with_401(ask: Ask) -> None:
    assert ask(f"datasets/{STATIC}/records", apikey="not-a-key").status_code == 401


@pytest.mark.parametrize("text", ["l'été", 'a "b"', "back\\slash", "\\'", '\\"', "new\nline", "*"])
def test_a_quoted_text_is_one_literal(ask: Ask, text: str) -> None:
    answer = ask(f"datasets/{STATIC}/records", where=f"nom_site = {quote_text(text)}", limit=1)

    assert answer.status_code == 200, answer.text
    assert answer.json()["total_count"] == 0


def test_exports_of_two_geo_fields_have_both(ask: Ask) -> None:
    table = pq.read_table(io.BytesIO(ask(f"datasets/{STATIC}/exports/parquet", timezone="UTC").content))

    assert {"geo_point_2d", "geo_shape"} <= set(table.column_names)
    assert b"geo" in (table.schema.metadata or {})


def test_dates_are_date32_in_parquet(ask: Ask) -> None:
    table = pq.read_table(io.BytesIO(ask(f"datasets/{DATED}/exports/parquet", timezone="UTC").content))

    assert str(table.schema.field("date_passage").type) == "date32[day]"


def test_lists_of_text_are_lists_in_parquet(ask: Ask) -> None:
    table = pq.read_table(io.BytesIO(ask(f"datasets/{LISTED}/exports/parquet", timezone="UTC").content))

    assert str(table.schema.field("jour_col").type).startswith("list<")


def test_the_list_separator_is_taken_as_sent(ask: Ask) -> None:
    text = ask(f"datasets/{LISTED}/exports/csv", select="jour_col", list_separator="\u241f").content.decode("utf-8-sig")

    assert "\u241f" in text


def test_moments_are_milliseconds_in_parquet(ask: Ask) -> None:
    table = pq.read_table(io.BytesIO(ask(f"datasets/{LIVE}/exports/parquet", timezone="UTC").content))

    assert str(table.schema.field("mdate").type) == "timestamp[ms, tz=UTC]"


def test_groups_say_how_many_they_are(ask: Ask) -> None:
    answer = ask(f"datasets/{LIVE}/records", group_by="insee", select="count(*) as n", limit=3).json()

    assert answer.get("total_count", 0) >= len(answer["results"])


def test_the_greatest_moment_is_text_with_an_offset(ask: Ask) -> None:
    (row,) = ask(f"datasets/{LIVE}/records", select="max(mdate) as last", limit=1).json()["results"]

    assert row["last"].endswith("+00:00")


def test_exports_say_what_they_are(ask: Ask) -> None:
    types = {
        name: ask(f"datasets/{STATIC}/exports/{name}", limit=1).headers["content-type"].partition(";")[0]
        for name in ("jsonl", "geojson", "parquet")
    }

    assert types == {
        "jsonl": "application/jsonl",
        "geojson": "application/geo+json",
        "parquet": "application/vnd.apache.parquet",
    }


def test_an_unknown_export_format_is_an_unknown_address(ask: Ask) -> None:
    answer = ask(f"datasets/{STATIC}/exports/nonsense")

    assert (answer.status_code, answer.json()["error_code"]) == (404, "NotFoundURI")


def test_ids_can_be_asked_for_by_their_beginning(ask: Ask) -> None:
    answer = ask("datasets", where="startswith(dataset_id, 'st_')", order_by="dataset_id", limit=100)

    assert answer.status_code == 200, answer.text
    assert all(row["dataset_id"].startswith("st_") for row in answer.json()["results"])


@pytest.mark.parametrize("text", ["arbres", "Arbres", "peches", "Pêches"])
def test_the_portal_searches_without_regard_to_accents(ask: Ask, text: str) -> None:
    assert ask("datasets", where=quote_text(text), limit=1).json()["total_count"] > 0


def test_the_frame_is_the_same_by_every_road(bordeaux: Catalog) -> None:
    dataset = bordeaux[STATIC]
    frames = {road: dataset.order_by("gid").to_pandas(format=road) for road in ("parquet", "csv", "json", "jsonl")}

    for frame in frames.values():
        assert frame.drop(columns="geo_shape").equals(frames["json"].drop(columns="geo_shape"))


def test_missing_values_compare_as_here(bordeaux: Catalog) -> None:
    dataset = bordeaux[LIVE]
    total = dataset.count()

    assert dataset.where(F.libres >= 0).count() + dataset.where(~(F.libres >= 0)).count() == total
