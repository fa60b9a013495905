"""Whether the portal still has what the contracts expect: a frame of findings, one row a column.

Only descriptions of datasets are asked for, never rows. A dataset that stands still or holds nonsense is no drift: the
frames of the topics tell that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bdxopendata.catalog import Catalog
from bdxopendata.errors import TopicNotFoundError, excerpt
from bdxopendata.topics import choices, finding
from bdxopendata.topics.contract import Column, Contract, contracts
from bdxopendata.topics.facilities import KINDS

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("topic", "dataset", "column", "looked_for", "found", "verdict")

FOUND = "found"
RENAMED = "renamed"  # it works, yet the portal calls it something else than the contract knows
GONE = "gone"  # the topic does not work any more
MISSING = "missing"  # the column is there without values
UNPROVEN = "unproven"  # it is not there, and nobody was ever seen to rely on it
ELSEWHERE = "elsewhere"  # it is not there, and only other datasets are known to have it

# A topic works without what is missing, so that is shown and is no drift.
DRIFT = (RENAMED, GONE)
SHOWN = (*DRIFT, MISSING)
# Widths of a table on a terminal: names in full, what was looked for and found as far as there is room.
WIDTH = 100
NARROWEST = 12
LONGEST = 26

# Public functions whose name is not that of their one contract.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "bridge_closures": ("bridge",),
    "facilities": KINDS,
    "population_change": ("births", "deaths"),
    "traffic_counts": ("bike_counts", "road_counts"),
    "traffic_sensors": ("bike_counters", "road_counters"),
    "waste_collection": ("waste",),
    "waste_zones": ("waste",),
}

# What people were seen to rely on; anything less sure may never have been there.
SEEN = ("data", "code", "text")

Finding = tuple[str, str, str, str, str, str]


def check(*topics: str | Contract, catalog: Catalog | str | None = None) -> pd.DataFrame:
    """Compare contracts with a portal.

    Parameters
    ----------
    topics
        Names of topics or of functions that answer them (``"facilities"`` stands for all its kinds), or contracts; by
        default all, those of other packages too.
    catalog
        The portal; Bordeaux Métropole by default.

    Returns
    -------
    pandas.DataFrame
        ``topic``, ``dataset``, ``column``, ``looked_for``, ``found`` and ``verdict``, all text: first a row for the
        dataset itself (``column`` is empty), then one per column that is not derived. `drifted` tells which verdicts
        are drift.

    Raises
    ------
    ValueError
        If there is no such topic; the message names the nearest, or all.
    BdxOpenDataError
        If the portal cannot be asked.
    """
    import pandas as pd

    from bdxopendata.topics.casts import TEXT

    where = finding.catalog_of(catalog)
    known = {} if topics and all(isinstance(one, Contract) for one in topics) else contracts()
    wanted = {contract.topic: contract for one in topics for contract in _meant(one, known)}
    rows = [row for contract in (wanted or known).values() for row in _findings(contract, where)]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=TEXT)


def drifted(findings: pd.DataFrame) -> pd.DataFrame:
    """Keep what is drift of the frame that `check` returns; empty where all is as expected."""
    drift: pd.DataFrame = findings[findings["verdict"].isin(DRIFT)]
    return drift


def _meant(topic: str | Contract, known: Mapping[str, Contract]) -> list[Contract]:
    """Give the contracts that a name stands for."""
    if isinstance(topic, Contract):
        return [topic]
    names = {**{name: (name,) for name in known}, **FUNCTIONS}
    try:
        return [known[one] for one in names[choices.choose(topic, names, "topic")]]
    except ValueError:
        if choices.nearest(topic, names):
            raise
    raise ValueError(f"There is no topic '{excerpt(topic, 60)}'. There are {', '.join(sorted(names))}.")


def _findings(contract: Contract, catalog: Catalog) -> Iterator[Finding]:
    try:
        every = finding.found(contract, catalog, None)
    except TopicNotFoundError as error:
        # A topic without any known id is looked for each time, and may not be there yet.
        verdict = GONE if contract.candidates else UNPROVEN
        looked_for = " or ".join((*error.looked_for, *(f"a search for '{text}'" for text in error.searched)))
        yield contract.topic, "", "", looked_for, f"alike: {', '.join(error.near) or 'none'}", verdict
        return
    for one in every:
        yield from _of_dataset(contract, one)
    if contract.combine == "all":
        there = {one.dataset.id for one in every}
        for candidate in contract.candidates:
            if candidate not in there and finding.YEAR not in candidate:
                yield contract.topic, candidate, "", candidate, "", GONE


def _of_dataset(contract: Contract, one: finding.Found) -> Iterator[Finding]:
    topic, dataset, schema = contract.topic, one.dataset.id, one.dataset.schema
    lost = contract.geometry is not None and schema.geometry is None
    verdict = GONE if lost else FOUND if _expected(contract, one) else RENAMED
    looked_for = " or ".join(contract.candidates) or " or ".join(f"a search for '{text}'" for text in contract.search)
    yield topic, dataset, "", looked_for, "no geometry" if lost else f"by {one.how}", verdict
    fields = finding.match(contract, {field.name: field.label for field in schema})
    for column in contract.columns.values():
        if not column.is_derived:
            names = fields.get(column.name, ())
            found = ", ".join(f"{name} ({schema[name].type})" for name in names)
            looked_for = " or ".join((*column.sources, *column.labels))
            yield topic, dataset, column.name, looked_for, found, _verdict(column, names, dataset)


def _expected(contract: Contract, one: finding.Found) -> bool:
    """Whether the dataset is the one that the contract names first (any, where it combines or names none)."""
    if one.how == "year":
        return any(finding.YEAR in candidate for candidate in contract.candidates)
    if one.how == "candidate":
        return contract.combine == "all" or one.dataset.id == contract.candidates[0]
    return not contract.candidates


def _verdict(column: Column, names: tuple[str, ...], dataset: str) -> str:
    if names:
        known = {choices.folded(name) for name in column.sources}
        return FOUND if not known or choices.folded(names[0]) in known else RENAMED
    if column.required:
        return GONE
    if column.datasets and dataset not in column.datasets:
        return ELSEWHERE
    return MISSING if column.evidence in SEEN else UNPROVEN


def table(findings: pd.DataFrame, *, every: bool = False) -> str:
    """Word findings for a terminal of 100 columns: what is not as expected (or `every` row), then a line per topic."""
    shown = findings if every else findings[findings["verdict"].isin(SHOWN)]
    lines = [*_aligned(shown), ""] if len(shown) else []
    longest = max((len(topic) for topic in findings["topic"]), default=0)
    for topic, rows in findings.groupby("topic", sort=False):
        lines.append(f"{topic:<{longest}}  {_counted(rows)}")
    return "\n".join(lines)


def _counted(rows: pd.DataFrame) -> str:
    """Word how a topic is: whether it works, and how many of its columns are there."""
    columns = rows[rows["column"] != ""]
    counts = columns["verdict"].value_counts()
    if GONE in set(rows["verdict"]):
        state = "does not work"
    elif RENAMED in set(rows["verdict"]):
        state = "works, under other names"
    elif len(columns):
        state = "works"
    else:
        return "nothing found, and no dataset is known of it"
    there = counts.get(FOUND, 0) + counts.get(RENAMED, 0)
    told = [f"{there} of {len(columns)} columns there"] if len(columns) else []
    told += [f"{counts[verdict]} {verdict}" for verdict in (MISSING, GONE) if verdict in counts]
    return ": ".join([state, ", ".join(told)]) if told else state


def _aligned(rows: pd.DataFrame) -> list[str]:
    """Set rows in columns: the names in full, what was looked for and found cut to the room that is left."""
    heads = ("topic", "dataset", "column", "looked for", "found", "verdict")
    cells = [heads, *[tuple(excerpt(one, WIDTH) for one in row) for row in rows.itertuples(index=False)]]
    widths = [min(max(len(row[place]) for row in cells), LONGEST) for place in range(len(heads))]
    names = [place for place, head in enumerate(heads) if head not in ("looked for", "found")]
    room = WIDTH - sum(widths[place] for place in names) - 2 * (len(heads) - 1)
    looked_for, found = heads.index("looked for"), heads.index("found")
    wanted = {place: max(len(row[place]) for row in cells) for place in (looked_for, found)}
    widths[looked_for] = max(NARROWEST, min(wanted[looked_for], room - min(wanted[found], room // 2)))
    widths[found] = max(NARROWEST, min(wanted[found], room - widths[looked_for]))
    return [
        "  ".join(_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
