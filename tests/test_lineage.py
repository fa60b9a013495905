"""Where a frame comes from, and how it is cited."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import bdxopendata as bdx
from bdxopendata.config import Settings
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
    assert "title = {{Arbres \\& plus (50 \\%)}}" in entry
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
