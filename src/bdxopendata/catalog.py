"""The catalogue of a portal: what there is, and how to find it.

The listing is read in pages ordered by id, each id once, and counted against the portal's own total. Past the window
in which the portal pages, the listing is read by beginnings of ids, whose counts must add up.
"""

from __future__ import annotations

import logging
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from bdxopendata import mirroring, odsql, show
from bdxopendata.config import Settings
from bdxopendata.dataset import Dataset
from bdxopendata.dataset_list import DatasetList, frame_of, table_of
from bdxopendata.errors import (
    DataQualityWarning,
    DatasetNotFoundError,
    IncompleteDataError,
    NetworkError,
    OfflineError,
    QueryError,
    ServerError,
    excerpt,
    levels_up,
    name_list,
)
from bdxopendata.explore import FACET_VALUES, PAGE, WINDOW, Explore, explore_for
from bdxopendata.metadata import DatasetInfo, dataset_id_of
from bdxopendata.portals import Portal, portal_of
from bdxopendata.store import Entry, Store

if TYPE_CHECKING:
    import os

    import pandas as pd

log: logging.Logger = logging.getLogger("bdxopendata")

FACETS = ("theme", "keyword", "publisher", "license", "language", "features", "modified")

# What an id can begin with; the counts of all beginnings must add up to the total.
ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789_-ABCDEFGHIJKLMNOPQRSTUVWXYZ."

# A listing that changed while it was read is read again so often.
RELISTINGS = 2


class Catalog(Sequence[str]):
    """The datasets of a portal: a sequence of ids, in alphabetical order.

    Parameters
    ----------
    portal
        An address, a domain or a `Portal`; Bordeaux Métropole by default.
    settings
        How to ask; by default from the environment.

    Raises
    ------
    TypeError, ValueError
        If `portal` is no address of a portal.

    Notes
    -----
    Making one asks nothing. The listing is read when it is first needed and kept for this object; `refresh` forgets it.

    Examples
    --------
    >>> from bdxopendata import Catalog
    >>> Catalog("https://opendata.paris.fr")
    Catalog of opendata.paris.fr
    """

    def __init__(self, portal: str | Portal | None = None, *, settings: Settings | None = None) -> None:
        self.portal: Portal = portal_of(portal)
        self.settings: Settings = settings if settings is not None else Settings()
        self.explore: Explore = explore_for(self.portal, self.settings)
        self.store: Store = Store(self.settings.folder)
        self._listing: dict[str, DatasetInfo] | None = None

    # The listing

    def refresh(self) -> None:
        """Forget the listing, so that it is read anew when next needed."""
        self._listing = None

    @property
    def _infos(self) -> dict[str, DatasetInfo]:
        if self._listing is None:
            self._listing = self._listed()
        return self._listing

    def _listed(self, *, cached: bool = True) -> dict[str, DatasetInfo]:
        for listed in range(RELISTINGS + 1):
            # A listing that does not add up may be half of an older answer: the next one is asked for anew.
            rows, total = self._rows(cached=cached and listed == 0)
            listing = self._described(rows)
            distinct = len({str(row.get("dataset_id", row.get("datasetid", ""))) for row in rows})
            if distinct == total:
                self.explore.known_ids = tuple(listing)
                return dict(sorted(listing.items()))
            log.info("the catalogue announced %d datasets and listed %d; listing it again", total, distinct)
        raise IncompleteDataError("the catalogue", total, distinct, "its listing")

    def _rows(self, *, cached: bool) -> tuple[list[Any], int]:
        first = self.explore.datasets(_ORDERED, cached=cached)
        total = first.total if first.total is not None else len(first.rows)
        if total > WINDOW:
            return self._rows_by_beginning("", total, cached=cached), total
        return self._paged(first.rows, total, (), cached=cached), total

    def _paged(self, rows: list[Any], total: int, params: Sequence[tuple[str, str]], *, cached: bool) -> list[Any]:
        rows = list(rows)
        while len(rows) < total:
            page = self.explore.datasets(
                [*_ORDERED, *params], offset=len(rows), limit=min(PAGE, WINDOW - len(rows)), cached=cached
            )
            if not page.rows:
                break
            rows += page.rows
        return rows

    def _rows_by_beginning(self, beginning: str, total: int, *, cached: bool) -> list[Any]:
        """List the datasets whose id begins so, splitting what does not fit into the window."""
        rows: list[Any] = []
        for character in ID_CHARACTERS:
            longer = beginning + character
            where = [("where", str(odsql.F.dataset_id.startswith(longer)))]
            page = self.explore.datasets([*_ORDERED, *where], cached=cached)
            count = page.total if page.total is not None else len(page.rows)
            if count > WINDOW:
                self._refuse_lie(longer, page.rows, count)
                rows += self._rows_by_beginning(longer, count, cached=cached)
            elif count:
                rows += self._paged(page.rows, count, where, cached=cached)
            if len(rows) >= total:
                break
        if beginning and len(rows) < total:
            # The id that is this beginning itself.
            page = self.explore.datasets([("where", str(odsql.F.dataset_id == beginning))], cached=cached)
            rows += page.rows
        return rows

    @staticmethod
    def _refuse_lie(beginning: str, rows: list[Any], count: int) -> None:
        """Stop where a count cannot be true: splitting it further would never end."""
        right = [row for row in rows if str(row.get("dataset_id", "")).casefold().startswith(beginning.casefold())]
        if len(right) < PAGE:
            raise IncompleteDataError("the catalogue", count, len(right), f"ids that begin with '{beginning}'")

    def _described(self, rows: Iterable[Any]) -> dict[str, DatasetInfo]:
        listing: dict[str, DatasetInfo] = {}
        odd: list[str] = []
        for row in rows:
            try:
                info = DatasetInfo.from_json(row, self.portal, timezone=self.explore.timezone)
            except (TypeError, ValueError):
                odd.append("an entry without an id")
                continue
            listing.setdefault(info.dataset_id, info)
            odd += [f"'{info.dataset_id}': {problem}" for problem in info.problems]
        if odd:
            shown = "; ".join(excerpt(one, 120) for one in odd[:5]) + (" …" if len(odd) > 5 else "")
            warnings.warn(
                f"{len(odd)} oddities in the catalogue of {self.portal.host}: {shown}. The others are whole.",
                DataQualityWarning,
                stacklevel=levels_up(),
            )
        return listing

    # A sequence of ids

    def __len__(self) -> int:
        return len(self._infos)

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    def __contains__(self, dataset_id: object) -> bool:
        if isinstance(dataset_id, Dataset):
            return dataset_id.at == self.portal and dataset_id.id in self._infos
        return dataset_id in self._infos

    @overload
    def __getitem__(self, key: str) -> Dataset: ...
    @overload
    def __getitem__(self, key: int) -> str: ...
    @overload
    def __getitem__(self, key: slice) -> list[str]: ...
    def __getitem__(self, key: str | int | slice) -> Any:
        """Return the dataset of an id, or the id at a place.

        Raises
        ------
        DatasetNotFoundError
            If there is no such dataset; it names ids that look alike.
        """
        if isinstance(key, (int, slice)):
            return list(self._infos)[key]
        info = self._infos.get(dataset_id_of(key))
        if info is None:
            raise DatasetNotFoundError(key, self.portal.host, self.near(key))
        return Dataset.of(info, catalog=self)

    def near(self, dataset_id: str, count: int = 3) -> tuple[str, ...]:
        """Ids that look like `dataset_id`, or whose title holds it, best first."""
        folded = {fold(known): known for known in self._infos}
        alike = [folded[one] for one in get_close_matches(fold(dataset_id), folded, n=count, cutoff=0.6)]
        titled = [
            known for known, info in self._infos.items() if fold(dataset_id) in fold(info.title) and known not in alike
        ]
        return tuple((alike + titled)[:count])

    def _ipython_key_completions_(self) -> list[str]:
        # What would act on the terminal that shows the choice is not offered.
        return [one for one in self._infos if one.isprintable()]

    # Finding

    def search(
        self,
        text: str | None = None,
        *,
        theme: str | None = None,
        keyword: str | None = None,
        publisher: str | None = None,
        has_geometry: bool | None = None,
        updated_since: str | date | datetime | None = None,
        limit: int | None = None,
    ) -> DatasetList:
        """Find datasets; several conditions are joined by AND.

        The portal is asked first, with the text as a full-text search. Where it finds nothing, does not understand, or
        cannot be reached, the listing is searched here, without regard to case and accents: every word must stand in
        the id, title, description, themes, keywords, publisher or field names.

        Parameters
        ----------
        text
            Words to look for.
        theme, keyword, publisher
            One value each, without regard to case and accents; `facets` lists the values.
        has_geometry
            True for datasets with points or shapes, False for those without.
        updated_since
            A date, an aware moment, or ISO text: only datasets modified since.
        limit
            Most datasets to return.

        Returns
        -------
        DatasetList
            A sequence of `Dataset`, shown as a table, with ``to_pandas()``. May be empty.

        Raises
        ------
        ValueError
            If `theme`, `keyword` or `publisher` is no value of the catalogue; the message names the nearest.
        """
        _known_types(text, theme, keyword, publisher, has_geometry, limit)
        since = None if updated_since is None else _moment(updated_since)
        wanted = {
            name: value
            for name, value in (("theme", theme), ("keyword", keyword), ("publisher", publisher))
            if value is not None
        }
        text = text.strip() if text else None
        found = None if self.settings.offline else self._asked(text, wanted, since)
        if not found:
            found = self._searched_here(text, wanted, since)
        infos = [info for info in found if has_geometry is None or info.has_geometry == has_geometry]
        infos = infos if limit is None else infos[:limit]
        return DatasetList(Dataset.of(info, catalog=self) for info in infos)

    def _asked(self, text: str | None, wanted: dict[str, str], since: datetime | None) -> list[DatasetInfo] | None:
        """Ask the portal; None where it cannot answer, so that the listing is searched instead."""
        try:
            params = [
                ("refine", f"{name}:{odsql.quote_text(self._facet_value(name, value))}")
                for name, value in wanted.items()
            ]
            if text:
                params.append(("where", odsql.quote_text(text)))
            if since:
                params.append(("where", str(odsql.F.modified >= since)))
            if not params:
                return None
            page = self.explore.datasets([*_ORDERED, *params], cached=True)
            total = page.total if page.total is not None else len(page.rows)
            rows = self._paged(page.rows, min(total, WINDOW), params, cached=True)
        except (QueryError, NetworkError, ServerError, OfflineError) as error:
            log.warning("the portal's search cannot be used (%s); searching the listing", type(error).__name__)
            return None
        return list(self._described(rows).values())

    def _facet_value(self, name: str, value: str) -> str:
        """Find the exact spelling of a facet value."""
        values = [one.value for one in self.explore.facets([name]) if one.facet == name]
        for known in values:
            if fold(known) == fold(value):
                return known
        if len(values) < FACET_VALUES:
            raise ValueError(_no_such(name, value, values))
        # The portal lists only so many values: this may be one of the others.
        return value

    def _searched_here(self, text: str | None, wanted: dict[str, str], since: datetime | None) -> list[DatasetInfo]:
        infos = list(self._infos.values())
        for name, value in wanted.items():
            having = [info for info in infos if fold(value) in {fold(one) for one in _values(info, name)}]
            if not having and not any(fold(value) in map(fold, _values(info, name)) for info in self._infos.values()):
                raise ValueError(_no_such(name, value, sorted({one for info in infos for one in _values(info, name)})))
            infos = having
        if since is not None:
            infos = [info for info in infos if info.modified is not None and info.modified >= since]
        if text:
            words = fold(text).split()
            ranked = [(_rank(info, words), info) for info in infos]
            infos = [info for rank, info in sorted(ranked, key=lambda pair: pair[0]) if rank < _NOT_FOUND]
        return infos

    def facets(self, *names: str) -> pd.DataFrame:
        """Count datasets by theme, publisher and the like.

        Parameters
        ----------
        names
            Facets such as ``"theme"``, ``"keyword"``, ``"publisher"``, ``"license"``; all common ones by default.

        Returns
        -------
        pandas.DataFrame
            Columns ``facet``, ``value`` (text) and ``count`` (datasets). The portal lists at most 100 values a facet.

        Raises
        ------
        ValueError
            If a name is nearly that of a facet; the message says which.
        """
        for name in names:
            near = get_close_matches(name, FACETS, n=2, cutoff=0.7) if name not in FACETS else []
            if near:
                raise ValueError(f"There is no facet '{excerpt(name, 40)}'. Did you mean {name_list(near)}?")
        from bdxopendata.frames import facets_frame

        return facets_frame(self.explore.facets(names or FACETS))

    def to_pandas(self) -> pd.DataFrame:
        """One row a dataset: see `DatasetList.to_pandas`."""
        return frame_of(self._infos.values())

    # All of it

    def mirror(self, folder: str | os.PathLike[str], *, ids: Iterable[str] | None = None) -> pd.DataFrame:
        """Bring a folder of GeoParquet files up to date with the catalogue, one sub-folder a dataset.

        The listing is asked for anew; only datasets that the portal has processed since the last run are fetched, at
        most ``max_in_flight`` at once. A run that was interrupted is continued by the next one. Datasets that the
        portal no longer has stay, and are marked in ``index.json``. A dataset that fails does not stop the others.

        Parameters
        ----------
        folder
            A mirror of this portal, or a folder that is empty or not there.
        ids
            Which datasets; by default all.

        Returns
        -------
        pandas.DataFrame
            One row a dataset: ``dataset``, ``state`` (``fetched``, ``current``, ``vanished``, ``no table``,
            ``not readable`` or ``failed``), ``rows`` (``Int64``), ``version`` and ``error`` (text).

        Raises
        ------
        ValueError
            If the folder holds something else, or mirrors another portal.
        DatasetNotFoundError
            If an id is neither in the catalogue nor in the mirror.
        OSError
            If the disk is full: what is finished stays.
        """
        from bdxopendata.frames import outcomes_frame

        wanted = None if ids is None else [dataset_id_of(one) for one in ([ids] if isinstance(ids, str) else ids)]
        if self.settings.offline:
            raise OfflineError("a mirror is brought up to date from the portal", "Its files open as they are.")
        index = mirroring.Index.opened(Path(folder).expanduser().absolute(), self.portal.host)
        self._listing = self._listed(cached=False)
        outcomes = mirroring.mirror(
            index,
            self._listing,
            lambda info: Dataset.of(info, catalog=self),
            ids=wanted,
            threads=self.settings.max_in_flight,
            progress=self.settings.progress,
        )
        return outcomes_frame(asdict(one) for one in outcomes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Catalog) and (self.portal, self.settings) == (other.portal, other.settings)

    def __hash__(self) -> int:
        return hash((self.portal, self.settings))

    def __repr__(self) -> str:
        known = f", {len(self._listing)} datasets" if self._listing is not None else ""
        return f"Catalog of {self.portal.host}{known}"

    def _repr_html_(self) -> str:
        stored = [one for one in self.store.entries() if one.record.get("portal") == self.portal.host]
        facts: list[tuple[str, show.Cell]] = [
            ("address", show.link(self.portal.addresses[0])),
            ("datasets", "not listed yet" if self._listing is None else f"{len(self._listing):,}"),
            (
                "stored here",
                f"{len(stored)} answer{'s' if len(stored) != 1 else ''}, {_bytes(stored)}" if stored else "nothing",
            ),
            ("offline", "yes: only what is stored" if self.settings.offline else None),
            ("find", show.code("catalog.search('…')")),
        ]
        name = self.portal.name if self.portal.name != self.portal.host else ""
        parts = []
        if self._listing:
            summary = f"Datasets ({len(self._listing):,})"
            parts.append(show.folded(summary, show.table(table_of("Datasets", list(self._listing.values())))))
        return show.card(f"Catalog of {self.portal.host}", name, facts, *parts)


_ORDERED = (("order_by", "dataset_id"),)
_NOT_FOUND = 9


def fold(text: str) -> str:
    """Bring a text to the form in which it is compared: no case, no accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in decomposed if not unicodedata.combining(one))


def _rank(info: DatasetInfo, words: list[str]) -> int:
    """Rank a match: a lower number where the words stand in a more telling place."""
    places = (
        info.dataset_id,
        info.title,
        " ".join((*info.themes, *info.keywords, info.publisher or "")),
        " ".join(f"{one.name} {one.label}" for one in info.schema),
        info.description,
    )
    ranks = []
    for word in words:
        # Singular finds plural and the other way round.
        stem = word.rstrip("sx") if len(word) > 3 else word
        ranks.append(next((rank for rank, place in enumerate(places) if stem in fold(place)), _NOT_FOUND))
    return max(ranks, default=_NOT_FOUND)


def _values(info: DatasetInfo, name: str) -> tuple[str, ...]:
    if name == "theme":
        return info.themes
    if name == "keyword":
        return info.keywords
    return (info.publisher,) if info.publisher else ()


def _no_such(name: str, value: str, known: Sequence[str]) -> str:
    near = get_close_matches(fold(value), [fold(one) for one in known], n=3, cutoff=0.4)
    alike = [one for one in known if fold(one) in near] or list(known[:10])
    listed = ", ".join(f"'{excerpt(one, 60)}'" for one in alike) or "no values at all"
    return (
        f"The catalogue has no {name} '{excerpt(value, 60)}'. It has {listed}; Catalog.facets('{name}') lists them all."
    )


def _bytes(entries: Iterable[Entry]) -> str:
    size = sum(int(one.record.get("bytes", 0)) for one in entries)
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"


def _known_types(
    text: object, theme: object, keyword: object, publisher: object, has_geometry: object, limit: object
) -> None:
    for name, value in (("text", text), ("theme", theme), ("keyword", keyword), ("publisher", publisher)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} is text, not {type(value).__name__}.")
    if has_geometry is not None and not isinstance(has_geometry, bool):
        raise TypeError(f"has_geometry is True, False or None, not {type(has_geometry).__name__}.")
    if limit is not None:
        if isinstance(limit, bool) or not isinstance(limit, int):
            raise TypeError(f"limit is a whole number, not {type(limit).__name__}.")
        if limit < 0:
            raise ValueError(f"limit is a whole number from 0, not {limit}.")


def _moment(value: str | date | datetime) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if "T" in value or " " in value else date.fromisoformat(value)
        except ValueError:
            raise ValueError(
                f"updated_since is an ISO date such as '2026-01-31', not {excerpt(str(value), 40)!r}."
            ) from None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("A moment needs a zone: pass a date, or datetime(…, tzinfo=…).")
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise TypeError(f"updated_since is a date, a moment or ISO text, not {type(value).__name__}.")
