"""On a guarded database its own matching of routes decides, in the program, too."""

import threading

import psycopg
import pytest

from app.domain.configuration import permissions as paths
from app.models.database.engine import POOLED
from app.services.configuration import in_force
from tests.models.guard.conftest import Login
from tests.models.guard.guarded import address
from tests.models.guard.test_program_on_guard import acting_as

_APART = '["/dc_tools/hide_datasets\\\\b", "\\\\Y/dc_tools/duplicate_datasets"]'
"""The edge of a word to the program and a backspace to PostgreSQL; and one that only that knows."""


def test_that_the_database_says_what_a_route_allows(guarded_dsn: str, come_in: Login) -> None:
    with psycopg.connect(guarded_dsn) as control:
        control.execute(
            "UPDATE \"Permission\" SET routes = %s::jsonb WHERE egroup = 'tools'", [_APART]
        )
    acting = acting_as(come_in("g_tools"))
    permissions = in_force.current(acting).permissions
    assert not permissions.allows(acting.actor, paths.hide_datasets_path())
    assert permissions.allows(acting.actor, paths.duplicate_datasets_path())
    assert "tools" in permissions.egroups_for(paths.duplicate_datasets_path())


@pytest.mark.parametrize("route", [r"/a\b", r"\\\b", r"/(?=a)", r"/[[.a.]]", r"\A", r"\y/a"])
def test_that_a_route_that_is_not_read_alike_is_not_stored(guarded_dsn: str, route: str) -> None:
    with (
        psycopg.connect(address(guarded_dsn, "g_expert")) as connection,
        pytest.raises(psycopg.Error, match="can't be read as a regular expression"),
    ):
        connection.execute(
            'INSERT INTO "Permission" (egroup, routes, "createdAt")'
            " VALUES ('x', jsonb_build_array(%s::text), now())",
            [route],
        )


def test_that_real_routes_are_stored(guarded_dsn: str) -> None:
    with psycopg.connect(guarded_dsn) as control:
        strange = control.execute(
            'SELECT route FROM "Permission", jsonb_array_elements_text(routes) AS route'
            " WHERE NOT guard.is_route(route)"
        ).fetchall()
    assert strange == []


def test_that_who_is_in_a_transaction_asks_the_judge_in_it(come_in: Login) -> None:
    database = come_in("g_expert")
    together = threading.Barrier(POOLED)
    answers: list[tuple[str, ...]] = []

    def ask() -> None:
        with database.transaction():
            # All connections are taken now: a second one would be waited for without end.
            together.wait()
            answers.append(database.egroups_for(paths.duplicate_datasets_path()))

    asking = [threading.Thread(target=ask) for _ in range(POOLED)]
    for each in asking:
        each.start()
    for each in asking:
        each.join(30)
    assert len(answers) == POOLED
