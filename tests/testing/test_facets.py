"""Facet enumerations, refine and exclude."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from bdxopendata.testing import StandIn
from testing.asking import Ask, asker, everything, numbers, refused, results

EVERYTHING = "/catalog/datasets/everything"
NUMBERS = "/catalog/datasets/numbers"


def values(answer: requests.Response, name: str) -> list[tuple[Any, ...]]:
    assert answer.status_code == 200, answer.text
    (facet,) = [one for one in answer.json()["facets"] if one["name"] == name]
    return [(one["value"], one["count"], one["state"]) for one in facet["facets"]]


def test_without_facet_all_facets_of_the_dataset_are_told(ask: Ask, portal: StandIn) -> None:
    body = ask(f"{EVERYTHING}/facets").json()

    assert [link["rel"] for link in body["links"]] == ["self", "dataset"]
    assert [facet["name"] for facet in body["facets"]] == ["code", "zone", "tags", "annee", "jour", "seen"]
    assert body["facets"][2]["facets"] == [
        {"name": "b", "count": 2, "state": "displayed", "value": "b"},
        {"name": "a", "count": 1, "state": "displayed", "value": "a"},
    ]


def test_enumeration_stops_at_a_hundred_values(ask: Ask) -> None:
    assert len(values(ask(f"{NUMBERS}/facets", facet="name"), "name")) == 100
    assert len(values(ask(f"{NUMBERS}/facets", facet='facet(name="name", limit=200)'), "name")) == 100
    assert len(values(ask(f"{NUMBERS}/facets", facet='facet(name="name", limit=3)'), "name")) == 3


def test_facet_expression_sorts(ask: Ask) -> None:
    answer = ask(f"{NUMBERS}/facets", facet='facet(name="name", sort="-alphanum", limit=2)')

    assert [value for value, *_ in values(answer, "name")] == ["name 00249", "name 00248"]


def test_hierarchy_opens_below_what_is_refined(ask: Ask) -> None:
    closed = ask(f"{EVERYTHING}/facets", facet="zone")
    opened = ask(f"{EVERYTHING}/facets", facet="zone", refine="zone:Nord").json()["facets"][0]["facets"]

    assert values(closed, "zone") == [("Nord", 2, "displayed")]
    assert opened == [
        {
            "name": "Nord",
            "count": 2,
            "state": "refined",
            "value": "Nord",
            "facets": [
                {"name": "Grand Parc", "count": 1, "state": "displayed", "value": "Nord/Grand Parc"},
                {"name": "Lac", "count": 1, "state": "displayed", "value": "Nord/Lac"},
            ],
        }
    ]


def test_dates_open_year_by_month_by_day(ask: Ask) -> None:
    month = ask(f"{EVERYTHING}/facets", facet="jour", refine="jour:2020/11").json()["facets"][0]["facets"][0]

    assert (month["value"], month["state"]) == ("2020", "refined")
    assert month["facets"][0] | {"facets": []} == {
        "name": "11",
        "count": 1,
        "state": "refined",
        "value": "2020/11",
        "facets": [],
    }
    assert month["facets"][0]["facets"][0]["value"] == "2020/11/24"


def test_excluded_value_is_told_as_excluded(ask: Ask) -> None:
    found = values(ask(f"{EVERYTHING}/facets", facet="tags", exclude="tags:a"), "tags")

    assert found == [("b", 1, "displayed"), ("a", 0, "excluded")]


def test_where_narrows_the_counts(ask: Ask) -> None:
    found = values(ask(f"{NUMBERS}/facets", facet="team", where="n < 8"), "team")

    assert found[0] == ("g0", 2, "displayed")
    assert sum(count for _, count, _ in found) == 8


def test_disjunctive_facet_still_counts_its_other_values(ask: Ask) -> None:
    found = values(ask(f"{NUMBERS}/facets", facet="team", refine="team:g1"), "team")

    assert len(found) == 7
    assert ("g1", 36, "refined") in found


@pytest.mark.parametrize("refine", ["code:01063", 'code:"01063"', "`code`:01063", "code:'01063'"])
def test_refine_takes_bare_and_quoted_values(ask: Ask, refine: str) -> None:
    rows = results(ask(f"{EVERYTHING}/records", refine=refine))

    assert [row["code"] for row in rows] == ["01063"]


def test_two_values_of_a_facet_are_joined_by_or_only_where_it_is_disjunctive(ask: Ask) -> None:
    either = ask(f"{NUMBERS}/records", refine=["team:g1", "team:g2"], limit=1).json()
    neither = ask(f"{NUMBERS}/records", refine=["name:name 00001", "name:name 00002"]).json()
    said = ask(
        f"{NUMBERS}/records",
        refine=["name:name 00001", "name:name 00002"],
        facet='facet(name="name", disjunctive=true)',
    ).json()

    assert either["total_count"] == 72
    assert neither["total_count"] == 0
    assert said["total_count"] == 2


def test_both_values_of_a_multivalued_cell_can_be_refined_on(ask: Ask) -> None:
    assert ask(f"{EVERYTHING}/records", refine=["tags:a", "tags:b"]).json()["total_count"] == 1


def test_exclude_keeps_rows_without_value(ask: Ask) -> None:
    rows = results(ask(f"{EVERYTHING}/records", exclude="jour:2020/11"))

    assert [row["jour"] for row in rows] == ["2020-12-01", None]


def test_refine_works_on_exports_too(ask: Ask) -> None:
    assert len(ask(f"{NUMBERS}/exports/json", refine="team:g3").json()) == 36


def test_date_facet_of_moments_follows_the_time_zone(ask: Ask) -> None:
    utc = ask(f"{EVERYTHING}/records", refine="seen:2026/01/01").json()
    paris = ask(f"{EVERYTHING}/records", refine="seen:2026/01/01", timezone="Europe/Paris").json()

    assert (utc["total_count"], paris["total_count"]) == (1, 0)


def test_field_that_is_no_facet_is_refused_only_where_asked() -> None:
    with StandIn([everything()]) as portal:
        loose = asker(portal)(f"{EVERYTHING}/records", refine="places:248")
    with StandIn([everything()], strict_refine=True) as portal:
        strict = asker(portal)(f"{EVERYTHING}/records", refine="places:248")

    assert loose.json()["total_count"] == 1
    assert refused(strict)[1] == "ODSQLError"


def test_unknown_facet_is_refused(ask: Ask) -> None:
    assert refused(ask(f"{EVERYTHING}/facets", facet="nothing"))[1] == "ODSQLError"
    assert refused(ask(f"{EVERYTHING}/facets", facet="facet(name=)"))[1] == "ODSQLError"


def test_numbers_sort_as_numbers() -> None:
    with StandIn([numbers(12)]) as portal:
        found = values(asker(portal)(f"{NUMBERS}/facets", facet='facet(name="n", sort="num")'), "n")

    assert [value for value, *_ in found] == [str(number) for number in range(12)]
