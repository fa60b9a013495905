"""Where there is room to park near a place in Bordeaux."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import bdxopendata as bdx
from bdxopendata import F

CAR_PARKS = "st_park_p"


class NotNowError(Exception):
    """Nothing can be said at the moment; `again_at` is the moment from which on to ask again, if known."""

    def __init__(self, why: str, again_at: datetime | None = None) -> None:
        super().__init__(why)
        self.again_at = again_at


@dataclass(frozen=True)
class Room:
    """A car park with room."""

    name: str
    free: int


def where_to_park(lon: float, lat: float, *, metres: float = 800, at_least: int = 1) -> list[Room]:
    """Name the car parks around a place that have room, the roomiest first.

    Raises
    ------
    NotNowError
        If the portal does not answer, or with nonsense.
    """
    question = bdx.Dataset(CAR_PARKS).near(lon, lat, metres).where(F.libres >= at_least).order_by("-libres")
    try:
        found = question.select("nom", "libres").to_pandas()
    except bdx.QuotaExceededError as error:
        raise NotNowError("too many questions today", error.reset_at) from error
    except (bdx.PortalError, bdx.NetworkError, bdx.UnexpectedAnswerError, bdx.IncompleteDataError) as error:
        raise NotNowError(str(error)) from error
    return [Room(name, int(free)) for name, free in found.itertuples(index=False)]


def export_car_parks(path: str) -> int:
    """Save all car parks to a file; return how many there are."""
    parks = bdx.Dataset(CAR_PARKS).to_geopandas()
    bdx.save(parks, path)
    return len(parks)
