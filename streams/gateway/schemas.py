"""How records look in the OpenAPI description: their schemas are made from their types."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from msgspec import Struct

from streams.gateway.problems import ProblemBody
from streams.gateway.problems import describe as problems
from streams.gateway.roles import Role

SCHEME = "HTTPBearer"
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key (`zm_…`), or a token of the OIDC issuer.",
}
REF = "#/components/schemas/{name}"


def returns(record: type[Struct], description: str, status: int = 200) -> dict[int | str, Any]:
    """An answer that is a record, for the description of an operation."""
    _described.add(record)
    content = {"application/json": {"schema": {"$ref": REF.format(name=record.__name__)}}}
    return {status: {"description": description, "content": content}}


def respond(record: Any, status: int = 200, **headers: str) -> Response:
    """A record as a response."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(msgspec.json.encode(record), status, named, "application/json")


_described: set[type[Struct]] = set()


def describe(app: FastAPI) -> None:
    """Give the application its description: records, problems, roles."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            parts = made.setdefault("components", {}).setdefault("schemas", {})
            kinds = sorted(_described, key=lambda kind: kind.__name__)
            _, ours = msgspec.json.schema_components(kinds, ref_template=REF)
            parts.update(_for_clients(ours))
            parts["ProblemBody"] = ProblemBody.model_json_schema(
                ref_template=REF.replace("name", "model")
            )
            parts.update(parts["ProblemBody"].pop("$defs", {}))
            _replace_validation_errors(made)
            _tell_roles(app, made)
            made["components"]["securitySchemes"] = {SCHEME: BEARER}
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _for_clients(schema: Any) -> Any:
    """Tuples as arrays of either part: generators of clients cannot read ``prefixItems``."""
    if isinstance(schema, list):
        return [_for_clients(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _for_clients(part) for name, part in schema.items() if name != "prefixItems"}
    if "prefixItems" in schema:
        kinds = [_for_clients(part) for part in schema["prefixItems"]]
        different = [kind for at, kind in enumerate(kinds) if kind not in kinds[:at]]
        found["items"] = different[0] if len(different) == 1 else {"anyOf": different}
    return found


def _replace_validation_errors(made: dict[str, Any]) -> None:
    """A request that is wrong is answered with a problem, not in FastAPI's own form."""
    for operations in made["paths"].values():
        for operation in operations.values():
            answers = operation.get("responses", {})
            if "422" in answers:
                answers |= problems(422)
            if "requestBody" in operation:  # one that is no text at all
                answers |= problems(400)
    for name in ("HTTPValidationError", "ValidationError"):
        made["components"]["schemas"].pop(name, None)


def _tell_roles(app: FastAPI, made: dict[str, Any]) -> None:
    from fastapi.routing import APIRoute

    from streams.gateway.auth import access_of

    for route in app.routes:
        if not isinstance(route, APIRoute) or route.path not in made["paths"]:
            continue
        access = access_of(route)
        if access is None:
            continue
        roles = "everybody" if access.public else ", ".join(r for r in Role if r in access.roles)
        for method in route.methods or ():
            operation = made["paths"][route.path].get(method.lower())
            if operation is not None:
                told = operation.get("description", "")
                operation["description"] = f"{told}\n\nFor: {roles}.".strip()
                if access.limited:  # and so refuses parameters that it does not know
                    operation["responses"] |= problems(422)
                operation["security"] = [] if access.public else [{SCHEME: []}]
