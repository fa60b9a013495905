"""Facets: the paths that a value stands for, and the rows that ``refine`` and ``exclude`` keep.

Every value is a path. Most have one step; a date has three (year, month, day), and a hierarchical text as many as
its separator makes. Refining on a path keeps the rows below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import numpy as np

from bdxopendata.testing.bodies import bad_odsql
from bdxopendata.testing.parameters import Parameters
from bdxopendata.testing.sheets import in_zone
from bdxopendata.testing.stock import Held
from bdxopendata.testing.tables import is_on, portal_type

Path = tuple[str, ...]

_REFINEMENT = re.compile(r"\s*(?:`(?P<quoted>(?:[^`\\]|\\.)*)`|(?P<plain>[^:]*?))\s*:(?P<value>.*)\Z", re.DOTALL)
_FACET_CALL = re.compile(r"\s*facet\s*\((?P<arguments>.*)\)\s*\Z", re.DOTALL | re.IGNORECASE)
_ARGUMENT = re.compile(
    r"\s*(?P<name>\w+)\s*=\s*(?:\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>[^,\s]+))\s*(?:,|\Z)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
FACETLESS = ("geo_point_2d", "geo_shape", "file", "unknown")


@dataclass(frozen=True, slots=True)
class Facet:
    """One facet of an enumeration, as asked for or as the field's annotations say."""

    name: str
    disjunctive: bool = False
    separator: str | None = None
    sort: str = "-count"
    limit: int | None = None


def field_facet(held: Held, name: str) -> Facet:
    """Describe a facet as the field's annotations say."""
    field = held.fields[name]
    annotations = field.get("annotations") or {}
    separator: str | None
    if portal_type(field) in ("date", "datetime"):
        separator = "/"
    else:
        separator = _scalar(annotations.get("hierarchical"), "/") if is_on(annotations, "hierarchical") else None
    sort = str(_scalar(annotations.get("facetsort"), "-count"))
    return Facet(name, is_on(annotations, "disjunctive"), separator, sort)


def _scalar(value: Any, default: str) -> Any:
    # Annotations were lists once; a flag without value is an empty list or true.
    if isinstance(value, list):
        value = value[0] if value else None
    return default if value in (None, True) else value


def asked_facets(held: Held, parameters: Parameters) -> list[Facet]:
    """Read the facets that are asked for; without any, all of the dataset."""
    texts = parameters.all("facet")
    if not texts:
        return [field_facet(held, name) for name, field in held.fields.items() if _is_facet(field)]
    return [_read_facet(held, text) for text in texts]


def _is_facet(field: Mapping[str, Any]) -> bool:
    return is_on(field.get("annotations") or {}, "facet")


def _read_facet(held: Held, text: str) -> Facet:
    call = _FACET_CALL.match(text)
    arguments = _arguments(call["arguments"]) if call else {"name": text.strip().strip("`")}
    facet = field_facet(held, known_field(held, arguments.get("name", ""), "facet"))
    if "hierarchical" in arguments or "separator" in arguments:
        on = arguments.get("hierarchical", "true").lower() == "true"
        facet = Facet(facet.name, facet.disjunctive, arguments.get("separator", "/") if on else None, facet.sort)
    disjunctive = arguments.get("disjunctive")
    limit = arguments.get("limit", "")
    return Facet(
        facet.name,
        facet.disjunctive if disjunctive is None else disjunctive.lower() == "true",
        facet.separator,
        arguments.get("sort", facet.sort),
        int(limit) if limit.isdecimal() else None,
    )


def _arguments(text: str) -> dict[str, str]:
    found = {}
    place = 0
    while place < len(text):
        match = _ARGUMENT.match(text, place)
        if match is None:
            # Unverified wording: no recording shows a facet expression that cannot be read.
            raise bad_odsql(f"facet expression cannot be read: {text[place:]}", "facet")
        value = next(part for part in match.group("double", "single", "bare") if part is not None)
        found[match["name"].lower()] = _ESCAPE.sub(r"\1", value)
        place = match.end()
    return found


def known_field(held: Held, name: str, clause: str, *, strict: bool = False) -> str:
    """Check a field name that can be a facet, or the portal's error.

    Refining on a field that is no facet is unverified: it works on some portals. `strict` refuses it.
    """
    field = held.fields.get(name)
    if field is None or portal_type(field) in FACETLESS or (strict and not _is_facet(field)):
        raise bad_odsql(f"Unknown field: {name}", clause)
    return name


def read_refinement(text: str, clause: str) -> tuple[str, str]:
    """``facet:value``, ``facet:"value"`` or with the facet in back quotes."""
    match = _REFINEMENT.match(text)
    if match is None:
        # Unverified wording.
        raise bad_odsql(f"facet and value are expected: {text}", clause)
    name = match["plain"] if match["quoted"] is None else _ESCAPE.sub(r"\1", match["quoted"])
    value = match["value"]
    stripped = value.strip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in "\"'":
        value = _ESCAPE.sub(r"\1", stripped[1:-1])
    return name, value


@dataclass(frozen=True)
class Refinements:
    """Every ``refine`` and ``exclude`` of a request, with the facets that they are about."""

    refined: tuple[tuple[Facet, Path], ...]
    excluded: tuple[tuple[Facet, Path], ...]

    def keep(self, held: Held, zone: tzinfo, *, but: str | None = None) -> np.ndarray | None:
        """Which rows satisfy all of them; None when there are none.

        `but` names a disjunctive facet whose own refinements do not count: its other values stay countable.
        """
        kept = None
        for facet, paths in _by_facet(self.refined):
            if facet.name == but and facet.disjunctive:
                continue
            masks = [below(held, facet, path, zone) for path in paths]
            together = np.logical_or.reduce(masks) if facet.disjunctive else np.logical_and.reduce(masks)
            kept = together if kept is None else kept & together
        for facet, path in self.excluded:
            mask = ~below(held, facet, path, zone)
            kept = mask if kept is None else kept & mask
        return kept


def _by_facet(pairs: Iterable[tuple[Facet, Path]]) -> list[tuple[Facet, list[Path]]]:
    grouped: dict[str, tuple[Facet, list[Path]]] = {}
    for facet, path in pairs:
        grouped.setdefault(facet.name, (facet, []))[1].append(path)
    return list(grouped.values())


def asked_refinements(held: Held, parameters: Parameters, *, strict: bool) -> Refinements:
    """Read ``refine`` and ``exclude``, with what ``facet`` expressions say about the same fields."""
    # Only an expression changes how a field is refined; a plain name says nothing.
    named = {facet.name: facet for facet in asked_facets(held, parameters)} if parameters.all("facet") else {}

    def read(clause: str) -> tuple[tuple[Facet, Path], ...]:
        found = []
        for text in parameters.all(clause):
            name, value = read_refinement(text, clause)
            facet = named.get(known_field(held, name, clause, strict=strict)) or field_facet(held, name)
            found.append((facet, to_path(value, facet.separator)))
        return tuple(found)

    return Refinements(read("refine"), read("exclude"))


def to_path(value: str, separator: str | None) -> Path:
    """Split a value into its steps."""
    return tuple(value.split(separator)) if separator else (value,)


def row_paths(held: Held, facet: Facet, zone: tzinfo) -> list[list[Path]]:
    """For each stored row, the paths that its value stands for."""
    key = ("paths", facet.name, facet.separator, str(zone))
    if key not in held.kept:
        kind = held.types[facet.name]
        held.kept[key] = [_paths(row[facet.name], kind, facet.separator, zone) for row in held.rows]
    found: list[list[Path]] = held.kept[key]
    return found


def _paths(value: Any, kind: str, separator: str | None, zone: tzinfo) -> list[Path]:
    if value is None:
        return []
    if kind == "datetime":
        value = in_zone(value, zone)
    if kind in ("date", "datetime"):
        return [tuple(str(value)[:10].split("-"))]
    values = value if isinstance(value, list) else [value]
    return [to_path(_facet_text(one), separator) for one in values if one is not None]


def _facet_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def below(held: Held, facet: Facet, path: Path, zone: tzinfo) -> np.ndarray:
    """Which rows have a value at or below a path."""
    size = len(path)
    rows = row_paths(held, facet, zone)
    return np.fromiter((any(own[:size] == path for own in paths) for paths in rows), dtype=bool, count=len(rows))
