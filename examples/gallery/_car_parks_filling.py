"""Record a made-up day of car parks, as `bdx.record` would in a real one, for the page that looks back on it.

The sample rows stand still. Here they move: offices fill in the morning, restaurants at noon and in the evening, and
every hour somebody records.
"""

import math
import os
import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import time_machine

import bdxopendata as bdx
from bdxopendata.testing import StandIn, samples

parks = samples.make("st_park_p")
start = datetime(2026, 6, 15, 6, 0, tzinfo=ZoneInfo("Europe/Paris"))


def taken(hour: float, works: bool) -> float:
    """Share of places taken: one bell for work, two for going out."""

    def bell(at: float, width: float) -> float:
        return math.exp(-(((hour - at) / width) ** 2))

    return 0.15 + (0.75 * bell(13, 4.2) if works else 0.45 * bell(12.5, 1.8) + 0.75 * bell(20.5, 2.0))


with StandIn([parks]) as portal:
    rng = random.Random(15)
    rows = [dict(row) for row in parks.rows]
    works = [rng.random() < 0.55 for _ in rows]
    own = [rng.uniform(0.75, 1.1) for _ in rows]
    before = dict(os.environ)
    os.environ["BDXOPENDATA_PORTAL"] = portal.url
    for step in range(18):
        moment = start + step * timedelta(hours=1)
        for row, work, size in zip(rows, works, own, strict=True):
            if row.get("libres") is None or not row.get("total"):
                continue
            share = min(1.0, taken(moment.hour + moment.minute / 60, work) * size + rng.gauss(0, 0.015))
            row["libres"] = max(0, round(row["total"] * (1 - share)))
            row["mdate"] = moment.isoformat()
        portal.set_rows("st_park_p", rows)
        with time_machine.travel(moment + timedelta(seconds=40), tick=True):
            bdx.record("parking", "car-parks", every=0.1, times=1, stale_after=None)
    os.environ.clear()
    os.environ.update(before)
