"""How the server would find the rows of each statement that was executed, with a plan that serves
all values: the one that it takes from the sixth time on."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from sqlalchemy import event
from sqlalchemy.engine import Engine

from app.models.database.engine import Database

LARGE = frozenset(
    {
        *("Event", "Version", "JSONBDeduplication", "RunEvent", "DatasetEvent"),
        *("LumisectionEvent", "LumisectionEventAssignation"),
        *("OMSLumisectionEvent", "OMSLumisectionEventAssignation"),
    }
)
"""Tables of which nothing may read everything."""

_NAMED = re.compile(r"%\((\w+)\)s(?:::(\w[\w ]*(?:\[\])?))?")
_EXPLAINED = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")


@dataclass
class Statements:
    """Texts of statements, by what was done when each came first."""

    doing: str = ""
    seen: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scan:
    """A large table that a statement reads from one end to the other, and what was being done."""

    table: str
    how: str
    doing: str
    statement: str


@contextmanager
def watched() -> Iterator[Statements]:
    """Takes down every statement that is executed meanwhile."""
    statements = Statements()

    def note(_: object, __: object, statement: str, *___: object) -> None:
        statements.seen.setdefault(statement, statements.doing)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def scans(db: Database, statements: Statements) -> list[Scan]:
    """Those statements whose plan goes through a whole large table."""
    found = []
    with db.raw_connection("plans") as connection:
        for statement, doing in statements.seen.items():
            if not statement.lstrip("( \n").upper().startswith(_EXPLAINED):
                continue
            explained = connection.execute(
                f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {_numbered(statement)}".encode()
            ).fetchone()
            plan = cast("list[dict[str, dict[str, object]]]", explained[0] if explained else [])
            for table, how in _whole(plan[0]["Plan"]):
                found.append(Scan(table, how, doing, statement))
    return found


def _numbered(statement: str) -> str:
    """With $1, $2 ... for the named parameters of psycopg."""
    names: dict[str, int] = {}

    def number(match: "re.Match[str]") -> str:
        at = names.setdefault(match[1], len(names) + 1)
        return f"${at}" + (f"::{match[2]}" if match[2] else "")

    return _NAMED.sub(number, statement).replace("%%", "%")


def _whole(node: dict[str, object], *, few: bool = False) -> Iterator[tuple[str, str]]:
    """Whole tables below a node; `few`: only the first rows are asked for."""
    kind, table = str(node["Node Type"]), str(node.get("Relation Name", ""))
    filtered = "Filter" in node
    if table in LARGE and "Scan" in kind and kind != "Bitmap Heap Scan":
        narrowed = "Index Cond" in node or "TID Cond" in node or "Function Name" in node
        if not narrowed and (filtered or not few):
            yield table, kind + (", filtered" if filtered else "")
    below = few or kind == "Limit"
    for child in node.get("Plans", ()):  # type: ignore[attr-defined]
        sorts = str(child["Node Type"]) in {"Sort", "Aggregate", "Hash", "Group", "WindowAgg"}
        yield from _whole(child, few=below and not sorts)
