"""The search for keys finds one in each place where a test may leave it: seen to fail, in a run of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

CONFTEST = """
from support.key_guard import KeyGuard

def pytest_configure(config):
    config.addinivalue_line("markers", "leaves_keys: leaves keys on purpose")
    config.pluginmanager.register(KeyGuard(), "key-guard")
"""

HEAD = """
import base64, gzip, logging, subprocess, sys, warnings, zipfile
import pyarrow as pa, pyarrow.parquet as pq
import pytest, requests
from bdxopendata.config import Settings
from bdxopendata.errors import BdxOpenDataError, DataQualityWarning, NetworkError
from bdxopendata.portals import Portal
from bdxopendata.testing import StandIn
from bdxopendata.transport import Transport
from support.faulty_portal import FaultyPortal, answer

KEY = "not-a-k e-y".replace(" ", "") + "-but-kept-as-one"
SETTINGS = lambda folder: Settings(api_key=KEY, cache_dir=folder)
"""

# What a test does with a key, and the words with which it must be caught.
LEAKS = {
    "log at DEBUG": ('logging.getLogger("bdxopendata").debug("asked with %s", KEY)', "the log of bdxopendata"),
    "log whose level is high": (
        'log = logging.getLogger("bdxopendata"); log.setLevel("ERROR"); log.info("%s", {"a": KEY})',
        "the log of bdxopendata",
    ),
    "log of urllib3": (
        'logging.getLogger("urllib3.connectionpool").debug("GET /x?apikey=%s", KEY)', "the log of urllib3",
    ),
    "log of requests": ('logging.getLogger("requests").debug(KEY)', "the log of requests"),
    "traceback in a log": (
        "try:\n        raise ValueError(KEY)\n    except ValueError:\n"
        '        logging.getLogger("bdxopendata").debug("it failed", exc_info=True)',
        "the log of bdxopendata",
    ),
    "error that is caught": (
        'with pytest.raises(BdxOpenDataError):\n        raise NetworkError("host", f"no answer to {KEY}")',
        "a NetworkError",
    ),
    "warning that is caught": (
        'with pytest.warns(DataQualityWarning):\n        warnings.warn(f"odd {KEY}", DataQualityWarning)',
        "a DataQualityWarning",
    ),
    "stdout": ("print(KEY)", "Captured stdout"),
    "stderr": ("sys.stderr.write(KEY)", "Captured stderr"),
    "stdout that is taken": ("print(KEY); capsys.readouterr()", "stdout"),
    "output of a process": (
        'subprocess.run([sys.executable, "-c", f"print({KEY!r})"], capture_output=True, check=True)', "stdout",
    ),
    "file": ('(tmp_path / "a").write_bytes(b"\\0" + KEY.encode())', "/a"),
    "name of a file": ('(tmp_path / KEY).write_text("")', "the name of"),
    "file in a folder": ('(tmp_path / "b").mkdir(); (tmp_path / "b" / "c").write_text(KEY)', "/b/c"),
    "footer of a parquet file": (
        'pq.write_table(pa.table({"x": [1]}).replace_schema_metadata({"note": KEY}), tmp_path / "a.parquet")',
        "a.parquet",
    ),
    "footer that a plain search does not see": (
        'field = pa.field("x", pa.int64(), metadata={"note": KEY})\n'
        '    pq.write_table(pa.table([[1]], schema=pa.schema([field])), tmp_path / "a.parquet")\n'
        '    assert KEY.encode() not in (tmp_path / "a.parquet").read_bytes()',
        "a.parquet, packed",
    ),
    "pages of a parquet file": (
        'rows = [f"{place} {KEY}" for place in range(500)]\n'
        '    how = dict(compression="gzip", use_dictionary=False, write_statistics=False)\n'
        '    pq.write_table(pa.table({"x": rows}), tmp_path / "a.parquet", **how)\n'
        '    assert KEY.encode() not in (tmp_path / "a.parquet").read_bytes()',
        "a.parquet, packed",
    ),
    "workbook": (
        'with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as book:\n'
        '        book.writestr("sheet.xml", KEY * 100)', "a.xlsx",
    ),
    "compressed file": ('(tmp_path / "a.gz").write_bytes(gzip.compress(KEY.encode() * 50))', "a.gz"),
    "cache folder": ('(__import__("pathlib").Path(cache) / "a").write_text(KEY)', "/a"),
    "address of a request": (
        "with FaultyPortal(answer({})) as portal:\n"
        '        requests.get(f"{portal.url}/x?apikey={KEY}", timeout=5)',
        "the address of a request",
    ),
    "header to a second host": (
        "with FaultyPortal(answer({})) as home, FaultyPortal(answer({})) as foreign:\n"
        '        Transport(Portal("x", (home.url,)), SETTINGS(tmp_path)).get_json(("catalog",))\n'
        '        requests.get(foreign.url, headers={"X-Key": KEY}, timeout=5)',
        "a request to a foreign host",
    ),
    "header to a second stand-in": (
        "with FaultyPortal(answer({})) as home, StandIn() as foreign:\n"
        '        Transport(Portal("x", (home.url,)), SETTINGS(tmp_path)).get_json(("catalog",))\n'
        '        requests.get(foreign.url, headers={"Authorization": f"Apikey {KEY}"}, timeout=5)',
        "a request to a foreign host",
    ),
}  # fmt: skip

CLEAN = {
    "nothing": "pass",
    "a question with the key": (
        "with FaultyPortal(answer({})) as home:\n"
        '        Transport(Portal("x", (home.url,)), SETTINGS(tmp_path)).get_json(("catalog",), cached=True)\n'
        '        assert home.requests[0].headers["authorization"] == f"Apikey {KEY}"'
    ),
    "a key of the test before": 'assert not list(tmp_path.iterdir()); print("another-text")',
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest tells of tests that leave a key, each in another place."""
    folder = tmp_path_factory.mktemp("leaks")
    tests = [HEAD]
    for place, body in enumerate([body for body, _ in LEAKS.values()] + list(CLEAN.values())):
        tests.append(
            f"def test_{place}(tmp_path, tmp_path_factory, monkeypatch, capsys):\n"
            '    cache = str(tmp_path_factory.mktemp("cache"))\n'
            '    monkeypatch.setenv("BDXOPENDATA_CACHE_DIR", cache)\n'
            f"    SETTINGS(tmp_path)\n    {body}\n"
        )
    (folder / "test_leaks.py").write_text("\n\n".join(tests))
    (folder / "conftest.py").write_text(CONFTEST)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", str(folder), "-rfE"],
        capture_output=True, text=True, cwd=folder, env=environment, timeout=300, check=False,
    )  # fmt: skip
    return ran.stdout + ran.stderr


@pytest.mark.leaves_keys
@pytest.mark.parametrize("leak", LEAKS)
def test_a_key_is_found(told: str, leak: str) -> None:
    place = list(LEAKS).index(leak)
    report = re.search(rf"_+ test_{place} _+\n(.*?)(?=\n_+ test_|\n=+)", told, re.DOTALL)

    assert report is not None, told[-3000:]
    assert "A key was left in" in report[1], report[1]
    assert LEAKS[leak][1] in report[1].partition("A key was left in")[2].splitlines()[0]


@pytest.mark.leaves_keys
def test_what_leaves_no_key_passes(told: str) -> None:
    assert re.search(rf"{len(LEAKS)} failed, {len(CLEAN)} passed", told), told[-3000:]
