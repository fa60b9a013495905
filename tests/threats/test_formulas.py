"""A text that a spreadsheet would take for a formula is one in no file that was asked to escape them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import bdxopendata as bdx
from bdxopendata.testing import SampleDataset
from conftest import Serve

# What begins a formula for one spreadsheet or another.
LEADS = "=+-@\t\r\0"
TEXTS = [f"{lead}cmd|' /C calc'!A0" for lead in LEADS]
FIELDS = [{"name": "note", "type": "text"}, {"name": "number", "type": "double"}]


@pytest.fixture
def dataset(serve: Serve) -> bdx.Dataset:
    rows = [{"note": one, "number": -1.5} for one in TEXTS]
    return serve(SampleDataset("notes", FIELDS, rows)).dataset("notes")


def cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def test_no_cell_of_an_escaped_file_begins_a_formula(dataset: bdx.Dataset, tmp_path: Path) -> None:
    path = dataset.save(tmp_path / "notes.csv", escape_formulas=True)

    found = cells(path)
    assert len(found) == len(LEADS)
    assert [note for note, _ in found if note[:1] in LEADS] == []
    # Negative numbers stay numbers.
    assert {number for _, number in found} == {"-1.5"}
    assert bdx.load(path)["note"].tolist() == TEXTS


def test_without_it_the_data_are_not_altered(dataset: bdx.Dataset, tmp_path: Path) -> None:
    path = dataset.save(tmp_path / "notes.csv")

    assert [note for note, _ in cells(path)] == TEXTS
    assert dataset.to_pandas()["note"].tolist() == TEXTS


def test_a_workbook_holds_texts_and_no_formula(dataset: bdx.Dataset, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")

    # The last text holds a NUL, which no workbook can hold.
    bdx.save(dataset.to_pandas().iloc[:-1], tmp_path / "notes.xlsx")

    sheet = openpyxl.load_workbook(tmp_path / "notes.xlsx").worksheets[0]
    kinds = {(note.data_type, number.data_type) for note, number in sheet.iter_rows(min_row=2, max_col=2)}
    assert kinds == {("s", "n")}


def test_the_command_escapes_them_too(dataset: bdx.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bdxopendata.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BDXOPENDATA_PORTAL", dataset._reader.explore.portal.addresses[0])

    assert main(["get", "notes", "notes.csv", "--escape-formulas"]) == 0
    assert [note for note, _ in cells(tmp_path / "notes.csv") if note[:1] in LEADS] == []
