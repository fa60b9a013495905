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
from bdxopendata.errors import DatasetNotFoundError, TopicNotFoundError
from bdxopendata.topics.choices import folded, same
from bdxopendata.topics.contract import Contract

YEAR = "{year}"
_YEAR = r"(?:19|20)\d\d"
_MONTH = r"(?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre)"


@dataclass(frozen=True, slots=True)
class Found:
    """A dataset, and how it was found: ``candidate``, ``year``, ``search`` or ``asked``."""

    dataset: Dataset
    how: str


def found(contract: Contract, catalog: Catalog, dataset: str | None) -> list[Found]:
    """Find the first dataset for a topic, or all of them where the contract combines.

    Raises
    ------
    TopicNotFoundError
        If there is none.
    DatasetNotFoundError
        If `dataset` is not there.
    """
    if dataset is not None:
        return [Found(_present(dataset, catalog) or catalog[dataset], "asked")]
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
    for text in contract.search:
        for one in catalog.search(text):
            if _recognised(contract, one):
                yield Found(one, "search")


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
