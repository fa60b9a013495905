"""What every format is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from bdxopendata.testing.options import ParquetVariant
from bdxopendata.testing.parameters import Parameters
from bdxopendata.testing.sheets import Column, Sheet


@dataclass(frozen=True, slots=True)
class Task:
    """One export to write."""

    sheet: Sheet
    parameters: Parameters
    zone: tzinfo
    variant: ParquetVariant

    def first(self, *kinds: str) -> Column | None:
        """Return the first column of one of these types, in the order of the types."""
        for kind in kinds:
            for column in self.sheet.columns:
                if column.type == kind:
                    return column
        return None
