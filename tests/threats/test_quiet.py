"""Importing any part of the library asks nobody and writes nothing; nothing of ours runs when it is built."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]

PROGRAM = """
import os, pkgutil, sys

SEEN = []
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

def watch(event, args):
    asks = ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto")
    starts = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork")
    if event.startswith((*asks, *starts, "os.mkdir", "os.rename", "os.remove", "shutil.")):
        SEEN.append((event, str(args)[:200]))
    elif event == "open" and isinstance(args[2], int) and args[2] & WRITES and "__pycache__" not in str(args[0]):
        SEEN.append((event, str(args[0])))

sys.dont_write_bytecode = True
if {first}:
    # What others do when they are imported is theirs.
    import pandas, geopandas, pyarrow.parquet, shapely, requests_cache, lark, tqdm, matplotlib
sys.addaudithook(watch)
{tried}
import bdxopendata
for one in pkgutil.walk_packages(bdxopendata.__path__, "bdxopendata."):
    if not one.name.endswith("__main__"):
        try:
            __import__(one.name)
        except ModuleNotFoundError as error:
            assert error.name and not error.name.startswith("bdxopendata"), error
print(len([one for one in sys.modules if one.startswith("bdxopendata.")]))
print(SEEN)
"""


def ran(tried: str = "") -> list[str]:
    program = PROGRAM.replace("{first}", "True").replace("{tried}", tried)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_an_import_asks_nobody_and_writes_nothing() -> None:
    modules, seen = ran()

    assert int(modules) > 100
    assert seen == "[]"


def test_the_watch_sees_who_asks_and_who_writes(tmp_path: Path) -> None:
    tried = f"""
import socket, subprocess
try:
    socket.create_connection(("127.0.0.1", 9), timeout=0.1)
except OSError:
    pass
open({str(tmp_path / "x")!r}, "w").close()
subprocess.run(["true"])
"""
    seen = ran(tried)[-1]

    assert all(f"'{one}" in seen for one in ("socket.connect", "open", "subprocess.Popen"))


def test_nothing_of_ours_runs_when_it_is_built() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert project["build-system"]["build-backend"] == "hatchling.build"
    assert "hooks" not in project.get("tool", {}).get("hatch", {}).get("build", {})
    assert not list(ROOT.glob("setup.*")) + list(ROOT.glob("hatch_build.py"))
