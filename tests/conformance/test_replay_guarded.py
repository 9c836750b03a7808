"""What the web service wrote in the recorded story, written again beside a guard by its login."""

import json
import lzma
from collections.abc import Iterator

import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import text

from app.models.database.engine import Database
from app.models.schemas.tables import metadata
from tests.models.guard.guarded import DBA, address, guard, hand_over

_LATER = ("RunEvent", "DatasetEvent", "LumisectionEvent", "OMSLumisectionEvent")


@pytest.fixture
def web(server, template) -> Iterator[Database]:
    """An empty guarded database as the web service meets it."""
    name = server.create(template)
    dsn = server.dsn(name)
    hand_over(dsn)
    dba = Database(address(dsn, DBA))
    with dba.transaction() as connection:
        # Beside the recorded rows there are none.
        for table in reversed(metadata.sorted_tables):
            connection.execute(text(f'DELETE FROM "{table.name}"'))
    guard(dba)
    dba.close()
    database = Database(address(dsn, "g_web"))
    database.prepare()
    yield database
    database.close()
    server.drop(name)


def _recorded(shared_data) -> dict[str, list[dict]]:
    folder = shared_data / "conformance" / "tables_final"
    found = {}
    for table in metadata.sorted_tables:
        path = folder / f"{table.name}.json.xz"
        if path.exists():
            with lzma.open(path, "rt") as content:
                found[table.name] = json.load(content)
    return found


def _insert(connection, table: str, rows: list[dict]) -> None:
    if rows:
        connection.execute(
            text(
                f'INSERT INTO "{table}" SELECT * FROM'
                f' jsonb_populate_recordset(CAST(NULL AS "{table}"), :rows)'
            ),
            {"rows": Jsonb(rows)},
        )


def test_that_every_version_of_the_recorded_story_lands_unchanged(web: Database, shared_data):
    recorded = _recorded(shared_data)
    events = {row["version"]: row["atomic_version"] for row in recorded["Event"]}
    by_version = {
        name: _grouped(recorded[name], events)
        for name in ("Event", *_LATER, *(f"{n}Assignation" for n in _LATER[2:]))
    }
    with web.transaction() as connection:
        for table in metadata.sorted_tables:
            if table.name not in by_version and table.name != "Version":
                _insert(connection, table.name, recorded.get(table.name, []))
    for version in sorted(recorded["Version"], key=lambda row: row["atomic_version"]):
        with web.transaction() as connection:
            _insert(connection, "Version", [version])
            for name, of_versions in by_version.items():
                _insert(connection, name, of_versions.get(version["atomic_version"], []))
    with web.read() as connection:
        for name, rows in recorded.items():
            count, same = connection.execute(
                text(
                    f"SELECT count(*), count(*) FILTER (WHERE to_jsonb(kept) = to_jsonb(given))"
                    f' FROM "{name}" AS kept LEFT JOIN'
                    f' jsonb_populate_recordset(CAST(NULL AS "{name}"), :rows) AS given'
                    f" ON to_jsonb(kept) = to_jsonb(given)"
                ),
                {"rows": Jsonb(rows)},
            ).one()
            assert (name, count, same) == (name, len(rows), len(rows))
        known = connection.execute(
            text("SELECT count(*) FROM guard.authentic WHERE login = 'g_web' AND person IS NULL")
        ).scalar_one()
    assert known == len(recorded["Version"])


def _grouped(rows: list[dict], events: dict[int, int]) -> dict[int, list[dict]]:
    found: dict[int, list[dict]] = {}
    for row in rows:
        found.setdefault(events[row["version"]], []).append(row)
    return found
