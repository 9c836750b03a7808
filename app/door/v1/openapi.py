"""The OpenAPI 3.1 document, made of the declared addresses and types."""

from functools import cache
from typing import Any

from app.domain.json_value import JsonObject
from app.door.v1.answering import adapter
from app.door.v1.asked import Taken
from app.door.v1.negotiation import Form
from app.door.v1.operations import OPERATIONS, Operation
from app.door.v1.problems import PROBLEM

_REFERENCE = "#/components/schemas/{model}"
_PROBLEMS = {
    "400": "a parameter can't be taken; `parameter` names it",
    "401": "a token was sent that isn't valid",
    "404": "the run, dataset, list or version isn't there",
    "406": "the form can't be given",
    "409": "it can't be answered as things are",
    "413": "the body is too long",
    "422": "the answer would be too long",
    "503": "the database is away, or too much is asked at once",
}
_BINARY = {"type": "string", "format": "binary"}


@cache
def document() -> JsonObject:
    """The whole document."""
    schemas: dict[str, Any] = {"Problem": _problem()}
    paths: dict[str, Any] = {}
    for each in OPERATIONS:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Run Registry",
            "version": "1",
            "description": "Runs, datasets, lumisections, golden lists, reports, configuration"
            " and history of the CMS Run Registry, for reading. Nothing is changed here, and"
            " reading takes no identity.",
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(each.subject for each in OPERATIONS)],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.subject],
        "summary": operation.says,
        "responses": _responses(operation, schemas),
    }
    taken = _schema(operation.takes, schemas)
    if operation.body:
        described["requestBody"] = {
            "required": True,
            "content": {Form.JSON.media_type: {"schema": taken}},
        }
    else:
        described["parameters"] = parameters(operation)
    return described


def parameters(operation: Operation) -> list[dict[str, Any]]:
    """Parameters of path and query, each with its schema; those that are needed come first."""
    whole = _own_schema(operation.takes)
    listed = [
        {
            "name": name,
            "in": "path" if name in operation.parts else "query",
            "required": name in operation.parts or name in whole.get("required", ()),
            "description": schema.get("description", ""),
            "schema": {
                key: value for key, value in schema.items() if key not in ("title", "description")
            },
        }
        for name, schema in whole.get("properties", {}).items()
    ]
    return sorted(listed, key=lambda each: not each["required"])


def _own_schema(kind: type[Taken]) -> dict[str, Any]:
    return kind.model_json_schema(ref_template=_REFERENCE)


def _schema(kind: type[object], schemas: dict[str, Any]) -> dict[str, Any]:
    """A reference to a type, which is put among the schemas with those it needs."""
    made = adapter(kind).json_schema(ref_template=_REFERENCE, mode="serialization")
    schemas.update(made.pop("$defs", {}))
    name = made.get("title")
    if name is None:
        return made
    schemas[name] = made
    return {"$ref": _REFERENCE.format(model=name)}


def _responses(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    first = operation.forms[0].media_type
    content: dict[str, Any] = {first: {"schema": _schema(operation.gives, schemas)}}
    for form in operation.forms[1:]:
        content[form.media_type] = {"schema": {"type": "string"} if form is Form.CSV else _BINARY}
    headers = {
        "ETag": {"description": "changes with the answer", "schema": {"type": "string"}},
        "Link": {
            "description": 'the page after this one, rel="next"',
            "schema": {"type": "string"},
        },
    }
    if "cursor" not in operation.takes.model_fields:
        headers.pop("Link")
    problem = {PROBLEM: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}}
    answers: dict[str, Any] = {
        "200": {"description": "the answer", "headers": headers, "content": content},
        "304": {"description": "the same as If-None-Match names"},
    }
    for status, says in _PROBLEMS.items():
        answers[status] = {"description": says, "content": problem}
    return answers


def _problem() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "what is wrong (RFC 9457), where, and what to do",
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "instance": {"type": "string", "format": "uri-reference"},
            "parameter": text,
            "advice": text,
        },
        "required": ["type", "title", "status", "detail", "instance"],
    }
