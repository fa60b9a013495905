"""Pictures: what is on them, and what stands under each."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import geopandas as gpd
import pytest

from bdxopendata.topics import charts, parking, trees
from conftest import Serve

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


@pytest.fixture
def planted(serve: Serve) -> Any:
    return trees.trees(catalog=serve("ec_arbre_p").catalog)


@pytest.fixture
def parked(serve: Serve, clock: datetime) -> Any:
    return parking.parking(catalog=serve("st_park_p").catalog)


def texts(ax: Any) -> list[str]:
    """All that is written on axes, as last drawn."""
    ax.figure.canvas.draw()
    legend = ax.get_legend()
    return [one.get_text() for one in [*ax.texts, *(legend.get_texts() if legend else [])]]


def boxes(ax: Any) -> list[Any]:
    ax.figure.canvas.draw()
    return [one.get_window_extent() for one in ax.texts if one.get_text() and one.get_visible()]


PICTURES: list[tuple[str, Callable[..., Any]]] = [
    ("planted", trees.plot_map),
    ("planted", trees.plot_species),
    ("parked", parking.plot_map),
    ("parked", parking.plot_free),
]
DRAWN = pytest.mark.parametrize(("frame", "plot"), PICTURES, ids=lambda one: getattr(one, "__qualname__", one))


@DRAWN
def test_source_and_licence_stand_under_each_picture(
    request: pytest.FixtureRequest, frame: str, plot: Callable[..., Any]
) -> None:
    ax = plot(request.getfixturevalue(frame))

    credit = next(text for text in texts(ax) if text.startswith("Source:")).replace("\n", " ")
    assert "Bordeaux Métropole" in credit
    assert "Licence Ouverte" in credit
    assert "not real data" in credit


@DRAWN
def test_no_text_stands_on_another_or_outside_the_picture(
    request: pytest.FixtureRequest, frame: str, plot: Callable[..., Any]
) -> None:
    ax = plot(request.getfixturevalue(frame))

    found = boxes(ax)
    assert len(found) > 1
    assert not [(one, other) for place, one in enumerate(found) for other in found[:place] if one.overlaps(other)]
    whole = ax.figure.bbox
    assert all(one.x0 >= -1 and one.y0 >= -1 and one.x1 <= whole.x1 + 1 and one.y1 <= whole.y1 + 1 for one in found)


@DRAWN
def test_a_picture_of_nothing_is_still_a_picture(
    request: pytest.FixtureRequest, frame: str, plot: Callable[..., Any]
) -> None:
    ax = plot(request.getfixturevalue(frame).iloc[:0])

    assert any(text.startswith("Source:") for text in texts(ax))


@DRAWN
def test_a_picture_is_drawn_where_it_is_wanted(
    request: pytest.FixtureRequest, frame: str, plot: Callable[..., Any]
) -> None:
    import matplotlib.pyplot as plt

    _, (left, right) = plt.subplots(1, 2, layout="constrained")

    assert plot(request.getfixturevalue(frame), ax=right) is right
    assert not left.has_data()


def test_the_map_of_trees_counts_those_that_have_a_place(planted: Any) -> None:
    ax = trees.plot_map(planted, top=2)

    placed = planted[planted.geometry.notna()]
    oaks = (placed["genus"] == "Quercus").sum()
    assert ax.get_title("left") == f"{len(placed):,} trees by genus"
    assert f"Quercus ({oaks})" in texts(ax)
    assert {"Bordeaux", "Mérignac", "5 km"} <= set(texts(ax))


@pytest.mark.parametrize("top", [0, 9])
def test_more_genera_than_colours_are_refused(planted: Any, top: int) -> None:
    with pytest.raises(ValueError, match="top is from 1 to 8"):
        trees.plot_map(planted, top=top)


def test_few_car_parks_are_named_and_many_are_not(parked: Any) -> None:
    few = parking.plot_map(parking.nearest(parked, -0.574, 44.841, 5))
    many = parking.plot_map(parked)

    assert "Camille Jullian" in texts(few)
    assert "Camille Jullian" not in texts(many)


def test_the_bars_of_car_parks_begin_with_the_most_free_places(parked: Any) -> None:
    ax = parking.plot_free(parked, top=3)

    most = parked.sort_values("free", ascending=False).iloc[0]
    assert next(label.get_text() for label in ax.get_yticklabels()) == most["name"]
    assert f"{most['free']:,} of {most['counted']:,}" in texts(ax)


def test_a_name_with_dollars_is_written_as_it_is(parked: Any) -> None:
    parked.loc[parked["free"].idxmax(), "name"] = "P$ark$"

    ax = parking.plot_free(parked, top=3)

    ax.figure.canvas.draw()
    assert next(label.get_text() for label in ax.get_yticklabels()) == r"P\$ark\$"


@pytest.mark.parametrize(("metres", "drawn"), [(0.7, 0.5), (1, 1), (3.9, 2), (9_999, 5_000), (10_000, 10_000), (0, 1)])
def test_the_bar_of_a_map_is_a_round_length(metres: float, drawn: float) -> None:
    assert charts.round_length(metres) == drawn


def test_a_frame_without_provenance_says_so() -> None:
    assert "no provenance" in charts.source(gpd.GeoDataFrame(geometry=[]))


def test_without_matplotlib_a_picture_says_how_to_have_it(planted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)

    with pytest.raises(ImportError, match=r"bdxopendata\[plot\]"):
        trees.plot_species(planted)
