"""Numbers and flags, Python's and NumPy's, and what is none."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pytest

from bdxopendata.topics import arguments, bikes, bridge, parking, pools, traffic
from conftest import Serve


def test_numbers_of_numpy_are_numbers() -> None:
    assert arguments.whole("n", np.int64(3)) == 3
    assert arguments.measure("min_height", np.float32(2.5)) == 2.5
    assert arguments.flag("open", np.bool_(True)) is True


@pytest.mark.parametrize("given", [True, 1.5, "3", np.float64(3)])
def test_a_whole_number_is_whole(given: Any) -> None:
    with pytest.raises(TypeError, match="min_free is a whole number, not"):
        arguments.whole("min_free", given)


@pytest.mark.parametrize("given", [-0.1, float("nan"), float("inf")])
def test_a_measure_is_finite_and_not_negative(given: float) -> None:
    with pytest.raises(ValueError, match="min_height is a number from 0"):
        arguments.measure("min_height", given)


@pytest.mark.parametrize("given", [1, 0, "yes", np.int64(1)])
def test_a_flag_is_no_number(given: Any) -> None:
    with pytest.raises(TypeError, match="in_service is True, False or None, not"):
        arguments.flag("in_service", given)


LIVE = [parking.parking, bikes.bikes, traffic.traffic, pools.pools, bridge.bridge_state]


@pytest.mark.parametrize("topic", LIVE, ids=lambda one: one.__name__)
def test_a_threshold_is_looked_at_before_anything_is_asked(serve: Serve, topic: Any) -> None:
    served = serve("fv_commu_s")

    for wrong in ("soon", -1, "60"):
        with pytest.raises(ValueError, match="stale_after is"):
            topic(stale_after=wrong, catalog=served.catalog)
    assert len(served.portal.requests) == 0


def test_a_threshold_may_be_text_or_seconds(serve: Serve, clock: datetime) -> None:
    served = serve("st_park_p")

    for limit in ("2h", 7200):
        assert len(parking.parking(stale_after=limit, catalog=served.catalog))
