"""Recipes for libraries that are not always here; the other recipes of the page run with all pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support import pages

PAGE = pages.ROOT / "docs" / "guides" / "interop.md"
_RECIPE = re.compile(r"^```\{\.python \.needs-(?P<needs>\w+)\}\n(?P<code>.*?)^```\n", re.MULTILINE | re.DOTALL)
RECIPES = {found["needs"]: found["code"] for found in _RECIPE.finditer(PAGE.read_text(encoding="utf-8"))}


def test_the_page_has_its_recipes() -> None:
    assert set(RECIPES) == {"ibis", "lonboard", "osmnx"}


@pytest.mark.parametrize("needs", RECIPES)
def test_a_recipe_runs_where_its_library_is_installed(needs: str, tmp_path: Path) -> None:
    pytest.importorskip(needs, reason=f"{needs} is not installed")
    namespace: dict[str, object] = {"__name__": "__main__"}

    with pages.stand_in_environment(tmp_path):
        exec(pages.blocks(PAGE)[0].code, namespace)
        exec(compile(RECIPES[needs], f"{PAGE.name} ({needs})", "exec"), namespace)
