"""The page of the docs says what the table says, and no fault of the list is without a test."""

from __future__ import annotations

import ast
from functools import cache

import pytest

from .held import AREAS, FAULTS, Fault
from .page import FAMILIES, PAGE, PROJECT, cells, figures, render, table_digest
from .scenarios import SCENARIOS
from .ways import WAYS


def test_the_page_says_what_the_table_says() -> None:
    passed = [(scenario.name, way.name) for scenario, way in cells()]

    assert PAGE.read_text() == render(passed, figures()), "make it anew with: make reliability"


def test_the_figures_are_those_of_a_run_of_this_table() -> None:
    measured = figures()["matrix"]

    assert (measured["cells"], measured["table"]) == (len(cells()), table_digest()), "run it: make reliability"


def test_no_fault_of_the_list_is_missing() -> None:
    assert [fault.number for fault in FAULTS] == list(range(1, 84))
    assert [number for numbers in AREAS.values() for number in numbers] == list(range(1, 84))
    assert {number for scenario in SCENARIOS for number in scenario.numbers} <= set(range(1, 84))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.number} {fault.what}")
def test_each_fault_is_provoked_somewhere(fault: Fault) -> None:
    assert fault.tests or any(fault.number in scenario.numbers for scenario in SCENARIOS)
    for place in fault.tests:
        file, name = place.split("::")
        assert name in names_in(file), f"{place} is not there (any more)"


def test_each_scenario_and_each_way_has_one_name_and_is_run() -> None:
    assert len({one.name for one in SCENARIOS}) == len(SCENARIOS)
    assert len({one.name for one in WAYS}) == len(WAYS)
    assert sorted(name for names in FAMILIES.values() for name in names) == sorted(way.name for way in WAYS)
    assert {scenario.name for scenario, _ in cells()} == {one.name for one in SCENARIOS}
    assert {way.name for _, way in cells()} == {one.name for one in WAYS}


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((PROJECT / "tests" / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
