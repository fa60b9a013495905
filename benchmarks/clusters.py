"""The history on a cluster of one and of two workers, each a process with one thread."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

from rivals import Measured, ours, tally


def _warmed() -> None:
    """Import on a worker what it needs, before the clock starts."""
    import dask_geopandas  # noqa: F401

    import bdxopendata.catalog
    import bdxopendata.formats
    import bdxopendata.frames  # noqa: F401


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _bytes(part: Any) -> int:
    return int(part.memory_usage(deep=True).sum())


def _sums(part: Any) -> Any:
    """What one would ask of a history: how much each counter counted at which hour of the day."""
    import pandas as pd

    hours = part["time"].dt.hour
    found = part.groupby([part["ident"], hours])["comptage"].agg(["sum", "count"]).astype("float64")
    found["rows"] = len(part) / max(len(found), 1)
    return pd.DataFrame(found.reset_index())


def _computed(frame: Any, address: str, client: Any) -> Measured:
    client.run(_warmed)
    cpu = _workers_cpu(client)
    tally(address)
    started = time.perf_counter()
    futures = client.compute(frame.map_partitions(_sums, meta=_meta()).to_delayed())
    parts = client.gather(futures)
    seconds = time.perf_counter() - started
    rows = round(sum(part["rows"].sum() for part in parts))
    said = tally(address)
    used = _workers_cpu(client) - cpu
    sizes = [client.submit(_bytes, one) for one in client.compute(frame.to_delayed())]
    largest = max(client.gather(sizes))
    peak = max(client.run(_peak).values())
    return Measured(
        rows,
        seconds,
        used,
        said["bytes"],
        said["requests"],
        {"peak": peak, "partition": largest / 1e6, "partitions": frame.npartitions},
    )


def _workers_cpu(client: Any) -> float:
    return float(sum(client.run(time.process_time).values()))


def _meta() -> Any:
    import pandas as pd

    return pd.DataFrame(
        {
            "ident": pd.Series([], dtype="str"),
            "time": pd.Series([], dtype="int32"),
            "sum": pd.Series([], dtype="float64"),
            "count": pd.Series([], dtype="float64"),
            "rows": pd.Series([], dtype="float64"),
        }
    )


def _on(workers: int, address: str, dataset: str, folder: Path, *, files: bool) -> Measured:
    import dask
    from distributed import Client, LocalCluster

    from bdxopendata.interop.dask import from_parquet, to_dask

    history = ours(address, dataset, folder)
    frame = from_parquet(history.to_parquet(folder / "history.parquet")) if files else to_dask(history)
    with (
        dask.config.set({"distributed.worker.daemon": True}),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=str(folder),
            silence_logs=50,
        ) as cluster,
        Client(cluster) as client,
    ):
        return _computed(frame, address, client)


def dask_portal_one(address: str, dataset: str, folder: Path) -> Measured:
    """dask, one worker, from the portal."""
    return _on(1, address, dataset, folder, files=False)


def dask_portal_two(address: str, dataset: str, folder: Path) -> Measured:
    """dask, two workers, from the portal."""
    return _on(2, address, dataset, folder, files=False)


def dask_files_one(address: str, dataset: str, folder: Path) -> Measured:
    """dask, one worker, from files of to_parquet()."""
    return _on(1, address, dataset, folder, files=True)


def dask_files_two(address: str, dataset: str, folder: Path) -> Measured:
    """dask, two workers, from files of to_parquet()."""
    return _on(2, address, dataset, folder, files=True)


def duckdb_files(address: str, dataset: str, folder: Path) -> Measured:
    """DuckDB, one process, the same question on the same file."""
    import duckdb

    path = ours(address, dataset, folder).to_parquet(folder / "history.parquet")
    cpu, started = time.process_time(), time.perf_counter()
    found = duckdb.sql(
        f"select ident, hour(time), sum(comptage), count(comptage), count(*) from '{path}' group by all"
    ).df()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return Measured(int(found.iloc[:, 4].sum()), seconds, cpu, 0, 0)
