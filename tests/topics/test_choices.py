"""Names found whatever their spelling, and the nearest ones for names that are not there."""

from __future__ import annotations

import pytest

from bdxopendata.topics import choices

GENERA = ["Quercus", "Platanus", "Prunus", "Pyrus"]


@pytest.mark.parametrize("written", ["Quercus", "quercus", " QUERCUS ", "quércus"])
def test_a_name_is_found_whatever_its_case_and_accents(written: str) -> None:
    assert choices.choose(written, GENERA, "genus") == "Quercus"


def test_the_very_name_wins_over_one_that_folds_alike() -> None:
    assert choices.choose("OUI", ["oui", "OUI"], "answer") == "OUI"


def test_a_name_that_is_not_there_is_told_with_the_nearest_first() -> None:
    with pytest.raises(ValueError, match=r"There is no genus 'Pirus'\. Did you mean 'Pyrus'"):
        choices.choose("Pirus", GENERA, "genus")


def test_where_nothing_is_near_some_names_are_listed() -> None:
    with pytest.raises(ValueError, match=r"There is 'Quercus', 'Platanus', 'Prunus', 'Pyrus'\."):
        choices.choose("xyz", GENERA, "genus")
    with pytest.raises(ValueError, match="There is none at all"):
        choices.choose("xyz", [], "genus")


def test_a_part_of_a_name_finds_the_names_that_hold_it() -> None:
    assert choices.nearest("médard", ["Saint-Médard-en-Jalles", "Pessac"]) == ("Saint-Médard-en-Jalles",)


def test_a_name_is_text() -> None:
    with pytest.raises(TypeError, match="A genus is text, not int"):
        choices.choose(3, GENERA, "genus")


def test_a_foreign_name_cannot_write_on_the_terminal() -> None:
    with pytest.raises(ValueError, match="genus") as told:
        choices.choose("\x1b[31m", GENERA, "genus")

    assert "\x1b" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "wanted"), [("B\N{REPLACEMENT CHARACTER}gles", "Bègles"), ("BÃ¨gles", "Bègles"), ("bœuf", "boeuf")]
)
def test_names_whose_accents_were_broken_are_the_same(name: str, wanted: str) -> None:
    assert choices.same(name, wanted)
    assert not choices.same(name, "Cenon")
