"""The OpenAPI document of the stand-in portal, made from its own tables of endpoints and parameters."""

from __future__ import annotations

import re
from typing import Any

from bdxopendata.testing.parameters import PARAMETERS, Parameter
from bdxopendata.testing.routes import ROUTES, Route
from bdxopendata.testing.stock import API

RESPONSES: dict[str, Any] = {
    "400": {"$ref": "#/components/responses/bad_request"},
    "401": {"description": "Unauthorized"},
    "429": {"$ref": "#/components/responses/quota"},
    "500": {"description": "Internal Server Error"},
}


def openapi(address: str) -> dict[str, Any]:
    """Make the whole document."""
    return {
        "openapi": "3.0.3",
        "info": {"title": "Explore API of the stand-in portal", "version": "v2.1"},
        "servers": [{"url": f"{address}{API}"}],
        "security": [{"apikey": []}],
        "tags": [{"name": "Catalog"}, {"name": "Dataset"}],
        "paths": {route.path: {"get": operation(route)} for route in ROUTES if route.in_contract},
        "components": {
            "parameters": {name: parameter(one) for name, one in PARAMETERS.items()},
            "securitySchemes": {"apikey": {"type": "apiKey", "name": "apikey", "in": "query"}},
            "responses": {
                "bad_request": _response("Bad Request", error_code="string", message="string"),
                "quota": _response(
                    "Too many requests",
                    errorcode="integer",
                    reset_time="string",
                    limit_time_unit="string",
                    call_limit="integer",
                    error="string",
                ),
            },
        },
    }


def operation(route: Route) -> dict[str, Any]:
    """One endpoint."""
    inside = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    asked = [{"$ref": f"#/components/parameters/{name}"} for name in route.parameters]
    return {
        "summary": route.summary,
        "operationId": route.name,
        "tags": ["Dataset" if "{dataset_id}" in route.path else "Catalog"],
        "parameters": inside + asked,
        "responses": {"200": {"description": "OK"}, **RESPONSES},
    }


def parameter(one: Parameter) -> dict[str, Any]:
    """One parameter of the query."""
    found: dict[str, Any] = {"name": one.name, "in": "query", "description": one.description}
    if one.repeatable:
        found |= {"style": "form", "explode": True, "schema": {"type": "array", "items": dict(one.schema)}}
        return found
    return found | {"schema": dict(one.schema)}


def _response(description: str, **properties: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {name: {"type": kind} for name, kind in properties.items()}}
    return {"description": description, "content": {"application/json": {"schema": schema}}}
