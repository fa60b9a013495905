"""A stand-in portal with two datasets, and a way to ask it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bdxopendata.testing import StandIn
from testing.asking import Ask, asker, everything, numbers


@pytest.fixture
def portal() -> Iterator[StandIn]:
    """A portal with both datasets."""
    with StandIn([everything(), numbers(250)]) as portal:
        yield portal


@pytest.fixture
def ask(portal: StandIn) -> Ask:
    """Ask that portal."""
    return asker(portal)
