"""What is particular to each sample: the size, the shape and the oddities that the real data are known for."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from shapely.geometry import Point, shape

from bdxopendata.testing import samples
from bdxopendata.testing.samples import births, every_type
from bdxopendata.testing.samples.places import COMMUNES


@cache
def rows_of(dataset_id):
    return samples.make(dataset_id).rows


def commune_shapes():
    return {row["insee"]: shape(row["geo_shape"]["geometry"]) for row in rows_of("fv_commu_s")}


class TestCarParks:
    @pytest.fixture
    def rows(self):
        return rows_of("st_park_p")

    def test_there_are_93_car_parks_of_60_fields(self, rows):
        assert len(rows) == 93
        assert {len(row) for row in rows} == {60}

    def test_free_and_counted_places_are_missing_together_for_about_a_quarter(self, rows):
        missing = [row for row in rows if row["libres"] is None]

        assert all((row["libres"] is None) == (row["total"] is None) for row in rows)
        assert 0.18 < len(missing) / len(rows) < 0.33
        assert {row["etat"] for row in missing} == {"OUVERT"}

    def test_one_ident_stands_for_two_car_parks(self, rows):
        twice = [ident for ident, count in Counter(row["ident"] for row in rows).items() if count > 1]

        assert twice == ["CUBPK110"]
        assert len({row["gid"] for row in rows}) == len(rows)

    def test_one_car_park_has_more_free_places_than_places(self, rows):
        over = [row for row in rows if row["libres"] is not None and row["libres"] > row["total"]]

        assert [row["libres"] - row["total"] for row in over] == [1]

    def test_counted_places_differ_from_all_places_on_about_half(self, rows):
        counted = [row for row in rows if row["total"] is not None]
        differ = sum(row["total"] != row["np_total"] for row in counted)

        assert 0.35 < differ / len(counted) < 0.7

    def test_siret_comes_with_and_without_blanks(self, rows):
        spellings = {" " in row["siret"] for row in rows}

        assert spellings == {True, False}
        assert {len(row["siret"].replace(" ", "")) for row in rows} == {14}

    def test_every_state_is_there(self, rows):
        assert {row["etat"] for row in rows} == {"LIBRE", "OUVERT", "COMPLET", "FERME", "INCONNU"}

    def test_one_is_counted_though_not_connected_and_one_has_not_changed_for_years(self, rows):
        assert [row["connecte"] for row in rows if row["libres"] is not None].count(0) == 1
        assert min(row["mdate"] for row in rows).startswith("2023")

    def test_two_are_free_of_charge_and_one_has_no_tariff(self, rows):
        tariffs = Counter(row["ta_type"] for row in rows)

        assert tariffs["GRATUIT"] == 2
        assert tariffs[None] == 1
        assert {row["th_heur"] for row in rows if row["ta_type"] == "GRATUIT"} == {0.0}


class TestTrees:
    def test_some_trees_have_no_place_no_height_or_no_species(self):
        rows = rows_of("ec_arbre_p")

        assert len(rows) == 1500
        for name, most in {"geo_point_2d": 0.01, "hauteur": 0.08, "diametre_tronc": 0.08, "espece": 0.03}.items():
            assert 0 < sum(row[name] is None for row in rows) / len(rows) < most, name

    def test_trees_stand_in_the_commune_they_say(self):
        communes = commune_shapes()
        strays = [
            row
            for row in rows_of("ec_arbre_p")
            if row["geo_point_2d"] is not None
            # Rounding to seven places may put a tree a centimetre over the border.
            and communes[row["insee"]].distance(Point(row["geo_point_2d"]["lon"], row["geo_point_2d"]["lat"])) > 1e-6
        ]

        assert strays == []

    def test_heights_are_plausible(self):
        heights = sorted(row["hauteur"] for row in rows_of("ec_arbre_p") if row["hauteur"] is not None)

        assert heights[0] >= 1.0
        assert heights[-1] < 40.0
        assert 6.0 < heights[len(heights) // 2] < 14.0

    def test_any_number_of_trees_can_be_planted(self):
        forest = samples.trees(80_000)

        assert forest.dataset_id == "ec_arbre_p"
        assert len(forest.rows) == 80_000
        assert forest.metas["default"]["records_count"] == 80_000
        assert len({row["insee"] for row in forest.rows}) == 17

    def test_no_tree_at_all_is_a_dataset_too(self):
        assert list(samples.trees(0).rows) == []


class TestBirths:
    @pytest.fixture
    def rows(self):
        return rows_of("bor_naissances1900")

    def test_the_days_are_those_of_the_real_series(self, rows):
        days = [row["dateevenement"] for row in rows]

        assert len(days) == 42_511
        assert (days[0], days[-1]) == ("19000101", "20160524")
        assert days == sorted(set(days))
        assert not {"19151210", "19360229"} & set(days)

    def test_the_year_is_the_start_of_the_date(self, rows):
        assert all(row["dateevenement"].startswith(row["annee"]) for row in rows)

    def test_yearly_totals_follow_the_known_history(self, rows):
        totals = Counter()
        for row in rows:
            totals[row["annee"]] += row["nombre"]

        off = [year for year in range(1900, 2016) if totals[str(year)] != pytest.approx(births.total(year), rel=0.05)]
        assert off == []
        assert "1972" in [year for year, _ in totals.most_common(3)]
        assert totals["1916"] < 0.75 * totals["1913"]
        assert 7_700 < totals["2015"] < 8_500
        assert totals["2016"] < 4_000

    def test_every_day_has_a_birth_and_none_has_a_hundred(self, rows):
        counts = [row["nombre"] for row in rows]

        assert min(counts) >= 1
        assert max(counts) < 60

    @pytest.mark.parametrize(("kind", "value"), [("text", "1900"), ("int", 1900), ("date", "1900")])
    def test_the_year_can_have_either_type(self, kind, value):
        made = births.sample(annee=kind)

        assert made.types()["annee"] == kind
        assert made.rows[0]["annee"] == value

    def test_a_year_as_date_says_its_precision(self):
        (year,) = [field for field in births.sample(annee="date").fields if field["name"] == "annee"]

        assert year["annotations"]["timeserie_precision"] == "year"


class TestBridge:
    @pytest.fixture
    def rows(self):
        return rows_of("previsions_pont_chaban")

    def test_closures_are_of_one_calendar_year_and_in_order(self, rows):
        days = [row["date_passage"] for row in rows]

        assert {day[:4] for day in days} == {"2026"}
        assert days == sorted(days)

    def test_some_reopen_on_the_next_day(self, rows):
        overnight = [row for row in rows if row["re_ouverture_a_la_circulation"] < row["fermeture_a_la_circulation"]]

        assert {"MAINTENANCE", "SILVER MOON"} <= {row["bateau"] for row in overnight}

    def test_the_bridge_is_closed_on_both_nights_on_which_the_clocks_change(self, rows):
        nights = {row["date_passage"] for row in rows if row["bateau"] == "MAINTENANCE"}

        assert {"2026-03-28", "2026-10-24"} <= nights

    def test_some_days_have_two_closures_and_some_closures_several_ships(self, rows):
        assert max(Counter(row["date_passage"] for row in rows).values()) >= 2
        assert any(" / " in row["bateau"] for row in rows)

    def test_one_closure_is_partial(self, rows):
        assert [row["fermeture_totale"] for row in rows if row["type_de_fermeture"].startswith("Partielle")] == ["non"]

    def test_times_are_clock_times(self, rows):
        for row in rows:
            datetime.strptime(row["fermeture_a_la_circulation"], "%H:%M")
            datetime.strptime(row["re_ouverture_a_la_circulation"], "%H:%M")


class TestBikes:
    @pytest.fixture
    def rows(self):
        return rows_of("ci_vcub_p")

    def test_electric_and_classic_bikes_add_up_and_are_text(self, rows):
        assert all(int(row["nbelec"]) + int(row["nbclassiq"]) == row["nbvelos"] for row in rows)

    def test_gid_is_not_ident_but_both_are_unique(self, rows):
        assert len({row["gid"] for row in rows}) == len({row["ident"] for row in rows}) == len(rows) == 168
        assert sum(row["gid"] == row["ident"] for row in rows) < 10

    def test_insee_has_eight_gaps_where_the_code_of_the_commune_has_none(self, rows):
        assert sum(row["insee"] is None for row in rows) == 8
        assert all(row["insee"] in (None, row["code_commune"]) for row in rows)

    def test_every_state_is_there_and_all_rows_changed_at_once(self, rows):
        assert {row["etat"] for row in rows} == {"CONNECTEE", "DECONNECTEE", "MAINTENANCE", "OUT_OF_SERVICE"}
        assert len({row["mdate"] for row in rows}) == 1


class TestWaste:
    @pytest.fixture
    def rows(self):
        return rows_of("en_frcol_s")

    def test_days_are_a_list_in_the_order_of_the_week(self, rows):
        week = ["LUNDI", "MARDI", "MERCREDI", "JEUDI", "VENDREDI", "SAMEDI"]

        assert all(row["jour_col"] == sorted(row["jour_col"], key=week.index) for row in rows)
        assert {1, 2} <= {len(row["jour_col"]) for row in rows}

    def test_some_shapes_are_missing_with_an_error_code_and_a_point(self, rows):
        missing = [row for row in rows if row["geo_shape"] is None]

        assert len(missing) == 10
        assert all(row["geom_err"] in ("13349", "13356") and row["geo_point_2d"] is not None for row in missing)
        assert sum(row["geom_err"] is not None for row in rows) > len(missing)

    def test_21_communes_are_served_with_both_kinds_of_waste(self, rows):
        kinds = Counter((row["commune"], row["type"]) for row in rows)

        assert len({commune for commune, _ in kinds}) == 21
        assert all(kinds[commune, "OM"] == kinds[commune, "TRI"] for commune, _ in kinds)

    def test_shapes_are_valid(self, rows):
        assert all(shape(row["geo_shape"]["geometry"]).is_valid for row in rows if row["geo_shape"] is not None)


class TestCommunes:
    def test_there_are_28_with_their_codes(self):
        rows = rows_of("fv_commu_s")

        assert {row["insee"]: row["nom"] for row in rows} == {one.code: one.name for one in COMMUNES}
        assert len(rows) == 28
        assert {"33063": "Bordeaux", "33550": "Villenave-d'Ornon"}.items() <= {
            row["insee"]: row["nom"] for row in rows
        }.items()

    def test_outlines_are_valid_and_tile_the_metropolis(self):
        shapes = list(commune_shapes().values())
        whole = shapes[0]
        for one in shapes[1:]:
            whole = whole.union(one)

        assert all(one.is_valid for one in shapes)
        assert sum(one.area for one in shapes) == pytest.approx(whole.area, rel=1e-4)

    def test_each_town_is_in_its_outline(self):
        shapes = commune_shapes()

        assert [one.name for one in COMMUNES if not shapes[one.code].contains(Point(one.lon, one.lat))] == []

    def test_one_outline_is_composite_and_says_so(self):
        (composite,) = [row for row in rows_of("fv_commu_s") if row["geom_err"] is not None]

        assert composite["geom_err"] == "9999"
        assert composite["geo_shape"]["geometry"]["type"] == "MultiPolygon"


class TestOthers:
    def test_pools_have_negative_and_unknown_counts_and_one_is_silent(self):
        rows = rows_of("bor_frequentation_piscine_tr")
        people = [row["fmicourante"] for row in rows]

        assert sum(count is None for count in people) == 2
        assert min(count for count in people if count is not None) < 0
        assert min(row["datemiseajour"] for row in rows) < "2026-06-14"

    def test_racks_repeat_places_and_have_no_dates_and_are_in_every_commune(self):
        rows = rows_of("st_arceau_p")
        places = {(row["geo_point_2d"]["lon"], row["geo_point_2d"]["lat"]) for row in rows}

        assert len(places) < len(rows)
        assert {row["cdate"] for row in rows} == {row["mdate"] for row in rows} == {None}
        assert len({row["insee"] for row in rows}) == 28
        assert min(row["nombre"] for row in rows) == 1

    def test_subsidies_lack_some_amounts_purposes_and_dates(self):
        rows = rows_of("bor_subventions")

        assert all(any(row[name] is None for row in rows) for name in ("montant", "objet", "date_deb"))
        assert min(row["montant"] for row in rows if row["montant"] is not None) > 0

    def test_toilets_with_handi_oui_exist_and_others_say_no_or_nothing(self):
        assert {row["handi"] for row in rows_of("bor_sigsanitaire")} == {"OUI", "NON", None}

    def test_playgrounds_have_half_years_and_valid_shapes_of_two_kinds(self):
        rows = rows_of("bor_airejeux")
        shapes = [shape(row["geo_shape"]["geometry"]) for row in rows]

        assert 1.5 in {row["age_min"] for row in rows}
        assert {one.geom_type for one in shapes} == {"Polygon", "MultiPolygon"}
        assert all(one.is_valid for one in shapes)

    def test_street_sections_are_lines_in_every_state(self):
        rows = rows_of("ci_trafi_l")

        assert {row["geo_shape"]["geometry"]["type"] for row in rows} == {"LineString"}
        assert {row["etat"] for row in rows} == {"FLUIDE", "DENSE", "EMBOUTEILLE", "PARALYSE", "INCONNU"}
        assert len({row["gid"] for row in rows}) == len(rows)


class TestEveryType:
    @pytest.fixture
    def made(self):
        return samples.make("stand-in-every-type")

    def values(self, made, name):
        return [row[name] for row in made.rows]

    def test_every_type_is_there(self, made):
        assert set(made.types().values()) == {
            "text",
            "int",
            "double",
            "boolean",
            "date",
            "datetime",
            "geo_point_2d",
            "geo_shape",
            "file",
            "json_blob",
        }

    def test_each_field_is_missing_in_several_rows_and_present_in_several(self, made):
        for name in made.types():
            missing = sum(value is None for value in self.values(made, name))
            assert 1 < missing < len(made.rows) - 1, name

    def test_the_first_row_is_empty(self, made):
        assert set(made.rows[0].values()) == {None}

    def test_every_hard_value_is_in_some_row(self, made):
        known = {
            "code": every_type.CODES,
            "texte": every_type.TEXTS,
            "2e_texte": every_type.SECOND_TEXTS,
            "liste": every_type.LISTS,
            "chemin": every_type.PATHS,
            "entier": every_type.INTEGERS,
            "reel": every_type.REALS,
            "jour": every_type.DAYS,
            "mois": every_type.MONTHS,
            "annee": every_type.YEARS,
            "instant": every_type.INSTANTS,
            "point": every_type.POINTS,
            "forme": every_type.SHAPES,
            "document": every_type.DOCUMENTS,
        }
        for name, values in known.items():
            present = self.values(made, name)
            assert [value for value in values if value not in present] == [], name

    def test_integers_pass_what_a_float_can_hold(self, made):
        large = [value for value in self.values(made, "entier") if value is not None and int(float(value)) != value]

        assert 2**53 + 1 in large
        assert 2**63 - 1 in large

    def test_dates_pass_what_nanoseconds_can_hold(self, made):
        days = [date.fromisoformat(value) for value in self.values(made, "jour") if value is not None]

        assert min(days).year < 1678
        assert max(days).year > 2262

    def test_moments_lie_on_both_sides_of_both_clock_changes(self, made):
        paris = ZoneInfo("Europe/Paris")
        moments = [datetime.fromisoformat(value).astimezone(paris) for value in self.values(made, "instant") if value]
        shown = {f"{moment:%Y-%m-%d %H:%M:%S %z}" for moment in moments}

        assert {"2026-03-29 01:59:59 +0100", "2026-03-29 03:00:00 +0200"} <= shown
        assert {"2026-10-25 02:30:00 +0200", "2026-10-25 02:30:00 +0100"} <= shown

    def test_shapes_are_of_every_kind_and_one_is_not_valid(self, made):
        shapes = [shape(value["geometry"]) for value in self.values(made, "forme") if value is not None]

        assert {one.geom_type for one in shapes} == {
            "Point",
            "MultiPoint",
            "LineString",
            "MultiLineString",
            "Polygon",
            "MultiPolygon",
            "GeometryCollection",
        }
        assert any(not one.is_valid for one in shapes)
        assert any(one.has_z for one in shapes)

    def test_every_file_value_has_its_bytes_and_they_are_a_whole_png(self, made):
        stored = {one.id: one for one in made.files}
        values = [value for value in self.values(made, "fichier") if value is not None]

        assert {value["id"] for value in values} == set(stored)
        for one in stored.values():
            assert one.content.startswith(b"\x89PNG\r\n\x1a\n")
            assert png_pixels(one.content)[0] == 0
            assert len(png_pixels(one.content)) == 4

    def test_there_is_an_attachment(self, made):
        assert [(one.id, one.mimetype) for one in made.attachments] == [("notice_txt", "text/plain")]

    def test_fewer_rows_can_be_made(self):
        assert len(every_type.sample(3).rows) == 3
        assert len(every_type.sample(0).rows) == 0


def png_pixels(content: bytes) -> bytes:
    """Scan the chunks of a PNG, check each sum, and unpack the pixels."""
    at, pixels, kinds = 8, b"", []
    while at < len(content):
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 8 : at + 8 + size]
        assert struct.unpack(">I", content[at + 8 + size : at + 12 + size]) == (zlib.crc32(kind + body),)
        kinds.append(kind)
        pixels += body if kind == b"IDAT" else b""
        at += 12 + size
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]
    return zlib.decompress(pixels)
