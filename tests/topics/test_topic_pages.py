"""The pages of topics: their tables are those of the contracts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bdxopendata.topics.contract import contracts
from support import topic_pages

PAGES = list(topic_pages.pages())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_the_table_of_columns_is_that_of_the_contract(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert text == topic_pages.written(page), "tests/support/topic_pages.py writes tables anew"


def test_pages_have_tables_and_a_table_has_a_row_for_each_column() -> None:
    assert {"trees", "parking"} <= {page.stem for page in PAGES}
    for topic, contract in contracts().items():
        assert topic_pages.table(topic, "en").count("\n") == len(contract.columns) + 2
