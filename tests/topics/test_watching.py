"""Polling of live topics: polite, honest about failures, and gone when told."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bdxopendata.errors import (
    AuthenticationError,
    BdxOpenDataError,
    ConfigurationError,
    NetworkError,
    QuotaExceededError,
    ServerError,
    StaleDataWarning,
)
from bdxopendata.testing import samples
from bdxopendata.topics import line, pace, watching
from bdxopendata.topics.watching import watch
from bdxopendata.transport import CutError, Line, Quota, retries
from conftest import Serve
from support.polls import START, Clock, Feed, rows


@pytest.fixture
def time_flies(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that waits for nothing, and no chance."""
    clock = Clock()
    monkeypatch.setattr(pace, "clock", clock)
    monkeypatch.setattr(pace, "jitter", lambda low, high: (low + high) / 2)
    monkeypatch.setattr(watching, "last_quota", lambda: None)
    return clock


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    yield
    gc.collect()
    assert [one for one in threading.enumerate() if one.name == "bdx-watch"] == []


def broken() -> NetworkError:
    return NetworkError("portal.example", "no answer")


# The schedule


def test_polls_are_as_far_apart_as_agreed(time_flies: Clock) -> None:
    feed = Feed(rows(1), clock=time_flies, takes=3.0)

    list(watch(feed, every=60, times=4, unchanged=True))

    assert feed.calls == [0, 60, 120, 180]


def test_an_interval_may_be_a_timedelta(time_flies: Clock) -> None:
    feed = Feed(rows(1), clock=time_flies)

    list(watch(feed, every=timedelta(minutes=2), times=2, unchanged=True))

    assert feed.calls == [0, 120]


def test_a_poll_slower_than_the_interval_is_followed_by_the_next_tick_and_no_burst(time_flies: Clock) -> None:
    feed = Feed(rows(1), clock=time_flies, takes=100.0)

    list(watch(feed, every=60, times=3, unchanged=True))

    assert feed.calls == [0, 120, 240]


def test_the_time_that_the_caller_takes_is_not_made_up_for(time_flies: Clock) -> None:
    feed = Feed(rows(1), clock=time_flies)

    for _ in watch(feed, every=60, times=3, unchanged=True):
        time_flies.seconds += 10.0

    assert feed.calls == [0, 70, 130]


def test_a_computer_that_slept_asks_once_and_is_on_schedule_again(time_flies: Clock) -> None:
    feed = Feed(rows(1), clock=time_flies)
    polls = watch(feed, every=60, times=5, unchanged=True, stale_after=None)

    next(polls)
    time_flies.while_waiting = lambda: setattr(time_flies, "seconds", time_flies.seconds + 3600.0)
    next(polls)
    time_flies.while_waiting = lambda: None
    list(polls)

    assert feed.calls == [0, 3660, 3720, 3780, 3840]


def test_setting_the_wall_clock_moves_no_poll(time_flies: Clock) -> None:
    feed = Feed(rows(1), clock=time_flies)

    for _ in watch(feed, every=60, times=4, unchanged=True, stale_after=None):
        time_flies.set_by -= timedelta(hours=5)

    assert feed.calls == [0, 60, 120, 180]


def test_each_tick_is_moved_by_up_to_a_tenth_and_the_schedule_does_not_drift(
    time_flies: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[float, float]] = []
    turns = iter([0.1, -0.1] * 50)

    def jitter(low: float, high: float) -> float:
        asked.append((low, high))
        return next(turns)

    monkeypatch.setattr(pace, "jitter", jitter)
    feed = Feed(rows(1), clock=time_flies)

    list(watch(feed, every=100, times=5, unchanged=True))

    assert feed.calls == pytest.approx([0, 110, 190, 310, 390])
    assert set(asked) == {(-0.1, 0.1)}


def test_polls_never_overlap(time_flies: Clock) -> None:
    under_way, most = [0], [0]

    def slow() -> Any:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        time.sleep(0.02)
        under_way[0] -= 1
        return rows(1)

    list(watch(slow, every=60, times=5, unchanged=True))

    assert most == [1]


def test_a_second_thread_cannot_wait_for_the_same_watch() -> None:
    begun, hold = threading.Event(), threading.Event()

    def waits() -> Any:
        begun.set()
        hold.wait(5)
        return rows(1)

    polls = watch(waits, every=60, stale_after=None)
    first = threading.Thread(target=lambda: next(polls))
    first.start()
    begun.wait(5)

    with pytest.raises(RuntimeError, match="one for each thread"):
        next(polls)

    hold.set()
    first.join()
    polls.stop()


# What is yielded


def test_only_what_is_new_is_yielded(time_flies: Clock) -> None:
    feed = Feed(rows(1), rows(1), rows(2), rows(2), rows(3))

    found = [frame["ident"].tolist() for frame in watch(feed, every=60, times=5)]

    assert found == [[1], [2], [3]]


def test_the_age_and_the_order_of_rows_make_nothing_new(time_flies: Clock) -> None:
    feed = Feed(rows(1, 2, age=[5, 6]), rows(2, 1, age=[7, 8]))

    assert len(list(watch(feed, every=60, times=2))) == 1


def test_a_changed_value_with_the_same_moment_is_new(time_flies: Clock) -> None:
    feed = Feed(rows(1, free=[5]), rows(1, free=[6]))

    assert len(list(watch(feed, every=60, times=2))) == 2


def test_all_answers_are_yielded_when_asked_for(time_flies: Clock) -> None:
    polls = watch(Feed(rows(1), rows(1), rows(2)), every=60, times=3, unchanged=True)

    assert [polls.changed for _ in polls] == [True, False, True]


def test_an_answer_of_before_is_not_new(time_flies: Clock) -> None:
    feed = Feed(rows(1), rows(2), rows(1), rows(2), rows(3))

    assert [frame["ident"].tolist() for frame in watch(feed, every=60, times=5)] == [[1], [2], [3]]


def test_a_machine_of_the_portal_that_lags_behind_is_recognised(serve: Serve, time_flies: Clock) -> None:
    served = serve("st_park_p")
    now = samples.make("st_park_p").rows
    before = [{**row, "mdate": earlier(row["mdate"]), "libres": 1} for row in now]
    polls = watch("parking", every=60, times=2, catalog=served.catalog, stale_after=None)

    next(polls)
    served.portal.set_rows("st_park_p", before)

    assert list(polls) == []
    assert not polls.changed


def earlier(moment: str) -> str:
    return (datetime.fromisoformat(moment) - timedelta(minutes=5)).isoformat()


def test_a_row_that_is_gone_is_new_though_the_newest_moment_goes_back(serve: Serve, time_flies: Clock) -> None:
    served = serve("st_park_p")
    rows = sorted(samples.make("st_park_p").rows, key=lambda row: row["mdate"])
    polls = watch("parking", every=60, times=2, catalog=served.catalog, stale_after=None)

    next(polls)
    served.portal.set_rows("st_park_p", rows[:-1])

    assert len(next(polls)) == len(rows) - 1


def test_a_feed_that_stands_still_is_told_once_until_it_moves(time_flies: Clock) -> None:
    fresh = rows(1, minutes=121)
    feed = Feed(rows(1), rows(1), rows(1), fresh, rows(2, minutes=500))
    polls = watch(feed, every=3000, times=4, unchanged=True)

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        stale = [polls.stale for _ in polls]

    assert stale == [False, False, True, False]
    assert [one.category for one in told] == [StaleDataWarning]
    assert "stands still" in str(told[0].message)


def test_a_live_topic_by_name_is_asked_with_what_is_given(serve: Serve, time_flies: Clock) -> None:
    served = serve("st_park_p")

    (frame,) = watch("parking", every=60, times=1, catalog=served.catalog, stale_after=None, min_free=100)

    assert frame["free"].min() >= 100
    assert frame.crs == "EPSG:4326"


@pytest.mark.parametrize("name", watching.LIVE)
def test_every_live_topic_can_be_watched(name: str, serve: Serve, time_flies: Clock) -> None:
    ids = {
        "parking": "st_park_p",
        "bikes": "ci_vcub_p",
        "traffic": "ci_trafi_l",
        "pools": "bor_frequentation_piscine_tr",
    }
    served = serve(ids[name])

    (frame,) = watch(name, every=60, times=2, catalog=served.catalog, stale_after=None)

    assert {*watching.LIVE[name], "observed_at", "age"} <= {*frame.columns}


# Failures


def test_it_lives_on_after_failures_and_says_so(time_flies: Clock) -> None:
    told: list[BdxOpenDataError] = []
    polls = watch(Feed(rows(1), broken(), broken(), rows(2)), every=60, on_error=told.append)

    next(polls)
    success = polls.last_success
    seen: list[tuple[int, bool]] = []
    time_flies.while_waiting = lambda: seen.append((polls.consecutive_failures, polls.last_success == success))
    frame = next(polls)
    polls.stop()

    assert frame["ident"].tolist() == [2]
    assert seen == [(0, True), (1, True), (2, True)]
    assert (polls.consecutive_failures, polls.last_error) == (0, told[-1])
    assert len(told) == 2
    assert polls.last_success is not None
    assert success is not None
    assert polls.last_success > success


def test_each_failure_in_a_row_doubles_the_wait_up_to_half_an_hour(time_flies: Clock) -> None:
    polls = watch(Feed(rows(1), broken()), every=60, times=9)

    list(polls)

    # Three quarters of the longest wait: chance is taken out, and takes a half at least.
    assert time_flies.waits == pytest.approx([60, 90, 180, 360, 720, 1350, 1350, 1350])


def test_waits_after_a_failure_differ_from_one_caller_to_the_next(
    time_flies: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "jitter", lambda low, high: high)
    steps = pace.Pace(60, time_flies)
    longest = steps.back_off(1)
    monkeypatch.setattr(pace, "jitter", lambda low, high: low)

    assert (steps.back_off(1), longest) == (60, 120)


def test_after_a_failure_the_schedule_goes_on(time_flies: Clock) -> None:
    feed = Feed(rows(1), broken(), rows(2), rows(3), clock=time_flies)

    list(watch(feed, every=60, times=4))

    assert feed.calls == [0, 60, 150, 180]


def test_a_wait_that_the_portal_asks_for_is_kept(time_flies: Clock) -> None:
    asked = ServerError(503, "portal.example")
    asked.retry_after = 400.0
    feed = Feed(rows(1), asked, rows(2), clock=time_flies)

    list(watch(feed, every=60, times=3))

    assert feed.calls == [0, 60, 460]


def test_it_gives_up_when_told_so(time_flies: Clock) -> None:
    polls = watch(Feed(rows(1), broken(), rows(2), broken()), every=60, give_up_after=3)

    with pytest.raises(NetworkError):
        list(polls)

    assert polls.polls == 6
    assert list(polls) == []


def test_what_no_wait_can_mend_ends_it_at_once(time_flies: Clock) -> None:
    with pytest.raises(AuthenticationError):
        list(watch(Feed(AuthenticationError(401, "portal.example")), every=60))
    with pytest.raises(ConfigurationError):
        list(watch(Feed(rows(1), ConfigurationError("No.", "Yes.")), every=60))


def test_an_error_that_may_pass_does_not_end_it_even_at_first(time_flies: Clock) -> None:
    assert len(list(watch(Feed(broken(), rows(1)), every=60, times=2))) == 1


def test_an_error_that_lasts_is_lived_through_once_it_has_worked(time_flies: Clock) -> None:
    feed = Feed(rows(1), AuthenticationError(403, "portal.example"), rows(2))

    assert len(list(watch(feed, every=60, times=3))) == 2


def test_errors_of_others_pass(time_flies: Clock) -> None:
    polls = watch(Feed(rows(1), KeyError("mine")), every=60)

    with pytest.raises(KeyError, match="mine"):
        list(polls)


def test_an_error_of_the_callback_reaches_the_caller(time_flies: Clock) -> None:
    def refuse(error: BdxOpenDataError) -> None:
        raise LookupError("from the callback")

    with pytest.raises(LookupError, match="from the callback"):
        list(watch(Feed(broken()), every=60, on_error=refuse))


def test_failures_of_a_portal_are_lived_through(
    serve: Serve, time_flies: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bdxopendata.testing.bodies import Reply

    monkeypatch.setattr(retries, "sleep", lambda seconds: None)
    served = serve("st_park_p")
    polls = watch("parking", every=60, catalog=served.catalog, stale_after=None, unchanged=True)
    next(polls)
    mend = served.portal.before_answer(lambda request: Reply(status=503))
    time_flies.while_waiting = lambda: mend() if polls.consecutive_failures == 2 else None

    frame = next(polls)
    polls.stop()

    assert len(frame) == 93
    assert isinstance(polls.last_error, ServerError)


# The quota


def test_the_interval_grows_so_that_the_calls_left_last(time_flies: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [12]
    reset = START + timedelta(hours=1)
    monkeypatch.setattr(watching, "last_quota", lambda: Quota("portal.example", 5000, left[0], reset))

    def costly() -> Any:
        left[0] = max(0, left[0] - 2)
        return rows(1)

    polls = watch(costly, every=60, unchanged=True, times=6)
    list(polls)

    assert left[0] == 0
    assert sum(time_flies.waits) == pytest.approx(3600, rel=0.01)
    assert min(time_flies.waits) > 300


def test_without_need_the_interval_stays(time_flies: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    quota = Quota("portal.example", 5000, 4000, START + timedelta(hours=5))
    monkeypatch.setattr(watching, "last_quota", lambda: quota)

    list(watch(Feed(rows(1)), every=60, unchanged=True, times=3))

    assert time_flies.waits == [60, 60]


def test_the_quota_of_a_dataset_counts_too(time_flies: Clock) -> None:
    steps = pace.Pace(60, time_flies)
    quota = Quota("p", 5000, 4000, START + timedelta(hours=1), 100, 3, START + timedelta(hours=1))

    assert steps.stretched(quota, 1) == pytest.approx((3600 + pace.AFTER_RESET) / 3)


def test_a_reset_in_the_far_future_or_the_past_stops_nothing(time_flies: Clock) -> None:
    steps = pace.Pace(60, time_flies)

    assert steps.stretched(Quota("p", 10, 0, START + timedelta(days=9000)), 1) == pace.LONGEST_STRETCH
    assert steps.stretched(Quota("p", 10, 0, START - timedelta(days=1)), 1) == 0


def test_a_used_up_quota_is_an_error(time_flies: Clock) -> None:
    polls = watch(Feed(rows(1), QuotaExceededError(START + timedelta(hours=3), 5000)), every=60)

    with pytest.raises(QuotaExceededError):
        list(polls)

    assert polls.polls == 2


def test_a_used_up_quota_is_waited_for_when_asked(time_flies: Clock) -> None:
    reset = START + timedelta(hours=3)
    feed = Feed(rows(1), QuotaExceededError(reset, 5000), rows(2), clock=time_flies)

    list(watch(feed, every=60, times=3, wait_for_quota=True, stale_after=None))

    assert feed.calls == pytest.approx([0, 60, 3 * 3600 + pace.AFTER_RESET])


def test_the_quota_of_the_portal_is_seen(serve: Serve, time_flies: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    served = serve("st_park_p")
    served.portal.quota(10_000, 1000, START + timedelta(hours=1))

    list(watch("parking", every=60, times=3, unchanged=True, catalog=served.catalog, stale_after=None))
    used = len(served.portal.requests)
    served.portal.quota(40, 20, START + timedelta(hours=2))
    list(watch("parking", every=60, times=3, unchanged=True, catalog=served.catalog, stale_after=None))

    assert time_flies.waits[:2] == [60, 60]
    assert min(time_flies.waits[2:]) > 300
    assert used > 0


# Stopping


def test_it_stops_while_it_waits() -> None:
    polls = watch(Feed(rows(1)), every=3600, stale_after=None)
    next(polls)
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.extend(polls))
    waiting.start()

    polls.stop()
    waiting.join(1)

    assert not waiting.is_alive()
    assert found == []


def test_the_callers_event_stops_it_and_is_not_set_by_it() -> None:
    event = threading.Event()
    with watch(Feed(rows(1)), every=3600, stop=event, stale_after=None) as polls:
        next(polls)
    assert not event.is_set()

    polls = watch(Feed(rows(1)), every=3600, stop=event, stale_after=None)
    next(polls)
    waiting = threading.Thread(target=lambda: list(polls))
    waiting.start()
    event.set()
    waiting.join(1)

    assert not waiting.is_alive()


def test_it_stops_within_a_request_and_sends_none_afterwards(serve: Serve) -> None:
    served = serve("st_park_p")
    begun, hold = threading.Event(), threading.Event()

    def silent(request: Any) -> None:
        begun.set()
        hold.wait(20)

    served.portal.before_answer(silent)
    polls = watch("parking", every=60, catalog=served.catalog, stale_after=None)
    waiting = threading.Thread(target=lambda: list(polls))
    waiting.start()
    assert begun.wait(10)

    polls.stop()
    waiting.join(1)

    assert not waiting.is_alive()
    assert not [one for one in threading.enumerate() if one.name == "bdx-watch"]
    hold.set()
    served.portal.close()
    assert len(served.portal.requests) == 1


def test_a_function_that_does_not_return_is_left_behind() -> None:
    begun, hold = threading.Event(), threading.Event()

    def deaf() -> Any:
        begun.set()
        hold.wait(20)
        return rows(1)

    polls = watch(deaf, every=60)
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.extend(polls))
    waiting.start()
    assert begun.wait(10)

    polls.stop()
    waiting.join(2)

    assert not waiting.is_alive()
    hold.set()
    [one.join(5) for one in threading.enumerate() if one.name == "bdx-watch"]
    assert found == []


def test_a_line_that_is_cut_opens_no_other(serve: Serve) -> None:
    served = serve("st_park_p")
    way = Line()
    catalog = line.on(way, served.catalog)
    catalog["st_park_p"].info  # noqa: B018  asks
    before = len(served.portal.requests)

    way.cut()

    with pytest.raises(CutError):
        catalog.explore.dataset("st_park_p")
    assert len(served.portal.requests) == before


def test_an_interrupt_passes_at_once_and_ends_it(time_flies: Clock) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    polls = watch(Feed(rows(1)), every=60)
    next(polls)
    time_flies.while_waiting = interrupt

    with pytest.raises(KeyboardInterrupt):
        next(polls)
    assert list(polls) == []
    assert polls.polls == 1


def test_leaving_the_block_stops_it(time_flies: Clock) -> None:
    with watch(Feed(rows(1)), every=60, unchanged=True) as polls:
        next(polls)

    assert list(polls) == []


def test_a_watch_that_is_dropped_leaves_no_thread(time_flies: Clock) -> None:
    next(watch(Feed(rows(1)), every=60))

    gc.collect()

    assert not [one for one in threading.enumerate() if one.name == "bdx-watch"]


# Thousands of polls


def test_thousands_of_polls_leave_nothing_behind(time_flies: Clock, caplog: pytest.LogCaptureFixture) -> None:
    # What pytest keeps of logs would count.
    caplog.set_level(logging.CRITICAL, "bdxopendata")
    number = [0]

    def feed() -> Any:
        number[0] += 1
        if number[0] % 10 == 0:
            raise broken()
        return rows(number[0], text=["x" * 100_000])

    polls = watch(feed, every=60, stale_after=None)

    def take(count: int) -> dict[str, int]:
        for _ in range(count):
            next(polls)
        # The clock of the test keeps a list of waits.
        time_flies.waits.clear()
        gc.collect()
        return {
            "objects": len(gc.get_objects()),
            "memory": memory(),
            "threads": threading.active_count(),
            "handles": handles(),
        }

    before, after = take(300), take(2500)
    polls.stop()

    assert polls.polls > 3000
    # The frames together have 250 megabytes.
    assert after["memory"] - before["memory"] < 60_000_000
    assert after["objects"] - before["objects"] < 1000
    assert (after["threads"], after["handles"]) == (before["threads"], before["handles"])


def test_polls_of_a_portal_keep_one_connection(serve: Serve, time_flies: Clock) -> None:
    served = serve("st_park_p")
    polls = watch("parking", every=60, unchanged=True, catalog=served.catalog, stale_after=None)
    for _ in range(5):
        next(polls)
    before = threading.active_count(), handles()

    for _ in range(10):
        next(polls)

    assert (threading.active_count(), handles()) == before
    polls.stop()


def test_frames_of_a_watch_have_labels_when_asked_for(serve: Serve, time_flies: Clock) -> None:
    served = serve("st_park_p")
    polls = watch("parking", every="1min", times=3, labels="fr", catalog=served.portal.url, stale_after=None)

    frames = list(polls)

    # The same rows again are nothing new, whatever their columns are called.
    assert len(frames) == 1
    assert "Places libres" in frames[0]
    assert polls.polls == 3


def test_another_language_ends_a_watch_before_anything_is_asked(serve: Serve, time_flies: Clock) -> None:
    served = serve("st_park_p")

    with pytest.raises(ValueError, match="labels are"):
        next(watch("parking", every=60, labels="de", catalog=served.catalog))
    assert len(served.portal.requests) == 0


# How many polls of a portal are made; `make polls` makes as many as a week has.
MANY = int(os.environ.get("BDXOPENDATA_POLLS", "60"))


def test_many_polls_of_a_portal_leave_nothing_behind(serve: Serve, time_flies: Clock) -> None:
    served = serve("st_park_p")
    polls = watch("parking", every=60, unchanged=True, catalog=served.catalog, stale_after=None)

    def take(count: int) -> dict[str, int]:
        for _ in range(count):
            next(polls)
        time_flies.waits.clear()
        # What the stand-in notes of requests is its own.
        served.portal.requests.clear()
        gc.collect()
        return {"memory": memory(), "threads": threading.active_count(), "handles": handles()}

    before, after = take(MANY // 4), take(MANY - MANY // 4)
    polls.stop()
    sys.stdout.write(f"{polls.polls} polls: {before} after a quarter, {after} after all\n")

    assert polls.polls == MANY
    assert polls.consecutive_failures == 0
    assert (after["threads"], after["handles"]) == (before["threads"], before["handles"])
    assert after["memory"] - before["memory"] < 40_000_000


def memory() -> int:
    """Bytes of memory in use, where the system tells."""
    told = Path("/proc/self/statm")
    return int(told.read_text().split()[1]) * 4096 if told.exists() else 0


def handles() -> int:
    """Open files and sockets of this process, where the system tells."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


# What callers pass


def test_an_unknown_topic_names_the_live_ones() -> None:
    with pytest.raises(ValueError, match="Did you mean 'parking'"):
        watch("parkings", every=60)


@pytest.mark.parametrize(
    ("every", "problem"),
    [(0, ValueError), (-5, ValueError), (float("nan"), ValueError), ("60", ValueError), (True, TypeError)],
)
def test_an_interval_that_is_none_is_refused(every: Any, problem: type[Exception]) -> None:
    with pytest.raises(problem, match="every is"):
        watch("parking", every=every)


def test_the_portal_is_not_asked_faster_than_any_of_its_feeds_moves() -> None:
    with pytest.raises(ValueError, match="at least 10 seconds"):
        watch("parking", every=9.9)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"times": 0}, ValueError),
        ({"times": 1.5}, TypeError),
        ({"give_up_after": -1}, ValueError),
        ({"stop": "now"}, TypeError),
        ({"catalog": 3}, TypeError),
    ],
)
def test_arguments_are_checked_before_anything_is_asked(given: Any, problem: type[Exception]) -> None:
    with pytest.raises(problem, match=next(iter(given))):
        watch("parking", every=60, **given)


def test_a_function_that_returns_no_frame_is_told(time_flies: Clock) -> None:
    with pytest.raises(TypeError, match="returns a frame, not list"):
        next(watch(Feed([1]), every=60))


def test_its_form_tells_how_it_goes(time_flies: Clock) -> None:
    polls = watch(Feed(rows(1)), every=60)
    next(polls)

    assert repr(polls) == "<Watch of Feed, every 60 s: 1 polls, 0 failed since>"
    polls.stop()
    assert "stopped" in repr(polls)
