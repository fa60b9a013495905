"""Columns in the language of people on the way out, and their technical names back.

The labels of a topic's own columns stand in its contract, in English and in French; columns of the portal that just
follow have the label that the portal gives them. The frame itself carries what was renamed, so that the way back is
exact. The geometry keeps its name: maps and files look for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, cast

from bdxopendata.lineage import ATTRIBUTE
from bdxopendata.topics import choices
from bdxopendata.topics.contract import Contract, contracts

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LANGUAGES",
    "Language",
    "column_labels",
    "label_of",
    "labelled",
    "labels",
    "language_of",
    "taking",
    "technical",
]

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = ("en", "fr")

# Columns that every topic may have.
EVERY = {
    "dataset": {"en": "Dataset", "fr": "Jeu de données"},
    "distance": {"en": "Distance", "fr": "Distance"},
}

# Contracts that answered in this process, those of other packages too, announced or not.
_KNOWN: dict[str, Contract] = {}

P = ParamSpec("P")
R = TypeVar("R")
Frame = TypeVar("Frame", bound="pd.DataFrame")


def labels(frame: Frame, language: Language | None) -> Frame:
    """Give the columns of a topic's frame labels for people, or their technical names back.

    Parameters
    ----------
    frame
        As any topic returns it, with labels or without; not changed.
    language
        ``"fr"`` or ``"en"``; None for the technical names.

    Returns
    -------
    pandas.DataFrame or geopandas.GeoDataFrame
        The same rows and columns under other names. Columns of the portal that no topic names have the label that the
        portal gives them, in its own language; the geometry, and columns that you added, keep their names. A label that
        two columns would have is told apart by the technical name in brackets.

    Raises
    ------
    ValueError
        For another language, or a frame that is of no topic or whose ``attrs`` an operation dropped.

    Examples
    --------
    >>> import bdxopendata as bdx
    >>> cars = bdx.parking(labels="fr")
    >>> cars["Places libres"].dtype
    Int64Dtype()
    >>> bdx.labels(cars, None)["free"].dtype
    Int64Dtype()
    """
    language = checked(language)
    topic = _topic_of(frame)
    plain = _with_names(frame, {label: name for label, name in topic.get("renamed", {}).items() if label in frame})
    known = {} if language is None else _labels_of(topic, language)
    renamed = _apart(plain, known)
    made = _with_names(plain, renamed)
    kept = {key: value for key, value in topic.items() if key not in ("language", "renamed")}
    if language is not None:
        kept |= {"language": language, "renamed": {label: name for name, label in renamed.items()}}
    made.attrs = {**frame.attrs, ATTRIBUTE: {**frame.attrs[ATTRIBUTE], "topic": kept}}
    return made


def column_labels(topic: str, language: Language = "en") -> dict[str, str]:
    """List the labels of a topic's columns by their technical names.

    For frames that lost their ``attrs`` on the way: ``frame.rename(columns=column_labels("parking", "fr"))``.

    Raises
    ------
    ValueError
        If there is no such topic (the message names the nearest) or language.
    """
    wanted = checked(language)
    if wanted is None:
        raise ValueError("language is 'en' or 'fr', not None.")
    known = {**_KNOWN, **contracts()}
    return _of_contract(known[choices.choose(topic, known, "topic")], wanted)


def checked(language: object) -> Language | None:
    """Check a language; None stays None.

    Raises
    ------
    ValueError
        If it is neither ``"en"`` nor ``"fr"``.
    """
    if language is not None and language not in LANGUAGES:
        raise ValueError(f"labels are 'en', 'fr' or None, not {language!r}.")
    return language


def labelled(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function that returns a topic's frame take ``labels=``.

    The function has the argument in its signature, so that people find it, and need not look at it: it is checked
    before the function begins, and done on the way out.
    """

    @wraps(function)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        language = checked(kwargs.pop("labels", None))
        made = function(*args, **kwargs)
        return made if language is None else cast("R", labels(cast("Any", made), language))

    return asked


def taking(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function take frames whose columns have labels: it sees technical names, and what it returns has labels.

    A column named in an argument ``by`` may be named by its label too.
    """
    form = signature(function)

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        given = form.bind(*args, **kwargs)
        language, renamed = None, {}
        for name, value in given.arguments.items():
            topic = getattr(value, "attrs", {}).get(ATTRIBUTE, {}).get("topic", {})
            if "renamed" in topic:
                language, renamed = topic["language"], topic["renamed"]
                given.arguments[name] = _readable(value)
        if language is None:
            return function(*args, **kwargs)
        if "by" in given.arguments:
            by = given.arguments["by"]
            given.arguments["by"] = (
                renamed.get(by, by) if isinstance(by, str) else [renamed.get(one, one) for one in by]
            )
        made = function(*given.args, **given.kwargs)
        is_frame = hasattr(made, "columns") and "topic" in getattr(made, "attrs", {}).get(ATTRIBUTE, {})
        return cast("R", labels(cast("Any", made), language)) if is_frame else made

    return called


def language_of(frame: pd.DataFrame) -> Language:
    """Tell in which language a picture of a frame is worded: that of its labels, English where it has none."""
    language: Language = frame.attrs.get(ATTRIBUTE, {}).get("topic", {}).get("language", "en")
    return language


def label_of(frame: pd.DataFrame, column: str) -> str:
    """Give the label of a column of a frame with technical names, in the language of its pictures."""
    topic = frame.attrs.get(ATTRIBUTE, {}).get("topic")
    known = _labels_of(topic, language_of(frame)) if topic else {}
    return known.get(column, column)


def technical(frame: Frame) -> Frame:
    """Give a frame its technical names back where it has labels; any other frame is returned as it is."""
    topic = getattr(frame, "attrs", {}).get(ATTRIBUTE, {}).get("topic", {})
    return labels(frame, None) if "renamed" in topic else frame


def note(contract: Contract) -> None:
    """Remember a contract that answers, so that its labels are found by its name."""
    _KNOWN[contract.topic] = contract


def _readable(frame: Any) -> Any:
    """Give a frame its technical names back, and leave word of the language."""
    topic = frame.attrs[ATTRIBUTE]["topic"]
    plain = labels(frame, None)
    facts = plain.attrs[ATTRIBUTE]
    plain.attrs = {**plain.attrs, ATTRIBUTE: {**facts, "topic": {**facts["topic"], "language": topic["language"]}}}
    return plain


def _topic_of(frame: pd.DataFrame) -> dict[str, Any]:
    topic = getattr(frame, "attrs", {}).get(ATTRIBUTE, {}).get("topic")
    if not isinstance(topic, dict):
        raise ValueError(
            "This frame carries no facts of a topic: it is of none, or an operation dropped them. Give it labels "
            "before, or rename its columns by bdxopendata.topics.labels.column_labels(topic, language)."
        )
    return topic


def _labels_of(topic: Mapping[str, Any], language: Language) -> dict[str, str]:
    name = topic.get("contract", topic["name"])
    contract = _KNOWN.get(name) or contracts().get(name)
    own = _of_contract(contract, language) if contract is not None else {}
    return {**topic.get("field_labels", {}), **own}


def _of_contract(contract: Contract, language: Language) -> dict[str, str]:
    every = {name: both[language] for name, both in EVERY.items()}
    columns = {**contract.made, **contract.columns}
    return every | {name: column.label(language) for name, column in columns.items()}


def _apart(frame: pd.DataFrame, known: Mapping[str, str]) -> dict[str, str]:
    """Choose a label for each column, no two the same."""
    taken = {str(name) for name in frame.columns if name not in known}
    renamed = {}
    for name in map(str, frame.columns):
        label = known.get(name, name)
        if label == name:
            continue
        if label in taken:
            label = f"{label} ({name})"
        taken.add(label)
        renamed[name] = label
    return renamed


def _with_names(frame: Frame, names: Mapping[str, str]) -> Frame:
    made: Frame = frame.rename(columns=dict(names))
    made.attrs = dict(frame.attrs)
    return made
