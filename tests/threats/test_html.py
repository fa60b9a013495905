"""Nothing that a portal writes becomes an element or an attribute of a page: the pages are parsed, not searched."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import lxml.html
import pytest
import shapely

from bdxopendata.metadata import plain_text
from bdxopendata.topics import maps
from conftest import Serve

from .conftest import MARKUP, written

HARMLESS = frozenset(
    [
        *("html", "head", "body", "meta", "title", "style", "section", "header", "footer", "figure", "figcaption"),
        *("table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption", "colgroup", "col", "div", "span", "p", "ul"),
        *("ol", "li", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "code", "pre", "small", "strong", "em"),
        *("b", "i", "br", "hr", "a", "details", "summary", "svg", "path", "rect", "circle", "line", "g", "text"),
    ]
)
SCHEMES = ("http://", "https://", "#")


def foreign_parts(page: str) -> Iterator[str]:
    """Elements that act, attributes that act, and links that lead to no web address."""
    for element in lxml.html.document_fromstring(page).iter():
        if not isinstance(element.tag, str):
            yield f"a comment or instruction: {element.text}"
            continue
        if element.tag not in HARMLESS:
            yield f"<{element.tag}>"
        for name, value in element.attrib.items():
            if name.startswith("on") or name in ("srcdoc", "srcset", "formaction", "x"):
                yield f"{name}={value}"
            if name in ("href", "src", "action", "xlink:href") and not value.startswith(SCHEMES):
                yield f"{name}={value}"
            if name == "style" and ("url(" in value or "expression" in value):
                yield f"style={value}"


def shown_in_notebooks(thing: Any) -> Iterator[str]:
    """Every rich form that a notebook may ask of an object."""
    html = getattr(thing, "_repr_html_", lambda: None)()
    if html is not None:
        yield html
    bundle = getattr(thing, "_repr_mimebundle_", lambda **_: None)(include=None, exclude=None)
    if bundle:
        yield from (text for kind, text in bundle.items() if kind == "text/html")
    # Raw Markdown may hold HTML, so there is none.
    assert not hasattr(thing, "_repr_markdown_")
    assert not hasattr(thing, "_repr_javascript_")


@pytest.mark.parametrize("text", MARKUP)
def test_no_page_holds_what_a_publisher_wrote_as_html(serve: Serve, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        catalog = serve(written(text)).catalog
        dataset = catalog["hostile"]
        things = [
            catalog,
            dataset,
            dataset.info,
            dataset.schema,
            *dataset.schema,
            *dataset.attachments,
            dataset.limit(3),
            dataset.where("note is not null").select("note"),
            catalog.search("owned"),
            catalog.facets("publisher", "theme"),
            dataset.to_pandas(),
            dataset.to_geopandas(),
        ]
        pages = [page for thing in things for page in shown_in_notebooks(thing)]

    assert len(pages) >= 4
    assert [part for page in pages for part in foreign_parts(page)] == []
    # What was written is there all the same, as text.
    told = " ".join(lxml.html.document_fromstring(page).text_content() for page in pages)
    assert "owned" in told or "evil.example" in told


def test_the_measure_finds_what_acts() -> None:
    found = [list(foreign_parts(f'<p>{text}</p><p title="{text}">a</p>')) for text in MARKUP]

    assert sum(map(bool, found)) >= 4
    assert list(foreign_parts("<a href='javascript:owned()'>a</a>")) == ["href=javascript:owned()"]


@pytest.mark.parametrize("text", MARKUP)
def test_no_map_holds_what_a_publisher_wrote_as_html(text: str) -> None:
    pytest.importorskip("folium")
    frame = gpd.GeoDataFrame({"note": [text], text: [1]}, geometry=[shapely.Point(-0.57, 44.84)], crs=4326)
    plain = gpd.GeoDataFrame({"note": ["owned"], "other": [1]}, geometry=[shapely.Point(-0.57, 44.84)], crs=4326)

    # Leaflet writes what stands in the properties into the page: so it is the properties that must hold no HTML.
    shown = maps.escaped(frame, ["note", text])
    for value in [*shown.drop(columns="geometry").to_numpy().ravel(), *shown.columns.drop("geometry")]:
        parsed = lxml.html.fragment_fromstring(str(value), create_parent="div")
        assert list(parsed.iter()) == [parsed]
        assert parsed.text in (text, "1", "note")
    for told, harmless in ((None, None), ("note", "note"), (text, "other")):
        page = maps.explore_map(frame, ["note", text], column=told).get_root().render()
        other = maps.explore_map(plain, ["note", "other"], column=harmless).get_root().render()
        assert _elements(page) == _elements(other)


def _elements(page: str) -> list[str]:
    """Elements of a page with the names of their attributes; the numbers in ids are drawn anew for each map."""
    return [
        f"{element.tag} {sorted(element.attrib)}"
        for element in lxml.html.document_fromstring(page).iter()
        if isinstance(element.tag, str)
    ]


@pytest.mark.parametrize("piece", ["<", "<a ", "<!--", "&#", "<script>", "</", "<a b='", "<![CDATA[", "<p>", "&amp;"])
def test_a_description_takes_no_longer_than_it_is_long(piece: str) -> None:
    # A parser that goes back and forth would take hours for this.
    text = plain_text(piece * 200_000 + "owned")

    assert text.endswith("owned") or piece in ("<!--", "<script>")
