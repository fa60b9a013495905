"""The command ``bdx``, as people run it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from urllib.parse import urlsplit

import pytest

from bdxopendata import cli
from bdxopendata.cli import main

BDX = (sys.executable, "-m", "bdxopendata.cli")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*BDX, *arguments], capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*BDX, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"LC_ALL": "C"}
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_version_is_the_version_of_the_package() -> None:
    shown = run("--version")

    assert shown.returncode == 0
    assert shown.stdout == f"bdx {version('bdxopendata')}\n"


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from bdxopendata import cli\n"
        "try:\n"
        "    cli.main(['--help'])\n"
        "finally:\n"
        "    heavy = {'pandas', 'geopandas', 'pyarrow', 'requests', 'shapely', 'lark'} & set(sys.modules)\n"
        "    assert not heavy, heavy\n"
    )

    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert shown.returncode == 0, shown.stderr
    assert "stand-in" in shown.stdout


def test_an_unknown_command_is_refused_with_status_2() -> None:
    shown = run("stand-on")

    assert shown.returncode == 2
    assert "stand-on" in shown.stderr


def test_stand_in_prints_its_address_first_and_answers_there() -> None:
    with running("stand-in") as process:
        address = first_line(process)
        how = first_line(process)

        with urllib.request.urlopen(f"{address}/api/explore/v2.1/catalog/datasets/ec_arbre_p") as answer:
            described = json.load(answer)

    assert address.startswith("http://127.0.0.1:")
    assert f"BDXOPENDATA_PORTAL={address} python" in how
    assert described["dataset_id"] == "ec_arbre_p"


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no such signals to one process")
@pytest.mark.parametrize("wanted", [signal.SIGINT, signal.SIGTERM])
def test_stand_in_ends_cleanly_when_it_is_asked_to(wanted: signal.Signals) -> None:
    with running("stand-in") as process:
        place = urlsplit(first_line(process))
        assert place.hostname is not None
        # A connection that stays open must not hold the command up.
        client = http.client.HTTPConnection(place.hostname, place.port)
        client.request("GET", "/api/explore/v2.1/catalog/datasets?limit=1")
        client.getresponse().read()

        process.send_signal(wanted)
        _, errors = process.communicate(timeout=30)
        client.close()

    assert process.returncode == 0
    assert errors == ""


def test_stand_in_listens_on_the_port_that_is_asked_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]

    with running("stand-in", "--port", str(free)) as process:
        assert first_line(process) == f"http://127.0.0.1:{free}"


def test_a_port_that_is_taken_is_one_line_of_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        shown = run("stand-in", "--port", str(taken.getsockname()[1]))

    assert shown.returncode == 1
    assert shown.stdout == ""
    assert shown.stderr.startswith("bdx: ")
    assert shown.stderr.count("\n") == 1


@pytest.mark.parametrize("text", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_refused_with_status_2(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["stand-in", f"--port={text}"])

    assert ended.value.code == 2
    assert "--port" in capsys.readouterr().err


def test_signal_handlers_are_given_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    with cli.interrupts() as stopped:
        signal.raise_signal(signal.SIGINT)
        assert stopped.is_set()

    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_check_compares_topics_with_the_portal_and_its_status_tells_of_drift(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from bdxopendata.testing import StandIn, samples

    with StandIn([samples.make("st_park_p")]) as portal:
        monkeypatch.setenv("BDXOPENDATA_PORTAL", portal.url)
        as_expected = main(["check", "parking"])
        shown = capsys.readouterr().out
        drifted = main(["check", "bikes"])
        gone = capsys.readouterr().out

    assert (as_expected, drifted) == (0, 1)
    assert "parking" in shown
    assert "ci_vcub_p" in gone


def test_check_names_the_topic_that_is_meant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BDXOPENDATA_PORTAL", "http://127.0.0.1:9")

    assert main(["check", "parkings"]) == 1
    assert "Did you mean 'parking'" in capsys.readouterr().err
