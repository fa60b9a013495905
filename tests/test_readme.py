"""The README: its commands are there, and what it shows runs as written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bdxopendata.cli import main
from bdxopendata.testing import StandIn
from support import pages

README = pages.ROOT / "README.md"


def shell_lines() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_a_line_of_a_code_block_is_the_command(command: str) -> None:
    assert command in shell_lines()


def test_commands_without_make_name_files_and_extras_that_exist() -> None:
    lines = shell_lines()
    scripts = [word for line in lines for word in line.split() if word.endswith(".py")]
    extras = {name for line in lines for name in re.findall(r"'\.\[(\w+)\]'", line)}

    assert scripts == ["examples/demo.py"]
    assert (pages.ROOT / scripts[0]).is_file()
    assert extras == {"plot", "dev"}
    declared = (pages.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f"\n{name} = [" in declared for name in extras)


def test_the_start_has_five_lines() -> None:
    start = pages.blocks(README)[0].code

    assert len([line for line in start.splitlines() if line]) == 5


def test_the_start_runs_as_written(tmp_path: Path) -> None:
    extract = [sys.executable, str(pages.ROOT / ".ci" / "start.py"), str(README)]
    start = subprocess.run(extract, capture_output=True, text=True, encoding="utf-8", check=True).stdout
    script = tmp_path / "start.py"
    script.write_text(start, encoding="utf-8")

    with StandIn() as portal:
        environment = os.environ | {"BDXOPENDATA_PORTAL": portal.url, "PYTHONUTF8": "1"}
        ran = subprocess.run(
            [sys.executable, str(script)],
            cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip

    assert ran.returncode == 0, ran.stderr
    assert "hauteur" in ran.stdout
    assert "Patrimoine arboré” (ec_arbre_p)" in ran.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["start.py"]


def test_the_tour_runs_after_the_start(tmp_path: Path) -> None:
    with pages.stand_in_environment(tmp_path), pytest.warns(match="Offline"):
        outputs = [output for _, output in pages.printed(README)]

    assert len(outputs) == 6
    assert (tmp_path / "trees.png").stat().st_size > 10_000
    assert "st_park_p" in outputs[2]
    assert "libres" in outputs[3]
    assert "oaks, without the network" in outputs[4]


def test_the_stand_in_is_started_and_named_as_the_command_line_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shell_lines()
    with pytest.raises(SystemExit):
        main(["stand-in", "--help"])

    port = next(line.split()[-1] for line in lines if line.startswith("bdx stand-in --port "))
    assert f"export BDXOPENDATA_PORTAL=http://127.0.0.1:{port}" in lines
    assert "--port" in capsys.readouterr().out
