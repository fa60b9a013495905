"""Four documents make a reader of geodata open other files and addresses; none of them is ever opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import bdxopendata as bdx
from bdxopendata import formats
from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.fields import Field, Schema
from bdxopendata.transport.addresses import checked_link, is_inside
from support.faulty_portal import FaultyPortal, answer

SECRET = "the neighbours' secret"
SCHEMA = Schema([Field("name", "text"), Field("shape", "geo_shape")])


def documents(private: Path, url: str) -> dict[str, bytes]:
    pipeline = {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {private}"}
    return {
        "VRT": f"<OGRVRTDataSource><OGRVRTLayer name='private'><SrcDataSource>{private}</SrcDataSource></OGRVRTLayer>"
        f"</OGRVRTDataSource>".encode(),
        "GDALG": json.dumps(pipeline).encode(),
        "WFS": f"<OGRWFSDataSource><URL>{url}/wfs</URL></OGRWFSDataSource>".encode(),
        "XML with an entity": f'<!DOCTYPE a [<!ENTITY e SYSTEM "file://{private}">]><gml>&e;</gml>'.encode(),
    }


@pytest.mark.parametrize("kind", ["VRT", "GDALG", "WFS", "XML with an entity"])
@pytest.mark.parametrize("format", [*formats.FORMATS, "saved.geojson", "saved.gpkg", "saved.fgb"])
def test_a_document_that_names_others_is_opened_by_nothing(kind: str, format: str, tmp_path: Path) -> None:
    private = tmp_path / "private.csv"
    private.write_text(f"name\n{SECRET}\n")
    with FaultyPortal(otherwise=answer({})) as elsewhere:
        body = documents(private, elsewhere.url)[kind]
        path = tmp_path / (format if format.startswith("saved") else f"export.{format}")
        path.write_bytes(body)
        opened = bdx.load if format.startswith("saved") else lambda file: formats.read(file, format, SCHEMA)
        with pytest.raises((UnexpectedAnswerError, ValueError)) as caught:
            opened(path)

    assert SECRET not in str(caught.value)
    assert elsewhere.connections == 0
    if format == "saved.gpkg":
        # Refused by how it begins, before GDAL looks at it.
        assert "it is no GPKG file" in str(caught.value)


@pytest.mark.parametrize(
    "host",
    ["127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "localhost.", "a.localhost",
     "169.254.169.254", "10.0.0.1", "192.168.1.1"],
)  # fmt: skip
def test_a_link_does_not_lead_into_the_readers_own_network(host: str) -> None:
    with pytest.raises(ValueError, match="this machine"):
        checked_link(f"http://{host}/x", from_loopback=False)
    assert not is_inside("https://opendata.example.org/127.0.0.1")
