"""The workbench on a database: two signed-off runs with known faults."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from PySide6.QtCore import QSettings
from sqlalchemy import text

from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing.lumisections import BitEdit, ColumnEdit, edit_bits, edit_columns
from app.services.golden import generation as golden
from app.views.background import Background
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.places import PlaceContext
from tests.builders import EXPERT
from tests.conftest import TestServer
from tests.services.offline_runs import FIRST, PROMPT, SECOND, open_all, sign_off_runs
from tests.views.workplaces import a_context, a_workplace

DT, BPIX = "lumisection.rr.dt-dt", "lumisection.oms.bpix_ready"
RULE = {"and": [{"==": [{"var": DT}, "GOOD"]}, {"==": [{"var": BPIX}, True]}]}


def set_dt(db: Database, first: int, last: int, status: str, run: int = FIRST) -> None:
    """Sets dt-dt of the prompt dataset by hand."""
    edit = ColumnEdit(run, PROMPT, "dt-dt", (LumiRange(first, last),), Triplet(status, "seen"))
    edit_columns(Acting(db, EXPERT), [edit], comment=f"dt is {status}")


def fill_season(db: Database) -> None:
    """Two runs of 10 LS; dt is BAD in LS 3-4 of the first, a bit off in 4-5."""
    sign_off_runs(db, FIRST, SECOND)
    open_all(db, FIRST, SECOND)
    set_dt(db, 3, 4, "BAD")
    bit = BitEdit(FIRST, PROMPT, "bpix_ready", (LumiRange(4, 5),), False)
    edit_bits(Acting(db, EXPERT), [bit], comment="off in the logbook")


@pytest.fixture(scope="session")
def template(server: TestServer) -> str:
    """The database that `database` copies here."""
    return server.template("golden_season", fill_season)


@pytest.fixture
def season(database: Database) -> Database:
    """The season."""
    return database


@pytest.fixture
def generate(season: Database) -> Callable[[], int]:
    """Makes and stores the list of the rule in the present state."""
    return lambda: golden.generate(Acting(season, EXPERT), PROMPT, RULE).id


def change_lists(db: Database, statement: str, **values: object) -> None:
    """Changes the stored lists as another client may, or as no client would."""
    with db.transaction() as connection:
        connection.execute(text(statement), values)


def copy_list(db: Database, first_id: int, last_id: int) -> None:
    """Stores copies of the first list under these ids, each with a tag of its own."""
    columns = (
        "dataset_name_filter, created_by, official, runregistry_version, min_run_number,"
        " max_run_number, json_logic, generated_json, generated_json_with_dataset_names,"
        " generated_anti_json, generated_anti_json_with_dataset_names,"
        " rules_flagged_false_quantity_luminosity, rules_flagged_false_combination_luminosity,"
        " runs_lumisections_responsible_for_rule, total_delivered_luminosity,"
        " total_recorded_luminosity, recorded_luminosity_in_json, delivered_luminosity_in_json,"
        " total_recorded_luminosity_lost, total_delivered_luminosity_lost,"
        " total_recorded_luminosity_from_run_range, total_delivered_luminosity_from_run_range,"
        ' deleted, "createdAt", "updatedAt"'
    )
    change_lists(
        db,
        f"INSERT INTO \"GeneratedJson\" (id, tags, {columns}) SELECT n, 'tag' || n, {columns}"
        ' FROM "GeneratedJson" g, generate_series(CAST(:first AS integer), :last) n'
        ' WHERE g.id = (SELECT min(id) FROM "GeneratedJson")',
        first=first_id,
        last=last_id,
    )


@pytest.fixture
def acting(season: Database) -> Acting:
    """An expert on the season."""
    return Acting(season, EXPERT)


@pytest.fixture
def context(
    acting: Acting,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> PlaceContext:
    """What panels are made with, on the database."""
    return a_context(a_workplace(acting.db, acting.actor), background, notices, themes, remembered)


@contextmanager
def locked(db: Database, table: str) -> Iterator[None]:
    """Makes everybody else wait who reads or writes a table."""
    with db.transaction() as connection:
        connection.execute(text(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE'))
        yield


@contextmanager
def unreachable(server: TestServer, dsn: str) -> Iterator[None]:
    """Ends all connections to a database and accepts none."""
    name = conninfo_to_dict(dsn)["dbname"]
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as control:
        control.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        control.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        try:
            yield
        finally:
            control.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
