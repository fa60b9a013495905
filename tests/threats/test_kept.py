"""What a portal answers wrongly is never kept: the next who asks gets the right rows from the portal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bdxopendata.catalog import Catalog
from bdxopendata.config import Settings
from bdxopendata.dataset import Dataset
from bdxopendata.errors import BdxOpenDataError
from bdxopendata.portals import Portal
from bdxopendata.store import Store
from bdxopendata.testing import StandIn
from conformance import damage, ways
from support import faulty_portal as faults
from support.faulty_portal import FaultyPortal, Seen

WRONG: dict[str, Callable[[], faults.Fault]] = {
    "HTML": lambda: faults.answer(damage.HTML),
    "nothing": lambda: faults.answer(b""),
    "a row less": lambda: faults.rewritten("a row less", damage.one_row_less("parquet")),
    "garbage": lambda: faults.rewritten("garbage", damage.garbage_inside),
    "cut": lambda: faults.unframed(after=0.6),
    "another table": lambda: faults.answer(damage.parquet_bomb()),
    "an error": lambda: faults.answer({"error_code": "x", "message": "y"}, 500),
}


def is_export(seen: Seen) -> bool:
    return "/exports/" in seen.path


@pytest.mark.parametrize("name", WRONG)
def test_no_wrong_export_is_ever_kept(name: str, tmp_path: Path) -> None:
    behind = StandIn(ways.served()[:1])
    with FaultyPortal(behind=behind) as portal:
        settings = Settings(cache_dir=tmp_path, retries=1)
        dataset = Dataset(ways.TREES, catalog=Catalog(Portal("wrong", (portal.url,), stand_in=True), settings=settings))
        wrong = portal.inject(WRONG[name](), is_export, times=2)
        with pytest.raises(BdxOpenDataError):
            dataset.to_pandas()
        kept = list(Store(tmp_path).entries()) + list(tmp_path.rglob("*.parquet"))
        rows = dataset.to_pandas()
        asked = sum(map(is_export, portal.requests))
    behind.close()

    assert wrong.fired == 2
    assert kept == []
    assert len(rows) == ways.ROWS
    assert asked == 3
