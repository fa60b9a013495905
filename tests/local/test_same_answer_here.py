"""Random questions have one answer: from the portal over HTTP, from stored data on this machine, and from DuckDB."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from bdxopendata.config import Settings
from bdxopendata.odsql import Expression, Question
from bdxopendata.query import Query
from bdxopendata.testing import SampleDataset
from local import referee
from local.questions import Data, datasets, questions

if TYPE_CHECKING:
    from conftest import Serve, Served

asked = datasets().flatmap(lambda data: st.tuples(st.just(data), questions(data)))
ids = count()


def query(served: Served, data: Data, question: Question) -> Query:
    """Word a question with the verbs of the library, about a dataset of its own."""
    dataset_id = f"d{next(ids)}"
    served.portal.add(SampleDataset(dataset_id, data.fields, data.rows))
    worded = Query.of(served.dataset(dataset_id))
    if question.where:
        worded = worded.where(*(Expression(one) for one in question.where))
    if question.refine:
        for name, value in question.refine:
            worded = worded.refine({name: value})
    if question.select is not None:
        worded = worded.select(*question.select)
    if question.group_by:
        worded = worded.group_by(*question.group_by)  # type: ignore[arg-type]  # keys are taken as well
    if question.order_by:
        worded = worded.order_by(*question.order_by)
    return worded.limit(question.limit)


def plain(value: Any) -> Any:
    """Bring a value to what both Arrow and DuckDB give."""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def test_a_question_has_one_answer_whoever_computes_it(serve: Serve) -> None:
    served = serve(settings=Settings(retries=0))
    seen: Counter[str] = Counter()

    @given(asked)
    @settings(max_examples=110, deadline=None, suppress_health_check=list(HealthCheck))
    def check(drawn: tuple[Data, Question]) -> None:
        data, question = drawn
        worded = query(served, data, question)
        note(str(worded))

        here = worded.to_pandas(format="store")
        there = worded.to_pandas(format="json" if question.is_grouped and not question.order_by else "records")

        assert_frame_equal(here, there)
        seen["groups" if question.is_grouped else "aggregate" if question.is_aggregate else "rows"] += 1
        try:
            expected = referee.answer(data, question)
        except referee.Inexpressible:
            return
        seen["judged"] += 1
        table = worded.to_arrow(format="store")
        rows = list(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))
        found = [tuple(plain(value) for value in row) for row in rows]
        assert found == [tuple(plain(value) for value in row) for row in expected]
        seen["judged with rows"] += bool(expected) and bool(data.rows)

    check()

    total = seen["rows"] + seen["groups"] + seen["aggregate"]
    print(f"{total} questions: {dict(seen)}")  # noqa: T201 - shown with -s
    # How many of each kind are drawn is chance; that there are some is not.
    assert min(seen["rows"], seen["groups"], seen["aggregate"]) > 0
    assert seen["judged"] > total * 0.2
    assert seen["judged with rows"] > total * 0.08
