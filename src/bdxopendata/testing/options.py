"""How the stand-in answers where portals differ, or where nobody has recorded what they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar, Literal

Era = Literal["2021", "2026"]


@dataclass(frozen=True, slots=True)
class ParquetVariant:
    """Column types that no recorded Parquet export settles.

    Attributes
    ----------
    date
        ``date32``, ``timestamp`` (milliseconds, no zone) or ``string``.
    boolean
        ``bool`` or ``string`` (``True``, ``False``).
    multivalued
        ``list`` or ``joined`` (by commas).
    file
        ``struct``, ``string`` (the object as JSON text) or ``url``.
    geo_key
        Whether the file metadata carries ``geo``; files from before late 2024 perhaps do not.
    geo_columns
        With a shape and a point: ``shape`` lists only the shape in ``geo`` (as seen), ``all`` lists both.
    """

    date: str = "date32"
    boolean: str = "bool"
    multivalued: str = "list"
    file: str = "struct"
    geo_key: bool = True
    geo_columns: str = "shape"

    CHOICES: ClassVar[Mapping[str, tuple[str | bool, ...]]] = {
        "date": ("date32", "timestamp", "string"),
        "boolean": ("bool", "string"),
        "multivalued": ("list", "joined"),
        "file": ("struct", "string", "url"),
        "geo_key": (True, False),
        "geo_columns": ("shape", "all"),
    }

    def __post_init__(self) -> None:
        for one in fields(self):
            if getattr(self, one.name) not in self.CHOICES[one.name]:
                raise ValueError(f"parquet_variant: {one.name} is one of {self.CHOICES[one.name]}")

    @classmethod
    def of(cls, value: ParquetVariant | Mapping[str, str | bool] | None) -> ParquetVariant:
        """Take a variant, or some of its attributes, or nothing."""
        if isinstance(value, ParquetVariant):
            return value
        return cls(**value) if value else cls()  # type: ignore[arg-type]  # __post_init__ checks the values


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that can be set about a stand-in portal; `StandIn` explains each."""

    era: Era = "2026"
    language: str = "fr"
    parquet: ParquetVariant = field(default_factory=ParquetVariant)
    time_bounds: Literal["offset", "milliseconds"] = "offset"
    unstable_order: bool = False
    strict_refine: bool = False

    def __post_init__(self) -> None:
        if self.era not in ("2021", "2026"):
            raise ValueError("era is '2021' or '2026'")
        if self.time_bounds not in ("offset", "milliseconds"):
            raise ValueError("time_bounds is 'offset' or 'milliseconds'")
