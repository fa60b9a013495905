"""What an observation is: one row of a live frame, told from others by what the portal said.

What the library works out (``age``, ``occupancy`` …) follows from the rest and from the clock; it tells nothing apart.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import shapely

from bdxopendata.lineage import ATTRIBUTE

if TYPE_CHECKING:
    from collections.abc import Iterable

OBSERVED_AT = "observed_at"
AGE = "age"
MARK_BYTES = 16
# Answers of before that are recognised without a key: those of some machines of the portal, a few polls behind.
RECENT = 64


def told_by_portal(frame: pd.DataFrame) -> list[str]:
    """Columns of a frame that the portal gave: all of them, but those that a topic derived and the age."""
    topic = frame.attrs.get(ATTRIBUTE, {}).get("topic", {})
    names = [str(name) for name in frame.columns]
    derived = {AGE}
    if "dataset" in names and topic:
        own = names[: names.index("dataset")]
        given = {name for source in topic["sources"] for name in source["columns"]}
        derived |= {name for name in own if name not in given}
    return [name for name in names if name not in derived]


def marks(frame: pd.DataFrame, key: Sequence[str] = (), observed_at: str = OBSERVED_AT) -> list[bytes]:
    """Make the mark of each row: equal marks, equal observations.

    Without `key` a mark stands for all that the portal gave, so that nothing is taken for known that differs at all.
    With it, for these columns and the moment; rows without a moment are told apart by all.
    """
    everything = _digests(frame, told_by_portal(frame))
    if not key:
        return everything
    keyed = _digests(frame, [*key, observed_at])
    timeless = frame[observed_at].isna().tolist()
    return [whole if gap else short for whole, short, gap in zip(everything, keyed, timeless, strict=True)]


def fingerprint(rows: Iterable[bytes]) -> bytes:
    """Make the mark of a frame of the marks of its rows, in whatever order."""
    return blake2b(b"".join(sorted(rows)), digest_size=MARK_BYTES).digest()


def newest(frame: pd.DataFrame, observed_at: str = OBSERVED_AT) -> pd.Timestamp | None:
    """Find the last moment of a frame; None where no row has one."""
    if observed_at not in frame or not isinstance(frame[observed_at].dtype, pd.DatetimeTZDtype):
        return None
    moment = frame[observed_at].max()
    return None if pd.isna(moment) else pd.Timestamp(moment)


class Seen:
    """What the frames before were, as far as it takes to tell whether one is new. Its size is that of one frame."""

    def __init__(self, key: Sequence[str] = ()) -> None:
        self._key = list(key)
        self._last: bytes | None = None
        self._recent: deque[bytes] = deque(maxlen=RECENT)
        self._newest: pd.Timestamp | None = None
        self._moments: pd.Series | None = None

    def compare(self, frame: pd.DataFrame) -> Literal["new", "same", "older"]:
        """Tell whether a frame is new, the same as the one before, or an answer of before; take note of a new one."""
        whole = fingerprint(marks(frame))
        if whole == self._last:
            return "same"
        last, moments = newest(frame), self._by_key(frame)
        if self._is_older(whole, last, moments):
            return "older"
        self._last, self._newest, self._moments = whole, last, moments
        self._recent.append(whole)
        return "new"

    def _is_older(self, whole: bytes, last: pd.Timestamp | None, moments: pd.Series | None) -> bool:
        if moments is not None and self._moments is not None:
            before, now = self._moments.align(moments, join="inner")
            return bool((now < before).any() and not (now > before).any())
        went_back = last is not None and self._newest is not None and last < self._newest
        # A question with conditions may lose its newest row; an answer that was here before is one of before.
        return went_back and whole in self._recent

    def _by_key(self, frame: pd.DataFrame) -> pd.Series | None:
        if not self._key or not {*self._key, OBSERVED_AT} <= set(frame.columns):
            return None
        names = pd.Series(list(zip(*(frame[name].astype(object) for name in self._key), strict=True)), dtype=object)
        return frame[OBSERVED_AT].reset_index(drop=True).groupby(names.astype(str)).max()


def _digests(frame: pd.DataFrame, names: Sequence[str]) -> list[bytes]:
    columns = [(name.encode(), _encoded(frame[name])) for name in sorted(names)]
    made = []
    for row in range(len(frame)):
        hasher = blake2b(digest_size=MARK_BYTES)
        for name, values in columns:
            value = values[row]
            # A column of nothing changes nothing: the portal may add and drop such.
            if value is not None:
                hasher.update(b"%d:%b%d:%b" % (len(name), name, len(value), value))
        made.append(hasher.digest())
    return made


def _encoded(column: pd.Series) -> list[bytes | None]:
    """Bring values to bytes that are the same whatever dtype they came with; None where one is missing."""
    if column.dtype == "geometry":
        return [None if one is None else b"g" + one for one in shapely.to_wkb(np.asarray(column.array))]
    gaps = column.isna().tolist()
    if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind in "mM":
        counts = column.to_numpy(dtype="datetime64[us]" if column.dtype.kind == "M" else "timedelta64[us]")
        texts = [b"t%d" % one for one in counts.astype("int64").tolist()]
    else:
        texts = [_bytes(one) for one in column.astype(object).tolist()]
    return [None if gap else text for text, gap in zip(texts, gaps, strict=True)]


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return b"s" + value.encode("utf-8", "surrogatepass")
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=True, default=str).encode()


def _plain(value: Any) -> Any:
    """Numbers as one text, whether whole or not and exact or not; containers with such inside."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, float, Decimal, np.number)):
        return _number(value)
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(one) for one in value]
    return value


def _number(value: Any) -> str:
    if isinstance(value, (int, np.integer)):
        return f"#{int(value)}"
    if isinstance(value, Decimal):
        return f"#{value.normalize():f}" if value.is_finite() else f"#{value}"
    number = float(value)
    return f"#{int(number)}" if number.is_integer() else f"#{number!r}"
