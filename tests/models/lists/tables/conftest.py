from collections.abc import Iterator

import pytest

from app.models.database.engine import Database
from app.models.events import second_eyes
from tests.conftest import TestServer
from tests.models.lists.plain_filters import PROMPT
from tests.models.lists.tables.small_season import fill


@pytest.fixture(scope="module")
def season(server: TestServer, template: str) -> Iterator[Database]:
    """A database that no test here changes."""
    with server.opened(template) as database:
        fill(database)
        with database.transaction() as connection:
            for key, workspace in (
                *(((355100, PROMPT), each) for each in ("global", "dt")),
                *(((355101, PROMPT), each) for each in ("dt", "csc")),
                ((355100, "online"), "dt"),
            ):
                second_eyes.mark(connection, [key], workspace, "a@cern.ch", "")
        yield database
