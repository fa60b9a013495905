"""Tests of the real portal: off unless chosen with ``-m live``, and the only ones that may leave this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from bdxopendata.catalog import Catalog
from bdxopendata.config import Settings
from bdxopendata.portals import API_PATH, BORDEAUX

Ask = Callable[..., requests.Response]


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
            return session.get(f"{BORDEAUX.addresses[0]}{API_PATH}/catalog/{path}", params=params, timeout=60)

        yield asked


@pytest.fixture
def bordeaux() -> Catalog:
    """The real catalogue."""
    return Catalog(settings=Settings(timeout=60))
