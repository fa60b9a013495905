"""One dataset as a source of answers: the fields of an answer, its typed rows, and where they come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bdxopendata import odsql
from bdxopendata.explore import Explore
from bdxopendata.fields import UNKNOWN, Field, Schema
from bdxopendata.lineage import Provenance
from bdxopendata.metadata import DatasetInfo
from bdxopendata.odsql import Question
from bdxopendata.odsql.usage import fields_used

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from bdxopendata.formats.groups import Keep
    from bdxopendata.frames import Quality


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole answer: typed rows, their schema and where they come from."""

    table: pa.Table
    schema: Schema
    provenance: Provenance

    def pieces(self, size: int) -> Iterator[Reading]:
        """Cut it into pieces of at most `size` rows."""
        for start in range(0, self.table.num_rows, size):
            yield self.of(self.table.slice(start, size))

    def as_stale(self) -> Reading:
        """Say that the portal could not be asked whether this is current."""
        return Reading(self.table, self.schema, replace(self.provenance, stale=True))

    def of(self, table: pa.Table) -> Reading:
        """Give a part of it."""
        return Reading(table, self.schema, replace(self.provenance, rows=table.num_rows))


@dataclass(frozen=True, slots=True)
class Source:
    """One dataset of one portal."""

    explore: Explore
    dataset_id: str

    def schema(self, question: Question, info: DatasetInfo) -> Schema:
        """Return the fields of the answer."""
        if question.select is None and not question.is_grouped:
            return info.schema
        return Schema(
            (
                info.schema[one.field].named(one.name)
                if one.field is not None and one.field in info.schema
                else Field(one.name, one.type or UNKNOWN, label=one.name)
                for one in odsql.outputs(question, info.schema.types())
            ),
            dataset_id=self.dataset_id,
        )

    def needed(self, question: Question, info: DatasetInfo) -> Schema:
        """Fields of the dataset that must be read to answer; one at least, since a table without any has no rows."""
        used = fields_used(question, info.schema.types())
        if used is None:
            return info.schema
        slim = [one.name for one in info.schema if one.family in ("number", "boolean", "time")] or info.schema.names
        return Schema((info.schema[name] for name in used or slim[:1]), dataset_id=self.dataset_id)

    def opened(
        self,
        path: Path,
        format: str,
        schema: Schema,
        *,
        some: bool = False,
        counted: Quality | None = None,
        keep: Keep | None = None,
    ) -> pa.Table:
        """Read a file, typed; with `some`, only the columns in `schema`, with `keep`, only some row groups."""
        from bdxopendata import formats

        columns = schema.names if some else None
        raw = formats.read(path, format, schema, max_rows=self.explore.settings.max_rows, columns=columns, keep=keep)
        return self.conformed(raw, schema, counted)

    def conformed(self, raw: pa.Table, schema: Schema, counted: Quality | None = None) -> pa.Table:
        """Type a table; what does not fit is counted in `counted`, or in a warning of its own."""
        from bdxopendata import frames

        quality = frames.Quality() if counted is None else counted
        table = frames.conform(raw, schema, quality, files_url=self.explore.file_url(self.dataset_id, ""))
        if counted is None:
            quality.warn(self.dataset_id)
        return table

    def evaluated(self, question: Question, table: pa.Table, info: DatasetInfo) -> pa.Table:
        """Answer a question from the typed rows of the whole dataset; `NotEvaluable` where only the portal can."""
        if question == Question():
            return table
        answer = odsql.evaluate(
            _with_disjunctive(question, info),
            table,
            info.schema.types(),
            lang=self.explore.language,
            separators=_separators(info),
        )
        return self.conformed(answer.table, self.schema(question, info))

    def chosen(self, question: Question, table: pa.Table, info: DatasetInfo) -> npt.NDArray[np.bool_]:
        """Which rows a question is about, by the columns that its conditions look at."""
        from bdxopendata.odsql.evaluation import matching

        return matching(
            _with_disjunctive(question, info),
            table,
            info.schema.types(),
            lang=self.explore.language,
            separators=_separators(info),
        )

    def keeping(self, question: Question, info: DatasetInfo) -> Keep | None:
        """Tell row groups that may hold rows of the answer from those that cannot; None where all may."""
        condition = question.condition
        if condition is None:
            return None
        from bdxopendata.odsql.spans import can_match

        return lambda spans: can_match(condition, spans, info.schema.types())

    def provenance(
        self,
        info: DatasetInfo,
        question: Question,
        road: str,
        rows: int,
        version: str | None,
        fetched_at: datetime | None = None,
        *,
        stand_in: bool = False,
    ) -> Provenance:
        """Note where an answer comes from."""
        return Provenance.of(
            info,
            question=question_text(question),
            road=road,
            rows=rows,
            fetched_at=fetched_at or datetime.now(UTC),
            version=version,
            stand_in=stand_in or self.explore.transport.stand_in,
        )


def _with_disjunctive(question: Question, info: DatasetInfo) -> Question:
    return replace(question, disjunctive=frozenset(one.name for one in info.schema if one.disjunctive))


def _separators(info: DatasetInfo) -> dict[str, str]:
    return {one.name: one.separator for one in info.schema if one.hierarchical}


def question_text(question: Question) -> str:
    """Name a question by what is asked: the parameters sent, in a fixed order; empty for the whole dataset."""
    params = list(question.params())
    if question.limit is not None:
        params.append(("limit", str(question.limit)))
    return "&".join(f"{name}={value}" for name, value in params)
