"""The Explore API v2.1, one method per endpoint.

Says where to ask and what shape the answer must have; how it is carried is `transport`'s affair. Answers of both eras
are accepted: groups with and without ``total_count``, ``links`` and ``_links``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from bdxopendata.config import Settings
from bdxopendata.errors import BdxOpenDataError, DatasetNotFoundError, PortalError, UnexpectedAnswerError
from bdxopendata.metadata import Attachment, DatasetInfo, attachment_url, dataset_id_of
from bdxopendata.portals import API_PATH, Portal
from bdxopendata.transport import Transport

T = TypeVar("T")
Params = Sequence[tuple[str, str]]

# The portal refuses larger pages, and pages beyond the window; larger questions go to exports.
PAGE = 100
WINDOW = 10_000
# With group_by both limits are this.
GROUP_WINDOW = 20_000
# The portal lists at most so many values of a facet, whatever is asked.
FACET_VALUES = 100


@dataclass(frozen=True, slots=True)
class Page:
    """One page of records, groups or dataset descriptions.

    Attributes
    ----------
    rows
        What is on the page, one mapping each.
    total
        How many there are in all; None where the portal does not say (groups of the older era).
    """

    rows: list[Mapping[str, Any]]
    total: int | None


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet, and how many datasets or records have it."""

    facet: str
    value: str
    count: int
    state: str = "displayed"


class Explore:
    """One portal's API, asked with one set of settings."""

    def __init__(self, portal: Portal, settings: Settings) -> None:
        self.portal = portal
        self.settings = settings
        self.transport: Transport = Transport(portal, settings)
        # Ids of the catalogue, once someone listed it: what a wrong id is compared with.
        self.known_ids: tuple[str, ...] = ()
        # Datasets that this key was refused: what is stored of them is no longer shown in place of an answer.
        self.refused: set[str] = set()

    @property
    def language(self) -> str:
        """Language of titles and descriptions."""
        return self.settings.language or self.portal.language

    @property
    def timezone(self) -> str:
        """Zone in which frames show times."""
        return self.settings.timezone or self.portal.timezone

    def dataset(self, dataset_id: str, *, cached: bool = False) -> DatasetInfo:
        """Describe one dataset; `DatasetNotFoundError` without near misses where there is none."""
        dataset_id_of(dataset_id)
        with self._missing(dataset_id):
            return self.transport.get_json(
                ("catalog", "datasets", dataset_id),
                self._localised(),
                cached=cached,
                check=lambda body: self._described(body, dataset_id),
            )

    def datasets(self, params: Params = (), *, limit: int = PAGE, offset: int = 0, cached: bool = False) -> Page:
        """One page of dataset descriptions, or of what ``select`` or ``group_by`` made of them."""
        return self.transport.get_json(
            ("catalog", "datasets"),
            [*params, *self._localised(), ("limit", str(limit)), ("offset", str(offset))],
            cached=cached,
            check=page_of,
        )

    def records(self, dataset_id: str, params: Params = (), *, limit: int, offset: int = 0) -> Page:
        """One page of records or groups."""
        wire = [*params, *self._fixed(), ("limit", str(limit))]
        if offset:
            wire.append(("offset", str(offset)))
        with self._missing(dataset_id):
            return self.transport.get_json(
                ("catalog", "datasets", dataset_id, "records"), wire, check=page_of, strict=False
            )

    def count(self, dataset_id: str, params: Params = ()) -> int:
        """How many records satisfy the filters in `params`."""

        def counted(body: Any) -> int:
            total = page_of(body).total
            if total is None:
                raise UnexpectedAnswerError("a list of records without total_count")
            return total

        with self._missing(dataset_id):
            return self.transport.get_json(
                ("catalog", "datasets", dataset_id, "records"), [*params, *self._fixed(), ("limit", "0")], check=counted
            )

    def export(
        self,
        dataset_id: str,
        format: str,
        params: Params,
        check: Callable[[Path], T],
        *,
        target: Path | None = None,
        max_bytes: int | None = None,
        on_bytes: Callable[[int], None] | None = None,
    ) -> T:
        """Stream an export into a file, which `check` looks at before anyone else does."""
        with self._missing(dataset_id):
            return self.transport.download(
                ("catalog", "datasets", dataset_id, "exports", format),
                [*params, *self._fixed()],
                check,
                target=target,
                max_bytes=max_bytes,
                suffix=f".{format}",
                on_bytes=on_bytes,
            )

    def export_formats(self, dataset_id: str) -> tuple[str, ...]:
        """Names of the formats in which the portal exports this dataset."""
        with self._missing(dataset_id):
            return self.transport.get_json(
                ("catalog", "datasets", dataset_id, "exports"),
                cached=True,
                check=lambda body: tuple(
                    str(link["rel"]) for link in _links(body) if link.get("rel") not in (None, "self")
                ),
            )

    def facets(self, names: Iterable[str] = (), params: Params = (), dataset_id: str | None = None) -> list[FacetValue]:
        """List facet values with their counts, of the catalogue or of one dataset; at most 100 values each."""
        where = ("catalog", "facets") if dataset_id is None else ("catalog", "datasets", dataset_id, "facets")
        return self.transport.get_json(
            where, [*params, *(("facet", name) for name in names)], cached=True, check=facet_values
        )

    def attachments(self, dataset_id: str) -> tuple[Attachment, ...]:
        """Files beside a dataset, as its attachment list has them."""
        with self._missing(dataset_id):
            return self.transport.get_json(
                ("catalog", "datasets", dataset_id, "attachments"),
                cached=True,
                check=lambda body: tuple(self._attachment(dataset_id, one) for one in _list(body, "attachments")),
            )

    def file_url(self, dataset_id: str, file_id: str) -> str:
        """Address of a file field's content, for rows that carry only its id."""
        return (
            f"{self.portal.addresses[0]}{API_PATH}/catalog/datasets/"
            f"{quote(dataset_id, safe='')}/files/{quote(file_id, safe='')}"
        )

    def url(self, dataset_id: str, *segments: str, params: Params = ()) -> str:
        """Address of a request about a dataset, for people: it never holds a key."""
        path = "/".join(quote(one, safe="") for one in ("catalog", "datasets", dataset_id, *segments))
        query = urlencode([*params, *self._fixed()], quote_via=quote)
        return f"{self.portal.addresses[0]}{API_PATH}/{path}?{query}"

    @contextmanager
    def _missing(self, dataset_id: str) -> Iterator[None]:
        """Turn the portal's 404 into `DatasetNotFoundError`, and note the dataset on whatever else goes wrong."""
        try:
            yield
        except PortalError as error:
            if error.status_code == 404 and error.code != "NotFoundURI":
                # One that was listed a moment ago and is gone is not its own way out.
                others = [one for one in self.known_ids if one != dataset_id]
                near = get_close_matches(dataset_id, others, n=3, cutoff=0.6)
                raise DatasetNotFoundError(dataset_id, self.portal.host, near) from error
            raise error.about(dataset_id=dataset_id) from error.__cause__
        except BdxOpenDataError as error:
            raise error.about(dataset_id=dataset_id) from error.__cause__

    def _localised(self) -> list[tuple[str, str]]:
        return [("lang", self.language)]

    def _fixed(self) -> list[tuple[str, str]]:
        # A fixed zone makes the same question give the same bytes; frames convert for people.
        return [("timezone", "UTC"), ("lang", self.language)]

    def _described(self, body: Any, dataset_id: str) -> DatasetInfo:
        if not isinstance(body, Mapping) or body.get("dataset_id", body.get("datasetid")) != dataset_id:
            raise UnexpectedAnswerError(f"no description of '{dataset_id}'", _shown(body))
        return DatasetInfo.from_json(body, self.portal, timezone=self.timezone)

    def _attachment(self, dataset_id: str, sent: Mapping[str, Any]) -> Attachment:
        metas = sent.get("metas") if isinstance(sent.get("metas"), Mapping) else {}
        assert isinstance(metas, Mapping)
        href = sent.get("href") or metas.get("url")
        ident = metas.get("id") or (str(href).rstrip("/").rsplit("/", 1)[-1] if href else "")
        title = metas.get("title")
        mimetype = metas.get("mime-type") or metas.get("mimetype")
        return Attachment(
            id=str(ident),
            title=str(title or ident),
            mimetype=str(mimetype) if mimetype else None,
            url=attachment_url(self.portal, dataset_id, str(ident), href),
        )


@lru_cache(maxsize=8)
def explore_for(portal: Portal, settings: Settings) -> Explore:
    """Return the one `Explore` of this portal with these settings, so that connections are kept and shared."""
    return Explore(portal, settings)


def page_of(body: Any) -> Page:
    """Read a list answer; `UnexpectedAnswerError` when it has another shape."""
    rows = _list(body, "results")
    total = body.get("total_count")
    if total is not None and (not isinstance(total, int) or isinstance(total, bool) or total < 0):
        raise UnexpectedAnswerError("total_count is no count", _shown(body))
    return Page(rows, total)


def facet_values(body: Any) -> list[FacetValue]:
    """Flatten a facet answer, nested values after their parent."""
    found: list[FacetValue] = []

    def walk(facet: str, values: Sequence[Any]) -> None:
        for one in values:
            if isinstance(one, Mapping) and "name" in one:
                value = one.get("value", one["name"])
                count = one.get("count")
                found.append(
                    FacetValue(
                        facet, str(value), count if isinstance(count, int) else 0, str(one.get("state", "displayed"))
                    )
                )
                walk(facet, one.get("facets") or ())

    for group in _list(body, "facets"):
        walk(str(group.get("name")), group.get("facets") or ())
    return found


def _list(body: Any, key: str) -> list[Mapping[str, Any]]:
    rows = body.get(key) if isinstance(body, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise UnexpectedAnswerError(f"no list of {key}", _shown(body))
    return rows


def _links(body: Any) -> list[Mapping[str, Any]]:
    return _list(body, "links" if isinstance(body, Mapping) and "links" in body else "_links")


def _shown(body: Any) -> str:
    return repr(body)[:200] if not isinstance(body, (dict, list)) or len(body) < 50 else type(body).__name__
