"""Compare pinned versions with the floors of pyproject.toml: a floor that was not installed was not tested.

An index that keeps only new releases makes the lowest versions the newest ones, and says nothing. Nor can a floor be
had that another dependency lifts.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
NOT_FOR_USERS = ("dev", "docs")
# The last Python for which every floor has a wheel; with later ones, the lowest versions are higher.
LAST_PYTHON = (3, 12)
_BOUND = re.compile(r"([\w-]+)(?:\[[\w,]+\])?>=([\w.]+)")
_PIN = re.compile(r"^([\w.-]+)==([\w.]+)", re.MULTILINE)


def floors(project: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name and the floor of each dependency that users can have."""
    extras = project["optional-dependencies"]
    for one in [*project["dependencies"], *(x for name in extras if name not in NOT_FOR_USERS for x in extras[name])]:
        bound = _BOUND.fullmatch(one)
        if bound is not None:
            yield bound[1], bound[2]


def main(file: str) -> int:
    """Name each floor that the pins are not at; 1 where there is one, and this Python is not too new for it."""
    pins = {name.lower(): version for name, version in _PIN.findall(Path(file).read_text("utf-8"))}
    wrong = 0
    for name, floor in floors(tomllib.loads(PROJECT.read_text("utf-8"))["project"]):
        pinned = pins.get(name.lower(), "nothing")
        # 2.1 is 2.1.0, or the first release of 2.1 that there is.
        if pinned != floor and not pinned.startswith(f"{floor}."):
            print(f"floors: {name} {floor} is allowed, and {pinned} is the lowest that can be had")
            wrong = 1
    return wrong if sys.version_info[:2] <= LAST_PYTHON else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
