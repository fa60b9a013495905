"""Where a frame comes from, and how it is cited."""

from __future__ import annotations

import json
import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import bdxopendata as bdx
from bdxopendata import Provenance
from bdxopendata.config import Settings
from bdxopendata.lineage import facts_of
from bdxopendata.testing import SampleDataset

if TYPE_CHECKING:
    from conftest import Serve

TREES = SampleDataset(
    "trees",
    [{"name": "hauteur", "type": "double"}],
    [{"hauteur": 1.5}, {"hauteur": 30.0}],
    metas={
        "default": {
            "title": "Arbres & plus {50 %}",
            "publisher": "Ville de Bordeaux",
            "license": "Licence Ouverte v2.0",
            "attributions": ["Ville de Bordeaux"],
            "modified": "2026-01-02T03:04:05+00:00",
            "data_processed": "2026-01-02T03:04:06+00:00",
        }
    },
)


def test_a_frame_knows_where_it_comes_from(serve: Serve) -> None:
    served = serve(TREES)

    facts = bdx.provenance(served.dataset("trees").where(bdx.F.hauteur > 20).to_pandas())

    assert (facts.dataset_id, facts.publisher, facts.licence) == ("trees", "Ville de Bordeaux", "Licence Ouverte v2.0")
    assert facts.version == "2026-01-02T03:04:06+00:00"
    assert facts.question == "where=hauteur > 20"
    assert facts.rows == 1
    assert 0 <= facts.age < 60


def test_sample_rows_say_that_they_are_samples(serve: Serve) -> None:
    frame = serve(TREES).dataset("trees").to_pandas()

    assert bdx.provenance(frame).stand_in
    assert "not real data" in bdx.cite(frame)
    assert "not real data" in bdx.cite(frame, style="bibtex")


def test_the_stand_in_is_recognised_under_any_name(serve: Serve) -> None:
    served = serve(TREES)

    frame = bdx.Dataset("trees", catalog=bdx.Catalog(served.portal.url)).to_pandas()

    assert bdx.provenance(frame).stand_in


def test_a_citation_names_publisher_title_date_and_licence(serve: Serve) -> None:
    text = bdx.cite(serve(TREES).dataset("trees").to_pandas())

    for part in ("Ville de Bordeaux", "Arbres & plus {50 %}", "trees", "2026-01-02", "Licence Ouverte v2.0"):
        assert part in text


def test_a_bibtex_entry_is_closed_whatever_the_title_is(serve: Serve) -> None:
    entry = bdx.cite(serve(TREES).dataset("trees").to_pandas(), style="bibtex")

    assert entry.startswith("@misc{bdx_trees_2026,")
    assert r"title = {{Arbres \& plus \textbraceleft{}50 \%\textbraceright{}}}" in entry
    assert entry.count("{") == entry.count("}")


def test_provenance_is_plain_values_without_a_key(serve: Serve) -> None:
    served = serve(TREES, settings=Settings(api_key="s3cret-k3y"))
    served.portal.require_key("s3cret-k3y")

    facts = served.dataset("trees").to_pandas().attrs["bdxopendata"]

    assert "s3cret" not in json.dumps(facts)


def test_provenance_survives_a_filter(serve: Serve) -> None:
    frame = serve(TREES).dataset("trees").to_pandas()

    assert bdx.provenance(frame[frame["hauteur"] > 20]).dataset_id == "trees"


def test_a_frame_without_provenance_says_so() -> None:
    with pytest.raises(ValueError, match="no provenance"):
        bdx.provenance(pd.DataFrame({"a": [1]}))


def test_an_unknown_style_is_refused(serve: Serve) -> None:
    with pytest.raises(ValueError, match="'text' or 'bibtex'"):
        bdx.cite(serve(TREES).dataset("trees").to_pandas(), style="apa")  # type: ignore[arg-type]


FACTS = Provenance(
    dataset_id="ec_arbre_p",
    title="Arbres",
    portal="Bordeaux Métropole",
    page_url="https://opendata.example/explore/dataset/ec_arbre_p/",
    publisher="Ville de Bordeaux",
    licence="Licence Ouverte v2.0",
    licence_url="https://licence.example/",
    attribution=("Ville de Bordeaux", "IGN"),
    version="2026-02-01T03:04:06+00:00",
    modified="2025-12-31T00:00:00+00:00",
    fetched_at="2026-03-12T08:00:00+00:00",
    question="",
    road="parquet",
    rows=2,
)


def test_a_citation_in_french_follows_french_typography() -> None:
    assert bdx.cite(FACTS, language="fr") == (
        "Ville de Bordeaux, «\u00a0Arbres\u00a0» (ec_arbre_p), version du 1er février 2026, Bordeaux Métropole, "
        "https://opendata.example/explore/dataset/ec_arbre_p/, consulté le 12 mars 2026. "
        "Licence\u00a0: Licence Ouverte v2.0 (https://licence.example/). "
        "Mention de la source\u00a0: Ville de Bordeaux; IGN."
    )


def test_a_citation_in_english_names_licence_and_attribution() -> None:
    assert bdx.cite(FACTS) == (
        "Ville de Bordeaux, “Arbres” (ec_arbre_p), version of 2026-02-01, Bordeaux Métropole, "
        "https://opendata.example/explore/dataset/ec_arbre_p/, fetched on 2026-03-12. "
        "Licence: Licence Ouverte v2.0 (https://licence.example/). Attribution: Ville de Bordeaux; IGN."
    )


@pytest.mark.parametrize(("language", "words"), [("en", "states no licence"), ("fr", "n’indique pas de licence")])
def test_a_missing_licence_is_said(language: Any, words: str) -> None:
    assert words in bdx.cite(replace(FACTS, licence=None, licence_url=None), language=language)


# What TeX, or BibTeX that counts braces, would take for its own.
NASTY = [
    "}",
    "{",
    "{{}",
    "\\",
    "\\}",
    "%",
    "a_b",
    "x^2 ~ $5 #1 & more",
    "two\nlines\r\n\t",
    "\x00",
    "@misc{x,",
    '"',
    ",",
    "é’«",
]


@pytest.mark.parametrize("nasty", NASTY)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_bibtex_entry_reads_back_whatever_the_publisher_wrote(nasty: str, language: Any) -> None:
    facts = replace(
        FACTS,
        title=nasty,
        publisher=nasty,
        portal=nasty,
        licence=nasty,
        attribution=(nasty,),
        page_url=f"https://x/{nasty}",
    )

    entry = bdx.cite(facts, "bibtex", language=language)

    fields = read_bibtex(entry)
    assert list(fields) == ["author", "title", "year", "howpublished", "url", "urldate", "note"]
    assert fields["year"] == "2025"
    assert untex(fields["title"][1:-1]) == " ".join(nasty.replace("\x00", " ").split())


def read_bibtex(entry: str) -> dict[str, str]:
    """Read one entry as BibTeX does: it ends where its braces are closed, and braces count wherever they stand."""
    assert entry.startswith("@misc{")
    depth, fields, name, value = 0, {}, "", ""
    for place, sign in enumerate(entry):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth == 0 and place > 6:
            assert place == len(entry) - 1
        if depth == 1 and sign == "\n":
            name, value = "", ""
        elif depth == 1 and sign == "}":
            fields[name.strip().removesuffix("=").strip()] = value[1:]
        elif depth == 1:
            name += sign
        elif depth > 1:
            value += sign
    return fields


def untex(text: str) -> str:
    for sign, word in (
        ("\\", "backslash"),
        ("{", "braceleft"),
        ("}", "braceright"),
        ("~", "asciitilde"),
        ("^", "asciicircum"),
    ):
        text = text.replace(f"\\text{word}{{}}", sign)
    return re.sub(r"\\([#$%&_])", r"\1", text)


def test_rows_of_several_datasets_cite_each_once() -> None:
    frame = pd.DataFrame({"a": [1]})
    other = replace(FACTS, dataset_id="ec_arbre_q")
    every = [facts_of(one) for one in (FACTS, other, FACTS)]
    frame.attrs["bdxopendata"] = {**every[0], "topic": {"name": "x", "provenance": every}}

    assert ["(ec_arbre_p)" in line for line in bdx.cite(frame).splitlines()] == [True, False]
    entries = bdx.cite(frame, "bibtex").split("\n\n")
    assert [one.partition(",")[0] for one in entries] == ["@misc{bdx_ec_arbre_p_2025", "@misc{bdx_ec_arbre_q_2025"]


def test_two_versions_of_one_dataset_get_keys_of_their_own() -> None:
    frame = pd.DataFrame({"a": [1]})
    every = [facts_of(one) for one in (FACTS, replace(FACTS, version="2026-02-02T00:00:00+00:00"))]
    frame.attrs["bdxopendata"] = {**every[0], "sources": every}

    entries = bdx.cite(frame, "bibtex").split("\n\n")

    assert [one.partition(",")[0] for one in entries] == ["@misc{bdx_ec_arbre_p_2025_1", "@misc{bdx_ec_arbre_p_2025_2"]


def test_a_dataset_a_query_and_a_description_are_cited_without_reading_rows(serve: Serve) -> None:
    served = serve(TREES)
    trees = served.dataset("trees")

    assert bdx.cite(trees) == bdx.cite(trees.where(bdx.F.hauteur > 20)) != ""
    assert "Licence Ouverte v2.0" in bdx.cite(trees.info)
    assert "not real data" in bdx.cite(trees)
    assert not [one for one in served.asked() if "records" in one or "exports" in one]


@pytest.mark.parametrize("nothing", [None, [1], "trees"])
def test_what_carries_no_provenance_is_told_so(nothing: Any) -> None:
    for ask in (bdx.cite, bdx.provenance):
        with pytest.raises(
            TypeError, match=f"frames and Arrow tables of this library, not to {type(nothing).__name__}"
        ):
            ask(nothing)


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="'en' or 'fr'"):
        bdx.cite(FACTS, language="de")  # type: ignore[arg-type]


@pytest.mark.parametrize("format", ["auto", "csv", "store"])
def test_an_arrow_table_carries_its_provenance(serve: Serve, format: Any) -> None:
    trees = serve(TREES).dataset("trees")

    table = trees.where(bdx.F.hauteur > 20).to_arrow(format=format)

    assert bdx.provenance(table).question == "where=hauteur > 20"
    assert bdx.cite(table) == bdx.cite(trees.where(bdx.F.hauteur > 20).to_pandas())
    for piece in trees.batches(1, kind="arrow"):
        assert bdx.provenance(piece).dataset_id == "trees"


def test_pandas_finds_the_provenance_of_a_table_that_pyarrow_wrote(serve: Serve, tmp_path: Path) -> None:
    pq.write_table(serve(TREES).dataset("trees").to_arrow(), tmp_path / "trees.parquet")

    assert bdx.provenance(pd.read_parquet(tmp_path / "trees.parquet")).dataset_id == "trees"


def test_a_table_without_provenance_says_so() -> None:
    with pytest.raises(ValueError, match="no provenance"):
        bdx.provenance(pa.table({"a": [1]}))


def test_facts_are_shared_by_what_is_made_of_a_frame_and_cannot_be_changed(serve: Serve) -> None:
    frame = bdx.parking(catalog=serve("st_park_p").catalog, stale_after=None)
    facts = frame.attrs["bdxopendata"]

    made = frame[frame["capacity"] > 0].copy()
    assert made.attrs["bdxopendata"] is facts
    with pytest.raises(TypeError, match="cannot be changed"):
        made.attrs["bdxopendata"]["rows"] = 1
    with pytest.raises(TypeError, match="cannot be changed"):
        facts["topic"].update(name="other")


def test_facts_are_plain_once_they_leave_the_process(serve: Serve) -> None:
    frame = bdx.parking(catalog=serve("st_park_p").catalog, stale_after=None)

    again = pickle.loads(pickle.dumps(frame)).attrs["bdxopendata"]

    assert again == frame.attrs["bdxopendata"]
    assert type(again) is type(again["topic"]) is dict
    assert json.loads(json.dumps(frame.attrs)) == json.loads(json.dumps({"bdxopendata": again}))
