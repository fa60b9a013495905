"""Births, deaths and first names by the stand-in portal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
import pytest

from bdxopendata.errors import DataQualityWarning, DatasetNotFoundError, SchemaDriftError, TopicNotFoundError
from bdxopendata.lineage import cite, provenance
from bdxopendata.testing import SampleDataset, samples
from bdxopendata.testing.samples import births as series
from bdxopendata.topics import births, engine
from conftest import Serve

# Two days of the real calendar on which nobody is written down.
MISSING = [pd.Timestamp("1915-12-10"), pd.Timestamp("1936-02-29")]


@pytest.fixture(scope="module")
def sample() -> SampleDataset:
    return samples.make("bor_naissances1900")


@pytest.fixture
def drawing() -> Iterator[None]:
    pytest.importorskip("matplotlib").use("Agg")
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def table(dataset_id: str, rows: Sequence[Mapping[str, Any]], title: str = "", **types: str) -> SampleDataset:
    names = dict.fromkeys(name for row in rows for name in row)
    fields = [{"name": name, "label": name, "type": types.get(name, "text")} for name in names]
    return SampleDataset(dataset_id, fields, [dict(row) for row in rows], {"default": {"title": title}})


def days(*counts: tuple[str, int | None], event: str = "Naissances", **changed: Any) -> SampleDataset:
    rows = [{"type": event, "dateevenement": day, "nombre": count} for day, count in counts]
    return table(changed.get("dataset_id", "bor_naissances1900"), rows, changed.get("title", ""), nombre="int")


def dying(sample: SampleDataset, start: str = "19200101", title: str = "Décès à Bordeaux") -> SampleDataset:
    rows = [
        {"jour": f"{one['dateevenement'][:4]}-{one['dateevenement'][4:6]}-{one['dateevenement'][6:]}", "deces": 10}
        for one in sample.rows
        if one["dateevenement"] >= start
    ]
    return table("bor_etat_civil_d", rows, title, jour="date", deces="int")


# Days


def test_every_day_between_the_first_and_the_last_is_a_row(serve: Serve, sample: SampleDataset) -> None:
    frame = births.births(catalog=serve(sample).catalog)

    assert len(frame) == 42_513 == len(sample.rows) + 2
    assert frame["date"].tolist() == pd.date_range("1900-01-01", "2016-05-24").tolist()
    assert list(frame.columns) == [*births.BIRTHS.columns, "dataset", "annee"]
    assert frame["count"].sum() == sum(one["nombre"] for one in sample.rows)


def test_missing_days_are_missing_and_no_zeros(serve: Serve, sample: SampleDataset) -> None:
    frame = births.births(catalog=serve(sample).catalog)

    missing = frame[frame["count"].isna()]
    assert missing["date"].tolist() == MISSING
    assert missing["missing_days"].tolist() == [1, 1]
    assert frame["missing_days"].sum() == 2
    assert not (frame["count"] == 0).any()
    assert str(frame["count"].dtype) == "Int64"


@pytest.mark.parametrize("kind", ["text", "int", "date"])
def test_the_year_of_the_portal_may_be_of_any_type(serve: Serve, kind: Any) -> None:
    frame = births.births("2016-05-23", catalog=serve(series.sample(kind)).catalog)

    assert frame["date"].tolist() == [pd.Timestamp("2016-05-23"), pd.Timestamp("2016-05-24")]
    assert frame["count"].notna().all()
    assert "annee" in frame


@pytest.mark.parametrize(("kind", "written"), [("int", 20200229), ("date", "2020-02-29"), ("text", "2020-02-29")])
def test_the_day_of_the_portal_may_be_of_any_type(serve: Serve, kind: str, written: Any) -> None:
    rows = [{"dateevenement": written, "nombre": 3}]
    served = serve(table("bor_naissances1900", rows, dateevenement=kind, nombre="int"))

    assert births.births(catalog=served.catalog)["date"].tolist() == [pd.Timestamp("2020-02-29")]


def test_days_of_a_partial_year_are_marked(serve: Serve, sample: SampleDataset) -> None:
    frame = births.births(catalog=serve(sample).catalog)

    assert set(frame.loc[frame["partial"], "date"].dt.year) == {2016}
    assert frame["partial"].sum() == 145


# Months and years


def test_years_add_up_and_the_last_one_is_partial(serve: Serve, sample: SampleDataset) -> None:
    frame = births.births(freq="Y", catalog=serve(sample).catalog)

    assert frame["date"].dt.year.tolist() == list(range(1900, 2017))
    assert frame["count"].sum() == sum(one["nombre"] for one in sample.rows)
    assert frame.loc[frame["partial"], "date"].dt.year.tolist() == [2016]
    by_year = frame.set_index(frame["date"].dt.year)["missing_days"]
    assert by_year[by_year > 0].to_dict() == {1915: 1, 1936: 1, 2016: 366 - 145}


def test_months_add_up_and_the_last_one_is_partial(serve: Serve, sample: SampleDataset) -> None:
    frame = births.births(freq="M", catalog=serve(sample).catalog)

    assert len(frame) == 116 * 12 + 5
    assert frame["count"].sum() == sum(one["nombre"] for one in sample.rows)
    assert frame["date"].dt.day.eq(1).all()
    assert frame["partial"].tolist() == [False] * (len(frame) - 1) + [True]
    assert frame["missing_days"].iloc[-1] == 7


def test_a_month_without_any_row_is_missing_and_no_zero(serve: Serve) -> None:
    served = serve(days(("20010131", 2), ("20010301", 3)))

    frame = births.births(freq="M", catalog=served.catalog)

    assert frame["count"].astype(object).where(frame["count"].notna(), None).tolist() == [2, None, 3]
    assert frame["missing_days"].tolist() == [30, 28, 30]
    assert frame["partial"].tolist() == [True, False, True]


def test_a_year_that_is_asked_for_in_part_is_partial(serve: Serve, sample: SampleDataset) -> None:
    frame = births.births("1999-03", 2000, freq="Y", catalog=serve(sample).catalog)

    assert frame["partial"].tolist() == [True, False]
    assert frame["missing_days"].tolist() == [59, 0]


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        (1915, 1915, "1915-01-01", "1915-12-31"),
        ("1915", "1915", "1915-01-01", "1915-12-31"),
        ("1916-02", "1916-02", "1916-02-01", "1916-02-29"),
        ("1915-12-10", date(1915, 12, 11), "1915-12-10", "1915-12-11"),
        (pd.Timestamp("1915-12-09"), "1915-12-10", "1915-12-09", "1915-12-10"),
        (None, "1900-01-02", "1900-01-01", "1900-01-02"),
        (2016, 2050, "2016-01-01", "2016-05-24"),
        (1, 1900, "1900-01-01", "1900-12-31"),
    ],
)
def test_a_range_is_days_months_or_years(
    serve: Serve, sample: SampleDataset, start: Any, end: Any, first: str, last: str
) -> None:
    if start == 1:
        start = "0001"

    frame = births.births(start, end, catalog=serve(sample).catalog)

    assert frame["date"].tolist() == pd.date_range(first, last).tolist()


@pytest.mark.parametrize("freq", ["D", "M", "Y"])
@pytest.mark.parametrize("year", [1850, 2050])
def test_years_out_of_range_are_an_empty_frame_of_the_same_types(serve: Serve, freq: Any, year: int) -> None:
    catalog = serve(days(("20010131", 2))).catalog

    none = births.births(year, year, freq=freq, catalog=catalog)

    assert len(none) == 0
    assert none.dtypes.to_dict() == births.births(freq=freq, catalog=catalog).dtypes.to_dict()


@pytest.mark.parametrize("freq", ["D", "M", "Y"])
def test_a_dataset_without_rows_is_an_empty_frame(serve: Serve, freq: Any) -> None:
    empty = days(("20010131", 2))
    served = serve(SampleDataset(empty.dataset_id, empty.fields, [], empty.metas))

    assert len(births.births(freq=freq, catalog=served.catalog)) == 0


@pytest.mark.parametrize(
    ("asked", "error", "told"),
    [
        ({"freq": "W"}, ValueError, "freq is 'D', 'M' or 'Y'"),
        ({"freq": "YE"}, ValueError, "Did you mean 'Y'"),
        ({"freq": 1}, ValueError, "not 1"),
        ({"start": 2000, "end": 1999}, ValueError, "before the start"),
        ({"start": "May 1999"}, ValueError, "such as '2023-05'"),
        ({"start": "1999-13"}, ValueError, "such as '2023-05'"),
        ({"end": 99}, ValueError, "end is a date"),
        ({"start": 1999.5}, TypeError, "not float"),
        ({"start": float("nan")}, ValueError, "start is missing"),
        ({"start": True}, TypeError, "not bool"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_before_anything_is_asked(
    serve: Serve, asked: dict[str, Any], error: type[Exception], told: str
) -> None:
    served = serve("st_park_p")

    for call in (births.births, births.deaths, births.population_change):
        with pytest.raises(error, match=told):
            call(catalog=served.catalog, **asked)

    assert len(served.portal.requests) == 0


def test_a_day_with_several_rows_is_added_up_and_told(serve: Serve) -> None:
    served = serve(days(("20010131", 2), ("20010131", 3), ("20010201", 1)))

    with pytest.warns(DataQualityWarning, match="date: 2 values on a day that has several rows, added up"):
        frame = births.births(catalog=served.catalog)

    assert frame["count"].tolist() == [5, 1]


def test_a_row_without_a_day_is_told(serve: Serve) -> None:
    served = serve(days(("20010131", 2), ("inconnu", 3)))

    with pytest.warns(DataQualityWarning) as told:
        frame = births.births(catalog=served.catalog)

    assert frame["count"].tolist() == [2]
    assert any("date: 1 value without a day, in no period" in str(one.message) for one in told)


def test_a_count_that_is_missing_is_missing(serve: Serve) -> None:
    frame = births.births(catalog=serve(days(("20010131", 2), ("20010201", None))).catalog)

    assert frame["missing_days"].tolist() == [0, 1]


def test_rows_that_count_something_else_are_not_births(serve: Serve) -> None:
    rows = [
        {"type": kind, "dateevenement": "20010131", "nombre": count}
        for kind, count in (("Naissances", 7), ("Décès", 5), (None, 1))
    ]
    served = serve(table("etat-civil", rows, "État civil : naissances et décès", nombre="int"))

    with pytest.warns(DataQualityWarning, match="several rows"):
        born = births.births(catalog=served.catalog)
    with pytest.warns(DataQualityWarning, match="several rows"):
        died = births.deaths(catalog=served.catalog)

    assert born["count"].tolist() == [8]
    assert died["count"].tolist() == [6]


def test_the_frame_says_where_it_is_from(serve: Serve, sample: SampleDataset) -> None:
    frame = births.births(freq="Y", catalog=serve(sample).catalog)

    assert provenance(frame).dataset_id == "bor_naissances1900"
    assert provenance(frame).rows == len(frame)
    assert engine.topic_of(frame)["units"] == {"count": "births", "missing_days": "days"}
    assert "bor_naissances1900" in cite(frame)


def test_a_dataset_without_counts_is_a_drift(serve: Serve) -> None:
    served = serve(table("bor_naissances1900", [{"dateevenement": "20010101"}]))

    with pytest.raises(SchemaDriftError, match=r"count \(nombre or"):
        births.births(catalog=served.catalog)


# Finding


def test_a_successor_with_another_year_in_its_id_is_found(serve: Serve, sample: SampleDataset) -> None:
    moved = SampleDataset("bor_naissances1920", sample.fields, sample.rows[-10:], sample.metas)

    frame = births.births(catalog=serve(moved).catalog)

    assert set(frame["dataset"]) == {"bor_naissances1920"}


def test_deaths_are_found_in_the_catalogue(serve: Serve, sample: SampleDataset) -> None:
    frame = births.deaths(2015, freq="Y", catalog=serve(sample, dying(sample)).catalog)

    assert frame["count"].tolist() == [3650, 1450]
    assert engine.topic_of(frame)["sources"][0]["found_by"] == "search"
    assert engine.topic_of(frame)["sources"][0]["columns"] == {"date": "jour", "count": "deces"}


def test_births_are_not_taken_for_deaths(serve: Serve, sample: SampleDataset) -> None:
    with pytest.raises(DatasetNotFoundError) as told:
        births.deaths(catalog=serve(sample).catalog)

    assert isinstance(told.value, TopicNotFoundError)
    assert told.value.near == ("bor_naissances1900",)
    assert "looked for no known id, nor did a search for 'décès', 'mortalité' or 'état civil' find one" in str(
        told.value
    )
    assert "'bor_naissances1900'" in str(told.value)


def test_deaths_are_not_taken_for_births(serve: Serve, sample: SampleDataset) -> None:
    gone = dying(sample, "20160101", "Décès et état civil")

    with pytest.raises(DatasetNotFoundError, match="looked for 'bor_naissances1900'"):
        births.births(catalog=serve(gone).catalog)


def test_a_catalogue_with_nothing_alike_says_so(serve: Serve) -> None:
    with pytest.raises(DatasetNotFoundError, match="Nothing in the catalogue looks alike"):
        births.deaths(catalog=serve("st_park_p").catalog)


def test_a_dataset_of_deaths_can_be_named(serve: Serve, sample: SampleDataset) -> None:
    served = serve(sample, dying(sample, "20160101", "Mouvements"))

    assert len(births.deaths(dataset="bor_etat_civil_d", catalog=served.catalog)) == 145


# Both


def test_births_and_deaths_stand_side_by_side(serve: Serve, sample: SampleDataset) -> None:
    frame = births.population_change(catalog=serve(sample, dying(sample)).catalog)

    assert list(frame.columns) == [
        "date", "births", "deaths", "change", "births_missing_days", "deaths_missing_days", "partial",
    ]  # fmt: skip
    assert frame["date"].dt.year.tolist() == list(range(1900, 2017))
    both = frame[frame["deaths"].notna()]
    assert both["date"].dt.year.min() == 1920
    # Both series end on the same day of 2016, so that even what there is of it can be compared.
    assert (both["change"] == both["births"] - both["deaths"]).all()
    assert frame.loc[frame["deaths"].isna(), "change"].isna().all()
    assert frame["partial"].tolist() == [False] * 116 + [True]


def test_a_year_that_one_series_covers_less_of_has_no_change(serve: Serve, sample: SampleDataset) -> None:
    frame = births.population_change(1935, 1937, catalog=serve(sample, dying(sample, "19350301")).catalog)

    assert frame["partial"].tolist() == [True, False, False]
    assert frame["change"].isna().tolist() == [True, False, False]


def test_change_by_day_is_missing_where_a_day_is(serve: Serve, sample: SampleDataset) -> None:
    served = serve(sample, dying(sample))

    frame = births.population_change("1936-02-28", "1936-03-01", freq="D", catalog=served.catalog)

    assert frame["change"].isna().tolist() == [False, True, False]
    assert frame["births_missing_days"].tolist() == [0, 1, 0]


def test_change_names_both_sources(serve: Serve, sample: SampleDataset) -> None:
    frame = births.population_change(2000, catalog=serve(sample, dying(sample)).catalog)

    every = [one["dataset_id"] for one in engine.topic_of(frame)["provenance"]]
    assert every == ["bor_naissances1900", "bor_etat_civil_d"]


def test_change_without_deaths_is_not_guessed(serve: Serve, sample: SampleDataset) -> None:
    with pytest.raises(DatasetNotFoundError, match="topic 'deaths'"):
        births.population_change(catalog=serve(sample).catalog)


# First names


NAMES = [
    {"annee": "2019", "ordre": 2, "nb": 40, "prenom": "Chloé"},
    {"annee": "2019", "ordre": 1, "nb": 62, "prenom": "Gabriel"},
    {"annee": "2020", "ordre": 1, "nb": 58, "prenom": "Gabriel"},
    {"annee": "2020", "ordre": 2, "nb": 39, "prenom": "CHLOE"},
]


@pytest.fixture
def named(serve: Serve) -> Any:
    return serve(table("bor_prenoms", NAMES, "Palmarès des prénoms", ordre="int", nb="int")).catalog


def test_first_names_are_found_in_the_catalogue_and_stand_in_order(named: Any) -> None:
    frame = births.first_names(catalog=named)

    assert frame[["year", "rank", "name", "count"]].values.tolist() == [
        [2019, 1, "Gabriel", 62], [2019, 2, "Chloé", 40], [2020, 1, "Gabriel", 58], [2020, 2, "CHLOE", 39],
    ]  # fmt: skip
    assert frame["sex"].isna().all()
    assert engine.topic_of(frame)["missing"] == ["sex"]


def test_a_first_name_is_found_however_it_is_spelt(named: Any) -> None:
    assert births.first_names(name="chloe", catalog=named)["count"].tolist() == [40, 39]
    assert births.first_names(name="Chloé", year=2020, catalog=named)["count"].tolist() == [39]


def test_an_unknown_first_name_names_the_nearest(named: Any) -> None:
    with pytest.raises(ValueError, match=r"There is no first name 'Gabrielle'\. Did you mean 'Gabriel'"):
        births.first_names(name="Gabrielle", catalog=named)


def test_a_year_without_first_names_is_an_empty_frame(named: Any) -> None:
    none = births.first_names(year=1800, catalog=named)

    assert len(none) == 0
    assert none.dtypes.to_dict() == births.first_names(catalog=named).dtypes.to_dict()


def test_a_catalogue_without_first_names_says_what_was_looked_for(serve: Serve) -> None:
    with pytest.raises(DatasetNotFoundError, match="nor did a search for 'prénoms' or 'prénom' find one"):
        births.first_names(catalog=serve("bor_naissances1900").catalog)


@pytest.mark.parametrize(
    ("asked", "error"), [({"name": 3}, TypeError), ({"year": "last"}, ValueError), ({"year": []}, ValueError)]
)
def test_first_names_refuse_arguments_of_another_kind(
    serve: Serve, asked: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        births.first_names(catalog=serve("st_park_p").catalog, **asked)


# Pictures


@pytest.mark.usefixtures("drawing")
def test_a_picture_shows_whole_years_from_zero(serve: Serve, sample: SampleDataset) -> None:
    ax = births.plot_years(births.births(1920, freq="Y", catalog=serve(sample).catalog))

    (line,) = ax.lines
    assert list(line.get_xdata()) == list(range(1920, 2016))
    assert ax.get_ylim()[0] == 0
    assert ax.get_title("left") == "Births in Bordeaux (without 2016: not whole)"
    assert any("bor_naissances1900" in text.get_text() for text in ax.texts)


@pytest.mark.usefixtures("drawing")
def test_a_picture_of_both_names_its_lines(serve: Serve, sample: SampleDataset) -> None:
    ax = births.plot_years(births.population_change(catalog=serve(sample, dying(sample)).catalog))

    texts = [text.get_text() for text in ax.texts]
    assert {"births", "deaths"} <= set(texts)
    assert any("bor_naissances1900, bor_etat_civil_d" in text for text in texts)


def test_a_picture_of_days_is_refused(serve: Serve) -> None:
    frame = births.births(catalog=serve(days(("20010131", 2), ("20010201", 3))).catalog)

    with pytest.raises(ValueError, match="freq='Y'"):
        births.plot_years(frame)
