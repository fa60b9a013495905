"""The catalogue: listing, searching, near misses, and what happens when it is damaged."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bdxopendata import catalog as catalog_module
from bdxopendata.catalog import Catalog, fold
from bdxopendata.config import Settings
from bdxopendata.dataset import Dataset
from bdxopendata.errors import DataQualityWarning, DatasetNotFoundError, IncompleteDataError, NetworkError, OfflineError
from bdxopendata.testing import SampleDataset
from bdxopendata.testing.bodies import Reply

if TYPE_CHECKING:
    from conftest import Serve


def described(dataset_id: str, **metas: Any) -> SampleDataset:
    return SampleDataset(
        dataset_id,
        [{"name": "nom", "type": "text", "label": "Nom"}],
        metas={"default": {"title": dataset_id, "modified": "2026-01-01T00:00:00+00:00", **metas}},
    )


CITY = (
    described(
        "ec_arbre_p",
        title="Patrimoine arboré",
        theme=["Nature"],
        keyword=["arbre", "végétal"],
        publisher="Bordeaux Métropole",
    ),
    described("bor_peche", title="Pêches autorisées", theme=["Nature"], publisher="Ville de Bordeaux"),
    described("st_park_p", title="Parkings", theme=["Déplacements"], modified="2020-05-01T00:00:00+00:00"),
)


def numbered(count: int) -> list[SampleDataset]:
    return [described(f"d{number:05}") for number in range(count)]


def test_making_a_catalogue_asks_nothing(serve: Serve) -> None:
    served = serve(*CITY)

    repr(served.catalog)

    assert len(served.portal.requests) == 0


def test_the_listing_is_in_order_and_read_once(serve: Serve) -> None:
    served = serve(*CITY)

    assert list(served.catalog) == ["bor_peche", "ec_arbre_p", "st_park_p"]
    assert len(served.catalog) == 3
    assert "st_park_p" in served.catalog
    assert "ST_PARK_P" not in served.catalog
    assert served.catalog[0] == "bor_peche"
    assert served.catalog[:2] == ["bor_peche", "ec_arbre_p"]
    assert len(served.portal.requests) == 1
    assert served.portal.requests[0].get("order_by") == "dataset_id"


def test_a_listing_of_many_pages_is_whole(serve: Serve) -> None:
    served = serve(*numbered(250), unstable_order=True)

    assert list(served.catalog) == [f"d{number:05}" for number in range(250)]
    assert len(served.portal.requests) == 3


def test_a_listing_longer_than_the_window_is_read_by_beginnings(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    # A smaller window walks the same road with fewer datasets.
    monkeypatch.setattr(catalog_module, "WINDOW", 60)
    many = [described(f"d{letter}{number}") for letter in "abc" for number in range(40)]
    served = serve(*many, described("x"), described("d"))

    assert len(served.catalog) == 122
    assert {"x", "d", "da0", "dc39"} <= set(served.catalog)


def test_a_changing_listing_is_read_again(serve: Serve) -> None:
    served = serve(*numbered(150))
    seen: list[str] = []

    def change(request: Any) -> None:
        if request.get("offset") == "100" and not seen:
            seen.append("changed")
            served.portal.remove("d00000")

    served.portal.before_answer(change)

    assert len(served.catalog) == 149
    assert seen


def test_a_listing_that_stays_short_is_an_error(serve: Serve) -> None:
    served = serve(*numbered(150))

    def shorten(request: Any, reply: Reply) -> Reply | None:
        if request.get("offset") == "100":
            import json

            body = json.loads(reply.body)
            body["results"] = body["results"][1:]
            return Reply(200, json.dumps(body).encode(), reply.headers)
        return None

    served.portal.after_answer(shorten)

    with pytest.raises(IncompleteDataError, match="150 rows of 'the catalogue', 149 arrived"):
        len(served.catalog)


def test_a_wrong_id_names_near_misses(serve: Serve) -> None:
    catalog = serve(*CITY).catalog

    with pytest.raises(DatasetNotFoundError, match="Did you mean 'st_park_p'") as caught:
        catalog["st_parc_p"]

    assert caught.value.near[0] == "st_park_p"


def test_a_word_of_the_title_is_a_near_miss(serve: Serve) -> None:
    assert serve(*CITY).catalog.near("peches") == ("bor_peche",)


@pytest.mark.parametrize("bad", ["..", "a/b", "", " ", "x" * 10_000, "a\0b"])
def test_an_impossible_id_is_refused_before_anything_is_asked(serve: Serve, bad: str) -> None:
    served = serve(*CITY)

    with pytest.raises(ValueError, match="is no dataset id"):
        served.dataset(bad)

    assert len(served.portal.requests) == 0


@pytest.mark.parametrize("text", ["arbre", "Arbre", "ARBRE", "arboré", "arbore", "végétal", "vegetal"])
def test_text_is_found_whatever_its_case_and_accents(serve: Serve, text: str) -> None:
    assert "ec_arbre_p" in [one.id for one in serve(*CITY).catalog.search(text)]


@pytest.mark.parametrize("text", ["peches", "Pêches", "PECHES", "pêche"])
def test_peaches_are_fished_in_every_spelling(serve: Serve, text: str) -> None:
    assert [one.id for one in serve(*CITY).catalog.search(text)] == ["bor_peche"]


def test_the_portal_is_asked_first(serve: Serve) -> None:
    served = serve(*CITY)

    served.catalog.search("Parkings")

    assert served.portal.requests[0].get("where") in ('"Parkings"', "'Parkings'")


def test_nothing_found_is_an_empty_list_that_says_so(serve: Serve) -> None:
    found = serve(*CITY).catalog.search("zeppelin")

    assert len(found) == 0
    assert repr(found) == "No datasets"
    assert list(found.to_pandas().columns)[:2] == ["dataset_id", "title"]


def test_quotes_in_a_search_are_only_text(serve: Serve) -> None:
    assert len(serve(*CITY).catalog.search('" OR dataset_id="st_park_p')) == 0


@pytest.mark.parametrize("theme", ["Déplacements", "deplacements", "DÉPLACEMENTS"])
def test_a_theme_is_found_whatever_its_case_and_accents(serve: Serve, theme: str) -> None:
    assert [one.id for one in serve(*CITY).catalog.search(theme=theme)] == ["st_park_p"]


def test_conditions_are_joined(serve: Serve) -> None:
    catalog = serve(*CITY).catalog

    assert [one.id for one in catalog.search(theme="Nature", publisher="Bordeaux Métropole")] == ["ec_arbre_p"]
    assert [one.id for one in catalog.search("Pêches", theme="Nature")] == ["bor_peche"]
    assert [one.id for one in catalog.search(keyword="arbre")] == ["ec_arbre_p"]


def test_an_unknown_theme_names_the_nearest(serve: Serve) -> None:
    with pytest.raises(ValueError, match=r"no theme 'Natures'.*'Nature'"):
        serve(*CITY).catalog.search(theme="Natures")


@pytest.mark.parametrize(
    "since", ["2025-01-01", date(2025, 1, 1), datetime(2025, 1, 1, tzinfo=UTC), "2025-01-01T00:00:00+00:00"]
)
def test_datasets_are_found_by_when_they_were_modified(serve: Serve, since: Any) -> None:
    found = serve(*CITY).catalog.search(updated_since=since)

    assert [one.id for one in found] == ["bor_peche", "ec_arbre_p"]


def test_datasets_are_found_by_their_geometry(serve: Serve) -> None:
    catalog = serve(*CITY, "st_arceau_p").catalog

    assert [one.id for one in catalog.search(has_geometry=True)] == ["st_arceau_p"]
    assert len(catalog.search(has_geometry=False)) == 3
    assert len(catalog.search(limit=2)) == 2


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"limit": -1}, ValueError),
        ({"limit": "3"}, TypeError),
        ({"limit": True}, TypeError),
        ({"text": 3}, TypeError),
        ({"theme": ["Nature"]}, TypeError),
        ({"has_geometry": "yes"}, TypeError),
        ({"updated_since": "yesterday"}, ValueError),
        ({"updated_since": datetime(2025, 1, 1)}, ValueError),
        ({"updated_since": 2025}, TypeError),
        ({"subject": "Nature"}, TypeError),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_asked(
    serve: Serve, arguments: dict[str, Any], error: type[Exception]
) -> None:
    served = serve(*CITY)

    with pytest.raises(error):
        served.catalog.search(**arguments)

    assert len(served.portal.requests) == 0


def test_a_portal_that_fails_is_searched_in_the_listing(serve: Serve) -> None:
    served = serve(*CITY)
    len(served.catalog)
    served.portal.close()
    patient = served.again(retries=0, max_age=300)

    assert [one.id for one in patient.catalog.search("parking")] == ["st_park_p"]


def test_a_catalogue_that_cannot_be_reached_is_a_network_error(serve: Serve) -> None:
    served = serve(*CITY, settings=Settings(retries=0))
    served.portal.close()

    with pytest.raises(NetworkError):
        len(served.catalog)


def test_offline_the_kept_listing_is_used(serve: Serve) -> None:
    served = serve(*CITY)
    len(served.catalog)
    served.portal.close()

    assert list(served.again(offline=True).catalog) == list(served.catalog)


def test_offline_without_a_kept_listing_says_so(serve: Serve) -> None:
    served = serve(*CITY, settings=Settings(offline=True))

    with pytest.raises(OfflineError, match="is not kept"):
        len(served.catalog)

    assert len(served.portal.requests) == 0


def test_facets_are_counted(serve: Serve) -> None:
    frame = serve(*CITY).catalog.facets("theme")

    assert frame.to_dict("list") == {
        "facet": ["theme", "theme"],
        "value": ["Nature", "Déplacements"],
        "count": [2, 1],
    }


def test_a_listing_is_a_frame_of_one_row_a_dataset(serve: Serve) -> None:
    frame = serve(*CITY).catalog.to_pandas()

    assert list(frame["dataset_id"]) == ["bor_peche", "ec_arbre_p", "st_park_p"]
    assert frame.loc[1, "themes"] == ["Nature"]
    assert str(frame["records_count"].dtype) == "Int64"
    assert str(frame["modified"].dtype) == "datetime64[us, UTC]"


DAMAGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "no metas": lambda row: row.pop("metas"),
    "fields are null": lambda row: row.update(fields=None),
    "an unknown type": lambda row: row["fields"][0].update(type="hologram"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_broken_entry_degrades_alone_with_a_warning(serve: Serve, damage: str) -> None:
    served = serve(*CITY)
    _damage(served, lambda rows: DAMAGES[damage](rows[1]))

    with pytest.warns(DataQualityWarning, match="'ec_arbre_p'"):
        ids = list(served.catalog)

    assert ids == ["bor_peche", "ec_arbre_p", "st_park_p"]
    assert served.catalog["st_park_p"].info.title == "Parkings"


def _damage(served: Any, change: Callable[[list[dict[str, Any]]], object]) -> None:
    import json

    def damaged(request: Any, reply: Reply) -> Reply | None:
        if not request.path.rstrip("/").endswith("/catalog/datasets"):
            return None
        body = json.loads(reply.body)
        change(body["results"])
        return Reply(reply.status, json.dumps(body).encode(), reply.headers)

    served.portal.after_answer(damaged)


def test_text_of_the_portal_is_escaped_where_it_is_shown(serve: Serve) -> None:
    evil = described("evil", title="<script>alert(1)</script>\x1b[31m")
    found = serve(evil).catalog.search("evil")

    assert "<script" not in found._repr_html_()
    assert "\x1b" not in repr(found)


def test_dataset_ids_are_offered_for_completion(serve: Serve) -> None:
    assert serve(*CITY).catalog._ipython_key_completions_() == ["bor_peche", "ec_arbre_p", "st_park_p"]


def test_a_query_that_finds_an_old_api_key_shows_none_of_it(serve: Serve) -> None:
    served = serve(*CITY, settings=Settings(api_key="s3cret-k3y"))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        texts = [repr(served.catalog), str(served.catalog.settings)]

    assert not [text for text in texts if "s3cret" in text]


@pytest.mark.parametrize(("text", "folded"), [("Pêches", "peches"), ("ŒUVRE", "œuvre"), ("ÎLE", "ile")])
def test_folding_takes_case_and_accents_away(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_two_catalogues_of_the_same_portal_are_equal() -> None:
    assert Catalog() == Catalog("datahub.bordeaux-metropole.fr")
    assert Catalog() != Catalog("opendata.paris.fr")


def test_datasets_are_found_in_lists_and_catalogues_by_id_and_as_themselves(serve: Serve) -> None:
    catalog = serve("ec_arbre_p", "st_park_p").catalog
    found = catalog.search("parking")
    parks, trees = catalog["st_park_p"], catalog["ec_arbre_p"]

    assert "st_park_p" in found
    assert parks in found
    assert "ec_arbre_p" not in found
    assert trees not in found
    assert parks in catalog
    assert Dataset("st_park_p") not in catalog
    assert Dataset("none", catalog=catalog) not in catalog


def test_a_facet_nearly_named_is_said(serve: Serve) -> None:
    catalog = serve("ec_arbre_p").catalog

    with pytest.raises(ValueError, match="Did you mean 'theme'"):
        catalog.facets("themes")
    assert set(catalog.facets("theme")["facet"]) == {"theme"}


def test_an_empty_address_is_said_to_be_empty() -> None:
    with pytest.raises(ValueError, match="is empty"):
        Catalog(" ")
