"""Trees by the stand-in portal, from the inventory of today and from the older one."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from shapely import box

from bdxopendata.errors import DatasetNotFoundError, SchemaDriftError
from bdxopendata.lineage import cite, provenance
from bdxopendata.testing import SampleDataset, samples
from bdxopendata.topics import engine, trees
from bdxopendata.topics.families import FAMILIES
from conftest import Serve


def ask(serve: Serve, **asked: Any) -> Any:
    return trees.trees(catalog=serve("ec_arbre_p").catalog, **asked)


def made(**columns: list[Any]) -> pd.DataFrame:
    """A frame of trees with these columns only."""
    return pd.DataFrame({name: pd.Series(values, dtype="str") for name, values in columns.items()})


def test_every_tree_is_a_row_with_the_columns_of_the_contract_first(serve: Serve) -> None:
    frame = ask(serve)

    assert len(frame) == len(samples.make("ec_arbre_p").rows)
    assert list(frame.columns) == [*trees.CONTRACT.columns, "dataset", "geometry"]
    assert set(frame["dataset"]) == {"ec_arbre_p"}
    assert frame.crs == "EPSG:4326"


def test_columns_that_the_portal_lacks_are_typed_and_told(serve: Serve) -> None:
    frame = ask(serve)

    assert frame["cultivar"].isna().all()
    assert str(frame["planted"].dtype) == "datetime64[us]"
    assert str(frame["planted_year"].dtype) == "Int64"
    topic = engine.topic_of(frame)
    assert {"cultivar", "common_name", "planted", "age_range"} <= set(topic["missing"])
    assert topic["unknown_units"] == ["height", "trunk"]


def test_names_family_and_commune_follow_from_other_columns(serve: Serve) -> None:
    frame = ask(serve)

    assert set(frame["scientific_name"]) >= {"Quercus robur", "Platanus x hispanica"}
    assert frame.loc[frame["genus"] == "Tilia", "family"].unique().tolist() == ["Malvaceae"]
    assert frame.loc[frame["insee"] == "33522", "commune"].unique().tolist() == ["Talence"]
    assert engine.topic_of(frame)["derived"] == ["scientific_name", "family", "commune"]


def test_trees_without_a_place_or_a_height_stay(serve: Serve) -> None:
    frame = ask(serve)

    assert frame.geometry.isna().any()
    assert frame["height"].isna().any()


@pytest.mark.parametrize("genus", ["Quercus", "quercus", " QUERCUS ", ["Quercus"]])
def test_a_genus_is_found_whatever_the_case(serve: Serve, genus: Any) -> None:
    frame = ask(serve, genus=genus)

    assert set(frame["genus"]) == {"Quercus"}
    assert len(frame) == sum(row["genre"] == "Quercus" for row in samples.make("ec_arbre_p").rows)


def test_several_genera_are_joined(serve: Serve) -> None:
    assert set(ask(serve, genus=["tilia", "acer"])["genus"]) == {"Tilia", "Acer"}


@pytest.mark.parametrize("species", ["ilex", "Quercus ilex", "QUERCUS ILEX"])
def test_a_species_is_found_with_its_genus_or_without(serve: Serve, species: str) -> None:
    frame = ask(serve, species=species)

    assert set(frame["scientific_name"]) == {"Quercus ilex"}


def test_genus_and_species_together_narrow_each_other(serve: Serve) -> None:
    assert set(ask(serve, genus="Acer", species=["campestre", "platanoides"])["species"]) == {
        "campestre",
        "platanoides",
    }
    with pytest.raises(ValueError, match="no species 'ilex'"):
        ask(serve, genus="Acer", species="ilex")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"genus": "Qercus"}, r"no genus 'Qercus'\. Did you mean 'Quercus'"),
        ({"species": "rober"}, r"no species 'rober'\. Did you mean 'robur'"),
        ({"species": "Quercus rober"}, r"Did you mean 'Quercus robur'"),
        ({"commune": "Talance"}, r"no commune 'Talance'\. Did you mean 'Talence'"),
        ({"genus": []}, "list of genus is empty"),
        ({"area": (44.8, -0.6, 44.9, -0.5)}, "swapped"),
        ({"area": (-0.6, 44.8)}, "four numbers"),
        ({"min_height": -1}, "from 0"),
        ({"min_height": math.nan}, "from 0"),
        ({"min_height": 20, "max_height": 10}, "above max_height"),
    ],
)
def test_what_cannot_be_meant_is_told(serve: Serve, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ask(serve, **asked)


@pytest.mark.parametrize("asked", [{"genus": 3}, {"species": {"a": 1}}, {"commune": 33063}, {"min_height": "tall"}])
def test_arguments_of_another_kind_are_refused(serve: Serve, asked: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        ask(serve, **asked)


@pytest.mark.parametrize("commune", ["merignac", "33281", ["Mérignac", "MERIGNAC"]])
def test_a_commune_is_asked_by_its_code(serve: Serve, commune: Any) -> None:
    frame = ask(serve, commune=commune)

    assert set(frame["insee"]) == {"33281"}
    assert "33281" in provenance(frame).question


def test_heights_are_asked_of_the_portal(serve: Serve) -> None:
    frame = ask(serve, min_height=10, max_height=15)

    assert frame["height"].between(10, 15).all()
    assert len(frame) > 100
    assert "hauteur >= 10" in provenance(frame).question


@pytest.mark.parametrize("area", [(-0.6, 44.82, -0.55, 44.86), box(-0.6, 44.82, -0.55, 44.86)])
def test_an_area_is_a_box_or_any_shape(serve: Serve, area: Any) -> None:
    frame = ask(serve, area=area)

    assert len(frame) > 50
    assert frame.within(box(-0.6, 44.82, -0.55, 44.86)).all()


def test_no_tree_is_an_empty_frame_of_the_same_columns(serve: Serve) -> None:
    every, none = ask(serve), ask(serve, min_height=900)

    assert len(none) == 0
    assert none.dtypes.to_dict() == every.dtypes.to_dict()
    assert none.crs == every.crs


def test_the_older_inventory_is_read_where_the_other_is_not_there(serve: Serve, old_trees: SampleDataset) -> None:
    frame = trees.trees(catalog=serve(old_trees).catalog)

    assert set(frame["dataset"]) == {"bor_arbres"}
    assert frame["genus"].tolist()[:4] == ["Quercus", "Platanus", "Quercus", "Tilia"]
    assert frame["species"].tolist()[:3] == ["robur", "x hispanica", "ilex"]
    assert frame["species"].isna().tolist() == [False, False, False, True, True]
    assert frame["cultivar"].tolist()[0] == "Fastigiata"
    assert frame["age_range"].tolist()[0] == "42 - 63"
    assert frame["age_from"].tolist()[0] == 42.0
    assert frame["family"].tolist()[:3] == ["Fagaceae", "Platanaceae", "Fagaceae"]
    assert frame["place"].tolist()[0] == "Parc"


def test_the_older_inventory_answers_genus_and_species_too(serve: Serve, old_trees: SampleDataset) -> None:
    catalog = serve(old_trees).catalog

    assert trees.trees(genus="quercus", catalog=catalog)["species"].tolist() == ["robur", "ilex"]
    assert trees.trees(species="ilex", catalog=catalog)["scientific_name"].tolist() == ["Quercus ilex"]
    assert trees.trees(genus="tilia", catalog=catalog)["scientific_name"].tolist() == ["Tilia"]
    with pytest.raises(ValueError, match=r"Did you mean 'Quercus'"):
        trees.trees(genus="qercus", catalog=catalog)


def test_a_commune_cannot_be_asked_of_an_inventory_without_it(serve: Serve, old_trees: SampleDataset) -> None:
    with pytest.raises(SchemaDriftError, match="insee"):
        trees.trees(commune="Bordeaux", catalog=serve(old_trees).catalog)


def test_the_inventory_can_be_chosen(serve: Serve, old_trees: SampleDataset) -> None:
    catalog = serve("ec_arbre_p", old_trees).catalog

    assert set(trees.trees(catalog=catalog)["dataset"]) == {"ec_arbre_p"}
    assert set(trees.trees(dataset="bor_arbres", catalog=catalog)["dataset"]) == {"bor_arbres"}


def test_no_inventory_at_all_says_what_was_looked_for(serve: Serve) -> None:
    with pytest.raises(DatasetNotFoundError, match="looked for 'ec_arbre_p' or 'bor_arbres'"):
        trees.trees(catalog=serve("st_park_p").catalog)


def test_a_species_that_repeats_its_genus_is_the_species_alone() -> None:
    names = ("genus", "species", "scientific_name", "family", "insee", "commune")
    frame = made(**{name: [None] for name in names}).assign(genus="Quercus", species="Quercus robur")

    found = trees.completed(frame)

    assert found[["species", "scientific_name"]].iloc[0].tolist() == ["robur", "Quercus robur"]


def test_counts_of_species_add_up_with_those_that_are_not_known(serve: Serve) -> None:
    frame = ask(serve)

    counts = trees.species_counts(frame)

    assert counts["count"].sum() == len(frame)
    assert counts["share"].sum() == pytest.approx(1)
    assert counts["count"].is_monotonic_decreasing
    assert counts["species"].isna().any()
    assert counts.iloc[0]["count"] == (frame["scientific_name"] == "Platanus x hispanica").sum()


def test_counts_of_no_trees_are_an_empty_frame(serve: Serve) -> None:
    counts = trees.species_counts(ask(serve, min_height=900))

    assert list(counts.columns) == ["genus", "species", "count", "share"]
    assert len(counts) == 0


def test_diversity_is_what_the_formulas_say() -> None:
    frame = made(
        genus=["Quercus", "Quercus", "Quercus", "Tilia", "Acer", None],
        species=["robur", "robur", "ilex", "cordata", None, None],
        family=["Fagaceae", "Fagaceae", "Fagaceae", "Malvaceae", "Sapindaceae", None],
    )

    found = trees.diversity(frame)

    assert (found["trees"], found["identified"]) == (6, 4)
    assert (found["species"], found["genera"], found["families"]) == (3, 2, 2)
    assert found["shannon"] == pytest.approx(-(0.5 * math.log(0.5) + 2 * 0.25 * math.log(0.25)))
    assert found["simpson"] == pytest.approx(1 - (0.25 + 2 * 0.0625))
    assert (found["top_species"], found["top_genus"]) == ("Quercus robur", "Quercus")
    assert found["top_genus_share"] == 0.75


def test_one_species_alone_has_no_diversity() -> None:
    found = trees.diversity(made(genus=["Tilia"] * 3, species=["cordata"] * 3, family=["Malvaceae"] * 3))

    assert found["shannon"] == 0
    assert found["simpson"] == 0
    assert found["rule_10_20_30"] is False


def test_the_rule_allows_exactly_ten_twenty_and_thirty_per_cent() -> None:
    # Ten species of one tree each, two a genus, five genera, four families of at most three.
    species = [f"s{number}" for number in range(10)]
    genera = [f"g{number // 2}" for number in range(10)]
    families = ["a"] * 3 + ["b"] * 3 + ["c"] * 3 + ["d"]

    found = trees.diversity(made(genus=genera, species=species, family=families))
    one_more = trees.diversity(made(genus=genera, species=species, family=["a"] * 4 + ["b"] * 3 + ["c"] * 3))

    assert found[["rule_10", "rule_20", "rule_30", "rule_10_20_30"]].tolist() == [True] * 4
    assert one_more[["rule_10", "rule_20", "rule_30", "rule_10_20_30"]].tolist() == [True, True, False, False]


def test_diversity_of_no_trees_is_missing(serve: Serve) -> None:
    found = trees.diversity(ask(serve, min_height=900))

    assert found["trees"] == 0
    assert math.isnan(found["shannon"])
    assert found["rule_10_20_30"] is None


def test_the_family_of_every_sample_genus_is_known() -> None:
    genera = {row["genre"] for row in samples.make("ec_arbre_p").rows}

    assert genera <= set(FAMILIES)
    assert all(family.endswith("aceae") for family in FAMILIES.values())


def test_a_frame_of_trees_can_be_cited(serve: Serve) -> None:
    assert "ec_arbre_p" in cite(ask(serve, genus="Tilia"))
