"""Which datasets answer a topic, and which of their fields is which column.

Candidates are tried by their ids first. Where none is there, the catalogue is searched: for the same id with another
year, then by words, for a dataset that has the columns by which a successor is recognised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bdxopendata.catalog import Catalog
from bdxopendata.dataset import Dataset
from bdxopendata.errors import DatasetNotFoundError, TopicNotFoundError, name_list
from bdxopendata.portals import Portal
from bdxopendata.topics.choices import folded, same
from bdxopendata.topics.contract import Column, Contract, contracts

YEAR = "{year}"
_YEAR = r"(?:19|20)\d\d"
_MONTH = r"(?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre)"


@dataclass(frozen=True, slots=True)
class Found:
    """A dataset, and how it was found: ``candidate``, ``year``, ``search`` or ``asked``."""

    dataset: Dataset
    how: str


def catalog_of(catalog: object) -> Catalog:
    """Give the catalogue that is meant: the one given, that of an address or a portal, Bordeaux Métropole for None.

    Raises
    ------
    TypeError, ValueError
        If it is none of these.
    """
    if isinstance(catalog, Catalog):
        return catalog
    if catalog is None or isinstance(catalog, (str, Portal)):
        return Catalog(catalog)
    raise TypeError(f"catalog is a Catalog, or the address of a portal, not {type(catalog).__name__}.")


def found(contract: Contract, catalog: Catalog, dataset: str | None) -> list[Found]:
    """Find the first dataset for a topic, or all of them where the contract combines.

    Raises
    ------
    TopicNotFoundError
        If there is none.
    DatasetNotFoundError
        If `dataset` is not there.
    TypeError, ValueError
        If `dataset` is no text, or a dataset about something else.
    """
    if dataset is not None:
        return [Found(_asked(contract, catalog, dataset), "asked")]
    every = _unique(_search(contract, catalog))
    first = next(every, None)
    if first is None:
        raise TopicNotFoundError(
            contract.topic,
            catalog.portal.host,
            contract.candidates,
            contract.search,
            _alike(contract, catalog),
            contract.gone,
        )
    return [first, *every] if contract.combine == "all" else [first]


def _asked(contract: Contract, catalog: Catalog, dataset_id: str) -> Dataset:
    """Give the dataset that a person names, unless it is about something else: its frame would be all gaps."""
    if not isinstance(dataset_id, str):
        raise TypeError(f"dataset is the id of one, as text, not {type(dataset_id).__name__}.")
    dataset = _present(dataset_id, catalog) or catalog[dataset_id]
    if dataset.id in contract.candidates:
        return dataset
    fields = match(contract, {field.name: field.label for field in dataset.schema})
    needed = [one for one in dict.fromkeys((*contract.recognised_by, *contract.required)) if one.name not in fields]
    one_of = [contract.columns[name] for name in contract.search_any]
    if any(one.name in fields for one in one_of):
        needed = [one for one in needed if one.required]
    if needed or (one_of and not any(one.name in fields for one in one_of)):
        names = name_list([worded(one) for one in one_of or needed])
        known = f" The topic's own is {name_list(contract.candidates)}." if contract.candidates else ""
        raise ValueError(
            f"dataset='{dataset.id}' has nothing of the topic '{contract.topic}': looked for {names}; its fields are "
            f"{', '.join(dataset.schema.names) or 'none'}.{known} Dataset('{dataset.id}') reads it as it is."
        )
    return dataset


def worded(column: Column) -> str:
    """Word what a column was looked for as: its own name, and the portal's."""
    looked_for = (*column.sources, *column.labels)
    return f"{column.name} ({' or '.join(looked_for)})" if looked_for else column.name


def _search(contract: Contract, catalog: Catalog) -> Iterator[Found]:
    """Give what answers the contract, surest first; the catalogue is only listed where the candidates are not there."""
    for candidate in contract.candidates:
        if YEAR in candidate:
            yield from _newest(candidate, catalog)
        elif one := _present(candidate, catalog):
            yield Found(one, "candidate")
    for candidate in contract.candidates:
        if re.search(_YEAR, candidate):
            yield from _newest(candidate, catalog)
    others = _known_to_others(contract)
    for text in contract.search:
        for one in catalog.search(text):
            if one.id not in others and _recognised(contract, one):
                yield Found(one, "search")


def _known_to_others(contract: Contract) -> set[str]:
    """List the datasets that are known to answer another topic: births look like deaths, and are none."""
    return {
        candidate
        for topic, other in contracts().items()
        for candidate in other.candidates
        if topic != contract.topic and candidate not in contract.candidates
    }


def _unique(many: Iterator[Found]) -> Iterator[Found]:
    seen: set[str] = set()
    for one in many:
        if one.dataset.id not in seen:
            seen.add(one.dataset.id)
            yield one


def _present(dataset_id: str, catalog: Catalog) -> Dataset | None:
    dataset = Dataset(dataset_id, catalog=catalog)
    try:
        dataset.info  # noqa: B018  asking is what tells whether it is there
    except DatasetNotFoundError:
        return None
    return dataset


def _newest(candidate: str, catalog: Catalog) -> Iterator[Found]:
    """Give the dataset of the same id with the newest year; a month beside the year may be another one too."""
    plain = re.sub(_YEAR, lambda _: YEAR, candidate)
    parts = [re.sub(_MONTH, lambda _: _MONTH, re.escape(part)) for part in plain.split(YEAR)]
    pattern = re.compile(f"({_YEAR})".join(parts) + r"\Z")
    years = sorted((found[1], one) for one in catalog if (found := pattern.match(one)))
    if years:
        yield Found(catalog[years[-1][1]], "year")


def _recognised(contract: Contract, dataset: Dataset) -> bool:
    """Whether a dataset that a search found has what the topic needs."""
    schema = dataset.schema
    if contract.geometry and schema.geometry is None:
        return False
    fields = match(contract, {field.name: field.label for field in schema})
    needed = contract.recognised_by
    return bool(needed) and all(one.name in fields for one in (*needed, *contract.required))


def _alike(contract: Contract, catalog: Catalog) -> tuple[str, ...]:
    by_id = [near for candidate in contract.candidates for near in catalog.near(candidate.replace(YEAR, ""))]
    by_text = [one.id for text in contract.search for one in catalog.search(text, limit=3)]
    return tuple(dict.fromkeys((*by_id, *by_text)))[:5]


def match(contract: Contract, labels: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Tell which fields are which column: exactly named so, else but for case, accents and blanks, else labelled so.

    Parameters
    ----------
    contract
        The columns wanted.
    labels
        The label of each field there is; empty where there is none.
    """
    forms: dict[str, str] = {}
    for name in labels:
        forms.setdefault(folded(name), name)
    by_label: dict[str, str] = {}
    for name, label in labels.items():
        by_label.setdefault(folded(label), name)
    broken = [name for name in labels if "\N{REPLACEMENT CHARACTER}" in name]
    matched = {}
    for column in contract.columns.values():
        fields: dict[str, None] = {}
        for wanted in column.sources:
            named = wanted if wanted in labels else forms.get(folded(wanted)) or by_label.get(folded(wanted))
            if named is None:
                named = next((name for name in broken if same(name, wanted)), None)
            if named is not None:
                fields[named] = None
        for wanted in column.labels:
            named = by_label.get(folded(wanted)) or forms.get(folded(wanted))
            if named is not None:
                fields[named] = None
        if fields:
            matched[column.name] = tuple(fields)
    return matched
