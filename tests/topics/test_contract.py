"""Contracts as files that people write, with mistakes said at once."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from bdxopendata.errors import ConfigurationError
from bdxopendata.topics import contract as module
from bdxopendata.topics.contract import Column, Contract, contracts, load

BENCHES = """
topic = "benches"
title = "Benches"
candidates = ["bor_bancs"]
geometry = "point"

[columns.material]
from = ["materiau", "matiere"]
dtype = "text"
required = true
evidence = "data"
description = "What it is made of."

[columns.length]
labels = ["Longueur"]
dtype = "double"
unit = "unknown"

[columns.comfort]
dtype = "double"
description = "How one sits on it."
"""


def test_a_contract_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "benches.toml"
    path.write_text(BENCHES, encoding="utf-8")

    contract = Contract.from_toml(path)

    assert contract.candidates == ("bor_bancs",)
    assert [one.name for one in contract.required] == ["material"]
    assert contract.columns["material"].sources == ("materiau", "matiere")
    assert [one.name for one in contract.columns.values() if one.is_derived] == ["comfort"]


def test_a_successor_is_recognised_by_the_required_columns_unless_the_search_names_others() -> None:
    plain = Contract.parse(BENCHES)
    named = Contract.parse(BENCHES.replace("[columns.material]", "[search]\ncolumns = ['length']\n[columns.material]"))

    assert [one.name for one in plain.recognised_by] == ["material"]
    assert [one.name for one in named.recognised_by] == ["length"]


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("topic =", "topic", "Expected '='"),
        ("title = ", "titel = ", "titel"),
        ('dtype = "text"', 'dtype = "str"', "has dtype 'str', which is none of text, int"),
        ("required = true", "requird = true", "has 'requird', which is none of"),
        ('evidence = "data"', 'evidence = "gossip"', "has evidence 'gossip'"),
        ("[columns.material]", "[columns.Material]", "'Material' is not made of small letters"),
        ('"point"', '"line"', "geometry is 'point' or 'shape', not 'line'"),
        ('geometry = "point"', 'combine = "some"', "combine is 'first' or 'all', not 'some'"),
        (
            "[columns.material]",
            "[search]\ncolumns = ['colour']\n[columns.material]",
            "'colour', which is not described",
        ),
        (BENCHES, "", "'columns' is missing"),
    ],
)
def test_a_mistake_in_the_file_is_said_with_the_name_of_the_file(before: str, after: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Contract.parse(BENCHES.replace(before, after), name="benches.toml")

    assert "benches.toml is no contract of a topic" in str(caught.value)
    assert problem in str(caught.value)


@pytest.mark.parametrize("topic", sorted(contracts()))
def test_every_contract_of_the_library_is_whole(topic: str) -> None:
    contract = load(topic)

    assert contract.topic == topic
    assert contract.title
    assert contract.candidates or contract.search
    for column in contract.columns.values():
        assert column.description, column.name
        assert column.is_derived or column.evidence in module.EVIDENCE


@pytest.mark.parametrize("topic", sorted(contracts()))
def test_what_is_required_of_a_known_dataset_was_seen_or_at_least_follows_from_what_was(topic: str) -> None:
    contract = load(topic)

    # Where no id is known, what is required is what a dataset that is found is recognised by.
    for column in contract.required if contract.candidates else ():
        assert column.evidence in ("data", "code", "text", "inferred"), column.name


@pytest.mark.parametrize("topic", sorted(contracts()))
def test_no_column_hides_an_attribute_of_a_frame(topic: str) -> None:
    import pandas as pd

    hidden = {name for name in load(topic).columns if hasattr(pd.DataFrame, name)}

    # `count` is what everyone calls a number of births; frame["count"] reads it.
    assert hidden <= {"count", "rank"}


def announced(monkeypatch: pytest.MonkeyPatch, value: object) -> None:
    class Announced(EntryPoint):
        def load(self) -> object:
            return value

    monkeypatch.setattr(module, "entry_points", lambda group: [Announced("benches", "benches:CONTRACT", group)])


def test_another_package_adds_a_contract_by_an_entry_point(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "benches.toml"
    path.write_text(BENCHES, encoding="utf-8")

    for value in (Contract.parse(BENCHES), path, str(path)):
        announced(monkeypatch, value)

        assert contracts()["benches"] == Contract.parse(BENCHES)


def test_an_entry_point_that_is_no_contract_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    announced(monkeypatch, 1)

    with pytest.raises(ConfigurationError, match=r"benches:CONTRACT.*is no Contract"):
        contracts()


def test_a_name_of_a_topic_is_not_taken_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    announced(monkeypatch, Contract.parse(BENCHES.replace('"benches"', '"parking"')))

    with pytest.raises(ConfigurationError, match="'parking', which is taken"):
        contracts()


def test_a_column_can_be_made_without_a_file() -> None:
    column = Column.of("free", {"from": ["libres"], "dtype": "int"})

    assert column.sources == ("libres",)
    assert not column.required
