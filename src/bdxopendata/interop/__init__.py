"""Bridges to engines for larger work, each for those who have it installed: `interop.dask` and `interop.duckdb`.

Nothing is loaded until a bridge is used.
"""

from __future__ import annotations
