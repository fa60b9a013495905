"""Each recorded answer beside the stand-in's, once it holds that portal's datasets: envelope, keys, types, values.

Where they differ is data, with a reason each. A difference that is not listed fails, and so does one that is listed and
no longer there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bdxopendata.testing import SampleDataset, StandIn
from support.recorded import CARBON, fields_of, recorded, sample_of
from testing.asking import asker

UKPN = "https://ukpowernetworks.opendatasoft.com"
ENW = "https://electricitynorthwest.opendatasoft.com"

UNKNOWN_LAYOUT = "the stand-in lists only the catalogue formats that it writes; nobody has recorded the layout of these"


@dataclass(frozen=True)
class Recording:
    """One file, the question that it answers, and where the stand-in's answer may differ: place and reason."""

    portal: str
    path: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    differences: Mapping[str, str] = field(default_factory=dict)


CARBON_ID = "ukpn-carbon-intensity"
OTHERS = "the stand-in holds the recorded datasets only, and what is needed to count the licences"
RECORDINGS: Mapping[str, Recording] = {
    "ukpn/getDatasets.json": Recording(
        UKPN, "/catalog/datasets", {"limit": 2, "where": "records_count > 0"}, differences={"total_count": OTHERS}
    ),
    "ukpn/getDataset-live-faults.json": Recording(UKPN, "/catalog/datasets/ukpn-live-faults"),
    "ukpn/getDatasetsFacets.json": Recording(UKPN, "/catalog/facets", {"facet": "license"}),
    "ukpn/getRecords-live-faults.json": Recording(UKPN, "/catalog/datasets/ukpn-live-faults/records", {"limit": 2}),
    "ukpn/getRecords-carbon-intensity.json": Recording(UKPN, f"/catalog/datasets/{CARBON_ID}/records", {"limit": 2}),
    "enw/list-datasets.json": Recording(
        ENW, "/catalog/datasets", {"limit": 2, "where": "records_count > 0"}, differences={"total_count": OTHERS}
    ),
    "enw/get-dataset.json": Recording(ENW, "/catalog/datasets/dfes-lv-headroom-monitored"),
    "enw/catalog-facets-license.json": Recording(ENW, "/catalog/facets", {"facet": "license"}),
    "enw/list-export-formats.json": Recording(
        ENW, "/catalog/exports", differences={f"links[{number}]": UNKNOWN_LAYOUT for number in range(3, 11)}
    ),
    "enw/forbidden-records.json": Recording(
        ENW, "/catalog/datasets/dfes-lv-headroom-monitored/records", {"limit": 1}, status=403
    ),
    "enw/odsql-error.json": Recording(ENW, "/catalog/datasets", {"select": "metas"}, status=400),
}
# Files that are no answer of one page: exports, compared by other tests.
ELSEWHERE: Mapping[str, str] = {
    "velib/velib-disponibilite-en-temps-reel.labels.csv": "test_recorded_exports.py",
    "velib/velib-disponibilite-en-temps-reel.parquet": "test_exports.py",
    "vancouver_art/public-art.json": "test_recorded_exports.py",
    "vancouver_art/road-closures.json": "test_recorded_exports.py",
    "SOURCES.md": "",
}


def licensed(shared_data: Path, file: tuple[str, str], held: Sequence[SampleDataset]) -> list[SampleDataset]:
    """As many empty datasets as make the recorded counts of licences true."""
    (facet,) = recorded(shared_data, *file)["facets"]
    counts = {one["value"]: one["count"] for one in facet["facets"]}
    for sample in held:
        licence = sample.metas["default"].get("license")
        counts[licence] = counts.get(licence, 0) - 1
    return [
        SampleDataset(f"filler-{place}-{number}", [], metas={"default": {"license": licence}}, has_records=False)
        for place, (licence, count) in enumerate(counts.items())
        for number in range(count)
        if licence is not None
    ]


def ukpn(shared_data: Path) -> StandIn:
    listed = recorded(shared_data, "ukpn", "getDatasets.json")["results"]
    faults = recorded(shared_data, "ukpn", "getRecords-live-faults.json")
    carbon = recorded(shared_data, "ukpn", "getRecords-carbon-intensity.json")
    live = recorded(shared_data, "ukpn", "getDataset-live-faults.json")
    held = [*map(sample_of, listed), sample_of(live, faults["results"])]
    extra = SampleDataset(CARBON_ID, fields_of(CARBON), carbon["results"], has_records=True)
    portal = StandIn([*held, *licensed(shared_data, ("ukpn", "getDatasetsFacets.json"), held), extra], language="en")
    for one in [*listed, live]:
        count = one["metas"]["default"]["records_count"]
        portal.lie_about_count(one["dataset_id"], count, total_count=False, records_count=True)
    portal.lie_about_count(CARBON_ID, carbon["total_count"])
    portal.lie_about_count(live["dataset_id"], faults["total_count"])
    return portal


def enw(shared_data: Path) -> StandIn:
    described = [
        *recorded(shared_data, "enw", "list-datasets.json")["results"],
        recorded(shared_data, "enw", "get-dataset.json"),
    ]
    held = [sample_of(one) for one in described]
    portal = StandIn([*held, *licensed(shared_data, ("enw", "catalog-facets-license.json"), held)], language="en")
    for one in described:
        count = one["metas"]["default"]["records_count"]
        portal.lie_about_count(one["dataset_id"], count, total_count=False, records_count=True)
    return portal


@pytest.fixture(scope="module")
def portals(shared_data: Path) -> Iterator[dict[str, StandIn]]:
    with ukpn(shared_data) as first, enw(shared_data) as second:
        yield {UKPN: first, ENW: second}


def differences(theirs: Any, mine: Any, place: str = "") -> Iterator[str]:
    """Where two bodies differ: keys in another order, another type, another value, or only on one side."""
    if type(theirs) is not type(mine):
        yield place
    elif isinstance(theirs, dict):
        if list(theirs) != list(mine):
            yield f"{place}: {sorted(theirs.keys() ^ mine.keys()) or 'order'}"
        for key in theirs.keys() & mine.keys():
            yield from differences(theirs[key], mine[key], f"{place}.{key}" if place else key)
    elif isinstance(theirs, list):
        for number in range(max(len(theirs), len(mine))):
            inside = number < len(theirs) and number < len(mine)
            here = f"{place}[{number}]"
            yield from differences(theirs[number], mine[number], here) if inside else [here]
    elif theirs != mine:
        yield place


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_stand_in_answers_as_it_was_recorded(portals: dict[str, StandIn], shared_data: Path, name: str) -> None:
    recording = RECORDINGS[name]
    theirs = recorded(shared_data, *name.split("/"))
    portal = portals[recording.portal]

    answer = asker(portal)(recording.path, **recording.asked)

    assert answer.status_code == recording.status
    mine = json.loads(answer.text.replace(portal.url, recording.portal))
    assert set(differences(theirs, mine)) == set(recording.differences)


@pytest.mark.parametrize("name", [name for name, one in RECORDINGS.items() if one.status != 200])
def test_errors_are_printed_as_they_were_recorded(portals: dict[str, StandIn], shared_data: Path, name: str) -> None:
    recording = RECORDINGS[name]
    recorded(shared_data, *name.split("/"))
    theirs = shared_data.joinpath("recorded", *name.split("/")).read_text(encoding="utf-8")

    assert asker(portals[recording.portal])(recording.path, **recording.asked).text == theirs.rstrip("\n")


def test_every_recording_is_compared(shared_data: Path) -> None:
    folder = shared_data / "recorded"
    if not folder.is_dir():
        pytest.skip("the recorded answers are not here")
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    assert files <= RECORDINGS.keys() | ELSEWHERE.keys()
    here = Path(__file__).parent
    for name, test in ELSEWHERE.items():
        assert not test or Path(name).stem.partition(".")[0] in (here / test).read_text(encoding="utf-8")
