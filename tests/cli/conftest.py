"""Commands run in this process, against the samples."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from bdxopendata.testing import StandIn


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str


Bdx = Callable[..., Ran]


@pytest.fixture(scope="session")
def samples_url() -> Iterator[str]:
    with StandIn() as portal:
        yield portal.url


@pytest.fixture
def bdx(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: os.PathLike[str], samples_url: str
) -> Bdx:
    """Run a command line as a shell would part it, in an empty folder."""
    from bdxopendata.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BDXOPENDATA_PORTAL", samples_url)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)

    def run(line: str, **environment: str) -> Ran:
        capsys.readouterr()
        with monkeypatch.context() as place:
            for name, value in environment.items():
                place.setenv(name, value)
            try:
                status = main(shlex.split(line))
            except SystemExit as ended:
                status = int(ended.code or 0)
        told = capsys.readouterr()
        return Ran(status, told.out, told.err)

    return run
