"""A portal whose publisher writes what attackers write, wherever a publisher may write anything."""

from __future__ import annotations

from typing import Any

import pytest

from bdxopendata.testing import Attachment, SampleDataset
from conftest import Serve, Served

from .test_texts import HOSTILE

# Each would add an element or an attribute to a page that took it for HTML.
MARKUP = (
    "<script>owned()</script><img src=x onerror=owned()><b>owned</b>",
    '" onmouseover="owned()" x=\'',
    "' onmouseover='owned()' x=\"",
    "</td></table></code></pre></details></script></style></title><iframe src=//evil.example>",
    "`${owned()}` {{owned}} <svg/onload=owned()>",
    "javascript:owned()",
    "]]>--><!--<a href=javascript:owned()>owned</a>",
)


def written(text: str) -> SampleDataset:
    """A dataset in which everything that a publisher words is this text."""
    fields: list[dict[str, Any]] = [
        {"name": "note", "type": "text", "label": text, "description": text, "annotations": {"facet": True}},
        {"name": "number", "type": "double", "label": text, "annotations": {"unit": text}},
        {"name": text, "type": "text", "label": text},
        {"name": "geo_point_2d", "type": "geo_point_2d", "label": text},
    ]
    metas = dict.fromkeys(("title", "description", "publisher", "license", "license_url", "update_frequency"), text)
    row = {"note": text, "number": 1.5, text: text, "geo_point_2d": {"lon": -0.57, "lat": 44.84}}
    return SampleDataset(
        "hostile",
        fields,
        [row],
        {"default": {**metas, "theme": [text], "keyword": [text], "attributions": [text], "modified": text}},
        attachments=[Attachment("notes", text, "text/html", b"notes")],
    )


@pytest.fixture
def hostile_catalog(serve: Serve) -> Served:
    return serve(written(HOSTILE))
