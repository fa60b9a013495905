"""The audit of dependencies: what is known fails it, who knows nothing is no service, half an answer is none."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any

import pytest

CI = Path(__file__).parents[1] / ".ci"
OLD = {"urllib3": "GHSA-old1-old1-old1"}

# Answers to a question about a package: a status, and a body.
Answers = Callable[[str], tuple[int, str]]


def weak(**known: str) -> Answers:
    """A service that knows one weakness of each of these, and of urllib3 1.24.1."""

    def answer(name: str) -> tuple[int, str]:
        found = (OLD | known).get(name)
        affected = {"package": {"name": name, "ecosystem": "PyPI"}, "ranges": [{"type": "ECOSYSTEM", "events": []}]}
        vulns = (
            [{"id": found, "aliases": [found.replace("GHSA", "CVE")], "summary": "x", "affected": [affected]}]
            if found
            else []
        )
        return 200, json.dumps({"vulns": vulns} if vulns else {})

    return answer


def failing(status: int, body: str) -> Answers:
    """A service that answers about urllib3, and with something else from then on."""
    return lambda name: weak()(name) if name == "urllib3" else (status, body)


@contextmanager
def service(answers: Answers) -> Iterator[str]:
    """Speak the API of OSV on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = answers(asked["package"]["name"])
            self.send_response(status)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
    finally:
        server.shutdown()
        server.server_close()


def audited(url: str, folder: Path, *pins: str) -> tuple[int, str]:
    """Audit some pinned versions, and return the status and what was said."""
    pytest.importorskip("pip_audit")
    (folder / "pins.txt").write_text("".join(f"{one}\n" for one in pins))
    environment = {**os.environ, "ADVISORY_SERVICE": url, "NO_PROXY": "127.0.0.1"}
    asked = [sys.executable, str(CI / "audit.py"), "--only", str(folder / "pins.txt")]
    done = subprocess.run(asked, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_what_is_known_fails_the_audit_and_is_named(tmp_path: Path) -> None:
    with service(weak(lark="GHSA-lark-lark-lark")) as url:
        status, said = audited(url, tmp_path, "lark==1.2.1", "tqdm==4.66.3")

    assert status == 1
    assert "lark 1.2.1: CVE-lark-lark-lark GHSA-lark-lark-lark: WEAK" in said


def test_it_is_clean_where_each_was_answered_for(tmp_path: Path) -> None:
    with service(weak()) as url:
        status, said = audited(url, tmp_path, "lark==1.2.1", "et_xmlfile==2.0.0")

    assert status == 0
    assert "2 asked about, nothing else is known" in said


def test_what_is_accepted_is_told_and_fails_nothing(tmp_path: Path) -> None:
    with service(weak(geopandas="CVE-2025-69662")) as url:
        status, said = audited(url, tmp_path, "geopandas==1.0.0")

    assert status == 0
    assert "geopandas 1.0.0: CVE-2025-69662" in said
    assert "accepted: " in said


@pytest.mark.parametrize("answers", [lambda name: (200, "{}"), lambda name: (404, "no")])
def test_who_knows_nothing_of_an_old_release_is_no_service(tmp_path: Path, answers: Answers) -> None:
    with service(answers) as url:
        status, said = audited(url, tmp_path, "lark==1.2.1")

    assert status == 0
    assert "SKIPPED" in said
    assert "nothing else is known" not in said


def test_nobody_there_is_told(tmp_path: Path) -> None:
    with service(weak()) as url:
        pass

    status, said = audited(url, tmp_path, "lark==1.2.1")

    assert (status, said.partition(":")[0]) == (0, "audit")
    assert "SKIPPED, no advisory service can be asked" in said


@pytest.mark.parametrize(("code", "body"), [(500, "down"), (200, '{"error": "too many questions"}')])
def test_half_an_answer_fails_the_audit(tmp_path: Path, code: int, body: str) -> None:
    with service(failing(code, body)) as url:
        status, said = audited(url, tmp_path, "urllib3==2.7.0", "lark==1.2.1")

    assert status == 1
    assert "FAILED" in said


# The floors


def script(name: str) -> ModuleType:
    spec = spec_from_file_location(name, CI / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compared(pins: dict[str, str], folder: Path) -> int:
    module = script("floors")
    vars(module)["LAST_PYTHON"] = sys.version_info[:2]
    (folder / "pins.txt").write_text("".join(f"{name}=={version}\n    # via x\n" for name, version in pins.items()))
    status: int = module.main(str(folder / "pins.txt"))
    return status


def lowest() -> dict[str, str]:
    module = script("floors")
    return dict(module.floors(module.tomllib.loads(module.PROJECT.read_text())["project"]))


def test_the_lowest_versions_are_the_floors_or_their_first_releases(tmp_path: Path) -> None:
    assert compared({name: f"{version}.0" for name, version in lowest().items()}, tmp_path) == 0


def test_a_floor_that_cannot_be_had_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compared({**lowest(), "pandas": "3.1.1"}, tmp_path) == 1

    assert "pandas" in capsys.readouterr().out


def test_a_floor_that_was_not_installed_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pins = lowest()
    del pins["dask"]

    assert compared(pins, tmp_path) == 1
    assert "dask" in capsys.readouterr().out


# What users are told


def test_security_names_every_dependency_with_its_floor() -> None:
    page = (CI.parent / "SECURITY.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w, -]+) \| ([\d.]+) \| ", page, re.MULTILINE)
    told = {name: floor for names, floor in rows for name in names.split(", ")}
    unknown = re.search(r"^Of ([\w\s,-]+) and\s+([\w-]+) nothing was known", page, re.MULTILINE)
    assert unknown is not None
    others = {*re.split(r",\s+", unknown[1]), unknown[2]}

    wanted = lowest()

    assert told == {name: wanted[name] for name in told}
    assert not told.keys() & others
    assert told.keys() | others == wanted.keys()


def test_what_the_audit_accepts_is_told_in_security() -> None:
    page = (CI.parent / "SECURITY.md").read_text(encoding="utf-8")

    assert [name for name in script("audit").ACCEPTED if name not in page] == []
