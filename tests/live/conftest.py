"""Tests of the real portal: off unless chosen with ``-m live``, and the only ones that may leave this machine.

``BDXOPENDATA_LIVE_PORTAL`` names another address to ask: of a stand-in portal, to test the tests themselves.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from bdxopendata.catalog import Catalog
from bdxopendata.config import Settings
from bdxopendata.portals import API_PATH, BORDEAUX, Portal

Ask = Callable[..., requests.Response]
Holds = Callable[[bool, str], None]
Find = Callable[..., tuple[str, str]]

# Read here, as no setting of the person who runs the tests reaches a test.
ADDRESS = os.environ.get("BDXOPENDATA_LIVE_PORTAL") or BORDEAUX.addresses[0]
PORTAL = BORDEAUX if ADDRESS in BORDEAUX.addresses else Portal("live", (ADDRESS,), stand_in=True)
# What is looked at to settle a statement should not cost the portal much.
SMALL = 5000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here as live, and let it open connections."""
    for item in items:
        if "live" in item.path.parts:
            item.add_marker(pytest.mark.live)
            item.add_marker(pytest.mark.enable_socket)


@pytest.fixture(scope="session")
def ask() -> Iterator[Ask]:
    """Ask the portal one request, below the library, and return the answer whatever its status."""
    with requests.Session() as session:
        session.headers["User-Agent"] = "bdxopendata live contract"

        def asked(path: str, **params: Any) -> requests.Response:
            return session.get(f"{ADDRESS}{API_PATH}/catalog/{path}", params=params, timeout=60)

        yield asked


@pytest.fixture
def holds() -> Holds:
    """Settle one statement; where it does not hold, say what was learnt instead."""

    def settled(truth: bool, learnt: str) -> None:
        if not truth:
            pytest.fail(f"learnt from {ADDRESS}: {learnt}", pytrace=False)

    return settled


@pytest.fixture(scope="session")
def bordeaux(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The real catalogue, listed once."""
    # Made before any test, when the user's own cache folder is still the one of the settings.
    return Catalog(PORTAL, settings=Settings(timeout=60, cache_dir=tmp_path_factory.mktemp("live")))


@pytest.fixture(scope="session")
def find(bordeaux: Catalog) -> Find:
    """Find the smallest public dataset with a field of a type, and without fields of others; skip where none has it."""

    def found(kind: str, *, without: tuple[str, ...] = ()) -> tuple[str, str]:
        candidates = []
        for dataset_id in bordeaux:
            info = bordeaux[dataset_id].info
            # As sent: the library reads some types under other names.
            types = {one["name"]: one["type"] for one in info.raw["fields"]}
            rows = info.records_count or 0
            if not (info.data_visible and 0 < rows <= SMALL) or set(types.values()) & set(without):
                continue
            candidates += [(rows, dataset_id, name) for name, one in types.items() if one == kind]
        if not candidates:
            pytest.skip(f"no small public dataset there has a field of type {kind}")
        _, dataset_id, name = min(candidates)
        return dataset_id, name

    return found
