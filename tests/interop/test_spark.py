"""What Spark makes of our folders. Off unless chosen with ``-m spark``: needs Java and pyspark, and starts slowly."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bdxopendata import F
from test_lake import places
from test_reading import trees

if TYPE_CHECKING:
    from conftest import Serve

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    if shutil.which("java") is None:
        pytest.skip("there is no Java here: Debian has it as default-jre-headless")
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        environment.setenv("PYSPARK_PYTHON", sys.executable)
        session = (
            sql.SparkSession.builder.master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.shuffle.partitions", "1")
            .getOrCreate()
        )
        yield session
        session.stop()


def test_a_mirror_opens_in_spark_with_its_types(serve: Serve, spark: Any, tmp_path: Path) -> None:
    served = serve(trees(), places())
    served.catalog.mirror(tmp_path / "mirror")

    frame = spark.read.parquet(str(tmp_path / "mirror" / "places"))

    types = dict(frame.dtypes)
    assert {name: types[name] for name in ("gid", "code", "jour", "heure", "taille", "public", "geo_shape")} == {
        "gid": "bigint",
        "code": "string",
        "jour": "date",
        "heure": "timestamp",
        "taille": "double",
        "public": "boolean",
        "geo_shape": "binary",
    }
    whole = served.dataset("places").to_pandas()
    assert frame.count() == 300
    assert frame.agg({"gid": "sum"}).collect()[0][0] == whole["gid"].sum()
    assert frame.filter("code = '01'").count() == (whole["code"] == "01").sum()
    assert spark.read.parquet(str(tmp_path / "mirror" / "trees")).count() == 500


def test_partitions_open_in_spark_with_their_key_and_all_rows(serve: Serve, spark: Any, tmp_path: Path) -> None:
    dataset = serve(places()).dataset("places")
    path = dataset.to_parquet(tmp_path / "places", partition_by=F.jour.year)

    frame = spark.read.parquet(str(path))

    years = dataset.to_pandas()["jour"].dt.year.value_counts(dropna=False)
    found = {row["jour_year"]: row["count"] for row in frame.groupBy("jour_year").count().collect()}
    assert found == {(None if year != year else int(year)): count for year, count in years.items()}
    # The manifest beside the partitions is not read as data.
    assert frame.count() == 300


def test_spark_leaves_row_groups_to_the_boxes(serve: Serve, spark: Any, tmp_path: Path) -> None:
    dataset = serve(places()).dataset("places")
    path = dataset.to_parquet(tmp_path / "places.parquet", sort_by="taille", size=50)

    near = spark.read.parquet(str(path)).filter("bbox.xmin < -0.59")

    assert near.count() == 8
    assert "PushedFilters: [IsNotNull(bbox.xmin), LessThan(bbox.xmin,-0.59)]" in (
        near._jdf.queryExecution().executedPlan().toString()
    )
