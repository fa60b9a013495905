"""ODSQL, the portal's query language, used three ways.

Expressions become text (`F`, `agg`), text becomes a syntax tree (`parse_where` and its kin), and a syntax tree is
evaluated on a local table (`evaluate`). The first is light; what reads text or computes is loaded when first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bdxopendata.odsql.expressions import Expression, F, agg, literal, now, search
from bdxopendata.odsql.functions import FUNCTIONS, Function, NotEvaluable
from bdxopendata.odsql.nodes import (
    Exclude,
    GroupKey,
    Include,
    Node,
    OrderKey,
    Pattern,
    Selection,
    SelectItem,
    Star,
    field_names,
)
from bdxopendata.odsql.outputs import Output, outputs
from bdxopendata.odsql.question import Question, conditions, group_keys, order_keys, select_items
from bdxopendata.odsql.quoting import quote_field, quote_text, read_facet
from bdxopendata.odsql.render import render

if TYPE_CHECKING:
    from bdxopendata.odsql.evaluation import Answer as Answer
    from bdxopendata.odsql.evaluation import evaluate as evaluate
    from bdxopendata.odsql.parser import parse_group_by as parse_group_by
    from bdxopendata.odsql.parser import parse_order_by as parse_order_by
    from bdxopendata.odsql.parser import parse_select as parse_select
    from bdxopendata.odsql.parser import parse_where as parse_where

_LATE = {
    "Answer": "bdxopendata.odsql.evaluation",
    "evaluate": "bdxopendata.odsql.evaluation",
    "parse_group_by": "bdxopendata.odsql.parser",
    "parse_order_by": "bdxopendata.odsql.parser",
    "parse_select": "bdxopendata.odsql.parser",
    "parse_where": "bdxopendata.odsql.parser",
}

__all__ = [
    "FUNCTIONS",
    "Answer",
    "Exclude",
    "Expression",
    "F",
    "Function",
    "GroupKey",
    "Include",
    "Node",
    "NotEvaluable",
    "OrderKey",
    "Output",
    "Pattern",
    "Question",
    "SelectItem",
    "Selection",
    "Star",
    "agg",
    "conditions",
    "evaluate",
    "field_names",
    "group_keys",
    "literal",
    "now",
    "order_keys",
    "outputs",
    "parse_group_by",
    "parse_order_by",
    "parse_select",
    "parse_where",
    "quote_field",
    "quote_text",
    "read_facet",
    "render",
    "search",
    "select_items",
]


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_LATE[name]), name)
    globals()[name] = value
    return value
