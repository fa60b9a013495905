"""What the distribution says of itself is what the code needs."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bdxopendata.version import __version__

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
# For those who work on the library itself, or test with it.
NOT_FOR_USERS = {"dev", "docs", "testing", "all"}
# Distributions that are imported under another name.
IMPORTED_AS = {"dask-geopandas": "dask_geopandas", "ipython": "IPython", "requests-cache": "requests_cache"}


def name_of(requirement: str) -> str:
    found = re.match(r"[\w-]+", requirement)
    assert found is not None
    return found[0].lower()


def imported() -> Iterator[tuple[str, str]]:
    """Each module of others that the library imports, with the file that does."""
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
                names = [node.module]
            for name in names:
                top = name.partition(".")[0]
                if top not in sys.stdlib_module_names and top != "bdxopendata":
                    yield top, str(path.relative_to(ROOT))


def test_everything_that_is_imported_is_asked_for() -> None:
    wanted = [*PROJECT["dependencies"], *(one for extra in EXTRAS.values() for one in extra)]
    known = {IMPORTED_AS.get(name_of(one), name_of(one)) for one in wanted}

    assert {(top, path) for top, path in imported() if top not in known} == set()


@pytest.mark.parametrize("group", ["dependencies", *EXTRAS])
def test_bounds_are_lower_bounds(group: str) -> None:
    for one in PROJECT["dependencies"] if group == "dependencies" else EXTRAS[group]:
        assert not re.search(r"<|==|~=|!=", one), one
        assert ">=" in one or one.startswith("bdxopendata["), f"{one} has no lower bound"


def test_all_is_every_extra_for_users() -> None:
    (whole,) = EXTRAS["all"]

    found = re.fullmatch(r"bdxopendata\[(.*)\]", whole)
    assert found is not None
    assert set(found[1].split(",")) == set(EXTRAS) - NOT_FOR_USERS


def test_classifiers_begin_where_the_library_does() -> None:
    versions = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", one)]

    assert PROJECT["requires-python"] == f">={versions[0]}"
    assert versions == sorted(versions, key=lambda one: int(one.partition(".")[2]))


def test_the_citation_file_is_of_this_version() -> None:
    said = (ROOT / "CITATION.cff").read_text(encoding="utf-8")

    assert re.search(rf"^version: .*{re.escape(__version__)}", said, re.MULTILINE)


def test_every_file_of_the_project_is_in_the_source_distribution() -> None:
    hatch = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    included = set(hatch["build"]["targets"]["sdist"]["include"])

    named = {"pyproject.toml", *included}
    built = {"build", "dist", "site", "demo-output", "node_modules"}
    assert {one.name for one in ROOT.iterdir() if not one.name.startswith(".")} - built <= named
