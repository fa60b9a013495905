"""A value that is asked for is a value: it finds the rows that hold it, and none besides."""

from __future__ import annotations

import pytest

from bdxopendata import F
from bdxopendata.errors import UnknownFieldError
from bdxopendata.testing import SampleDataset
from conftest import Serve, Served

VALUES = (
    "plain",
    '" or gid > 0 or nom = "',
    "' or gid > 0 or nom = '",
    '\\" or gid > 0 or nom = \\"',
    "\\' or gid > 0 --",
    "\\",
    "\\\\",
    '"',
    "'",
    "both ' and \"",
    "*",
    "pl*",
    "%",
    "line\nend",
    "tab\tbed",
    'nom:"plain"',
    "`gid`",
    "date'2026-01-01'",
    "été & fils = 1 # 2",
)


@pytest.fixture(scope="module")
def rows() -> SampleDataset:
    fields = [{"name": "gid", "type": "int"}, {"name": "nom", "type": "text", "annotations": {"facet": True}}]
    return SampleDataset("names", fields, [{"gid": place, "nom": one} for place, one in enumerate(VALUES)])


@pytest.fixture
def served(serve: Serve, rows: SampleDataset) -> Served:
    return serve(rows)


@pytest.mark.parametrize("place", range(len(VALUES)), ids=VALUES)
def test_a_value_finds_its_own_rows_and_no_others(served: Served, place: int) -> None:
    value, dataset = VALUES[place], served.dataset("names")
    questions = {
        "where": dataset.where(F.nom == value),
        "in": dataset.where(F.nom.isin([value, "nobody"])),
        "raw": dataset.where(f"gid >= 0 and {F.nom == value}"),
        "refine": dataset.refine(nom=value),
    }

    # Asked of the portal, by its pages: what is stored would be asked here.
    found = {name: one.limit(50).to_pandas(format="records")["gid"].tolist() for name, one in questions.items()}
    left = dataset.exclude(nom=value).limit(50).to_pandas(format="records")["gid"].tolist()

    assert found == {name: [place] for name in questions}
    assert sorted(left) == [one for one in range(len(VALUES)) if one != place]


def test_a_field_is_checked_before_it_is_part_of_a_question(served: Served) -> None:
    dataset = served.dataset("names")

    with pytest.raises(UnknownFieldError):
        dataset.where(F["nom) or (gid"] == 1).to_pandas(format="records")

    # Its description was asked for, and no row.
    assert served.asked() == ["names"]
