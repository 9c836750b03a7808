"""`/docs`: the same declaration as a page, written here and with nothing from elsewhere."""

import base64
import hashlib
import html
import re
from functools import cache
from typing import Any

from app.door.v1.negotiation import OF_PAGES
from app.door.v1.openapi import document, parameters
from app.door.v1.operations import OPERATIONS, Operation

_STYLE = """
:root { color-scheme: light dark; --line: #8885; --soft: #8882; --link: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --link: #7db8f5; } }
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem; }
a { color: var(--link); }
code, pre { font-family: ui-monospace, monospace; font-size: .92em; }
pre { background: var(--soft); padding: .7rem; overflow-x: auto; border-radius: .3rem; }
nav ul { columns: 18rem; padding-left: 1.2rem; }
section { border-top: 1px solid var(--line); padding-top: .4rem; margin-top: 1.6rem; }
h3 { font-family: ui-monospace, monospace; font-size: 1.05rem; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0;
  border-bottom: 1px solid var(--line); }
details > summary { cursor: pointer; padding: .3rem 0; }
"""
POLICY = (
    "default-src 'none'; style-src 'sha256-"
    f"{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_BEGINNING = """
<p>Everything here is read only, and takes no identity. The same as a document for programs:
<a href="/v1/openapi.json">/v1/openapi.json</a> (OpenAPI 3.1).</p>
<ul>
<li><b>Pages.</b> An answer with <code>next</code> (and a <code>Link</code> header) has a page
after it: ask again with <code>cursor=</code> that text and everything else unchanged. A row that
stays as it is comes once, whatever is written meanwhile.</li>
<li><b>Moments.</b> <code>as_of=</code> a version, a day or a minute gives what was true then.</li>
<li><b>Forms.</b> <code>?format=</code> or <code>Accept</code>: JSON, CSV, Arrow, Parquet.</li>
<li><b>Tags.</b> Send the <code>ETag</code> back as <code>If-None-Match</code>: 304 means that
nothing changed.</li>
<li><b>Errors</b> are <code>application/problem+json</code>: <code>detail</code> says what,
<code>parameter</code> where, <code>advice</code> what to do.</li>
</ul>
"""


@cache
def page() -> str:
    """The whole page."""
    subjects = dict.fromkeys(each.subject for each in OPERATIONS)
    links = "".join(
        f'<li><a href="#{each.name}"><code>{each.method} {html.escape(each.path)}</code></a></li>'
        for each in OPERATIONS
    )
    parts = "".join(
        f"<section><h2>{html.escape(subject)}</h2>"
        + "".join(_operation(each) for each in OPERATIONS if each.subject == subject)
        + "</section>"
        for subject in subjects
    )
    schemas: Any = document()["components"]
    types = "".join(_type(name, schema) for name, schema in sorted(schemas["schemas"].items()))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Run Registry: API</title><style>{_STYLE}</style></head><body><main>"
        f'<h1>Run Registry: API</h1>{_BEGINNING}<nav aria-label="Addresses"><ul>{links}</ul></nav>'
        f"{parts}<section><h2>Types</h2>{types}</section></main></body></html>\n"
    )


def _operation(operation: Operation) -> str:
    heading = f"{operation.method} {html.escape(operation.path)}"
    given = _body(operation) if operation.body else _parameters(operation)
    name = getattr(operation.gives, "__name__", "")
    answer = f'<a href="#type-{name}">{name}</a>' if name.endswith("Answer") else "an object"
    if operation.forms == OF_PAGES:
        answer = "a page"
    forms = ", ".join(f"<code>{each.media_type}</code>" for each in operation.forms)
    return (
        f'<article id="{operation.name}"><h3>{heading}</h3><p>{_prose(operation.says)}</p>'
        f"{given}<p>Answers {answer}, as {forms}.</p></article>"
    )


def _parameters(operation: Operation) -> str:
    rows = [
        (each["name"], each["required"], each["description"], each["schema"])
        for each in parameters(operation)
    ]
    return _table(rows)


def _body(operation: Operation) -> str:
    whole = operation.takes.model_json_schema()
    required = whole.get("required", ())
    rows = [
        (name, name in required, schema.get("description", ""), schema)
        for name, schema in whole["properties"].items()
    ]
    return f"<p>The body is an object of JSON:</p>{_table(rows)}"


def _table(rows: list[tuple[str, bool, str, dict[str, Any]]]) -> str:
    if not rows:
        return "<p>It takes no parameters.</p>"
    lines = "".join(
        f"<tr><th scope=row><code>{html.escape(name)}</code></th><td>{_kind(schema)}</td>"
        f"<td>{_prose(says)}{'; needed' if required else ''}{_extras(schema)}</td></tr>"
        for name, required, says, schema in rows
    )
    return (
        '<div class="scroll"><table><thead><tr><th scope=col>name<th scope=col>type'
        f"<th scope=col>what it is</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _extras(schema: dict[str, Any]) -> str:
    said = []
    if "enum" in schema:
        said.append(
            "one of " + ", ".join(f"<code>{each}</code>" for each in schema["enum"] if each)
        )
    if "minimum" in schema and "maximum" in schema and schema["maximum"] < 2**31 - 1:
        said.append(f"{schema['minimum']} to {schema['maximum']}")
    if schema.get("default") not in (None, "", False):
        said.append(f"<code>{html.escape(str(schema['default']))}</code> without it")
    if "examples" in schema:
        said.append(
            "e.g. " + ", ".join(f"<code>{html.escape(each)}</code>" for each in schema["examples"])
        )
    return "".join(f"; {each}" for each in said)


def _type(name: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (each, each in required and name == "", part.get("description", ""), part)
        for each, part in schema.get("properties", {}).items()
    ]
    lines = "".join(
        f"<tr><th scope=row><code>{html.escape(each)}</code></th><td>{_kind(part)}</td></tr>"
        for each, _, _, part in rows
    )
    table = f'<div class="scroll"><table><tbody>{lines}</tbody></table></div>' if lines else ""
    return (
        f'<details id="type-{html.escape(name)}"><summary><code>{html.escape(name)}</code>'
        f"</summary><p>{_prose(schema.get('description', ''))}</p>{table}</details>"
    )


def _kind(schema: dict[str, Any]) -> str:
    """The type in words; a reference as a link."""
    if "$ref" in schema:
        name = html.escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#type-{name}">{name}</a>'
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(_kind(each) for each in schema[key])
    if "prefixItems" in schema:
        return f"({', '.join(_kind(each) for each in schema['prefixItems'])})"
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_kind(schema['additionalProperties'])}"
    return html.escape(str(schema.get("type", "any JSON")))


def _prose(text: str) -> str:
    """Text with its `code` as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(" ".join(text.split())))
