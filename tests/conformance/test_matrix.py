"""Every scenario by every way to get data: whole, or one error of ours, and nothing left behind."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .running import run_cell
from .scenarios import SCENARIOS, Scenario
from .ways import WAYS, Way

CELLS = [(scenario, way) for scenario in SCENARIOS for way in WAYS if scenario.why_left_out(way) is None]


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: the table syncs thousands of files."""
    if not Path("/dev/shm").is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="conformance-", dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.mark.parametrize(("scenario", "way"), CELLS, ids=[f"{scenario.name}-{way.name}" for scenario, way in CELLS])
def test_whole_or_an_error(
    scenario: Scenario,
    way: Way,
    memory: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("cell", [scenario.name, way.name])

    run_cell(scenario, way, memory, monkeypatch)
