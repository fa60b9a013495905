"""Every export format, byte by byte where bytes are recorded."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest

from bdxopendata.testing import SampleDataset, StandIn
from testing.asking import SQUARE, Ask, asker, everything, numbers, refused

EXPORTS = "/catalog/datasets/everything/exports"
NUMBERS = "/catalog/datasets/numbers/exports"
VELIB = ("velib", "velib-disponibilite-en-temps-reel.parquet")


def parquet(content: bytes) -> pq.ParquetFile:
    return pq.ParquetFile(io.BytesIO(content))


def test_formats_are_listed_with_links(ask: Ask, portal: StandIn) -> None:
    links = ask(EXPORTS).json()["links"]

    assert links[0] == {"rel": "self", "href": f"{portal.url}/api/explore/v2.1{EXPORTS}"}
    assert {link["rel"] for link in links} == {"self", "csv", "json", "jsonl", "parquet", "geojson", "fgb", "xlsx"}
    assert "fgb" not in {link["rel"] for link in ask(NUMBERS).json()["links"]}


def test_csv_is_recorded_bytes_for_bytes(ask: Ask) -> None:
    content = ask(f"{EXPORTS}/csv", select="code, tags, places, ratio, open, annee, jour, seen, geo_point_2d").content

    assert content.decode() == (
        "\ufeffcode;tags;places;ratio;open;annee;jour;seen;geo_point_2d\r\n"
        "01063;a,b;248;60.0;True;2019;2020-11-24;2026-07-01T04:00:00+00:00;44.85, -0.55\r\n"
        '"say ""é""; twice";b;1099511627776;1.95;False;2020;2020-12-01;'
        "2026-01-01T23:30:00.123456+00:00;44.86, -0.56\r\n"
        "33063;;;;;;;;\r\n"
    )


def test_csv_shapes_are_bare_geometries_with_blanks(ask: Ask) -> None:
    content = ask(f"{EXPORTS}/csv", select="geo_shape", with_bom="false").content

    assert b"\r\n" + b'"' + json.dumps(SQUARE).replace('"', '""').encode() + b'"\r\n' in content
    assert content.startswith(b"geo_shape\r\n")


def test_csv_files_are_addresses(ask: Ask, portal: StandIn) -> None:
    content = ask(f"{EXPORTS}/csv", select="photo", with_bom="false", limit=1).text

    assert content == f"photo\r\n{portal.url}/api/explore/v2.1/catalog/datasets/everything/files/f1\r\n"


def test_csv_options_change_separators_quotes_and_header(ask: Ask) -> None:
    content = ask(
        f"{EXPORTS}/csv",
        select="code, tags, places",
        use_labels="true",
        with_bom="false",
        delimiter="|",
        list_separator="␟",
        quote_all="true",
        limit=1,
    ).content

    assert content.decode() == '"Code INSEE"|"Étiquettes"|"Places"\r\n"01063"|"a␟b"|248\r\n'


def test_csv_of_hidden_data_is_a_header_with_status_200() -> None:
    with StandIn([everything(data_visible=False)]) as portal:
        answer = asker(portal)(f"{EXPORTS}/csv")

    assert answer.status_code == 200
    assert answer.content.decode("utf-8-sig").count("\r\n") == 1
    assert answer.content.decode("utf-8-sig").startswith("code;zone;tags;")


def test_json_objects_follow_each_other_without_blank(ask: Ask) -> None:
    text = ask(f"{NUMBERS}/json", limit=2).text

    assert text == ('[{"n": 0, "name": "name 00000", "team": "g0"},{"n": 1, "name": "name 00001", "team": "g1"}]')


def test_json_equals_the_records(ask: Ask) -> None:
    assert ask(f"{EXPORTS}/json").json() == ask("/catalog/datasets/everything/records").json()["results"]
    assert ask(f"{EXPORTS}/json", use_labels="true").json() == ask(f"{EXPORTS}/json").json()


def test_json_lines_hold_one_object_each(ask: Ask) -> None:
    lines = ask(f"{NUMBERS}/jsonl").text

    assert lines.endswith("}\n")
    assert [json.loads(line) for line in lines.splitlines()] == ask(f"{NUMBERS}/json").json()


def test_geojson_takes_the_shape_and_leaves_the_point_in_the_properties(ask: Ask) -> None:
    collection = ask(f"{EXPORTS}/geojson").json()

    first, second, _ = collection["features"]
    assert list(collection) == ["type", "features"]
    assert list(first) == ["type", "geometry", "properties"]
    assert first["geometry"] == SQUARE
    assert "geo_shape" not in first["properties"]
    assert first["properties"]["geo_point_2d"] == {"lon": -0.55, "lat": 44.85}
    assert second["geometry"] is None


def test_geojson_without_shape_takes_the_point(ask: Ask) -> None:
    first = ask(f"{EXPORTS}/geojson", select="code, geo_point_2d").json()["features"][0]

    assert first["geometry"] == {"type": "Point", "coordinates": [-0.55, 44.85]}


def test_geojson_follows_epsg(ask: Ask) -> None:
    first = ask(f"{EXPORTS}/geojson", select="geo_point_2d", epsg=2154).json()["features"][0]

    easting, northing = first["geometry"]["coordinates"]
    assert easting == pytest.approx(419_500, abs=2_000)
    assert northing == pytest.approx(6_423_500, abs=3_000)
    assert refused(ask(f"{EXPORTS}/geojson", epsg=1))[1] == "InvalidRESTParameterError"


def test_parquet_has_the_shape_of_the_recorded_file(shared_data: Any) -> None:
    path = shared_data.joinpath("recorded", *VELIB)
    if not path.is_file():
        pytest.skip("the recorded Parquet file is not here")
    recorded = pq.ParquetFile(path)
    kinds = {pa.string(): "text", pa.int64(): "int", pa.binary(): "geo_point_2d"}
    fields = [{"name": one.name, "type": kinds.get(one.type, "datetime")} for one in recorded.schema_arrow]
    row = {
        one["name"]: {
            "text": "x",
            "int": 1,
            "datetime": "2026-05-12T11:32:19.987654+00:00",
            "geo_point_2d": {"lon": 2.27, "lat": 48.86},
        }[one["type"]]
        for one in fields
    }

    with StandIn([SampleDataset("velib", fields, [row, {}])]) as portal:
        made = parquet(asker(portal)("/catalog/datasets/velib/exports/parquet", timezone="Europe/Berlin").content)

    assert made.schema_arrow.equals(recorded.schema_arrow, check_metadata=True)
    assert list(made.metadata.metadata) == list(recorded.metadata.metadata) == [b"ARROW:schema", b"geo"]
    assert made.metadata.metadata[b"geo"] == recorded.metadata.metadata[b"geo"]
    assert made.metadata.num_row_groups == recorded.metadata.num_row_groups
    assert made.metadata.format_version == recorded.metadata.format_version
    for place in range(len(fields)):
        mine, theirs = (file.metadata.row_group(0).column(place) for file in (made, recorded))
        assert (mine.physical_type, mine.compression) == (theirs.physical_type, theirs.compression)
        assert set(mine.encodings) == set(theirs.encodings)
        assert made.schema.column(place).max_definition_level == recorded.schema.column(place).max_definition_level


def test_parquet_points_are_little_endian_wkb_of_21_bytes(ask: Ask) -> None:
    table = parquet(ask(f"{EXPORTS}/parquet", select="geo_point_2d").content).read()

    first, _, missing = table["geo_point_2d"].to_pylist()
    assert len(first) == 21
    assert first[:5].hex() == "0101000000"
    assert missing is None


def test_parquet_cuts_moments_to_milliseconds(ask: Ask) -> None:
    table = parquet(ask(f"{EXPORTS}/parquet", select="seen").content).read()

    assert table.schema.field("seen").type == pa.timestamp("ms", tz="UTC")
    assert table["seen"][1].as_py().isoformat() == "2026-01-01T23:30:00.123000+00:00"


def test_parquet_with_both_geo_fields_lists_only_the_shape(ask: Ask) -> None:
    geo = json.loads(parquet(ask(f"{EXPORTS}/parquet").content).metadata.metadata[b"geo"])

    assert geo == {
        "version": "1.1.0-dev",
        "primary_column": "geo_shape",
        "columns": {"geo_shape": {"encoding": "WKB", "geometry_types": ["Polygon"]}},
    }


def test_parquet_types_that_nobody_recorded_can_be_chosen() -> None:
    with StandIn([everything()]) as portal:
        usual = parquet(asker(portal)(f"{EXPORTS}/parquet").content)
    variant = {
        "date": "timestamp",
        "boolean": "string",
        "multivalued": "joined",
        "file": "url",
        "geo_key": False,
        "geo_columns": "all",
    }
    with StandIn([everything()], parquet_variant=variant) as portal:
        other = parquet(asker(portal)(f"{EXPORTS}/parquet").content)

    kinds = usual.schema_arrow
    assert kinds.field("jour").type == pa.date32()
    assert kinds.field("open").type == pa.bool_()
    assert kinds.field("tags").type.value_type == pa.string()
    assert pa.types.is_struct(kinds.field("photo").type)
    other_kinds = other.schema_arrow
    assert [other_kinds.field(name).type for name in ("jour", "open", "tags", "photo")] == [
        pa.timestamp("ms"),
        pa.string(),
        pa.string(),
        pa.string(),
    ]
    assert other.read()["tags"].to_pylist() == ["a,b", "b", None]
    assert b"geo" not in other.metadata.metadata


def test_parquet_variant_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="date"):
        StandIn([], parquet_variant={"date": "int"})


def test_parquet_without_rows_keeps_its_columns(ask: Ask) -> None:
    empty = parquet(ask(f"{EXPORTS}/parquet", where="places = 7").content)

    assert empty.metadata.num_rows == 0
    assert empty.schema_arrow.field("places").type == pa.int64()


def test_flatgeobuf_has_the_recorded_layer_and_no_geo_columns(ask: Ask, tmp_path: Any) -> None:
    path = tmp_path / "everything.fgb"
    path.write_bytes(ask(f"{EXPORTS}/fgb").content)

    info = pyogrio.read_info(path)

    assert info["layer_name"] == "Layer1"
    assert info["crs"] == "EPSG:4326"
    assert info["features"] == 3
    assert "geo_point_2d" not in info["fields"]
    kinds = dict(zip(info["fields"], info["dtypes"], strict=True))
    assert kinds["jour"].startswith("datetime64")
    assert kinds["code"] == "object"


def test_spreadsheet_opens_and_holds_the_header(ask: Ask) -> None:
    archive = zipfile.ZipFile(io.BytesIO(ask(f"{NUMBERS}/xlsx", limit=1).content))

    sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert archive.testzip() is None
    assert ">n<" in sheet
    assert "<c><v>0</v></c>" in sheet


def test_export_has_every_row_and_group(ask: Ask) -> None:
    assert len(ask(f"{NUMBERS}/json").json()) == 250
    assert len(ask(f"{NUMBERS}/json", limit=-1).json()) == 250
    assert len(ask(f"{NUMBERS}/json", group_by="name").json()) == 250
    assert len(ask(f"{NUMBERS}/json", limit=120).json()) == 120


def test_export_repeats_an_aggregate_once_per_record(ask: Ask) -> None:
    assert ask(f"{NUMBERS}/json", select="count(*)").json() == [{"count(*)": 250}] * 250
    assert ask(f"{NUMBERS}/json", select="count(*)", limit=1).json() == [{"count(*)": 250}]


def test_offset_brings_the_window_back_to_exports(ask: Ask) -> None:
    inside = ask(f"{NUMBERS}/json", offset=240, limit=100).json()
    sum_of = "Invalid value for sum of offset + limit API parameter: "

    assert [row["n"] for row in inside] == list(range(240, 250))
    assert refused(ask(f"{NUMBERS}/json", offset=1, limit=10000))[2] == (
        f"{sum_of}10001 was found but <= 10000 is expected."
    )
    assert refused(ask(f"{NUMBERS}/json", offset=1))[2].startswith(sum_of)


def test_order_by_an_aggregate_needs_a_limit_on_exports(ask: Ask) -> None:
    question = {"group_by": "team", "select": "team, count(*) as c", "order_by": "c desc"}

    assert refused(ask(f"{NUMBERS}/json", **question)) == (
        400,
        "ODSQLError",
        "ODSQL query is malformed: aggregation function in order by is not supported with a limit > 20000. "
        "Please remove the order by or set a limit parameter lower than 20001. "
        "Clause(s) containing the error(s): order_by.",
    )
    assert ask(f"{NUMBERS}/json", **question, limit=2).json()[0] == {"team": "g0", "c": 36}


def test_compressed_file_is_gzip_itself(ask: Ask) -> None:
    answer = ask(f"{NUMBERS}/csv", compressed="true", with_bom="false")

    assert answer.headers["content-disposition"].endswith('filename="numbers.csv.gzip"')
    rows = list(csv.reader(io.StringIO(gzip.decompress(answer.content).decode()), delimiter=";"))
    assert len(rows) == 251


def test_unknown_format_is_no_uri(ask: Ask) -> None:
    assert refused(ask(f"{NUMBERS}/gpkg"))[:2] == (404, "NotFoundURI")


@pytest.mark.parametrize("compression", ["snappy", "zstd"])
def test_parquet_compression_is_what_was_asked(ask: Ask, compression: str) -> None:
    made = parquet(ask(f"{NUMBERS}/parquet", parquet_compression=compression).content)

    assert made.metadata.row_group(0).column(0).compression == compression.upper()


def test_eighty_thousand_points_are_typed_once_per_version() -> None:
    fields = [{"name": "geo", "type": "geo_point_2d"}]
    rows = [{"geo": {"lon": -0.5 + n / 1e6, "lat": 44.8}} for n in range(80_000)]
    with StandIn([SampleDataset("points", fields, rows)]) as portal:
        ask = asker(portal)
        first = ask("/catalog/datasets/points/exports/parquet").content
        held = portal.stock.get("points")
        kept = dict(held.kept)
        second = ask("/catalog/datasets/points/exports/parquet").content

    assert parquet(first).metadata.num_rows == 80_000
    assert second == first
    assert held.kept.keys() == kept.keys()
    assert all(held.kept[key] is kept[key] for key in kept)


def test_numbers_of_the_samples_are_served() -> None:
    with StandIn([numbers(3)]) as portal:
        assert asker(portal)(f"{NUMBERS}/csv", with_bom="false").text.splitlines()[1] == "0;name 00000;g0"


def test_rows_is_another_name_for_the_limit(ask: Ask) -> None:
    assert len(ask(f"{NUMBERS}/json", rows=3).json()) == 3
    assert len(ask(f"{NUMBERS}/json", rows=3, limit=5).json()) == 5
