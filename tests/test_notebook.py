"""Completion by Tab, by IPython's own completer."""

from __future__ import annotations

from typing import Any

import pytest

import bdxopendata as bdx
from bdxopendata import notebook

interactive = pytest.importorskip("IPython.core.interactiveshell", reason="IPython is not installed")


@pytest.fixture
def shell(serve: Any) -> Any:
    served = serve("ec_arbre_p", "st_park_p")
    shell = interactive.InteractiveShell()
    # Where jedi is installed, its names come by another way than the one asked here.
    shell.Completer.use_jedi = False
    shell.user_ns |= {"bdx": bdx, "F": bdx.F, "catalog": served.catalog, "unknown": served.dataset("st_park_p")}
    shell.user_ns |= {"trees": served.catalog["ec_arbre_p"], "parks": served.catalog["st_park_p"].limit(5)}
    notebook.load_ipython_extension(shell)
    yield shell
    notebook.unload_ipython_extension(shell)


def offered(shell: Any, line: str) -> set[str]:
    _, found = shell.complete(None, line, len(line))
    return set(found)


@pytest.mark.parametrize(
    ("line", "there", "not_there"),
    [
        ("trees.where(F.", {"F.hauteur", "F.genre"}, {"F.libres"}),
        ("trees.where(F.hau", {"F.hauteur"}, {"F.genre"}),
        ("trees.where((F.genre == 'a') & (F.hau", {"F.hauteur"}, {"F.genre"}),
        ("parks.where(F.lib", {"F.libres"}, {"F.hauteur"}),
        ("trees.select('genre'); parks.where(F.", {"F.libres"}, {"F.hauteur"}),
        ("catalog['ec_arbre_p'].where(F.", {"F.hauteur"}, {"F.libres"}),
        ("trees.F.hau", {"trees.F.hauteur"}, set()),
        ("bdx.facilities('toi", {"toilets"}, {"wifi"}),
        ("bdx.facilities(kind='", {"toilets", "wifi"}, set()),
        ("bdx.trees(commune='Méri", {"Mérignac"}, {"Pessac"}),
        ("bdx.trees(genus='Quercus', commune='", {"Mérignac", "Pessac"}, set()),
        ("bdx.births(freq='", {"D", "M", "Y"}, set()),
        ("catalog.search(theme='Nat", {"Nature"}, set()),
        ("catalog['ec", {"ec_arbre_p"}, {"st_park_p"}),
        ("trees.schema['hau", {"hauteur"}, set()),
    ],
)
def test_names_and_values_are_offered(shell: Any, line: str, there: set[str], not_there: set[str]) -> None:
    if line.startswith("trees.schema"):
        shell.user_ns["schema"] = shell.user_ns["trees"].schema
        line = line.replace("trees.schema", "schema")

    found = offered(shell, line)

    assert there <= found
    assert not not_there & found


def test_nothing_is_asked_to_complete(shell: Any) -> None:
    asked: list[Any] = []
    unknown = shell.user_ns["unknown"]
    shell.user_ns["unknown"]._reader.explore.transport.get_json = lambda *a, **k: asked.append(a)

    assert unknown._reader.seen is None
    assert notebook.completions("unknown.where(F.", shell.user_ns, "F.") == []
    assert asked == []


def test_lines_about_other_things_are_left_alone(shell: Any) -> None:
    assert notebook.completions("open('fil", {"open": open}, "fil") == []
    assert notebook.completions("F.", {"F": bdx.F}, "F.") == []
    assert "catalog" in offered(shell, "cata")


def test_loading_twice_offers_each_once_and_unloading_ends_it(shell: Any) -> None:
    notebook.load_ipython_extension(shell)
    _, found = shell.complete(None, "trees.where(F.hau", 17)
    notebook.unload_ipython_extension(shell)

    assert list(found).count("F.hauteur") == 1
    assert "F.hauteur" not in offered(shell, "trees.where(F.hau")
