"""Contracts applied to what a portal has: found, renamed, moved to another year, lacking, or gone."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pandas as pd
import pytest

from bdxopendata.errors import DataQualityWarning, DatasetNotFoundError, SchemaDriftError, TopicNotFoundError
from bdxopendata.lineage import provenance
from bdxopendata.testing import SampleDataset
from bdxopendata.topics import engine
from bdxopendata.topics.contract import Contract
from conftest import Serve

BENCHES = """
topic = "benches"
title = "Benches"
candidates = ["bor_bancs"]

[search]
text = ["bancs publics"]

[columns.name]
from = ["nom", "libelle"]
dtype = "text"
required = true
evidence = "data"

[columns.seats]
from = ["places"]
dtype = "int"
unit = "seats"
required = true
evidence = "data"

[columns.length]
from = ["longueur"]
dtype = "double"
unit = "unknown"
evidence = "inferred"

[columns.comfort]
dtype = "double"
"""
ROWS = (
    {"nom": "Quai", "places": 3, "longueur": 1.8, "bois": "chêne"},
    {"nom": "Parc", "places": 5, "longueur": None, "bois": None},
    {"nom": None, "places": None, "longueur": 2.4, "bois": "pin"},
)
TYPES = {"nom": "text", "places": "int", "longueur": "double", "bois": "text"}


def benches(**changed: Any) -> Contract:
    text = BENCHES
    for key, value in changed.items():
        lines = [line for line in text.split("\n") if not line.startswith(f"{key} = ")]
        text = f"{key} = {json.dumps(value)}\n" + "\n".join(lines)
    return Contract.parse(text)


def dataset(dataset_id: str = "bor_bancs", title: str = "Bancs", **renamed: str) -> SampleDataset:
    """Make a dataset of benches, with fields renamed, or left out where the new name is empty."""
    names = {name: renamed.get(name, name) for name in TYPES}
    fields = [{"name": new, "type": TYPES[old], "label": new} for old, new in names.items() if new]
    rows = [{new: row[old] for old, new in names.items() if new} for row in ROWS]
    return SampleDataset(dataset_id, fields, rows, {"default": {"title": title, "license": "Licence Ouverte"}})


def test_own_columns_come_first_then_the_dataset_then_what_the_portal_has_besides(serve: Serve) -> None:
    frame = engine.read(benches(), catalog=serve(dataset()).catalog)

    assert list(frame.columns) == ["name", "seats", "length", "comfort", "dataset", "bois"]
    assert len(frame) == len(ROWS)
    assert frame["seats"].astype(object).tolist() == [3, 5, pd.NA]
    assert frame["bois"].iloc[0] == "chêne"
    assert set(frame["dataset"]) == {"bor_bancs"}


def test_a_candidate_that_is_there_needs_no_listing_of_the_catalogue(serve: Serve) -> None:
    served = serve(dataset())

    engine.find(benches(), served.catalog)

    assert served.asked() == ["bor_bancs"]


def test_conditions_are_asked_of_the_portal_by_its_own_field_names(serve: Serve) -> None:
    catalog = serve(dataset(places="nb_places_total")).catalog
    contract = Contract.parse(BENCHES.replace('["places"]', '["places", "nb_places_total"]'))

    frame = engine.read(contract, catalog=catalog, ask=lambda one: one.query.where(one.field("seats") > 3))

    assert frame["name"].tolist() == ["Parc"]
    assert "nb_places_total > 3" in provenance(frame).question


def test_a_column_that_the_portal_lacks_is_there_typed_and_told(serve: Serve) -> None:
    catalog = serve(dataset(longueur="")).catalog

    frame = engine.read(benches(), catalog=catalog)

    assert frame["length"].isna().all()
    assert frame["length"].dtype == "float64"
    topic = engine.topic_of(frame)
    assert topic["missing"] == ["length"]
    assert topic["sources"][0]["missing"] == ["length"]
    assert topic["unknown_units"] == ["length"]


def test_the_provenance_names_the_topic_its_datasets_and_what_is_missing(serve: Serve) -> None:
    frame = engine.read(benches(), catalog=serve(dataset(longueur="")).catalog)

    found = provenance(frame)

    assert (found.topic, found.datasets, found.missing) == ("benches", ("bor_bancs",), ("length",))
    assert "benches" in repr(found)
    assert pickle.loads(pickle.dumps(found)) == found


def test_a_plain_reading_is_of_no_topic(serve: Serve) -> None:
    frame = serve(dataset()).dataset("bor_bancs").to_pandas()

    assert (provenance(frame).topic, provenance(frame).datasets, provenance(frame).missing) == (None, (), ())
    assert "topic" not in frame.attrs["bdxopendata"]


def test_no_row_is_an_empty_frame_of_the_same_columns_and_types(serve: Serve) -> None:
    catalog = serve(dataset()).catalog

    every = engine.read(benches(), catalog=catalog)
    none = engine.read(benches(), catalog=catalog, ask=lambda one: one.query.where(one.field("seats") > 99))

    assert len(none) == 0
    assert none.dtypes.to_dict() == every.dtypes.to_dict()


def test_what_a_frame_says_of_itself_is_made_of_plain_values(serve: Serve) -> None:
    frame = engine.read(benches(), catalog=serve(dataset()).catalog)

    assert json.loads(json.dumps(frame.attrs)) == frame.attrs
    assert provenance(frame).rows == len(frame)
    assert provenance(frame).stand_in


@pytest.mark.parametrize("spelt", ["NOM", "Nom ", "nom*", "nôm", "n_o_m"])
def test_a_field_is_recognised_but_for_case_accents_blanks_and_stars(spelt: str) -> None:
    frame = pd.DataFrame({spelt: ["Quai"], "places": [3]})

    assert engine.apply(benches(), frame)["name"].tolist() == ["Quai"]


def test_a_field_whose_accent_was_broken_is_recognised() -> None:
    contract = Contract.parse(BENCHES.replace('"nom", "libelle"', '"Nom du bénéficiaire"'))

    for spelt in ("Nom du b\N{REPLACEMENT CHARACTER}n\N{REPLACEMENT CHARACTER}ficiaire", "Nom du bÃ©nÃ©ficiaire"):
        frame = pd.DataFrame({spelt: ["Amicale"], "places": [3]})

        assert engine.apply(contract, frame)["name"].tolist() == ["Amicale"]


def test_a_gap_is_filled_from_the_next_name_and_that_field_stays(serve: Serve) -> None:
    frame = pd.DataFrame({"nom": ["Quai", None], "libelle": ["x", "Parc"], "places": [3, 4]})

    made = engine.apply(benches(), frame)

    assert made["name"].tolist() == ["Quai", "Parc"]
    assert made["libelle"].tolist() == ["x", "Parc"]


def test_a_field_can_be_found_by_its_label(serve: Serve) -> None:
    contract = Contract.parse(BENCHES.replace('from = ["longueur"]', 'labels = ["Longueur du banc"]'))
    made = dataset()
    fields = [{**one, "label": "Longueur du banc"} if one["name"] == "longueur" else one for one in made.fields]

    frame = engine.read(contract, catalog=serve(SampleDataset("bor_bancs", fields, made.rows, made.metas)).catalog)

    assert frame["length"].tolist()[0] == 1.8


def test_a_portal_column_that_has_the_name_of_one_of_ours_is_kept_under_another() -> None:
    frame = pd.DataFrame({"nom": ["a"], "places": [1], "comfort": ["soft"], "dataset": ["x"], "dataset_portal": ["y"]})

    made = engine.apply(benches(), frame, dataset="bor_bancs")

    assert made["dataset"].tolist() == ["bor_bancs"]
    assert made["comfort"].isna().all()
    assert made["comfort_portal"].tolist() == ["soft"]
    assert sorted({"x", "y"} & set(made.iloc[0].astype(str))) == ["x", "y"]


def test_values_that_do_not_fit_are_missing_and_counted_once_and_no_row_is_lost() -> None:
    frame = pd.DataFrame({"nom": ["a", "b", "c"], "places": ["3", "three", "4"], "longueur": ["1,5", "x", None]})

    with pytest.warns(DataQualityWarning, match=r"'bor_bancs'.*seats: 1 value no number.*length: 1 value") as told:
        made = engine.apply(benches(), frame, dataset="bor_bancs")

    assert len(told) == 1
    assert len(made) == 3
    assert made["seats"].astype(object).tolist() == [3, pd.NA, 4]


def test_a_frame_is_not_changed_and_keeps_its_index() -> None:
    frame = pd.DataFrame({"nom": ["a", "b"], "places": [1, 2]}, index=[7, 9])
    before = frame.copy()

    made = engine.apply(benches(), frame)

    pd.testing.assert_frame_equal(frame, before)
    assert list(made.index) == [7, 9]


def test_a_required_column_that_is_gone_is_named(serve: Serve) -> None:
    catalog = serve(dataset(places="")).catalog

    with pytest.raises(SchemaDriftError, match=r"'bor_bancs' no longer has 'seats \(places\)'"):
        engine.read(benches(), catalog=catalog)


def test_a_frame_without_what_is_required_is_refused() -> None:
    with pytest.raises(SchemaDriftError) as caught:
        engine.apply(benches(), pd.DataFrame({"places": [1]}), dataset="bor_bancs")

    assert caught.value.missing == ("name (nom or libelle)",)
    assert caught.value.found == ("places",)


def test_a_topic_of_places_refuses_a_dataset_without_geometry(serve: Serve) -> None:
    with pytest.raises(SchemaDriftError, match="a geometry"):
        engine.find(benches(geometry="point"), serve(dataset()).catalog)


# Datasets that moved


def test_an_id_with_another_year_is_recognised_and_the_newest_is_taken(serve: Serve) -> None:
    catalog = serve(dataset("bancs-2023-bordeaux"), dataset("bancs-2025-bordeaux"), dataset("bancs-2025-lyon")).catalog

    (source,) = engine.find(benches(candidates=["bancs-2022-bordeaux"]), catalog)

    assert source.dataset.id == "bancs-2025-bordeaux"
    assert source.how == "year"


def test_the_year_of_a_candidate_may_be_left_open(serve: Serve) -> None:
    catalog = serve(dataset("bancs-2023"), dataset("bancs-2025"), dataset("bancs-20255")).catalog

    (source,) = engine.find(benches(candidates=["bancs-{year}"]), catalog)

    assert source.dataset.id == "bancs-2025"


def test_another_month_beside_the_year_is_recognised_too(serve: Serve) -> None:
    catalog = serve(dataset("bancs-2026-mars")).catalog

    (source,) = engine.find(benches(candidates=["bancs-2025-fevrier"]), catalog)

    assert source.dataset.id == "bancs-2026-mars"


def test_a_successor_is_found_by_a_search_and_must_have_the_columns(serve: Serve) -> None:
    alike = dataset("mobilier_urbain", "Bancs publics en bois", places="")
    successor = dataset("mobilier_assises", "Bancs publics de la ville")
    catalog = serve(alike, successor).catalog

    frame = engine.read(benches(), catalog=catalog)

    assert set(frame["dataset"]) == {"mobilier_assises"}
    assert engine.topic_of(frame)["sources"][0]["found_by"] == "search"


def test_where_nothing_is_found_the_error_says_what_was_looked_for_and_what_looks_alike(serve: Serve) -> None:
    catalog = serve(dataset("bor_banc", "Dépôts", nom="", places="")).catalog

    with pytest.raises(TopicNotFoundError) as caught:
        engine.read(benches(gone="Ask the town hall."), catalog=catalog)

    error = caught.value
    assert isinstance(error, DatasetNotFoundError)
    assert error.looked_for == ("bor_bancs",)
    assert error.near == ("bor_banc",)
    text = str(error)
    assert "topic 'benches'" in text
    assert "'bor_bancs'" in text
    assert "'bancs publics'" in text
    assert "'bor_banc'" in text
    assert text.endswith("Ask the town hall.")
    assert str(pickle.loads(pickle.dumps(error))) == text


def test_a_dataset_can_be_named_and_is_then_the_one(serve: Serve) -> None:
    catalog = serve(dataset(), dataset("my_benches")).catalog

    frame = engine.read(benches(), catalog=catalog, dataset="my_benches")

    assert set(frame["dataset"]) == {"my_benches"}
    assert engine.topic_of(frame)["sources"][0]["found_by"] == "asked"


def test_a_named_dataset_that_is_not_there_names_the_nearest(serve: Serve) -> None:
    with pytest.raises(DatasetNotFoundError, match="'bor_bancs'"):
        engine.read(benches(), catalog=serve(dataset()).catalog, dataset="bor_banks")


def test_a_catalogue_without_datasets_is_asked_too(serve: Serve) -> None:
    served = serve()

    with pytest.raises(TopicNotFoundError, match="Nothing in the catalogue looks alike"):
        engine.read(benches(), catalog=served.catalog)


def test_a_catalogue_is_a_catalogue() -> None:
    with pytest.raises(TypeError, match="catalog is a Catalog, or the address of a portal, not int"):
        engine.find(benches(), 3)  # type: ignore[arg-type]


def test_an_address_is_as_good_as_a_catalogue(serve: Serve) -> None:
    served = serve(dataset())

    assert len(engine.read(benches(), catalog=served.portal.url)) == 3


# Several datasets in one frame


def test_datasets_that_combine_stand_one_below_the_other(serve: Serve) -> None:
    catalog = serve(dataset("bancs_a"), dataset("bancs_b", longueur="", bois="essence")).catalog
    contract = benches(candidates=["bancs_a", "bancs_b", "bancs_c"], combine="all")

    frame = engine.read(contract, catalog=catalog)

    assert frame["dataset"].value_counts().to_dict() == {"bancs_a": 3, "bancs_b": 3}
    assert {"bois", "essence"} <= set(frame.columns)
    assert frame["seats"].dtype == "Int64"
    topic = engine.topic_of(frame)
    assert [one["dataset"] for one in topic["sources"]] == ["bancs_a", "bancs_b"]
    # One of the two has it.
    assert topic["missing"] == []
    assert [one["dataset_id"] for one in topic["provenance"]] == ["bancs_a", "bancs_b"]
    assert provenance(frame).rows == 6


def test_each_dataset_is_there_once_even_where_a_search_finds_it_again(serve: Serve) -> None:
    catalog = serve(dataset(title="Bancs publics"), dataset("bancs_b", "Bancs publics")).catalog

    sources = engine.find(benches(combine="all"), catalog)

    assert [one.dataset.id for one in sources] == ["bor_bancs", "bancs_b"]


# What a source tells


def test_the_values_of_a_column_are_counted_by_the_portal(serve: Serve) -> None:
    served = serve(dataset())
    (source,) = engine.find(benches(), served.catalog)

    assert sorted(map(str, source.values("name"))) == ["('Parc',)", "('Quai',)", "(None,)"]
    assert ("Quai", 3) in source.values("name", "seats")


def test_what_a_source_lacks_cannot_be_asked_about(serve: Serve) -> None:
    (source,) = engine.find(benches(), serve(dataset(longueur="")).catalog)

    assert source.has("name", "seats")
    assert not source.has("length")
    with pytest.raises(SchemaDriftError, match=r"length \(longueur\)"):
        source.field("length")


def test_gaps_that_are_filled_are_no_longer_missing_but_derived(serve: Serve) -> None:
    frame = engine.read(benches(), catalog=serve(dataset(longueur="")).catalog)

    engine.fill(frame, "length", pd.Series([1.0, 2.0, 3.0]))

    assert frame["length"].tolist() == [1.0, 2.0, 3.0]
    assert engine.topic_of(frame)["missing"] == []
    assert engine.topic_of(frame)["derived"] == ["length"]


def test_a_frame_of_no_topic_tells_nothing() -> None:
    with pytest.raises(ValueError, match="carries no facts of a topic"):
        engine.topic_of(pd.DataFrame())
