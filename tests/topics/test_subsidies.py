"""Subsidies by the stand-in portal, and every way in which payers fill the national schema."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from bdxopendata.errors import DataQualityWarning, DatasetNotFoundError, SchemaDriftError, TopicNotFoundError
from bdxopendata.lineage import cite, provenance
from bdxopendata.testing import SampleDataset, samples
from bdxopendata.topics import engine, finding, subsidies
from conftest import Serve

ODDITIES = "ignore::bdxopendata.errors.DataQualityWarning"


@pytest.fixture
def drawing() -> Iterator[None]:
    pytest.importorskip("matplotlib").use("Agg")
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


# SIRETs whose check digits are right.
GOOD = "24330031600011"
ZEROS = "05672003000008"

OFFICIAL: dict[str, Any] = {
    "nomAttribuant": "Bordeaux Métropole",
    "idAttribuant": GOOD,
    "dateConvention": "2023-05-12",
    "referenceDecision": "2023-117",
    "nomBeneficiaire": "Les Jardins d'à côté",
    "idBeneficiaire": GOOD,
    "rnaBeneficiaire": "W332000123",
    "objet": "Jardin partagé",
    "montant": "1500.50",
    "nature": "aide en numéraire",
    "conditionsVersement": "unique",
    "datesPeriodeVersement": "2023-06-01/2023-12-31",
    "idRAE": "12",
    "notificationUE": "non",
    "pourcentageSubvention": "1",
    "dispositifAide": "Nature en ville",
}


def made(rows: list[Mapping[str, Any]], dataset_id: str = "subventions-de-la-metropole", **types: str) -> SampleDataset:
    names = dict.fromkeys(name for row in rows for name in row)
    fields = [{"name": name, "label": name, "type": types.get(name, "text")} for name in names]
    whole = [{name: row.get(name) for name in names} for row in rows]
    metas = {"default": {"title": "Subventions", "publisher": "Bordeaux Métropole", "keyword": ["subvention"]}}
    return SampleDataset(dataset_id, fields, whole, metas)


def applied(*rows: Mapping[str, Any]) -> Any:
    """One row or several through the contract, without a portal."""
    frame = engine.apply(subsidies.AS_SENT, pd.DataFrame([dict(row) for row in rows]), dataset="made")
    return subsidies.completed(frame)


def row(**changed: Any) -> dict[str, Any]:
    return OFFICIAL | changed


# The city's dataset


@pytest.mark.filterwarnings(ODDITIES)
def test_every_grant_is_a_row_with_the_columns_of_the_contract_first(serve: Serve) -> None:
    frame = subsidies.subsidies(catalog=serve("bor_subventions").catalog)

    assert len(frame) == len(samples.make("bor_subventions").rows) == 600
    assert list(frame.columns) == [*subsidies.CONTRACT.columns, "dataset"]


@pytest.mark.filterwarnings(ODDITIES)
def test_three_fields_are_all_there_is_and_the_rest_is_typed_and_listed_as_missing(serve: Serve) -> None:
    frame = subsidies.subsidies(catalog=serve("bor_subventions").catalog)

    topic = engine.topic_of(frame)
    assert {"beneficiary", "siret", "decision_date", "notified_to_eu"} <= set(topic["missing"])
    assert topic["derived"] == ["payer", "fiscal_year"]
    assert topic["units"]["amount"] == "EUR"
    assert str(frame["siret_valid"].dtype) == "boolean"
    assert frame["beneficiary"].isna().all()


@pytest.mark.filterwarnings(ODDITIES)
def test_the_payer_is_the_owner_of_the_dataset_and_the_year_that_of_the_payment(serve: Serve) -> None:
    frame = subsidies.subsidies(catalog=serve("bor_subventions").catalog)

    assert set(frame["payer"]) == {"Ville de Bordeaux"}
    dated = frame[frame["period_start"].notna()]
    assert (dated["fiscal_year"] == dated["period_start"].dt.year).all()
    assert set(dated["fiscal_year_from"]) == {"period_start"}


@pytest.mark.filterwarnings(ODDITIES)
def test_amounts_are_exact(serve: Serve) -> None:
    frame = subsidies.subsidies(catalog=serve("bor_subventions").catalog)

    sent = [one["montant"] for one in samples.make("bor_subventions").rows]
    assert frame["amount"].dropna().tolist() == [Decimal(f"{one:.2f}") for one in sent if one is not None]
    assert str(frame["amount"].dtype) == "decimal128(20, 2)[pyarrow]"


def test_oddities_are_told_row_by_row_and_counted_in_one_warning(serve: Serve) -> None:
    with pytest.warns(DataQualityWarning) as told:
        frame = subsidies.subsidies(catalog=serve("bor_subventions").catalog)

    assert len(told) == 1
    assert (frame["oddities"] == subsidies.NO_AMOUNT).sum() == frame["amount"].isna().sum() == 4
    assert (frame["oddities"] == subsidies.NO_YEAR).sum() == frame["fiscal_year"].isna().sum() == 5
    assert "amount: 4 values (no amount); fiscal_year: 5 values (no fiscal year)" in str(told[0].message)


def test_rows_without_oddities_warn_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = applied(row())

    assert frame["oddities"].isna().all()


# Several payers


@pytest.mark.filterwarnings(ODDITIES)
def test_other_payers_are_found_in_the_catalogue_and_stand_below(serve: Serve) -> None:
    served = serve("bor_subventions", made([row()]), made([row(nomAttribuant=None)], "tal_subventions"))

    frame = subsidies.subsidies(catalog=served.catalog)

    assert frame["dataset"].value_counts().to_dict() == {
        "bor_subventions": 600,
        "subventions-de-la-metropole": 1,
        "tal_subventions": 1,
    }
    assert set(frame["payer"]) == {"Ville de Bordeaux", "Bordeaux Métropole", "Ville de Talence"}
    assert [one["found_by"] for one in engine.topic_of(frame)["sources"]] == ["candidate", "search", "search"]


@pytest.mark.filterwarnings(ODDITIES)
def test_what_has_no_beneficiary_and_amount_is_no_dataset_of_subsidies(serve: Serve) -> None:
    contracts = made([{"objet": "Travaux", "montant": "5", "nature": "Marché"}], "marches")
    served = serve("bor_subventions", contracts)

    assert set(subsidies.subsidies(catalog=served.catalog)["dataset"]) == {"bor_subventions"}


@pytest.mark.filterwarnings(ODDITIES)
def test_one_dataset_can_be_named(serve: Serve) -> None:
    served = serve("bor_subventions", made([row()]))

    frame = subsidies.subsidies(dataset="subventions-de-la-metropole", catalog=served.catalog)

    assert len(frame) == 1
    assert provenance(frame).dataset_id == "subventions-de-la-metropole"
    assert "subventions-de-la-metropole" in cite(frame)


def test_a_grant_that_stands_in_two_datasets_stays_twice_and_is_told(serve: Serve) -> None:
    served = serve(made([row()], "subventions-2023"), made([row(), row(montant="7")], "subventions-toutes"))

    with pytest.warns(DataQualityWarning, match=r"dataset: 2 values \(also in another dataset\)"):
        frame = subsidies.subsidies(catalog=served.catalog)

    assert frame["oddities"].fillna("").eq(subsidies.TWICE).tolist() == [True, True, False]


def test_a_portal_without_subsidies_says_what_was_looked_for(serve: Serve) -> None:
    with pytest.raises(DatasetNotFoundError) as told:
        subsidies.subsidies(catalog=serve("st_park_p").catalog)

    assert isinstance(told.value, TopicNotFoundError)
    assert "looked for 'bor_subventions', nor did a search for 'subventions' or 'subvention' find one" in str(
        told.value
    )


def test_a_dataset_without_amounts_is_a_drift_that_names_them(serve: Serve) -> None:
    served = serve(made([{"objet": "x", "date_deb": "2024-01-01"}], "bor_subventions"))

    with pytest.raises(SchemaDriftError, match=r"amount \(montant or Montant total de la subvention\)"):
        subsidies.subsidies(catalog=served.catalog)


# Spellings of the names of columns


SPELLINGS = {
    "official": lambda name: name,
    "lower": str.lower,
    "upper": str.upper,
    "capitalised": lambda name: name[:1].upper() + name[1:],
    "star": lambda name: f"{name}*",
    "blanks": lambda name: "".join(f" {sign.lower()}" if sign.isupper() else sign for sign in name),
    "underscores": lambda name: "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name) + "_",
    "padded": lambda name: f"  {name} ",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_names_are_understood_whatever_their_case_blanks_and_stars(spelling: str) -> None:
    plain = applied(OFFICIAL)

    spelt = applied({SPELLINGS[spelling](name): value for name, value in OFFICIAL.items()})

    pd.testing.assert_frame_equal(spelt, plain)
    assert plain.drop(columns="oddities").notna().all(axis=None)


@pytest.mark.parametrize(
    ("written", "column"),
    [
        ("Nom du bénéficiaire", "beneficiary"),
        ("Nom du bénéficiaire*", "beneficiary"),
        ("NOM DU BENEFICIAIRE", "beneficiary"),
        ("Nom du bÃ©nÃ©ficiaire", "beneficiary"),
        ("Nom du b�n�ficiaire*", "beneficiary"),
        ("nom_du_b_n_ficiaire", "beneficiary"),
        ("Identification du bénéficiaire*", "siret"),
        ("Nom attributaire*", "payer"),
        ("Identification de l’attributaire", "payer_siret"),
        ("Date de convention*", "decision_date"),
        ("Référence de la décision", "decision_reference"),
        ("R�f�rence de la d�cision", "decision_reference"),
        ("Objet de la convention", "purpose"),
        ("Conditions de versement*", "conditions"),
        ("Date de versement", "payment_period"),
        ("Numéro de référencement au répertoire des entreprises", "rae_number"),
        ("Aide notifiée Ã  l'Europe", "notified_to_eu"),
        ("Pourcentage du montant de la subvention attribué au bénéficiaire*", "share"),
        ("exercice", "fiscal_year"),
        ("Année", "fiscal_year"),
        ("anneeConvention", "fiscal_year"),
    ],
)
def test_names_in_words_are_understood_with_their_accents_or_what_is_left_of_them(written: str, column: str) -> None:
    assert column in finding.match(subsidies.CONTRACT, {"montant": "", written: ""})


def test_labels_serve_where_technical_names_say_nothing(serve: Serve) -> None:
    fields = [
        {"name": "col_1", "label": "Nom du bénéficiaire*", "type": "text"},
        {"name": "col_2", "label": "Montant total de la subvention*", "type": "double"},
    ]
    rows = [{"col_1": "Le Cercle", "col_2": 12.5}]
    metas = {"default": {"title": "Subventions de Pessac", "publisher": "Ville de Pessac"}}
    served = serve(SampleDataset("pes_aides", fields, rows, metas))

    with pytest.warns(DataQualityWarning, match="no fiscal year"):
        frame = subsidies.subsidies(catalog=served.catalog)

    assert frame[["payer", "beneficiary", "amount"]].values.tolist() == [
        ["Ville de Pessac", "Le Cercle", Decimal("12.50")]
    ]


# Values


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1500.50", "1500.50"),
        ("1500,5", "1500.50"),
        ("1 500,50 €", "1500.50"),
        ("1\u202f500,50\u00a0€", "1500.50"),
        ("1.500,50", "1500.50"),
        ("1,500.50 EUR", "1500.50"),
        ("1500 euros", "1500.00"),
        ("€ 1'500", "1500.00"),
        ("1.234.567", "1234567.00"),
        ("-200", "-200.00"),
        ("−200,10", "-200.10"),
        ("(200)", "-200.00"),
        (1500, "1500.00"),
        (1500.1, "1500.10"),
        (27.400000000000002, "27.40"),
        ("99999999999999999.99", "99999999999999999.99"),
    ],
)
@pytest.mark.filterwarnings(ODDITIES)
def test_an_amount_is_read_with_its_symbols(typed: object, meant: str) -> None:
    assert applied(row(montant=typed))["amount"].tolist() == [Decimal(meant)]


@pytest.mark.parametrize("typed", ["environ 500", "12 k€", "1e3 €", "", "nan", "inf", "5-10", "999999999999999999"])
def test_an_amount_that_is_none_is_missing_and_told(typed: str) -> None:
    with pytest.warns(DataQualityWarning):
        frame = applied(row(montant=typed), row())

    assert frame["amount"].isna().tolist() == [True, False]
    if typed:
        assert frame["oddities"].iloc[0] == f"amount '{typed}' is not read"


def test_an_amount_finer_than_a_cent_is_rounded_and_told_with_what_was_typed() -> None:
    # It may have been meant as 1234: to be told, not to be guessed.
    with pytest.warns(DataQualityWarning, match="amount: 1 value is rounded to the cent"):
        frame = applied(row(montant="1,234"))

    assert frame["amount"].tolist() == [Decimal("1.23")]
    assert frame["oddities"].tolist() == ["amount '1,234' is rounded to the cent"]


def test_a_negative_amount_stays_and_is_told() -> None:
    with pytest.warns(DataQualityWarning, match="negative amount"):
        frame = applied(row(montant="-200"))

    assert frame["oddities"].tolist() == [subsidies.NEGATIVE]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (GOOD, GOOD),
        ("243 300 316 00011", GOOD),
        ("243\u00a0300\u00a0316\u202f00011", GOOD),
        ("243.300.316.00011", GOOD),
        (f"{GOOD}.0", GOOD),
        (f"{GOOD},00 ", GOOD),
        (int(GOOD), GOOD),
        (float(GOOD), GOOD),
        ("5672003000008", ZEROS),
        ("5672003000008.0", ZEROS),
        (5672003000008, ZEROS),
        ("35600000049837", "35600000049837"),  # La Poste counts in another way
    ],
)
def test_a_siret_is_repaired_and_valid(typed: object, meant: str) -> None:
    frame = applied(row(idBeneficiaire=typed))

    assert frame["siret"].tolist() == [meant]
    assert frame["siret_valid"].tolist() == [True]
    assert frame["oddities"].isna().all()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("24330031600012", "24330031600012"),
        ("2,43E+13", "2,43E+13"),
        ("W332000123", "W332000123"),
        ("243300316", "00000243300316"),  # a SIREN, padded: no SIRET begins so
        ("12345678", "12345678"),
        ("243300316000111", "243300316000111"),
        ("00000000000000", "00000000000000"),
        ("２４３３００３１６０００１１", "２４３３００３１６０００１１"),
    ],
)
def test_a_siret_with_wrong_digits_is_kept_flagged_and_counted(typed: str, kept: str) -> None:
    with pytest.warns(DataQualityWarning, match=r"siret: 1 value \(SIRET with wrong check digits\)"):
        frame = applied(row(idBeneficiaire=typed))

    assert frame["siret"].tolist() == [kept]
    assert frame["siret_valid"].tolist() == [False]
    assert "SIRET" in frame["oddities"].iloc[0]


def test_no_siret_is_neither_valid_nor_odd() -> None:
    frame = applied(row(idBeneficiaire=None), row(idBeneficiaire="  "), row())

    assert frame["siret"].isna().tolist() == frame["siret_valid"].isna().tolist() == [True, True, False]
    assert frame["oddities"].isna().all()


def test_an_rna_is_put_in_capitals_without_blanks_and_told_where_it_is_none() -> None:
    with pytest.warns(DataQualityWarning, match="rna: 1 value"):
        frame = applied(row(rnaBeneficiaire="w332 000 123"), row(rnaBeneficiaire="332000123"))

    assert frame["rna"].tolist() == ["W332000123", "332000123"]
    assert frame["oddities"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    "typed",
    ["2023-05-12", "2023-05-12T00:00:00+02:00", "2023-05-12T00:00:00.000Z", "2023-05-12 00:00:00", "12/05/2023",
     "45058", "45058.0", 45058, 45058.0, pd.Timestamp("2023-05-12"), pd.Timestamp("2023-05-12", tz="Europe/Paris")],
)  # fmt: skip
def test_a_date_is_iso_text_or_the_serial_of_a_spreadsheet(typed: object) -> None:
    frame = applied(row(dateConvention=typed))

    assert frame["decision_date"].tolist() == [pd.Timestamp("2023-05-12")]
    assert str(frame["decision_date"].dtype) == "datetime64[us]"


@pytest.mark.parametrize("typed", ["2023-02-30", "mai 2023", "12", "0", "2023"])
def test_a_date_that_is_none_is_missing_and_told(typed: str) -> None:
    with pytest.warns(DataQualityWarning, match="decision_date: 1 value is not read"):
        frame = applied(row(dateConvention=typed))

    assert frame["decision_date"].isna().all()
    assert f"decision_date '{typed}' is not read" in frame["oddities"].iloc[0]


@pytest.mark.parametrize(
    ("typed", "start", "end"),
    [
        ("2023-06-01", "2023-06-01", "2023-06-01"),
        ("2023-06-01/2023-12-31", "2023-06-01", "2023-12-31"),
        ("2023-06-01_2023-12-31", "2023-06-01", "2023-12-31"),
        ("2023-06-01 / 2023-12-31", "2023-06-01", "2023-12-31"),
        ("01/06/2023", "2023-06-01", "2023-06-01"),
        ("01/06/2023_31/12/2023", "2023-06-01", "2023-12-31"),
        ("01/06/2023/31/12/2023", "2023-06-01", "2023-12-31"),
        ("45078/45291", "2023-06-01", "2023-12-31"),
        ("45078", "2023-06-01", "2023-06-01"),
    ],
)
def test_a_payment_period_is_one_date_or_two(typed: str, start: str, end: str) -> None:
    frame = applied(row(datesPeriodeVersement=typed))

    assert frame["payment_period"].tolist() == [typed]
    assert frame["period_start"].tolist() == [pd.Timestamp(start)]
    assert frame["period_end"].tolist() == [pd.Timestamp(end)]
    assert frame["oddities"].isna().all()


def test_a_period_that_ends_before_it_begins_or_is_none_is_told() -> None:
    with pytest.warns(DataQualityWarning, match="payment_period: 1 value is not read"):
        frame = applied(row(datesPeriodeVersement="2023-12-31/2023-06-01"), row(datesPeriodeVersement="en deux fois"))

    assert frame["oddities"].tolist() == [
        "payment period that ends before it begins",
        "payment_period 'en deux fois' is not read",
    ]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("oui", True), ("Oui", True), ("non", False), ("NON", False), ("true", True), ("FALSE", False), (True, True),
     (False, False), (1, True), (0, False), (2.0, True), ("12", True), ("0,0", False)],
)  # fmt: skip
def test_a_notification_is_yes_or_no_in_every_form(typed: object, meant: bool) -> None:
    assert applied(row(notificationUE=typed))["notified_to_eu"].tolist() == [meant]


def test_a_notification_that_is_neither_is_missing_and_told() -> None:
    with pytest.warns(DataQualityWarning, match="notified_to_eu: 1 value is not read"):
        assert applied(row(notificationUE="peut-être"))["notified_to_eu"].isna().all()


@pytest.mark.parametrize(
    ("changed", "year", "told"),
    [
        ({"exercice": 2022}, 2022, "stated"),
        ({"exercice": "2022.0"}, 2022, "stated"),
        ({"exercice": pd.Timestamp("2022-01-01")}, 2022, "stated"),
        ({"annee": "2021"}, 2021, "stated"),
        ({"anneeConvention": 2020.0}, 2020, "stated"),
        ({"exercice": None, "annee": "2021"}, 2021, "stated"),
        ({}, 2023, "decision_date"),
        ({"exercice": None}, 2023, "decision_date"),
        ({"dateConvention": None, "datesPeriodeVersement": "2024-01-01/2025-01-01"}, 2024, "period_start"),
    ],
)
def test_the_fiscal_year_is_the_one_stated_else_that_of_a_date(changed: dict[str, Any], year: int, told: str) -> None:
    frame = applied(row(**changed))

    assert frame["fiscal_year"].tolist() == [year]
    assert frame["fiscal_year_from"].tolist() == [told]


def test_a_fiscal_year_that_is_none_is_told_and_the_date_serves() -> None:
    with pytest.warns(DataQualityWarning, match="fiscal_year: 1 value is not read"):
        frame = applied(row(exercice="2022-2023"))

    assert frame["fiscal_year"].tolist() == [2023]
    assert frame["oddities"].tolist() == ["fiscal_year '2022-2023' is not read"]


def test_a_missing_beneficiary_is_told_where_others_are_named() -> None:
    with pytest.warns(DataQualityWarning, match="no beneficiary"):
        frame = applied(row(nomBeneficiaire=None), row())

    assert frame["oddities"].tolist()[0] == subsidies.NO_BENEFICIARY


def test_what_is_told_is_counted_and_nothing_is_dropped() -> None:
    rows = [row(), row(montant="?"), row(idBeneficiaire="1"), row(montant=None, dateConvention="x"), row()]

    with pytest.warns(DataQualityWarning) as told:
        frame = applied(*rows)

    assert len(frame) == len(rows)
    assert frame["oddities"].notna().tolist() == [False, True, True, True, False]
    counted = sum(int(part.split()[0]) for part in str(told[0].message).split(": ")[2:] if part[0].isdigit())
    assert counted == sum(len(text.split("; ")) for text in frame["oddities"].dropna())


def test_unknown_columns_of_the_portal_follow_as_they_are() -> None:
    frame = applied(row(commentaire="voir annexe"))

    assert frame["commentaire"].tolist() == ["voir annexe"]


# Choosing


@pytest.fixture
def several(serve: Serve) -> Any:
    rows = [
        row(nomBeneficiaire="Les Amis du Théâtre", idBeneficiaire=ZEROS, exercice="2022", montant="0.10"),
        row(nomBeneficiaire="Théâtre de poche", exercice="2023", montant="0.20"),
        row(nomBeneficiaire="Club nautique", nomAttribuant="Ville de Bègles", exercice="2023", montant="100"),
    ]
    return serve(made(rows)).catalog


@pytest.mark.parametrize(("year", "count"), [(2023, 2), ([2022, 2023], 3), (range(2000, 2023), 1)])
def test_years_are_chosen(several: Any, year: Any, count: int) -> None:
    assert len(subsidies.subsidies(year=year, catalog=several)) == count


def test_a_year_out_of_range_is_an_empty_frame_of_the_same_types(several: Any) -> None:
    none, every = subsidies.subsidies(year=1789, catalog=several), subsidies.subsidies(catalog=several)

    assert len(none) == 0
    assert none.dtypes.to_dict() == every.dtypes.to_dict()
    assert len(subsidies.subsidy_totals(none)) == 0


def test_a_payer_is_found_whatever_the_case_and_accents(several: Any) -> None:
    assert subsidies.subsidies(payer="ville de begles", catalog=several)["amount"].tolist() == [Decimal("100.00")]


def test_an_unknown_payer_names_the_nearest(several: Any) -> None:
    with pytest.raises(ValueError, match=r"There is no payer 'Ville de Begle'\. Did you mean 'Ville de Bègles'"):
        subsidies.subsidies(payer="Ville de Begle", catalog=several)


@pytest.mark.parametrize(
    ("wanted", "count"), [("theatre", 2), ("Théâtre de Poche", 1), ("les amis du théatre", 1), ("567 2003000008", 1)]
)
def test_a_beneficiary_is_found_by_name_by_part_of_it_and_by_siret(several: Any, wanted: str, count: int) -> None:
    assert len(subsidies.subsidies(beneficiary=wanted, catalog=several)) == count


@pytest.mark.parametrize("wanted", ["Club notique", "", "…"])
def test_an_unknown_beneficiary_is_told(several: Any, wanted: str) -> None:
    with pytest.raises(ValueError, match="There is no beneficiary"):
        subsidies.subsidies(beneficiary=wanted, catalog=several)


def test_a_beneficiary_cannot_be_asked_for_where_none_is_told(serve: Serve) -> None:
    with pytest.raises(SchemaDriftError, match="beneficiary"):
        subsidies.subsidies(beneficiary="Théâtre", catalog=serve("bor_subventions").catalog)


@pytest.mark.parametrize(
    ("asked", "error"),
    [({"year": "all"}, ValueError), ({"year": True}, TypeError), ({"year": []}, ValueError), ({"payer": 3}, TypeError),
     ({"beneficiary": ["x"]}, TypeError)],
)  # fmt: skip
def test_arguments_of_another_kind_are_refused_before_anything_is_asked(
    serve: Serve, asked: dict[str, Any], error: type[Exception]
) -> None:
    served = serve("bor_subventions")

    with pytest.raises(error):
        subsidies.subsidies(catalog=served.catalog, **asked)

    assert len(served.portal.requests) == 0


# Totals and pictures


def test_totals_are_exact_and_add_up(several: Any) -> None:
    frame = subsidies.subsidies(catalog=several)

    by_year = subsidies.subsidy_totals(frame, "year")
    assert by_year["fiscal_year"].tolist() == [2022, 2023]
    assert by_year["amount"].tolist() == [Decimal("0.10"), Decimal("100.20")]
    by_payer = subsidies.subsidy_totals(frame, by="payer")
    assert by_payer["payer"].tolist() == ["Ville de Bègles", "Bordeaux Métropole"]
    # 0.1 + 0.2 as floats would be a little more.
    assert by_payer["amount"].tolist() == [Decimal("100.00"), Decimal("0.30")]
    assert cite(by_payer) == cite(frame)


@pytest.mark.filterwarnings(ODDITIES)
def test_totals_count_what_has_no_year_and_no_amount(serve: Serve) -> None:
    frame = subsidies.subsidies(catalog=serve("bor_subventions").catalog)

    totals = subsidies.subsidy_totals(frame)

    assert totals["grants"].sum() == len(frame)
    assert totals["without_amount"].sum() == frame["amount"].isna().sum()
    assert totals["fiscal_year"].isna().tolist() == [False] * 5 + [True]
    assert sum(totals["amount"]) == sum(frame["amount"].dropna())


def test_totals_by_several_columns(several: Any) -> None:
    totals = subsidies.subsidy_totals(subsidies.subsidies(catalog=several), ["payer", "year"])

    assert list(totals.columns) == ["payer", "fiscal_year", "grants", "amount", "without_amount"]
    assert len(totals) == 3


def test_a_total_without_any_amount_is_missing_and_no_zero() -> None:
    with pytest.warns(DataQualityWarning):
        totals = subsidies.subsidy_totals(applied(row(montant=None)), "payer")

    assert totals["amount"].isna().all()
    assert totals["without_amount"].tolist() == [1]


@pytest.mark.parametrize("by", ["payr", "amonts"])
def test_a_total_by_an_unknown_column_names_the_nearest(by: str) -> None:
    with pytest.raises(ValueError, match=r"Did you mean '(payer|amount)'"):
        subsidies.subsidy_totals(applied(row()), by)


def test_a_total_by_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="there is none"):
        subsidies.subsidy_totals(applied(row()), [])


@pytest.mark.filterwarnings(ODDITIES)
@pytest.mark.usefixtures("drawing")
def test_a_picture_shows_amounts_by_year_with_its_source(serve: Serve) -> None:
    frame = subsidies.subsidies(catalog=serve("bor_subventions").catalog)

    ax = subsidies.plot_totals(frame)

    texts = [text.get_text() for text in ax.texts]
    assert ax.get_title("left") == "Subsidies by fiscal year: 595 of 600 grants"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["2021", "2022", "2023", "2024", "2025"]
    assert any("Licence Ouverte" in text and "bor_subventions" in text for text in texts)
    assert all(bar.get_width() > 0 for bar in ax.patches)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, "0 €"), (999, "999 €"), (1234, "1.23 k€"), (999_600, "1000 k€"), (12_345_678, "12.3 M€"), (-2e9, "-2 bn€")],
)
def test_amounts_in_pictures_are_short(amount: float, shown: str) -> None:
    assert subsidies._euros(pd.DataFrame(), amount) == shown


@pytest.mark.usefixtures("drawing")
def test_a_picture_of_nothing_can_be_drawn() -> None:
    frame = applied(row())

    assert len(subsidies.plot_totals(frame.iloc[:0], "payer").patches) == 0
