"""Records, page by page: small answers, groups, and aggregates.

A page is what the portal gives at once. Everything that goes wrong between pages is met here: counts that do not hold,
pages that come twice, rows that stand on two pages because nothing orders them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bdxopendata import odsql
from bdxopendata.errors import IncompleteDataError, QueryError
from bdxopendata.explore import GROUP_WINDOW, PAGE, WINDOW, Explore, Page
from bdxopendata.fields import Schema
from bdxopendata.odsql import Question
from bdxopendata.odsql.nodes import Call
from bdxopendata.odsql.nodes import Field as FieldName


@dataclass(frozen=True, slots=True)
class Paging:
    """The record pages of one dataset."""

    explore: Explore
    dataset_id: str

    def aggregate_row(self, question: Question, schema: Schema) -> list[Mapping[str, Any]]:
        """Ask for the one row of a question that computes over all records."""
        if question.limit == 0:
            return []
        # Without limit=1 the portal repeats the one row for each record.
        page = self.explore.records(self.dataset_id, replace(question, order_by=()).params(), limit=1)
        if page.rows:
            return list(page.rows[:1])
        # No record satisfies the filters, so there is no record to repeat the row for: nothing is counted.
        counts = (one for one in odsql.outputs(question, schema.types()) if is_count(one.expression))
        return [{one.name: 0 for one in counts}]

    def groups(self, question: Question) -> list[Mapping[str, Any]] | None:
        """Ask for all groups on one page; None when they do not fit on one."""
        limit = GROUP_WINDOW if question.limit is None else min(question.limit, GROUP_WINDOW)
        page = self.explore.records(self.dataset_id, question.params(), limit=limit)
        total = len(page.rows) if page.total is None else page.total
        wanted = total if question.limit is None else min(total, question.limit)
        if len(page.rows) < wanted or (question.limit is None and len(page.rows) >= GROUP_WINDOW):
            return None
        return page.rows

    def rows(self, question: Question, schema: Schema, *, all_pages: bool) -> list[Mapping[str, Any]] | None:
        """Read records; None when one page does not hold them and not all pages are asked for."""
        limit = question.limit
        params = question.params()
        size = PAGE if limit is None else min(limit, PAGE)
        page = self._page(params, size, 0)
        wanted = _wanted(page, limit)
        if len(page.rows) == wanted:
            return page.rows
        if not all_pages:
            return None
        if wanted > WINDOW:
            raise QueryError(
                f"{wanted:,} records are more than pages can reach ({WINDOW:,}).",
                "InvalidRESTParameterError",
                hint="Leave format= out, so that an export is used.",
            )
        if limit is not None and not question.order_by and page.total is not None and page.total > limit:
            # Pages need an order that an export of the same question does not have, and would hold other rows.
            raise QueryError(
                f"The first {limit:,} of {page.total:,} records need an order: several pages of them are read.",
                "NoOrder",
                clause="order_by",
                hint="Say which come first with order_by(…), or leave format= out, so that an export is used.",
            )
        return self._paged(question, schema, wanted)

    def _paged(self, question: Question, schema: Schema, wanted: int) -> list[Mapping[str, Any]]:
        # Without a total order the portal repeats rows on one page and loses others: every scalar field orders.
        params = replace(question, order_by=(*question.order_by, *_total_order(question, schema))).params()
        rows: list[Mapping[str, Any]] = []
        before: list[Mapping[str, Any]] | None = None
        while len(rows) < wanted:
            # A whole page is asked for even where less is wanted, so that rows beyond the count are noticed.
            size = PAGE if question.limit is None else min(PAGE, wanted - len(rows))
            page = self._page(params, min(size, WINDOW - len(rows)), len(rows))
            if not page.rows or page.rows == before:
                break
            rows += page.rows
            before = page.rows
            total = _wanted(page, question.limit)
            if total != wanted:
                raise IncompleteDataError(self.dataset_id, wanted, total, "records")
        if question.limit is None and wanted < WINDOW:
            rows += self._page(params, 1, wanted).rows
        if len(rows) != wanted:
            raise IncompleteDataError(self.dataset_id, wanted, len(rows), "records")
        return rows

    def _page(self, params: list[tuple[str, str]], size: int, offset: int) -> Page:
        """One page that is as long as the portal's own count says, asked twice at most."""
        for last in (False, True):
            page = self.explore.records(self.dataset_id, params, limit=size, offset=offset)
            if page.total is None or len(page.rows) == max(0, min(page.total - offset, size)) or last:
                break
        if page.total is not None and len(page.rows) != max(0, min(page.total - offset, size)):
            raise IncompleteDataError(self.dataset_id, min(page.total - offset, size), len(page.rows), "records")
        return page


def is_count(expression: odsql.Node) -> bool:
    """Whether an expression counts rows, values or distinct values."""
    return isinstance(expression, Call) and expression.name == "count"


def _total_order(question: Question, schema: Schema) -> tuple[odsql.OrderKey, ...]:
    ordered = {name for key in question.order_by for name in odsql.field_names(key)}
    return tuple(
        odsql.OrderKey(FieldName(one.name))
        for one in schema
        if one.name not in ordered and one.family in ("text", "number", "time", "boolean") and not one.multivalued
    )


def _wanted(page: Page, limit: int | None) -> int:
    total = len(page.rows) if page.total is None else page.total
    return total if limit is None else min(total, limit)
