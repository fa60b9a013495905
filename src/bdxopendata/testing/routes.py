"""The endpoints: one row each, with the parameters that it knows. Paths and the contract are made from this table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from bdxopendata.testing import attached, catalog_answers, export_answers, record_answers, v1
from bdxopendata.testing.bodies import Refusal, Reply, no_uri
from bdxopendata.testing.exports import FORMATS
from bdxopendata.testing.stock import API
from bdxopendata.testing.visit import Visit

RECORDS = "select where group_by order_by limit offset refine exclude lang timezone include_links include_app_metas"
ONE = "select lang timezone include_links include_app_metas"
FACETS = "where refine exclude facet lang timezone"
CATALOG_EXPORT = "select where group_by order_by limit_export offset refine exclude lang timezone"
EXPORT = "select where group_by order_by limit_export refine exclude lang timezone use_labels compressed epsg"
CSV = "delimiter list_separator quote_all with_bom"


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint.

    Attributes
    ----------
    path
        Path below the base; ``{name}`` stands for a variable part.
    name
        Its ``operationId``.
    parameters
        Names of the parameters that the contract gives it.
    """

    path: str
    name: str
    summary: str
    answer: Callable[[Visit], Reply]
    parameters: tuple[str, ...] = ()
    in_contract: bool = True

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """Return the variable parts when a path is this endpoint's."""
        own = self.path.strip("/").split("/")
        if len(own) != len(segments):
            return None
        parts = {}
        for expected, found in zip(own, segments, strict=True):
            if expected.startswith("{"):
                parts[expected.strip("{}")] = found
            elif expected != found:
                return None
        return parts


def removed(visit: Visit) -> Reply:
    """Refuse what left with this version of the API. The status is known, the body is not."""
    raise Refusal(410, "GoneURI", "The requested URI does not exist anymore.")


def contract(visit: Visit) -> Reply:
    """Send the machine-readable contract."""
    from bdxopendata.testing.contract import openapi  # it is made from the table below

    return visit.json(openapi(visit.address))


_CATALOG, _DATASET = "/catalog", "/catalog/datasets/{dataset_id}"


def _route(path: str, name: str, summary: str, answer: Callable[[Visit], Reply], parameters: str = "") -> Route:
    return Route(path, name, summary, answer, tuple(parameters.split()))


ROUTES: tuple[Route, ...] = (
    _route(_CATALOG, "getCatalog", "Entry page", catalog_answers.entry),
    _route(f"{_CATALOG}/datasets", "getDatasets", "Query datasets", catalog_answers.datasets, RECORDS),
    _route(f"{_CATALOG}/exports", "listExportFormats", "List export formats", catalog_answers.exports),
    _route(
        f"{_CATALOG}/exports/csv",
        "exportDatasetsCSV",
        "Export the catalogue in CSV",
        catalog_answers.export,
        f"{CATALOG_EXPORT} {CSV}",
    ),
    _route(
        f"{_CATALOG}/exports/{{format}}",
        "exportDatasets",
        "Export the catalogue",
        catalog_answers.export,
        CATALOG_EXPORT,
    ),
    _route(f"{_CATALOG}/facets", "getDatasetsFacets", "List facet values", catalog_answers.facets, FACETS),
    _route(_DATASET, "getDataset", "Show dataset information", catalog_answers.dataset, ONE),
    _route(f"{_DATASET}/records", "getRecords", "Query dataset records", record_answers.records, RECORDS),
    _route(
        f"{_DATASET}/records/{{record_id}}",
        "getRecord",
        "Read a dataset record",
        record_answers.record,
        "select lang timezone",
    ),
    _route(f"{_DATASET}/exports", "listDatasetExportFormats", "List export formats", export_answers.formats),
    *(
        _route(
            f"{_DATASET}/exports/{one.name}",
            f"exportRecords{one.name.upper()}",
            f"Export a dataset in {one.name}",
            export_answers.export,
            " ".join((EXPORT, *one.parameters)),
        )
        for one in FORMATS.values()
        if one.parameters
    ),
    _route(f"{_DATASET}/exports/{{format}}", "exportRecords", "Export a dataset", export_answers.export, EXPORT),
    _route(f"{_DATASET}/facets", "getRecordsFacets", "List dataset facets", record_answers.facets, FACETS),
    _route(f"{_DATASET}/attachments", "getDatasetAttachments", "List dataset attachments", attached.attachments),
    # Below: answered, but not in the contract.
    Route(f"{_DATASET}/attachments/{{attachment_id}}", "getAttachment", "", attached.attachment, in_contract=False),
    Route(f"{_DATASET}/files/{{file_id}}", "getFile", "", attached.file, in_contract=False),
    Route(f"{_DATASET}/aggregates", "aggregates", "", removed, in_contract=False),
    Route(f"{_DATASET}/query", "query", "", removed, in_contract=False),
    Route("/swagger.json", "contract", "", contract, in_contract=False),
)
# Their paths are below the portal's address, not below the base.
OLD_ROUTES: tuple[Route, ...] = (
    Route("/explore/dataset/{dataset_id}/download", "download", "", v1.download, in_contract=False),
    # Of version 2.0, where older exports say that a file is.
    Route("/api/v2/catalog/datasets/{dataset_id}/files/{file_id}", "oldFile", "", attached.file, in_contract=False),
    Route("/api/records/1.0/search", "searchRecords", "", v1.search_records, in_contract=False),
    Route("/api/datasets/1.0/search", "searchDatasets", "", v1.search_datasets, in_contract=False),
)


def find_route(path: str) -> tuple[Route, dict[str, str]]:
    """Find the endpoint of a path with its variable parts, or the portal's 404. A slash at the end changes nothing."""
    if path.startswith(API + "/"):
        return _among(ROUTES, path[len(API) :])
    return _among(OLD_ROUTES, path)


def _among(routes: tuple[Route, ...], path: str) -> tuple[Route, dict[str, str]]:
    segments = tuple(unquote(segment) for segment in path.strip("/").split("/"))
    for route in routes:
        parts = route.match(segments)
        if parts is not None:
            # A row of its own for a format puts the name into the path; the endpoint reads it from the parts.
            return route, {"format": segments[-1], **parts}
    raise no_uri()
