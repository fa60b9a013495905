"""The pages: their code runs, their outputs are true, their links lead somewhere."""

from __future__ import annotations

import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

import bdxopendata
from support import pages, sample_note

TEXTS = sorted([*pages.ROOT.glob("*.md"), *(pages.ROOT / "docs").rglob("*.md")])
NAMES = [str(one.relative_to(pages.ROOT)) for one in TEXTS]

# What says where or with what a page was written, rather than what it is about.
FOREIGN = re.compile(r"(?<![\w.])/(work|tmp|root|home|Users)/|pypi\.org|files\.pythonhosted|C:\\\\")


def linked(text: str) -> list[str]:
    """Targets of relative links, code taken out first."""
    prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", prose)
    return [target for target in targets if "://" not in target and not target.startswith(("#", "mailto:"))]


@pytest.mark.parametrize("page", pages.PAGES, ids=lambda page: str(page.relative_to(pages.ROOT / "docs")))
def test_the_code_of_a_page_runs_and_prints_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    with pages.stand_in_environment(tmp_path):
        ran = list(pages.printed(page))

    assert ran
    if int(pd.__version__.split(".")[0]) < 3:
        # Outputs are those of pandas 3; before, text columns are shown as other types.
        return
    for block, output in ran:
        if block.output is not None:
            assert output == block.output, f"line {block.line}; tests/support/pages.py writes outputs anew"


def test_every_plain_text_block_belongs_to_a_python_block() -> None:
    for page in pages.PAGES:
        text = page.read_text(encoding="utf-8")
        alone = len(re.findall(r"^```text$", text, re.MULTILINE))
        assert alone == sum(block.output is not None for block in pages.blocks(page)), page.name


@pytest.mark.parametrize("text", TEXTS, ids=NAMES)
def test_relative_links_lead_to_files(text: Path) -> None:
    for target in linked(text.read_text(encoding="utf-8")):
        path = (text.parent / target.split("#")[0]).resolve()
        # Pages of the gallery are made by the build, which checks links to them too.
        if path.parent != pages.ROOT / "docs" / "gallery":
            assert path.exists(), target


@pytest.mark.parametrize("text", TEXTS, ids=NAMES)
def test_pages_name_no_path_of_a_machine_and_no_registry(text: Path) -> None:
    assert FOREIGN.search(text.read_text(encoding="utf-8")) is None


def test_pictures_say_what_they_show_to_those_who_do_not_see_them() -> None:
    for text in TEXTS:
        for alt in re.findall(r"!\[([^\]]*)\]\(", text.read_text(encoding="utf-8")):
            assert len(alt) > 15, f"{text.name}: {alt!r}"


def test_every_page_is_in_the_navigation() -> None:
    navigation = (pages.ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in (pages.ROOT / "docs").rglob("*.md"):
        assert f" {page.relative_to(pages.ROOT / 'docs').as_posix()}\n" in navigation, page.name


def test_the_ladder_shown_is_the_ladder_checked() -> None:
    contracts = tomllib.loads((pages.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(one["layers"] for one in contracts["contracts"] if one["type"] == "layers")
    shown = re.search(r"\.ladder\}\n(.*?)```", (pages.ROOT / "docs" / "architecture.md").read_text("utf-8"), re.DOTALL)

    assert shown is not None
    assert shown[1].splitlines() == [re.sub(r"[()]", "", layer) for layer in layers]


def test_links_are_found_in_prose_and_not_in_code() -> None:
    text = "[a](b.md) [c](https://example.org) `[d](e.md)`\n\n```text\n[f](g.md)\n```\n[h](i.md#j)"

    assert linked(text) == ["b.md", "i.md#j"]


def documented() -> list[object]:
    """What the pages of the reference show, by their ``:::`` lines."""
    text = "".join(page.read_text(encoding="utf-8") for page in (pages.ROOT / "docs" / "reference").glob("*.md"))
    return [pkgutil.resolve_name(path) for path in re.findall(r"^::: (\S+)", text, re.MULTILINE)]


@pytest.mark.parametrize("name", [name for name in bdxopendata.__all__ if name != "__version__"])
def test_every_public_name_is_in_the_reference(name: str) -> None:
    public = getattr(bdxopendata, name)
    shown = documented()
    shown += [vars(one)[inner] for one in shown if isinstance(one, ModuleType) for inner in vars(one)]

    # A value of a class of its own, such as `F`, is shown by its class; a module, such as `store`, by what it has.
    is_shown = any(one is public or one is type(public) for one in shown)
    has_shown = isinstance(public, ModuleType) and any(one is value for one in shown for value in vars(public).values())
    assert is_shown or has_shown


@pytest.mark.parametrize("path", ["quickstart.md", "topics/trees.md", "fr/trees.md"])
def test_a_page_with_outputs_says_that_they_are_samples_and_how_to_run_its_code(path: str) -> None:
    text = (pages.ROOT / "docs" / path).read_text(encoding="utf-8")

    note = sample_note.noted(text, path)[len(text.rstrip()) :]

    (target,) = linked(note)
    assert (pages.ROOT / "docs" / path).parent.joinpath(target.split("#")[0]).is_file()
    assert ("inventées" if path.startswith("fr/") else "samples") in note


def test_a_page_without_outputs_has_no_note() -> None:
    assert sample_note.noted("# A\n\n```sh\nls\n```\n", "topics/a.md") == "# A\n\n```sh\nls\n```\n"


def test_nothing_is_shown_twice_in_the_reference() -> None:
    shown = documented()

    assert [one for one in shown if sum(one is other for other in shown) > 1] == []


BROKEN = {
    "page": "[a](nowhere.md)",
    "anchor": "[a](index.md#nowhere)",
    "own_anchor": "[a](#nowhere)",
    "picture": "![a](nowhere.png)",
    "absolute": "[a](/index/)",
    "reference": "[`a`][bdxopendata.nowhere]",
    "hidden": "This page is in no menu.",
}


def test_what_is_broken_fails_the_build(tmp_path: Path) -> None:
    run = build(tmp_path, BROKEN, menu=[name for name in BROKEN if name != "hidden"])

    assert run.returncode != 0
    warned = "\n".join(line for line in run.stderr.splitlines() if line.startswith(("WARNING", "  -")))
    assert [name for name in BROKEN if f"{name}.md" not in warned] == []


def test_a_page_without_faults_builds(tmp_path: Path) -> None:
    run = build(tmp_path, {"one": "[a](two.md#part)", "two": "## Part"}, menu=["one", "two"])

    assert run.returncode == 0, run.stderr


def build(folder: Path, texts: dict[str, str], menu: list[str]) -> subprocess.CompletedProcess[str]:
    """Build these pages with the settings of this site, but without its own pages and its gallery."""
    (folder / "docs").mkdir()
    for name, text in {"index": "Begin.", **texts}.items():
        (folder / "docs" / f"{name}.md").write_text(f"# A page\n\n{text}\n", encoding="utf-8")
    navigation = [f"{name}.md" for name in ["index", *menu]]
    (folder / "mkdocs.yml").write_text(
        f"INHERIT: {(pages.ROOT / 'mkdocs.yml').as_posix()}\n"
        f"docs_dir: docs\nsite_dir: site\nhooks: []\nextra_css: []\nnav: {navigation}\n",
        encoding="utf-8",
    )
    # Quietly, mkdocs does not count its warnings, and strict builds pass.
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=folder, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
