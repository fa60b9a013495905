"""Ask a live topic again and again, as a good guest: no faster than agreed, and gone when told.

The polls run in a thread of their own, one at a time, so that whoever waits for one can leave at once.
"""

from __future__ import annotations

import contextvars
import logging
import queue
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from bdxopendata.catalog import Catalog
from bdxopendata.errors import BdxOpenDataError, ConfigurationError, QuotaExceededError, StaleDataWarning, levels_up
from bdxopendata.portals import portal_of
from bdxopendata.topics import choices, line, live, pace, when
from bdxopendata.topics.finding import catalog_of
from bdxopendata.transport import Line, Quota, last_quota

if TYPE_CHECKING:
    import pandas as pd

    from bdxopendata.topics.observations import Seen

log: logging.Logger = logging.getLogger("bdxopendata")

# Live topics by name, with the columns that tell their rows apart. A name is also that of the module and the function.
LIVE: dict[str, tuple[str, ...]] = {
    "parking": ("ident",),
    "bikes": ("station",),
    "traffic": ("segment",),
    "pools": ("pool", "zone_number"),
}

# Stopping waits this long for the poll under way to end; then it goes without.
STOPPING = 0.9
# How often a wait for an answer looks whether to stop, in seconds.
GLANCE = 0.05

Topic = str | Callable[..., Any]


def watch(
    topic: Topic,
    *,
    every: when.Span,
    times: int | None = None,
    stop: threading.Event | None = None,
    unchanged: bool = False,
    on_error: Callable[[BdxOpenDataError], object] | None = None,
    give_up_after: int | None = None,
    wait_for_quota: bool = False,
    stale_after: when.Span | None = live.STANDING,
    catalog: Catalog | str | None = None,
    **asked: Any,
) -> Watch:
    """Ask a live topic again and again, and yield each frame that is new.

    Parameters
    ----------
    topic
        ``"parking"``, ``"bikes"``, ``"traffic"``, ``"pools"``, or any function that returns a frame.
    every
        Seconds between polls, a timedelta, or text such as ``"5min"``; at least 10 s, except for a portal on this
        machine. Each tick is moved by up to a tenth at random. Ticks that pass while a poll or your own work takes long
        are left out.
    times
        How often to ask in all, failures included; None asks until stopped.
    stop
        An event that ends it when set, from any thread.
    unchanged
        Yield each answer, also one that has the same rows as the one before, or older ones.
    on_error
        Is called with each error of the library that a poll ends with.
    give_up_after
        Raise the error after so many failures in a row; None goes on.
    wait_for_quota
        When the portal accepts no more calls, wait until it does, rather than raise.
    stale_after
        Warn once when even the newest row is older than this (as `every`); None never does.
    catalog
        Where to ask; Bordeaux Métropole by default. A function is handed it only where it is given.
    **asked
        What the topic is asked with, such as ``min_free=5`` or ``labels="fr"``.

    Returns
    -------
    Watch
        Iterate over it; as a context manager it is stopped at the end. Nothing is asked before the first ``next``.

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be used; the message names the live topics.

    Notes
    -----
    While it runs: errors of the library make it wait longer, twice as long after each failure in a row and at most half
    an hour, then it goes on. What no wait can mend ends it: a setting that cannot be used, and, before the first
    success, any error that is not ``retryable``. `QuotaExceededError` ends it unless `wait_for_quota`. Errors that are
    not the library's pass.

    When few calls are left, the interval grows so that they last until the quota is renewed.
    """
    if catalog is not None:
        catalog = catalog_of(catalog)
    return Watch(
        _source(topic, catalog, asked),
        pace.Pace(_interval(every, catalog), pace.clock),
        pace.Stop(_event(stop)),
        _Rules(
            times=_count("times", times),
            unchanged=unchanged,
            on_error=on_error,
            give_up_after=_count("give_up_after", give_up_after),
            wait_for_quota=wait_for_quota,
            stale_after=when.span(stale_after, "stale_after"),
        ),
    )


class Watch:
    """Polls of a live topic, one frame at a time; made by `watch`.

    Attributes
    ----------
    topic
        Name of the live topic; empty for a function.
    polls
        How often it has asked.
    last_success
        When an answer last came, in UTC; None before the first.
    consecutive_failures
        How many polls have failed since.
    last_error
        The error of the last poll that failed.
    changed
        Whether the last answer was new.
    stale
        Whether even the newest row of the last answer was older than `stale_after`.
    """

    def __init__(self, source: _Source, steps: pace.Pace, stop: pace.Stop, rules: _Rules) -> None:
        self.topic: str = source.name if source.key else ""
        self.polls: int = 0
        self.last_success: datetime | None = None
        self.consecutive_failures: int = 0
        self.last_error: BdxOpenDataError | None = None
        self.changed: bool = False
        self.stale: bool = False
        self._source = source
        self._pace = steps
        self._clock = pace.clock
        self._stop = stop
        self._rules = rules
        self._seen: Seen | None = None
        self._wait = 0.0
        self._cost = 1
        self._turn = threading.Lock()
        self._worker = _Worker(source.cut)
        # Who drops a watch without stopping it leaves no thread behind.
        self._end = weakref.finalize(self, self._worker.end)

    def __repr__(self) -> str:
        state = "stopped" if self._stop.is_set() else f"every {self._pace.every:g} s"
        return f"<Watch of {self._source.name}, {state}: {self.polls} polls, {self.consecutive_failures} failed since>"

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        if not self._turn.acquire(blocking=False):
            raise RuntimeError("Another thread is waiting for the next frame of this watch; make one for each thread.")
        try:
            while self._may_ask():
                frame = self._poll()
                if frame is not None:
                    return frame
            raise StopIteration
        except BaseException:
            self.stop()
            raise
        finally:
            self._turn.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, from any thread: whoever waits for a frame gets none, and no further request is sent.

        Returns within a second, also while an answer is awaited. The poll under way is broken off; where that is not in
        our hands, in a function of your own, its thread ends with it.
        """
        self._stop.set()
        self._end()

    def _may_ask(self) -> bool:
        if self._stop.is_set() or self.polls == self._rules.times:
            return False
        if self.polls:
            return not self._clock.wait(self._stop, self._wait)
        return True

    def _poll(self) -> Any | None:
        """Ask once; None where there is nothing to yield."""
        before = self._source.quota()
        self.polls += 1
        try:
            frame = self._worker.run(self._source.ask, self._stop)
        except _StoppedError:
            return None
        except BdxOpenDataError as error:
            self._failed(error)
            return None
        if self._stop.is_set():
            return None
        self.last_success = self._clock.now()
        self.consecutive_failures = 0
        after = self._source.quota()
        self._cost = _spent(before, after) or self._cost
        stretched = self._pace.stretched(after, self._cost)
        self._wait = max(self._pace.next_tick(), stretched)
        if stretched > self._pace.every:
            log.info("Few calls are left: the next poll of %s is in %.0f s", self._source.name, self._wait)
        self._look_at(frame)
        return frame if self.changed or self._rules.unchanged else None

    def _look_at(self, frame: pd.DataFrame) -> None:
        from bdxopendata.topics import labels, observations

        if not hasattr(frame, "columns"):
            raise TypeError(f"{self._source.name} returns a frame, not {type(frame).__name__}.")
        frame = labels.technical(frame)
        if self._seen is None:
            self._seen = observations.Seen(self._source.key)
        self.changed = self._seen.compare(frame) == "new"
        newest = observations.newest(frame)
        was, limit = self.stale, self._rules.stale_after
        age = None if newest is None else self._clock.now() - newest
        self.stale = limit is not None and age is not None and age > limit
        if self.stale and not was and age is not None:
            warnings.warn(
                f"The newest row of {self._source.name} is {live.spoken(age)} old: the feed stands still. The watch "
                "goes on, and says no more until it has moved; stale_after= sets the threshold.",
                StaleDataWarning,
                stacklevel=levels_up(),
            )

    def _failed(self, error: BdxOpenDataError) -> None:
        """Note a failure and how long to wait, or raise it."""
        self.consecutive_failures += 1
        self.last_error = error
        rules = self._rules
        if self._is_final(error) or self.consecutive_failures == rules.give_up_after:
            raise error
        self._wait = max(self._pace.back_off(self.consecutive_failures), error.retry_after or 0.0)
        if isinstance(error, QuotaExceededError) and error.reset_at is not None:
            self._wait = max(self._pace.until(error.reset_at), self._pace.next_tick())
        log.warning(
            "Poll %d of %s failed, %d in a row; the next is in %.0f s: %s",
            self.polls,
            self._source.name,
            self.consecutive_failures,
            self._wait,
            error,
        )
        if rules.on_error is not None:
            rules.on_error(error)
        # Kept for those who ask; what it holds of the poll would be kept with it.
        error.__traceback__ = None

    def _is_final(self, error: BdxOpenDataError) -> bool:
        if isinstance(error, QuotaExceededError):
            return not self._rules.wait_for_quota
        return isinstance(error, ConfigurationError) or (self.last_success is None and not error.retryable)


@dataclass(frozen=True, slots=True)
class _Rules:
    times: int | None
    unchanged: bool
    on_error: Callable[[BdxOpenDataError], object] | None
    give_up_after: int | None
    wait_for_quota: bool
    stale_after: timedelta | None


@dataclass(frozen=True, slots=True)
class _Source:
    """What is polled: how to ask, how to break that off, and what it says of the quota."""

    name: str
    ask: Callable[[], Any]
    cut: Callable[[], None]
    quota: Callable[[], Quota | None]
    key: Sequence[str] = ()


def _source(topic: Topic, catalog: Catalog | None, asked: dict[str, Any]) -> _Source:
    if not isinstance(topic, str):
        if not callable(topic):
            raise TypeError(f"topic is a name or a function that returns a frame, not {type(topic).__name__}.")
        if catalog is not None:
            asked = {**asked, "catalog": catalog}
        name = getattr(topic, "__name__", None) or type(topic).__name__
        return _Source(name, partial(topic, **asked), lambda: None, last_quota)
    name = choices.choose(topic, LIVE, "live topic")
    function = getattr(import_module(f"bdxopendata.topics.{name}"), name)
    way = Line()
    mine = line.on(way, catalog if catalog is not None else Catalog())
    # The watch looks itself whether the feed stands still, and says so once rather than at each poll.
    ask = partial(function, catalog=mine, stale_after=None, **asked)
    return _Source(name, ask, way.cut, partial(line.quota_of, mine), LIVE[name])


def _interval(every: when.Span, catalog: Catalog | None) -> float:
    seconds = pace.seconds_of(every)
    portal = catalog.portal if isinstance(catalog, Catalog) else portal_of(None)
    if seconds < pace.SHORTEST and not portal.is_loopback:
        raise ValueError(
            f"every is at least {pace.SHORTEST:g} seconds, not {seconds:g}: no feed of the portal moves faster."
        )
    return seconds


def _count(name: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is a whole number or None, not {type(value).__name__}.")
    if value < 1:
        raise ValueError(f"{name} is a number from 1, or None, not {value}.")
    return value


def _event(stop: object) -> threading.Event | None:
    if stop is not None and not isinstance(stop, threading.Event):
        raise TypeError(f"stop is a threading.Event, not {type(stop).__name__}.")
    return stop


def _spent(before: Quota | None, after: Quota | None) -> int | None:
    """Tell how many calls a poll took, as far as the quota tells; None where it does not."""
    if before is None or after is None or before.reset_at != after.reset_at:
        return None
    if before.remaining is None or after.remaining is None or after.remaining >= before.remaining:
        return None
    return before.remaining - after.remaining


# The thread


class _StoppedError(Exception):
    """Someone stopped the watch while an answer was awaited."""


class _Answer:
    """One poll, and what came of it."""

    __slots__ = ("ask", "context", "done", "error", "value")

    def __init__(self, ask: Callable[[], Any]) -> None:
        self.ask = ask
        self.context = contextvars.copy_context()
        self.done = threading.Event()
        self.value: Any = None
        self.error: BaseException | None = None

    def fill(self) -> None:
        try:
            self.value = self.context.run(self.ask)
        except BaseException as error:
            # Raised where the answer is awaited, whatever it is.
            self.error = error
        self.done.set()

    def take(self) -> Any:
        error, self.error = self.error, None
        if error is None:
            return self.value
        try:
            raise error
        finally:
            # The traceback holds this frame, which would hold the error.
            del error


class _Worker:
    """The thread that polls. It begins with the first poll and knows nothing of the watch, which may be dropped."""

    def __init__(self, cut: Callable[[], None]) -> None:
        self._cut = cut
        self._polls: queue.SimpleQueue[_Answer | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._ended = False

    def run(self, ask: Callable[[], Any], stop: pace.Stop) -> Any:
        """Ask in the thread and return the answer, or leave when told to stop."""
        answer = _Answer(ask)
        with self._lock:
            if self._ended:
                raise _StoppedError
            if self._thread is None:
                # A daemon: the end of the program does not wait for a portal.
                self._thread = threading.Thread(target=_work, args=(self._polls,), name="bdx-watch", daemon=True)
                self._thread.start()
            self._polls.put(answer)
        while not answer.done.wait(GLANCE):
            if stop.is_set():
                raise _StoppedError
        if stop.is_set():
            raise _StoppedError
        return answer.take()

    def end(self) -> None:
        """Break off the poll under way and wait a little for the thread to be gone."""
        with self._lock:
            ended, self._ended = self._ended, True
            thread = self._thread
        if not ended:
            self._cut()
            self._polls.put(None)
        if thread is not None and thread is not threading.current_thread():
            end = time.monotonic() + STOPPING
            while thread.is_alive() and (left := end - time.monotonic()) > 0:
                thread.join(left)


def _work(polls: queue.SimpleQueue[_Answer | None]) -> None:
    while True:
        answer = polls.get()
        if answer is None:
            return
        answer.fill()
        # Else the last answer would be kept until the next poll.
        del answer
