"""What a topic expects of the portal, as data: one TOML file, read into frozen objects.

Nothing here asks anything; `engine` applies a contract. The file of a topic is meant to be read by people:

    topic = "parking"
    title = "Car parks, live"
    candidates = ["st_park_p"]            # dataset ids in order; {year} stands for the newest year there is
    geometry = "point"                    # "point", "shape", or left out for a plain frame
    combine = "first"                     # "first": the first dataset found; "all": all of them, one below the other
    gone = "…"                            # optional: what to try by hand when nothing is found

    [search]                              # how a successor is recognised when no candidate is there
    text = ["parking", "stationnement"]   # catalogue searches
    columns = ["name", "capacity"]        # columns it must have; by default the required ones
    any = ["genus", "species"]            # optional: a dataset that people name must have one of these, rather than all

    [columns.height_limit]
    from = ["gabari_std"]                 # names on the portal, best first; a gap is filled from the next one
    labels = ["hauteur maximale"]         # optional: labels to look for where no name is known
    dtype = "double"                      # one of DTYPES
    unit = "m"                            # left out: none; "unknown": there is one, and nobody says which
    required = false
    evidence = "data"                     # one of EVIDENCE
    datasets = ["st_park_p"]              # optional: the datasets that have it; by default all candidates
    true = ["OUI"]                        # for booleans that come as text: what counts as true; also `false`
    values = ["LIBRE", "COMPLET"]         # for categories: the values in order; `ordered = true` where the order counts
    en = "Height limit"                   # what people read in place of its name, in English and in French
    fr = "Hauteur maximale"
    description = "Highest vehicle that may enter."

    [made.share]                          # optional: columns that only frames made of the topic's have, such as totals
    dtype = "double"
    en = "Share"
    fr = "Part"

A column without `from` and `labels` is derived by the topic; it is listed here so that the table of columns is whole.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import resources
from importlib.metadata import entry_points
from os import PathLike
from pathlib import Path
from typing import Any

from bdxopendata.errors import ConfigurationError

DTYPES = ("text", "int", "double", "boolean", "date", "datetime", "decimal", "category", "duration", "list")
EVIDENCE = ("data", "code", "text", "inferred", "unknown")
UNKNOWN_UNIT = "unknown"
# Packages that have a topic of their own name it here: see the docstring of `bdxopendata.topics`.
GROUP = "bdxopendata.topics"

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Column:
    """One column that a topic gives.

    Attributes
    ----------
    name
        Its name in the frame.
    sources
        Names that it has on the portal, best first; empty for a derived column.
    labels
        Labels by which it is looked for where its name is not known.
    dtype
        One of `DTYPES`.
    unit
        Unit of measure; None for none, ``"unknown"`` for one that nobody states.
    required
        Whether the topic makes no sense without it.
    evidence
        How sure its names are: seen in ``data``, in ``code``, in a ``text``, ``inferred`` or ``unknown``.
    datasets
        The datasets that have it; empty for all candidates.
    true, false
        Texts that stand for true and false.
    values, ordered
        Values of a category, and whether their order counts.
    en, fr
        What people read in place of its name, in English and in French.
    description
        One sentence.
    """

    name: str
    dtype: str
    sources: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    unit: str | None = None
    required: bool = False
    evidence: str = "unknown"
    datasets: tuple[str, ...] = ()
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    ordered: bool = False
    en: str = ""
    fr: str = ""
    description: str = ""

    @property
    def is_derived(self) -> bool:
        """Whether the topic computes it, rather than finding it on the portal."""
        return not self.sources and not self.labels

    def label(self, language: str) -> str:
        """Give its label in a language: the other one's where it has none in this, else words made of its name."""
        chosen = self.fr if language == "fr" else self.en
        return chosen or self.en or self.fr or self.name.replace("_", " ").capitalize()

    @classmethod
    def of(cls, name: str, facts: Mapping[str, Any]) -> Column:
        """Read one table of the file."""
        facts = {("sources" if key == "from" else key): value for key, value in facts.items()}
        known = {one.name for one in fields(cls)} - {"name"}
        if odd := sorted(set(facts) - known):
            raise ValueError(f"column '{name}' has '{odd[0]}', which is none of {', '.join(sorted(known))}")
        if not _NAME.match(name):
            raise ValueError(f"column name {name!r} is not made of small letters, digits and '_'")
        if facts.get("dtype") not in DTYPES:
            raise ValueError(f"column '{name}' has dtype {facts.get('dtype')!r}, which is none of {', '.join(DTYPES)}")
        if facts.get("evidence", "unknown") not in EVIDENCE:
            raise ValueError(f"column '{name}' has evidence {facts['evidence']!r}, which is none of {EVIDENCE}")
        return cls(name=name, **{key: _frozen(value) for key, value in facts.items()})


@dataclass(frozen=True, slots=True)
class Contract:
    """What one topic expects of the portal.

    Attributes
    ----------
    topic
        Its name.
    title
        What it is, for people.
    candidates
        Dataset ids, best first; ``{year}`` stands for the newest year that the catalogue has.
    columns
        Its columns by name, in the order of the frame.
    geometry
        ``"point"`` or ``"shape"`` for a GeoDataFrame whose active geometry is of this kind where there is a choice;
        None for a plain frame.
    combine
        ``"first"`` or ``"all"`` of the datasets that are found.
    search, search_columns
        Texts to search the catalogue for, and the columns by which a dataset found so is recognised.
    search_any
        Columns of which a dataset that people name must have one; by default it must have all by which one is
        recognised.
    gone
        What to try by hand when no dataset is found.
    made
        Columns that only frames made of the topic's have, by name.
    """

    topic: str
    title: str
    candidates: tuple[str, ...]
    columns: Mapping[str, Column] = field(hash=False)
    geometry: str | None = None
    combine: str = "first"
    search: tuple[str, ...] = ()
    search_columns: tuple[str, ...] = ()
    search_any: tuple[str, ...] = ()
    gone: str = ""
    made: Mapping[str, Column] = field(default_factory=dict, hash=False)

    @property
    def required(self) -> tuple[Column, ...]:
        """The columns without which the topic makes no sense."""
        return tuple(one for one in self.columns.values() if one.required)

    @property
    def recognised_by(self) -> tuple[Column, ...]:
        """The columns that a successor must have."""
        return tuple(self.columns[name] for name in self.search_columns) or self.required

    @classmethod
    def from_toml(cls, path: str | PathLike[str]) -> Contract:
        """Read a contract from a file.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ConfigurationError
            If it is no contract; the message says what is wrong with it.
        """
        where = Path(path)
        return cls.parse(where.read_text(encoding="utf-8"), name=where.name)

    @classmethod
    def parse(cls, text: str, *, name: str = "the contract") -> Contract:
        """Read a contract from the text of its file; `name` is what errors call it."""
        try:
            return cls._of(tomllib.loads(text))
        except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise ConfigurationError(
                f"{name} is no contract of a topic: {what}.", "The docstring of bdxopendata.topics.contract shows one."
            ) from error

    @classmethod
    def _of(cls, facts: dict[str, Any]) -> Contract:
        facts = dict(facts)
        search = facts.pop("search", {})
        columns = {name: Column.of(name, one) for name, one in facts.pop("columns").items()}
        contract = cls(
            columns=columns,
            made={name: Column.of(name, one) for name, one in facts.pop("made", {}).items()},
            search=_frozen(search.get("text", [])),
            search_columns=_frozen(search.get("columns", [])),
            search_any=_frozen(search.get("any", [])),
            **{key: _frozen(value) for key, value in facts.items()},
        )
        if contract.geometry not in (None, "point", "shape"):
            raise ValueError(f"geometry is 'point' or 'shape', not {contract.geometry!r}")
        if contract.combine not in ("first", "all"):
            raise ValueError(f"combine is 'first' or 'all', not {contract.combine!r}")
        if odd := [name for name in (*contract.search_columns, *contract.search_any) if name not in columns]:
            raise ValueError(f"search names the column '{odd[0]}', which is not described")
        return contract


def load(topic: str) -> Contract:
    """Read the contract of one of the library's own topics."""
    return Contract.parse(
        resources.files("bdxopendata.topics").joinpath("contracts", f"{topic}.toml").read_text("utf-8"),
        name=f"contracts/{topic}.toml",
    )


def contracts() -> dict[str, Contract]:
    """Read every contract: the library's own, then those that other packages announce.

    Raises
    ------
    ConfigurationError
        If another package announces something that is no contract, or takes a name that is taken.
    """
    folder = resources.files("bdxopendata.topics").joinpath("contracts")
    own = sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml"))
    known = {topic: load(topic) for topic in own}
    for entry in entry_points(group=GROUP):
        contract = entry.load()
        if isinstance(contract, (str, PathLike)):
            contract = Contract.from_toml(contract)
        if not isinstance(contract, Contract):
            raise ConfigurationError(
                f"The entry point '{entry.value}' of {GROUP} is no Contract and no path of one.",
                "Update or remove the package that has it.",
            )
        if contract.topic in known:
            raise ConfigurationError(
                f"The entry point '{entry.value}' of {GROUP} takes the name '{contract.topic}', which is taken.",
                "Its contract needs another topic name.",
            )
        known[contract.topic] = contract
    return known


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
