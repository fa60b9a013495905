"""What the exit status of a command says; the help and the documentation tell the same."""

from __future__ import annotations

OK = 0
ERROR = 1
USAGE = 2
NOTHING_FOUND = 3
INTERRUPTED = 130
