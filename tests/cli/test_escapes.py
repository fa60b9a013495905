"""What a publisher wrote reaches a terminal, or the pipe of one, as text: by every command, and as JSON exactly."""

from __future__ import annotations

import argparse
import io
import json
import os
import shlex
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bdxopendata import F, notebook, progress
from bdxopendata.catalog import Catalog
from bdxopendata.cli import main
from bdxopendata.cli.parsing import parser
from bdxopendata.cli.ready import TOPICS
from bdxopendata.cli.wording import Words
from bdxopendata.portals import Portal
from bdxopendata.testing import SampleDataset, StandIn, samples
from threats.conftest import written

if TYPE_CHECKING:
    pass

# Clears the screen; sets title, link and clipboard; the same by controls of eight bits; goes back; turns the direction.
HOSTILE = (
    "a\x1b[2J\x1b]0;owned\x07\x1b]8;;https://evil.example\x1b\\b\x1b]52;c;b3duZWQ=\x07"
    "\x9b2J\x9d52;c;b3duZWQ=\x9c\rc\x08\x7fd\u202e\u2066e\u2028f"
)
NAME = "nom\x1b[2J\u202e"
ID = "odd\x1b]0;owned\x07\x9b2J"


def commands_in(text: str) -> list[str]:
    """The characters that a terminal would obey; line ends are the writer's own."""
    return [one for one in text if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp", "Cs") and one != "\n"]


def hostile(name: str) -> SampleDataset:
    """A sample of which every text is hostile."""
    made = samples.make(name)
    texts = {one["name"] for one in made.fields if one["type"] == "text"}

    def turned(row: Any) -> dict[str, Any]:
        return {key: _turned(value) if key in texts else value for key, value in row.items()}

    metas = {
        group: {
            key: value if key.endswith(("processed", "modified")) else _turned(value) for key, value in told.items()
        }
        for group, told in made.metas.items()
    }
    return replace(made, rows=[turned(row) for row in made.rows[:30]], metas=metas)


def _turned(value: Any) -> Any:
    if isinstance(value, list):
        return [_turned(one) for one in value]
    # The beginning stays, for topics that look at it.
    return f"{value}{HOSTILE}" if isinstance(value, str) else value


@pytest.fixture(scope="module")
def portal() -> Iterator[StandIn]:
    odd = SampleDataset(ID, [{"name": "n", "type": "int"}], [{"n": 1}], {"default": {"title": HOSTILE}})
    two = SampleDataset(
        "two", [{"name": NAME, "type": "text"}, {"name": "n", "type": "int"}], [{NAME: HOSTILE, "n": 1}] * 3,
        {"default": {"title": HOSTILE, "data_processed": "2026-01-01T00:00:00+00:00", "license": HOSTILE}},
    )  # fmt: skip
    names = [one for one in samples.ids() if not one.startswith("stand-in")]
    with StandIn([written(HOSTILE), odd, two, *map(hostile, names)]) as running:
        yield running


Shown = Callable[[str], tuple[int, str]]


def _run(line: str) -> int:
    try:
        return main(shlex.split(line))
    except SystemExit as ended:
        return int(ended.code or 0)


def through_a_pipe(line: str) -> tuple[int, str]:
    """Run a command with its outputs going to a program; they are mixed."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    with redirect_stdout(out), redirect_stderr(out):
        status = _run(line)
        out.flush()
    return status, out.buffer.getvalue().decode()  # type: ignore[attr-defined]  # the BytesIO from above


def on_a_terminal(line: str) -> tuple[int, str]:
    """Run a command on a terminal of this process."""
    pty, tty = (pytest.importorskip(name, reason="no terminals here") for name in ("pty", "tty"))
    ours, theirs = pty.openpty()
    # So that what is read is what was written.
    tty.setraw(theirs)
    seen: list[bytes] = []

    def read() -> None:
        with suppress(OSError):
            while part := os.read(ours, 65_536):
                seen.append(part)

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(theirs, "w", encoding="utf-8", newline="") as out, redirect_stdout(out), redirect_stderr(out):
        assert sys.stdout.isatty()
        status = _run(line)
    reader.join(10)
    os.close(ours)
    return status, b"".join(seen).decode()


RUN: dict[str, Shown] = {"pipe": through_a_pipe, "terminal": on_a_terminal}
COMMANDS = (
    "search", "search owned --json", "search --theme nothing", "info hostile", "info hostile --json", "info two",
    "schema hostile", "schema hostile --json", "head hostile", "head hostile --json", "head two", "get two",
    "get two rows.csv --json", "get two rows.geojson", f"head two --select {shlex.quote(NAME + 'x')}",
    "head two --select nom", f"info {shlex.quote(ID + 'x')}", f"head {shlex.quote(ID)}", "head nothing_like_it",
    "topics", *(f"topics {one}" for one in TOPICS), *(f"topics {one} --json" for one in TOPICS),
    "parking", "parking --json", "bridge", "bridge --json", "check", "check --json",
    "record parking recorded --every 1 --times 1", "store list", "store list --json", "store size", "store clear",
    "completion bash", "completion zsh",
)  # fmt: skip
# They show samples of the library's own, and run other commands.
OWN = {"demo", "stand-in"}


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, portal: StandIn) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BDXOPENDATA_PORTAL", portal.url)
    monkeypatch.setenv("BDXOPENDATA_PROGRESS", "0")
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("CI", "1")


def test_every_command_is_tried() -> None:
    subparsers = next(one for one in parser(Words("en"))._actions if isinstance(one, argparse._SubParsersAction))

    assert {one.split()[0] for one in COMMANDS} | OWN == set(subparsers.choices)


@pytest.mark.parametrize(("where", "language"), [("pipe", "C"), ("terminal", "fr_FR.UTF-8")])
def test_no_command_hands_anything_to_the_terminal(
    place: None, where: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", language)
    shown: dict[str, str] = {}
    for line in COMMANDS:
        status, text = RUN[where](line)
        assert status in (0, 1, 2, 3), f"{line}: {text}"
        shown[line] = text

    assert {line: found for line, text in shown.items() if (found := sorted(set(commands_in(text))))} == {}
    # It was there to be shown.
    for line in ("search", "info hostile", "schema hostile", "head hostile", "head two --select nom", "parking"):
        assert "\\x1b" in shown[line], (line, shown[line])
    for line, text in shown.items():
        if "--json" in line and text.lstrip()[:1] in ("[", "{"):
            json.loads(text[: text.rindex("]" if text.lstrip()[0] == "[" else "}") + 1])


@pytest.mark.parametrize("where", RUN)
def test_json_is_exact(place: None, where: str) -> None:
    _, rows = RUN[where]("head two --json")
    _, told = RUN[where]("info two --json")

    assert json.loads(rows)[0] == {NAME: HOSTILE, "n": 1}
    assert json.loads(told)["title"] == HOSTILE
    assert commands_in(rows + told) == []


def test_rows_for_a_program_are_the_data_and_for_a_terminal_their_text(place: None) -> None:
    _, piped = through_a_pipe("get two -")
    _, shown = on_a_terminal("get two -")

    assert piped.count(HOSTILE) == 3
    assert commands_in(shown) == []
    assert shown.count("\\x1b]52") == 3


@pytest.mark.parametrize("where", RUN)
@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_errors_of_the_portal_are_text(
    place: None, where: str, status: int, portal: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BDXOPENDATA_RETRIES", "0")
    with portal.fail(status, message=HOSTILE) as failing:
        ended, text = RUN[where]("head two")
        assert failing.happened

    assert ended == 1
    assert text.startswith("bdx: ")
    assert commands_in(text) == []
    assert ("owned" in text) == (status == 400)


@pytest.mark.parametrize("where", RUN)
def test_errors_while_recording_are_text(place: None, where: str, portal: StandIn) -> None:
    with portal.fail(400, message=HOSTILE, path="/records", times=1) as failing:
        _, text = RUN[where]("record parking recorded --every 1 --times 2")
        assert failing.happened

    assert "owned" in text
    assert commands_in(text) == []


def test_a_bar_is_text(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "DELAY", 0)

    with progress.Progress(ID, True, rows=3) as bar:
        bar.add(100)

    drawn = capsys.readouterr().err
    assert "odd\\x1b]0;owned" in drawn
    # The bar's own: back to the start of its line.
    assert commands_in(drawn.replace("\r", "")) == []


@pytest.mark.filterwarnings("ignore:.*oddities in the catalogue")
def test_what_is_offered_by_tab_is_text(portal: StandIn) -> None:
    catalog = Catalog(Portal("hostile", (portal.url,), stand_in=True))
    dataset = catalog["two"]
    assert NAME in dataset.schema.names
    # An entry whose id is no text is none.
    assert ID not in catalog
    names = {"catalog": catalog, "dataset": dataset}

    for typed in ("catalog.search(theme='", "catalog.search(publisher='", "dataset.where(F."):
        token = "" if typed.endswith("'") else "F."
        assert commands_in("".join(notebook.completions(typed, names, token))) == []
    for offered in (catalog, dataset.schema, dataset.F):
        assert commands_in("".join(offered._ipython_key_completions_())) == []
    assert commands_in("".join(dir(dataset.F))) == []
    assert "two" in catalog._ipython_key_completions_()
    assert "n" in dataset.F._ipython_key_completions_()


@pytest.mark.filterwarnings("ignore:.*oddities in the catalogue")
def test_reprs_are_text(portal: StandIn) -> None:
    catalog = Catalog(Portal("hostile", (portal.url,), stand_in=True))
    told: list[str] = []
    for one in (catalog["hostile"], catalog["two"]):
        told += [repr(one), str(one), repr(one.info), repr(one.schema), one.explain(), one.limit(2).explain()]
        told += [repr(field) for field in one.schema] + [str(field) for field in one.schema]
        told += [repr(one.attachments), repr(one.where("n > 1")), str(one.where(f"`{NAME}` = {HOSTILE!r}"))]
    told += [repr(catalog), str(catalog), repr(catalog.search("owned")), repr(list(catalog.search("owned")))]
    told += [repr(F[NAME] == HOSTILE), repr(catalog["two"].F)]

    assert "owned" in " ".join(told)
    assert {text: found for text in told if (found := commands_in(text))} == {}
