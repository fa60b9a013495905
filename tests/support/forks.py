"""A process that has everything imported and forks children, so that hundreds of them take seconds to begin.

Forking the process of the tests itself would copy its threads' locks; beginning anew would import for seconds each.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__)


class Children:
    """Children of a process that has imported `module`: begun, killed and waited for by number."""

    def __init__(self, module: str, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE), module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), *sys.path]), **environment},
        )
        assert self._said(None) == "ready"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate(timeout=60)

    def begin(self, function: str, *args: Any) -> int:
        """Call a function of the module in a child, and return the child's number."""
        return int(self._said(["begin", function, *args]))

    def kill(self, child: int) -> int:
        """Kill a child with SIGKILL; return how it ended, -9 or 0 where it had ended before."""
        return int(self._said(["kill", child]))

    def wait(self, child: int) -> int:
        """Wait until a child ends; return its exit status."""
        return int(self._said(["wait", child]))

    def _said(self, order: list[Any] | None) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if order is not None:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        return self._process.stdout.readline().strip()


def serve(module: str) -> None:
    """Begin, kill and wait for children as told on the standard input; what is left at its end is killed."""
    functions = importlib.import_module(module)
    left: set[int] = set()
    _say("ready")
    for line in sys.stdin:
        order, subject, *args = json.loads(line)
        if order == "begin":
            child = os.fork()
            if not child:
                _become(functions, subject, args)
            left.add(child)
            _say(child)
            continue
        if order == "kill":
            os.kill(subject, signal.SIGKILL)
        _say(os.waitstatus_to_exitcode(os.waitpid(subject, 0)[1]))
        left.discard(subject)
    for child in left:
        os.kill(child, signal.SIGKILL)


def _become(functions: Any, name: str, args: list[Any]) -> None:
    # What the parent reads from, and answers on, is not the child's.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    try:
        getattr(functions, name)(*args)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
