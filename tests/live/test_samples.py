"""Whether the samples of the stand-in portal still have the fields of the real datasets."""

from __future__ import annotations

import pytest

from bdxopendata.catalog import Catalog
from bdxopendata.testing import samples

REAL = [one for one in samples.ids() if not one.startswith("stand-in")]


@pytest.mark.parametrize("dataset_id", REAL)
def test_a_sample_has_no_field_that_the_portal_does_not_have(bordeaux: Catalog, dataset_id: str) -> None:
    real = bordeaux[dataset_id].schema.types()

    wrong = {name: kind for name, kind in samples.make(dataset_id).types().items() if real.get(name) != kind}

    assert not wrong, f"the portal has { ({name: real.get(name) for name in wrong}) }"
