"""Pytest fixtures for packages that depend on bdxopendata.

Loaded by pytest in every run where the library is installed, so nothing heavy is imported before a fixture is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bdxopendata.testing.sample import SampleDataset
    from bdxopendata.testing.server import StandIn

MARKER = (
    "bdx_portal(*datasets, **options): what the fixture bdx_portal serves: ids of samples or datasets of your own "
    "(by default all samples), and options of bdxopendata.testing.StandIn"
)
SETTINGS = "BDXOPENDATA_"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def _bdx_samples() -> dict[str, SampleDataset]:
    """Keep the samples by id, made once: no test changes them, since the portal keeps copies of its own."""
    return {}


@pytest.fixture
def bdx_portal(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    _bdx_samples: dict[str, SampleDataset],
) -> Iterator[StandIn]:
    """Serve datasets from a stand-in portal on this machine, fresh for each test.

    For the length of the test it takes the place of Bordeaux: ``bdx.trees()``, ``bdx.Dataset("st_park_p")`` and
    ``bdx.Catalog()`` ask it, in this process and in those that it starts. Settings of the person who runs the tests are
    left out, and what is stored goes to a folder of the test. Nothing asks the network.

    It serves the samples of the library. ``bdx_portal.add`` and ``bdx_portal.set_rows`` give it rows of your own,
    ``bdx_portal.fail`` and others a bad day; ``bdx_portal.requests`` is what was asked, and ``bdx_portal.url`` where.

    Examples
    --------
    .. code-block:: python

        def test_full_car_parks_are_left_out(bdx_portal):
            bdx_portal.set_rows("st_park_p", [{"nom": "Tourny", "libres": 0}, {"nom": "Pey-Berland", "libres": 7}])

            assert my_package.where_to_park() == ["Pey-Berland"]


        @pytest.mark.bdx_portal("st_park_p", era="2021")
        def test_older_portals_are_read_as_well(bdx_portal): ...
    """
    from bdxopendata.testing import samples  # heavy, and most test runs never ask for it
    from bdxopendata.testing.server import StandIn

    marker = request.node.get_closest_marker("bdx_portal")
    wanted = marker.args if marker is not None and marker.args else samples.ids()
    datasets = [
        (_bdx_samples[one] if one in _bdx_samples else _bdx_samples.setdefault(one, samples.make(one)))
        if isinstance(one, str)
        else one
        for one in wanted
    ]
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        monkeypatch.delenv(name)
    folder: Path = tmp_path_factory.mktemp("bdxopendata")
    monkeypatch.setenv(f"{SETTINGS}CACHE_DIR", str(folder))
    with StandIn(datasets, **(marker.kwargs if marker is not None else {})) as portal:
        monkeypatch.setenv(f"{SETTINGS}PORTAL", portal.url)
        yield portal
