"""What nobody has recorded: each test settles one statement that the reference of the API marks as unverified.

The library accepts every variant; a failure here says which variant is real, so that the stand-in can be set to it.
Not asked, because asking would harm the portal or cannot be done from outside: bodies of 5xx and 429, ``Retry-After``,
failures in the middle of an answer, what a restricted dataset answers to those who may not see it. Not asked, because
the library never reads them: layouts of shp, kml, gpx, ov2, RDF; vector search; metadata templates.
"""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from bdxopendata import F
from bdxopendata.catalog import Catalog
from bdxopendata.odsql import quote_text

if TYPE_CHECKING:
    import pyarrow as pa

    from conftest import Ask, Find, Holds

STATIC = "bor_airejeux"  # points, shapes, whole and decimal numbers
DATED = "previsions_pont_chaban"  # a date field
LISTED = "en_frcol_s"  # a field of several values
LIVE = "st_park_p"  # moments


def parquet(ask: Ask, dataset_id: str, **asked: str) -> pa.Table:
    answer = ask(f"datasets/{dataset_id}/exports/parquet", **{"timezone": "UTC", **asked})
    assert answer.status_code == 200, answer.text[:500]
    return pq.read_table(io.BytesIO(answer.content))


# Pages.


def test_a_page_of_no_rows_has_a_count(ask: Ask, holds: Holds) -> None:
    answer = ask(f"datasets/{STATIC}/records", limit=0)

    holds(answer.status_code == 200, f"limit=0 gives {answer.status_code} {answer.text[:200]}")
    body = answer.json()
    holds(body.get("total_count", 0) > 0 and body["results"] == [], f"limit=0 gives {answer.text[:200]}")


def test_a_limit_of_minus_one_is_a_full_page(ask: Ask, holds: Holds) -> None:
    answer = ask(f"datasets/{STATIC}/records", limit=-1)

    holds(answer.status_code == 200, f"limit=-1 gives {answer.status_code} {answer.text[:200]}")
    rows, total = len(answer.json()["results"]), answer.json()["total_count"]
    holds(rows == min(100, total), f"limit=-1 gives {rows} of {total} rows")


def test_records_with_links_and_metadata_have_the_contracts_keys(ask: Ask, holds: Holds) -> None:
    answer = ask(f"datasets/{STATIC}/records", limit=1, include_links="true", include_app_metas="true")

    extra = {key for key in answer.json()["results"][0] if key.startswith("_")}
    holds(extra == {"_id", "_timestamp", "_size", "_links"}, f"the extra keys of a record are {sorted(extra)}")
    holds("_links" in answer.json(), f"the envelope has the keys {list(answer.json())}")


def test_a_record_is_found_by_its_id(ask: Ask, holds: Holds) -> None:
    page = ask(f"datasets/{STATIC}/records", limit=1, include_app_metas="true").json()["results"][0]
    one = ask(f"datasets/{STATIC}/records/{page.get('_id')}")

    holds(one.status_code == 200, f"records/{{_id}} gives {one.status_code} {one.text[:200]}")
    holds(set(one.json()) <= set(page), f"a single record has the keys {list(one.json())[:20]}")


def test_an_unknown_record_is_a_resource_that_is_not_found(ask: Ask, holds: Holds) -> None:
    answer = ask(f"datasets/{STATIC}/records/{'0' * 40}")

    told = (answer.status_code, answer.json().get("error_code"))
    holds(told == (404, "NotFoundResource"), f"an unknown record gives {told}: {answer.text[:200]}")


def test_technical_fields_of_older_versions_are_unknown(ask: Ask, holds: Holds) -> None:
    answer = ask(f"datasets/{STATIC}/records", select="recordid", limit=1)

    holds(answer.status_code == 400, f"select=recordid gives {answer.status_code} {answer.text[:200]}")


# Errors.


def test_a_key_that_is_not_valid_is_refused_with_401(ask: Ask, holds: Holds) -> None:
    answer = ask(f"datasets/{STATIC}/records", apikey="not-a-key")

    holds(answer.status_code == 401, f"a bad key gives {answer.status_code} {answer.text[:200]}")
    kind = answer.headers.get("content-type", "")
    holds(kind.startswith("application/json"), f"the body of a 401 is {kind}: {answer.text[:200]}")
    holds(
        list(answer.json()) == ["error_code", "message"],
        f"the body of a 401 is {answer.text[:200]}",
    )


def test_an_unknown_export_format_is_an_unknown_address(ask: Ask, holds: Holds) -> None:
    answer = ask(f"datasets/{STATIC}/exports/nonsense")

    told = (answer.status_code, answer.json().get("error_code"))
    holds(told == (404, "NotFoundURI"), f"an unknown format gives {told}: {answer.text[:200]}")


@pytest.mark.parametrize(
    ("dataset_id", "where"), [(STATIC, 'gid = "x"'), (DATED, "date_passage = 'x'"), (LIVE, "mdate > 'x'")]
)
def test_types_that_do_not_compare_are_refused(ask: Ask, holds: Holds, dataset_id: str, where: str) -> None:
    answer = ask(f"datasets/{dataset_id}/records", where=where, limit=1)

    told = (answer.status_code, answer.json().get("error_code"))
    holds(told == (400, "IncompatibleTypesInComparisonFilter"), f"{where} gives {told}: {answer.text[:300]}")


# Questions.


@pytest.mark.parametrize("text", ["l'été", 'a "b"', "back\\slash", "\\'", '\\"', "new\nline", "*"])
def test_a_quoted_text_is_one_literal(ask: Ask, holds: Holds, text: str) -> None:
    answer = ask(f"datasets/{STATIC}/records", where=f"nom_site = {quote_text(text)}", limit=1)

    holds(answer.status_code == 200, f"{quote_text(text)} gives {answer.status_code} {answer.text[:200]}")
    holds(answer.json()["total_count"] == 0, f"{quote_text(text)} finds {answer.json()['total_count']} rows")


def test_a_minus_before_a_field_sorts_downwards(ask: Ask, holds: Holds) -> None:
    answer = ask(f"datasets/{STATIC}/records", order_by="-gid", select="gid", limit=2)

    holds(answer.status_code == 200, f"order_by=-gid gives {answer.status_code} {answer.text[:200]}")
    first, second = (row["gid"] for row in answer.json()["results"])
    holds(first > second, f"order_by=-gid gives {first} before {second}")


def test_a_field_that_is_no_facet_can_be_refined(bordeaux: Catalog, ask: Ask, holds: Holds) -> None:
    schema = bordeaux[STATIC].schema
    name = next(one.name for one in schema if one.type == "text" and not one.facet)
    rows = ask(f"datasets/{STATIC}/records", select=name, where=f"`{name}` is not null", limit=1).json()["results"]
    if not rows:
        pytest.skip(f"no row has a value in {name}")
    answer = ask(f"datasets/{STATIC}/records", refine=f'{name}:"{rows[0][name]}"', limit=1)

    holds(answer.status_code == 200, f"refine on {name} gives {answer.status_code} {answer.text[:200]}")
    holds(answer.json()["total_count"] > 0, f"refine on {name} finds nothing")


def test_the_zone_decides_which_hour_a_moment_is_in(ask: Ask, holds: Holds) -> None:
    asked = {"select": "mdate, hour(mdate) as h", "order_by": "mdate", "where": "mdate is not null", "limit": 1}
    (here,) = ask(f"datasets/{LIVE}/records", timezone="UTC", **asked).json()["results"]
    (there,) = ask(f"datasets/{LIVE}/records", timezone="Pacific/Kiritimati", **asked).json()["results"]

    holds(here["h"] == int(here["mdate"][11:13]), f"hour() of {here['mdate']} is {here['h']} in UTC")
    holds(
        there["h"] == int(there["mdate"][11:13]),
        f"timezone does not change hour(): {there['mdate']} is in hour {there['h']}",
    )


def test_the_zone_decides_which_day_a_group_is(ask: Ask, holds: Holds) -> None:
    asked = {"group_by": "range(mdate, 1 day) as d", "select": "count(*) as n", "limit": 100}
    here = ask(f"datasets/{LIVE}/records", timezone="UTC", **asked)
    there = ask(f"datasets/{LIVE}/records", timezone="Pacific/Kiritimati", **asked)

    holds(here.status_code == there.status_code == 200, f"range by day gives {here.status_code} {here.text[:200]}")
    labels = [row["d"] for row in here.json()["results"]], [row["d"] for row in there.json()["results"]]
    holds(labels[0] != labels[1], f"timezone does not change the days of range(): {labels[0][:3]}")


def test_groups_say_how_many_they_are(ask: Ask, holds: Holds) -> None:
    body = ask(f"datasets/{LIVE}/records", group_by="insee", select="count(*) as n", limit=3).json()

    holds("total_count" in body, f"groups have the keys {list(body)}")
    holds(body["total_count"] >= len(body["results"]), f"total_count of groups is {body['total_count']}")


def test_the_greatest_moment_is_text_with_an_offset(ask: Ask, holds: Holds) -> None:
    (row,) = ask(f"datasets/{LIVE}/records", select="max(mdate) as last", limit=1).json()["results"]

    holds(str(row["last"]).endswith("+00:00"), f"max(mdate) is {row['last']!r}")


def test_ids_can_be_asked_for_by_their_beginning(ask: Ask, holds: Holds) -> None:
    answer = ask("datasets", where="startswith(dataset_id, 'st_')", order_by="dataset_id", limit=100)

    holds(answer.status_code == 200, f"startswith(dataset_id, …) gives {answer.status_code} {answer.text[:200]}")
    odd = [row["dataset_id"] for row in answer.json()["results"] if not row["dataset_id"].startswith("st_")]
    holds(not odd, f"startswith(dataset_id, 'st_') finds {odd[:5]}")


@pytest.mark.parametrize("text", ["arbres", "Arbres", "metropole", "Métropole"])
def test_the_portal_searches_without_regard_to_accents(ask: Ask, holds: Holds, text: str) -> None:
    holds(ask("datasets", where=quote_text(text), limit=1).json()["total_count"] > 0, f"{text!r} finds no dataset")


def test_missing_values_compare_as_here(bordeaux: Catalog, holds: Holds) -> None:
    dataset = bordeaux[LIVE]
    total = dataset.count()

    parts = dataset.where(F.libres >= 0).count(), dataset.where(~(F.libres >= 0)).count()
    holds(sum(parts) == total, f"x and not x are {parts} of {total} rows: a comparison with null is neither")


# Exports.


def test_exports_say_what_they_are(ask: Ask, holds: Holds) -> None:
    expected = {
        "jsonl": "application/jsonl",
        "geojson": "application/geo+json",
        "parquet": "application/vnd.apache.parquet",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
    types = {
        name: ask(f"datasets/{STATIC}/exports/{name}", limit=1).headers["content-type"].partition(";")[0]
        for name in expected
    }

    holds(types == expected, f"the content types of exports are {types}")


def test_exports_come_in_chunks_without_a_length(ask: Ask, holds: Holds) -> None:
    headers = ask(f"datasets/{STATIC}/exports/csv").headers

    told = {name: headers.get(name) for name in ("content-length", "transfer-encoding", "etag", "last-modified")}
    holds(told["content-length"] is None, f"an export says its length: {told}")
    holds(told["transfer-encoding"] == "chunked", f"an export over HTTP/1.1 has {told}")
    holds(told["etag"] is None and told["last-modified"] is None, f"an export has validators: {told}")


def test_a_compressed_export_is_a_gzip_file(ask: Ask, holds: Holds) -> None:
    answer = ask(f"datasets/{STATIC}/exports/csv", compressed="true", limit=3)

    told = {name: answer.headers.get(name) for name in ("content-type", "content-encoding", "content-disposition")}
    holds(answer.content[:2] == b"\x1f\x8b", f"compressed=true gives {told} and begins {answer.content[:20]!r}")
    holds(b";" in gzip.decompress(answer.content), f"compressed=true gives {told}")


def test_rows_is_another_name_for_the_limit_of_exports(ask: Ask, holds: Holds) -> None:
    rows = ask(f"datasets/{STATIC}/exports/json", rows=3).json()

    holds(len(rows) == 3, f"rows=3 gives {len(rows)} rows: it is no other name for limit")


@pytest.mark.parametrize("road", ["json", "parquet", "geojson"])
def test_labels_change_headers_of_sheets_only(bordeaux: Catalog, ask: Ask, holds: Holds, road: str) -> None:
    names = set(bordeaux[STATIC].schema.types())
    answer = ask(f"datasets/{STATIC}/exports/{road}", use_labels="true", limit=1)

    if road == "parquet":
        found = set(pq.read_schema(io.BytesIO(answer.content)).names)
    else:
        body = answer.json()
        found = set(body[0] if road == "json" else body["features"][0]["properties"])
    holds(found <= names, f"use_labels=true changes names in {road}: {sorted(found - names)[:10]}")


def test_the_list_separator_is_taken_as_sent(ask: Ask, holds: Holds) -> None:
    text = ask(f"datasets/{LISTED}/exports/csv", select="jour_col", list_separator="\u241f").content.decode("utf-8-sig")

    holds("\u241f" in text, f"list_separator=\u241f gives {text.splitlines()[:4]}")


def test_booleans_are_true_and_false_in_csv(ask: Ask, find: Find, holds: Holds) -> None:
    dataset_id, name = find("boolean")
    answer = ask(f"datasets/{dataset_id}/exports/csv", select=f"`{name}`", with_bom="false")

    cells = set(answer.text.split()[1:]) - {'""'}
    holds(cells <= {"True", "False"}, f"the booleans of {dataset_id}.{name} are {sorted(cells)[:5]} in CSV")


def test_files_are_addresses_in_csv(ask: Ask, find: Find, holds: Holds) -> None:
    dataset_id, name = find("file")
    answer = ask(f"datasets/{dataset_id}/exports/csv", select=f"`{name}`", where=f"`{name}` is not null", limit=1)

    cell = answer.content.decode("utf-8-sig").splitlines()[1]
    holds("/api/explore/v2.1/" in cell and "/files/" in cell, f"a file is {cell[:150]} in CSV")


def test_exports_of_two_geo_fields_have_both(ask: Ask, holds: Holds) -> None:
    table = parquet(ask, STATIC)

    holds({"geo_point_2d", "geo_shape"} <= set(table.column_names), f"the columns are {table.column_names}")
    told = (table.schema.metadata or {}).get(b"geo")
    holds(told is not None, "the file has no metadata key geo")
    columns = list(json.loads(told or b"{}").get("columns", {}))
    holds(columns == ["geo_shape"], f"geo lists the columns {columns}")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("date", "date32[day]"),
        ("boolean", "bool"),
        ("double", "double"),
        ("datetime", "timestamp[ms, tz=UTC]"),
        ("geo_shape", "binary"),
        ("file", "struct<filename: string, url: string, mimetype: string>"),
        ("json_blob", "string"),
    ],
)
def test_parquet_has_the_types_of_the_stand_in(ask: Ask, find: Find, holds: Holds, kind: str, expected: str) -> None:
    dataset_id, name = find(kind)

    found = str(parquet(ask, dataset_id).schema.field(name).type)
    holds(found == expected, f"{kind} is {found} in Parquet ({dataset_id}.{name}): set ParquetVariant so")


def test_lists_of_text_are_lists_in_parquet(ask: Ask, holds: Holds) -> None:
    found = str(parquet(ask, LISTED).schema.field("jour_col").type)

    holds(found.startswith("list<"), f"a multivalued text is {found} in Parquet: set ParquetVariant so")


def test_a_point_stays_in_the_properties_of_geojson(ask: Ask, find: Find, holds: Holds) -> None:
    dataset_id, name = find("geo_point_2d", without=("geo_shape",))
    (feature,) = ask(f"datasets/{dataset_id}/exports/geojson", limit=1).json()["features"]

    holds((feature["geometry"] or {}).get("type", "Point") == "Point", f"the geometry is {feature['geometry']}")
    holds(name in feature["properties"], f"{dataset_id}.{name} has left the properties: {list(feature['properties'])}")


def test_json_fields_are_text_in_json(ask: Ask, find: Find, holds: Holds) -> None:
    dataset_id, name = find("json_blob")
    rows = ask(f"datasets/{dataset_id}/records", where=f"`{name}` is not null", limit=1).json()["results"]

    holds(
        not rows or isinstance(rows[0][name], str), f"{dataset_id}.{name} is {str(rows[0][name])[:100] if rows else ''}"
    )


def test_hidden_records_export_as_nothing(bordeaux: Catalog, ask: Ask, holds: Holds) -> None:
    hidden = [name for name in bordeaux if not bordeaux[name].info.data_visible]
    if not hidden:
        pytest.skip("every dataset there is public")
    page, export = ask(f"datasets/{hidden[0]}/records"), ask(f"datasets/{hidden[0]}/exports/json")

    holds(page.status_code == 403, f"records of {hidden[0]} give {page.status_code}")
    holds((export.status_code, export.text) == (200, "[]"), f"an export gives {export.status_code} {export.text[:200]}")


def test_attachments_are_listed_under_links(bordeaux: Catalog, ask: Ask, holds: Holds) -> None:
    having = [name for name in bordeaux if bordeaux[name].info.attachments]
    if not having:
        pytest.skip("no dataset there has an attachment")
    body = ask(f"datasets/{having[0]}/attachments").json()

    holds("links" in body and "_links" not in body, f"the list of attachments has the keys {list(body)}")
    holds(body["attachments"][0]["href"].startswith("http"), f"an attachment is at {body['attachments'][0]['href']}")


def test_the_frame_is_the_same_by_every_road(bordeaux: Catalog, holds: Holds) -> None:
    dataset = bordeaux[STATIC]
    frames = {
        road: dataset.order_by("gid").to_pandas(format=road).drop(columns="geo_shape")
        for road in ("parquet", "csv", "json", "jsonl")
    }

    odd = [road for road, frame in frames.items() if not frame.equals(frames["json"])]
    holds(not odd, f"{', '.join(odd)} and json give different frames")
