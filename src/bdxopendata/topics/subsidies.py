"""Subsidies: who pays whom, how much, for what and when.

Each payer has a dataset of its own, and each fills the national schema (SCDL) in its own way: all of them are read, one
below the other. No row is dropped: what cannot be read is missing, is told with its text in ``oddities``, and is
counted in one warning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

from bdxopendata.catalog import Catalog
from bdxopendata.errors import SchemaDriftError, excerpt
from bdxopendata.topics import charts, choices, engine, when
from bdxopendata.topics.contract import load
from bdxopendata.topics.finding import worded
from bdxopendata.topics.labels import Language, label_of, labelled, taking

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["CONTRACT", "completed", "plot_totals", "repaired_siret", "subsidies", "subsidy_totals", "valid_siret"]

CONTRACT = load("subsidies")

# What payers type in many ways is read as text first, and understood here.
PARSED = ("amount", "decision_date", "fiscal_year", "period_start", "notified_to_eu", "share")
AS_SENT = replace(
    CONTRACT,
    columns={name: replace(one, dtype="text") if name in PARSED else one for name, one in CONTRACT.columns.items()},
)

# Who owns a dataset, by the beginning of its id.
OWNERS = {
    "bor_": "Ville de Bordeaux",
    "met_": "Bordeaux Métropole",
    "mer_": "Ville de Mérignac",
    "tal_": "Ville de Talence",
}

CENT = Decimal("0.01")
# Noise of a double, far below what anybody would type.
NOISE = Decimal("0.000001")
LARGEST = Decimal(10) ** 17
# Day 0 of spreadsheets, and the days between which a bare number can be meant as one of theirs.
SERIAL_ZERO = date(1899, 12, 30)
SERIALS = range(20_000, 73_051)
YEARS = range(1900, 2101)

# The one company whose SIRETs have check digits of another kind.
LA_POSTE = "356000000"

NO_AMOUNT = "no amount"
NEGATIVE = "negative amount"
NO_BENEFICIARY = "no beneficiary"
NO_YEAR = "no fiscal year"
TWICE = "also in another dataset"

_NUMBER = re.compile(r"[+-]?\d[\d.,]*")
_CURRENCY = re.compile(r"\s|['’€]|\beur(?:os?)?\b|(?<=\d)eur(?:os?)?\b", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ][\d:.]+(?:Z|[+-][\d:]+)?)?")
_FRENCH = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_YEAR = re.compile(r"(\d{4})(?:\.0+)?")
_DAY = r"\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{4}|\d{5}"
_PERIOD = re.compile(rf"\s*({_DAY})\s*(?:[/_]\s*({_DAY})\s*)?")
_RNA = re.compile(r"W[0-9A-Z]{9}")


@labelled
def subsidies(
    *,
    year: when.Year | Iterable[when.Year] | None = None,
    payer: str | None = None,
    beneficiary: str | None = None,
    dataset: str | None = None,
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> pd.DataFrame:
    """Tell which subsidies were granted.

    Parameters
    ----------
    year
        One fiscal year or several: numbers, text, or dates in them. A year without any grant gives none.
    payer
        Who pays, whatever the case and accents.
    beneficiary
        Who receives: a SIRET, a name whatever the case and accents, or a part of one.
    dataset
        Id of the one dataset to read; by default ``bor_subventions`` and all others of the catalogue that have a
        beneficiary and an amount.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask; Bordeaux Métropole by default.

    Returns
    -------
    pandas.DataFrame
        One row per grant. ``amount`` is euros, exact: decimals of two places (``ArrowDtype(decimal128(20, 2))``), to be
        turned into floats by ``.astype(float)``. ``siret`` is text of 14 digits where it could be repaired, and
        ``siret_valid`` tells whether its check digits are right. ``fiscal_year`` is the one stated, else the year of
        the decision, else that in which the payment begins: ``fiscal_year_from`` tells which. Where no payer is stated,
        it is the owner of the dataset. ``oddities`` tells what is wrong with a row, with the text that could not be
        read; no row is dropped for it. Other columns of the portal follow under their own names. No grant means an
        empty frame of the same columns.

    Raises
    ------
    ValueError
        If `payer` or `beneficiary` is unknown; the message names the nearest.
    DatasetNotFoundError, SchemaDriftError
        If the portal has no such dataset, or one without the column that is asked about.

    Warns
    -----
    DataQualityWarning
        Counts the oddities of all rows that were read.

    Notes
    -----
    Rows are chosen here rather than on the portal, which cannot compare what payers typed in different ways.
    """
    years = when.years(year)
    for name, value in (("payer", payer), ("beneficiary", beneficiary)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} is text, not {type(value).__name__}.")
    sources = engine.find(AS_SENT, catalog, dataset)
    if beneficiary is not None and not any(one.has("beneficiary") or one.has("siret") for one in sources):
        wanted = [worded(CONTRACT.columns["beneficiary"])]
        raise SchemaDriftError(sources[0].dataset.id, wanted, sources[0].dataset.schema.names)
    owners = {one.dataset.id: owner(one.dataset.id, one.dataset.info.publisher) for one in sources}
    frame = completed(engine.answer(sources), owners)
    if years is not None:
        frame = frame[frame["fiscal_year"].isin(years)]
    if payer is not None:
        frame = frame[frame["payer"] == choices.choose(payer, frame["payer"].dropna().unique(), "payer")]
    if beneficiary is not None:
        frame = frame[_receives(frame, beneficiary)]
    return frame.reset_index(drop=True)


def completed(frame: pd.DataFrame, owners: dict[str, str | None] | None = None) -> pd.DataFrame:
    """Read what payers typed, add what follows from it, and tell what is odd.

    Parameters
    ----------
    frame
        Columns of `AS_SENT`.
    owners
        Who pays in a dataset that does not say it.

    Warns
    -----
    DataQualityWarning
        Counts what is odd, by column and kind.
    """
    import pandas as pd

    from bdxopendata.topics import casts

    made = frame.copy()
    made.attrs = dict(frame.attrs)
    odd = Oddities(len(frame))
    owned_by = made["dataset"].map(owners or {}).astype(casts.TEXT)
    if (made["payer"].isna() & owned_by.notna()).any():
        engine.fill(made, "payer", owned_by)

    amounts = odd.read(frame["amount"], "amount", _amount)
    made["amount"] = pd.Series(pd.array(amounts, dtype=casts.EMPTY["decimal"]), index=frame.index)
    for column in ("payer_siret", "siret"):
        made[column] = _texts(map(_siret_or_none, frame[column]), frame)
        odd.mark(column, "SIRET with wrong check digits", ~valid_siret(made[column]).fillna(True))
    made["siret_valid"] = valid_siret(made["siret"])
    made["rna"] = _texts(map(_rna, frame["rna"]), frame)
    wrong = made["rna"].notna() & ~made["rna"].str.fullmatch(_RNA.pattern).fillna(False).astype(bool)
    odd.mark("rna", "RNA that is not W and nine characters", wrong)

    periods = odd.read(frame["payment_period"], "payment_period", _period)
    begins = odd.read(frame["period_start"], "period_start", _day)
    made["decision_date"] = _days(odd.read(frame["decision_date"], "decision_date", _day), frame)
    starts = _days([one[0] if one else None for one in periods], frame)
    made["period_start"] = _days(begins, frame).fillna(starts)
    made["period_end"] = _days([one[1] if one else None for one in periods], frame)
    odd.mark("period_end", "payment period that ends before it begins", made["period_end"] < made["period_start"])

    stated = odd.read(frame["fiscal_year"], "fiscal_year", _fiscal_year)
    made["fiscal_year"] = pd.Series(pd.array(stated, dtype="Int64"), index=frame.index)
    told = made["fiscal_year"].notna().map({True: "stated", False: None})
    for column in ("decision_date", "period_start"):
        years = made[column].dt.year.astype("Int64")
        filled = made["fiscal_year"].isna() & years.notna()
        if filled.any():
            told = told.mask(filled, column)
            engine.fill(made, "fiscal_year", years)
    made["fiscal_year_from"] = told.astype(casts.TEXT)

    eu = odd.read(frame["notified_to_eu"], "notified_to_eu", _told_eu)
    made["notified_to_eu"] = pd.Series(pd.array(eu, dtype="boolean"), index=frame.index)
    shares = odd.read(frame["share"], "share", _share)
    made["share"] = pd.Series(shares, index=frame.index, dtype="float64")

    odd.mark("amount", NO_AMOUNT, frame["amount"].fillna("").str.strip() == "")
    odd.mark("amount", NEGATIVE, made["amount"].astype("float64") < 0)
    told_names = frame.groupby("dataset")["beneficiary"].transform(lambda names: names.notna().any())
    odd.mark("beneficiary", NO_BENEFICIARY, frame["beneficiary"].isna() & told_names.fillna(False).astype(bool))
    odd.mark("fiscal_year", NO_YEAR, made["fiscal_year"].isna())
    odd.mark("dataset", TWICE, _in_two_datasets(made))
    made["oddities"] = _texts(odd.worded(), frame)
    odd.warn(sorted(made["dataset"].dropna().unique()))
    return made


@taking
def subsidy_totals(frame: pd.DataFrame, by: str | Sequence[str] = "fiscal_year") -> pd.DataFrame:
    """Add up grants by year, payer, beneficiary or any other column.

    Parameters
    ----------
    frame
        As `subsidies` returns it.
    by
        One column or several; ``"year"`` stands for ``"fiscal_year"``.

    Returns
    -------
    pandas.DataFrame
        The columns of `by`, then ``grants`` (number), ``amount`` (euros, exact decimals; missing where no amount is
        known) and ``without_amount`` (grants that no amount is known of, so that the sum lacks them). Years in order,
        all else by amount, largest first. Grants without a value in `by` are added up too, under a missing value, so
        that the totals are those of the whole frame.

    Raises
    ------
    ValueError
        If the frame has no such column; the message names the nearest.
    """
    import pandas as pd
    import pyarrow as pa

    names = [by] if isinstance(by, str) else list(by)
    keys = ["fiscal_year" if one == "year" else choices.choose(one, map(str, frame.columns), "column") for one in names]
    if not keys:
        raise ValueError("by is a column, or several; there is none.")
    from bdxopendata.topics import casts

    columns = {one: pa.array(frame[one], from_pandas=True) for one in keys}
    # Arrow adds decimals up as decimals, in every version of pandas.
    columns["amount"] = pa.array(frame["amount"], type=casts.MONEY, from_pandas=True)
    groups = (
        pa.table(columns)
        .group_by(keys, use_threads=False)
        .aggregate([("amount", "sum"), ("amount", "count"), ([], "count_all")])
    )
    totals = pd.DataFrame(
        {one: groups[one].to_pandas().astype(frame[one].dtype) for one in keys}
        | {
            "grants": groups["count_all"].to_pandas().astype("Int64"),
            "amount": pd.Series(pd.array(groups["amount_sum"].to_pylist(), dtype=casts.EMPTY["decimal"])),
        }
    )
    totals["without_amount"] = totals["grants"] - groups["amount_count"].to_pandas().astype("Int64")
    order = keys if keys == ["fiscal_year"] else ["amount", *keys]
    rising = [True] * len(order) if order == keys else [False] + [True] * len(keys)
    totals = totals.sort_values(order, ascending=rising, kind="stable", ignore_index=True)
    totals.attrs = dict(frame.attrs)
    return totals


@taking
def plot_totals(frame: pd.DataFrame, by: str = "fiscal_year", *, top: int = 15, ax: Axes | None = None) -> Axes:
    """Draw how much was granted by year, payer, beneficiary or any other column.

    Parameters
    ----------
    frame
        As `subsidies` returns it.
    by
        One column; ``"year"`` stands for ``"fiscal_year"``.
    top
        At most so many bars: the last years, or the largest amounts.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Lying bars, each with its amount and number of grants, with the source and licence underneath. What has no value
        in `by`, or no known amount, has no bar; the title says how many grants that leaves.

    Raises
    ------
    ValueError
        If the frame has no such column; the message names the nearest.
    ImportError
        If matplotlib is not installed.
    """
    totals = subsidy_totals(frame, by)
    key = str(totals.columns[0])
    known = totals[totals[key].notna() & totals["amount"].notna()]
    known = known.tail(top) if key == "fiscal_year" else known.head(top)
    amounts = known["amount"].astype("float64").tolist()
    many = charts.say(frame, "grants", "subventions")
    one = many.removesuffix("s")
    texts = [
        f"{_euros(frame, amount)}, {charts.number(frame, grants)} {one if grants == 1 else many}"
        for amount, grants in zip(amounts, known["grants"], strict=True)
    ]
    ax = charts.axes(ax, 8.0, 1.6 + 0.3 * max(len(known), 3))
    charts.bars(ax, [excerpt(str(name), 40) for name in known[key]], amounts, texts)
    # The texts are longer than those of other bars, and there are losses too.
    ax.set_xlim(min([*amounts, 0]) * 1.1, max([*amounts, 1]) * 1.45)
    ax.xaxis.set_major_formatter(lambda value, _: _euros(frame, value))
    drawn, every = int(known["grants"].sum()), len(frame)
    share = f"{charts.number(frame, every) if drawn == every else charts.of(frame, drawn, every)} {many}"
    what = label_of(frame, key).replace("_", " ").lower()
    charts.title(ax, charts.say(frame, f"Subsidies by {what}: {share}", f"Subventions par {what} : {share}"))
    charts.credit(ax, frame)
    return ax


def _euros(frame: pd.DataFrame, amount: float) -> str:
    """Word an amount in three digits or so, with the decimal sign of the frame's language."""
    for size, english, french in ((1e9, "bn€", "Md€"), (1e6, "M€", "M€"), (1e3, "k€", "k€")):
        if abs(amount) >= size:
            shown = amount / size
            text = f"{round(shown, 2 if abs(shown) < 10 else 1 if abs(shown) < 100 else 0):g}"
            return charts.say(frame, f"{text} {english}", f"{text.replace('.', ',')} {french}")
    return f"{amount:,.0f} €"


def repaired_siret(text: str) -> str:
    """Bring a SIRET to its 14 digits; text that cannot be one stays as it is, but for blanks at its ends.

    Blanks, dots and hyphens between the digits and the ``.0`` of a spreadsheet go, and zeros that a spreadsheet took
    off the front come back.

    Examples
    --------
    >>> repaired_siret("243 300 316 00011")
    '24330031600011'
    >>> repaired_siret("5672003400015.0")
    '05672003400015'
    >>> repaired_siret("2,43E+13")
    '2,43E+13'
    """
    digits = re.sub(r"[\s.\-]", "", re.sub(r"[.,]0+\s*$", "", text))
    return digits.zfill(14) if digits.isascii() and digits.isdigit() and 9 <= len(digits) <= 14 else text.strip()


def valid_siret(sirets: pd.Series) -> pd.Series:
    """Tell whether each SIRET is 14 digits whose check digits are right, those of its SIREN too.

    Returns
    -------
    pandas.Series
        ``boolean`` on the index of `sirets`, missing where there is none. A SIREN of nine digits that was padded with
        zeros is no valid SIRET: no company has a SIREN that begins with five zeros.
    """
    found: pd.Series = sirets.map(_is_siret, na_action="ignore").astype("boolean")
    return found


def owner(dataset_id: str, publisher: str | None = None) -> str | None:
    """Tell who owns a dataset: by the beginning of its id, else its publisher."""
    return next((name for start, name in OWNERS.items() if dataset_id.startswith(start)), publisher)


class Oddities:
    """What is odd about rows, told row by row and counted by kind."""

    def __init__(self, rows: int) -> None:
        from bdxopendata.frames import Quality

        self.told: list[list[str]] = [[] for _ in range(rows)]
        self.quality: Quality = Quality()

    def read(self, values: pd.Series, column: str, reader: Callable[[str], Any]) -> list[Any]:
        """Read each text; what the reader refuses (ValueError) is missing, told and counted."""
        read: list[Any] = []
        for place, text in enumerate(values.astype(object).where(values.notna(), None)):
            value = None
            if text is not None and text.strip():
                try:
                    value = reader(text.strip())
                except ValueError as error:
                    # The reader may give what it could make of it, such as an amount that it rounded.
                    value = error.args[1] if len(error.args) > 1 else None
                    self.told[place].append(f"{column} '{excerpt(text, 60)}' {error.args[0]}")
                    self.quality.add(column, error.args[0])
            read.append(value)
        return read

    def mark(self, column: str, problem: str, where: pd.Series) -> None:
        """Tell and count rows that have a problem."""
        marked = where.fillna(False).astype(bool)
        for place in marked.to_numpy().nonzero()[0]:
            self.told[place].append(problem)
        self.quality.add(column, f"({problem})", int(marked.sum()))

    def worded(self) -> list[str | None]:
        """Join what there is to say of each row; None where nothing is odd."""
        return ["; ".join(one) or None for one in self.told]

    def warn(self, dataset_ids: Sequence[str]) -> None:
        """Tell the counts in one warning."""
        self.quality.warn(", ".join(dataset_ids) or None)


UNREADABLE = "is not read"
ROUNDED = "is rounded to the cent"


def _amount(text: str) -> Decimal:
    """Read an amount with its symbols, its blanks, and a comma or a point for the cents."""
    plain = _CURRENCY.sub("", text.replace("−", "-"))
    if plain.startswith("(") and plain.endswith(")"):
        plain = f"-{plain[1:-1]}"
    if not _NUMBER.fullmatch(plain):
        raise ValueError(UNREADABLE)
    amount = Decimal(_with_point(plain))
    if abs(amount) >= LARGEST:
        raise ValueError(UNREADABLE)
    cents = amount.quantize(CENT, rounding=ROUND_HALF_EVEN)
    if abs(cents - amount) > NOISE:
        # Three places after a comma may be meant as thousands: to be told, not to be guessed.
        raise ValueError(ROUNDED, cents)
    return cents


def _with_point(number: str) -> str:
    """Tell thousands from decimals: of two signs the last one is the decimal one, and no decimal sign stands twice."""
    last = max(number.rfind(","), number.rfind("."))
    if last < 0:
        return number
    sign = number[last]
    whole, decimals = number[:last], number[last + 1 :]
    if sign in whole:
        return re.sub(r"[.,]", "", number)
    return f"{re.sub(r'[.,]', '', whole)}.{decimals or '0'}"


def _day(text: str) -> date:
    """Read a day: ISO, with or without a time; day/month/year; or the serial number of a spreadsheet."""
    for pattern, order in ((_ISO, (0, 1, 2)), (_FRENCH, (2, 1, 0))):
        if found := pattern.fullmatch(text):
            parts = [int(part) for part in found.groups()]
            try:
                return date(*(parts[place] for place in order))
            except ValueError:
                raise ValueError(UNREADABLE) from None
    if (found := _SERIAL.fullmatch(text)) and int(found[1]) in SERIALS:
        return SERIAL_ZERO + timedelta(days=int(found[1]))
    raise ValueError(UNREADABLE)


def _period(text: str) -> tuple[date, date]:
    """Read one day, on which all was paid, or two joined by / or _."""
    if _ISO.fullmatch(text) or _SERIAL.fullmatch(text):
        return (_day(text),) * 2
    if found := _PERIOD.fullmatch(text):
        start = _day(found[1])
        return start, _day(found[2]) if found[2] else start
    raise ValueError(UNREADABLE)


def _fiscal_year(text: str) -> int:
    found = _YEAR.fullmatch(text)
    year = int(found[1]) if found else _day(text).year
    if year not in YEARS:
        raise ValueError(UNREADABLE)
    return year


def _told_eu(text: str) -> bool:
    from bdxopendata.topics.casts import FALSE, TRUE

    form = choices.folded(text)
    if form in TRUE or form in FALSE:
        return form in TRUE
    if _NUMBER.fullmatch(text):
        return Decimal(_with_point(text)) != 0
    raise ValueError(UNREADABLE)


def _share(text: str) -> float:
    plain = re.sub(r"[\s%]", "", text)
    if not _NUMBER.fullmatch(plain):
        raise ValueError(UNREADABLE)
    return float(_with_point(plain))


def _siret_or_none(text: Any) -> str | None:
    return repaired_siret(text) or None if isinstance(text, str) else None


def _rna(text: Any) -> str | None:
    return re.sub(r"\s", "", text).upper() or None if isinstance(text, str) else None


def _is_siret(text: str) -> bool:
    if not (text.isascii() and text.isdigit() and len(text) == 14) or text.startswith("00000"):
        return False
    if text.startswith(LA_POSTE) and sum(map(int, text)) % 5 == 0:
        return True
    return _luhn(text) and _luhn(text[:9])


def _luhn(digits: str) -> bool:
    total = sum(
        digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(map(int, digits[::-1]))
    )
    return total % 10 == 0


def _receives(frame: pd.DataFrame, wanted: str) -> pd.Series:
    """Find the rows of a beneficiary: by SIRET, by whole name, by part of a name."""
    sirets: pd.Series = frame["siret"] == repaired_siret(wanted)
    if sirets.any():
        return sirets
    form = choices.folded(wanted)
    forms = frame["beneficiary"].map(choices.folded, na_action="ignore")
    whole, part = forms == form, forms.str.contains(form, regex=False).fillna(False).astype(bool)
    if not form or not (whole.any() or part.any()):
        raise ValueError(choices.unknown(wanted, frame["beneficiary"].dropna().unique(), "beneficiary"))
    return whole if whole.any() else part


def _in_two_datasets(frame: pd.DataFrame) -> pd.Series:
    """Find grants that stand in more than one dataset, such as one of a year and one of all years."""
    told = ["payer", "beneficiary", "siret", "purpose", "amount", "decision_date"]
    keys = frame[told].astype(object).where(frame[told].notna(), None)
    named = frame["beneficiary"].notna() & frame["amount"].notna()
    datasets = frame["dataset"].groupby([keys[one] for one in told], dropna=False).transform("nunique")
    twice: pd.Series = named & (datasets > 1)
    return twice


def _days(days: Sequence[date | None], frame: pd.DataFrame) -> pd.Series:
    import pandas as pd

    from bdxopendata.topics import casts

    stamps = [pd.NaT if one is None else pd.Timestamp(one) for one in days]
    return pd.Series(stamps, index=frame.index, dtype=casts.EMPTY["date"])


def _texts(texts: Any, frame: pd.DataFrame) -> pd.Series:
    import pandas as pd

    from bdxopendata.topics import casts

    made: pd.Series = pd.Series(list(texts), index=frame.index, dtype=casts.TEXT)
    return made
