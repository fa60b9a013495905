"""The library and what people would use instead: one function each, from request to a finished frame.

    python benchmarks/rivals.py NAME ADDRESS WORKLOAD FOLDER

runs one of them in this process and prints what it took. Libraries are imported before the clock starts. A function
that needs a setting of its own, such as a cluster, measures itself and returns a `Measured`.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

API = "/api/explore/v2.1/catalog/datasets"
Run = Callable[[str, str, Path], Any]
# Where the functions are.
MODULES = ("rivals", "streams", "small", "clusters")


@dataclass
class Measured:
    """Figures that a function took itself: for one poll of many, or without the start of a cluster."""

    rows: int
    seconds: float
    cpu: float
    bytes: float
    requests: float
    more: dict[str, float] = field(default_factory=dict)


def tally(address: str) -> dict[str, int]:
    """What the portal sent since it was last asked so."""
    with urlopen(f"{address}/tally") as answer:
        return dict(json.loads(answer.read()))


def export(address: str, dataset: str, form: str, query: str = "") -> str:
    """Address of an export."""
    return f"{address}{API}/{dataset}/exports/{form}?timezone=UTC{query}"


def ours(address: str, dataset: str, folder: Path, **settings: Any) -> Any:
    """Read with the library: described, counted, fetched, checked, kept."""
    import bdxopendata as bdx

    catalog = bdx.Catalog(address, settings=bdx.Settings(cache_dir=folder / "store", progress=False, **settings))
    return bdx.Dataset(dataset, catalog=catalog)


def ours_cold(address: str, dataset: str, folder: Path) -> Any:
    """bdxopendata, cold."""
    return ours(address, dataset, folder).to_geopandas()


def ours_warm(address: str, dataset: str, folder: Path) -> Any:
    """bdxopendata, stored, asking whether current."""
    return ours(address, dataset, folder).to_geopandas()


def ours_second(address: str, dataset: str, folder: Path) -> Any:
    """bdxopendata, stored, first use."""
    return ours(address, dataset, folder, max_age=3600).to_geopandas()


def ours_used(address: str, dataset: str, folder: Path) -> Any:
    """Read twice, so that what is stored is as it is for everyone who uses it again."""
    ours_cold(address, dataset, folder)
    return ours_second(address, dataset, folder)


def ours_fresh(address: str, dataset: str, folder: Path) -> Any:
    """bdxopendata, stored, within max_age."""
    return ours(address, dataset, folder, max_age=3600).to_geopandas()


def ours_question(address: str, dataset: str, folder: Path) -> Any:
    """bdxopendata, a filter."""
    from bdxopendata import F

    return ours(address, dataset, folder, max_age=3600).where(F.hauteur > 25).select("genre", "hauteur").to_pandas()


def ours_groups(address: str, dataset: str, folder: Path) -> Any:
    """bdxopendata, groups."""
    from bdxopendata import agg

    return ours(address, dataset, folder, max_age=3600).group_by("genre").select(n=agg.count()).to_pandas()


def ours_near(address: str, dataset: str, folder: Path) -> Any:
    """bdxopendata, what is near."""
    return ours(address, dataset, folder, max_age=3600).near(-0.57, 44.84, 500).to_geopandas()


def _geo(table: Any, geometry: dict[str, Any]) -> Any:
    import geopandas as gpd

    frame = table.drop_columns(list(geometry)).to_pandas()
    for name, points in geometry.items():
        frame[name] = gpd.GeoSeries(points, crs=4326)
    return gpd.GeoDataFrame(frame, geometry=next(iter(geometry)), crs=4326)


def _prototype(address: str, dataset: str, query: str) -> Any:
    import numpy as np
    import pyarrow.parquet as pq
    import requests
    import shapely

    with requests.Session() as session:
        session.get(f"{address}{API}/{dataset}").json()
        table = pq.read_table(io.BytesIO(session.get(export(address, dataset, "parquet", query)).content))
    geometry = {}
    gc.disable()
    for name in ("geo_shape", "geo_point_2d"):
        column = table[name].combine_chunks()
        flat = np.frombuffer(column.buffers()[2], np.uint8)
        if len(flat) == 21 * len(column):
            xy = flat.reshape(-1, 21)[:, 5:].copy().view(np.float64)
            geometry[name] = shapely.points(xy)
        else:
            geometry[name] = shapely.from_wkb(column.to_numpy(zero_copy_only=False))
    frame = _geo(table, geometry)
    gc.enable()
    return frame


def prototype(address: str, dataset: str, folder: Path) -> Any:
    """bare prototype, nothing checked."""
    return _prototype(address, dataset, "")


def read_parquet(address: str, dataset: str, folder: Path) -> Any:
    """pandas.read_parquet, from_wkb."""
    import geopandas as gpd
    import pandas as pd

    with urlopen(export(address, dataset, "parquet")) as answer:
        frame = pd.read_parquet(io.BytesIO(answer.read()))
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries.from_wkb(frame["geo_shape"]), crs=4326)


def read_csv(address: str, dataset: str, folder: Path) -> Any:
    """pandas.read_csv, points."""
    import geopandas as gpd
    import pandas as pd

    frame = pd.read_csv(export(address, dataset, "csv"), sep=";")
    lat, lon = frame["geo_point_2d"].str.split(", ", expand=True).astype(float).T.to_numpy()
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(lon, lat), crs=4326)


def read_json(address: str, dataset: str, folder: Path) -> Any:
    """pandas.read_json."""
    import pandas as pd

    return pd.read_json(export(address, dataset, "json"))


def read_file(address: str, dataset: str, folder: Path) -> Any:
    """geopandas.read_file, GeoJSON."""
    import geopandas as gpd

    return gpd.read_file(export(address, dataset, "geojson"))


def read_file_arrow(address: str, dataset: str, folder: Path) -> Any:
    """geopandas.read_file, GeoJSON, Arrow."""
    import geopandas as gpd

    return gpd.read_file(export(address, dataset, "geojson"), use_arrow=True)


def requests_json(address: str, dataset: str, folder: Path) -> Any:
    """requests, json(), frame."""
    import pandas as pd
    import requests

    return pd.DataFrame(requests.get(export(address, dataset, "json")).json())


def page_loop(address: str, dataset: str, folder: Path) -> Any:
    """requests, pages, first 10,000 rows only."""
    import pandas as pd
    import requests

    with requests.Session() as session:
        rows = [
            row
            for offset in range(0, 10_000, 100)
            for row in session.get(f"{address}{API}/{dataset}/records?limit=100&offset={offset}").json()["results"]
        ]
    return pd.DataFrame(rows)


def odsclient_cold(address: str, dataset: str, folder: Path) -> Any:
    """odsclient, cold."""
    import odsclient

    os.chdir(folder)
    return odsclient.get_whole_dataframe(dataset, base_url=address, use_labels_for_header=False, file_cache=True)


def odsclient_warm(address: str, dataset: str, folder: Path) -> Any:
    """odsclient, from its cache."""
    return odsclient_cold(address, dataset, folder)


def polars_parquet(address: str, dataset: str, folder: Path) -> Any:
    """polars, Parquet (geometry as bytes)."""
    import polars

    path = folder / "polars.parquet"
    with urlopen(export(address, dataset, "parquet")) as answer:
        path.write_bytes(answer.read())
    return polars.read_parquet(path)


def duckdb_parquet(address: str, dataset: str, folder: Path) -> Any:
    """DuckDB, Parquet (geometry as bytes)."""
    import duckdb

    path = folder / "duck.parquet"
    with urlopen(export(address, dataset, "parquet")) as answer:
        path.write_bytes(answer.read())
    return duckdb.sql(f"select * from '{path}'").df()


def geoparquet(address: str, dataset: str, folder: Path) -> Any:
    """geopandas.read_parquet, own file."""
    import geopandas as gpd

    return gpd.read_parquet(folder / "geo.parquet")


def mapped_arrow(address: str, dataset: str, folder: Path) -> Any:
    """memory-mapped Arrow file."""
    import geopandas as gpd
    import pyarrow as pa
    import shapely

    with pa.memory_map(str(folder / "mapped.arrow")) as source:
        table = pa.ipc.open_file(source).read_all()
    gc.disable()
    points = shapely.points(table["x"].to_numpy(), table["y"].to_numpy())
    frame = gpd.GeoDataFrame(table.drop_columns(["x", "y"]).to_pandas(), geometry=points, crs=4326)
    gc.enable()
    return frame


# What must be there before the clock starts.
PREPARE: dict[str, Run] = {
    "ours_second": ours_cold,
    "ours_warm": ours_used,
    "ours_fresh": ours_used,
    "ours_question": ours_used,
    "ours_groups": ours_used,
    "ours_near": ours_used,
    "odsclient_warm": odsclient_cold,
    "ours_catalogue_warm": lambda address, dataset, folder: find("ours_catalogue_cold")(address, dataset, folder),
    "geoparquet": lambda address, dataset, folder: prototype(address, dataset, folder).to_parquet(
        folder / "geo.parquet"
    ),
    "mapped_arrow": lambda address, dataset, folder: _write_mapped(prototype(address, dataset, folder), folder),
}


def _write_mapped(frame: Any, folder: Path) -> None:
    import pyarrow as pa

    points = frame.geometry
    plain = frame.drop(columns=["geo_shape", "geo_point_2d"]).assign(x=points.x, y=points.y)
    table = pa.Table.from_pandas(plain, preserve_index=False)
    with pa.OSFile(str(folder / "mapped.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def find(name: str) -> Run:
    """Find a function by its name."""
    for module in MODULES:
        found = getattr(importlib.import_module(module), name, None)
        if found is not None:
            run: Run = found
            return run
    raise SystemExit(f"there is no {name}")


def label(name: str) -> str:
    """What a function is called in tables: the first line of its documentation."""
    return (find(name).__doc__ or name).splitlines()[0].removesuffix(".")


def main(name: str, address: str, dataset: str, folder: Path) -> None:
    """Run one rival and print its figures as JSON."""
    import geopandas  # noqa: F401  every rival ends in frames, so its import is nobody's time
    import pyarrow.csv
    import pyarrow.json
    import pyarrow.parquet  # noqa: F401
    import requests  # noqa: F401

    import bdxopendata.catalog
    import bdxopendata.formats
    import bdxopendata.frames
    import bdxopendata.odsql.evaluation
    import bdxopendata.odsql.groups
    import bdxopendata.odsql.parser  # noqa: F401

    for own in ("duckdb", "odsclient", "polars"):
        if own in name:
            importlib.import_module(own)
    if name.startswith("ours"):
        importlib.import_module("requests_cache")
    if os.environ.get("PREPARE"):
        PREPARE[name](address, dataset, folder)
        return
    run = find(name)
    # What imports left behind is looked through now, not when the garbage collector happens to come round to it.
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tally(address)
    cpu, started = time.process_time(), time.perf_counter()
    result = run(address, dataset, folder)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    if isinstance(result, Measured):
        figures = dict(vars(result))
        figures |= figures.pop("more")
    else:
        rows, more = result if isinstance(result, tuple) else (result, {})
        rows = rows if isinstance(rows, int) else len(rows)
        figures = {"rows": rows, "seconds": seconds, "cpu": cpu, **tally(address), **more}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"peak": peak, "imports": before, **figures}) + "\n")


if __name__ == "__main__":
    # Other modules import this one by its name; it must not be there twice.
    sys.modules["rivals"] = sys.modules["__main__"]
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
