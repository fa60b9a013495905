"""The example of a topic that another package adds."""

from __future__ import annotations

import importlib
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from bdxopendata.topics import contract, engine
from bdxopendata.topics.check import check, drifted
from conftest import Serve

EXAMPLE = Path(__file__).parents[1] / "examples" / "own_topic"


@pytest.fixture
def toddlers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example package, as if it were installed."""
    monkeypatch.syspath_prepend(EXAMPLE / "src")
    facts = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))
    (announced,) = facts["project"]["entry-points"][contract.GROUP].items()
    point = EntryPoint(announced[0], announced[1], contract.GROUP)
    monkeypatch.setattr(contract, "entry_points", lambda group: [point] if group == contract.GROUP else [])
    return importlib.import_module("bdx_toddlers")


def test_its_function_gives_the_columns_of_its_contract(toddlers: Any, serve: Serve) -> None:
    served = serve("bor_airejeux")

    frame = toddlers.toddlers(age=1.5, catalog=served.catalog)

    assert list(frame.columns[:4]) == ["name", "from_age", "games", "dataset"]
    assert 0 < len(frame) < 96
    assert (frame["from_age"] <= 1.5).all()
    assert engine.topic_of(frame)["name"] == "toddlers"


def test_its_contract_is_checked_with_the_others(toddlers: Any, serve: Serve) -> None:
    assert "toddlers" in contract.contracts()

    findings = check("toddlers", catalog=serve("bor_airejeux").catalog)

    assert len(findings) == 4
    assert drifted(findings).empty
