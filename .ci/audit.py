"""Ask for known weaknesses of what is installed, and of the files of pinned versions that are named.

Where no advisory service can be asked, that is said, and is no failure. Not everything that answers is one: an index
of one's own may answer that it knows no project at all. So the first question is about a release whose weaknesses have
been public for years; who does not know those knows none. From then on each dependency must be answered for.

ADVISORY_SERVICE names a service in place of the index: a URL that speaks the API of OSV, such as
https://api.osv.dev/v1/query.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

OURS = "bdxopendata"
KNOWN_FOR_YEARS = "urllib3==1.24.1"
PATIENCE = 600

# Weaknesses that a floor may have, because the library has nothing to do with them. SECURITY.md says the same.
ACCEPTED: Mapping[str, str] = {"CVE-2025-69662": "geopandas.to_postgis, which is not called"}


class UnansweredError(Exception):
    """Somebody was asked, and gave no answer that can be read."""


def ask(pins: Path) -> list[dict[str, Any]]:
    """Return what is said of each pinned version."""
    where = os.environ.get("ADVISORY_SERVICE")
    service = ["--vulnerability-service=osv", f"--osv-url={where}"] if where else []
    options = ["--format=json", "--progress-spinner=off", "--no-deps", "--disable-pip", *service]
    # In a folder of its own: what was answered another day does not count.
    with tempfile.TemporaryDirectory() as cache:
        asked = [sys.executable, "-m", "pip_audit", *options, f"--cache-dir={cache}", f"--requirement={pins}"]
        try:
            done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise UnansweredError(f"no answer in {PATIENCE} seconds") from error
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError) as error:
        lines = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise UnansweredError(lines[-1]) from error
    return found


def is_service(folder: Path) -> bool:
    """Whether somebody answers who knows weaknesses; says so where not."""
    pins = folder / "known.txt"
    pins.write_text(KNOWN_FOR_YEARS + "\n", encoding="utf-8")
    try:
        knows = any(one.get("vulns") for one in ask(pins))
    except UnansweredError as error:
        print(f"audit: SKIPPED, no advisory service can be asked: {error}")
        return False
    if not knows:
        print(f"audit: SKIPPED, who answers is no advisory service: it knows nothing even of {KNOWN_FOR_YEARS}")
    return knows


def is_clean(what: str, pins: Path) -> bool:
    """Whether each pinned version was answered for, and nothing but what is accepted is known of any."""
    try:
        said = ask(pins)
    except UnansweredError as error:
        print(f"audit: FAILED, {what}: the service answered at first, and then not: {error}")
        return False
    clean = True
    lines = pins.read_text("utf-8").splitlines()
    wanted = {canonicalize_name(line.partition("==")[0]) for line in lines if "==" in line}
    answered = {canonicalize_name(one["name"]) for one in said if "vulns" in one}
    if wanted - answered:
        print(f"audit: FAILED, {what}: nothing was said of {', '.join(sorted(wanted - answered))}")
        clean = False
    for one in said:
        for weakness in one.get("vulns", ()):
            names = [weakness["id"], *weakness.get("aliases", ())]
            reason = next((ACCEPTED[name] for name in names if name in ACCEPTED), None)
            mended = ", ".join(weakness.get("fix_versions", ())) or "no release"
            verdict = f"accepted: {reason}" if reason else f"WEAK, mended by {mended}"
            print(f"audit: {what}: {one['name']} {one['version']}: {' '.join(names)}: {verdict}")
            clean &= reason is not None
    if clean:
        print(f"audit: {what}: {len(answered)} asked about, nothing else is known")
    return clean


def installed(folder: Path) -> Path:
    """Write down what is installed here."""
    found = {(one.name, one.version) for one in distributions() if one.name.lower() != OURS}
    pins = folder / "installed.txt"
    pins.write_text("".join(f"{name}=={version}\n" for name, version in sorted(found)), encoding="utf-8")
    return pins


def main(files: Sequence[str]) -> int:
    """Audit what is installed, and each file; or only the files that follow ``--only``. 1 where a weakness is known."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lists = {Path(file).name: Path(file) for file in files if file != "--only"}
        if "--only" not in files:
            lists = {"installed": installed(folder), **lists}
        if not is_service(folder):
            return 0
        wrong = [what for what, pins in lists.items() if not is_clean(what, pins)]
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
