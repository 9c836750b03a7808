"""The pooler dies in the middle of edits and comes back: everybody goes on, nothing that was
acknowledged is lost, and nothing is written twice."""

import pytest

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.pulling import runs as pull
from tests.builders import a_run, configure
from tests.pooler import mortal_pooler, needs_pgbouncer
from tests.torture.test_failover import Person, check_written, have_gone_on

pytestmark = [needs_pgbouncer, pytest.mark.expected_log("It is there", always=False)]


def test_that_nothing_is_lost_or_written_twice_when_the_pooler_dies(
    database: Database, dsn: str, request: pytest.FixtureRequest
) -> None:
    configure(database)
    people = range(2)
    for number in people:
        pull.apply(Acting(database), a_run(390001 + number, 20))
    with mortal_pooler(dsn) as running:
        writing = [Person(running.dsn, number) for number in people]
        try:
            for _ in range(request.config.getoption("--kills")):
                have_gone_on(writing)
                running.kill()
                running.start()
            have_gone_on(writing)
        finally:
            for person in writing:
                person.stop()
    check_written(dsn, writing)
