"""Where events of versions stand, with the index that knows it and without."""

import pytest
from sqlalchemy import text

from app.models.database.engine import Database
from app.models.events import event_positions
from app.models.schemas import indexes


@pytest.mark.parametrize("versions", [0, 1, 40])
def test_that_with_the_index_newer_events_are_looked_for_where_they_are_without(
    database: Database, versions: int
):
    with database.transaction() as connection:
        connection.execute(
            text(
                'WITH made AS (INSERT INTO "Version" ("by", comment, "createdAt")'
                " SELECT 'auto@auto', '', now() FROM generate_series(1, :versions)"
                " RETURNING atomic_version)"
                ' INSERT INTO "Event" (atomic_version) SELECT atomic_version FROM made'
                # Some have many events, one has none.
                " CROSS JOIN LATERAL generate_series(1, atomic_version * 37 % 400)"
                " WHERE atomic_version % 7 <> 0 ORDER BY atomic_version"
            ),
            {"versions": versions},
        )
    with database.read() as connection:
        known = indexes.present(connection)
        assert indexes.EVENTS_OF_VERSION in known
        newest = connection.execute(
            text('SELECT coalesce(max(atomic_version), 0) FROM "Version"')
        ).scalar_one()
        for version in range(newest + 2):
            found = event_positions.after(connection, version, known)
            assert found == event_positions.after(connection, version, frozenset())
        first = connection.execute(
            text('SELECT min(version) FROM "Event" WHERE atomic_version > :half'),
            {"half": newest // 2},
        ).scalar()
        if first is not None:
            assert event_positions.after(connection, newest // 2, known) < first
