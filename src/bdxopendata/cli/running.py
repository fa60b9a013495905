"""Running a command: arguments to a status, and whatever goes wrong to one line."""

from __future__ import annotations

import argparse
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from bdxopendata.cli import wording
from bdxopendata.cli.statuses import ERROR, INTERRUPTED, OK
from bdxopendata.errors import BdxOpenDataError, BdxOpenDataWarning, DatasetNotFoundError, excerpt

# A place west of Greenwich begins with a minus sign, as options do.
_PLACE = re.compile(r"-\d[\d.,;\s-]*")
# So does the name of a field that orders from the largest.
_DESCENDING = re.compile(r"-(?![hno]\Z)[^\W\d-].*", re.DOTALL)
_TAKING = {"--near": _PLACE, "--bbox": _PLACE, "--order-by": _DESCENDING}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command named in `arguments` (by default those of the process) and return its exit status."""
    from bdxopendata.cli.parsing import parser

    say = wording.Words(wording.language(os.environ))
    given = _with_minus_signs(list(sys.argv[1:] if arguments is None else arguments))
    for stream in (sys.stdout, sys.stderr):
        _make_encodable(stream)
    asked = argparse.Namespace()
    try:
        try:
            with wording.of_argparse(say.language):
                asked = parser(say).parse_args(given)
        finally:
            # Help is written here, and its reader may have enough as well.
            sys.stdout.flush()
        asked.say = say
        with _warnings_in_a_line(say):
            status: int = asked.run(asked)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has enough. What is still to be written goes nowhere, so that the interpreter does not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return INTERRUPTED
    except (BdxOpenDataError, OSError, ValueError, TypeError, ImportError) as error:
        if not _is_said_by_us(error):
            raise
        with _warnings_in_a_line(say):
            _find_alike(error, asked)
        print(f"bdx: {excerpt(wording.error_text(error, say), wording.LONGEST)}", file=sys.stderr)
        return ERROR
    return status


def _is_said_by_us(error: BaseException) -> bool:
    """Whether an error tells of what was asked, not of a mistake in the library: a TypeError with words of ours."""
    return not isinstance(error, TypeError) or str(error).endswith(".")


def _find_alike(error: BaseException, asked: argparse.Namespace) -> None:
    """Look for ids that look like the one that is not there, where the catalogue was not listed before."""
    if type(error) is DatasetNotFoundError and not error.near and hasattr(asked, "dataset"):
        from bdxopendata.cli.asking import catalog_of

        with suppress(BdxOpenDataError):
            error.near = catalog_of(asked).near(asked.dataset)


def _with_minus_signs(given: list[str]) -> list[str]:
    """Join an option and what follows it where that begins with a minus sign and is no option."""
    joined: list[str] = []
    for one in given:
        if joined and joined[-1] in _TAKING and _TAKING[joined[-1]].fullmatch(one):
            joined[-1] = f"{joined[-1]}={one}"
        else:
            joined.append(one)
    return joined


def _make_encodable(stream: TextIO) -> None:
    """Write UTF-8 to programs and files; on a terminal, replace what it cannot show."""
    reconfigure: Any = getattr(stream, "reconfigure", None)
    if reconfigure is None:
        return
    if stream.isatty():
        reconfigure(errors="replace")
    else:
        reconfigure(encoding="utf-8", errors="replace")


@contextmanager
def _warnings_in_a_line(say: wording.Words) -> Iterator[None]:
    """Show the library's warnings as lines, each once, and nobody else's."""
    told: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        if isinstance(message, BdxOpenDataWarning):
            text = excerpt(wording.warning_text(message, say), wording.LONGEST)
            if text not in told:
                told.add(text)
                print(f"bdx: {say('warning')} {text}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", BdxOpenDataWarning)
        warnings.showwarning = show
        yield
