"""Who may ask, and how often: keys and the daily quota."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bdxopendata.testing.bodies import Refusal, Reply
from bdxopendata.testing.parameters import Parameters

DAILY_CALLS = 100_000
DOMAIN_EXHAUSTED = 10002
SCHEMES = ("apikey", "bearer")


def given_key(headers: Mapping[str, str], parameters: Parameters) -> str | None:
    """Return the key or token of a request: in the header under either scheme, else in the query."""
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() in SCHEMES:
        return rest.strip()
    return parameters.text("apikey") or parameters.text("access_token")


class Keys:
    """The keys that a portal knows. Without any, everyone may ask, and every key is a bad one."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.anonymous = True

    def check(self, headers: Mapping[str, str], parameters: Parameters) -> None:
        """Pass, or refuse with 401."""
        key = given_key(headers, parameters)
        if key is None and self.anonymous:
            return
        if key is None or key not in self.known:
            # The body of a 401 is unverified; clients of the older API saw this text in it.
            raise Refusal(401, "AuthenticationError", "API key is not valid")


@dataclass
class Quota:
    """Calls of the day. `reset_at` None is the next midnight in UTC, as on real portals."""

    limit: int = DAILY_CALLS
    remaining: int = DAILY_CALLS
    reset_at: datetime | None = None
    retry_after: int | None = None

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def set(self, limit: int, remaining: int, reset_at: datetime | None, retry_after: int | None) -> None:
        """Begin another window."""
        with self._lock:
            self.limit, self.remaining = limit, remaining
            self.reset_at, self.retry_after = reset_at, retry_after

    def take(self) -> int | None:
        """Use one call and tell how many are left; None when there was none to use."""
        with self._lock:
            if self.remaining <= 0:
                return None
            self.remaining -= 1
            return self.remaining

    @property
    def resets(self) -> datetime:
        """When the window ends."""
        if self.reset_at is not None:
            return self.reset_at.astimezone(UTC)
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        return tomorrow.replace(hour=0, minute=0, second=0, microsecond=0)

    def headers(self, remaining: int, of: str = "") -> dict[str, str]:
        """Return the rate headers, `of` a dataset with ``dataset-``; the reset is a text with a blank, no epoch."""
        return {
            f"X-RateLimit-{of}Remaining": str(remaining),
            f"X-RateLimit-{of}Limit": str(self.limit),
            f"X-RateLimit-{of}Reset": f"{self.resets.replace(microsecond=0):%Y-%m-%d %H:%M:%S}+00:00",
        }

    def refusal(self) -> Reply:
        """Make the 429, whose envelope is another than that of every other error."""
        body = {
            "errorcode": DOMAIN_EXHAUSTED,
            "reset_time": f"{self.resets:%Y-%m-%dT%H:%M:%SZ}",
            "limit_time_unit": "day",
            "call_limit": self.limit,
            "error": "Too many requests on the domain. Please contact the domain administrator.",
        }
        headers = {"content-type": "application/json"}
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        return Reply(429, json.dumps(body).encode(), headers)
