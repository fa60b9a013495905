"""How much a small answer may become: what is tiny on the wire may be huge in memory.

Compression can make a thousand bytes of one, and each empty list of JSON, three bytes long, takes dozens in memory. So
besides `Settings.max_bytes` and `Settings.max_rows`, which bound what is large and honest, these bound what grows.
"""

from __future__ import annotations

from bdxopendata.errors import UnexpectedAnswerError

# A page of a hundred rows with large shapes has tens of megabytes; what is larger belongs into a file.
MOST_JSON_BYTES = 48 * 1024**2
# Some 72 bytes each in the worst case, so about a quarter of a gigabyte.
MOST_JSON_VALUES = 3_500_000
# One row, as a line.
LONGEST_LINE = 64 * 1024**2

# Text of rows shrinks to a tenth or a thirtieth; what shrinks more than this was made for it.
MOST_INFLATION = 200
# Below this much nothing is looked at: short answers may well be all alike.
INFLATED_FREELY = 32 * 1024**2

# Decoded columns of a Parquet file, in relation to the file; smaller tables may be anything.
MOST_EXPANSION = 100
EXPANDED_FREELY = 384 * 1024**2


def check_json(body: bytes) -> None:
    """Refuse JSON that would become more values than fit into some hundreds of megabytes.

    Raises
    ------
    UnexpectedAnswerError
        If it is larger, or has more values; they are counted by their separators, without decoding.
    """
    if len(body) > LONGEST_LINE:
        raise UnexpectedAnswerError(f"it is one piece of JSON of {len(body):,} bytes")
    values = sum(body.count(one) for one in (b",", b":", b"[", b"{"))
    if values > MOST_JSON_VALUES:
        raise UnexpectedAnswerError(f"it is JSON of some {values:,} values, more than the {MOST_JSON_VALUES:,} allowed")


def is_inflated(wire: int, decoded: int) -> bool:
    """Whether so few bytes on the wire became so many that they were made to fill memory or disk."""
    return decoded > INFLATED_FREELY and decoded > wire * MOST_INFLATION


def is_expanded(stored: int, decoded: int) -> bool:
    """Whether a table is so much larger than its file that the file was made to fill memory."""
    return decoded > EXPANDED_FREELY and decoded > stored * MOST_EXPANSION
