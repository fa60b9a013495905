"""What the workers of a cluster share: places for requests, and the calls that the portal has left.

Places are asked for beside those of the process, one for each request. Workers of ``distributed`` take them from a
semaphore of their scheduler, which takes them back from a worker that died. Processes of dask's own pool are on one
machine and take locks of files, which the system takes back.

Calls are kept in a ledger, among workers of ``distributed``. A partition sets aside what it will need before it begins,
so that no two of them count on the same call, and those that cannot be finished are not begun. The portal's own
figure, which knows of callers elsewhere too, corrects the ledger after each partition.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from filelock import FileLock, Timeout

from bdxopendata import disk
from bdxopendata.errors import QuotaExceededError
from bdxopendata.transport.slots import SLOTS, Gate

if TYPE_CHECKING:
    from bdxopendata.transport import Quota, Transport

# What reading a partition takes: description, count, export, description.
CALLS = 4
# How long a lock of a file is waited for before the next one is tried.
_PAUSE = 0.02


@contextmanager
def turn(transport: Transport) -> Iterator[None]:
    """Read one partition: its requests take places that all workers share, and its calls are set aside before.

    Raises
    ------
    QuotaExceededError
        If the calls left do not suffice, before any is made.
    """
    host, settings = transport.portal.host, transport.settings
    if _on_a_worker():
        gate, ledger = _semaphore(host, settings.max_in_flight), Ledger(host)
    elif multiprocessing.parent_process() is not None:
        # A process of a pool: the others cannot be talked to, but they see the same files.
        gate, ledger = _files(settings.folder, host, settings.max_in_flight), None
    else:
        yield
        return
    with ledger.partition(transport) if ledger is not None else nullcontext(), SLOTS.shared(host, gate):
        yield


def _on_a_worker() -> bool:
    """Whether this runs on a worker of ``distributed``."""
    try:
        from distributed import get_worker

        get_worker()
    except (ImportError, ValueError):
        return False
    return True


def _semaphore(host: str, most: int) -> Gate:
    from distributed import Semaphore

    make: Any = Semaphore
    places = make(max_leases=most, name=f"bdxopendata places {host}")

    @contextmanager
    def one(seconds: float) -> Iterator[bool]:
        got = bool(places.acquire(timeout=seconds))
        try:
            yield got
        finally:
            if got:
                places.release()

    return one


def _files(folder: Path | None, host: str, most: int) -> Gate:
    place = disk.cache_root(folder) / "turns"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    locks = [place / f"{quote(host, safe='')}-{number}.lock" for number in range(most)]

    @contextmanager
    def one(seconds: float) -> Iterator[bool]:
        until = time.monotonic() + seconds
        while True:
            for path in locks:
                lock = FileLock(path, thread_local=False)
                try:
                    lock.acquire(blocking=False)
                except Timeout:
                    continue
                try:
                    yield True
                finally:
                    lock.release()
                return
            if time.monotonic() >= until:
                yield False
                return
            time.sleep(_PAUSE)

    return one


@dataclass(frozen=True, slots=True)
class Page:
    """What the ledger says: calls that nobody has set aside, of how many, until when; None where not known.

    Attributes
    ----------
    busy
        Partitions that are being read.
    """

    busy: int = 0
    calls: int | None = None
    limit: int | None = None
    reset_at: datetime | None = None


class Ledger:
    """The calls left at one portal, as all workers of a scheduler know them."""

    def __init__(self, host: str) -> None:
        from distributed import Lock, get_client

        make_lock: Any = Lock
        client: Any = get_client
        self._lock = make_lock(f"bdxopendata ledger {host}")
        self._client = client()
        self._name = f"bdxopendata calls {host}"

    @contextmanager
    def partition(self, transport: Transport) -> Iterator[None]:
        """Set aside the calls of one partition while it is read, and take over what the portal says then."""
        self._begin()
        refused: QuotaExceededError | None = None
        try:
            yield
        except QuotaExceededError as error:
            refused = error
            raise
        finally:
            self._end(transport.quota, refused)

    def _begin(self) -> None:
        with self._lock:
            page = self._read()
            if page.calls is not None:
                if page.calls < CALLS:
                    raise QuotaExceededError(page.reset_at, page.limit)
                page = replace(page, calls=page.calls - CALLS)
            self._write(replace(page, busy=page.busy + 1))

    def _end(self, quota: Quota | None, refused: QuotaExceededError | None) -> None:
        with self._lock:
            page = self._read()
            page = replace(page, busy=page.busy - 1)
            if refused is not None and refused.reset_at is not None:
                page = replace(page, calls=0, limit=refused.limit, reset_at=refused.reset_at)
            elif refused is None and quota is not None and quota.remaining is not None:
                # What the others need is not known to be used up yet.
                calls = quota.remaining - CALLS * page.busy
                if page.calls is not None and page.reset_at == quota.reset_at:
                    calls = min(calls, page.calls)
                page = replace(page, calls=calls, limit=quota.limit, reset_at=quota.reset_at)
            self._write(page)

    def _read(self) -> Page:
        written = self._client.get_metadata([self._name], default=None)
        if written is None:
            return Page()
        busy, calls, limit, reset = written
        reset_at = None if reset is None else datetime.fromisoformat(reset)
        if reset_at is not None and datetime.now(UTC) >= reset_at:
            return Page(busy)
        return Page(busy, calls, limit, reset_at)

    def _write(self, page: Page) -> None:
        reset = None if page.reset_at is None else page.reset_at.isoformat()
        self._client.set_metadata([self._name], [page.busy, page.calls, page.limit, reset])
