"""Importing the library loads nothing heavy, asks nothing, and finds every public name."""

from __future__ import annotations

import subprocess
import sys

import pytest

import bdxopendata as bdx

HEAVY = (
    "pandas",
    "geopandas",
    "pyarrow",
    "requests",
    "requests_cache",
    "shapely",
    "lark",
    "numpy",
    "tqdm",
    "matplotlib",
)


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    "use", ["pass", "bdx.F.x > 3; bdx.agg.count()", "bdx.Settings()", "bdx.BORDEAUX", "bdx.QueryError", "dir(bdx)"]
)
def test_light_names_load_nothing_heavy(use: str) -> None:
    loaded = python(f"import sys, bdxopendata as bdx; {use}; print(*sys.modules)").split()

    assert not [name for name in HEAVY if name in loaded]


def test_every_public_name_is_there() -> None:
    for name in bdx.__all__:
        assert getattr(bdx, name) is not None
        assert name in dir(bdx)


def test_a_name_stays_what_it_is_whatever_was_imported_before() -> None:
    code = "import bdxopendata.catalog, bdxopendata.lineage, bdxopendata as bdx; print(callable(bdx.provenance))"

    assert python(code).strip() == "True"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'catalogue'"):
        bdx.catalogue  # noqa: B018


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert bdx.__version__ == version("bdxopendata")
