"""Columns in the language of people, and back; pictures speak it too."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from bdxopendata.errors import DataQualityWarning
from bdxopendata.lineage import cite, provenance
from bdxopendata.testing import SampleDataset
from bdxopendata.topics import bikes, births, engine, facilities, labels, parking, places, subsidies, trees, waste
from bdxopendata.topics.contract import Contract, contracts
from conftest import Serve


@pytest.mark.parametrize("topic", sorted(contracts()))
@pytest.mark.parametrize("language", labels.LANGUAGES)
def test_every_column_has_a_label_of_its_own_in_both_languages(topic: str, language: str) -> None:
    contract = contracts()[topic]
    every = [both[language] for both in labels.EVERY.values()]

    for columns in (contract.columns, contract.made):
        written = [getattr(column, language) for column in columns.values()]
        assert all(written), [name for name, column in columns.items() if not getattr(column, language)]
        both = [one.casefold() for one in (*written, *every)]
        assert len(set(both)) == len(both)


@pytest.fixture
def cars(serve: Serve, clock: datetime) -> Any:
    return parking.parking(catalog=serve("st_park_p").catalog)


def test_labels_change_names_and_nothing_else(cars: Any) -> None:
    french = labels.labels(cars, "fr")

    assert [
        one for one in french.columns if one in ("Places libres", "Taux d’occupation", "Jeu de données", "geometry")
    ] == ["Places libres", "Taux d’occupation", "Jeu de données", "geometry"]
    assert french["Places libres"].equals(cars["free"])
    assert type(french) is type(cars)
    assert french.geometry.name == "geometry"
    assert french.crs == cars.crs
    assert "free" in cars.columns


@pytest.mark.parametrize("steps", [("fr", None), ("en", None), ("fr", "en", None), (None,)])
def test_the_way_back_is_exact(cars: Any, steps: tuple[Any, ...]) -> None:
    frame = cars
    for language in steps:
        frame = labels.labels(frame, language)

    assert list(frame.columns) == list(cars.columns)
    assert frame.attrs == cars.attrs


def test_a_part_of_the_columns_and_a_pickle_keep_the_way_back(cars: Any) -> None:
    part = pickle.loads(pickle.dumps(labels.labels(cars, "en")[["Name", "Free places"]]))
    part["mine"] = 1

    assert list(labels.labels(part, None).columns) == ["name", "free", "mine"]
    assert list(labels.labels(part, "fr").columns) == ["Nom", "Places libres", "mine"]


def test_provenance_stays(cars: Any) -> None:
    french = labels.labels(cars, "fr")

    assert provenance(french).dataset_id == "st_park_p"
    assert cite(french) == cite(cars)


def test_every_call_takes_labels(serve: Serve, clock: datetime) -> None:
    catalog = serve("st_park_p", "ci_vcub_p", "en_frcol_s", "bor_naissances1900", "bor_airejeux").catalog

    assert "Vélos" in bikes.bikes(labels="fr", catalog=catalog)
    assert "Prochaine collecte" in waste.waste_collection(-0.57, 44.84, labels="fr", catalog=catalog)
    assert "Births" in births.births(freq="Y", labels="en", catalog=catalog)
    assert "Jeux" in facilities.facilities("playgrounds", labels="fr", catalog=catalog)


def test_another_language_is_refused_before_anything_is_asked(serve: Serve) -> None:
    served = serve("st_park_p")

    with pytest.raises(ValueError, match="labels are 'en', 'fr' or None, not 'de'"):
        parking.parking(labels="de", catalog=served.catalog)  # type: ignore[arg-type]
    assert len(served.portal.requests) == 0


def test_a_frame_of_no_topic_is_told_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"no facts of a topic.*column_labels"):
        labels.labels(pd.DataFrame({"free": [1]}), "fr")
    assert labels.column_labels("parking", "fr")["free"] == "Places libres"


def test_what_follows_from_the_portal_has_the_portals_label(serve: Serve, clock: datetime) -> None:
    contract = Contract.parse(
        'topic = "benches"\ntitle = "B"\ncandidates = ["b"]\n[columns.name]\nfrom = ["nom"]\ndtype = "text"'
    )
    fields = [{"name": name, "label": label, "type": "text"} for name, label in
              (("nom", "Nom"), ("bois", "Essence du bois"), ("etat", "Name"), ("plain", "plain"))]  # fmt: skip
    row = {"nom": "a", "bois": "pin", "etat": "neuf", "plain": "x"}
    catalog = serve(SampleDataset("b", fields, [row], {"default": {"title": "Bancs"}})).catalog

    frame = labels.labels(engine.read(contract, catalog=catalog), "en")

    # No contract words it: the label is made of the name, and a second one like it is told apart.
    assert list(frame.columns) == ["Name", "Dataset", "Essence du bois", "Name (etat)", "plain"]
    assert list(labels.labels(frame, None).columns) == ["name", "dataset", "bois", "etat", "plain"]


def test_functions_of_frames_take_labelled_ones_and_answer_in_kind(serve: Serve) -> None:
    catalog = serve("ec_arbre_p", "bor_subventions").catalog
    planted = trees.trees(labels="fr", catalog=catalog)
    plain = trees.trees(catalog=catalog)

    assert list(trees.species_counts(planted).columns) == ["Genre", "Espèce", "Arbres", "Part"]
    assert trees.diversity(planted).equals(trees.diversity(plain))
    assert "Distance" in places.nearest(planted, -0.57, 44.84, n=2)
    assert "distance" in places.nearest(plain, -0.57, 44.84, n=2)


def test_a_column_to_add_up_by_may_be_named_by_its_label(serve: Serve) -> None:
    catalog = serve("bor_subventions").catalog
    with pytest.warns(DataQualityWarning):
        grants = subsidies.subsidies(labels="fr", catalog=catalog)

    totals = subsidies.subsidy_totals(grants, "Exercice")

    assert list(totals.columns) == ["Exercice", "Subventions", "Montant", "Subventions sans montant"]


@pytest.fixture
def _closed() -> Iterator[None]:
    plt = pytest.importorskip("matplotlib.pyplot")
    yield
    plt.close("all")


@pytest.mark.usefixtures("_closed")
def test_pictures_speak_the_language_of_the_labels(cars: Any) -> None:
    pytest.importorskip("matplotlib").use("Agg")

    english, french = parking.plot_free(cars), parking.plot_free(labels.labels(cars, "fr"))

    assert (english.get_xlabel(), french.get_xlabel()) == ("places free", "places libres")
    assert "places free at 11:59 on" in english.get_title(loc="left")
    assert "places libres, le 15 juin 2026 à 11:59" in french.get_title(loc="left")
    assert any(text.get_text().startswith("Source : ") for text in french.texts)
