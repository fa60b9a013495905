"""Arguments of plain kinds: a whole number, a measure, yes or no, text. NumPy's are taken as Python's."""

from __future__ import annotations

import math


def whole(name: str, value: object, *, least: int = 0) -> int | None:
    """Check a whole number from `least`; None stays None.

    Raises
    ------
    TypeError
        If it is no whole number.
    ValueError
        If it is less.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is a whole number, not {type(value).__name__}.")
    number: int = value.__index__()
    if number < least:
        raise ValueError(f"{name} is a number from {least}, not {number}.")
    return number


def measure(name: str, value: object) -> float | None:
    """Check a number from 0, whole or not; None stays None.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is negative or not finite.
    """
    if value is None:
        return None
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        raise TypeError(f"{name} is a number, not {type(value).__name__}.")
    number = float(value)
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"{name} is a number from 0, not {value}.")
    return number


def flag(name: str, value: object) -> bool | None:
    """Check True, False or None, which stays None.

    Raises
    ------
    TypeError
        If it is anything else.
    """
    if value is None or isinstance(value, bool):
        return value
    if type(value).__name__ in ("bool", "bool_") and type(value).__module__ == "numpy":
        return bool(value)
    raise TypeError(f"{name} is True, False or None, not {type(value).__name__}.")
