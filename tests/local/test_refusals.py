"""What makes no sense is refused in the portal's words, with the clause, the place and a way out."""

from __future__ import annotations

import json
import pickle
from functools import reduce
from typing import TYPE_CHECKING, Any

import pytest

from bdxopendata import F, agg
from bdxopendata.config import Settings
from bdxopendata.errors import BdxOpenDataError, QueryError
from bdxopendata.query import Query
from bdxopendata.testing import SampleDataset
from bdxopendata.testing.bodies import Reply

if TYPE_CHECKING:
    from conftest import Serve, Served

FIELDS: list[dict[str, Any]] = [
    {"name": "places", "type": "int"},
    {"name": "insee", "type": "text", "annotations": {"facet": True}},
    {"name": "ouvert", "type": "boolean"},
    {"name": "jour", "type": "date"},
    {"name": "g", "type": "geo_point_2d"},
]
ROWS = [{"places": 5, "insee": "33063", "ouvert": True, "jour": "2020-01-01", "g": {"lon": 0, "lat": 44}}]
UNREADABLE = "ODSQL syntax exception: unexpected {} at position {} in {}. Clause(s) containing the error(s): {}."


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve(SampleDataset("lots", FIELDS, ROWS), settings=Settings(retries=0))


def lots(served: Served) -> Query:
    return Query.of(served.dataset("lots"))


def refused(query: Query) -> QueryError:
    """The portal's refusal of a question that the library lets pass."""
    with pytest.raises(QueryError) as caught:
        query.to_pandas(format="records")
    return caught.value


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        ("places = '5'", 'places is a number: write 5 without quotes, not "5".'),
        ("places > 'many'", 'places is a number, and "many" is text.'),
        ("places IN ('5', '6')", 'places is a number: write 5 without quotes, not "5".'),
        ("insee = 33063", 'insee is text: write "33063", not 33063.'),
        ("ouvert: 'true'", 'ouvert is TRUE or FALSE: write TRUE, not "true".'),
        ("jour = '2020-01-01'", "jour is a date: write date'2020-01-01', not \"2020-01-01\"."),
        ("jour > 2020", "jour is a date: write date'2020', not 2020."),
        ("jour IN [2019..2020]", "jour is a date: write date'2019', not 2019."),
    ],
)
@pytest.mark.parametrize("format", ["records", "parquet", "store"])
def test_a_literal_of_another_type_is_shown_as_it_should_be_written(
    served: Served, where: str, hint: str, format: Any
) -> None:
    with pytest.raises(QueryError) as caught:
        lots(served).where(where).to_pandas(format=format)

    assert caught.value.code == "IncompatibleTypesInComparisonFilter"
    assert caught.value.clause == "where"
    assert caught.value.dataset_id == "lots"
    assert str(caught.value).endswith(hint)


@pytest.mark.parametrize("ending", ["count", "batches", "download"])
def test_every_ending_shows_the_way_out(served: Served, tmp_path: Any, ending: str) -> None:
    query = lots(served).where("places = '5'")
    ends = {
        "count": query.count,
        "batches": lambda: list(query.batches(10)),
        "download": lambda: query.download(tmp_path / "lots.parquet"),
    }

    with pytest.raises(QueryError, match="write 5 without quotes"):
        ends[ending]()


@pytest.mark.parametrize(
    ("said", "code", "hint"),
    [
        ("ODSQL query is malformed: Unknown field: plases. Clause(s) containing the error(s): where.", "ODSQLError",
         "Did you mean 'places'?"),
        (UNREADABLE.format("'", 8, "insee = 'x", "where"), "ODSQLSyntaxError", "A quote ' is opened and not closed"),
        ("… Alias 'a' is declared several times …", "ODSQLError", "the name of a group key belongs in group_by alone"),
        ("… StatAggregation only supports numeric or date expression. …", "ODSQLError", "texts can be counted"),
        ("… Aggregation on geo point field is not possible. …", "ODSQLError", "geo_cluster(zoom)"),
        ("ODSQL query is malformed: aggregation function in order by is not supported with a limit > 20000. Please",
         "ODSQLError", ".limit(20000)"),
        ("something that no one has seen", "ODSQLError", ".explain()"),
    ],
)  # fmt: skip
def test_words_of_the_portal_get_a_way_out(served: Served, said: str, code: str, hint: str) -> None:
    query = lots(served).where(F.places > 1)
    query._reader.info  # noqa: B018 - the description is asked for before the portal refuses all
    body = json.dumps({"error_code": code, "message": said}).encode()
    served.portal.before_answer(
        lambda request: (
            Reply(400, body, {"content-type": "application/json"}) if request.path.endswith("/records") else None
        )
    )

    error = refused(query)

    assert error.code == code
    assert error.text == said
    assert hint in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    ("make", "text", "hint"),
    [
        (lambda it: it.select("sum(insee)"), "StatAggregation only supports numeric or date expression", "counted"),
        (lambda it: it.group_by("g"), "Aggregation on geo point field is not possible", "geo_cluster"),
        (lambda it: it.group_by("year(jour) AS a").select("count(*) AS a"), "declared several times", "group_by alone"),
        (lambda it: it.group_by("insee").select("places"), "not in the group_by clause", "Group by it as well"),
        (lambda it: it.where("places"), "not a boolean field", ""),
        (lambda it: it.where("year(insee) = 1"), "takes a date", ""),
        (lambda it: it.where("in_bbox(g, 1, 2, 3, 'x')"), "takes four numbers", ""),
        (lambda it: it.where("within(g, 5)"), "takes a geometry", ""),
        (lambda it: it.where("within(g, geom'CIRCLE(1)')"), "the geometry cannot be read", ""),
        (lambda it: it.select("length(places)"), "takes a text", ""),
        (lambda it: it.select("percentile(places, 'x')"), "a number from 0 to 100", ""),
        (lambda it: it.group_by("range(insee, 5)"), "numeric or date field", ""),
        (lambda it: it.group_by("range(jour, 2 months)"), "does not take 2 months", ""),
        (lambda it: it.group_by("range(places, 0)"), "a width above 0", ""),
        (lambda it: it.order_by("count(*)"), "need a group_by clause", ""),
        (lambda it: it.group_by("insee").order_by("insee, count(*)"), "must come before fields", ""),
        (lambda it: it.order_by("random('x')"), "takes a whole number", ""),
    ],
)  # fmt: skip
def test_a_question_of_wrong_types_or_places_is_refused_with_its_clause(
    served: Served, make: Any, text: str, hint: str
) -> None:
    error = refused(make(lots(served)))

    assert text in error.text
    assert error.clause in ("where", "select", "group_by", "order_by")
    assert hint in str(error)


@pytest.mark.parametrize(
    ("verb", "text", "found", "position", "hint"),
    [
        ("where", "insee = 'open", "'", 8, "A quote ' is opened and not closed"),
        ("where", "insee = 'l'eau'", "e", 11, r"a quote inside a text is not written \'"),
        ("where", "(places > 1", "end", 11, "1 parenthesis is not closed"),
        ("where", "places > 1)", ")", 10, "a closing parenthesis too many"),
        ("where", "places NOT IN (1, 2)", "N", 7, "NOT f IN (…)"),
        ("where", "places == 1", "=", 8, "One = suffices"),
        ("where", "places <> 1", ">", 8, "written !="),
        ("where", "places > 1 && ouvert", "&", 11, "AND and OR"),
        ("where", "insee = rue Été", "É", 12, "A text stands in quotes"),
        ("where", "jour IN (date'2020')", "d", 9, "f = date'2020'"),
        ("where", "bogus(places)", "(", 5, "There is no function bogus()"),
        ("where", "places >", "end", 8, "missing at the end"),
        ("select", "places AS", "end", 9, ""),
        ("select", "bogus(places)", "(", 5, "There is no function bogus()"),
        ("select", "places places", "p", 7, ""),
        ("group_by", "insee,, places", ",", 6, ""),
        ("group_by", "range(places, ]10, 50[)", "]", 14, "range(f, *, 10, 50, *)"),
        ("order_by", "places DOWN", "D", 7, ""),
        ("order_by", "bogus(places) DESC", "(", 5, "There is no function bogus()"),
    ],
)
def test_text_that_cannot_be_read_is_refused_where_it_is_given(
    served: Served, verb: str, text: str, found: str, position: int, hint: str
) -> None:
    with pytest.raises(QueryError) as caught:
        getattr(lots(served), verb)(text)

    assert caught.value.code == "ODSQLSyntaxError"
    assert caught.value.position == position
    assert caught.value.text == UNREADABLE.format(found, position, text, verb)
    assert hint in str(caught.value)
    assert served.asked() == []


@pytest.mark.parametrize(
    ("verb", "text"),
    [
        ("where", "count(*) > 1"),
        ("where", "range(places, 5) = '[0, 4]'"),
        ("where", "distance(g, geom'POINT(0 0)') < 5"),
        ("select", "range(places, 5)"),
        ("select", "ifnull(places)"),
        ("select", "now(1)"),
        ("select", "length(insee, insee)"),
        ("group_by", "count(*)"),
        ("group_by", "random(1)"),
        ("group_by", "search(insee, 'x')"),
        ("order_by", "bbox(g)"),
        ("order_by", "startswith(insee, 'x')"),
        ("order_by", "geo_cluster(g, 5)"),
    ],
)
def test_a_function_where_it_may_not_stand_is_refused_with_its_clause(served: Served, verb: str, text: str) -> None:
    with pytest.raises(QueryError) as caught:
        getattr(lots(served), verb)(text)

    assert caught.value.clause == verb
    assert f"Clause(s) containing the error(s): {verb}." in str(caught.value)


@pytest.mark.parametrize("verb", ["where", "select", "group_by", "order_by"])
@pytest.mark.parametrize(
    "text",
    ["(" * 10_000 + "places" + ")" * 10_000, "(" * 10_000, "places + " * 10_000 + "1", "lower(" * 10_000, "-" * 10_000],
    ids=["closed", "open", "sums", "calls", "signs"],
)
def test_deep_text_is_refused_with_its_place_and_never_exhausts_the_stack(served: Served, verb: str, text: str) -> None:
    with pytest.raises(QueryError) as caught:
        getattr(lots(served), verb)(text)

    assert caught.value.position is not None
    assert "▸" in str(caught.value)
    assert len(str(caught.value)) < 1_500


def test_deep_expressions_are_refused_and_broad_ones_are_not(served: Served) -> None:
    with pytest.raises(QueryError, match="nested more than"):
        reduce(lambda deep, one: deep + one, range(10_000), F.places)

    broad = F.places == 0
    for number in range(3_000):
        broad = broad | (F.places == number)
    assert lots(served).where(broad).to_pandas()["places"].tolist() == [5]


def test_the_place_in_a_long_text_is_shown(served: Served) -> None:
    text = " OR ".join(f"places = {number}" for number in range(300)) + " OR places = = 7 OR places = 8"

    with pytest.raises(QueryError) as caught:
        lots(served).where(text)

    assert caught.value.position == text.index("= = 7") + 2
    assert "OR places =  ▸= 7 OR places = 8" in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda it: it.where(agg.count() > 3),
        lambda it: it.where(F.insee == "x", agg.max("places") > 1),
        lambda it: it.group_by(agg.count()),
        lambda it: it.select(a=F.places.range(5)),
        lambda it: it.order_by(F.places.range(5)),
    ],
)
def test_an_expression_where_it_may_not_stand_is_refused_before_anything_is_asked(served: Served, make: Any) -> None:
    with pytest.raises(BdxOpenDataError, match="not allowed in the current clause"):
        make(lots(served)).to_pandas()

    assert [path for path in served.asked() if "/" in path] == []
