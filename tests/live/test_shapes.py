"""The stand-in's answers beside the portal's, for ten datasets: the stand-in is given the portal's own description and
some of its rows, both are asked the same, and what differs in shape is what to change in the stand-in.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from bdxopendata.testing import StandIn, samples
from support.recorded import sample_of
from testing.asking import asker

if TYPE_CHECKING:
    from conftest import Ask, Holds

TEN = [one for one in samples.ids() if not one.startswith("stand-in")][:10]
ROWS = 20
KINDS = (
    ("day", re.compile(r"\d{4}-\d\d-\d\d\Z")),
    ("moment with offset", re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d\Z")),
    ("address", re.compile(r"https?://")),
)


def shapes(value: Any, place: str = "") -> Iterator[str]:
    """Every place of a body with the kind of value that stands there; nulls say nothing."""
    if isinstance(value, dict):
        yield f"{place}: object"
        for key, one in value.items():
            yield from shapes(one, f"{place}.{key}")
    elif isinstance(value, list):
        yield f"{place}: list"
        for one in value:
            yield from shapes(one, f"{place}[]")
    elif value is not None:
        kind = next(
            (name for name, form in KINDS if isinstance(value, str) and form.match(value)), type(value).__name__
        )
        yield f"{place}: {kind}"


def described(answer: Any) -> set[str]:
    """The shape of a JSON answer."""
    return set(shapes(answer.json()))


def header(answer: Any) -> set[str]:
    """The header of a CSV file."""
    return set(answer.content.decode("utf-8-sig").splitlines()[:1])


def columns(answer: Any) -> set[str]:
    """Columns and types of a Parquet file, and the keys of its metadata."""
    schema = pq.read_schema(io.BytesIO(answer.content))
    return {f"{one.name}: {one.type}" for one in schema} | {f"key {key.decode()}" for key in schema.metadata or {}}


def read(answer: Any, path: str) -> set[str]:
    """The shape of an answer, with its status and the kind that it says it is of."""
    told = {f"status {answer.status_code}", f"content-type {answer.headers.get('content-type')}"}
    if answer.status_code != 200:
        return told
    how = header if path.endswith("/csv") else columns if path.endswith("/parquet") else described
    return told | how(answer)


@pytest.mark.parametrize("dataset_id", TEN)
def test_the_stand_in_has_the_shapes_of_the_portal(ask: Ask, holds: Holds, dataset_id: str) -> None:
    described = ask(f"datasets/{dataset_id}", lang="fr")
    if described.status_code != 200:
        pytest.fail(f"the portal has no dataset {dataset_id} any more: {described.text[:200]}", pytrace=False)
    asked = {"order_by": f"`{key(described.json())}`", "limit": ROWS, "lang": "fr", "timezone": "UTC"}
    rows = ask(f"datasets/{dataset_id}/records", **asked).json()["results"]
    grouped = {"group_by": f"`{key(described.json())}`", "select": "count(*) as n", "limit": 3, "lang": "fr"}
    questions: dict[str, dict[str, Any]] = {
        f"datasets/{dataset_id}": {"lang": "fr"},
        f"datasets/{dataset_id}/records": asked,
        f"datasets/{dataset_id}/records?": grouped,
        f"datasets/{dataset_id}/facets": {"lang": "fr"},
        f"datasets/{dataset_id}/exports/csv": asked,
        f"datasets/{dataset_id}/exports/json": asked,
        f"datasets/{dataset_id}/exports/geojson": asked,
        f"datasets/{dataset_id}/exports/parquet": asked,
    }
    told = []

    with StandIn([sample_of(described.json(), rows)]) as portal:
        here = asker(portal)
        for path, parameters in questions.items():
            theirs = read(ask(path.rstrip("?"), **parameters), path)
            mine = read(here(f"/catalog/{path.rstrip('?')}", **parameters), path)
            told += [f"{path}: the portal has {one!r}, the stand-in does not" for one in sorted(theirs - mine)]
            told += [f"{path}: the stand-in has {one!r}, the portal does not" for one in sorted(mine - theirs)]

    holds(not told, "to change in the stand-in:\n" + "\n".join(told))


def key(described: dict[str, Any]) -> str:
    """A field to group by: the first that is no place, file or document."""
    kinds = ("text", "int", "double", "boolean", "date", "datetime")
    return next(str(one["name"]) for one in described["fields"] if one["type"] in kinds)
