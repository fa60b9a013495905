"""What notebooks show: parsed as a browser would, with texts of a hostile portal."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html

from bdxopendata import show
from bdxopendata.catalog import Catalog
from bdxopendata.dataset import Dataset
from bdxopendata.dataset_list import DatasetList
from bdxopendata.fields import Field, Schema
from bdxopendata.metadata import DatasetInfo
from bdxopendata.odsql import F
from bdxopendata.portals import BORDEAUX

HOSTILE = "</td></table><script>alert(1)</script><img src=x onerror='alert(2)'>\"'&\x1b[31m\u202e"

TOLD = ("title", "description", "publisher", "license", "theme", "data_processed", "modified")
TAGS = {"div", "style", "small", "code", "a", "p", "details", "summary"}
TAGS |= {"table", "caption", "thead", "tbody", "tr", "th", "td"}


def hostile_info() -> DatasetInfo:
    return DatasetInfo.from_json(
        {
            "dataset_id": "odd",
            "metas": {
                "default": dict.fromkeys(TOLD, HOSTILE) | {"license_url": "javascript:alert(1)", "records_count": 3}
            },
            "fields": [
                {
                    "name": HOSTILE,
                    "type": "text",
                    "label": HOSTILE,
                    "description": HOSTILE,
                    "annotations": {"unit": HOSTILE},
                },
                {"name": "seen", "type": "datetime", "label": "seen"},
            ],
            "attachments": [{"id": HOSTILE, "title": HOSTILE, "url": "javascript:alert(1)", "mimetype": HOSTILE}],
        },
        BORDEAUX,
    )


def shown(thing: Any) -> html.HtmlElement:
    drawn = thing._repr_html_()
    parsed = html.fromstring(drawn)
    assert parsed.get("class") == "bdx"
    return parsed


def things() -> dict[str, Any]:
    info = hostile_info()
    catalog = Catalog("http://127.0.0.1:9")
    catalog._listing = {info.dataset_id: info}
    dataset = Dataset.of(info, catalog=catalog)
    return {
        "catalog": catalog,
        "found": DatasetList([dataset]),
        "dataset": dataset,
        "not described": Dataset("odd", catalog=catalog),
        "info": info,
        "schema": info.schema,
        "query": dataset.where(F.a == HOSTILE).within("POLYGON((0 0,1 0,1 1,0 0))").select(x=F.b).limit(3),
        "field": info.schema[0],
        "attachment": info.attachments[0],
    }


@pytest.mark.parametrize("name", list(things()))
def test_texts_of_the_portal_are_shown_and_never_obeyed(name: str) -> None:
    parsed = shown(things()[name])

    assert {one.tag for one in parsed.iter()} <= TAGS
    attributes = {name for one in parsed.iter() for name in one.attrib}
    assert attributes <= {"class", "role", "tabindex", "aria-label", "scope", "href", "rel"}
    assert all(link.get("href").startswith(("https://", "http://")) for link in parsed.iter("a"))
    assert "\x1b" not in parsed.text_content()
    assert "\u202e" not in parsed.text_content()
    if name in ("catalog", "found", "dataset", "info"):
        assert "<script>alert(1)</script>" in parsed.text_content()


@pytest.mark.parametrize("name", list(things()))
def test_tables_can_be_heard_and_reached_by_keyboard(name: str) -> None:
    parsed = shown(things()[name])

    assert parsed.findall(".//table")
    for table in parsed.iter("table"):
        assert table.find("caption").text_content()
        assert {one.get("scope") for one in table.iter("th")} <= {"row", "col"}
        around = table.getparent()
        assert (around.get("role"), around.get("tabindex")) == ("region", "0")
        assert around.get("aria-label")


@pytest.mark.parametrize("name", list(things()))
def test_nothing_comes_from_elsewhere(name: str) -> None:
    drawn = things()[name]._repr_html_()

    assert "@import" not in drawn
    assert "url(" not in drawn
    assert " src=" not in drawn.replace("&lt;img src=", "")


@pytest.mark.parametrize("name", list(things()))
def test_texts_are_a_screen_at_most(name: str) -> None:
    text = repr(things()[name])

    assert len(text.splitlines()) <= show.ROWS
    assert "\x1b" not in text


def test_a_text_of_hundreds_of_fields_is_cut_and_says_so() -> None:
    schema = Schema(Field(f"field_{place}", "text") for place in range(500))

    lines = repr(schema).splitlines()

    assert len(lines) == show.ROWS
    assert lines[-1] == "… and 480 more; to_pandas() has them all"


def test_a_long_list_is_cut_in_html_and_says_so() -> None:
    schema = Schema(Field(f"field_{place}", "text") for place in range(1_000))

    parsed = shown(schema)

    assert len(parsed.findall(".//tbody/tr")) == 300
    assert "… and 700 more" in parsed.text_content()


def test_a_long_question_is_cut() -> None:
    query = Dataset("odd").where(F.a.isin([str(number) for number in range(5_000)]))

    assert len(repr(query)) <= 1_001
    assert len(query._repr_html_()) < 8_000


def test_nothing_is_asked_and_no_file_need_be_there_to_be_shown(serve: Any) -> None:
    served = serve("ec_arbre_p")

    for thing in (served.catalog, served.dataset("ec_arbre_p"), served.dataset("ec_arbre_p").limit(3)):
        assert thing._repr_html_()
        assert repr(thing)

    assert served.asked() == []


def test_a_catalogue_shows_what_is_stored_and_listed(serve: Any) -> None:
    served = serve("ec_arbre_p", "st_park_p")
    before = shown(served.catalog).text_content()

    served.catalog["ec_arbre_p"].to_pandas()
    after = shown(served.catalog).text_content()

    assert "not listed yet" in before
    assert "stored herenothing" in before
    assert "datasets2" in after
    assert "1 answer, " in after


def test_a_dataset_shows_what_is_known_of_it(serve: Any) -> None:
    dataset = serve("ec_arbre_p").dataset("ec_arbre_p")
    before = shown(dataset).text_content()

    rows = dataset.info.records_count
    after = shown(dataset)

    assert "nothing yet" in before
    assert f"rows{rows:,}" in after.text_content()
    assert [one.text_content() for one in after.iter("summary")][:2] == ["About", "Fields (6)"]


def test_moments_are_shown_with_their_zone() -> None:
    info = hostile_info()

    assert "datetime64[us, Europe/Paris]" in repr(info.schema)
    assert "datetime64[us, Europe/Paris]" in info.schema._repr_html_()
    assert info.schema[1:].dtypes() == {"seen": "datetime64[us, Europe/Paris]"}


def test_a_link_that_is_none_is_text() -> None:
    assert show.link("javascript:alert(1)") == "javascript:alert(1)"
    assert not isinstance(show.link("data:text/html,x", "licence"), show.Html)
    assert not isinstance(show.link("http://[broken", "licence"), show.Html)
    assert isinstance(show.link("https://example.org/?a='b'"), show.Html)


def test_the_fields_as_a_frame(serve: Any) -> None:
    schema = serve("ec_arbre_p").dataset("ec_arbre_p").schema

    frame = schema.to_pandas()

    assert list(frame.columns) == ["name", "label", "type", "dtype", "unit", "description", "multivalued", "facet"]
    assert list(frame["name"]) == list(schema.names)
    assert frame.set_index("name").loc["hauteur", "dtype"] == "float64"
    assert str(frame["facet"].dtype) == "boolean"
    assert frame["unit"].isna().all()
    assert Schema([]).to_pandas().empty
