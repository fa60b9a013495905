"""The decoded copy of a stored export: the same frame sooner, and never a wrong value."""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

import bdxopendata as bdx
from bdxopendata import F, agg, kept
from bdxopendata.errors import BdxOpenDataWarning, DataQualityWarning
from bdxopendata.frames import Quality, decoded
from bdxopendata.frames.columns import POINT
from bdxopendata.store import store as store_module
from bdxopendata.store import sweeping
from bdxopendata.testing import SampleDataset, samples

if TYPE_CHECKING:
    import pandas as pd

    from conftest import Serve, Served

EVERY = "stand-in-every-type"


@pytest.fixture(autouse=True)
def small_entries_too(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(kept, "DECODED_ROWS", 1)
    yield
    forget()


def forget() -> None:
    """As in a new process."""
    store_module._VERIFIED.clear()
    sweeping._SWEPT.clear()
    decoded._CHECKED.clear()


def read(served: Served, ending: str = "to_pandas", **options: Any) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataQualityWarning)
        return getattr(served.dataset(EVERY), ending)(**options)


def copies() -> list[Path]:
    return sorted(Path(os.environ["BDXOPENDATA_CACHE_DIR"]).rglob("*.arrow"))


@pytest.fixture
def used(serve: Serve) -> Served:
    """A portal whose dataset was read twice."""
    served = serve(samples.make(EVERY))
    read(served)
    assert copies() == []
    read(served)
    assert len(copies()) == 1
    forget()
    return served


def without_parquet(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("the Parquet file was read")

    monkeypatch.setattr(pq, "ParquetFile", refuse)


@pytest.mark.parametrize("ending", ["to_pandas", "to_geopandas", "to_arrow"])
def test_the_copy_gives_the_same_as_the_export_without_reading_it(
    used: Served, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    expected = read(used, ending, format="parquet")
    without_parquet(monkeypatch)

    got = read(used, ending)

    if ending == "to_arrow":
        assert got.equals(expected)
    else:
        assert_frame_equal(got, expected)


def test_what_does_not_fit_is_counted_each_time_in_the_columns_that_are_read(serve: Serve) -> None:
    fields = [{"name": "n", "type": "int"}, {"name": "place", "type": "geo_point_2d"}]
    rows = [{"n": number, "place": {"lon": 500 if number < 3 else 1, "lat": 2}} for number in range(150)]
    dataset = serve(SampleDataset("places", fields, rows)).dataset("places")
    said: list[list[str]] = []

    for _ in range(3):
        with pytest.warns(DataQualityWarning) as caught:
            dataset.to_pandas()
        said.append([str(one.message) for one in caught])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset.select("n").to_pandas()

    assert len(copies()) == 1
    assert "place: 3 values outside longitude and latitude" in said[0][0]
    assert said == [said[0]] * 3


def test_questions_read_the_columns_that_they_need(used: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    without_parquet(monkeypatch)
    asked: list[list[str]] = []
    real = decoded.Decoded.read

    def noted(copy: decoded.Decoded, names: Any = None) -> pa.Table:
        table = real(copy, names)
        asked.append(table.column_names)
        return table

    monkeypatch.setattr(decoded.Decoded, "read", noted)

    count = used.dataset(EVERY).where(F.entier > 0).select(n=agg.count()).to_pandas()

    assert asked == [["entier"]]
    assert count["n"][0] > 0


# ---- damage

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda data: data[:-5],
    "half": lambda data: data[: len(data) // 2],
    "longer": lambda data: data + b"x",
    "zeroed": lambda data: bytes(len(data)),
    "zeroed inside": lambda data: data[:1000] + bytes(len(data) - 2000) + data[-1000:],
    "empty": lambda data: b"",
    "another file": lambda data: b"PAR1" + data,
    "flipped": lambda data: data[:3000] + bytes([data[3000] ^ 1]) + data[3001:],
    "flipped manifest": lambda data: data[:-100] + bytes([data[-100] ^ 1]) + data[-99:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_copy_is_made_again_from_the_export(
    used: Served, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    expected = read(used, "to_geopandas", format="parquet")
    (path,) = copies()
    before = path.read_bytes()
    path.write_bytes(DAMAGES[damage](before))

    got = read(used, "to_geopandas")

    assert_frame_equal(got, expected)
    assert "was damaged" in caplog.text
    assert copies() == [path]
    assert path.read_bytes() == before
    assert sum("/exports/" in one for one in used.asked()) == 1  # for the expected frame


def test_damage_after_the_first_use_in_a_process_is_found_too(used: Served) -> None:
    expected = read(used)
    (path,) = copies()
    data = path.read_bytes()
    path.write_bytes(DAMAGES["flipped"](data))
    os.utime(path, ns=(0, 0))

    assert_frame_equal(read(used), expected)


def test_where_the_export_is_damaged_too_it_is_fetched_again(used: Served) -> None:
    expected = read(used, format="parquet")
    (path,) = copies()
    for one in (path, path.with_suffix(".parquet")):
        one.write_bytes(bytes(one.stat().st_size))

    with pytest.warns(BdxOpenDataWarning, match="its file is not what was written"):
        got = read(used)

    assert_frame_equal(got, expected)


def table() -> pa.Table:
    """Every kind of column, with gaps."""
    points = pa.array([{"lon": 1.5, "lat": 2.5}, None, {"lon": -3.0, "lat": 4.0}], POINT)
    return pa.table(
        {
            "n": pa.array([1, None, 3]),
            "x": pa.array([0.5, -0.0, None]),
            "b": pa.array([True, None, False]),
            "t": pa.array(["a", None, "é😀"]),
            "many": pa.array([["a", None], None, []], pa.list_(pa.string())),
            "point": points,
            "whole": pa.array([7, 8, 9]),
        }
    )


def test_no_flipped_byte_ever_changes_a_value(tmp_path: Path) -> None:
    path = tmp_path / "copy.arrow"
    decoded.write(table(), path, {"data": "x"}, Quality())
    data = path.read_bytes()
    found = 0

    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << place % 8)]) + data[place + 1 :])
        decoded._CHECKED.clear()
        try:
            copy = decoded.Decoded(path)
            read = copy.read()
        except decoded.DamagedFileError:
            found += 1
            continue
        # Bytes between the columns hold nothing.
        assert read.equals(table()), place
        assert copy.made_of == {"data": "x"}

    assert found > len(data) / 2


def hundred() -> pa.Table:
    return pa.concat_tables([table()] * 34).combine_chunks()


@pytest.mark.parametrize("few", [1, 10_000])
@pytest.mark.parametrize("every", [1, 2, 7, 50, 1_000])
def test_chosen_rows_are_those_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int, every: int
) -> None:
    path = tmp_path / "copy.arrow"
    decoded.write(hundred(), path, {"data": "x"}, Quality())
    monkeypatch.setattr(decoded, "_FEW", few)
    wanted = np.arange(102) % every == every - 1
    seen: list[list[str]] = []

    def choose(some: pa.Table) -> np.ndarray:
        seen.append(some.column_names)
        return wanted

    for names in (hundred().column_names, ["t", "n"], ["point"]):
        got = decoded.Decoded(path).chosen(names, ["n", "b"], choose)

        assert got.equals(hundred().filter(pa.array(wanted)).select(got.column_names))
        assert set(got.column_names) == set(names)
    assert seen == [["n", "b"]] * 3


def test_no_flipped_byte_ever_changes_a_value_of_chosen_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoded, "_FEW", 1)
    path = tmp_path / "copy.arrow"
    decoded.write(table(), path, {"data": "x"}, Quality())
    data = path.read_bytes()
    found = 0

    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ (1 << place % 8)]) + data[place + 1 :])
        decoded._CHECKED.clear()
        try:
            read = decoded.Decoded(path).chosen(table().column_names, ["n"], lambda _: np.array([False, False, True]))
        except decoded.DamagedFileError:
            found += 1
            continue
        assert read.equals(table().slice(2)), place

    assert found > len(data) / 2


@pytest.mark.parametrize("few", [1, 10_000])
def test_questions_about_few_rows_are_answered_as_without_a_copy(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(decoded, "_FEW", few)
    served = serve(samples.make(EVERY))
    dataset = served.dataset(EVERY)
    fields = {one.type: one.name for one in dataset.schema}
    number, place = fields["int"], fields["geo_point_2d"]
    asked = [
        lambda: dataset.where(F[number] > 2),
        lambda: dataset.where(F[number] > 2).order_by(F[number].desc()).limit(3),
        lambda: dataset.where(F[number] > 2).select(number, place),
        lambda: dataset.where(F[number] > 2).group_by(number).select(n=agg.count()),
        lambda: dataset.where(F[number].is_null()),
        lambda: dataset.where(F[place].in_bbox(-1, 44, 0, 45)),
        lambda: dataset.near(-0.57, 44.84, 3_000),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataQualityWarning)
        dataset.to_pandas()
        with monkeypatch.context() as patch:
            patch.setattr(kept.Kept, "chosen", lambda *_: None)
            expected = [one().to_arrow() for one in asked]
        assert copies()
        got = [one().to_arrow() for one in asked]

    assert any(one.num_rows for one in got)
    for one, other in zip(got, expected, strict=True):
        assert one.equals(other)


@pytest.mark.parametrize("rows", [0, 3])
def test_what_is_written_is_read(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "copy.arrow"
    whole = table().slice(0, rows)
    quality = Quality()
    quality.add("n", "odd", 2)
    quality.add("x", "even", 1)

    decoded.write(whole, path, {"data": "x"}, quality)
    copy = decoded.Decoded(path)

    assert copy.read().equals(whole)
    assert copy.read(["t", "n"]).column_names == ["n", "t"]
    assert copy.quality(["n"]).counts == {("n", "odd"): 2}


def test_a_shape_that_repeats_the_point_is_known_to(tmp_path: Path) -> None:
    from bdxopendata.frames.geometry import points_wkb

    points = table()["point"]
    shapes = pa.chunked_array([points_wkb(points.chunk(0))], pa.binary())
    others = pa.chunked_array([points_wkb(points.chunk(0).take(pa.array([2, 1, 0])))], pa.binary())
    path = tmp_path / "copy.arrow"

    decoded.write(pa.table({"point": points, "shape": shapes, "other": others}), path, {}, Quality())
    read = decoded.Decoded(path).read()

    assert read.schema.field("shape").metadata == {decoded.SAME: b"point"}
    assert read.schema.field("other").metadata is None
    assert decoded.Decoded(path).read(["shape"]).schema.field("shape").metadata is None


# ---- keeping


def test_a_copy_made_by_other_rules_is_made_again(used: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = read(used)
    (path,) = copies()
    before = path.read_bytes()
    monkeypatch.setattr(kept, "__version__", "another")

    assert_frame_equal(read(used), expected)
    assert copies() == [path]
    assert path.read_bytes() != before


def test_the_copy_of_another_entry_is_not_believed(serve: Serve) -> None:
    served = serve(samples.make(EVERY))
    less = served.dataset(EVERY).where(F.entier > 0)
    for _ in range(2):
        read(served)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataQualityWarning)
            expected = less.to_pandas(format="parquet")
    (path,) = copies()
    other = path.with_name(f"{'0' * 32}-{'1' * 32}-{'2' * 32}.arrow")
    path.rename(other)
    served.portal.set_rows(EVERY, [row for row in samples.make(EVERY).rows if (row["entier"] or 0) > 0])
    whole = read(served.again())
    (data,) = path.parent.glob("*.parquet")
    other.rename(data.with_suffix(".arrow"))

    got = read(served.again())

    assert_frame_equal(got, whole)
    assert len(got) == len(expected)


def test_people_see_the_copy_in_sizes_and_clearing_takes_it(used: Served) -> None:
    (path,) = copies()
    both = path.stat().st_size + path.with_suffix(".parquet").stat().st_size

    assert bdx.store.size() == both
    assert [one["bytes"] for one in bdx.store.list()] == [both]
    assert bdx.store.clear(EVERY) == 1
    assert copies() == []


def test_a_new_version_takes_the_copy_of_the_old_away(used: Served) -> None:
    used.portal.reprocess(EVERY)

    read(used)

    assert copies() == []
    read(used)
    assert len(copies()) == 1


def test_a_copy_without_its_entry_is_swept(used: Served) -> None:
    (path,) = copies()
    for one in path.parent.glob("*.json"):
        one.unlink()
    os.utime(path, (0, 0))

    sweeping.sweep(Path(os.environ["BDXOPENDATA_CACHE_DIR"]))

    assert copies() == []


@pytest.mark.parametrize("fault", ["full", "nearly full", "rename"])
def test_where_no_copy_can_be_written_there_is_none(serve: Serve, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    served = serve(samples.make(EVERY))
    expected = read(served)
    fired: list[str] = []

    def fail(*_: Any, **__: Any) -> Any:
        fired.append(fault)
        raise OSError(errno.ENOSPC, "No space left on device")

    def no_space(*_: Any) -> Any:
        fired.append(fault)
        return type("Usage", (), {"free": 100})

    if fault == "full":
        monkeypatch.setattr(decoded, "write", fail)
    elif fault == "nearly full":
        monkeypatch.setattr(store_module.shutil, "disk_usage", no_space)
    else:
        monkeypatch.setattr(Path, "replace", fail)

    assert_frame_equal(read(served), expected)

    assert fired
    assert copies() == []
    assert list(Path(os.environ["BDXOPENDATA_CACHE_DIR"]).rglob("*.arrow*")) == []


def test_a_small_entry_gets_no_copy(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "DECODED_ROWS", 10_000)
    served = serve(samples.make(EVERY))

    for _ in range(3):
        read(served)

    assert copies() == []


def test_a_frame_in_hand_outlives_the_store(used: Served) -> None:
    frame = read(used)
    expected = read(used, format="parquet")

    (path,) = copies()
    path.write_bytes(bytes(path.stat().st_size))
    bdx.store.clear()

    assert_frame_equal(frame, expected)
