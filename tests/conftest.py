"""What every test has: the folder of real data, where it is present, and no network but loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from bdxopendata.config import Settings
from bdxopendata.portals import Portal
from support.key_guard import KeyGuard

if TYPE_CHECKING:
    from bdxopendata.catalog import Catalog
    from bdxopendata.dataset import Dataset
    from bdxopendata.testing import SampleDataset, StandIn


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real files and recorded answers; the test is skipped where it is missing."""
    named = os.environ.get("BDXOPENDATA_SHARED_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("real data are not here; name their folder in BDXOPENDATA_SHARED_DATA")
    return folder


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of the person who runs the tests reaches them, and nothing is left in the user's cache folder."""
    for name in [name for name in os.environ if name.startswith("BDXOPENDATA_") and name != "BDXOPENDATA_SHARED_DATA"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BDXOPENDATA_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


def pytest_configure(config: pytest.Config) -> None:
    """Have every test searched for keys."""
    config.pluginmanager.register(KeyGuard(), "key-guard")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve datasets by a stand-in portal until the test ends."""
    with ExitStack() as running:

        def start(*datasets: SampleDataset | str, settings: Settings | None = None, **options: Any) -> Served:
            from bdxopendata.catalog import Catalog
            from bdxopendata.testing import StandIn, samples

            made = [samples.make(one) if isinstance(one, str) else one for one in datasets]
            portal = running.enter_context(StandIn(made, **options))
            return Served(portal, Catalog(Portal("stand-in", (portal.url,), stand_in=True), settings=settings))

        yield start


@dataclass(frozen=True)
class Served:
    """A stand-in portal and a catalogue that asks it."""

    portal: StandIn
    catalog: Catalog

    def dataset(self, dataset_id: str) -> Dataset:
        """A dataset that has not asked anything yet."""
        from bdxopendata.dataset import Dataset

        return Dataset(dataset_id, catalog=self.catalog)

    def again(self, **settings: Any) -> Served:
        """The same portal, asked with other settings, as by another process."""
        from bdxopendata.catalog import Catalog

        return Served(self.portal, Catalog(self.catalog.portal, settings=Settings(**settings)))

    def asked(self, ending: str = "") -> list[str]:
        """What was asked: the last parts of the paths."""
        return [one.path.rpartition("/datasets/")[2] for one in self.portal.requests if one.path.endswith(ending)]


class Serve(Protocol):
    """Starts a stand-in portal with these datasets (ids of samples, or datasets)."""

    def __call__(self, *datasets: SampleDataset | str, settings: Settings | None = None, **options: Any) -> Served: ...
