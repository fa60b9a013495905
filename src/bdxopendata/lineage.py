"""Where a frame comes from, carried by the frame itself, and how to cite it.

The facts travel in ``frame.attrs["bdxopendata"]`` as plain values only, since pandas writes ``attrs`` into files: no
address with a query, no key, no object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from bdxopendata.metadata import DatasetInfo

if TYPE_CHECKING:
    import pandas as pd

ATTRIBUTE = "bdxopendata"


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
        facts = asdict(self)
        facts["attribution"] = list(self.attribution)
        frame.attrs[ATTRIBUTE] = facts

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> Provenance:
        """Read facts as `attach` wrote them; other ones among them are left out."""
        known: dict[str, Any] = {one.name: facts.get(one.name) for one in fields(cls)}
        known["attribution"] = tuple(known["attribution"] or ())
        known["stand_in"] = bool(known["stand_in"])
        return cls(**known)


def facts_of(frame: object) -> dict[str, Any]:
    """Read the facts that a frame carries, or those of a `Provenance`, as plain values.

    Raises
    ------
    ValueError
        If there are none.
    """
    if isinstance(frame, Provenance):
        return {**asdict(frame), "attribution": list(frame.attribution)}
    facts = getattr(frame, "attrs", {}).get(ATTRIBUTE)
    if not isinstance(facts, Mapping):
        raise ValueError(
            "This frame carries no provenance: some operations drop it. Read it before, or copy "
            "frame.attrs from the frame that the library returned."
        )
    return dict(facts)


def sources_of(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the facts of each dataset that rows come from, where there are several."""
    several = facts.get("sources") or (facts.get("topic") or {}).get("provenance")
    return [dict(one) for one in several] if several else [dict(facts)]


def provenance(frame: pd.DataFrame) -> Provenance:
    """Read where a frame comes from.

    Parameters
    ----------
    frame
        A frame of this library, or one that kept its ``attrs``.

    Raises
    ------
    ValueError
        If the frame carries no provenance: it is not of this library, or an operation dropped its ``attrs``.
    """
    return Provenance.read(facts_of(frame))


def cite(frame: pd.DataFrame, style: Literal["text", "bibtex"] = "text") -> str:
    """Word the citation of the data in a frame.

    Parameters
    ----------
    frame
        A frame that carries its provenance.
    style
        ``"text"`` for a sentence, ``"bibtex"`` for an entry.

    Raises
    ------
    ValueError
        For another style, or a frame without provenance.
    """
    if style not in ("text", "bibtex"):
        raise ValueError(f"style is 'text' or 'bibtex', not {style!r}.")
    facts = provenance(frame)
    return _bibtex(facts) if style == "bibtex" else _sentence(facts)


def _sentence(facts: Provenance) -> str:
    who = facts.publisher or facts.portal
    terms = f" Licence: {facts.licence}." if facts.licence else ""
    named = f" {'; '.join(facts.attribution)}." if facts.attribution else ""
    version = f", version of {facts.version[:10]}" if facts.version else ""
    sample = " Sample rows of the stand-in portal, not real data." if facts.stand_in else ""
    return (
        f"{who}, “{facts.title}” ({facts.dataset_id}){version}, {facts.portal}, {facts.page_url}, "
        f"fetched on {facts.fetched_at[:10]}.{terms}{named}{sample}"
    )


def _bibtex(facts: Provenance) -> str:
    year = (facts.modified or facts.fetched_at)[:4]
    note = f"Dataset {facts.dataset_id}" + (f", version {facts.version}" if facts.version else "")
    if facts.licence:
        note += f". Licence: {facts.licence}"
    if facts.stand_in:
        note += ". Sample rows of the stand-in portal, not real data"
    entry = {
        "title": f"{{{_tex(facts.title)}}}",
        "author": f"{{{_tex(facts.publisher or facts.portal)}}}",
        "publisher": _tex(facts.portal),
        "year": year,
        "url": facts.page_url,
        "urldate": facts.fetched_at[:10],
        "note": _tex(note),
    }
    key = re.sub(r"\W", "_", f"bdx_{facts.dataset_id}_{year}", flags=re.ASCII)
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in entry.items())
    return f"@misc{{{key},\n{lines}\n}}"


def _tex(text: str) -> str:
    """Escape what TeX reads as a command; braces go, since they could close the entry."""
    text = text.replace("\\", "/").replace("{", "(").replace("}", ")")
    return re.sub(r"([#$%&_^~])", r"\\\1", text)
