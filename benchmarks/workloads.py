"""What is measured on: seeded tables, written once in every form in which a portal would export them.

trees      300,000 points, 20 columns: the size of a large city's inventory
parcels     50,000 polygons of 30 vertices
history  5,000,000 rows: counter, time, counts
live           100 car parks
catalogue      450 descriptions of datasets
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import shapely

SEED = 33
VERSION = "2026-01-01T00:00:00+00:00"
# A row group of a real export holds everything; very long ones are cut here so that writing stays in memory.
ROW_GROUP = 1_000_000


@dataclass(frozen=True)
class Workload:
    """A table under a dataset id, and the portal types of its columns."""

    name: str
    rows: int
    make: Callable[[int], pa.Table]
    types: dict[str, str]
    forms: tuple[str, ...]


def _words(count: int, rng: np.random.Generator) -> np.ndarray:
    letters = np.array(list("abcdefghijklmnopqrstuvwxyzé"))
    return np.array(["".join(rng.choice(letters, rng.integers(4, 12))) for _ in range(count)])


def _gaps(values: Any, rng: np.random.Generator, share: float = 0.1) -> pa.Array:
    return pa.array(values, mask=rng.random(len(values)) < share)


def _points(rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return np.round(rng.uniform(-0.8, -0.45, rows), 7), np.round(rng.uniform(44.7, 45.0, rows), 7)


def _wkb_points(x: np.ndarray, y: np.ndarray) -> pa.Array:
    return pa.array(shapely.to_wkb(shapely.points(x, y)), pa.binary())


def trees(rows: int) -> pa.Table:
    """Trees as a portal would export them."""
    rng = np.random.default_rng(SEED)
    x, y = _points(rows, rng)
    genus, species, streets = _words(60, rng), _words(400, rng), _words(4000, rng)
    days = np.datetime64("1990-01-01") + rng.integers(0, 13_000, rows).astype("timedelta64[D]")
    moments = np.datetime64("2020-01-01T00:00:00", "ms") + rng.integers(0, 10**11, rows).astype("timedelta64[ms]")
    points = _wkb_points(x, y)
    columns: dict[str, pa.Array] = {
        "geo_point_2d": points,
        "geo_shape": points,
        "gid": pa.array(np.arange(rows)),
        "ident": pa.array([f"ARB{number:07}" for number in range(rows)]),
        "insee": pa.array(np.char.zfill(rng.integers(33001, 33550, rows).astype(str), 6)),
        "genre": _gaps(genus[rng.integers(0, 60, rows)], rng, 0.02),
        "espece": _gaps(species[rng.integers(0, 400, rows)], rng),
        "cultivar": _gaps(species[rng.integers(0, 400, rows)], rng, 0.7),
        "rue": pa.array(streets[rng.integers(0, 4000, rows)]),
        "statut": pa.array(np.array(["vivant", "mort", "abattu"])[rng.integers(0, 3, rows)]),
        "hauteur": _gaps(np.round(rng.gamma(4, 2.5, rows), 1), rng),
        "diametre": _gaps(np.round(rng.gamma(3, 12, rows), 1), rng),
        "circonference": _gaps(rng.integers(10, 400, rows), rng),
        "nb_troncs": pa.array(rng.integers(1, 4, rows)),
        "remarquable": _gaps(rng.random(rows) < 0.01, rng),
        "plante": pc.cast(_gaps(days, rng, 0.3), pa.date32()),
        "cdate": pa.array(moments, pa.timestamp("ms", "UTC")),
        "mdate": pa.array(moments, pa.timestamp("ms", "UTC")),
        "commune": pa.array(genus[rng.integers(0, 28, rows)]),
        "quartier": _gaps(genus[rng.integers(0, 60, rows)], rng),
    }
    return pa.table(columns)


def parcels(rows: int) -> pa.Table:
    """Polygons of 30 vertices."""
    rng = np.random.default_rng(SEED)
    x, y = _points(rows, rng)
    angles = np.linspace(0, 2 * np.pi, 31)[:30]
    radius = rng.uniform(1e-4, 2e-4, (rows, 30))
    rings = np.stack([x[:, None] + radius * np.cos(angles), y[:, None] + radius * np.sin(angles)], axis=-1)
    rings = np.concatenate([rings, rings[:, :1]], axis=1)
    shapes = shapely.polygons(rings)
    return pa.table(
        {
            "geo_point_2d": _wkb_points(x, y),
            "geo_shape": pa.array(shapely.to_wkb(shapes), pa.binary()),
            "gid": pa.array(np.arange(rows)),
            "section": pa.array(_words(200, rng)[rng.integers(0, 200, rows)]),
            "surface": pa.array(np.round(rng.uniform(50, 5000, rows), 1)),
        }
    )


def history(rows: int) -> pa.Table:
    """Counts of 500 counters every quarter of an hour."""
    rng = np.random.default_rng(SEED)
    counters = np.array([f"Z{number:03}CT" for number in range(500)])
    start = np.datetime64("2024-01-01T00:00:00", "ms")
    return pa.table(
        {
            "ident": pa.array(counters[np.arange(rows) % 500]),
            "time": pa.array(
                start + (np.arange(rows) // 500 * 900_000).astype("timedelta64[ms]"), pa.timestamp("ms", "UTC")
            ),
            "comptage": _gaps(rng.poisson(30, rows), rng, 0.02),
            "vitesse": _gaps(np.round(rng.normal(40, 8, rows), 1), rng, 0.02),
        }
    )


def live(rows: int) -> pa.Table:
    """Car parks."""
    rng = np.random.default_rng(SEED)
    x, y = _points(rows, rng)
    return pa.table(
        {
            "geo_point_2d": _wkb_points(x, y),
            "ident": pa.array([f"CUBPK{number:02}" for number in range(rows)]),
            "nom": pa.array(_words(rows, rng)),
            "libres": _gaps(rng.integers(0, 500, rows), rng, 0.25),
            "total": pa.array(rng.integers(100, 900, rows)),
            "mdate": pa.array(np.full(rows, np.datetime64("2026-01-01T00:00:00", "ms")), pa.timestamp("ms", "UTC")),
        }
    )


_TREES = dict.fromkeys(
    ("ident", "insee", "genre", "espece", "cultivar", "rue", "statut", "commune", "quartier"), "text"
)
WORKLOADS = {
    one.name: one
    for one in (
        Workload(
            "trees",
            300_000,
            trees,
            {
                **_TREES,
                "geo_point_2d": "geo_point_2d",
                "geo_shape": "geo_shape",
                "gid": "int",
                "hauteur": "double",
                "diametre": "double",
                "circonference": "int",
                "nb_troncs": "int",
                "remarquable": "boolean",
                "plante": "date",
                "cdate": "datetime",
                "mdate": "datetime",
            },
            ("parquet", "zstd", "csv", "jsonl", "json", "geojson"),
        ),
        Workload(
            "parcels",
            50_000,
            parcels,
            {
                "geo_point_2d": "geo_point_2d",
                "geo_shape": "geo_shape",
                "gid": "int",
                "section": "text",
                "surface": "double",
            },
            ("parquet", "zstd", "geojson"),
        ),
        Workload(
            "history",
            5_000_000,
            history,
            {"ident": "text", "time": "datetime", "comptage": "int", "vitesse": "double"},
            ("parquet", "zstd", "csv", "jsonl"),
        ),
        Workload(
            "live",
            100,
            live,
            {
                "geo_point_2d": "geo_point_2d",
                "ident": "text",
                "nom": "text",
                "libres": "int",
                "total": "int",
                "mdate": "datetime",
            },
            ("parquet", "zstd", "json", "csv"),
        ),
    )
}


def prepared(name: str, folder: Path, rows: int | None = None, forms: tuple[str, ...] | None = None) -> Path:
    """Write a workload in its forms below `folder`, once; return its folder."""
    workload = WORKLOADS[name]
    rows = rows or workload.rows
    target = folder / f"{name}-{rows}"
    missing = [form for form in forms or workload.forms if not _written(target, form)]
    if missing or not (target / "dataset.json").exists():
        growing = target / "growing"
        growing.mkdir(parents=True, exist_ok=True)
        table = workload.make(rows)
        for form in missing:
            WRITERS[form](table, workload, growing)
            if form in TEXTS:
                _pack(growing / f"export.{form}")
            # Whole files only, so that an interrupted preparation is continued by the next.
            for file in sorted(growing.iterdir()):
                file.rename(target / file.name)
        (target / "dataset.json").write_text(json.dumps(_description(workload, table)), encoding="utf-8")
    return target


def _written(target: Path, form: str) -> bool:
    return (target / (f"export.{form}.gz" if form in TEXTS else f"export.{form}")).exists()


def _pack(path: Path) -> None:
    """Compress a text export once, as a portal's cache would."""
    with path.open("rb") as source, gzip.open(path.with_name(f"{path.name}.gz"), "wb", compresslevel=6) as sink:
        shutil.copyfileobj(source, sink, 1024 * 1024)


def catalogue(folder: Path, entries: int = 450) -> Path:
    """Write the listing of a catalogue; return its path."""
    target = folder / f"catalogue-{entries}.json"
    if not target.exists():
        rng = np.random.default_rng(SEED)
        words = _words(2_000, rng)
        listing = [_entry(f"bench_{number:04}", words, rng) for number in range(entries)]
        target.write_text(json.dumps(listing), encoding="utf-8")
    return target


def _entry(dataset_id: str, words: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    workload = WORKLOADS["trees"]
    described = _description(workload, pa.table({name: pa.array([], pa.string()) for name in workload.types}))
    text = " ".join(words[rng.integers(0, len(words), 80)])
    metas = described["metas"]["default"]
    metas |= {"title": text[:60].title(), "description": f"<p>{text}</p>", "records_count": int(rng.integers(1, 10**6))}
    metas |= {"keyword": words[rng.integers(0, len(words), 4)].tolist(), "theme": ["Environnement"], "license": "ODbL"}
    return {**described, "dataset_id": dataset_id}


def _description(workload: Workload, table: pa.Table) -> dict[str, Any]:
    fields = [
        {"name": name, "label": name, "type": workload.types[name], "description": None, "annotations": {}}
        for name in table.column_names
    ]
    default = {"title": workload.name, "data_processed": VERSION, "modified": VERSION, "records_count": table.num_rows}
    return {"dataset_id": workload.name, "fields": fields, "has_records": True, "data_visible": True, "attachments": [],
            "features": [], "metas": {"default": default}}  # fmt: skip


def _write_parquet(
    table: pa.Table, workload: Workload, folder: Path, codec: str = "snappy", name: str = "parquet"
) -> None:
    geo = [one for one, kind in workload.types.items() if kind.startswith("geo_")]
    if geo:
        primary = "geo_shape" if "geo_shape" in geo else geo[0]
        columns = {primary: {"encoding": "WKB", "geometry_types": []}}
        meta = {"version": "1.1.0-dev", "primary_column": primary, "columns": columns}
        table = table.replace_schema_metadata({"geo": json.dumps(meta)})
    pq.write_table(table, folder / f"export.{name}", compression=codec, row_group_size=ROW_GROUP)


def _cells(table: pa.Table, workload: Workload) -> pa.Table:
    """Columns as CSV has them."""
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        kind = workload.types[name]
        if kind == "geo_point_2d":
            points = shapely.from_wkb(column.to_numpy(zero_copy_only=False))
            columns[name] = pa.array(
                [f"{y}, {x}" for x, y in zip(shapely.get_x(points), shapely.get_y(points), strict=True)]
            )
        elif kind == "geo_shape":
            shapes = shapely.from_wkb(column.to_numpy(zero_copy_only=False))
            columns[name] = pa.array([json.dumps(json.loads(one)) for one in shapely.to_geojson(shapes)])
        elif kind == "datetime":
            columns[name] = pc.strftime(column.cast(pa.timestamp("s", "UTC"), safe=False), "%Y-%m-%dT%H:%M:%S+00:00")
        else:
            columns[name] = column
    return pa.table(columns)


def _write_csv(table: pa.Table, workload: Workload, folder: Path) -> None:
    options = pyarrow.csv.WriteOptions(delimiter=";", quoting_style="needed")
    pyarrow.csv.write_csv(_cells(table, workload), folder / "export.csv", options)


def _rows(table: pa.Table, workload: Workload) -> Iterator[dict[str, Any]]:
    cells = _cells(table, workload)
    kinds = workload.types
    for batch in cells.to_batches(max_chunksize=10_000):
        for row in batch.to_pylist():
            for name, kind in kinds.items():
                value = row[name]
                if kind == "geo_point_2d":
                    lat, lon = value.split(", ")
                    row[name] = {"lon": float(lon), "lat": float(lat)}
                elif kind == "geo_shape":
                    row[name] = {"type": "Feature", "geometry": json.loads(value), "properties": {}}
                elif kind == "date" and value is not None:
                    row[name] = value.isoformat()
            yield row


def _write_jsonl(table: pa.Table, workload: Workload, folder: Path) -> None:
    with (folder / "export.jsonl").open("w", encoding="utf-8") as file:
        if any(kind.startswith(("geo_", "date")) and kind != "datetime" for kind in workload.types.values()):
            file.writelines(json.dumps(row) + "\n" for row in _rows(table, workload))
            return
        # Millions of plain rows: written by pandas, ten times faster.
        for batch in _cells(table, workload).to_batches(max_chunksize=200_000):
            frame = batch.to_pandas(integer_object_nulls=True)
            frame.to_json(file, orient="records", lines=True, force_ascii=False)


def _write_json(table: pa.Table, workload: Workload, folder: Path) -> None:
    with (folder / "export.json").open("w", encoding="utf-8") as file:
        file.write("[")
        for number, row in enumerate(_rows(table, workload)):
            file.write((",") * (number > 0) + json.dumps(row))
        file.write("]")


def _write_geojson(table: pa.Table, workload: Workload, folder: Path) -> None:
    with (folder / "export.geojson").open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        for number, row in enumerate(_rows(table, workload)):
            geometry = row.pop("geo_shape")["geometry"]
            feature = {"type": "Feature", "geometry": geometry, "properties": row}
            file.write((",") * (number > 0) + json.dumps(feature))
        file.write("]}")


# Asked for with gzip by those who can unpack it.
TEXTS = ("csv", "json", "jsonl", "geojson")
WRITERS: dict[str, Callable[[pa.Table, Workload, Path], None]] = {
    "parquet": _write_parquet,
    "zstd": lambda table, workload, folder: _write_parquet(table, workload, folder, "zstd", "zstd"),
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "json": _write_json,
    "geojson": _write_geojson,
}
