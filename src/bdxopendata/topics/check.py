"""Whether the portal still has what the contracts expect: a frame of findings, one row a column.

Only descriptions of datasets are asked for, never rows. A dataset that stands still or holds nonsense is no drift: the
frames of the topics tell that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bdxopendata.catalog import Catalog
from bdxopendata.errors import TopicNotFoundError
from bdxopendata.topics import choices, finding
from bdxopendata.topics.contract import Column, Contract, contracts

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("topic", "dataset", "column", "looked_for", "found", "verdict")

FOUND = "found"
RENAMED = "renamed"  # it works, yet the portal calls it something else than the contract knows
GONE = "gone"  # the topic does not work any more
MISSING = "missing"  # the column is there without values
UNPROVEN = "not there, and never seen"
ELSEWHERE = "not there, other datasets have it"

DRIFT = (RENAMED, GONE, MISSING)

# What people were seen to rely on; anything less sure may never have been there.
SEEN = ("data", "code", "text")

Finding = tuple[str, str, str, str, str, str]


def check(*topics: str | Contract, catalog: Catalog | None = None) -> pd.DataFrame:
    """Compare contracts with a portal.

    Parameters
    ----------
    topics
        Names of topics, or contracts; by default all, those of other packages too.
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
        If there is no such topic; the message names the nearest.
    BdxOpenDataError
        If the portal cannot be asked.
    """
    import pandas as pd

    from bdxopendata.topics.casts import TEXT

    where = catalog if catalog is not None else Catalog()
    known = {} if topics and all(isinstance(one, Contract) for one in topics) else contracts()
    wanted = [one if isinstance(one, Contract) else known[choices.choose(one, known, "topic")] for one in topics]
    rows = [row for contract in wanted or known.values() for row in _findings(contract, where)]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=TEXT)


def drifted(findings: pd.DataFrame) -> pd.DataFrame:
    """Keep what is drift of the frame that `check` returns; empty where all is as expected."""
    drift: pd.DataFrame = findings[findings["verdict"].isin(DRIFT)]
    return drift


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
                yield contract.topic, candidate, "", candidate, "", MISSING


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
    """Word findings for a terminal: what drifted (or `every` row), then a line of numbers per topic."""
    shown = findings if every else drifted(findings)
    lines = [_aligned(shown)] if len(shown) else []
    for topic, rows in findings.groupby("topic", sort=False):
        counts = rows["verdict"].value_counts()
        lines.append(f"{topic}: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return "\n".join(lines)


def _aligned(rows: pd.DataFrame) -> str:
    from bdxopendata.errors import excerpt

    cells = [list(COLUMNS), *[[excerpt(one, 40) for one in row] for row in rows.itertuples(index=False)]]
    widths = [max(len(row[place]) for row in cells) for place in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )
