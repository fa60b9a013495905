"""The history row by row: what goes through memory in pieces, by each of three forms, and what grows with the rows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rivals import export, ours

PIECE = 100_000


def _counted(pieces: Iterable[Any]) -> int:
    return sum(len(piece) for piece in pieces)


def ours_batches_parquet(address: str, dataset: str, folder: Path) -> int:
    """bdxopendata, batches() by Parquet."""
    return _counted(ours(address, dataset, folder).batches(PIECE, format="parquet"))


def ours_batches_jsonl(address: str, dataset: str, folder: Path) -> int:
    """bdxopendata, batches() by JSON lines."""
    return _counted(ours(address, dataset, folder).batches(PIECE, format="jsonl"))


def ours_batches_csv(address: str, dataset: str, folder: Path) -> int:
    """bdxopendata, batches() by CSV."""
    return _counted(ours(address, dataset, folder).batches(PIECE, format="csv"))


def _written(address: str, dataset: str, folder: Path, form: str) -> tuple[int, dict[str, float]]:
    import pyarrow.parquet as pq

    path = ours(address, dataset, folder).to_parquet(folder / "history.parquet", format=form)
    return int(pq.read_metadata(path).num_rows), {"disk": path.stat().st_size}


def ours_to_parquet(address: str, dataset: str, folder: Path) -> tuple[int, dict[str, float]]:
    """bdxopendata, to_parquet() by Parquet."""
    return _written(address, dataset, folder, "parquet")


def ours_to_parquet_jsonl(address: str, dataset: str, folder: Path) -> tuple[int, dict[str, float]]:
    """bdxopendata, to_parquet() by JSON lines."""
    return _written(address, dataset, folder, "jsonl")


def ours_to_parquet_csv(address: str, dataset: str, folder: Path) -> tuple[int, dict[str, float]]:
    """bdxopendata, to_parquet() by CSV."""
    return _written(address, dataset, folder, "csv")


def _fetched(address: str, dataset: str, folder: Path, form: str) -> Path:
    import shutil

    import requests

    path = folder / f"export.{form}"
    query = "&parquet_compression=zstd" if form == "parquet" else ""
    with requests.get(export(address, dataset, form, query), stream=True) as answer, path.open("wb") as file:
        answer.raw.decode_content = True
        shutil.copyfileobj(answer.raw, file, 1024 * 1024)
    return path


def _parquet_pieces(address: str, dataset: str, folder: Path) -> Iterable[Any]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(_fetched(address, dataset, folder, "parquet"), memory_map=True) as file:
        yield from file.iter_batches(PIECE)


def arrow_parquet(address: str, dataset: str, folder: Path) -> int:
    """pyarrow, Parquet row groups, as Arrow."""
    return _counted(_parquet_pieces(address, dataset, folder))


def arrow_parquet_frames(address: str, dataset: str, folder: Path) -> int:
    """pyarrow, Parquet row groups, as frames."""
    return _counted(piece.to_pandas() for piece in _parquet_pieces(address, dataset, folder))


def _csv_pieces(address: str, dataset: str, folder: Path) -> Iterable[Any]:
    import pyarrow.csv
    import requests

    with requests.get(export(address, dataset, "csv"), stream=True) as answer:
        answer.raw.decode_content = True
        options = pyarrow.csv.ParseOptions(delimiter=";")
        yield from pyarrow.csv.open_csv(answer.raw, parse_options=options)


def arrow_csv(address: str, dataset: str, folder: Path) -> int:
    """pyarrow, open_csv, as Arrow."""
    return _counted(_csv_pieces(address, dataset, folder))


def arrow_csv_frames(address: str, dataset: str, folder: Path) -> int:
    """pyarrow, open_csv, as frames."""
    return _counted(piece.to_pandas() for piece in _csv_pieces(address, dataset, folder))


def _jsonl_pieces(address: str, dataset: str, folder: Path) -> Iterable[Any]:
    import pyarrow.json
    import requests

    with requests.get(export(address, dataset, "jsonl"), stream=True) as answer:
        answer.raw.decode_content = True
        yield from pyarrow.json.open_json(answer.raw, read_options=pyarrow.json.ReadOptions(block_size=4 * 1024**2))


def arrow_jsonl(address: str, dataset: str, folder: Path) -> int:
    """pyarrow, open_json, as Arrow."""
    return _counted(_jsonl_pieces(address, dataset, folder))


def arrow_jsonl_frames(address: str, dataset: str, folder: Path) -> int:
    """pyarrow, open_json, as frames."""
    return _counted(piece.to_pandas() for piece in _jsonl_pieces(address, dataset, folder))


def pandas_csv_pieces(address: str, dataset: str, folder: Path) -> int:
    """pandas, read_csv in pieces."""
    import pandas as pd

    with pd.read_csv(export(address, dataset, "csv"), sep=";", chunksize=PIECE) as pieces:
        return _counted(pieces)


# Growth


def ours_frame(address: str, dataset: str, folder: Path) -> Any:
    """bdxopendata, to_pandas()."""
    return ours(address, dataset, folder).to_pandas()
