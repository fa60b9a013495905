"""Terminals, pipes and shells."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bdxopendata.cli import printing
from bdxopendata.cli.wording import Words

if TYPE_CHECKING:
    from cli.conftest import Bdx

BDX = (sys.executable, "-m", "bdxopendata")


def on_terminal(line: str, columns: int, samples_url: str) -> str:
    """What a command shows on a terminal of so many columns."""
    pty, termios, fcntl = (
        pytest.importorskip(name, reason="no terminals here") for name in ("pty", "termios", "fcntl")
    )
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        [*BDX, *line.split()],
        stdout=theirs,
        stderr=theirs,
        env=environment | {"BDXOPENDATA_PORTAL": samples_url, "LC_ALL": "C.UTF-8", "TERM": "xterm"},
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:
            break
        if not part:
            break
        seen += part
    process.wait(timeout=60)
    os.close(ours)
    return seen.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("line", ["search", "head st_park_p", "schema st_park_p", "topics"])
def test_tables_fit_a_narrow_terminal(line: str, samples_url: str) -> None:
    shown = on_terminal(line, 50, samples_url)

    table = [one for one in shown.splitlines() if not one.startswith("…")]
    assert len(table) > 5
    assert max(map(printing.wide, table)) <= 50
    assert "\x1b" not in shown


def test_a_pipe_gets_everything_in_utf_8_and_no_colour(samples_url: str) -> None:
    environment = os.environ | {"BDXOPENDATA_PORTAL": samples_url, "PYTHONIOENCODING": "latin-1", "LC_ALL": "C"}

    ran = subprocess.run([*BDX, "head", "st_park_p", "-n", "1"], capture_output=True, env=environment, timeout=60)

    lines = ran.stdout.decode("utf-8").splitlines()
    assert ran.returncode == 0
    assert b"\x1b" not in ran.stdout
    assert "ta_moimot" in lines[0]  # the last column
    assert "…" not in lines[1]


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_a_reader_that_has_enough_is_no_error(samples_url: str) -> None:
    command = f"set -o pipefail; '{sys.executable}' -m bdxopendata head ec_arbre_p -n 1500 | head -1"

    ran = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        env=os.environ | {"BDXOPENDATA_PORTAL": samples_url},
        timeout=60,
    )

    assert ran.returncode == 0
    assert ran.stderr == ""
    assert ran.stdout.startswith("geo_point_2d_lon")


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_a_reader_of_help_that_reads_nothing_is_no_error() -> None:
    command = f"set -o pipefail; '{sys.executable}' -m bdxopendata --help | sleep 0"

    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)

    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["bdx", "sea"], {"search"}),
        (["bdx", "st"], {"store", "stand-in"}),
        (["bdx", "store", ""], {"list", "size", "clear"}),
        (["bdx", "search", "--th"], {"--theme"}),
        (["bdx", "get", "x", "--format", "geo"], {"geoparquet", "geojson"}),
        (["bdx", "topics", "tr"], {"trees", "traffic"}),
        (["bdx", "--portal", "x", "sch"], {"schema"}),
        (["bdx", "get", "x", "fil"], set()),
    ],
)
def test_bash_completes(bdx: Bdx, typed: list[str], offered: set[str]) -> None:
    words = " ".join(f"'{one}'" for one in typed)
    asked = f'COMP_WORDS=({words}); COMP_CWORD={len(typed) - 1}; _bdx; printf "%s\\n" "${{COMPREPLY[@]}}"'

    ran = subprocess.run(
        ["bash", "-c", bdx("completion bash").out + asked], capture_output=True, text=True, timeout=60, check=True
    )

    assert set(ran.stdout.split()) == offered
    assert ran.stderr == ""


def test_zsh_loads_what_makes_it_read_scripts_of_bash(bdx: Bdx) -> None:
    assert "bashcompinit" in bdx("completion zsh").out


@pytest.mark.parametrize("width", range(1, 120, 7))
def test_columns_are_narrowed_before_any_is_left_out(width: int) -> None:
    widths, left_out = printing.fitted([12, 60, 5, 40], width, {2})

    assert sum(widths) + 2 * (len(widths) - 1) <= width
    assert len(widths) + left_out == 4
    assert (left_out == 0) == (width >= 10 + 10 + 5 + 10 + 6)


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("日本", 4), ("é", 1), ("e\u0301", 1), ("🌳", 2)])
def test_the_width_of_text_is_that_on_a_terminal(text: str, width: int) -> None:
    assert printing.wide(text) == width
    assert printing.wide(printing.padded(text * 10, 7, False)) == 7


def test_what_a_portal_sends_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    printing.table(["title"], [[printing.cell("\x1b[2J\u202eevil\x07")]], Words("en"))

    out = capsys.readouterr().out
    assert not set(out) & {"\x1b", "\x07", "\u202e"}
    assert "evil" in out
