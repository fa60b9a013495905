"""What a portal writes is shown on a terminal as text, never as commands to the terminal."""

from __future__ import annotations

import inspect
import logging
import unicodedata
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bdxopendata import errors
from bdxopendata.errors import BdxOpenDataError
from bdxopendata.frames import Quality

# Clears the screen, sets the window's title, rings, goes back to the start of the line, turns the writing direction.
HOSTILE = "a\x1b[2J\x1b]0;owned\x07\rb\u202ec\x9bd\x00e"


def commands_in(text: str) -> list[str]:
    """The characters of a text that a terminal would obey; line ends are the writer's own."""
    return [one for one in text if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp", "Cs") and one != "\n"]


def all_errors(root: type[BdxOpenDataError] = BdxOpenDataError) -> Iterator[type[BdxOpenDataError]]:
    for one in root.__subclasses__():
        yield one
        yield from all_errors(one)


# By a part of the parameter's annotation; all text is hostile.
VALUES: dict[str, Any] = {
    "Sequence[str]": (HOSTILE, HOSTILE),
    "tuple[str, ...]": (HOSTILE,),
    "datetime": datetime(2026, 1, 1, tzinfo=UTC),
    "str": HOSTILE,
    "int": 3,
    "float": 1.5,
}


def made(kind: type[BdxOpenDataError]) -> BdxOpenDataError:
    parameters = list(inspect.signature(kind).parameters.values())
    return kind(*(next(value for name, value in VALUES.items() if name in str(one.annotation)) for one in parameters))


@pytest.mark.parametrize("kind", sorted(all_errors(), key=lambda one: one.__name__), ids=lambda one: one.__name__)
def test_no_error_hands_a_command_to_the_terminal(kind):
    if kind.__init__ is BdxOpenDataError.__init__:
        pytest.skip("holds what its raiser words")
    text = str(made(kind))

    assert "owned" in text or kind is errors.QuotaExceededError
    assert commands_in(text) == []


def test_the_measure_finds_commands():
    assert len(commands_in(HOSTILE)) == 7


def test_counted_problems_are_shown_as_text():
    quality = Quality()
    quality.add(HOSTILE, "no number, now missing", 3)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        quality.warn(HOSTILE)

    assert commands_in(f"{quality} {quality!r} {caught[0].message}") == []


def test_a_description_is_shown_as_text(hostile_catalog, caplog):
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        catalog = hostile_catalog.catalog
        dataset = catalog["hostile"]
        shown = [
            repr(catalog),
            repr(dataset),
            repr(dataset.info),
            repr(dataset.schema),
            repr(dataset.limit(1)),
            repr(catalog.search("owned")),
            dataset.explain(),
            *(str(one.message) for one in caught),
            *(one.getMessage() for one in caplog.records if one.name.startswith("bdxopendata")),
        ]
        frame = dataset.to_pandas()

    assert "owned" in " ".join(shown)
    assert [commands_in(text) for text in shown] == [[]] * len(shown)
    # The data themselves are never altered.
    assert frame["note"].tolist() == [HOSTILE]
