"""Recorded answers of real portals, and their datasets as samples for a stand-in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bdxopendata.testing import Attachment, SampleDataset

# Types of what was recorded without its description, as the vendor's reference gives them for such values.
CARBON = {
    "half_hour_period": "datetime",
    "gsp_name": "text",
    "gsp_fl": "text",
    "dno_generation_kwh": "double",
    "weighted_avg_carbon_intensity_gco2_kwh": "double",
    "sgt_energy_kwh": "double",
    "neso_intensity_forecast": "int",
    "blended_carbon_intensity": "double",
    "licence_area": "text",
    "licence_area_average_carbon_intensity": "double",
}
ART = {
    "registryid": "int",
    "title_of_work": "text",
    "artistprojectstatement": "text",
    "type": "text",
    "status": "text",
    "sitename": "text",
    "siteaddress": "text",
    "primarymaterial": "text",
    "url": "text",
    "photourl": "file",
    "ownership": "text",
    "neighbourhood": "text",
    "locationonsite": "text",
    "geom": "geo_shape",
    "geo_local_area": "text",
    "descriptionofwork": "text",
    "artists": "text",
    "photocredits": "text",
    "yearofinstallation": "date",
    "geo_point_2d": "geo_point_2d",
}
ART_NOTES = {"artists": {"multivalued": ","}, "yearofinstallation": {"timeserie_precision": "year"}}


def recorded(shared_data: Path, *parts: str) -> Any:
    """A recorded JSON body; the test is skipped where it is missing."""
    path = shared_data.joinpath("recorded", *parts)
    if not path.is_file():
        pytest.skip(f"the recorded answer {path.name} is not here")
    return json.loads(path.read_text(encoding="utf-8"))


def sample_of(description: Mapping[str, Any], rows: Sequence[Mapping[str, Any]] = ()) -> SampleDataset:
    """The dataset that a portal describes, with rows that it answered."""
    attachments = [Attachment(one["id"], one["title"], one["mimetype"], b"") for one in description["attachments"]]
    return SampleDataset(
        description["dataset_id"],
        description["fields"],
        rows,
        metas=description["metas"],
        features=description["features"],
        attachments=attachments,
        alternative_exports=description["alternative_exports"],
        data_visible=description["data_visible"],
        has_records=description["has_records"],
        visibility=description["visibility"],
        dataset_uid=description["dataset_uid"],
    )


def fields_of(types: Mapping[str, str], notes: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Fields of a dataset whose description was not recorded."""
    return [
        {"name": name, "type": kind, "label": name, "annotations": (notes or {}).get(name, {})}
        for name, kind in types.items()
    ]
