"""Which dataset answers a topic: the one known, its successor, or none and what looks alike."""

from __future__ import annotations

from typing import Any

import pytest

from bdxopendata.catalog import Catalog
from bdxopendata.errors import DatasetNotFoundError, SchemaDriftError, TopicNotFoundError
from bdxopendata.portals import Portal
from bdxopendata.testing import SampleDataset, samples
from bdxopendata.topics import births, finding, subsidies, trees
from bdxopendata.topics.contract import Contract, contracts
from conftest import Serve

COUNTS = """
topic = "counts"
title = "Yearly counts"
candidates = [{candidates}]
{combine}
gone = "Look by hand."

[search]
text = ["comptage du trafic"]
columns = ["street"]

[columns.street]
from = ["nom_voie"]
dtype = "text"
required = true

[columns.daily]
from = ["mjo_val"]
dtype = "int"
"""


def contract(*candidates: str, combine: str = "first") -> Contract:
    quoted = ", ".join(f'"{one}"' for one in candidates)
    return Contract.parse(COUNTS.format(candidates=quoted, combine=f'combine = "{combine}"'))


def counts(
    dataset_id: str, *, title: str = "Comptage du trafic", fields: tuple[str, ...] = ("nom_voie", "mjo_val")
) -> SampleDataset:
    described = [{"name": name, "type": "text", "label": name} for name in fields]
    return SampleDataset(dataset_id, described, [], {"default": {"title": title}})


def found(wanted: Contract, catalog: Catalog) -> list[tuple[str, str]]:
    return [(one.dataset.id, one.how) for one in finding.found(wanted, catalog, None)]


def test_the_first_candidate_that_is_there_answers(serve: Serve) -> None:
    served = serve(counts("b"), counts("c"))

    assert found(contract("a", "b", "c"), served.catalog) == [("b", "candidate")]


def test_all_candidates_answer_where_they_combine_each_once(serve: Serve) -> None:
    served = serve(counts("a"), counts("b"))

    assert found(contract("b", "a", combine="all"), served.catalog) == [("b", "candidate"), ("a", "candidate")]


def test_a_changed_year_in_the_id_is_recognised_and_the_newest_is_taken(serve: Serve) -> None:
    names = ("comptage_trafic_2021", "comptage_trafic_2024", "comptage_trafic_2023", "comptage_trafic_20255")
    served = serve(*(counts(one) for one in names))

    assert found(contract("comptage_trafic_2022"), served.catalog) == [("comptage_trafic_2024", "year")]
    assert found(contract("comptage_trafic_{year}"), served.catalog) == [("comptage_trafic_2024", "year")]


def test_a_year_amid_the_id_and_a_month_beside_it_are_recognised(serve: Serve) -> None:
    amid = serve(counts("comptage-du-trafic-2025-bordeaux-metropole")).catalog
    month = serve(counts("parkings-tarifs-2026-mars")).catalog

    assert found(contract("comptage-du-trafic-2023-bordeaux-metropole"), amid)[0][1] == "year"
    assert found(contract("parkings-tarifs-2025-fevrier"), month) == [("parkings-tarifs-2026-mars", "year")]


def test_a_dataset_under_a_new_name_is_found_by_words_and_known_by_its_columns(serve: Serve) -> None:
    served = serve(counts("trafic_annuel"), counts("autre", fields=("rue", "mjo_val")))

    assert found(contract("comptage"), served.catalog) == [("trafic_annuel", "search")]


def test_a_dataset_with_the_words_and_not_the_columns_is_no_successor(serve: Serve) -> None:
    served = serve(counts("autre", fields=("rue", "mjo_val")))

    with pytest.raises(TopicNotFoundError):
        finding.found(contract("comptage"), served.catalog, None)


def test_a_dataset_that_is_gone_lists_what_looks_alike_and_what_to_do(serve: Serve) -> None:
    served = serve(counts("comptage_trafic_bis", title="Autre", fields=("rue",)), counts("st_park_p", title="P"))

    with pytest.raises(TopicNotFoundError) as caught:
        finding.found(contract("comptage_trafic"), served.catalog, None)

    assert caught.value.near[0] == "comptage_trafic_bis"
    for told in ("'comptage_trafic'", "a search for 'comptage du trafic'", "These look alike: 'comptage_trafic_bis'"):
        assert told in str(caught.value)
    assert str(caught.value).endswith("Look by hand.")


@pytest.mark.parametrize("topic", sorted(contracts()))
def test_every_topic_of_an_empty_portal_says_what_it_looked_for(serve: Serve, topic: str) -> None:
    with pytest.raises(DatasetNotFoundError, match="has no dataset for the topic"):
        finding.found(contracts()[topic], serve(counts("z", title="Z", fields=("z",))).catalog, None)


# A dataset that people name

ASKED = [trees.trees, births.births, births.deaths, births.first_names, subsidies.subsidies]


@pytest.mark.parametrize("topic", ASKED, ids=lambda one: one.__name__)
@pytest.mark.parametrize("dataset", ["st_park_p", "st_arceau_p", "en_frcol_s"])
def test_a_dataset_about_something_else_is_refused(serve: Serve, topic: Any, dataset: str) -> None:
    served = serve(dataset)

    with pytest.raises(
        ValueError, match=rf"dataset='{dataset}' has nothing of the topic .*: looked for .*its fields are"
    ):
        topic(dataset=dataset, catalog=served.catalog)

    assert not [one for one in served.asked() if "exports" in one or "records" in one]


def test_a_dataset_of_births_is_not_one_of_deaths(serve: Serve) -> None:
    with pytest.raises(ValueError, match=r"'bor_naissances1900' has nothing of the topic 'deaths'.*Naissances"):
        births.deaths(dataset="bor_naissances1900", catalog=serve("bor_naissances1900").catalog)


def test_trees_under_another_name_are_trees_without_a_genus_apart(serve: Serve, old_trees: SampleDataset) -> None:
    other = SampleDataset("tal_arbres", old_trees.fields, old_trees.rows, old_trees.metas)

    frame = trees.trees(dataset="tal_arbres", catalog=serve(other).catalog)

    assert frame["genus"].notna().any()


def test_a_known_dataset_that_lost_a_column_has_drifted_though_it_is_named(serve: Serve) -> None:
    whole = samples.make("bor_naissances1900")
    fields = [one for one in whole.fields if one["name"] != "nombre"]
    served = serve(SampleDataset(whole.dataset_id, fields, [], whole.metas))

    with pytest.raises(SchemaDriftError, match="count"):
        births.births(dataset="bor_naissances1900", catalog=served.catalog)


def test_a_dataset_that_is_not_there_lists_the_nearest(serve: Serve) -> None:
    with pytest.raises(DatasetNotFoundError, match="ec_arbre_p"):
        trees.trees(dataset="ec_arbres_p", catalog=serve("ec_arbre_p").catalog)


def test_the_id_of_a_dataset_is_text(serve: Serve) -> None:
    with pytest.raises(TypeError, match="dataset is the id of one, as text, not int"):
        trees.trees(dataset=3, catalog=serve("ec_arbre_p").catalog)  # type: ignore[arg-type]


def test_a_catalogue_may_be_an_address_a_portal_or_left_out(serve: Serve) -> None:
    served = serve("ec_arbre_p")

    assert finding.catalog_of(served.catalog) is served.catalog
    assert finding.catalog_of(served.portal.url).portal.host == served.catalog.portal.host
    assert finding.catalog_of(Portal("P", (served.portal.url,))).portal.name == "P"
    assert finding.catalog_of(None).portal.host == "opendata.bordeaux-metropole.fr"
    with pytest.raises(TypeError, match="catalog is a Catalog, or the address of a portal, not list"):
        finding.catalog_of([])
