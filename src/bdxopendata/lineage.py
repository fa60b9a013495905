"""Where a frame comes from, carried by the frame itself, and how to cite it.

The facts travel in ``frame.attrs["bdxopendata"]`` as plain values only, since pandas writes ``attrs`` into files: no
address with a query, no key, no object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal, NoReturn
from urllib.parse import quote

from bdxopendata.metadata import ATTRS, DatasetInfo

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ATTRIBUTE = "bdxopendata"
# What `Provenance` reads from what a topic writes, rather than from facts of these names.
OF_TOPIC = ("topic", "datasets", "missing")


class Facts(dict[str, Any]):
    """Plain facts that cannot be changed, and so need no copy.

    pandas copies ``attrs`` deeply for every frame and column that comes of an operation. A topic has hundreds of facts,
    and copying them cost more than the operations. Written to a file or pickled, it is a plain dict.
    """

    def __deepcopy__(self, memo: Any) -> Facts:
        return self

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise TypeError("Provenance is shared by frames and cannot be changed; put a new dict into frame.attrs.")


for _change in ("__setitem__", "__delitem__", "__ior__", "update", "pop", "popitem", "setdefault", "clear"):
    setattr(Facts, _change, _refuse)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the rows of a frame come from.

    Attributes
    ----------
    dataset_id, title, portal, page_url
        The dataset and its portal.
    publisher, licence, licence_url, attribution
        Who gives it, under which terms, and whom to name.
    version
        The portal's stamp of the data; None for data that were processed while they were read.
    modified
        When the publisher changed it, as ISO text.
    fetched_at
        When the rows left the portal, in UTC, as ISO text.
    question
        The ODSQL that was asked, empty for the whole dataset.
    road
        How the rows came: an export format, ``records``, or ``store``.
    rows
        How many rows there were.
    stand_in
        Whether they are sample rows of the stand-in portal rather than real data.
    topic
        The ready question that was asked; None for a plain reading.
    datasets
        The datasets that answered a topic.
    missing
        Columns of the topic that none of them has.
    stale
        Whether they are stored rows of which the portal could not be asked whether they are current.
    """

    dataset_id: str
    title: str
    portal: str
    page_url: str
    publisher: str | None
    licence: str | None
    licence_url: str | None
    attribution: tuple[str, ...]
    version: str | None
    modified: str | None
    fetched_at: str
    question: str
    road: str
    rows: int
    stand_in: bool = False
    topic: str | None = None
    datasets: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    stale: bool = False

    @property
    def age(self) -> float:
        """Seconds since the rows left the portal."""
        return (datetime.now(UTC) - datetime.fromisoformat(self.fetched_at)).total_seconds()

    @classmethod
    def of(
        cls,
        info: DatasetInfo,
        *,
        question: str,
        road: str,
        rows: int,
        fetched_at: datetime,
        version: str | None,
        stand_in: bool,
    ) -> Provenance:
        """Note what is known at the time of reading."""
        return cls(
            dataset_id=info.dataset_id,
            title=info.title,
            portal=info.portal,
            page_url=info.page_url,
            publisher=info.publisher,
            licence=info.licence,
            licence_url=info.licence_url,
            attribution=info.attribution,
            version=version,
            modified=info.modified.isoformat() if info.modified else None,
            fetched_at=fetched_at.isoformat(timespec="seconds"),
            question=question,
            road=road,
            rows=rows,
            stand_in=stand_in,
        )

    def attach(self, frame: pd.DataFrame) -> None:
        """Write these facts into the frame's ``attrs``."""
        frame.attrs[ATTRIBUTE] = Facts(facts_of(self))

    def attached(self, table: pa.Table) -> pa.Table:
        """Return an Arrow table with these facts in its metadata, where pandas looks for ``attrs``."""
        attrs = json.dumps({ATTRIBUTE: facts_of(self)}, ensure_ascii=False)
        return table.replace_schema_metadata({**(table.schema.metadata or {}), ATTRS: attrs})

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> Provenance:
        """Read facts as `attach` wrote them; other ones among them are left out."""
        known: dict[str, Any] = {one.name: facts.get(one.name) for one in fields(cls)}
        known["attribution"] = tuple(known["attribution"] or ())
        known["stand_in"] = bool(known["stand_in"])
        # A topic writes more than this about itself, under one name.
        topic: Mapping[str, Any] = facts.get("topic") or {}
        known["topic"] = topic.get("name")
        known["datasets"] = tuple(dict.fromkeys(one["dataset"] for one in topic.get("sources", ())))
        known["missing"] = tuple(topic.get("missing", ()))
        known["stale"] = bool(known["stale"])
        return cls(**known)


def facts_of(frame: object) -> dict[str, Any]:
    """Read the facts that a frame carries, or those of a `Provenance`, as plain values.

    Raises
    ------
    ValueError
        If there are none.
    """
    if isinstance(frame, Provenance):
        own = {key: value for key, value in asdict(frame).items() if key not in OF_TOPIC}
        return {**own, "attribution": list(frame.attribution)}
    attrs = getattr(frame, "attrs", None)
    if not isinstance(attrs, Mapping):
        attrs = _attrs_of_table(frame)
    facts = attrs.get(ATTRIBUTE)
    if not isinstance(facts, Mapping):
        raise ValueError(
            "This frame carries no provenance: some operations drop it. Read it before, or copy "
            "frame.attrs from the frame that the library returned."
        )
    return dict(facts)


def _attrs_of_table(table: object) -> Mapping[str, Any]:
    """Read what pandas would take for the ``attrs`` of an Arrow table."""
    metadata = getattr(getattr(table, "schema", None), "metadata", ())
    if metadata == ():
        raise TypeError(
            f"Provenance belongs to frames and Arrow tables of this library, not to {type(table).__name__}."
        )
    attrs = json.loads((metadata or {}).get(ATTRS.encode(), "{}"))
    return attrs if isinstance(attrs, Mapping) else {}


def sources_of(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the facts of each dataset that rows come from, where there are several."""
    several = facts.get("sources") or (facts.get("topic") or {}).get("provenance")
    return [dict(one) for one in several] if several else [dict(facts)]


def provenance(frame: pd.DataFrame | pa.Table) -> Provenance:
    """Read where a frame comes from.

    Parameters
    ----------
    frame
        A frame of this library, or one that kept its ``attrs``; or an Arrow table of this library.

    Raises
    ------
    ValueError
        If the frame carries no provenance: it is not of this library, or an operation dropped its ``attrs``.
    TypeError
        If it is neither a frame nor an Arrow table.
    """
    return Provenance.read(facts_of(frame))


def cite(cited: object, style: Literal["text", "bibtex"] = "text", *, language: Literal["en", "fr"] = "en") -> str:
    """Word the citation of data, as their licences ask for it.

    Parameters
    ----------
    cited
        A frame or an Arrow table that carries its provenance, a `Provenance`, or a dataset, a query or a
        `DatasetInfo`; a dataset is asked for its description.
    style
        ``"text"`` for a sentence, ``"bibtex"`` for an entry.
    language
        ``"en"`` or ``"fr"``: the language of the words around the facts, which stay as the publisher wrote them.

    Returns
    -------
    str
        One line, or one entry, for each dataset that the rows come from: who publishes it, its title, id and version,
        where it is, when it was fetched, its licence, and whom the publisher wants named.

    Raises
    ------
    ValueError
        For another style or language, or a frame without provenance.
    TypeError
        If `cited` is none of these.

    Examples
    --------
    >>> from bdxopendata import cite
    >>> facts = Provenance("ec_arbre_p", "Arbres", "Open data", "https://opendata.example/", "Bordeaux Métropole",
    ...     "Licence Ouverte v2.0", None, (), None, None, "2026-01-31T08:00:00+00:00", "", "parquet", 3)
    >>> print(cite(facts))
    Bordeaux Métropole, “Arbres” (ec_arbre_p), Open data, https://opendata.example/, fetched on 2026-01-31. \
Licence: Licence Ouverte v2.0.
    """
    if style not in ("text", "bibtex"):
        raise ValueError(f"style is 'text' or 'bibtex', not {style!r}.")
    if language not in WORDS:
        raise ValueError(f"language is 'en' or 'fr', not {language!r}.")
    every = list(dict.fromkeys(Provenance.read(facts) for facts in sources_of(_facts_to_cite(cited))))
    words = WORDS[language]
    if style == "text":
        return "\n".join(_sentence(facts, words) for facts in every)
    return "\n\n".join(_bibtex(facts, key, words) for facts, key in zip(every, _keys(every), strict=True))


def _facts_to_cite(cited: object) -> dict[str, Any]:
    if isinstance(cited, DatasetInfo):
        today = datetime.now(UTC)
        rows = cited.records_count or 0
        return facts_of(
            Provenance.of(
                cited, question="", road="", rows=rows, fetched_at=today, version=cited.version, stand_in=False
            )
        )
    described = getattr(cited, "_described", None)
    return facts_of(described()) if callable(described) else facts_of(cited)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a citation in one language; each takes the place of what it names."""

    title: str
    version: str
    fetched: str
    licence: str
    no_licence: str
    attribution: str
    stand_in: str
    dataset: str
    date: Callable[[str], str]


MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


def _french_date(stamp: str) -> str:
    try:
        day = date.fromisoformat(stamp[:10])
    except ValueError:
        return stamp
    return f"{'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]} {day.year}"


# French typography wants spaces that do not break inside quotation marks and before colons.
WORDS: Mapping[str, Words] = {
    "en": Words(
        title="“{}”",
        version="version of {}",
        fetched="fetched on {}",
        licence="Licence: {}",
        no_licence="The publisher states no licence",
        attribution="Attribution: {}",
        stand_in="Sample rows of the stand-in portal, not real data",
        dataset="Dataset {}",
        date=lambda stamp: stamp[:10],
    ),
    "fr": Words(
        title="«\u00a0{}\u00a0»",
        version="version du {}",
        fetched="consulté le {}",
        licence="Licence\u00a0: {}",
        no_licence="Le producteur n’indique pas de licence",
        attribution="Mention de la source\u00a0: {}",
        stand_in="Lignes d’exemple du portail de substitution, et non données réelles",
        dataset="Jeu de données {}",
        date=_french_date,
    ),
}


def _sentence(facts: Provenance, words: Words) -> str:
    parts = [
        facts.publisher or facts.portal,
        f"{words.title.format(_one_line(facts.title or facts.dataset_id))} ({facts.dataset_id})",
        *([words.version.format(words.date(facts.version))] if facts.version else []),
        facts.portal,
        facts.page_url,
        words.fetched.format(words.date(facts.fetched_at)),
    ]
    return " ".join(f"{one}." for one in (_one_line(", ".join(parts)), *_terms(facts, words)))


def _terms(facts: Provenance, words: Words) -> list[str]:
    """Name the licence and who is to be named, and say where the data are none."""
    licence = facts.licence or facts.licence_url
    where = f" ({facts.licence_url})" if facts.licence and facts.licence_url else ""
    terms = [words.licence.format(licence) + where if licence else words.no_licence]
    if facts.attribution:
        terms.append(words.attribution.format("; ".join(facts.attribution)))
    if facts.stand_in:
        terms.append(words.stand_in)
    return [_one_line(one).rstrip(".") for one in terms]


def _one_line(text: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f]+", lambda found: "\u00a0" if found[0] == "\u00a0" else " ", text).strip()


def _bibtex(facts: Provenance, key: str, words: Words) -> str:
    about = words.dataset.format(facts.dataset_id)
    if facts.version:
        about += f", {words.version.format(words.date(facts.version))}"
    entry = {
        # In braces of their own: a name of an institution is not cut into first and last names, a title keeps capitals.
        "author": f"{{{_tex(facts.publisher or facts.portal)}}}",
        "title": f"{{{_tex(facts.title or facts.dataset_id)}}}",
        "year": _year(facts),
        "howpublished": _tex(facts.portal),
        "url": _tex_url(facts.page_url),
        "urldate": facts.fetched_at[:10],
        "note": _tex(". ".join([about, *_terms(facts, words)])),
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in entry.items())
    return f"@misc{{{key},\n{lines}\n}}"


def _keys(every: Sequence[Provenance]) -> list[str]:
    """Make a key for each entry; what would be the same key twice is told apart by a letter, as bibliographies do."""
    keys = [re.sub(r"\W", "_", f"bdx_{one.dataset_id}_{_year(one)}", flags=re.ASCII) for one in every]
    return [key if keys.count(key) == 1 else f"{key}_{1 + keys[:place].count(key)}" for place, key in enumerate(keys)]


def _year(facts: Provenance) -> str:
    return (facts.modified or facts.fetched_at)[:4]


# What TeX reads as a command. Braces are words here: BibTeX counts them even behind a backslash.
_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "#$%&_"},
}


def _tex(text: str) -> str:
    return "".join(_TEX.get(sign, sign) for sign in _one_line(text))


def _tex_url(url: str) -> str:
    r"""Leave an address as it is, but for what would end the entry: ``\url`` reads all other signs as they are."""
    return quote(_one_line(url), safe="!#$%&'()*+,/:;=?@[]~_-.")
