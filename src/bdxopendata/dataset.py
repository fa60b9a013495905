"""One dataset: what it is, what is beside it, and the verbs that begin a question.

Making one asks nothing of the portal; each property asks for what it needs, once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bdxopendata import show
from bdxopendata.answers import Answers
from bdxopendata.config import Settings
from bdxopendata.errors import BdxOpenDataError, UnexpectedAnswerError, excerpt
from bdxopendata.explore import Explore, explore_for
from bdxopendata.fields import Schema
from bdxopendata.metadata import Attachment, DatasetInfo, dataset_id_of
from bdxopendata.odsql import Expression, F, OrderKey, Question, Selection, SelectItem
from bdxopendata.portals import Portal, portal_of
from bdxopendata.query import Query
from bdxopendata.reading import Reader
from bdxopendata.store import Store

if TYPE_CHECKING:
    import pandas as pd


class HasExplore(Protocol):
    """What a `Catalog` hands to its datasets."""

    @property
    def explore(self) -> Explore:
        """The portal's API with the catalogue's settings."""

    @property
    def store(self) -> Store:
        """Where exports are kept."""


class Dataset(Answers):
    """One dataset of a portal.

    Parameters
    ----------
    dataset_id
        Its id, such as ``"ec_arbre_p"``; `Catalog.search` finds ids.
    catalog
        The catalogue it is in; Bordeaux Métropole by default.
    settings
        Settings for the default catalogue; not together with `catalog`, which has its own.

    Raises
    ------
    TypeError, ValueError
        If `dataset_id` cannot be an id; nothing is asked yet, so an id that does not exist is found out later.

    Examples
    --------
    >>> from bdxopendata import Dataset
    >>> Dataset("st_park_p")
    Dataset('st_park_p') at opendata.bordeaux-metropole.fr
    """

    id: str
    _source: Reader

    def __init__(self, dataset_id: str, *, catalog: HasExplore | None = None, settings: Settings | None = None) -> None:
        object.__setattr__(self, "id", dataset_id_of(dataset_id))
        if catalog is not None and settings is not None:
            raise TypeError("Give catalog= or settings=, not both: a catalogue has its own settings.")
        if catalog is not None and not hasattr(catalog, "explore"):
            raise TypeError(f"catalog is a Catalog, not {type(catalog).__name__}.")
        if settings is not None and not isinstance(settings, Settings):
            raise TypeError(f"settings is a Settings, not {type(settings).__name__}.")
        if catalog is None:
            settings = settings if settings is not None else Settings()
            explore, store = explore_for(portal_of(None), settings), Store(settings.folder)
        else:
            explore, store = catalog.explore, catalog.store
        object.__setattr__(self, "_source", Reader(self.id, explore, store))

    if not TYPE_CHECKING:

        def __setattr__(self, name, value):
            raise AttributeError(f"A Dataset is never changed, so '{name}' cannot be set; make another Dataset.")

        def __delattr__(self, name):
            raise AttributeError(f"A Dataset is never changed, so '{name}' cannot be deleted.")

    @classmethod
    def of(cls, info: DatasetInfo, *, catalog: HasExplore) -> Dataset:
        """Make a dataset of a description that is already here, so that it is not asked for again."""
        dataset = cls(info.dataset_id, catalog=catalog)
        dataset._source.know(info)
        return dataset

    @property
    def _reader(self) -> Reader:
        return self._source

    def _bind(self, schema: Schema) -> Question:
        return Question()

    @property
    def at(self) -> Portal:
        """The portal that has it."""
        return self._source.explore.portal

    @property
    def info(self) -> DatasetInfo:
        """What the portal says of it: title, publisher, licence, version and more; asked for once.

        Raises
        ------
        DatasetNotFoundError
            If the catalogue does not have it; the message names ids that look alike.
        """
        return self._source.info

    @property
    def schema(self) -> Schema:
        """Its fields, in order."""
        return self.info.schema

    @property
    def F(self) -> DatasetFields:  # noqa: N802  called as the F of all datasets
        """Its fields, for conditions: ``trees.F.hauteur > 20``. Tab completes them; a wrong name is refused at once."""
        return DatasetFields(self._source)

    @property
    def page_url(self) -> str:
        """Its page for people; nothing is asked."""
        return self._source.explore.portal.page_url(self.id)

    @property
    def export_formats(self) -> tuple[str, ...]:
        """Names of the formats that `download` can have."""
        return self._source.explore.export_formats(self.id)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """Files that the publisher put beside it."""
        known = self.info.attachments
        return known or self._source.explore.attachments(self.id)

    def download_attachment(self, attachment: Attachment | str, folder: str | os.PathLike[str]) -> Path:
        """Save an attachment into a folder, under a safe form of its title.

        Parameters
        ----------
        attachment
            One of `attachments`, or its id or title.
        folder
            An existing folder.

        Returns
        -------
        pathlib.Path
            The file, always inside `folder`. A file of the same name is replaced once the new one is complete.

        Raises
        ------
        ValueError
            If there is no such attachment.
        """
        one = self._attachment(attachment)
        return self._save(one.url, folder, one.title, one.id)

    def _attachment(self, wanted: Attachment | str) -> Attachment:
        if isinstance(wanted, Attachment):
            return wanted
        for one in self.attachments:
            if wanted in (one.id, one.title):
                return one
        known = excerpt(", ".join(one.id for one in self.attachments) or "none", 1000)
        raise ValueError(f"'{self.id}' has no attachment {wanted!r}; it has: {known}.")

    def download_file(self, cell: Mapping[str, Any], folder: str | os.PathLike[str]) -> Path:
        """Save the file of a ``file`` field into a folder.

        Parameters
        ----------
        cell
            The value in the frame: a dict with ``filename``, ``url`` and ``mimetype``.
        folder
            An existing folder.
        """
        url = cell.get("url")
        if not url and cell.get("id"):
            url = self._source.explore.file_url(self.id, str(cell["id"]))
        if not url:
            raise ValueError("This value has no address to download from.")
        name = str(cell.get("filename") or str(url).rstrip("/").rsplit("/", 1)[-1])
        return self._save(str(url), folder, name, "file")

    def _save(self, url: str, folder: str | os.PathLike[str], name: str, fallback: str) -> Path:
        where = Path(folder).expanduser().absolute()
        if not where.is_dir():
            raise FileNotFoundError(f"The folder {where} does not exist; make it first.")
        target = where / safe_name(name, fallback)
        # A name is never a path: whatever the portal called it, the file stays in the folder.
        if target.parent.resolve() != where.resolve():
            raise UnexpectedAnswerError("a file name that leads out of the folder", name)
        self._source.explore.transport.fetch_link(url, target)
        return target

    def where(self, *conditions: Expression | str) -> Query:
        """Keep rows that satisfy every condition: see `Query.where`."""
        return self._query.where(*conditions)

    def within(self, area: Any, *, field: str | None = None) -> Query:
        """Keep rows within an area: see `Query.within`."""
        return self._query.within(area, field=field)

    def bbox(self, minx: float, miny: float, maxx: float, maxy: float, *, field: str | None = None) -> Query:
        """Keep rows inside a box of degrees: see `Query.bbox`."""
        return self._query.bbox(minx, miny, maxx, maxy, field=field)

    def near(self, lon: float, lat: float, metres: float, *, field: str | None = None) -> Query:
        """Keep rows near a point: see `Query.near`."""
        return self._query.near(lon, lat, metres, field=field)

    def refine(self, facets: Mapping[str, Any] | None = None, /, **more: Any) -> Query:
        """Keep records with these facet values: see `Query.refine`."""
        return self._query.refine(facets, **more)

    def exclude(self, facets: Mapping[str, Any] | None = None, /, **more: Any) -> Query:
        """Leave out records with these facet values: see `Query.exclude`."""
        return self._query.exclude(facets, **more)

    def select(self, *columns: Expression | Selection | str, **named: Expression | str | float) -> Query:
        """Choose the columns of the answer: see `Query.select`."""
        return self._query.select(*columns, **named)

    def group_by(self, *keys: Expression | SelectItem | str) -> Query:
        """Group rows: see `Query.group_by`."""
        return self._query.group_by(*keys)

    def order_by(self, *keys: Expression | OrderKey | str) -> Query:
        """Order rows: see `Query.order_by`."""
        return self._query.order_by(*keys)

    def limit(self, rows: int | None) -> Query:
        """Answer at most so many rows: see `Query.limit`."""
        return self._query.limit(rows)

    def sample(self, rows: int, *, seed: int | None = None) -> Query:
        """Answer rows chosen by chance: see `Query.sample`."""
        return self._query.sample(rows, seed=seed)

    @property
    def _query(self) -> Query:
        return Query(self._source)

    def facets(self, *names: str) -> pd.DataFrame:
        """List the values of facets with their counts, as the portal counts them.

        Returns
        -------
        pandas.DataFrame
            Columns ``facet``, ``value`` (text) and ``count`` (rows). The portal lists at most 100 values a facet;
            for all of them use ``group_by(name).select(n=agg.count())``.
        """
        for name in names:
            self.schema.require(name)
        from bdxopendata.frames import facets_frame

        return facets_frame(self._source.explore.facets(names, dataset_id=self.id))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Dataset)
            and self.id == other.id
            and self._source.explore.portal == other._source.explore.portal
        )

    def __hash__(self) -> int:
        return hash((self.id, self._source.explore.portal))

    def __repr__(self) -> str:
        return f"Dataset({self.id!r}) at {self._source.explore.portal.host}"

    def _repr_html_(self) -> str:
        seen = self._source.seen
        if seen is not None:
            return seen._repr_html_()
        facts = [("page", show.link(self.page_url)), ("known", "nothing yet: .info and .schema ask the portal")]
        return show.card(self.id, self._source.explore.portal.name, facts)


class DatasetFields:
    """The fields of one dataset, as `F` has those of any: ``trees.F.hauteur``, or ``trees.F["odd name"]``.

    Notes
    -----
    The portal is asked for the dataset's description when a field is first named, and when names are completed.
    """

    __slots__ = ("_reader",)

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __getattr__(self, name: str) -> Expression:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Expression:
        if isinstance(name, str):
            self._reader.info.schema.require(name)
        return F[name]

    def __dir__(self) -> list[str]:
        return [name for name in self._names() if name.isidentifier()]

    def _ipython_key_completions_(self) -> list[str]:
        # What would act on the terminal that shows the choice is not offered.
        return [one for one in self._names() if one.isprintable()]

    def _names(self) -> list[str]:
        try:
            return list(self._reader.info.schema.names)
        except BdxOpenDataError:
            # Who completes a name did not ask for an error.
            return []

    def __repr__(self) -> str:
        seen = self._reader.seen
        names = "not asked for yet" if seen is None else excerpt(", ".join(seen.schema.names), 300)
        return f"Fields of '{self._reader.dataset_id}': {names}"


def safe_name(name: str, fallback: str) -> str:
    """Make a file name of a foreign text: letters, digits, dots and dashes of its last part, never hidden or empty."""
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r"[^\w.\- ]", "_", last, flags=re.UNICODE).strip(" .")
    stem, dot, suffix = plain.rpartition(".")
    plain = f"{stem[:150]}{dot}{suffix[:20]}" if stem else plain[:150]
    return plain or re.sub(r"[^\w-]", "_", fallback, flags=re.UNICODE)[:100] or "file"
