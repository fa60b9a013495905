"""Transports that neither wait nor remember, and the portal that misbehaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bdxopendata.config import Settings
from bdxopendata.portals import Portal
from bdxopendata.transport import Transport, retries, transport
from bdxopendata.transport.addresses import PREFERENCE
from bdxopendata.transport.quota import BOARD
from support.faulty_portal import FaultyPortal

Connect = Callable[..., Transport]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that would have been made. What the process remembers of earlier tests is forgotten."""
    made: list[float] = []
    monkeypatch.setattr(retries, "sleep", made.append)
    monkeypatch.setattr(retries, "jitter", lambda low, high: high)
    monkeypatch.setattr(transport, "_deprecations", set())
    retries.BUDGET.refill()
    PREFERENCE.forget()
    BOARD.forget()
    return made


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    """Make a transport to portals on this machine, with short time-outs and a cache folder of its own."""

    def made(*portals: FaultyPortal | str, **settings: Any) -> Transport:
        addresses = tuple(one if isinstance(one, str) else one.url for one in portals)
        values = {"timeout": 0.4, "cache_dir": tmp_path / "cache", **settings}
        return Transport(Portal("faulty", addresses), Settings(**values))

    return made
