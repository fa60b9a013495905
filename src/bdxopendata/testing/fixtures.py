"""Pytest fixtures for packages that depend on bdxopendata.

Loaded by pytest in every run where the library is installed, so nothing heavy is imported before a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bdxopendata.testing.server import StandIn


@pytest.fixture
def bdx_portal() -> Iterator[StandIn]:
    """Serve the samples of the library from a stand-in portal, fresh for each test.

    Its address is ``bdx_portal.url``; what was asked of it is in ``bdx_portal.requests``.
    """
    from bdxopendata.testing.server import StandIn  # heavy, and most test runs never ask for it

    with StandIn() as portal:
        yield portal
