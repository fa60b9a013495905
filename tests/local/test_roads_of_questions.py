"""What stored data answer, what only the portal answers, and that both are said as they are."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from bdxopendata import F, agg
from bdxopendata.config import Settings
from bdxopendata.errors import OfflineError, QueryError, StaleDataWarning
from bdxopendata.odsql import FUNCTIONS, now
from bdxopendata.odsql import search as anywhere
from bdxopendata.query import Query
from bdxopendata.testing import SampleDataset

if TYPE_CHECKING:
    from conftest import Serve, Served

SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
ROWS: list[dict[str, Any]] = [
    {
        "n": number,
        "x": number / 4,
        "nom": ["rue Été", "cours du Lac", None][number % 3],
        "path": ["a", "a/b", "ab", "a/b/c"][number % 4],
        "tags": ["a", "b"] if number % 2 else ["b"],
        "ok": number % 2 == 0,
        "jour": f"2020-01-{number + 1:02}",
        "vu": f"2020-01-{number + 1:02}T23:30:00+00:00",
        "g": {"lon": number / 100, "lat": 44.0},
        "s": {"type": "Feature", "geometry": SQUARE, "properties": {}},
        "odd": number,
    }
    for number in range(24)
]
FIELDS: list[dict[str, Any]] = [
    {"name": "n", "type": "int"},
    {"name": "x", "type": "double"},
    {"name": "nom", "type": "text", "annotations": {"facet": True}},
    {"name": "path", "type": "text", "annotations": {"facet": True, "hierarchical": "/"}},
    {"name": "tags", "type": "text", "annotations": {"facet": True, "multivalued": ",", "disjunctive": True}},
    {"name": "ok", "type": "boolean"},
    {"name": "jour", "type": "date", "annotations": {"facet": True}},
    {"name": "vu", "type": "datetime", "annotations": {"facet": True}},
    {"name": "g", "type": "geo_point_2d"},
    {"name": "s", "type": "geo_shape"},
    {"name": "odd", "type": "int"},
]


@pytest.fixture
def stored(serve: Serve) -> Served:
    """A portal whose one dataset is stored whole."""
    served = serve(SampleDataset("all", FIELDS, ROWS), settings=Settings(retries=0))
    served.dataset("all").to_pandas(format="store")
    return served


def asked(served: Served, worded: Query) -> list[str]:
    """What is asked of the portal for the rows of a question, its description apart."""
    before = len(served.asked())
    worded.to_pandas()
    return [path for path in served.asked()[before:] if "/" in path]


Q = Query.of
ONLY_THE_PORTAL = {
    "search()": lambda it: it.where(F.nom.search("lca")),
    "suggest()": lambda it: it.where(F.nom.suggest("la")),
    "search() ": lambda it: it.where(anywhere("lac")),
    "full-text search": lambda it: it.where('n > 3 AND NOT "lac"'),
    "LIKE": lambda it: it.where(F.nom.like("la*") | (F.n > 3)),
    "startswith(*)": lambda it: it.where("startswith(*, 'rue')"),
    "median()": lambda it: it.group_by("ok").select(m=agg.median("x")),
    "percentile()": lambda it: it.select(p=agg.percentile("x", 90)),
    "count(distinct)": lambda it: it.select(c=agg.count_distinct("nom")),
    "geo_cluster()": lambda it: it.group_by(F.g.geo_cluster(12).alias("c")).select(k=agg.count()),
    "random()": lambda it: it.order_by("random(7)").limit(3),
    "refine of decimals": lambda it: it.refine(x=2.5),
    "distance() of shapes": lambda it: it.select(d=F.s.distance(3, 3)),
    "within_distance() of shapes": lambda it: it.where(F.s.within_distance(3, 3, 10)),
}  # fmt: skip


@pytest.mark.parametrize("name", ONLY_THE_PORTAL)
def test_what_only_the_portal_answers_exactly_is_asked_of_it_although_all_is_stored(stored: Served, name: str) -> None:
    worded = ONLY_THE_PORTAL[name](Q(stored.dataset("all")))
    worded._reader.info  # noqa: B018 - the description is asked for

    assert f"stored, but only the portal answers {name.strip()}: " in worded.explain()
    assert asked(stored, worded)


@pytest.mark.parametrize("name", ONLY_THE_PORTAL)
def test_offline_what_only_the_portal_answers_is_an_error_that_names_it(stored: Served, name: str) -> None:
    worded = ONLY_THE_PORTAL[name](Q(stored.again(offline=True).dataset("all")))

    with pytest.raises(OfflineError) as caught:
        worded.to_pandas()

    assert name.strip() in str(caught.value)
    with pytest.raises(OfflineError, match="Leave format= out"):
        ONLY_THE_PORTAL[name](Q(stored.dataset("all"))).to_pandas(format="store")


def test_every_inexact_function_of_the_table_is_asked_of_the_portal() -> None:
    tested = {name.partition("(")[0] for name in ONLY_THE_PORTAL}

    assert {name for name, one in FUNCTIONS.items() if one.evaluated and not one.exact} <= tested


ANSWERED_HERE = {
    "refine a path by its beginning": lambda it: it.refine(path="a/b"),
    "refine two values of a disjunctive field": lambda it: it.refine(tags=["a", "b"]),
    "refine two values of another field": lambda it: it.refine(nom=["rue Été", "cours du Lac"]),
    "refine a month": lambda it: it.refine(vu="2020/01"),
    "refine a day": lambda it: it.refine(jour="2020/01/03"),
    "exclude": lambda it: it.exclude(path="a/b", tags="a"),
    "parts of moments": lambda it: it.group_by(F.vu.hour.alias("h"), F.vu.day.alias("d")).select(k=agg.count()),
    "days of moments": lambda it: it.group_by(F.vu.range("1 day").alias("d")).select(k=agg.count()),
    "names of days": lambda it: it.select(d=F.jour.date_format("EEEE d MMMM")),
    "points in an area": lambda it: it.where(F.g.within("POLYGON((0 43, 0.1 43, 0.1 45, 0 45, 0 43))")),
    "points near a point": lambda it: it.near(0.05, 44, 3000),
    "distances of points": lambda it: it.select("n", d=F.g.distance(0, 44)).order_by("-d"),
    "boxes and hulls": lambda it: it.select(b=agg.bbox("g"), e=agg.envelope("g"), k=agg.count()),
    "ranges": lambda it: it.group_by(F.n.range(15).alias("r")).select(k=agg.count()),
    "ties keep the stored order": lambda it: it.order_by("ok").limit(9),
    "groups without an order": lambda it: it.group_by("nom").select(k=agg.count()),
    "groups of several values": lambda it: it.group_by("tags").select(k=agg.count(), s=agg.sum("n")),
    "aggregates over nothing": lambda it: it.where(F.n > 99).select(k=agg.count(), s=agg.sum("x"), m=agg.max("jour")),
    "no row of an aggregate": lambda it: it.select(k=agg.count()).limit(0),
    "refine whole numbers and booleans": lambda it: it.refine(n=4, ok=True),
    "groups of nothing": lambda it: it.where(F.n > 99).group_by("nom").select(s=agg.sum("n")),
    "the moment of asking": lambda it: it.where(F.vu < now(years=-1)),
}


@pytest.mark.parametrize("name", ANSWERED_HERE)
def test_what_is_answered_here_is_what_the_portal_answers(stored: Served, name: str) -> None:
    worded = ANSWERED_HERE[name](Q(stored.dataset("all")))
    there = worded.to_pandas(format="records")

    assert "stored and current: answered on this machine" in worded.explain()
    assert asked(stored, worded) == []
    assert_frame_equal(worded.to_pandas(), there)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StaleDataWarning)
        assert_frame_equal(ANSWERED_HERE[name](Q(stored.again(offline=True).dataset("all"))).to_pandas(), there)


def test_names_of_days_follow_the_language_of_the_settings(stored: Served) -> None:
    worded = Q(stored.again(language="de").dataset("all")).select(d=F.jour.date_format("EEEE")).limit(1)

    assert worded.to_pandas()["d"].tolist() == ["Mittwoch"]
    assert worded.to_pandas(format="records")["d"].tolist() == ["Mittwoch"]


def test_names_in_a_language_unknown_here_are_asked_of_the_portal(stored: Served) -> None:
    worded = Q(stored.again(language="eu").dataset("all")).select(d=F.jour.date_format("EEEE"))
    worded._reader.info  # noqa: B018 - the description is asked for

    assert "only the portal answers date_format with names" in worded.explain()


def test_a_kept_answer_about_the_present_is_not_given_again(serve: Serve) -> None:
    served = serve(SampleDataset("all", FIELDS, ROWS), settings=Settings(retries=0))
    timeless = Q(served.dataset("all")).where(F.n < 9)
    present = Q(served.dataset("all")).where(F.vu < now(years=-1))
    for one in (timeless, present):
        one.to_pandas()

    assert "this very answer was kept" in timeless.explain()
    assert asked(served, timeless) == []
    assert asked(served, present)


def test_a_list_of_ten_thousand_values_is_answered_from_the_whole_dataset(serve: Serve) -> None:
    served = serve(SampleDataset("all", FIELDS, ROWS), settings=Settings(retries=0))
    wanted = [*range(5, 10_005)]

    found = served.dataset("all").where(F.n.isin(wanted)).to_pandas()
    texts = served.dataset("all").where(~F.path.isin([f"no {value}" for value in wanted])).to_pandas()
    mixed = served.dataset("all").where(F.x.isin([value / 8 for value in wanted] + [None])).to_pandas()

    assert found["n"].tolist() == [row["n"] for row in ROWS if row["n"] >= 5]
    assert len(texts) == len(ROWS)
    assert mixed["x"].tolist() == [row["x"] for row in ROWS if row["x"] * 8 >= 5]
    assert (
        "too long for an address"
        in serve(SampleDataset("all", FIELDS, ROWS)).dataset("all").where(F.n.isin(wanted)).explain()
    )


@pytest.mark.parametrize("ending", ["to_pandas", "records", "count", "batches", "download"])
def test_a_long_question_that_only_the_portal_could_answer_is_refused_with_its_size(
    serve: Serve, tmp_path: Any, ending: str
) -> None:
    served = serve(SampleDataset("all", FIELDS, ROWS), settings=Settings(retries=0))
    worded = Q(served.dataset("all")).where(F.n.isin(range(10_000)))
    ends = {
        "to_pandas": lambda: worded.where(F.nom.search("lac")).to_pandas(),
        "records": lambda: worded.to_pandas(format="records"),
        "count": lambda: worded.where(F.nom.search("lac")).count(),
        "batches": lambda: list(worded.batches(5, format="jsonl")),
        "download": lambda: worded.download(tmp_path / "file.parquet"),
    }

    with pytest.raises(QueryError, match=r"The question has \d\d,\d{3} characters as an address.*at most 8,000"):
        ends[ending]()

    assert [path for path in served.asked() if "/" in path] == []


def test_stored_rows_come_in_stored_order(stored: Served) -> None:
    here = stored.dataset("all").where(F.ok).to_pandas()

    assert here["n"].tolist() == [row["n"] for row in ROWS if row["ok"]]
    assert isinstance(here, pd.DataFrame)
