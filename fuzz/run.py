"""Fuzz one target, guided by coverage, and keep what reaches new code.

    python fuzz/run.py csv --seconds 600

Needs atheris (Linux or macOS). What makes a target fail is left in `fuzz/found`; the corpus, in `fuzz/corpus`, is
made as small as it can be without losing coverage, and replayed by the ordinary tests.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

HERE = Path(__file__).parent
# A file of the corpus is worth keeping while it is small; a corpus is read at each run of the tests.
LARGEST = 4096
MOST_FILES = 150


def main() -> int:
    """Run the target for a while in a process of its own, then keep a small corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--fuzz", metavar="FLAG", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.fuzz is not None:
        fuzz(args.target, args.fuzz[0], args.fuzz[1:])
        return 0
    kept = HERE / "corpus" / args.target
    found = HERE / "found"
    found.mkdir(exist_ok=True)
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bdx-fuzz-") as scratch:
        work, small = Path(scratch, "work"), Path(scratch, "small")
        work.mkdir()
        small.mkdir()
        seeds(args.target, work)
        command = command_in(Path(scratch), args.target)
        flags = [f"-artifact_prefix={found}/{args.target}-", "-timeout=25", "-rss_limit_mb=2048"]
        bounds = [f"-max_total_time={args.seconds}", "-max_len=16384", "-print_final_stats=1"]
        code = subprocess.run([command, *flags, *bounds, work, kept], check=False).returncode
        subprocess.run([command, "-merge=1", f"-max_len={LARGEST}", small, kept, work], check=False)
        files = sorted(small.iterdir(), key=lambda one: one.stat().st_size)
        if files:
            shutil.rmtree(kept)
            kept.mkdir()
            for one in files[:MOST_FILES]:
                shutil.copy(one, kept / one.name[:16])
    return code


def command_in(folder: Path, target: str) -> Path:
    """Write the fuzzer as one command: it ends its process when it is done, and starts itself again to merge."""
    command = folder / "fuzzer"
    words = [sys.executable, os.fspath(Path(__file__).resolve()), target, "--fuzz", os.fspath(command)]
    command.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    command.chmod(0o700)
    return command


def fuzz(name: str, command: str, flags: list[str]) -> None:
    """Hand the target to atheris; does not come back."""
    import atheris

    with atheris.instrument_imports(include=["bdxopendata", "targets", "lark", "csv", "json"]):
        from targets import TARGETS
    target, seen = TARGETS[name], set()

    def keep_going(data: bytes) -> None:
        # Each mistake is kept once, and the search goes on: the first one found is rarely the only one.
        try:
            target(data)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            mark = f"{type(error).__name__}-{Path(where.filename).stem}-{where.lineno}"
            if mark not in seen:
                seen.add(mark)
                (HERE / "found" / f"{name}-{mark}").write_bytes(data)
                traceback.print_exc()

    atheris.Setup([command, *flags], keep_going)
    atheris.Fuzz()


def seeds(target: str, folder: Path) -> None:
    """Write what a portal might send, to begin with."""
    from seeds import SEEDS

    for place, body in enumerate(SEEDS[target]()):
        (folder / f"seed-{place}").write_bytes(body)


if __name__ == "__main__":
    sys.path.insert(0, os.fspath(HERE))
    sys.exit(main())
