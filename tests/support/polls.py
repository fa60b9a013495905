"""What tests of polling share: a clock that does not wait, feeds that need no portal, and a recorder to be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from bdxopendata.testing import SampleDataset, samples
from bdxopendata.topics import pace
from bdxopendata.topics.live import ZONE

START = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)


class Clock(pace.Clock):
    """Time passes when someone waits, and is not waited for."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.set_by = timedelta(0)
        self.waits: list[float] = []
        self.while_waiting: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds) + self.set_by

    def wait(self, stop: pace.Stop, seconds: float) -> bool:
        self.waits.append(seconds)
        self.while_waiting()
        if stop.is_set():
            return True
        self.seconds += seconds
        return False


class Feed:
    """A live topic that needs no portal: each call gives or raises the next answer, and the last one again."""

    def __init__(self, *answers: Any, clock: Clock | None = None, takes: float = 0.0) -> None:
        self.answers = list(answers)
        self.clock = clock
        self.takes = takes
        self.calls: list[float] = []

    def __call__(self) -> Any:
        if self.clock is not None:
            self.calls.append(self.clock.seconds)
            self.clock.seconds += self.takes
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def rows(*numbers: int, minutes: float = 0.0, **columns: Any) -> pd.DataFrame:
    """A frame of observations: one for each number, each a minute after the one before."""
    moments = [START + timedelta(minutes=number + minutes) for number in numbers]
    observed = pd.Series(moments, dtype="datetime64[us, UTC]").dt.tz_convert(ZONE)
    return pd.DataFrame({"ident": pd.Series(numbers, dtype="Int64"), "observed_at": observed, **columns})


# A recorder that is killed

WINDOW = 40


def car_parks(newest: int) -> SampleDataset:
    """Car parks whose last observations are the numbers up to `newest`, each twenty minutes after the one before."""
    sample = samples.make("st_park_p")
    numbers = range(max(0, newest - WINDOW + 1), newest + 1)
    made = [
        {
            **sample.rows[0],
            "ident": f"CUBPK{number % WINDOW:02}",
            "libres": number,
            "total": 10_000,
            "mdate": (START + timedelta(minutes=20 * number)).isoformat(),
        }
        for number in numbers
    ]
    return SampleDataset(sample.dataset_id, sample.fields, made, sample.metas)


def record_until_killed(url: str, path: Path, written: Path) -> None:
    """Record the car parks of a portal for ever, and say in a file which number is on the disk."""
    from bdxopendata.catalog import Catalog
    from bdxopendata.portals import Portal
    from bdxopendata.topics import recording, watching

    recording.MOST_FILES = 3
    catalog = Catalog(Portal("stand-in", (url,), stand_in=True))
    polls = watching.watch("parking", every=0.01, catalog=catalog, unchanged=True, stale_after=None)
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT)
    with recording.Recorder(path, topic="parking") as recorder:
        for frame in polls:
            recorder.append(frame)
            os.pwrite(descriptor, b"%20d" % int(frame["free"].max()), 0)


class Nursery:
    """A process that has everything imported and forks recorders, so that thirty of them take no minute to begin."""

    def __init__(self, url: str, path: Path) -> None:
        self._written = path.with_suffix(".written")
        self._process = subprocess.Popen(
            [sys.executable, __file__, url, str(path), str(self._written)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate(timeout=60)

    @property
    def written(self) -> int:
        """The last number that a recorder had on the disk."""
        text = self._written.read_bytes() if self._written.exists() else b""
        return int(text) if text else -1

    def bear(self) -> None:
        """Let a recorder begin."""
        assert self._said("bear") == "born"

    def kill(self) -> None:
        """Kill it, and return when it is gone; it must have been alive."""
        assert self._said("kill") == str(-signal.SIGKILL)

    def _said(self, what: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


def nurse(url: str, path: Path, written: Path) -> None:
    """Fork and kill recorders as told on the standard input; what is left is killed at its end."""
    from bdxopendata.topics import parking, recording  # noqa: F401  what the children need

    child = 0
    for line in sys.stdin:
        if line.strip() == "bear":
            child = os.fork()
            if not child:
                record_until_killed(url, path, written)
                os._exit(1)
            sys.stdout.write("born\n")
        elif child:
            os.kill(child, signal.SIGKILL)
            sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
            child = 0
        sys.stdout.flush()
    if child:
        os.kill(child, signal.SIGKILL)


@contextmanager
def dying(after: int, *steps: tuple[Any, str]) -> Iterator[list[int]]:
    """Raise `KilledError` instead of the step after so many of these functions were called; yield how many were."""
    import pytest

    made = [0]
    with pytest.MonkeyPatch.context() as patch:
        for home, name in steps:
            patch.setattr(home, name, _counted(getattr(home, name), made, after))
        yield made


def _counted(function: Callable[..., Any], made: list[int], after: int) -> Callable[..., Any]:
    def step(*given: Any, **named: Any) -> Any:
        if made[0] >= after:
            raise KilledError
        made[0] += 1
        return function(*given, **named)

    return step


class KilledError(BaseException):
    """Stands for the end of the process: nothing handles it, and nothing is tidied up afterwards."""


if __name__ == "__main__":
    nurse(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
