"""A question about stored data reads the columns that it looks at, and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from bdxopendata import F, agg
from bdxopendata.odsql import Question, conditions, select_items
from bdxopendata.odsql.usage import fields_used
from test_lake import FIELDS, places

if TYPE_CHECKING:
    from bdxopendata.dataset import Dataset
    from bdxopendata.query import Query
    from conftest import Serve

EVERYTHING = {field["name"] for field in FIELDS}

ASKED: list[tuple[Callable[[Any], Query], set[str]]] = [
    (lambda d: d.select("gid"), {"gid"}),
    (lambda d: d.select(double=F.taille * 2), {"taille"}),
    (lambda d: d.where(F.taille > 10).select("code"), {"taille", "code"}),
    (lambda d: d.select("code").order_by("-taille"), {"taille", "code"}),
    (lambda d: d.group_by("code").select(n=agg.count()), {"code"}),
    (lambda d: d.group_by(F.jour.year).select(most=agg.max("taille")), {"jour", "taille"}),
    (lambda d: d.where(F.public.is_null()).select(n=agg.count()), {"public"}),
    (lambda d: d.select(n=agg.count()), {"gid"}),
    (lambda d: d.near(-0.5, 44.8, 5_000, field="geo_point_2d").select("gid"), {"geo_point_2d", "gid"}),
    (lambda d: d.refine(code="01").select("gid"), {"code", "gid"}),
    (lambda d: d.where(F.taille > 10), EVERYTHING),
    (lambda d: d.select("*", double=F.taille * 2), EVERYTHING),
]


@pytest.mark.parametrize(("ask", "wanted"), ASKED, ids=[str(number) for number in range(len(ASKED))])
def test_only_what_is_needed_is_read_and_the_answer_is_the_same(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Dataset], Query], wanted: set[str]
) -> None:
    dataset = serve(places()).dataset("places")
    grouped = "group_by" in str(ask(dataset)) or "count" in str(ask(dataset))
    expected = ask(dataset).to_pandas(format="records" if grouped else "parquet")
    dataset.to_pandas()
    read: list[set[str]] = []
    real = pq.ParquetFile.read

    def noted(file: pq.ParquetFile, columns: Any = None, **more: Any) -> Any:
        table = real(file, columns=columns, **more)
        read.append(set(table.column_names))
        return table

    monkeypatch.setattr(pq.ParquetFile, "read", noted)
    answer = ask(dataset).to_pandas()

    assert read == [wanted]
    assert_frame_equal(answer, expected)


@pytest.mark.parametrize(
    "condition", ["'arbre'", "search('arbre')", "gid > 3 and not 'arbre'", "startswith(code, 'a')"]
)
def test_a_search_for_words_may_look_at_every_field(condition: str) -> None:
    question = Question(where=conditions(condition), select=select_items("gid"))

    assert fields_used(question, {"gid": "int", "code": "text", "nom": "text"}) is None
