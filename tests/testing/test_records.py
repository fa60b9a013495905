"""Pages, groups, aggregates and single records, with the limits of the portal."""

from __future__ import annotations

import re

import pytest

from bdxopendata.testing import StandIn
from testing.asking import API, ROWS, Ask, asker, everything, numbers, refused, results

RECORDS = "/catalog/datasets/everything/records"
NUMBERS = "/catalog/datasets/numbers/records"


def test_page_has_two_keys_and_counts_all_rows(ask: Ask) -> None:
    body = ask(NUMBERS, limit=3).json()

    assert list(body) == ["total_count", "results"]
    assert body["total_count"] == 250
    assert [row["n"] for row in body["results"]] == [0, 1, 2]


def test_page_has_ten_rows_unless_asked_otherwise(ask: Ask) -> None:
    assert len(results(ask(NUMBERS))) == 10


def test_limit_zero_gives_only_the_count(ask: Ask) -> None:
    assert ask(NUMBERS, limit=0).json() == {"total_count": 250, "results": []}


def test_body_is_one_line_with_a_blank_after_each_separator(ask: Ask) -> None:
    text = ask(NUMBERS, limit=1).text

    assert text == '{"total_count": 250, "results": [{"n": 0, "name": "name 00000", "team": "g0"}]}'


def test_every_type_has_its_json_form(ask: Ask, portal: StandIn) -> None:
    full, _, empty = results(ask(RECORDS))

    link = f"{portal.url}{API}/catalog/datasets/everything/files/f1"
    assert full == ROWS[0] | {"ratio": 60.0, "photo": ROWS[0]["photo"] | {"url": link}}
    assert '"ratio": 60.0' in ask(RECORDS).text
    assert empty == dict.fromkeys(full) | {"code": "33063"}


def test_microseconds_are_printed_only_where_there_are_some(ask: Ask) -> None:
    seen = [row["seen"] for row in results(ask(RECORDS))]

    assert seen == ["2026-07-01T04:00:00+00:00", "2026-01-01T23:30:00.123456+00:00", None]


def test_timezone_changes_the_offset_of_moments_and_leaves_days_alone(ask: Ask) -> None:
    summer, winter, _ = results(ask(RECORDS, timezone="Europe/Paris"))

    assert summer["seen"] == "2026-07-01T06:00:00+02:00"
    assert winter["seen"] == "2026-01-02T00:30:00.123456+01:00"
    assert summer["jour"] == "2020-11-24"


@pytest.mark.parametrize("limit", [-2, 101, 200])
def test_limit_beyond_a_page_is_refused_in_the_portals_words(ask: Ask, limit: int) -> None:
    assert refused(ask(NUMBERS, limit=limit)) == (
        400,
        "InvalidRESTParameterError",
        f"Invalid value for limit API parameter: {limit} was found but -1 <= limit <= 100 is expected.",
    )


def test_window_is_ten_thousand_rows_inclusive(ask: Ask) -> None:
    inside = ask(NUMBERS, offset=9900, limit=100)
    beyond = ask(NUMBERS, offset=9950, limit=100)

    assert inside.json() == {"total_count": 250, "results": []}
    assert refused(beyond) == (
        400,
        "InvalidRESTParameterError",
        "Invalid value for sum of offset + limit API parameter: 10050 was found but <= 10000 is expected.",
    )


def test_grouped_pages_allow_twenty_thousand(ask: Ask) -> None:
    inside = ask(NUMBERS, group_by="name", limit=20000)
    beyond = ask(NUMBERS, group_by="name", limit=20001)

    assert len(results(inside)) == 250
    assert refused(beyond)[2] == (
        "Invalid value for limit API parameter: 20001 was found but -1 <= limit <= 20000 is expected."
    )


def test_forgotten_limit_cuts_groups_at_ten(ask: Ask) -> None:
    body = ask(NUMBERS, group_by="name", select="name, count(*) as n").json()

    assert body["total_count"] == 250
    assert len(body["results"]) == 10
    assert body["results"][0] == {"name": "name 00000", "n": 1}


def test_groups_have_no_count_in_the_older_era() -> None:
    with StandIn([numbers(20)], era="2021") as portal:
        body = asker(portal)(NUMBERS, group_by="team").json()

    assert list(body) == ["results"]
    assert len(body["results"]) == 7


def test_null_group_comes_first(ask: Ask) -> None:
    groups = results(ask(RECORDS, group_by="zone", select="count(*)"))

    assert groups == [
        {"zone": None, "count(*)": 1},
        {"zone": "Nord/Grand Parc", "count(*)": 1},
        {"zone": "Nord/Lac", "count(*)": 1},
    ]


def test_aggregate_without_groups_is_repeated_once_per_record(ask: Ask) -> None:
    body = ask(NUMBERS, select="sum(n) as total", where="n < 4").json()
    single = ask(NUMBERS, select="sum(n) as total", limit=1).json()

    assert body == {"total_count": 4, "results": [{"total": 6}] * 4}
    assert single == {"total_count": 250, "results": [{"total": 31125}]}


def test_unaliased_expression_is_named_by_its_text_as_typed(ask: Ask) -> None:
    (row,) = results(ask(NUMBERS, select="COUNT( * ), max(n)", limit=1))

    assert sorted(row) == ["COUNT( * )", "max(n)"]


def test_select_chooses_renames_and_computes(ask: Ask) -> None:
    rows = results(ask(RECORDS, select="code as insee, ratio*2 as double, geo_point_2d, seen", limit=2))

    assert rows[0] == {
        "insee": "01063",
        "double": 120.0,
        "geo_point_2d": {"lon": -0.55, "lat": 44.85},
        "seen": "2026-07-01T04:00:00+00:00",
    }
    assert rows[1]["double"] == 3.9


def test_several_where_must_all_hold(ask: Ask, portal: StandIn) -> None:
    answer = ask(NUMBERS, where=["n >= 5 OR n = 1", "n < 7"])

    assert [row["n"] for row in results(answer)] == [1, 5, 6]
    assert portal.requests[-1].all("where") == ["n >= 5 OR n = 1", "n < 7"]


def test_full_text_search_sees_only_fields(ask: Ask) -> None:
    # The rows have places of their own in the evaluation, which no question may reach.
    assert ask(RECORDS, where='"2"').json()["total_count"] == 0
    assert ask(RECORDS, where='search(*, "1")').json()["total_count"] == 0
    assert ask(RECORDS, where='"33063"').json()["total_count"] == 1


def test_order_is_kept_over_pages(ask: Ask) -> None:
    first = results(ask(NUMBERS, order_by="n desc", limit=100))
    second = results(ask(NUMBERS, order_by="n desc", limit=100, offset=100))

    assert [row["n"] for row in first + second] == list(range(249, 49, -1))


def test_bounds_of_moments_have_two_known_forms() -> None:
    question = {"select": "min(seen) as first", "limit": 1}
    with StandIn([everything()]) as portal:
        new = results(asker(portal)(RECORDS, **question))
    with StandIn([everything()], time_bounds="milliseconds") as portal:
        old = results(asker(portal)(RECORDS, **question))

    assert new == [{"first": "2026-01-01T23:30:00.123456+00:00"}]
    assert old == [{"first": "2026-01-01T23:30:00.123Z"}]


def test_year_precision_shows_in_group_keys(ask: Ask) -> None:
    groups = results(ask(RECORDS, group_by="annee", where="annee is not null"))

    assert [row["annee"] for row in groups] == ["2019", "2020"]


def test_unknown_field_is_refused_in_the_portals_words(ask: Ask) -> None:
    assert refused(ask(RECORDS, where="nothing = 1")) == (
        400,
        "ODSQLError",
        "ODSQL query is malformed: Unknown field: nothing. Clause(s) containing the error(s): where.",
    )


def test_syntax_error_names_the_place_and_the_clause(ask: Ask) -> None:
    status, code, message = refused(ask(RECORDS, where="places > > 3"))

    assert (status, code) == (400, "ODSQLSyntaxError")
    assert message.startswith("ODSQL syntax exception: unexpected ")
    assert message.endswith("Clause(s) containing the error(s): where.")


def test_unknown_parameters_are_ignored_and_a_slash_at_the_end_changes_nothing(ask: Ask) -> None:
    plain = ask(NUMBERS).json()

    assert ask(NUMBERS, rowz="3", delimiter="!").json() == plain
    assert ask(f"{NUMBERS}/").json() == plain


def test_record_ids_are_forty_hexadecimal_digits_and_lead_to_the_record(ask: Ask) -> None:
    row = results(ask(RECORDS, include_app_metas="true", limit=1))[0]

    record = ask(f"{RECORDS}/{row['_id']}", select="code, seen", timezone="Europe/Paris")

    assert re.fullmatch("[0-9a-f]{40}", row["_id"])
    assert record.json() == {"code": "01063", "seen": "2026-07-01T06:00:00+02:00"}
    assert ask(f"{RECORDS}/{row['_id']}").json() == results(ask(RECORDS, limit=1))[0]


def test_unknown_record_is_not_found(ask: Ask) -> None:
    assert refused(ask(f"{RECORDS}/{'0' * 40}"))[:2] == (404, "NotFoundResource")


def test_links_come_only_when_asked_for(ask: Ask) -> None:
    assert "_links" in ask(NUMBERS, include_links="true").json()
    assert "_links" not in ask(NUMBERS, include_links="false").json()


def test_records_of_hidden_data_are_forbidden() -> None:
    with StandIn([everything(data_visible=False)]) as portal:
        answer = asker(portal)(RECORDS)

    assert refused(answer) == (
        403,
        "ForbiddenAccess",
        "You don't have permission to access the requested resource",
    )


def test_unstable_order_differs_from_request_to_request_but_not_with_order_by() -> None:
    with StandIn([numbers(250)], unstable_order=True) as portal:
        ask = asker(portal)
        pages = [[row["n"] for row in results(ask(NUMBERS, limit=100))] for _ in range(2)]
        ordered = [row["n"] for row in results(ask(NUMBERS, limit=100, order_by="n"))]

    assert pages[0] != pages[1]
    assert ordered == list(range(100))


@pytest.mark.parametrize(
    ("parameter", "value"), [("timezone", "Mars/Olympus"), ("lang", "xx"), ("limit", "ten"), ("include_links", "yes")]
)
def test_impossible_values_are_refused(ask: Ask, parameter: str, value: str) -> None:
    status, code, message = refused(ask(NUMBERS, **{parameter: value}))

    assert (status, code) == (400, "InvalidRESTParameterError")
    assert message.startswith(f"Invalid value for {parameter} API parameter: {value} was found but ")
