"""From the parameters of a request to a sheet: what is asked is read, checked and evaluated here.

The language itself is `bdxopendata.odsql`; refinements and paging rules are the portal's.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from bdxopendata import odsql
from bdxopendata.errors import QueryError
from bdxopendata.odsql.nodes import Call, Field, OrderKey, SelectItem, walk
from bdxopendata.testing.bodies import Refusal, bad_odsql
from bdxopendata.testing.options import Options
from bdxopendata.testing.parameters import GROUP_LIMIT, Parameters
from bdxopendata.testing.refinements import asked_refinements
from bdxopendata.testing.sheets import Column, Sheet
from bdxopendata.testing.stock import Held

# Carries the place of each stored row through the evaluation; no portal field has such a name.
PLACE = "stand_in_place_of_the_row"
AGGREGATES = frozenset({"count", "sum", "avg", "min", "max", "median", "percentile", "envelope", "bbox"})
BOUNDS = frozenset({"min", "max"})

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer with what its envelope says about it.

    Attributes
    ----------
    total
        Rows that satisfy the filters, whatever the page; of groups, how many there are.
    """

    sheet: Sheet
    total: int
    grouped: bool = False


@contextmanager
def portal_errors() -> Iterator[None]:
    """Turn errors of the language into the portal's answers."""
    try:
        yield
    except QueryError as error:
        raise Refusal(400, error.code or "ODSQLError", error.text) from error
    except odsql.NotEvaluable as error:
        raise Refusal(501, "NotReproduced", f"The stand-in portal cannot answer this: {error}") from error


@dataclass(frozen=True)
class Clauses:
    """The ODSQL of a request, read."""

    where: tuple[Any, ...]
    select: tuple[Any, ...] | None
    group_by: tuple[Any, ...]
    order_by: tuple[OrderKey, ...]

    @classmethod
    def read(cls, parameters: Parameters) -> Clauses:
        """Read every clause, or refuse with the portal's words."""

        def read(name: str, parse: Callable[[str], Read], default: Read) -> Read:
            texts = parameters.all(name)
            return parse(texts[-1]) if texts else default

        with portal_errors():
            return cls(
                tuple(odsql.parse_where(text) for text in parameters.all("where")),
                read("select", odsql.parse_select, None),
                read("group_by", odsql.parse_group_by, ()),
                read("order_by", odsql.parse_order_by, ()),
            )

    @property
    def empty(self) -> bool:
        """Whether nothing is asked in ODSQL."""
        return not (self.where or self.select or self.group_by or self.order_by)

    @property
    def orders_by_aggregate(self) -> bool:
        """Whether an aggregate decides the order of groups, by itself or under its alias."""
        aliases = {
            item.alias: item.expression
            for item in self.select or ()
            if isinstance(item, SelectItem) and item.alias is not None
        }
        for key in self.order_by:
            expression = key.expression
            if isinstance(expression, Field):
                expression = aliases.get(expression.name, expression)
            if any(isinstance(node, Call) and node.name in AGGREGATES for node in walk(expression)):
                return True
        return False


@dataclass(frozen=True)
class Asking:
    """One question in the making."""

    held: Held
    parameters: Parameters
    options: Options
    language: str
    export: bool = False
    disorder: int = 0
    single: int | None = None

    def only(self, place: int) -> Asking:
        """Ask the same question about one stored row, without filters, order or page."""
        kept = [(name, value) for name, value in self.parameters.pairs if name in ("select", "timezone", "lang")]
        return replace(self, parameters=Parameters(kept), single=place)

    def answer(self) -> Asked:
        """Evaluate everything."""
        clauses = Clauses.read(self.parameters)
        zone = self.parameters.zone()
        if not self.export:
            # Before anything is computed, as a page beyond the window is refused however few rows match.
            self.parameters.page(grouped=bool(clauses.group_by))
        rows = self.filtered(zone, ordered=bool(clauses.order_by))
        if clauses.group_by:
            return self._groups(clauses, rows)
        if clauses.empty:
            places = np.arange(len(self.held.rows)) if rows is None else rows
            columns = [Column(name, self.held.types[name], field) for name, field in self.held.fields.items()]
            limit, offset = self._window(len(places), grouped=False)
            return Asked(self._sheet(columns, places[offset:][:limit], pa.table({})), len(places))
        return self._rows(clauses, rows)

    def filtered(self, zone: tzinfo, *, ordered: bool) -> np.ndarray | None:
        """Places of the rows that refinements keep; None for all in stored order."""
        if self.single is not None:
            return np.array([self.single])
        refinements = asked_refinements(self.held, self.parameters, strict=self.options.strict_refine)
        kept = refinements.keep(self.held, zone)
        places = None if kept is None else np.flatnonzero(kept)
        if not self.options.unstable_order or ordered:
            return places
        shuffled = list(range(len(self.held.rows)) if places is None else places.tolist())
        random.Random(self.disorder).shuffle(shuffled)  # noqa: S311 - any order will do
        return np.array(shuffled, dtype=np.int64)

    def _window(self, total: int, *, grouped: bool) -> tuple[int | None, int]:
        return self.parameters.whole(total) if self.export else self.parameters.page(grouped=grouped)

    def _evaluate(self, clauses: Clauses, rows: np.ndarray | None, *, places: bool, **window: Any) -> tuple[Any, Any]:
        table, types, select = self.held.table, dict(self.held.types), clauses.select
        if rows is not None:
            table = table.take(pa.array(rows))
        if places:
            own = np.arange(len(table)) if rows is None else rows
            table = table.append_column(PLACE, pa.array(own, pa.int64()))
            types[PLACE] = "int"
        question = odsql.Question(
            where=clauses.where, select=select, group_by=clauses.group_by, order_by=clauses.order_by, **window
        )
        with portal_errors():
            if places and PLACE not in (output.name for output in odsql.outputs(question, types)):
                question = odsql.Question(
                    where=clauses.where,
                    select=(*(select or ()), SelectItem(Field(PLACE))),
                    order_by=clauses.order_by,
                    **window,
                )
            answer = odsql.evaluate(question, table, types, timezone=self.parameters.zone_name(), lang=self.language)
            return answer, odsql.outputs(question, types)

    def _rows(self, clauses: Clauses, rows: np.ndarray | None) -> Asked:
        question = odsql.Question(select=clauses.select)
        if question.is_aggregate:
            return self._repeated(clauses, rows)
        limit, offset = self._window(len(self.held.rows), grouped=False)
        answer, told = self._evaluate(clauses, rows, places=True, limit=limit, offset=offset)
        places = answer.table[PLACE].to_numpy()
        columns = [self._column(output) for output in told if output.name != PLACE]
        return Asked(self._sheet(columns, places, answer.table), answer.total_count)

    def _repeated(self, clauses: Clauses, rows: np.ndarray | None) -> Asked:
        """Answer an aggregate without groups: one row is computed, and shown once per record that it is about."""
        answer, told = self._evaluate(clauses, rows, places=False)
        limit, offset = self._window(answer.total_count, grouped=False)
        times = max(answer.total_count - offset, 0)
        times = times if limit is None else min(times, limit)
        columns = [self._column(output, clauses.select) for output in told]
        table = answer.table.take(pa.array(np.zeros(times, dtype=np.int64)))
        return Asked(self._sheet(columns, None, table), answer.total_count)

    def _groups(self, clauses: Clauses, rows: np.ndarray | None) -> Asked:
        limit = self.parameters.export_limit() if self.export else 0
        if self.export and clauses.orders_by_aggregate and not 0 <= limit <= GROUP_LIMIT:
            raise bad_odsql(
                f"aggregation function in order by is not supported with a limit > {GROUP_LIMIT}. "
                f"Please remove the order by or set a limit parameter lower than {GROUP_LIMIT + 1}",
                "order_by",
            )
        answer, told = self._evaluate(clauses, rows, places=False)
        columns = [self._column(output, clauses.select) for output in told]
        most, offset = self._window(len(answer.table), grouped=True)
        table = answer.table.slice(offset, most)
        return Asked(self._sheet(columns, None, table), answer.total_count, grouped=True)

    def _column(self, output: Any, select: Sequence[Any] | None = None) -> Column:
        field: Mapping[str, Any] | None = self.held.fields.get(output.field) if output.field else None
        bound = any(
            isinstance(item, SelectItem)
            and item.name == output.name
            and isinstance(item.expression, Call)
            and item.expression.name in BOUNDS
            for item in select or ()
        )
        return Column(output.name, output.type, field, bound)

    def _sheet(self, columns: Sequence[Column], places: np.ndarray | None, table: pa.Table) -> Sheet:
        return Sheet(self.held, tuple(columns), places, table, self.options.time_bounds)


def kept_rows(asking: Asking, zone: tzinfo, *, but: str | None = None) -> np.ndarray:
    """Which stored rows satisfy ``where``, ``refine`` and ``exclude``, as a mask; `but` as in `Refinements.keep`."""
    held = asking.held
    refinements = asked_refinements(held, asking.parameters, strict=asking.options.strict_refine)
    kept = refinements.keep(held, zone, but=but)
    mask = np.ones(len(held.rows), dtype=bool) if kept is None else kept
    clauses = Clauses.read(asking.parameters)
    if clauses.where:
        answer, _ = asking._evaluate(
            Clauses(clauses.where, (SelectItem(Field(PLACE)),), (), ()), None, places=True, limit=None
        )
        found = np.zeros(len(held.rows), dtype=bool)
        found[answer.table[PLACE].to_numpy()] = True
        mask = mask & found
    return mask
