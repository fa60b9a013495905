"""Every question that only the live portal can answer, with the test that asks it, or why it is not asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """One thing that nobody has recorded. `tests` ask it; where there are none, `why_not` says why."""

    asked: str
    tests: tuple[str, ...] = ()
    why_not: str = ""


OPEN = "test_open_questions.py::test_"
UNVERIFIED = "test_unverified.py::test_"
FROM_OUTSIDE = "it cannot be brought about from outside without harm to the portal"
NEVER_READ = "the library never reads it"
NEVER_SENT = "the library never sends it"

# What the list of faults leaves to be checked against the live portal.
FAULTS = (
    Question(
        "the codes of 401, 403 and 404",
        (
            UNVERIFIED + "a_key_that_is_not_valid_is_refused_with_401",
            OPEN + "records_that_are_hidden_are_refused_with_a_code",
            OPEN + "an_unknown_dataset_is_a_resource_that_is_not_found",
            OPEN + "an_unknown_path_is_an_address_that_is_not_found",
        ),
    ),
    Question(
        "whether exports are chunked, compressed, carry ETag or Content-Length",
        (UNVERIFIED + "exports_come_in_chunks_without_a_length", OPEN + "exports_are_compressed_when_asked"),
    ),
    Question("whether records accept limit=0", (UNVERIFIED + "a_page_of_no_rows_has_a_count",)),
    Question(
        "backslashes and doubled quotes inside texts",
        (
            UNVERIFIED + "a_quoted_text_is_one_literal",
            OPEN + "a_doubled_quote_is_no_escape",
            OPEN + "a_backslash_escapes_a_quote",
        ),
    ),
    Question("the real quota", (OPEN + "each_answer_says_how_many_calls_are_left",)),
    Question(
        "whether Retry-After ever appears",
        (OPEN + "nothing_asks_to_wait_while_calls_are_left",),
    ),
    Question("whether the version moves together with the data", (OPEN + "the_version_moves_together_with_the_data",)),
    Question(
        "how attachments and files are addressed",
        (UNVERIFIED + "attachments_are_listed_under_links", UNVERIFIED + "files_are_addresses_in_csv"),
    ),
    Question(
        "the portal's cache and requests with a key",
        (OPEN + "no_answer_for_everybody_is_given_to_a_key_that_is_not_valid",),
    ),
    Question("maps in a browser", why_not="no portal is needed: test_html parses what a map would show"),
    Question("replacing open files on Windows", why_not="no portal is needed: the tests of the store run there too"),
)

# What the reference of the API marks as unverified.
API = (
    Question("status of the redirect from http", (OPEN + "the_address_without_tls_leads_to_the_one_with_it",)),
    Question("body of /catalog", why_not=NEVER_READ),
    Question("metadata templates", why_not=NEVER_READ),
    Question("rows for limit on exports", (UNVERIFIED + "rows_is_another_name_for_the_limit_of_exports",)),
    Question("body with include_links", (UNVERIFIED + "records_with_links_and_metadata_have_the_contracts_keys",)),
    Question("body with include_app_metas", (UNVERIFIED + "records_with_links_and_metadata_have_the_contracts_keys",)),
    Question("use_labels in JSON, GeoJSON and Parquet", (UNVERIFIED + "labels_change_headers_of_sheets_only",)),
    Question("headers with compressed=true", (UNVERIFIED + "a_compressed_export_is_a_gzip_file",)),
    Question("limit=-1 on records", (UNVERIFIED + "a_limit_of_minus_one_is_a_full_page",)),
    Question("formats of a dataset", (OPEN + "formats_are_listed_with_their_addresses",)),
    Question("a record by its id", (UNVERIFIED + "a_record_is_found_by_its_id",)),
    Question("an unknown record", (UNVERIFIED + "an_unknown_record_is_a_resource_that_is_not_found",)),
    Question("technical fields of records", (UNVERIFIED + "technical_fields_of_older_versions_are_unknown",)),
    Question("JSON form of json_blob", (UNVERIFIED + "json_fields_are_text_in_json",)),
    Question("JSON form of image", why_not="no dataset of the portals we know has one; it is read as a file is"),
    Question("vector search", why_not=NEVER_SENT),
    Question("types that do not compare", (UNVERIFIED + "types_that_do_not_compare_are_refused",)),
    Question("body of 401", (UNVERIFIED + "a_key_that_is_not_valid_is_refused_with_401",)),
    Question("410 on aggregates", why_not=NEVER_SENT),
    Question("bodies of 5xx", why_not=FROM_OUTSIDE),
    Question("a restricted dataset answers 404", why_not="it takes a dataset that one may not see, whose id is known"),
    Question("429 of the anonymous quota", why_not=FROM_OUTSIDE),
    Question("Retry-After with 429", why_not=FROM_OUTSIDE),
    Question("content types of exports", (UNVERIFIED + "exports_say_what_they_are",)),
    Question("content encoding of exports", (OPEN + "exports_are_compressed_when_asked",)),
    Question("chunks over HTTP/1.1", (UNVERIFIED + "exports_come_in_chunks_without_a_length",)),
    Question("failures in the middle of an answer", why_not=FROM_OUTSIDE),
    Question("booleans in CSV", (UNVERIFIED + "booleans_are_true_and_false_in_csv",)),
    Question("files in CSV", (UNVERIFIED + "files_are_addresses_in_csv",)),
    Question("types of Parquet", (UNVERIFIED + "parquet_has_the_types_of_the_stand_in",)),
    Question("lists in Parquet", (UNVERIFIED + "lists_of_text_are_lists_in_parquet",)),
    Question("Parquet of earlier years", why_not="it cannot be had any more"),
    Question("a point in GeoJSON properties", (UNVERIFIED + "a_point_stays_in_the_properties_of_geojson",)),
    Question("epsg on GeoJSON", why_not=NEVER_SENT),
    Question("shp, kml, gpx, ov2, RDF and cells of xlsx", why_not=NEVER_READ),
    Question("open intervals of range", (OPEN + "open_intervals_of_range_are_read",)),
    Question("a minus in order_by", (UNVERIFIED + "a_minus_before_a_field_sorts_downwards",)),
    Question("refining a field that is no facet", (UNVERIFIED + "a_field_that_is_no_facet_can_be_refined",)),
    Question(
        "the zone and date functions",
        (
            UNVERIFIED + "the_zone_decides_which_hour_a_moment_is_in",
            UNVERIFIED + "the_zone_decides_which_day_a_group_is",
        ),
    ),
    Question("form of min and max of moments", (UNVERIFIED + "the_greatest_moment_is_text_with_an_offset",)),
    Question("a shape in records", (OPEN + "a_shape_is_a_feature_in_records",)),
    Question("the byte order mark of CSV", (OPEN + "csv_begins_with_a_byte_order_mark",)),
    Question("moments in GeoJSON", (OPEN + "moments_are_text_in_geojson",)),
    Question("federated datasets", why_not="how they lag behind is seen over weeks; their counts are checked"),
)
