"""Who really wrote a version is told wherever its author is."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app.domain.history.cells import Action
from app.domain.history.log import LogQuery
from app.models.database.engine import Database
from app.services.certification import tables
from app.services.editing import lumisections
from app.services.editing.bulk import ChangedMeanwhile
from app.services.history import log, log_export, look
from app.services.history.look import HistorySubject
from tests.builders import EXPERT
from tests.models.guard.attacks.said import DT, cells, covers, said, triplet
from tests.models.guard.conftest import Login
from tests.models.guard.guarded import FIRST, OPEN_RUN, PROMPT
from tests.models.guard.test_program_on_guard import a_cell, acting_as

JANE = "jane.doe@cern.ch"
BY_WEB = f"{JANE}, written by the login g_web"


@pytest.fixture
def spoken_for(come_in: Login) -> Database:
    """The database as an expert meets it, in which the web service wrote for somebody."""
    with come_in("g_web").transaction() as connection:
        connection.exec_driver_sql(said(cells(DT, "online", OPEN_RUN), JANE) + covers(1))
    expert = come_in("g_expert")
    lumisections.edit_columns(acting_as(expert), [a_cell(OPEN_RUN, "online")])
    return expert


def test_that_the_log_tells_a_login_that_is_not_the_authors(spoken_for: Database) -> None:
    acting = acting_as(spoken_for)
    for query in (LogQuery(), LogQuery(run=OPEN_RUN), LogQuery(author=JANE)):
        entries = log.page(acting, query).entries
        (web,) = (entry for entry in entries if entry.author == JANE)
        assert web.by == BY_WEB
        assert log_export.document(web)["written_by_login"] == "g_web"
    own = next(entry for entry in log.page(acting, LogQuery()).entries)
    assert own.by == own.author == "expert@cern.ch"
    assert "written_by_login" not in log_export.document(own)


def test_that_histories_tell_it_too(spoken_for: Database) -> None:
    acting = acting_as(spoken_for)
    of_run = [entry.by for entry in tables.run_history(acting, OPEN_RUN)]
    assert of_run[:2] == ["expert@cern.ch", BY_WEB]
    page = look.history_of(acting, HistorySubject(OPEN_RUN, "online", ("dt-dt",), ()))
    assert [entry.action.by for entry in page.entries][:2] == ["expert@cern.ch", BY_WEB]


def test_that_a_conflict_tells_it_too(come_in: Login) -> None:
    expert = come_in("g_expert")
    with expert.read() as connection:
        newest = connection.execute(text('SELECT max(version) FROM "Event"')).scalar_one()
    with come_in("g_web").transaction() as connection:
        connection.exec_driver_sql(said(cells(DT, "online", OPEN_RUN), JANE) + covers(5))
    with pytest.raises(ChangedMeanwhile, match=BY_WEB):
        lumisections.edit_columns(
            acting_as(expert), [a_cell(OPEN_RUN, "online")], seen={(OPEN_RUN, "online"): newest}
        )


def test_that_the_puller_needs_no_mention(spoken_for: Database) -> None:
    with spoken_for.read() as connection:
        kinds = connection.execute(text("SELECT DISTINCT kind FROM guard.authentic")).scalars()
        assert set(kinds) == {"web", "person"}
    automatic = [
        entry
        for entry in log.page(acting_as(spoken_for), LogQuery()).entries
        if entry.author.startswith("auto@auto")
    ]
    assert automatic
    assert {entry.by for entry in automatic} == {entry.author for entry in automatic}


def test_that_an_agent_is_told_with_its_owner(come_in: Login) -> None:
    agent = "auto@auto - dt-ml"
    with come_in("g_agent").transaction() as connection:
        lumi = '{"lumi-lumi":' + triplet() + "}"
        connection.exec_driver_sql(
            said(cells(lumi, PROMPT, FIRST, manual="false"), agent) + covers(1)
        )
    acting = acting_as(come_in("g_nobody"))
    (entry,) = (each for each in log.page(acting, LogQuery()).entries if each.author == agent)
    assert entry.by == f"{agent}, written by the login g_agent, agent of {EXPERT.email}"
    document = log_export.document(entry)
    assert (document["written_by_login"], document["agent_of"]) == ("g_agent", EXPERT.email)
    assert tables.run_history(acting, FIRST)[0].by == entry.by


def test_that_an_author_alone_stays_alone() -> None:
    at = datetime(2026, 6, 1, tzinfo=UTC)
    assert Action(1, JANE, "", at).by == JANE
    assert Action(1, JANE, "", at, "g_web").by == BY_WEB
