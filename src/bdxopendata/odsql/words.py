"""Words in columns of text: what full-text search, ``search``, ``suggest`` and LIKE look at.

Texts are cut into words without case and accents. Each different word is looked at once; which rows hold it is counted
afterwards, so the cost of a search grows with the vocabulary, not with the rows.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]

_BETWEEN_WORDS = r"[^\pL\pN]+"


class Words:
    """The words of some columns, row by row."""

    def __init__(self, columns: Sequence[Any], length: int) -> None:
        self._columns = columns
        self._length = length

    @cached_property
    def _indexed(self) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        rows: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
        words: list[Any] = [pa.array([], pa.string())]
        for column in self._columns:
            texts, owners = flattened(column)
            pieces = pc.split_pattern_regex(folded(texts), _BETWEEN_WORDS)
            parents = pc.list_parent_indices(pieces).to_numpy()
            rows.append(owners[parents])
            words.append(pc.list_flatten(pieces).cast(pa.string()))
        encoded = pa.chunked_array(words).combine_chunks().dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return encoded.dictionary.to_pylist(), codes, np.concatenate(rows)

    def holding(self, fits: Callable[[str], bool]) -> Mask:
        """Rows with a word that fits."""
        vocabulary, codes, rows = self._indexed
        wanted = np.fromiter((bool(word) and fits(word) for word in vocabulary), bool, len(vocabulary))
        mask = np.zeros(self._length, bool)
        mask[rows[wanted[codes]]] = True
        return mask

    def holding_all(self, tests: Sequence[Callable[[str], bool]]) -> Mask:
        """Rows with a word for each test; none at all where there is no test."""
        mask = np.full(self._length, bool(tests))
        for test in tests:
            mask &= self.holding(test)
        return mask


def exactly(text: str) -> list[Callable[[str], bool]]:
    """Make the tests of a full-text query: each of its words."""
    return [word.__eq__ for word in split(text)]


def beginning(text: str) -> list[Callable[[str], bool]]:
    """Make the tests of ``suggest``: words that begin like each word of the text."""
    return [lambda word, start=start: word.startswith(start) for start in split(text)]  # type: ignore[misc]  # default binds


def nearly(text: str) -> list[Callable[[str], bool]]:
    """Make the tests of ``search``: each word with few misspellings, the last one as a beginning."""
    *first, last = split(text) or [""]
    if not last:
        return []
    tests: list[Callable[[str], bool]] = [_near(word) for word in first]
    near_last = _near(last)
    return [*tests, lambda word: word.startswith(last) or near_last(word)]


def patterned(text: str) -> list[Callable[[str], bool]]:
    """Make the tests of LIKE: each word, where ``*`` stands for the rest of a word."""
    pieces = [piece for piece in re.split(r"[^\w*]+|_+", fold(text)) if piece.strip("*")]
    return [re.compile(fnmatch.translate(piece)).match for piece in pieces]  # type: ignore[misc]  # a match is true


def split(text: str) -> list[str]:
    """Cut one text into its words."""
    return [word for word in pc.split_pattern_regex(pa.scalar(fold(text)), _BETWEEN_WORDS).as_py() if word]


def fold(text: str) -> str:
    """One text without case and accents."""
    return str(folded(pa.array([text]))[0])


def folded(texts: Any) -> Any:
    """Texts without case and accents."""
    return pc.utf8_lower(pc.replace_substring_regex(pc.utf8_normalize(texts, form="NFKD"), r"\pM", ""))


def flattened(column: Any) -> tuple[Any, npt.NDArray[np.int64]]:
    """Give the texts of a column that may hold several per row, and the row of each."""
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return pc.list_flatten(column), pc.list_parent_indices(column).to_numpy().astype(np.int64)
    return column, np.arange(len(column))


def _near(term: str) -> Callable[[str], bool]:
    allowed = 2 if len(term) > 5 else 1 if len(term) > 2 else 0
    return lambda word: word == term or (allowed > 0 and _distance_within(word, term, allowed))


def _distance_within(left: str, right: str, most: int) -> bool:
    """Whether at most `most` insertions, deletions and replacements turn one word into the other."""
    if abs(len(left) - len(right)) > most:
        return False
    previous = list(range(len(right) + 1))
    for row, character in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            current.append(min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (character != other)))
        if min(current) > most:
            return False
        previous = current
    return previous[-1] <= most
