"""The samples of the library, served whole in every format and in both eras."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping

import pyarrow.parquet as pq
import pytest

from bdxopendata.testing import StandIn
from testing.asking import Ask, asker

COUNTS: Mapping[str, Callable[[bytes], int]] = {
    "csv": lambda body: len(list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=";"))) - 1,
    "json": lambda body: len(json.loads(body)),
    "jsonl": lambda body: body.count(b"\n"),
    "parquet": lambda body: int(pq.read_metadata(io.BytesIO(body)).num_rows),
    "geojson": lambda body: len(json.loads(body)["features"]),
}


@pytest.fixture(scope="module", params=["2026", "2021"])
def samples(request: pytest.FixtureRequest) -> Iterator[Ask]:
    with StandIn(era=request.param) as portal:
        yield asker(portal)


def datasets(ask: Ask) -> Iterator[tuple[str, int]]:
    for one in ask("/catalog/datasets", limit=100).json()["results"]:
        path = f"/catalog/datasets/{one['dataset_id']}"
        count = ask(f"{path}/records", limit=0)
        yield path, count.json()["total_count"] if count.status_code == 200 else 0


@pytest.mark.parametrize("name", COUNTS)
def test_every_sample_is_exported_whole(samples: Ask, name: str) -> None:
    found = {path: (COUNTS[name](samples(f"{path}/exports/{name}").content), rows) for path, rows in datasets(samples)}

    assert len(found) > 10
    assert {path: pair for path, pair in found.items() if pair[0] != pair[1]} == {}


def test_every_listed_format_of_every_sample_can_be_had(samples: Ask) -> None:
    for path, _ in datasets(samples):
        for link in samples(f"{path}/exports").json()["links"][1:]:
            answer = samples(f"{path}/exports/{link['rel']}", limit=50, timezone="Europe/Paris")
            assert answer.status_code == 200, (path, link["rel"], answer.text)


def test_every_field_of_every_sample_can_be_grouped_ordered_and_told(samples: Ask) -> None:
    unordered = ("geo_point_2d", "geo_shape", "file", "json_blob")
    for path, _ in datasets(samples):
        dataset = samples(path).json()
        for field in dataset["fields"] if dataset["data_visible"] else ():
            name, multivalued = field["name"], "multivalued" in field["annotations"]
            if field["type"] in unordered or multivalued:
                continue
            for answer in (
                samples(f"{path}/records", group_by=f"`{name}`"),
                samples(f"{path}/records", select=f"`{name}`", order_by=f"`{name}` desc", limit=1),
                samples(f"{path}/facets", facet=f"`{name}`"),
            ):
                assert answer.status_code == 200, (path, name, answer.text)
