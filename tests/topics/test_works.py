"""Works in the streets: permits whose footprints are joined, asked for by day, measure and place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd
import pytest

from bdxopendata.errors import SchemaDriftError
from bdxopendata.testing import SampleDataset
from bdxopendata.testing.samples.works import FIELDS, sample
from bdxopendata.topics import works
from conftest import Serve


def permits(*rows: dict[str, Any]) -> SampleDataset:
    """Make a dataset of these permits; what is left out is missing."""
    names = [one["name"] for one in FIELDS]
    made = [{**dict.fromkeys(names), "numero_acte": number, "date_debut": "2026-06-01", **row}
            for number, row in enumerate(rows)]  # fmt: skip
    return SampleDataset("ci_acte_a", FIELDS, made, {"default": {"title": "Travaux"}})


THREE = {
    "libelle": "Circulation interdite;Interdiction de stationnement/Déviation/Interdiction de stationnement",
    "type_emprise": "EMPRISE/DEVIATION/EMPRISE",
    "gid_emprise": "11/12/13",
    "localisation_emprise": "Rue A/Rue B/Rue C",
    "date_fin": "2026-06-20",
}


def test_what_is_joined_comes_as_lists(serve: Serve) -> None:
    (row,) = works.works(catalog=serve(permits(THREE)).catalog).to_dict("records")

    assert row["footprints"] == 3
    assert row["kinds"] == ["EMPRISE", "DEVIATION", "EMPRISE"]
    assert row["footprint_ids"] == ["11", "12", "13"]
    assert row["measures"] == ["Circulation interdite", "Interdiction de stationnement", "Déviation"]
    assert row["locations"] == ["Rue A", "Rue B", "Rue C"]
    assert row["closed"] is True
    assert pd.isna(row["oddities"])


def test_an_address_with_a_slash_stays_whole_and_is_told(serve: Serve) -> None:
    odd = {**THREE, "localisation_emprise": "131/133 Rue A/Rue B/Rue C"}

    frame = works.works(catalog=serve(permits(odd)).catalog)

    assert frame["locations"].tolist() == [["131/133 Rue A/Rue B/Rue C"]]
    assert frame["oddities"].tolist() == [works.NOT_APART]
    assert works.footprints(frame)["location"].isna().all()
    assert works.footprints(frame)["footprint_id"].tolist() == ["11", "12", "13"]


def test_each_footprint_has_its_own_measures_kind_and_location(serve: Serve) -> None:
    frame = works.footprints(works.works(catalog=serve(permits(THREE)).catalog))

    assert frame["measures"].tolist() == [
        ["Circulation interdite", "Interdiction de stationnement"],
        ["Déviation"],
        ["Interdiction de stationnement"],
    ]
    assert frame["kind"].tolist() == ["EMPRISE", "DEVIATION", "EMPRISE"]
    assert frame["location"].tolist() == ["Rue A", "Rue B", "Rue C"]


def test_a_permit_without_anything_is_a_row_of_nothing(serve: Serve) -> None:
    frame = works.works(catalog=serve(permits({})).catalog)

    assert frame[["kinds", "measures", "locations"]].iloc[0].tolist() == [[], [], []]
    assert frame["footprints"].tolist() == [0]
    assert len(works.footprints(frame)) == 0


@pytest.mark.parametrize(
    ("on", "count"),
    [("2026-06-20", 2), ("2026-06-21", 1), (date(2026, 5, 31), 0), ("2026-06", 2), (2026, 2), (2025, 0)],
)
def test_works_of_a_day_a_month_or_a_year_are_chosen(serve: Serve, on: Any, count: int) -> None:
    served = serve(permits(THREE, {**THREE, "date_fin": None}))

    assert len(works.works(on=on, catalog=served.catalog)) == count


def test_measures_and_places_are_found_whatever_their_spelling(serve: Serve) -> None:
    one = {"libelle": "Circulation alternée", "localisation_emprise": "Cours du Médoc"}
    other = {**THREE, **one, "type_emprise": "EMPRISE", "gid_emprise": "1"}
    catalog = serve(permits(THREE, other)).catalog

    assert works.works(measure="circulation ALTERNEE", catalog=catalog)["permit"].tolist() == ["1"]
    assert works.works(place="cours du medoc", catalog=catalog)["permit"].tolist() == ["1"]
    assert works.works(closed=True, catalog=catalog)["permit"].tolist() == ["0"]
    with pytest.raises(
        ValueError, match=r"no measure of works 'circulation interdit'\. Did you mean 'Circulation interd"
    ):
        works.works(measure="circulation interdit", catalog=catalog)


def test_what_contradicts_itself_is_told(serve: Serve) -> None:
    backwards = {**THREE, "date_fin": "2026-05-01"}
    unlike = {**THREE, "libelle": "Déviation"}

    frame = works.works(catalog=serve(permits(backwards, unlike)).catalog)

    assert frame["oddities"].tolist() == [works.BACKWARDS, works.UNLIKE]
    assert works.footprints(frame.iloc[[1]])["measures"].isna().all()


def test_no_works_are_an_empty_frame_of_the_same_columns(serve: Serve) -> None:
    catalog = serve("ci_acte_a").catalog
    every, none = works.works(catalog=catalog), works.works(on=1990, catalog=catalog)

    assert len(every) == 120
    assert len(none) == 0
    assert none.dtypes.to_dict() == every.dtypes.to_dict()
    assert list(works.footprints(none).columns) == list(works.footprints(every).columns)


def test_a_dataset_without_its_measures_has_drifted(serve: Serve) -> None:
    whole = sample()
    fields = [one for one in whole.fields if one["name"] != "libelle"]

    with pytest.raises(SchemaDriftError, match="measures"):
        works.works(catalog=serve(SampleDataset("ci_acte_a", fields, [], whole.metas)).catalog)


@pytest.mark.parametrize(
    ("asked", "error"), [({"on": "soon"}, ValueError), ({"closed": 1}, TypeError), ({"place": 3}, TypeError)]
)
def test_arguments_are_checked_before_anything_is_asked(
    serve: Serve, asked: dict[str, Any], error: type[Exception]
) -> None:
    served = serve("ci_acte_a")

    with pytest.raises(error):
        works.works(catalog=served.catalog, **asked)
    assert len(served.portal.requests) == 0


@pytest.fixture
def _drawing() -> Iterator[None]:
    pytest.importorskip("matplotlib").use("Agg")
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


@pytest.mark.usefixtures("_drawing")
def test_the_picture_has_a_bar_for_each_measure_in_either_language(serve: Serve) -> None:
    catalog = serve(permits(THREE)).catalog

    english = works.plot_measures(works.works(catalog=catalog))
    french = works.plot_measures(works.works(labels="fr", catalog=catalog))

    assert len(english.patches) == 3
    assert (english.get_xlabel(), french.get_xlabel()) == ("permits", "arrêtés")
