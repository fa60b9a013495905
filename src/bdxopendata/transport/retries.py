"""When a failed exchange is repeated, and how long to wait before.

There is one retry layer, around request, reading and checking together: a body that breaks off half-way is repeated
like a refused connection. A budget shared by the whole process keeps many threads from beating a portal that is down.
"""

from __future__ import annotations

import logging
import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TypeVar

from bdxopendata.errors import BdxOpenDataError, NetworkError, UnexpectedAnswerError, excerpt
from bdxopendata.transport.deadline import Deadline

log: logging.Logger = logging.getLogger("bdxopendata")
T = TypeVar("T")

# Replaced by tests; looked up at each call.
sleep: Callable[[float], None] = time.sleep
jitter: Callable[[float, float], float] = random.uniform

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 20.0
# A portal may ask to wait; longer than this it is the caller's business, not ours, to wait.
LONGEST_WAIT_ASKED = 60.0

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?\Z")


class Kind(Enum):
    """Why an exchange failed, as far as it matters for repeating it."""

    UNREACHABLE = "unreachable"
    BROKEN = "broken"
    SILENT = "silent"
    SERVER = "server"
    THROTTLED = "throttled"
    ANSWER = "answer"
    FINAL = "final"


# How often at most a kind is repeated within the retries that the settings allow. A server that says nothing costs a
# whole time-out each time, and an answer that makes no sense is rarely a matter of luck.
_MOST_REPEATS = {Kind.SILENT: 2, Kind.ANSWER: 1, Kind.FINAL: 0}


class Failure(Exception):
    """One failed attempt: the error it becomes if it is the last, and what may be done first.

    Parameters
    ----------
    make
        Words the error, given the number of attempts.
    wait
        Seconds that the portal asked to wait.
    root
        The operating system's or decoder's own error. Never one of requests or urllib3: their texts hold addresses
        with query, and their objects the headers.
    """

    def __init__(
        self,
        kind: Kind,
        make: Callable[[int], BdxOpenDataError],
        *,
        wait: float | None = None,
        root: BaseException | None = None,
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.make = make
        self.wait = wait
        self.root = root


class Budget:
    """Tokens for retries, shared by all threads of the process: a retry takes 5, a success gives 1 back."""

    CAPACITY = 100
    PRICE = 5

    def __init__(self) -> None:
        self.refill()

    def refill(self) -> None:
        """Start full, with a lock that no thread of a parent process holds."""
        self._lock = threading.Lock()
        self._tokens = self.CAPACITY

    @property
    def tokens(self) -> int:
        """Tokens left."""
        return self._tokens

    def take(self) -> bool:
        """Pay for one retry; False if the budget is used up."""
        with self._lock:
            if self._tokens < self.PRICE:
                return False
            self._tokens -= self.PRICE
            return True

    def give(self) -> None:
        """Count a success."""
        with self._lock:
            self._tokens = min(self.CAPACITY, self._tokens + 1)


BUDGET = Budget()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=BUDGET.refill)


def repeat(attempt: Callable[[], T], *, retries: int, deadline: Deadline, what: str) -> T:
    """Carry out `attempt` until it succeeds or must not be repeated; `what` names it in the log.

    Only `Failure` is handled. All else passes at once, an interrupt by the user first of all.
    """
    repeats: Counter[Kind] = Counter()
    attempts = 0
    while True:
        attempts += 1
        failure = None
        try:
            result = attempt()
        except Failure as caught:
            failure = caught
        # Raised outside the handler, so that the error does not drag along the attempt's context.
        if failure is None:
            BUDGET.give()
            return result
        pause = _pause(failure, repeats, attempts, retries, deadline)
        if pause is None:
            raise failure.make(attempts) from failure.root
        repeats[failure.kind] += 1
        log.info("%s: %s; attempt %d of %d in %.1f s", what, _reason(failure), attempts + 1, retries + 1, pause)
        sleep(pause)


def _reason(failure: Failure) -> str:
    error = failure.make(1)
    if isinstance(error, NetworkError):
        why = error.reason
    elif isinstance(error, UnexpectedAnswerError):
        why = error.problem
    else:
        why = f"status {error.status_code}" if error.status_code else type(error).__name__
    return f"{failure.kind.value} ({excerpt(why, 100)})"


def _pause(failure: Failure, repeats: Counter[Kind], attempts: int, retries: int, deadline: Deadline) -> float | None:
    if attempts > retries or repeats[failure.kind] >= _MOST_REPEATS.get(failure.kind, retries):
        return None
    pause = _length(failure, attempts)
    # Waiting into the deadline would turn the reason known now into a mere "too late".
    if pause is None or pause >= deadline.remaining:
        return None
    return pause if BUDGET.take() else None


def _length(failure: Failure, attempts: int) -> float | None:
    longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (attempts - 1))
    if failure.wait is not None:
        if failure.wait > LONGEST_WAIT_ASKED:
            return None
        return failure.wait + jitter(0.0, min(FIRST_PAUSE, longest))
    if failure.kind is Kind.THROTTLED:
        return longest / 2 + jitter(0.0, longest / 2)
    return jitter(0.0, longest)


def read_retry_after(text: str | None, now: datetime | None = None) -> float | None:
    """Read a ``Retry-After`` header: seconds or an HTTP date; None for anything else, such as ``soon``, -1 or nan."""
    text = (text or "").strip()
    if _SECONDS.match(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
