"""Every real export that is here goes through formats and frames, with the oddities that are known of it.

The schemas are what the portal says of these data sets, written down; rows are only read, never copied.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import shapely

from bdxopendata import formats, frames
from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.fields import Field, Schema
from bdxopendata.formats import csv as csv_format
from bdxopendata.frames import quality as problems


def fields(text: str, **labels: str) -> list[Field]:
    """Fields written as ``name:type``; a star marks a multivalued one; labels are the names unless given."""
    made = []
    for part in text.split():
        name, _, kind = part.partition(":")
        made.append(Field(name, kind.rstrip("*"), labels.get(name, name), multivalued=kind.endswith("*")))
    return made


GEO = {"geo_point_2d": "Geo Point", "geo_shape": "Geo Shape"}

PARKING = Schema(
    fields(
        "geo_point_2d:geo_point_2d geo_shape:geo_shape insee:text ident:text siret:text infor:text adresse:text "
        "exploit:text th_heur:double th_nuit:double ta_moivel:double th_quar:double th_10:double np_pmr:int "
        "ta_type:text ta_nres7j:double ta_titul:double libres:int np_veltot:int np_2rele:int np_hgsup:int np_stlav:int "
        "np_covoit:int prepaye:double nb_niv:int th_4:double ta_ntitul:double th_3:double th_2:double th_24:double "
        "gabari_max:double mdate:datetime url:text np_vle:int np_fourr:int th_demi:double secteur:text np_global:int "
        "np_velec:int gid:text gabari_std:double titul:text propr:text np_mobalt:int ta_handi:text np_hginf:int "
        "connecte:int np_pr:int etat:text nom:text total:int typgest:text type:text an_serv:text ta_resmoi:double "
        "np_2rmot:int cdate:datetime np_total:int tv_1h:double ta_moimot:double",
        **GEO,
    ),
    dataset_id="st_park_p",
)
BIKES = Schema(
    fields(
        "geo_point_2d:geo_point_2d geo_shape:geo_shape insee:text commune:text gml_id:text gid:int ident:int type:text "
        "nom:text etat:text nbplaces:int nbvelos:int nbelec:text nbclassiq:text cdate:datetime mdate:datetime "
        "code_commune:text geom_o:text",
        **GEO,
        **{
            name: name.upper()
            for name in (
                *("insee", "gid", "ident", "type", "nom", "etat", "nbplaces", "nbvelos", "nbelec", "nbclassiq"),
                *("cdate", "mdate", "geom_o"),
            )
        },
    ),
    dataset_id="ci_vcub_p",
)
RACKS = Schema(
    fields(
        "geo_shape:geo_shape geo_point_2d:geo_point_2d gid:int geom_o:text geom_err:text typologie:text nombre:int "
        "insee:text cdate:datetime mdate:datetime"
    ),
    dataset_id="st_arceau_p",
)
COLLECTION = Schema(
    fields(
        "geo_point_2d:geo_point_2d geo_shape:geo_shape gid:text geom_err:text type:text jour_col:text* passage:text "
        "cdate:datetime mdate:datetime commune:text code_commune:text"
    ),
    dataset_id="en_frcol_s",
)
BUILDINGS = Schema(
    fields(
        "avec_hebergement:text nom_etablissement:text propriete_ville:text categorie:double type:text adresse_1:text "
        "adresse_2:text code_postal:text commune:text canton:text effectif_personnel:int nb_visiteurs_max:int "
        "geometrie:geo_point_2d"
    ),
    dataset_id="bor_erp",
)
BRIDGE = Schema(
    fields(
        "bateau:text date_passage:date fermeture_a_la_circulation:text re_ouverture_a_la_circulation:text "
        "type_de_fermeture:text fermeture_totale:text"
    ),
    dataset_id="previsions_pont_chaban",
)
BIRTHS = Schema(fields("Type:text ANNEE:date DateEvenement:date Nombre:int"), dataset_id="bor_naissances1900")
VELIB = Schema(
    fields(
        "stationcode:text name:text is_installed:text capacity:int numdocksavailable:int numbikesavailable:int "
        "mechanical:int ebike:int is_renting:text is_returning:text duedate:datetime coordonnees_geo:geo_point_2d "
        "nom_arrondissement_communes:text code_insee_commune:text station_opening_hours:text",
        stationcode="Identifiant station",
        name="Nom station",
        is_installed="Station en fonctionnement",
        capacity="Capacité de la station",
        numdocksavailable="Nombre bornettes libres",
        numbikesavailable="Nombre total vélos disponibles",
        mechanical="Vélos mécaniques disponibles",
        ebike="Vélos électriques disponibles",
        is_renting="Borne de paiement disponible",
        is_returning="Retour vélib possible",
        duedate="Actualisation de la donnée",
        coordonnees_geo="Coordonnées géographiques",
        nom_arrondissement_communes="Nom communes équipées",
        code_insee_commune="Code INSEE communes équipées",
    ),
    dataset_id="velib-disponibilite-en-temps-reel",
)
ART = Schema(
    fields(
        "registryid:int title_of_work:text artistprojectstatement:text type:text status:text sitename:text "
        "siteaddress:text primarymaterial:text url:text photourl:file ownership:text neighbourhood:text "
        "locationonsite:text geom:geo_shape geo_local_area:text descriptionofwork:text artists:text* photocredits:text "
        "yearofinstallation:date geo_point_2d:geo_point_2d"
    ),
    dataset_id="public-art",
)
CLOSURES = Schema(
    fields(
        "project:text street:text location:text comp_date:date url_link:text geom:geo_shape geo_point_2d:geo_point_2d"
    ),
    dataset_id="road-closures",
)


def found(shared_data: Path, place: str) -> Path:
    path = shared_data / place
    if not path.is_file():
        pytest.skip(f"{place} is not here")
    return path


def typed(path: Path, format: str, schema: Schema, **options: bool) -> pa.Table:
    """Read, type, and make sure that every value fitted and that batches are the same."""
    quality = frames.Quality()
    table = frames.conform(formats.read(path, format, schema, **options), schema, quality)
    assert not quality, str(quality)
    assert table.schema == frames.canonical_schema(schema)
    pieces = [
        frames.conform(raw, schema, frames.Quality()) for raw in formats.batches(path, format, schema, 50, **options)
    ]
    assert pa.concat_tables(pieces).equals(table)
    assert formats.count_rows(path, format) == table.num_rows
    return table


def test_car_parks_in_json(shared_data):
    path = found(shared_data, "real/st_park_p/PaulBalcon__SmartCity__st_park_p.json")

    table = typed(path, "json", PARKING)
    frame = frames.to_geopandas(table, PARKING)

    assert table.shape == (90, 60)
    assert frame["ident"].value_counts()["CUBPK110"] == 2
    assert frame["gid"].iloc[0] == "255"
    assert frame["siret"].str.contains(" ").any()
    assert str(frame["libres"].dtype) == "Int64"
    assert (frame["libres"].isna() == frame["total"].isna()).all()
    assert frame["libres"].isna().sum() == 22
    assert str(frame["mdate"].dtype) == "datetime64[us, Europe/Paris]"
    assert frame["mdate"].iloc[0] == pd.Timestamp("2023-09-23T13:07:58+02:00")
    assert frame.active_geometry_name == "geo_shape"
    assert frame.crs == "EPSG:4326"
    assert set(frame.geom_type) == {"Point"}
    assert frame.geometry.geom_equals(frame["geo_point_2d"]).all()


def test_car_parks_in_csv_with_labels(shared_data):
    path = found(shared_data, "real/st_park_p/juniortchinde__elt_dbt__st_park_p.csv")

    table = typed(path, "csv", PARKING, labels=True)
    frame = frames.to_geopandas(table, PARKING)

    assert path.read_bytes().startswith(b"\xef\xbb\xbfGeo Point;Geo Shape;insee;")
    assert table.shape == (93, 60)
    assert set(frame["etat"]) == {"LIBRE", "OUVERT", "COMPLET", "FERME", "INCONNU"}
    assert frame["insee"].str.fullmatch("[0-9]{5}").all()
    assert frame.geometry.notna().all()
    with pytest.raises(UnexpectedAnswerError, match="'geo_point_2d'"):
        formats.read(path, "csv", PARKING)


def test_car_parks_have_the_same_columns_by_both_roads(shared_data):
    by_json = typed(found(shared_data, "real/st_park_p/PaulBalcon__SmartCity__st_park_p.json"), "json", PARKING)
    by_csv = typed(
        found(shared_data, "real/st_park_p/juniortchinde__elt_dbt__st_park_p.csv"), "csv", PARKING, labels=True
    )

    assert by_json.schema == by_csv.schema
    one, other = frames.to_pandas(by_json, PARKING), frames.to_pandas(by_csv, PARKING)
    assert one.dtypes.to_dict() == other.dtypes.to_dict()


def test_bike_stations_in_csv_with_labels_in_another_case(shared_data):
    path = found(shared_data, "real/ci_vcub_p/americium-241__YNOV_PFE__ci_vcub_p.csv")

    frame = frames.to_geopandas(typed(path, "csv", BIKES, labels=True), BIKES)

    assert len(frame) == 168
    assert (frame["gid"] != frame["ident"]).sum() == 161
    assert frame["insee"].isna().sum() == 8
    assert frame.loc[frame["insee"].isna(), "code_commune"].notna().all()
    assert (frame["nbelec"].astype(int) + frame["nbclassiq"].astype(int) == frame["nbvelos"]).all()
    assert frame["mdate"].nunique() == 1
    assert frame["mdate"].iloc[0] == pd.Timestamp("2023-09-17T16:27:00", tz="Europe/Paris")


def records_of_the_first_api(path: Path) -> list[dict[str, object]]:
    body = json.loads(path.read_bytes())
    return [one["fields"] for one in (body["records"] if isinstance(body, dict) else body)]


def test_a_bike_station_of_the_first_api(shared_data):
    path = found(shared_data, "real/ci_vcub_p/etalab__transport-site__vcub_v1_record.json")
    quality = frames.Quality()

    table = frames.conform(formats.rows_to_table(records_of_the_first_api(path), BIKES), BIKES, quality)

    (row,) = table.to_pylist()
    assert not quality
    assert row["geo_point_2d"] == {"lon": -0.554574, "lat": 44.823285}
    assert row["nbelec"] == "6"
    assert row["nbvelos"] == 21
    assert row["insee"] is None
    assert row["mdate"] == datetime(2021, 11, 4, 11, 43, 44, tzinfo=UTC)
    assert frames.to_geopandas(table, BIKES).geometry.x.tolist() == [-0.554574]


def test_bridge_closures_of_the_first_api(shared_data):
    path = found(
        shared_data, "real/previsions_pont_chaban/YannSTEFANUTTI__Pont-Chaban-Delmas__previsions_pont_chaban.json"
    )
    quality = frames.Quality()

    table = frames.conform(formats.rows_to_table(records_of_the_first_api(path), BRIDGE), BRIDGE, quality)
    frame = frames.to_pandas(table, BRIDGE)

    assert not quality
    assert len(frame) == 75
    assert str(frame["date_passage"].dtype) == "datetime64[us]"
    assert frame["date_passage"].min() == pd.Timestamp("2022-01-16")
    assert frame["date_passage"].max() == pd.Timestamp("2022-11-06")
    assert frame["fermeture_a_la_circulation"].str.fullmatch("[0-9]{2}:[0-9]{2}").all()
    assert set(frame["fermeture_totale"]) == {"oui"}
    with pytest.raises(ValueError, match="bateau"):
        frames.to_geopandas(table, BRIDGE)


def test_racks_in_geojson(shared_data):
    path = found(shared_data, "real/st_arceau_p/axelbellec__boop__opendata-bordeaux-st_arceau_p.geojson")

    frame = frames.to_geopandas(typed(path, "geojson", RACKS), RACKS)

    assert len(frame) == 4148
    assert frame["typologie"].value_counts().to_dict() == {
        "ARCEAU_VELO": 3864,
        "ARCEAU_MOTO": 191,
        "ARCEAU_VELO_CARGO": 93,
    }
    assert frame["nombre"].min() >= 1
    assert frame["insee"].nunique() == 28
    assert frame[["geom_err", "cdate", "mdate"]].isna().all(axis=None)
    assert str(frame["mdate"].dtype) == "datetime64[us, Europe/Paris]"
    assert set(frame.geom_type) == {"Point"}
    assert frame.geometry.to_wkb().nunique() == 4100
    assert frame.geometry.geom_equals(frame["geo_point_2d"]).all()


def test_collection_zones_with_missing_shapes(shared_data):
    path = found(shared_data, "real/en_frcol_s/zlahmar__EcoTri-APPMOBILE__en_frcol_s.json")

    frame = frames.to_geopandas(typed(path, "json", COLLECTION), COLLECTION)

    assert len(frame) == 132
    assert Counter(frame.geom_type.dropna()) == {"Polygon": 107, "MultiPolygon": 15}
    hollow = frame[frame["geo_shape"].isna()]
    assert len(hollow) == 10
    assert hollow["geo_point_2d"].notna().all()
    assert set(hollow["geom_err"]) <= {"13349", "13356"}
    assert frame["jour_col"].map(type).eq(list).all()
    days = {day for days in frame["jour_col"] for day in days}
    assert days <= {"LUNDI", "MARDI", "MERCREDI", "JEUDI", "VENDREDI", "SAMEDI"}


def test_public_buildings_with_points_without_a_blank(shared_data):
    path = found(shared_data, "real/bor_erp/the-wam__spark__bor_erp.csv")

    frame = frames.to_geopandas(typed(path, "csv", BUILDINGS), BUILDINGS)

    assert len(frame) == 9243
    assert frame["geometrie"].isna().sum() == 713
    assert frame["categorie"].isna().sum() == 559
    assert set(frame["categorie"].dropna()) == {1.0, 2.0, 3.0, 4.0, 5.0}
    assert set(frame["avec_hebergement"].dropna()) == {"0", "1", "N", "O"}
    assert frame.geometry.iloc[0].x == -0.577819
    assert frame.geometry.iloc[0].y == 44.84178


def test_births_lack_their_last_line_end_and_hold_days_as_eight_digits(shared_data, tmp_path):
    path = found(shared_data, "real/bor_naissances1900/PBatignes__Naissances1900__naissances_depuis_1900.csv")
    with pytest.raises(UnexpectedAnswerError, match="last line does not end"):
        formats.read(path, "csv", BIRTHS)
    ended = tmp_path / "births.csv"
    ended.write_bytes(path.read_bytes() + b"\n")

    frame = frames.to_pandas(frames.conform(formats.read(ended, "csv", BIRTHS), BIRTHS, frames.Quality()), BIRTHS)

    assert len(frame) == 42_511
    assert frame["DateEvenement"].min() == pd.Timestamp("1900-01-01")
    assert frame["DateEvenement"].max() == pd.Timestamp("2016-05-24")
    assert (frame["ANNEE"].dt.year == frame["DateEvenement"].dt.year).all()
    assert frame["Nombre"].between(1, 48).all()


@pytest.mark.parametrize(
    ("place", "delimiter", "rows"),
    [
        ("real/palmares_prenoms_bordeaux/WildBenji__palmares-noms-de-bordeaux__full_dataset.csv", ",", 10_000),
        ("real/ci_acte_a/WildBenji__travaux_bordeaux__dataset.csv", ",", 356),
        ("real/bor_frequentation_piscine_tr/WilliamOlivers__piscine-scrapper__historique_piscine.csv", ",", 416),
        ("real/bor_parcjardin/AdrienVH__m2geopo-carto-bdd__parcs_attributes.csv", ";", 84),
        ("real/pc_itinerance_l/AdrienVH__m2geopo-carto-bdd__itineraires_attributes.csv", ";", 28),
    ],
)
def test_tables_that_others_derived_are_read_as_text(place, delimiter, rows, shared_data, tmp_path):
    """They are no exports, so only the reading of CSV is asked, against Python's own."""
    body = found(shared_data, place).read_text(encoding="utf-8")
    path = tmp_path / "derived.csv"
    path.write_text(body if body.endswith("\n") else body + "\n", encoding="utf-8", newline="")
    expected = list(csv.DictReader(io.StringIO(body, newline=""), delimiter=delimiter))
    schema = Schema([Field(name, "text") for name in expected[0]])

    table = csv_format.read(path, schema, labels=False, list_separator=",", max_rows=None, delimiter=delimiter)

    assert table.num_rows == rows
    assert [{name: value or "" for name, value in row.items()} for row in table.to_pylist()] == expected


def test_points_and_slashed_dates_of_a_derived_table_find_their_types(shared_data):
    path = found(shared_data, "real/bor_parcjardin/AdrienVH__m2geopo-carto-bdd__parcs_attributes.csv")
    schema = Schema(
        fields(
            "geo_point_2d:geo_point_2d gid:int geom_err:text label:text gestion:text typologie:text nom:text "
            "cdate:datetime mdate:datetime"
        )
    )
    quality = frames.Quality()

    frame = frames.to_geopandas(frames.conform(formats.read(path, "csv", schema), schema, quality), schema)

    assert {(column, problem) for column, problem, _ in quality} == {
        ("cdate", problems.NO_OFFSET),
        ("mdate", problems.NO_OFFSET),
    }
    assert frame.geometry.notna().all()
    assert frame.cx[-0.7:-0.4, 44.7:45.0].shape == frame.shape
    assert frame["mdate"].dt.date.mode().tolist() == [date(2022, 10, 28)]


def test_toilets_of_the_predecessor_hold_wkt(shared_data):
    path = found(shared_data, "real/bor_sigsanitaire/anthill__ToilettesBordeaux__toilettes_odata_2014.json")
    schema = Schema(
        fields(
            "cle:text adresse:text nom:text quartier:text num_quartier:text typologie:text options:text x_long:double "
            "y_lat:double geometrie:geo_point_2d"
        )
    )
    rows = [{name: row.get(name) for name in schema.names} for row in json.loads(path.read_bytes())["d"]]
    quality = frames.Quality()

    frame = frames.to_geopandas(frames.conform(formats.rows_to_table(rows, schema), schema, quality), schema)

    assert not quality
    assert len(frame) == 74
    assert frame.geometry.x.tolist() == frame["x_long"].tolist()
    assert frame.geometry.y.tolist() == frame["y_lat"].tolist()


VELIB_FOLDER = "recorded/velib/velib-disponibilite-en-temps-reel"


def test_bikes_of_paris_are_the_same_columns_in_parquet_and_in_labelled_csv(shared_data):
    by_parquet = typed(found(shared_data, f"{VELIB_FOLDER}.parquet"), "parquet", VELIB)
    by_csv = typed(found(shared_data, f"{VELIB_FOLDER}.labels.csv"), "csv", VELIB, labels=True)

    assert by_parquet.num_rows == by_csv.num_rows == 1511
    assert by_parquet.schema == by_csv.schema
    one, other = frames.to_geopandas(by_parquet, VELIB), frames.to_geopandas(by_csv, VELIB)
    assert one.dtypes.to_dict() == other.dtypes.to_dict()
    assert one.crs == other.crs == "EPSG:4326"
    # A day lies between the two, but stations stay where they are and are called what they were.
    both = one.merge(other, on="stationcode", suffixes=("", "_csv"))
    assert len(both) > 1500
    assert (both["name"] == both["name_csv"]).mean() > 0.99
    degrees = shapely.distance(both["coordonnees_geo"].to_numpy(), both["coordonnees_geo_csv"].to_numpy())
    assert (degrees < 1e-9).mean() > 0.99
    assert one["stationcode"].str.len().ge(4).all()


def test_moments_in_the_zone_of_the_request_are_moments_in_utc(shared_data):
    path = found(shared_data, f"{VELIB_FOLDER}.parquet")
    raw = formats.read(path, "parquet", VELIB)

    table = frames.conform(raw, VELIB, frames.Quality())

    assert raw.schema.field("duedate").type == pa.timestamp("ms", "Europe/Berlin")
    assert table.schema.field("duedate").type == pa.timestamp("us", "UTC")
    assert table.column("duedate")[0].as_py() == raw.column("duedate")[0].as_py()


def test_public_art_with_years_for_dates(shared_data):
    path = found(shared_data, "recorded/vancouver_art/public-art.json")

    frame = frames.to_geopandas(typed(path, "json", ART), ART)

    assert len(frame) == 749
    assert str(frame["yearofinstallation"].dtype) == "datetime64[us]"
    assert frame["yearofinstallation"].iloc[0] == pd.Timestamp("1936-01-01")
    assert (frame["yearofinstallation"].dt.day_of_year == 1).all()
    assert frame["geom"].isna().sum() == frame["geo_point_2d"].isna().sum() == 140
    assert frame["artists"].isna().sum() == 5
    assert frame["artists"].iloc[0] == ["98"]
    # This snapshot has lost its photographs; see the file objects of test_values_that_do_not_fit.
    assert frame["photourl"].isna().all()
    assert str(frame["photourl"].dtype) == "object"
    assert "\r\n" in frame["artistprojectstatement"].iloc[0]


def test_road_closures_of_several_kinds_of_shape(shared_data):
    path = found(shared_data, "recorded/vancouver_art/road-closures.json")

    frame = frames.to_geopandas(typed(path, "json", CLOSURES), CLOSURES)

    assert len(frame) == 26
    assert frame["geom"].notna().all()
    assert set(frame.geom_type) <= {"LineString", "MultiLineString", "Point", "MultiPoint", "Polygon", "MultiPolygon"}
    assert frame["street"].isna().all()
    assert str(frame["comp_date"].dtype) == "datetime64[us]"


def test_a_page_of_records_follows_its_recorded_schema(shared_data):
    described = json.loads(found(shared_data, "recorded/ukpn/getDataset-live-faults.json").read_bytes())
    page = json.loads(found(shared_data, "recorded/ukpn/getRecords-live-faults.json").read_bytes())
    schema = Schema([Field(one["name"], one["type"], one["label"]) for one in described["fields"]])
    quality = frames.Quality()

    table = frames.conform(formats.rows_to_table(page["results"], schema), schema, quality)

    assert not quality
    assert table.schema == frames.canonical_schema(schema)
    assert table.num_rows == len(page["results"])
    # Moments that the publisher keeps as text stay text.
    assert table.column("creationdatetime")[0].as_py() == page["results"][0]["creationdatetime"]
    assert len(frames.to_geopandas(table, schema)) == table.num_rows


def test_a_page_of_numbers_keeps_every_digit(shared_data):
    page = json.loads(found(shared_data, "recorded/ukpn/getRecords-carbon-intensity.json").read_bytes())
    schema = Schema(
        fields(
            "half_hour_period:datetime gsp_name:text gsp_fl:text dno_generation_kwh:double "
            "weighted_avg_carbon_intensity_gco2_kwh:double sgt_energy_kwh:double neso_intensity_forecast:int "
            "blended_carbon_intensity:double licence_area:text licence_area_average_carbon_intensity:double"
        )
    )
    quality = frames.Quality()

    rows = frames.conform(formats.rows_to_table(page["results"], schema), schema, quality).to_pylist()

    assert not quality
    for typed_row, sent in zip(rows, page["results"], strict=True):
        assert typed_row["dno_generation_kwh"] == sent["dno_generation_kwh"]
        assert typed_row["licence_area_average_carbon_intensity"] == sent["licence_area_average_carbon_intensity"]
        assert typed_row["half_hour_period"] == datetime.fromisoformat(sent["half_hour_period"])
