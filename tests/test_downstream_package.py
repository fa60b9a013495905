"""The example of a package that depends on the library and tests itself with the fixture `bdx_portal`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "downstream_package"


def test_its_tests_run_as_its_own_developers_run_them(tmp_path: Path) -> None:
    paths = [str(EXAMPLE / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    # What the person who runs the tests has set must not reach them.
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "BDXOPENDATA_PORTAL": "http://127.0.0.1:9",
        "BDXOPENDATA_OFFLINE": "1",
        "BDXOPENDATA_CACHE_DIR": str(tmp_path / "theirs"),
    }

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--disable-socket", "--allow-hosts=127.0.0.1"],
        cwd=EXAMPLE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed is not None
    assert int(passed[1]) >= 13
    assert not (tmp_path / "theirs").exists()
