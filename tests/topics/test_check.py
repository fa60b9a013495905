"""What drifted, told as a frame and as text."""

from __future__ import annotations

from typing import Any

import pytest

import bdxopendata
from bdxopendata.testing import SampleDataset, samples
from bdxopendata.topics import check as module
from bdxopendata.topics.check import check, drifted, table
from bdxopendata.topics.contract import Contract
from bdxopendata.topics.facilities import KINDS
from conftest import Serve


def parking(*, without: str = "", **renamed: str) -> SampleDataset:
    """Make the car parks with a field left out or fields renamed."""
    whole = samples.make("st_park_p")
    fields = [{**one, "name": renamed.get(one["name"], one["name"])} for one in whole.fields if one["name"] != without]
    return SampleDataset("st_park_p", fields, [], whole.metas)


def verdicts(findings: Any) -> dict[str, str]:
    return dict(zip(findings["column"], findings["verdict"], strict=True))


@pytest.mark.parametrize("topic", ["parking", "trees"])
def test_the_stand_in_portal_is_as_the_contracts_expect(serve: Serve, topic: str) -> None:
    findings = check(topic, catalog=serve("st_park_p", "ec_arbre_p").catalog)

    assert set(findings["topic"]) == {topic}
    assert drifted(findings).empty


def test_only_descriptions_are_asked_for(serve: Serve) -> None:
    served = serve("st_park_p")

    check("parking", catalog=served.catalog)

    assert served.asked() == ["st_park_p"]


def test_there_is_a_row_for_the_dataset_and_one_for_each_column_that_is_not_derived(serve: Serve) -> None:
    findings = check("parking", catalog=serve("st_park_p").catalog)

    assert list(findings.columns) == list(module.COLUMNS)
    own = [one.name for one in module.contracts()["parking"].columns.values() if not one.is_derived]
    assert findings["column"].tolist() == ["", *own]
    assert findings.set_index("column").loc["capacity", "found"] == "np_total (int), np_global (int)"


def test_a_required_field_that_is_gone_breaks_the_topic(serve: Serve) -> None:
    findings = check("parking", catalog=serve(parking(without="libres")).catalog)

    assert drifted(findings)[["column", "looked_for", "verdict"]].to_numpy().tolist() == [
        ["free", "libres", module.GONE]
    ]


def test_an_optional_field_that_is_gone_is_shown_and_is_no_drift(serve: Serve) -> None:
    findings = check("parking", catalog=serve(parking(without="np_vle")).catalog)

    assert verdicts(findings)["ev_places"] == module.MISSING
    assert verdicts(findings)["commune"] == module.UNPROVEN
    assert drifted(findings).empty
    assert "ev_places" in table(findings)
    assert "commune" not in table(findings)


def test_a_field_spelt_in_another_case_is_found(serve: Serve) -> None:
    findings = check("parking", catalog=serve(parking(libres="LIBRES")).catalog)

    assert verdicts(findings)["free"] == module.FOUND


def test_a_dataset_without_its_geometry_breaks_a_topic_of_places(serve: Serve) -> None:
    whole = parking()
    plain = [one for one in whole.fields if not one["type"].startswith("geo_")]
    findings = check("parking", catalog=serve(SampleDataset("st_park_p", plain, [], whole.metas)).catalog)

    assert drifted(findings)[["column", "found"]].to_numpy().tolist() == [["", "no geometry"]]


def test_a_dataset_that_is_gone_is_told_with_what_looks_alike(serve: Serve) -> None:
    whole = parking()
    other = SampleDataset("st_parks_p", whole.fields[:3], [], whole.metas)

    (row,) = check("parking", catalog=serve(other).catalog).to_dict("records")

    assert row["verdict"] == module.GONE
    assert "st_park_p" in row["looked_for"]
    assert "st_parks_p" in row["found"]


def test_a_dataset_found_under_a_new_name_is_drift_though_the_topic_works(serve: Serve) -> None:
    whole = parking()
    metas = {"default": {"title": "Parking hors voirie"}}

    findings = check("parking", catalog=serve(SampleDataset("st_parc_p", whole.fields, [], metas)).catalog)

    assert drifted(findings)[["dataset", "found", "verdict"]].to_numpy().tolist() == [
        ["st_parc_p", "by search", module.RENAMED]
    ]


def test_a_candidate_that_is_gone_is_drift_though_another_one_is_there(serve: Serve, old_trees: SampleDataset) -> None:
    findings = check("trees", catalog=serve(old_trees).catalog)

    assert verdicts(findings)[""] == module.RENAMED


def test_a_dataset_of_those_that_combine_is_missed(serve: Serve) -> None:
    contract = Contract.parse(
        'topic = "t"\ntitle = "T"\ncandidates = ["st_park_p", "st_gone_p"]\ncombine = "all"\n'
        '[columns.name]\nfrom = ["nom"]\ndtype = "text"\nrequired = true'
    )

    findings = check(contract, catalog=serve("st_park_p").catalog)

    assert drifted(findings)[["dataset", "verdict"]].to_numpy().tolist() == [["st_gone_p", module.GONE]]


def test_a_topic_that_never_had_an_id_is_no_drift_where_it_is_not_found(serve: Serve) -> None:
    contract = Contract.parse(
        'topic = "t"\ntitle = "T"\ncandidates = []\n[search]\ntext = ["décès"]\n'
        '[columns.day]\nfrom = ["jour"]\ndtype = "date"\nrequired = true'
    )

    findings = check(contract, catalog=serve("st_park_p").catalog)

    assert findings["verdict"].tolist() == [module.UNPROVEN]
    assert "a search for 'décès'" in findings["looked_for"].iloc[0]


def test_an_unknown_topic_names_the_nearest(serve: Serve) -> None:
    with pytest.raises(ValueError, match=r"no topic 'tree'\. Did you mean 'trees'"):
        check("tree", catalog=serve("ec_arbre_p").catalog)


def test_all_topics_are_checked_where_none_is_named(serve: Serve) -> None:
    findings = check(catalog=serve("st_park_p").catalog)

    assert set(findings["topic"]) == set(module.contracts())


@pytest.mark.parametrize(
    ("name", "topics"),
    [
        ("waste_collection", {"waste"}),
        ("Bridge Closures", {"bridge"}),
        ("population_change", {"births", "deaths"}),
        ("facilities", set(KINDS)),
        ("traffic_counts", {"road_counts", "bike_counts"}),
    ],
)
def test_a_function_stands_for_its_topics(serve: Serve, name: str, topics: set[str]) -> None:
    assert set(check(name, catalog=serve("st_park_p").catalog)["topic"]) == topics


def test_every_public_function_of_a_topic_can_be_checked() -> None:
    known = {*module.contracts(), *module.FUNCTIONS}
    topics = {name for name, (home, _) in bdxopendata._HOMES.items() if home.startswith("topics.")}

    # What is left polls, keeps, draws or names, and asks for no data of its own.
    assert topics - known == {"explore_map", "history", "labels", "places", "record", "watch"}


def test_a_topic_named_twice_is_checked_once(serve: Serve) -> None:
    findings = check("waste", "waste_zones", catalog=serve("en_frcol_s").catalog)

    assert (findings["column"] == "").sum() == 1


def test_a_name_like_none_lists_all(serve: Serve) -> None:
    with pytest.raises(ValueError, match=r"no topic 'xyzzy'\. There are .*bridge_closures.*facilities.*trees.*wifi"):
        check("xyzzy", catalog=serve("st_park_p").catalog)


def test_the_table_shows_what_is_not_as_expected_and_counts_the_rest(serve: Serve) -> None:
    findings = check("parking", catalog=serve(parking(without="np_vle")).catalog)

    first, second, _, last = table(findings).split("\n")

    assert first.split() == ["topic", "dataset", "column", "looked", "for", "found", "verdict"]
    assert second.split() == ["parking", "st_park_p", "ev_places", "np_vle", "missing"]
    assert last == "parking  works: 28 of 30 columns there, 1 missing"
    assert len(table(findings, every=True).split("\n")) == len(findings) + 3


def test_the_table_fits_a_terminal(serve: Serve) -> None:
    text = table(check(catalog=serve("st_park_p", "ec_arbre_p").catalog), every=True)

    assert max(map(len, text.split("\n"))) <= 100


def test_no_table_stands_where_all_is_as_expected(serve: Serve) -> None:
    findings = check("parking", catalog=serve("st_park_p").catalog)

    assert table(findings) == "parking  works: 29 of 30 columns there"
