"""The demo: it runs in an empty folder, says which portal it asked, and leaves pictures that show something."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from support.pages import ROOT

DEMO = ROOT / "examples" / "demo.py"

# A proxy that refuses: nothing leaves this machine, and the real portal cannot be reached.
NO_WAY_OUT = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}


def demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(DEMO), *arguments],
        cwd=folder, env=os.environ | NO_WAY_OUT | {"PYTHONUTF8": "1"},
        capture_output=True, text=True, encoding="utf-8", timeout=180, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def ran(folder: Path) -> subprocess.CompletedProcess[str]:
    """The demo on the stand-in portal, run once for all tests."""
    return demo(folder, "--stand-in")


def test_demo_ends_well_and_warns_of_nothing(ran: subprocess.CompletedProcess[str]) -> None:
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""


def test_demo_fits_into_a_terminal_of_100_columns(ran: subprocess.CompletedProcess[str]) -> None:
    assert max(len(line) for line in ran.stdout.splitlines()) <= 100


def test_demo_shows_the_catalogue_trees_car_parks_and_births(ran: subprocess.CompletedProcess[str]) -> None:
    for shown in ("datasets, such as", "ec_arbre_p", "hauteur", "geometry", "metres", "births"):
        assert shown in ran.stdout


@pytest.mark.parametrize("name", ["map.png", "births.png"])
def test_demo_saves_a_picture_that_is_not_blank(ran: subprocess.CompletedProcess[str], folder: Path, name: str) -> None:
    path = Path("demo-output") / name
    assert str(path) in ran.stdout

    pixels = image.imread(folder / path)[..., :3]

    height, width, _ = pixels.shape
    assert min(height, width) > 500
    colours = np.unique((pixels * 255).astype(np.uint8).reshape(-1, 3), axis=0)
    assert len(colours) > 50
    background = (pixels == pixels[0, 0]).all(axis=-1).mean()
    assert background < 0.9


def test_demo_writes_nothing_but_its_own_folder(ran: subprocess.CompletedProcess[str], folder: Path) -> None:
    assert ran.returncode == 0
    assert [path.name for path in folder.iterdir()] == ["demo-output"]
    assert list(Path(os.environ["BDXOPENDATA_CACHE_DIR"]).iterdir()) == []


def test_demo_says_in_one_line_that_the_real_portal_is_out_of_reach(tmp_path: Path) -> None:
    ran = demo(tmp_path)

    assert ran.returncode == 0, ran.stderr
    first, second, *_ = ran.stdout.splitlines()
    assert first.startswith("opendata.bordeaux-metropole.fr cannot be used")
    assert second == ""


def test_live_demo_fails_with_one_line_where_the_real_portal_is_out_of_reach(tmp_path: Path) -> None:
    environment_of_no_patience = demo(tmp_path, "--live")

    assert environment_of_no_patience.returncode == 1
    assert environment_of_no_patience.stderr.startswith("demo: ")
    assert environment_of_no_patience.stderr.count("\n") == 1
