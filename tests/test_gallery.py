"""The gallery: its scripts run, say what they should, and a script that fails ends the build of the site."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from bdxopendata.testing import StandIn
from support import gallery, pages

QUIET = {"grants": ["DataQualityWarning: Values of 'bor_subventions' that do not fit their type"]}


@pytest.fixture(scope="module")
def made() -> dict[str, gallery.Page]:
    """All pages, run once."""
    return {page.name: page for page in gallery.run_all(gallery.SCRIPTS)}


def test_the_gallery_has_ten_analyses(made: dict[str, gallery.Page]) -> None:
    assert len(made) == 10


@pytest.mark.parametrize("name", [script.stem for script in gallery.SCRIPTS])
def test_an_analysis_has_output_a_picture_what_to_notice_and_limits(made: dict[str, gallery.Page], name: str) -> None:
    page = made[name]

    assert page.text.startswith(f"# {page.title}\n\n")
    assert page.text.count("\n```text\n") >= 2
    assert re.findall(r"^## (.*)$", page.text, re.MULTILINE) == ["What to notice", "Limits"]
    file, alt = page.first_picture
    assert len(alt) > 30
    assert "sample" in alt or "made-up" in alt or "bridge" in alt
    assert list(page.pictures) == [file]


@pytest.mark.parametrize("name", [script.stem for script in gallery.SCRIPTS])
def test_an_analysis_warns_of_nothing_that_its_page_does_not_explain(made: dict[str, gallery.Page], name: str) -> None:
    said = re.findall(r"^\w+Warning: .*$", made[name].text, re.MULTILINE)

    assert [line.startswith(start) for line, start in zip(said, QUIET.get(name, []), strict=True)] == [True] * len(said)


@pytest.mark.parametrize("name", [script.stem for script in gallery.SCRIPTS])
def test_a_picture_shows_something_and_fits_a_page(made: dict[str, gallery.Page], name: str) -> None:
    (content,) = made[name].pictures.values()

    pixels = image.imread(io.BytesIO(content))[..., :3]
    colours = np.unique((pixels * 255).astype(np.uint8).reshape(-1, 3), axis=0)
    assert 600 <= pixels.shape[1] <= 1200
    assert len(colours) > 100
    assert len(content) < 150_000


def test_a_second_run_gives_the_same_pages(made: dict[str, gallery.Page]) -> None:
    script = gallery.FOLDER / "grants.py"

    (again,) = gallery.run_all([script])

    assert again.text == made["grants"].text
    assert again.pictures == made["grants"].pictures


def test_a_script_is_a_program(tmp_path: Path) -> None:
    script = gallery.FOLDER / "bridge_closures.py"
    with StandIn() as portal:
        ran = subprocess.run(
            [sys.executable, str(script)],
            cwd=tmp_path, env=os.environ | {"BDXOPENDATA_PORTAL": portal.url, "MPLBACKEND": "Agg", "PYTHONUTF8": "1"},
            capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip

    assert ran.returncode == 0, ran.stderr
    assert "hours in all" in ran.stdout
    assert [one.name for one in tmp_path.iterdir()] == ["bridge_closures.png"]


def test_a_script_that_fails_ends_the_build_and_names_its_line(tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text(
        '"""A question."""\n\n# %%\nfine = 1\n\n# %% [markdown]\n# Prose.\n\n# %%\n1 / 0\n', encoding="utf-8"
    )

    with pytest.raises(gallery.GalleryError, match=r"broken\.py failed:(.|\n)*line 10(.|\n)*ZeroDivisionError"):
        gallery.run_all([script])


def test_what_a_script_warns_of_is_shown_where_it_happens(tmp_path: Path) -> None:
    script = tmp_path / "warns.py"
    script.write_text(
        '"""A question.\n\nOpening."""\n\n# %%\nimport warnings\n\nprint("one")\nwarnings.warn("two")\n',
        encoding="utf-8",
    )

    (page,) = gallery.run_all([script])

    assert page.text.startswith("# A question\n\nOpening.\n\n```python\nimport warnings")
    assert page.text.endswith("```text\none\nUserWarning: two\n```\n")


def test_the_environment_is_as_before() -> None:
    before = dict(os.environ)

    gallery.run_all([])

    assert dict(os.environ) == before


def test_every_analysis_is_in_the_navigation() -> None:
    navigation = (pages.ROOT / "mkdocs.yml").read_text(encoding="utf-8")

    for script in gallery.SCRIPTS:
        assert f" gallery/{script.stem}.md\n" in navigation
