"""The page of the docs about reliability, made from the table and from what a run of it measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from .held import AREAS, FAULTS
from .scenarios import SCENARIOS, Interrupted, Outcome, Refused, Scenario, Whole
from .ways import WAYS, Way

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "reliability.md"
MEASURED = Path(__file__).with_name("measured.json")

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "pages": ("head", "records", "groups", "count"),
    "exports": ("parquet", "jsonl", "json", "geojson", "csv"),
    "whole answers": ("to_pandas", "stored", "batches", "download", "to_parquet", "partitions", "mirror"),
    "catalogue": ("info", "facets", "listing", "search", "attachments", "attachment"),
    "live": ("topic", "watch", "record"),
}

# So many ways that are left out are named; of more, those that passed are.
FEW = 6

HEAD = """# Reliability

!!! note ""
    This page is made by `make reliability` from the table of scenarios in `tests/conformance` and a run of it.
    A test fails when page and table disagree.

## What is promised

**Whole or an error.** A call returns every row that the portal has for that version of the dataset, or it raises one
error of the library: never fewer rows, never rows of two versions. The rows of an export are counted against the
portal's own count of the same question, and the version is read before and after.

**One family of errors.** Whatever happens on the way is a `BdxOpenDataError`: no error of an HTTP, JSON or Parquet
library comes through. The message says what happened, where, and what to do. Mistakes in arguments are `TypeError` and
`ValueError`; a disk that cannot be written to, where you named the file, is an `OSError`.

**An end.** Every call has a deadline for all of its requests, retries and pauses: ten minutes for data and one for
descriptions, unless the settings say otherwise. Retries are few, and shared by all threads of a process; a portal that
asks for more than a minute of patience is an error that says so (`retry_after`).

**Nothing half-done.** A file that you named is the old one or the new one. What is stored is checked each time, and
fetched again when it is damaged. A process may be killed at any moment. What cannot be stored is still returned, with
one warning.

**Nothing told.** An API key goes to its portal and nowhere else: into no address, log line, error, file or pickle.

**Nothing silent.** Retries are logged, data that are not current carry a `StaleDataWarning`, values that do not fit are
counted in a `DataQualityWarning`, fields that changed in a `SchemaDriftWarning`.

## The table

{scenarios} scenarios by {ways} ways to get data, each on a real socket: **{passed} cells passed**, {left_out} are left
out because they make no sense together, for the reasons below the table. In each cell these are looked at: the answer
(equal to the one without faults) or the type of the error; the number of requests; a bound on time; that the fault
really happened; that the key is in no log line, error, traceback with its local variables, or file; that no temporary
file, held lock, running thread or place in the queue is left; that what is stored is whole, and gives the right rows
offline.

The ways, by kind:

{families}

The last column says how many of the ways passed; letters are the reasons for which the others are left out. `search`
is whole where other ways fail, since the listing is searched instead.

"""


def cells() -> list[tuple[Scenario, Way]]:
    """What is run."""
    return [(scenario, way) for scenario in SCENARIOS for way in WAYS if scenario.why_left_out(way) is None]


def render(passed: Iterable[tuple[str, str]], measured: Mapping[str, Any]) -> str:
    """Write the page, given the cells that passed by the names of their scenario and way."""
    held = set(passed)
    reasons = _reasons()
    text = HEAD.format(
        scenarios=len(SCENARIOS),
        ways=len(WAYS),
        passed=f"{len(held):,}",
        left_out=f"{len(SCENARIOS) * len(WAYS) - len(cells()):,}",
        families="\n".join(f"- {name}: {_names(ways)}" for name, ways in FAMILIES.items()),
    )
    text += "| Scenario | What must come of it | Ways that passed |\n|---|---|---|\n"
    for scenario in SCENARIOS:
        text += f"| {scenario.name} | {_outcome(scenario)} | {_cell(scenario, held, reasons)} |\n"
    text += "\nLeft out:\n\n" + "".join(f"- **{letter}**: {reason}.\n" for reason, letter in reasons.items())
    text += _list_of_faults() + _figures(measured)
    return text


def _reasons() -> dict[str, str]:
    """Letters for the reasons, in the order in which they are met."""
    found: dict[str, str] = {}
    for scenario in SCENARIOS:
        for way in WAYS:
            reason = scenario.why_left_out(way)
            if reason is not None:
                found.setdefault(reason, chr(ord("a") + len(found)))
    return found


def _cell(scenario: Scenario, held: set[tuple[str, str]], reasons: Mapping[str, str]) -> str:
    """How many ways passed; where not all did, which, and the letters of the reasons."""
    out = [way for way in WAYS if scenario.why_left_out(way) is not None]
    passed = [way.name for way in WAYS if (scenario.name, way.name) in held]
    if not out:
        return f"all {len(passed)}"
    letters = ", ".join(sorted({reasons[scenario.why_left_out(way) or ""] for way in out}))
    if len(out) <= FEW:
        return f"{len(passed)}, all but {_names(way.name for way in out)} ({letters})"
    shown = []
    for family, names in FAMILIES.items():
        here = [name for name in names if name in passed]
        if here:
            shown.append(f"all {family}" if len(here) == len(names) else _names(here))
    return f"{len(passed)}: {', '.join(shown)} ({letters})"


def _outcome(scenario: Scenario) -> str:
    shown = _worded(scenario.then)
    if scenario.changes is not None:
        shown = "whole, of before or of after"
    others: dict[str, list[str]] = {}
    for name, outcome in scenario.but.items():
        named = [way.name for way in WAYS if name == way.name or name in way.traits]
        others.setdefault(_worded(outcome), []).extend(f"`{one}`" for one in named)
    for worded, names in others.items():
        if worded != shown:
            shown += f"; {', '.join(names)}: {worded}"
    return shown


def _worded(outcome: Outcome) -> str:
    if isinstance(outcome, Whole):
        if outcome.more:
            return f"whole, after {outcome.more} more request{'s' if outcome.more > 1 else ''}"
        return "whole"
    if isinstance(outcome, Interrupted):
        return "`KeyboardInterrupt`, at once"
    assert isinstance(outcome, Refused)
    errors = " or ".join(f"`{one.__name__}`" for one in outcome.types)
    if outcome.asked is None or len(outcome.asked) != 1:
        return errors
    (times,) = outcome.asked
    return f"{errors}, after {times} request{'s' if times > 1 else ''}" if times else errors


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _list_of_faults() -> str:
    text = """
## Every fault, and where it is provoked

"Table" counts the scenarios above that provoke it; the tests beside it are in `tests/`.

"""
    for area, numbers in AREAS.items():
        text += f"### {area}\n\n| | Fault | What must come of it | Table | Tests |\n|---|---|---|---|---|\n"
        for fault in FAULTS:
            if fault.number in numbers:
                scenarios = sum(fault.number in scenario.numbers for scenario in SCENARIOS)
                tests = "<br>".join(_test(one) for one in fault.tests)
                text += f"| {fault.number} | {fault.what} | {fault.must} | {scenarios or ''} | {tests} |\n"
        text += "\n"
    return text


def _test(place: str) -> str:
    file, name = place.split("::")
    return f"`{Path(file).stem.removeprefix('test_')}`: {name.removeprefix('test_').replace('_', ' ')}"


def _figures(measured: Mapping[str, Any]) -> str:
    matrix, fetching, recording = measured["matrix"], measured["soak"]["fetching"], measured["soak"]["recording"]
    return f"""## What was measured

- The table: {matrix["cells"]:,} cells in {matrix["seconds"]:.0f} seconds of processor time ({matrix["machine"]}).
- Killed while they fetch into a store: {fetching["killed"]} processes, each by SIGKILL at another moment. After each
  death the store was read: {fetching["found"]} times it held the whole of one version, otherwise nothing; a torn or
  mixed entry was never found, and the last reader got the current version.
- Killed while they record: {recording["killed"]} processes. Every observation that was acknowledged is in the
  history, each once.

`make soak` does the killing again, with as many processes as `KILLS` says; the tests of every day kill fewer.
"""


def table_digest() -> str:
    """Name what is run, so that figures tell of which table they are."""
    names = [[scenario.name, way.name] for scenario, way in cells()]
    return blake2b(json.dumps(names).encode(), digest_size=8).hexdigest()


def figures() -> dict[str, Any]:
    """What the last run and the last soak measured."""
    found: dict[str, Any] = json.loads(MEASURED.read_text())
    return found
