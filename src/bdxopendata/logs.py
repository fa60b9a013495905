"""The library's log: silent until somebody listens, and no line of it hands a command to a terminal.

All modules log to ``bdxopendata``. What a portal wrote stands in many of their lines, so it is escaped here, once, for
all of them. Values stay apart from the words around them, for those who group lines by their words.
"""

from __future__ import annotations

import logging

from bdxopendata.errors import printable

NAME = "bdxopendata"


def quieten() -> None:
    """Give the logger what a library's logger has. May be called again."""
    log = logging.getLogger(NAME)
    if not any(isinstance(one, logging.NullHandler) for one in log.handlers):
        # Without a handler Python would print warnings of the log to stderr by itself.
        log.addHandler(logging.NullHandler())
    if not any(isinstance(one, _Plain) for one in log.filters):
        log.addFilter(_Plain())


class _Plain(logging.Filter):
    """Escapes control characters in the values of a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_plain(one) for one in record.args)
        return True


def _plain(value: object) -> object:
    # Line ends too: a line of a log is one line.
    return value if isinstance(value, int | float) else printable(str(value)).replace("\n", "\\n")
