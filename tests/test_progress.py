"""Who sees a progress bar."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from bdxopendata import progress

DRAW = """
from bdxopendata import progress
progress.DELAY = 0
with progress.Progress("ec_arbre_p", SHOWN, rows=1500) as bar:
    for _ in range(3):
        bar.add(100_000)
"""


def drawn(shown: str = "None", **environment: str) -> str:
    """What is drawn on a terminal."""
    pty = pytest.importorskip("pty", reason="no terminals here")
    termios, fcntl = pytest.importorskip("termios"), pytest.importorskip("fcntl")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", DRAW.replace("SHOWN", shown)],
        stderr=theirs,
        env={name: value for name, value in os.environ.items() if name != "CI"}
        | {"TQDM_MININTERVAL": "0"}
        | environment,
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # the way in which Linux says that the other end is closed
            break
        if not part:
            break
        seen += part
    process.wait(timeout=60)
    os.close(ours)
    return seen.decode()


def test_a_bar_is_seen_on_a_terminal_with_rows_and_bytes() -> None:
    seen = drawn()

    assert "ec_arbre_p, 1,500 rows" in seen
    assert "300kB" in seen


@pytest.mark.parametrize(("shown", "environment"), [("None", {"CI": "true"}), ("False", {})])
def test_nothing_is_seen_in_ci_and_by_setting(shown: str, environment: dict[str, str]) -> None:
    assert drawn(shown, **environment) == ""


@pytest.mark.parametrize(("shown", "seen"), [("None", False), ("True", True)])
def test_nothing_is_written_to_a_pipe_unless_wanted(shown: str, seen: bool) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", DRAW.replace("SHOWN", shown)], capture_output=True, text=True, timeout=60, check=True
    )

    assert ("1,500 rows" in ran.stderr) is seen
    assert ran.stdout == ""


def shell(monkeypatch: pytest.MonkeyPatch, *, kernel: object) -> None:
    """Pretend to run in a shell of IPython."""
    found = SimpleNamespace(kernel=kernel) if kernel is not None else SimpleNamespace()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: found))  # type: ignore[arg-type]
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(progress, "DELAY", 0)


def test_a_bar_is_seen_in_a_notebook(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shell(monkeypatch, kernel=object())
    # Without widgets, it is drawn in characters, and nothing is said about widgets.
    monkeypatch.setattr(progress, "find_spec", lambda _: None)

    with progress.Progress("st_park_p", None) as bar:
        bar.add(1_000)

    assert "st_park_p" in capsys.readouterr().err


def test_ipython_whose_output_goes_elsewhere_shows_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shell(monkeypatch, kernel=None)

    with progress.Progress("st_park_p", None) as bar:
        bar.add(1_000)

    assert capsys.readouterr().err == ""


def test_what_takes_less_than_a_second_shows_none(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    shell(monkeypatch, kernel=object())
    monkeypatch.setattr(progress, "DELAY", 3_600)

    with progress.Progress("st_park_p", None) as bar:
        bar.add(1_000)

    assert capsys.readouterr().err == ""


def test_reading_tells_the_bar_of_rows_and_bytes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], serve: Any
) -> None:
    from bdxopendata.config import Settings

    shell(monkeypatch, kernel=object())
    monkeypatch.setattr(progress, "find_spec", lambda _: None)

    serve("ec_arbre_p", settings=Settings(progress=True)).dataset("ec_arbre_p").to_pandas()

    assert "ec_arbre_p, 1,500 rows" in capsys.readouterr().err
