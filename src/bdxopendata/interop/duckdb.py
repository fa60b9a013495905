"""Stored datasets as views of DuckDB: SQL over several of them, without a copy.

A view reads the store's own Parquet files when it is asked, and only the columns and row groups that a query needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import shapely

from bdxopendata.errors import OfflineError
from bdxopendata.fields import Field, Schema
from bdxopendata.interop.extras import require
from bdxopendata.metadata import DatasetInfo, dataset_id_of
from bdxopendata.store import Entry, StoreKey

if TYPE_CHECKING:
    from bdxopendata.catalog import Catalog

EXTRA = "duckdb"

# Longitude before latitude, as everywhere here.
CRS = "OGC:CRS84"

# DuckDB's type of a portal type; a value that does not fit is missing, as in frames.
SQL_TYPES = {
    "text": "VARCHAR",
    "int": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMPTZ",
}

# Spatial predicates, computed by shapely on WKB: DuckDB's own are in an extension that must be fetched from its makers.
PREDICATES = ("intersects", "within", "contains", "dwithin")


def connect(catalog: Catalog, *, datasets: Iterable[str] | None = None, database: str = ":memory:") -> Any:
    """Open DuckDB with a view for each stored dataset, named by its id.

    Nothing is asked of the portal: the views hold what was stored last, of whichever version. When a dataset is read
    anew, its older file goes, and `connect` again shows the new one.

    Parameters
    ----------
    catalog
        Whose datasets.
    datasets
        Which of them; by default all that are stored whole.
    database
        A file of DuckDB; by default in memory. Views in a file are for this session only.

    Returns
    -------
    duckdb.DuckDBPyConnection
        Columns are named and typed as in frames; times carry a zone. Geometry is of type ``GEOMETRY`` in degrees, and
        a point also two columns ``<name>_lon`` and ``<name>_lat``. The functions ``bdx_intersects(a, b)``,
        ``bdx_within(a, b)``, ``bdx_contains(a, b)`` and ``bdx_dwithin(a, b, degrees)`` compare geometries;
        ``a && b`` compares their boxes, which is much faster and narrows a join.

    Raises
    ------
    ImportError
        If DuckDB is not installed: it comes with ``bdxopendata[duckdb]``.
    OfflineError
        If one of `datasets` is not stored whole.
    """
    duckdb = require("duckdb", EXTRA)
    entries = _stored(catalog, None if datasets is None else [dataset_id_of(one) for one in datasets])
    connection = duckdb.connect(database)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        _add_predicates(connection)
        for entry in entries:
            connection.execute(_view(connection, entry, catalog))
    except BaseException:
        connection.close()
        raise
    return connection


def _stored(catalog: Catalog, wanted: list[str] | None) -> list[Entry]:
    host, fingerprint = catalog.explore.portal.host, catalog.explore.transport.fingerprint
    if wanted is None:
        records = [one.record for one in catalog.store.entries()]
        wanted = sorted({one["dataset_id"] for one in records if one["portal"] == host and not one["question"]})
        # Found by their keys, since entries of another API key are not shown to this one.
        found = [catalog.store.find(StoreKey(host, one, fingerprint)) for one in wanted]
        return [one for one in found if one is not None]
    entries = []
    for one in wanted:
        entry = catalog.store.find(StoreKey(host, one, fingerprint))
        if entry is None:
            raise OfflineError(f"'{one}' is not stored whole", "Read it once with Dataset(…).to_arrow().")
        entries.append(entry)
    return entries


def _view(connection: Any, entry: Entry, catalog: Catalog) -> str:
    info = DatasetInfo.from_json(entry.record["description"], catalog.portal)
    schema = info.schema
    source = f"read_parquet({_text(str(entry.path))})"
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}")  # noqa: S608  the path is a quoted text
    held = {row[0]: str(row[1]) for row in described.fetchall()}
    columns = [part for field in schema for part in _columns(field, held.get(field.name), schema)]
    columns += [_name(name) for name in held if name not in schema]
    return f"CREATE TEMP VIEW {_name(info.dataset_id)} AS SELECT {', '.join(columns)} FROM {source}"  # noqa: S608  quoted


def _columns(field: Field, held: str | None, schema: Schema) -> list[str]:
    """Word the columns of a view that show one field; `held` is its type in the file."""
    name = _name(field.name)
    if field.is_geometry:
        value = _geometry(name, held)
        shown = [f"{value} AS {name}"]
        return [*shown, *_coordinates(field, name, held, value, schema)] if field.family == "point" else shown
    if held is None:
        return [f"CAST(NULL AS {SQL_TYPES.get(field.type, 'VARCHAR')}) AS {name}"]
    wanted = "VARCHAR[]" if field.multivalued and field.family == "text" else SQL_TYPES.get(field.type)
    return [name if wanted in (None, held) else f"TRY_CAST({name} AS {wanted}) AS {name}"]


def _geometry(name: str, held: str | None) -> str:
    if held is None:
        value = "NULL"
    elif held.startswith("STRUCT"):
        value = f"'POINT (' || {name}.lon || ' ' || {name}.lat || ')'"
    elif held.startswith(("BLOB", "GEOMETRY")):
        value = f"ST_GeomFromWKB(CAST({name} AS BLOB))"
    else:
        value = name
    return f"ST_SetCRS(TRY_CAST({value} AS GEOMETRY), '{CRS}')"


def _coordinates(field: Field, name: str, held: str | None, value: str, schema: Schema) -> list[str]:
    parts = []
    for place, axis in enumerate(("lon", "lat"), 1):
        column = f"{field.name}_{axis}"
        while column in schema:
            column += "_"
        if held is not None and held.startswith("STRUCT"):
            number = f"{name}.{axis}"
        else:
            number = rf"TRY_CAST(regexp_extract(ST_AsText({value}), '\(([^ ]+) ([^ )]+)\)', {place}) AS DOUBLE)"
        parts.append(f"{number} AS {_name(column)}")
    return parts


def _add_predicates(connection: Any) -> None:
    for predicate in PREDICATES:
        far = predicate == "dwithin"
        kinds, more = (["BLOB", "BLOB", "DOUBLE"], ", degrees") if far else (["BLOB", "BLOB"], "")
        function = _near if far else _compared(predicate)
        connection.create_function(f"_bdx_{predicate}", function, kinds, "BOOLEAN", type="arrow")
        connection.execute(
            f"CREATE OR REPLACE TEMP MACRO bdx_{predicate}(a, b{more}) AS "
            f"_bdx_{predicate}(CAST(a AS BLOB), CAST(b AS BLOB){more})"
        )


def _compared(predicate: str) -> Callable[[pa.Array, pa.Array], pa.Array]:
    """Make the function that compares two columns of WKB."""

    def compare(one: pa.Array, other: pa.Array) -> pa.Array:
        return pa.array(getattr(shapely, predicate)(_geometries(one), _geometries(other)))

    return compare


def _near(one: pa.Array, other: pa.Array, degrees: pa.Array) -> pa.Array:
    return pa.array(shapely.dwithin(_geometries(one), _geometries(other), degrees.to_numpy(zero_copy_only=False)))


def _geometries(column: pa.Array) -> Any:
    return shapely.from_wkb(column.to_numpy(zero_copy_only=False))


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
