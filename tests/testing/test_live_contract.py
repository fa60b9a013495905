"""The tests of the real portal are off by default, and their own code works: they are run against the stand-in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from bdxopendata.testing import StandIn

TESTS = Path(__file__).parents[1]


def pytest_run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(TESTS / "live"), *arguments],
        cwd=TESTS.parent,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_live_tests_hold_for_the_stand_in() -> None:
    with StandIn() as portal:
        told = pytest_run("-m", "live", BDXOPENDATA_LIVE_PORTAL=portal.url)

        assert told.returncode == 0, told.stdout[-6000:]
        assert int(re.findall(r"(\d+) passed", told.stdout)[0]) > 60
        assert len(portal.requests) > 150


def test_what_is_otherwise_there_is_told() -> None:
    with StandIn(parquet_variant={"date": "string", "geo_columns": "all"}) as portal:
        told = pytest_run("-m", "live", "-k", "parquet_has and date32 or both", BDXOPENDATA_LIVE_PORTAL=portal.url)

    assert told.returncode == 1
    assert f"learnt from {portal.url}: date is string in Parquet" in told.stdout
    assert "geo lists the columns ['geo_point_2d', 'geo_shape']" in told.stdout


def test_live_tests_are_off_unless_chosen() -> None:
    told = pytest_run("--collect-only")

    assert re.search(r"no tests collected \(\d+ deselected\)", told.stdout), told.stdout[-2000:]
