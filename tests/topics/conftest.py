"""What tests of topics share: a clock that stands where the samples were made, and trees as they once were."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bdxopendata.testing import SampleDataset
from bdxopendata.topics import live

# Two minutes after the samples were "last refreshed".
NOW = datetime(2026, 6, 15, 10, 2, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Stop the clock, so that live samples are as fresh as live data."""
    monkeypatch.setattr(live, "now", lambda: NOW)
    return NOW


@pytest.fixture
def old_trees() -> SampleDataset:
    """``bor_arbres`` with the fields that programs of 2019 read: names in one, ranges of age, no INSEE code."""
    names = ("nom", "famille", "variete", "typo_espace", "localisation", "statut", "tranche_age")
    fields = [{"name": name, "type": "text"} for name in names]
    fields += [{"name": name, "type": "double"} for name in ("hauteur", "diametre", "age_tranche_basse")]
    fields += [{"name": "geo_point_2d", "type": "geo_point_2d"}, {"name": "mdate", "type": "datetime"}]
    rows = [
        {
            "nom": name,
            "famille": family,
            "variete": cultivar,
            "hauteur": height,
            "diametre": 40.0,
            "tranche_age": "42 - 63",
            "age_tranche_basse": 42.0,
            "localisation": "Parc",
            "geo_point_2d": {"lon": -0.57 - number / 1000, "lat": 44.84},
            "mdate": "2019-05-01T00:00:00+00:00",
        }
        for number, (name, family, cultivar, height) in enumerate(
            (
                ("Quercus robur", "Fagaceae", "Fastigiata", 12.0),
                ("Platanus x hispanica", "Platanaceae", None, 22.0),
                ("Quercus ilex", "Fagaceae", None, None),
                ("Tilia", "Malvaceae", None, 9.0),
                (None, None, None, 3.0),
            )
        )
    ]
    return SampleDataset("bor_arbres", fields, rows, {"default": {"title": "Arbres de Bordeaux"}})
