"""The tests of the real portal are off by default, and their own code works: they are run against the stand-in."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bdxopendata.testing import StandIn
from live.questions import API, FAULTS, Question
from support.faulty_portal import Fault, FaultyPortal, Given, Line, head

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


@pytest.mark.parametrize("question", [*FAULTS, *API], ids=lambda one: one.asked)
def test_each_open_question_has_its_test(question: Question) -> None:
    assert bool(question.tests) != bool(question.why_not), "a test that asks it, or why it is not asked"
    for place in question.tests:
        file, _, name = place.partition("::")
        tree = ast.parse((TESTS / "live" / file).read_text(encoding="utf-8"))
        assert name in {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}, place


def test_no_open_question_is_missing_or_asked_for_nobody() -> None:
    names = [one.asked for one in FAULTS]
    assert (len(FAULTS), len(API)) == (11, 44)
    assert len(set(names)) == len(names)
    # Tests of new questions are in the table too.
    asked = {place.partition("::")[2] for one in (*FAULTS, *API) for place in one.tests}
    tree = ast.parse((TESTS / "live" / "test_open_questions.py").read_text(encoding="utf-8"))
    written = {one.name for one in tree.body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")}
    assert written <= asked


def test_what_the_front_end_does_otherwise_is_told() -> None:
    """A cache before the portal that gives everybody's answer to a key that is not valid."""
    behind = StandIn()
    kept: dict[str, Given] = {}

    def from_cache(line: Line) -> None:
        assert line.seen is not None
        if line.seen.target not in kept:
            kept[line.seen.target] = line.given()
        found = kept[line.seen.target]
        line.send(head(found.status, {**found.headers, "X-Cache": "HIT"}, len(found.body)) + found.body)

    with FaultyPortal(behind=behind) as portal:
        caching = portal.inject(Fault("cache", from_cache), times=None)
        told = pytest_run("-m", "live", "-k", "key_that_is_not_valid and everybody", BDXOPENDATA_LIVE_PORTAL=portal.url)
        assert caching.happened
    behind.close()

    assert told.returncode == 1
    assert "a key that is not valid gets 200: a cache answers?" in told.stdout
    assert "'x-cache': 'HIT'" in told.stdout
