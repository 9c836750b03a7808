"""How the server finds the rows of each statement that was executed: by a plan that serves all
values, which is the one that it takes from the sixth time on, and by how many rows it reads for
the values that were asked for."""

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
_CHANGES = re.compile(
    r"\b(INSERT|UPDATE|DELETE|FOR SHARE|FOR UPDATE|setval|nextval|pg_notify|pg_\w*advisory\w*"
    r"|pg_terminate_backend|set_config)\b"
)
"""In statements that do something, which aren't done a second time to count what they read."""


@dataclass
class Statements:
    """Texts of statements, by what was done when each came first, and what was asked then."""

    doing: str = ""
    seen: dict[str, str] = field(default_factory=dict)
    given: dict[str, object] = field(default_factory=dict)


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

    def note(_: object, __: object, statement: str, given: object, *___: object) -> None:
        if statement not in statements.seen:
            statements.seen[statement] = statements.doing
            statements.given[statement] = given

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def scans(db: Database, statements: Statements, *, without: str = "") -> list[Scan]:
    """Those statements whose plan goes through a whole large table, were an index not there."""
    found = []
    with (
        db.raw_connection("plans") as connection,
        connection.transaction(force_rollback=True),
    ):
        if without:
            connection.execute(f'DROP INDEX "{without}"'.encode())
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


def reads(db: Database, statements: Statements, most: int) -> list[Scan]:
    """Those statements that read more than `most` rows of a large table, by whatever index: a plan
    may follow one through all of it and take few. What changes something isn't tried."""
    found = []
    with db.raw_connection("plans") as connection:
        for statement, doing in statements.seen.items():
            given = statements.given[statement]
            if (
                not statement.lstrip("( \n").upper().startswith(("SELECT", "WITH"))
                or _CHANGES.search(statement)
                or not isinstance(given, dict)
            ):
                continue
            explained = connection.execute(
                f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}".encode(), given
            ).fetchone()
            plan = cast("list[dict[str, dict[str, object]]]", explained[0] if explained else [])
            for table, rows in _read(plan[0]["Plan"]):
                if rows > most:
                    found.append(Scan(table, f"{rows} rows", doing, statement))
    return found


def _read(node: dict[str, object]) -> Iterator[tuple[str, int]]:
    """Large tables below a node, and how many of their rows were looked at."""
    table = str(node.get("Relation Name", ""))
    if table in LARGE:
        looked_at = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        rows = sum(float(str(node.get(each, 0))) for each in looked_at)
        yield table, round(rows * float(str(node["Actual Loops"])))
    for child in node.get("Plans", ()):  # type: ignore[attr-defined]
        yield from _read(child)


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
