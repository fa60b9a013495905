"""Closures of the bridge by the stand-in portal, the nights on which the clocks change, and the calendar file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from bdxopendata.errors import DataQualityWarning, DatasetNotFoundError, SchemaDriftError, StaleDataWarning
from bdxopendata.testing import SampleDataset, samples
from bdxopendata.topics import bridge, engine
from conftest import Serve

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def drawing() -> Iterator[None]:
    pytest.importorskip("matplotlib").use("Agg")
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def row(
    day: str, closes: str | None, opens: str | None, boats: str | None = "SIRENA", **changed: Any
) -> dict[str, Any]:
    return {
        "bateau": boats,
        "date_passage": day,
        "fermeture_a_la_circulation": closes,
        "re_ouverture_a_la_circulation": opens,
        "type_de_fermeture": "Totale",
        "fermeture_totale": "oui",
    } | changed


def applied(*rows: Mapping[str, Any]) -> Any:
    """Rows through the contract, without a portal."""
    frame = engine.apply(bridge.AS_SENT, pd.DataFrame([dict(one) for one in rows]), dataset="made")
    return bridge.completed(frame)


def announced(serve: Serve) -> Any:
    return bridge.bridge_closures(catalog=serve("previsions_pont_chaban").catalog)


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=PARIS)  # type: ignore[arg-type,misc]  # year, month, day, hour, minute


# Rows


def test_every_closure_is_a_row_in_order_of_time(serve: Serve) -> None:
    frame = announced(serve)

    assert len(frame) == len(samples.make("previsions_pont_chaban").rows)
    assert list(frame.columns) == [*bridge.CONTRACT.columns, "dataset"]
    assert frame["start"].is_monotonic_increasing
    assert str(frame["start"].dtype) == str(frame["end"].dtype) == "datetime64[us, Europe/Paris]"
    assert (frame["end"] > frame["start"]).all()
    assert frame["oddities"].isna().all()


def test_moments_are_the_day_and_the_hours_announced(serve: Serve) -> None:
    frame = announced(serve)

    assert (frame["start"].dt.strftime("%H:%M") == frame["closing_time"]).all()
    assert (frame["end"].dt.strftime("%H:%M") == frame["reopening_time"]).all()
    assert (frame["start"].dt.tz_localize(None).dt.normalize() == frame["closing_day"]).all()


def test_a_reopening_earlier_than_its_closing_is_on_the_next_day(serve: Serve) -> None:
    frame = announced(serve)

    overnight = frame["reopening_time"] < frame["closing_time"]
    assert overnight.sum() == 6
    days = (frame["end"].dt.tz_localize(None).dt.normalize() - frame["closing_day"]).dt.days
    assert (days == overnight.astype(int)).all()


@pytest.mark.parametrize(("night", "hours"), [("2026-03-28", 5), ("2026-10-24", 7), ("2026-01-18", 6)])
def test_nights_on_which_the_clocks_change_are_as_long_as_they_are(serve: Serve, night: str, hours: int) -> None:
    frame = announced(serve)

    (closure,) = frame[frame["closing_day"] == night].itertuples()
    assert closure.end - closure.start == timedelta(hours=hours)
    assert (closure.start.hour, closure.end.hour) == (23, 5)


@pytest.mark.parametrize(
    ("day", "closes", "opens", "start", "end"),
    [
        # 02:30 is skipped: the next moment there is.
        ("2026-03-29", "02:30", "04:00", "2026-03-29T01:00Z", "2026-03-29T02:00Z"),
        ("2026-03-29", "01:00", "02:30", "2026-03-29T00:00Z", "2026-03-29T01:00Z"),
        # 02:30 is there twice: the longer reading.
        ("2026-10-25", "02:30", "04:00", "2026-10-25T00:30Z", "2026-10-25T03:00Z"),
        ("2026-10-25", "01:00", "02:30", "2026-10-24T23:00Z", "2026-10-25T01:30Z"),
        ("2026-10-24", "23:00", "02:30", "2026-10-24T21:00Z", "2026-10-25T01:30Z"),
    ],
)
def test_an_hour_that_is_skipped_or_there_twice_is_told(
    day: str, closes: str, opens: str, start: str, end: str
) -> None:
    with pytest.warns(DataQualityWarning, match="the clocks skip or have twice"):
        frame = applied(row(day, closes, opens))

    assert frame["start"].tolist() == [pd.Timestamp(start)]
    assert frame["end"].tolist() == [pd.Timestamp(end)]
    assert frame["oddities"].tolist() == [bridge.SHIFTED]


def test_several_closures_of_a_day_stay_apart(serve: Serve) -> None:
    frame = announced(serve)

    a_day = frame.groupby("closing_day").size()
    assert (a_day > 1).sum() >= 5
    assert len(frame) == a_day.sum()


def test_ships_are_a_list_and_works_are_none() -> None:
    frame = applied(
        row("2026-05-01", "10:00", "11:00", "SIRENA / RING ANDERSEN/ATYLA"),
        row("2026-05-02", "23:00", "05:00", "MAINTENANCE"),
        row("2026-05-03", "10:00", "11:00", "Fete du vin"),
        row("2026-05-04", "10:00", "11:00", None),
        row("2026-05-05", "10:00", "11:00", "Maintenance / SIRENA"),
    )

    assert frame["boats"].tolist() == [["SIRENA", "RING ANDERSEN", "ATYLA"], [], ["Fete du vin"], [], ["SIRENA"]]
    assert frame["reason"].astype(object).tolist()[:3] == ["boat", "maintenance", "boat"]
    assert frame["reason"].isna().tolist() == [False, False, False, True, False]
    assert frame["reason"].iloc[4] == "maintenance"


def test_a_closure_of_a_part_of_the_roadway_is_not_total(serve: Serve) -> None:
    frame = announced(serve)

    (partial,) = frame[~frame["total"]].itertuples()
    assert partial.closure.startswith("Partielle : ")
    assert frame["total"].sum() == len(frame) - 1


def test_total_follows_from_the_kind_where_nothing_else_tells() -> None:
    frame = applied(
        row("2026-05-01", "10:00", "11:00", fermeture_totale=None),
        row("2026-05-02", "10:00", "11:00", fermeture_totale=None, type_de_fermeture="Partielle : une voie"),
    )

    assert frame["total"].tolist() == [True, False]


def test_a_closure_said_to_be_both_or_neither_is_told() -> None:
    with pytest.warns(DataQualityWarning, match="said to be total and partial"):
        frame = applied(
            row("2026-05-01", "10:00", "11:00", type_de_fermeture="Partielle : une voie"),
            row("2026-05-02", "10:00", "11:00", type_de_fermeture=None, fermeture_totale=None),
        )

    assert frame["oddities"].tolist() == [bridge.TWO_KINDS, bridge.NOT_TOLD]
    assert frame["total"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("closes", "opens", "start", "minutes"),
    [
        ("9:05", "10:10", "09:05", 65),
        ("09h05", "10H10", "09:05", 65),
        ("9h", "10h", "09:00", 60),
        (" 09:05:00 ", "10:10:59", "09:05", 65),
        ("22:00", "24:00", "22:00", 120),
        ("22:00", "00:00", "22:00", 120),
    ],
)
def test_hours_are_read_in_every_form(closes: str, opens: str, start: str, minutes: int) -> None:
    frame = applied(row("2026-05-01", closes, opens))

    assert frame["start"].dt.strftime("%H:%M").tolist() == [start]
    assert (frame["end"] - frame["start"]).tolist() == [timedelta(minutes=minutes)]


def test_files_of_2017_have_labels_and_other_dates() -> None:
    frame = applied(
        {
            "Bateau": "SEA CLOUD",
            "Date passage": "14/07/2017",
            "Fermeture a la circulation": "21:00",
            "Re-ouverture a la circulation": "00:30",
            "Type de fermeture": "Totale",
        }
    )

    assert frame["end"].tolist() == [pd.Timestamp("2017-07-15T00:30", tz="Europe/Paris")]
    assert frame["total"].tolist() == [True]


@pytest.mark.parametrize(
    ("day", "closes", "opens"),
    [("bientôt", "10:00", "11:00"), ("2026-02-30", "10:00", "11:00"), ("2026-05-01", "matin", "11:00"),
     ("2026-05-01", "10:00", None), ("2026-05-01", "25:00", "26:00"), ("2026-05-01", "10:75", "11:00")],
)  # fmt: skip
def test_a_row_that_cannot_be_read_stays_comes_last_and_is_told(
    day: str, closes: str | None, opens: str | None
) -> None:
    with pytest.warns(DataQualityWarning, match="day or hour not read"):
        frame = applied(row(day, closes, opens), row("2026-05-01", "10:00", "11:00"))

    assert len(frame) == 2
    assert frame["start"].isna().tolist() == frame["end"].isna().tolist() == [False, True]
    assert frame["oddities"].iloc[1] == bridge.NO_TIME


def test_the_same_hour_twice_is_a_whole_day_and_is_told() -> None:
    with pytest.warns(DataQualityWarning, match="closes and opens at the same hour"):
        frame = applied(row("2026-05-01", "10:00", "10:00"))

    assert (frame["end"] - frame["start"]).tolist() == [timedelta(days=1)]


# Choosing


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [("2026-03-29", "2026-03-29", 1), (date(2026, 3, 28), date(2026, 3, 29), 1), ("2026-03-30", "2026-04-01", 0),
     (None, "2026-01-31", 1), ("2026-12-01", None, 1)],
)  # fmt: skip
def test_closures_that_touch_the_days_are_chosen(serve: Serve, start: Any, end: Any, count: int) -> None:
    served = serve("previsions_pont_chaban")

    frame = bridge.bridge_closures(start, end, catalog=served.catalog)

    assert len(frame) == count
    assert frame.dtypes.to_dict() == bridge.bridge_closures(catalog=served.catalog).dtypes.to_dict()


@pytest.mark.parametrize(
    ("asked", "error"),
    [({"start": "soon"}, ValueError), ({"start": "2026-05-02", "end": "2026-05-01"}, ValueError),
     ({"end": ["2026"]}, TypeError)],
)  # fmt: skip
def test_days_that_are_none_are_refused_before_anything_is_asked(
    serve: Serve, asked: dict[str, Any], error: type[Exception]
) -> None:
    served = serve("previsions_pont_chaban")

    with pytest.raises(error):
        bridge.bridge_closures(catalog=served.catalog, **asked)

    assert len(served.portal.requests) == 0


def test_upcoming_closures_begin_with_the_one_under_way(serve: Serve) -> None:
    frame = announced(serve)
    under_way = frame.iloc[10]

    coming = bridge.upcoming(frame, at=under_way["start"] + timedelta(minutes=1), n=3)

    assert coming["start"].tolist() == frame["start"].iloc[10:13].tolist()
    assert len(bridge.upcoming(frame, at=under_way["end"])) == len(frame) - 11


def test_now_is_meant_where_no_moment_is_named(serve: Serve, clock: datetime) -> None:
    served = serve("previsions_pont_chaban")

    coming = bridge.upcoming(catalog=served.catalog)

    assert (coming["end"] > clock).all()
    assert bridge.is_closed(catalog=served.catalog) is False


@pytest.mark.parametrize(
    ("at", "closed"),
    [
        (local(2026, 3, 28, 22, 59), False),
        (local(2026, 3, 28, 23, 0), True),
        (local(2026, 3, 29, 4, 59), True),
        (local(2026, 3, 29, 5, 0), False),
        (datetime(2026, 3, 29, 2, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 29, 3, 0, tzinfo=UTC), False),
        (datetime(2026, 10, 25, 3, 59, tzinfo=UTC), True),
        (datetime(2026, 10, 25, 4, 0, tzinfo=UTC), False),
    ],
)
def test_it_is_closed_from_the_closing_until_before_the_reopening(serve: Serve, at: datetime, closed: bool) -> None:
    assert bridge.is_closed(at, catalog=serve("previsions_pont_chaban").catalog) is closed


def test_a_partial_closure_counts_only_where_it_is_meant(serve: Serve) -> None:
    frame, at = announced(serve), local(2026, 12, 6, 12, 0)

    assert bridge.is_closed(at, frame=frame) is False
    assert bridge.is_closed(at, partly=True, frame=frame) is True


def test_a_moment_without_a_zone_is_refused_before_anything_is_asked(serve: Serve) -> None:
    served = serve("previsions_pont_chaban")

    for ask in (bridge.is_closed, bridge.upcoming):
        with pytest.raises(ValueError, match=r"no time zone: it is .*ZoneInfo\('Europe/Paris'\)"):
            ask(at=datetime(2026, 5, 1), catalog=served.catalog)  # type: ignore[operator]  # both take these
        with pytest.raises(ValueError, match=r"moment with a time zone.*not '2026-05-01'"):
            ask(at="2026-05-01", catalog=served.catalog)  # type: ignore[operator]  # as above
    assert len(served.portal.requests) == 0


def test_a_year_of_which_nothing_is_announced_is_told(serve: Serve) -> None:
    frame = announced(serve)

    with pytest.warns(StaleDataWarning, match="Nothing is announced of 2030: the frame has closures of 2026"):
        assert bridge.is_closed(local(2030, 1, 1), frame=frame) is False
    with pytest.warns(StaleDataWarning, match="the frame has no closure"):
        assert len(bridge.upcoming(frame.iloc[:0], at=local(2026, 1, 1))) == 0


@pytest.mark.parametrize(("n", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)])
def test_upcoming_wants_at_least_one(n: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="n is"):
        bridge.upcoming(n=n)


def test_a_bridge_that_is_gone_says_what_looks_alike(serve: Serve) -> None:
    with pytest.raises(DatasetNotFoundError, match="looked for 'previsions_pont_chaban'"):
        bridge.bridge_closures(catalog=serve("st_park_p").catalog)


def test_a_successor_is_found_by_its_fields(serve: Serve) -> None:
    whole = samples.make("previsions_pont_chaban")
    moved = SampleDataset("pont_chaban_fermetures", whole.fields, whole.rows, whole.metas)

    frame = bridge.bridge_closures(catalog=serve(moved).catalog)

    assert set(frame["dataset"]) == {"pont_chaban_fermetures"}


def test_hours_that_are_gone_are_a_drift(serve: Serve) -> None:
    whole = samples.make("previsions_pont_chaban")
    fields = [one for one in whole.fields if one["name"] != "re_ouverture_a_la_circulation"]
    served = serve(SampleDataset("previsions_pont_chaban", fields, whole.rows, whole.metas))

    with pytest.raises(SchemaDriftError, match=r"reopening_time \(re_ouverture_a_la_circulation\)"):
        bridge.bridge_closures(catalog=served.catalog)


# The calendar


def unfolded(path: Path) -> list[str]:
    data = path.read_bytes().decode("utf-8")
    assert data.endswith("\r\n")
    assert "\n" not in data.replace("\r\n", "")
    return data.replace("\r\n ", "").split("\r\n")[:-1]


def values(path: Path, name: str) -> list[str]:
    return [line.partition(":")[2] for line in unfolded(path) if line.partition(":")[0] == name]


def plain(text: str) -> str:
    return re.sub(r"\\(.)", lambda sign: "\n" if sign[1] in "nN" else sign[1], text)


def test_every_closure_is_an_event_of_the_calendar(serve: Serve, tmp_path: Path) -> None:
    frame = announced(serve)

    path = bridge.to_ics(tmp_path / "bridge.ics", frame)

    lines = unfolded(path)
    assert lines[:3] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//bdxopendata//bridge//EN"]
    assert lines[-1] == "END:VCALENDAR"
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == len(frame)
    for name in ("UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"):
        assert len(values(path, name)) == len(frame)
    written = [datetime.strptime(text, "%Y%m%dT%H%M%S%z") for text in values(path, "DTSTART")]
    assert written == frame["start"].tolist()
    assert [datetime.strptime(text, "%Y%m%dT%H%M%S%z") for text in values(path, "DTEND")] == frame["end"].tolist()


def test_lines_of_the_calendar_are_folded_within_75_bytes_and_no_character_is_cut(tmp_path: Path) -> None:
    name = "ÉLÉGANCE À L’ÉTÉ " * 12 + "🚢" * 20
    frame = applied(row("2026-05-01", "10:00", "11:00", name))

    path = bridge.to_ics(tmp_path / "bridge.ics", frame)

    pieces = path.read_bytes().split(b"\r\n")
    assert max(map(len, pieces)) <= 75
    assert all(piece.decode("utf-8") is not None for piece in pieces)
    assert plain(values(path, "SUMMARY")[0]) == f"Chaban-Delmas bridge closed: {name}"


def test_text_of_the_portal_cannot_act_in_the_calendar(tmp_path: Path) -> None:
    name = "A, B; C\\D\r\nEND:VEVENT\nBEGIN:VALARM\x00\x1b\u2028X"
    frame = applied(row("2026-05-01", "10:00", "11:00", name))

    path = bridge.to_ics(tmp_path / "bridge.ics", frame)

    lines = unfolded(path)
    assert lines.count("END:VEVENT") == 1
    assert "BEGIN:VALARM" not in lines
    assert len(path.read_text(encoding="utf-8").splitlines()) == path.read_bytes().count(b"\r\n")
    assert plain(values(path, "SUMMARY")[0]).endswith("A, B; C\\D\nEND:VEVENT\nBEGIN:VALARM\nX")


def test_identifiers_are_unique_and_stay_when_hours_change(tmp_path: Path) -> None:
    before = [
        row("2026-05-01", "10:00", "11:00"),
        row("2026-05-01", "22:00", "23:00"),
        row("2026-05-02", "9:00", "9:30"),
    ]
    after = [one | {"re_ouverture_a_la_circulation": "23:45"} for one in before[1:2]]

    first = values(bridge.to_ics(tmp_path / "a.ics", applied(*before)), "UID")
    again = values(bridge.to_ics(tmp_path / "b.ics", applied(before[0], *after, before[2])), "UID")

    assert len(set(first)) == 3
    assert again == first


def test_titles_are_in_the_language_asked_for(serve: Serve, tmp_path: Path) -> None:
    served = serve("previsions_pont_chaban")

    path = bridge.to_ics(tmp_path / "pont.ics", language="fr", catalog=served.catalog)

    titles = values(path, "SUMMARY")
    assert titles[0] == "Pont Chaban-Delmas fermé : maintenance"
    assert titles[-1] == "Pont Chaban-Delmas fermé en partie : maintenance"
    assert "Licence Ouverte" in values(path, "DESCRIPTION")[0]


def test_closures_without_moments_are_in_no_calendar_and_are_counted(tmp_path: Path) -> None:
    with pytest.warns(DataQualityWarning, match="not read"):
        frame = applied(row("bientôt", "10:00", "11:00"), row("2026-05-01", "10:00", "11:00"))

    with pytest.warns(DataQualityWarning, match=r"1 of 2 closures have no moments, and are not in bridge\.ics"):
        path = bridge.to_ics(tmp_path / "bridge.ics", frame)

    assert len(values(path, "UID")) == 1


def test_a_calendar_of_nothing_is_still_one(tmp_path: Path) -> None:
    path = bridge.to_ics(tmp_path / "bridge.ics", applied(row("2026-05-01", "10:00", "11:00")).iloc[:0])

    assert unfolded(path)[-1] == "END:VCALENDAR"
    assert list(tmp_path.iterdir()) == [path]


def test_a_calendar_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    frame = applied(row("2026-05-01", "10:00", "11:00"))

    with pytest.raises(FileNotFoundError):
        bridge.to_ics(tmp_path / "nowhere" / "bridge.ics", frame)
    with pytest.raises(ValueError, match="language is 'en' or 'fr'"):
        bridge.to_ics(tmp_path / "bridge.ics", frame, language="de")  # type: ignore[arg-type]  # what is refused
    assert list(tmp_path.iterdir()) == []


# The state now


def state(**changed: Any) -> SampleDataset:
    one = {"gid": "1", "ident": "PONT1", "etat": "?", "mdate": "2026-06-15T10:00:00+00:00"} | changed
    one = {name: value for name, value in one.items() if value is not None}
    fields = [{"name": name, "type": "datetime" if name == "mdate" else "text"} for name in one]
    return SampleDataset("ci_passa_p", fields, [one], {"default": {"title": "Pont Chaban-Delmas"}})


def test_the_state_of_the_bridge_is_as_the_portal_words_it(serve: Serve, clock: datetime) -> None:
    frame = bridge.bridge_state(catalog=serve(state()).catalog)

    assert frame[["ident", "state", "gid"]].values.tolist() == [["PONT1", "?", "1"]]
    assert frame["age"].tolist() == [timedelta(minutes=2)]


def test_a_state_without_a_time_has_no_age(serve: Serve) -> None:
    frame = bridge.bridge_state(catalog=serve(state(mdate=None)).catalog)

    assert frame["age"].isna().all()
    assert engine.topic_of(frame)["missing"] == ["observed_at"]


def test_a_state_that_stands_still_is_told(serve: Serve, clock: datetime) -> None:
    with pytest.warns(StaleDataWarning, match="ci_passa_p"):
        bridge.bridge_state(catalog=serve(state(mdate="2026-06-14T10:00:00+00:00")).catalog)


def test_a_portal_without_the_state_says_what_was_looked_for(serve: Serve) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"'ci_passa_p'.*These look alike: 'previsions_pont_chaban'"):
        bridge.bridge_state(catalog=serve("previsions_pont_chaban").catalog)


# The picture


@pytest.mark.usefixtures("drawing")
def test_a_picture_cuts_a_night_at_midnight(serve: Serve) -> None:
    frame = announced(serve)
    night = frame[frame["closing_day"] == "2026-10-24"]

    ax = bridge.plot_closures(night)

    assert [(bar.get_y(), bar.get_height()) for bar in ax.patches] == [(23.0, 1.0), (0.0, 5.0)]
    assert ax.get_title("left") == "1 closure of the Chaban-Delmas bridge"


@pytest.mark.usefixtures("drawing")
def test_a_picture_has_a_bar_a_closure_and_its_source(serve: Serve) -> None:
    frame = announced(serve)

    ax = bridge.plot_closures(frame)

    overnight = (frame["end"].dt.date > frame["start"].dt.date).sum()
    assert len(ax.patches) == len(frame) + overnight
    assert any("previsions_pont_chaban" in text.get_text() for text in ax.texts)


@pytest.mark.usefixtures("drawing")
def test_a_picture_of_no_closure_can_be_drawn() -> None:
    assert len(bridge.plot_closures(applied(row("2026-05-01", "10:00", "11:00")).iloc[:0]).patches) == 0
