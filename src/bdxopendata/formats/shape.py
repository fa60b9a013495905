"""What all formats have in common: how the outside of a file is checked before its inside is read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from bdxopendata.errors import EXCERPT_LENGTH, UnexpectedAnswerError, excerpt, name_list

# What the library asks the portal to join multivalued fields with in CSV: a character made for separating, which no
# publisher types, so that joined values can be told apart again.
LIST_SEPARATOR = "\u241f"

BOM = b"\xef\xbb\xbf"
BLANK = b" \t\r\n"


def head_of(path: Path) -> str:
    """Return the beginning of a file, for messages."""
    with path.open("rb") as file:
        return file.read(4 * EXCERPT_LENGTH).decode("utf-8", errors="replace")


def tail_of(path: Path, count: int) -> bytes:
    """Return the last `count` bytes of a file."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - count))
        return file.read()


def refuse(problem: str, path: Path) -> UnexpectedAnswerError:
    """Word an error about a file, with the way it begins."""
    return UnexpectedAnswerError(problem, head_of(path))


@contextmanager
def refusing(path: Path, what: str, *errors: type[Exception]) -> Iterator[None]:
    """Turn errors of the libraries underneath into `UnexpectedAnswerError`."""
    try:
        yield
    except UnexpectedAnswerError:
        raise
    except (pa.ArrowException, OSError, *errors) as error:
        # A file that is missing here is our mistake, not the portal's.
        if isinstance(error, FileNotFoundError):
            raise
        raise refuse(f"it is no {what} that can be read ({excerpt(str(error))})", path) from error


def check_rows(rows: int, max_rows: int | None, path: Path) -> None:
    """Refuse a file that holds more rows than allowed."""
    if max_rows is not None and rows > max_rows:
        raise UnexpectedAnswerError(
            f"it holds {rows:,} rows, more than the {max_rows:,} of Settings(max_rows=…); limit() asks for fewer"
        )


def check_unique(names: Sequence[str], what: str) -> None:
    """Refuse columns of the same name."""
    seen: set[str] = set()
    twice = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
    if twice:
        raise UnexpectedAnswerError(f"{what} names {name_list(list(dict.fromkeys(twice)))} more than once")


def check_header(found: Collection[str], wanted: Collection[str]) -> None:
    """Refuse a header that does not hold exactly the wanted names, in whatever order."""
    missing = [name for name in wanted if name not in found]
    extra = [name for name in found if name not in wanted]
    if missing or extra:
        parts = [f"lacks {name_list(missing[:5])}"] if missing else []
        parts += [f"holds {name_list(extra[:5])} that was not asked for"] if extra else []
        raise UnexpectedAnswerError(f"the header of the CSV file {' and '.join(parts)}", ";".join(found))


def cut(table: pa.Table, size: int) -> Iterator[pa.Table]:
    """Cut a table into pieces of `size` rows; an empty table is one empty piece."""
    for start in range(0, max(table.num_rows, 1), size):
        yield table.slice(start, size)


def gather(pieces: Iterator[pa.Table], size: int) -> Iterator[pa.Table]:
    """Join pieces until they hold `size` rows: exporters write small groups, and many small tables are slow."""
    waiting: list[pa.Table] = []
    rows = 0
    for piece in pieces:
        waiting.append(piece)
        rows += piece.num_rows
        while rows >= size:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, size)
            waiting = [joined.slice(size)]
            rows -= size
    if rows or waiting:
        joined = pa.concat_tables(waiting)
        if joined.num_rows:
            yield joined
