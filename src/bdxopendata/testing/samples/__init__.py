"""Sample data sets of the stand-in portal: real ids and field lists, rows made up.

One file per data set, or per subject where several small ones belong together. The rows are seeded: the same on every
machine and every day. They are drawn, not taken from the portal; what is taken from it are facts such as field names,
names of car parks and yearly totals.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from bdxopendata.testing.sample import SampleDataset

# Where each data set is made: module and function. Adding one is adding a row.
MAKERS: Mapping[str, tuple[str, str]] = {
    "bor_airejeux": ("amenities", "playgrounds"),
    "bor_frequentation_piscine_tr": ("amenities", "pools"),
    "bor_naissances1900": ("births", "sample"),
    "bor_sigsanitaire": ("amenities", "toilets"),
    "bor_subventions": ("subsidies", "sample"),
    "ci_acte_a": ("works", "sample"),
    "ci_trafi_l": ("traffic", "sections"),
    "ci_vcub_p": ("bikes", "sample"),
    "ec_arbre_p": ("tree_heritage", "sample"),
    "en_frcol_s": ("waste", "sample"),
    "fv_commu_s": ("communes", "sample"),
    "previsions_pont_chaban": ("traffic", "closures"),
    "st_arceau_p": ("parking", "racks"),
    "st_park_p": ("parking", "car_parks"),
    "stand-in-documents": ("rowless", "no_table"),
    "stand-in-every-type": ("every_type", "sample"),
    "stand-in-not-public": ("rowless", "not_public"),
}


def ids() -> tuple[str, ...]:
    """Ids of all samples."""
    return tuple(MAKERS)


def make(dataset_id: str) -> SampleDataset:
    """Make one sample anew.

    Raises
    ------
    KeyError
        If there is no sample of this id.
    """
    module, function = MAKERS[dataset_id]
    maker = getattr(import_module(f"{__name__}.{module}"), function)
    return cast("SampleDataset", maker())


def load(*dataset_ids: str) -> list[SampleDataset]:
    """Make the samples of these ids, or all of them, anew."""
    return [make(dataset_id) for dataset_id in dataset_ids or MAKERS]


def trees(rows: int = 1500, seed: int = 33) -> SampleDataset:
    """Make ``ec_arbre_p`` with any number of trees; 80,000 take about half a second."""
    from bdxopendata.testing.samples.tree_heritage import sample

    return sample(rows, seed)
