"""The paper plan is what follows from the measured constants, and the page shows that plan."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def page() -> Any:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import page

        yield page
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture
def results() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(max((ROOT / "benchmarks" / "results").glob("*.json")).read_text())
    return found


def test_the_page_shows_the_plan_of_the_newest_figures(page: ModuleType, results: dict[str, Any]) -> None:
    shown = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")

    assert page.planned(results, shown) == shown, "run `make bench-page`"


def test_the_plan_follows_the_figures(page: ModuleType, results: dict[str, Any]) -> None:
    before = page.planned(results, "")
    for one in results["parts"]["trees"]["ours_cold"]:
        one["bytes"] *= 1000
        one["requests"] = 40
    after = page.planned(results, "")

    # 450 datasets, 40 calls each, and five pages of the listing.
    assert "| first mirror, calls | 1,805 |" in before
    assert "| first mirror, calls | 18,005 |" in after
    assert "calls" in after.rpartition("| runs out first |")[2].partition("|")[0]
    assert "calls" not in before.rpartition("| runs out first |")[2].partition("|")[0]
    assert "a second" not in after.partition("bytes on the wire, first")[2].partition("\n")[0]


@pytest.mark.parametrize(
    ("bytes_", "worded"), [(1e6, "1 MB"), (999e6, "0.999 GB"), (1e9, "1 GB"), (43.3e9, "43.3 GB"), (1.5e12, "1.5 TB")]
)
def test_sizes_are_worded(page: ModuleType, bytes_: float, worded: str) -> None:
    from plan import size

    assert size(bytes_) == worded


@pytest.mark.parametrize(
    ("seconds", "worded"),
    [(0.5, "less than a second"), (1, "1 second"), (90, "1.5 minutes"), (7200, "2 hours"), (864_000, "10 days")],
)
def test_durations_are_worded(page: ModuleType, seconds: float, worded: str) -> None:
    from plan import duration

    assert duration(seconds) == worded
