"""Who verified hears when the mark is taken away, and who works in a cycle when it is frozen."""

from collections.abc import Iterator
from datetime import date

import pytest

from app.domain.editing.edits import ColumnEdit
from app.domain.identity import Actor
from app.domain.links import CycleLink, RunLink
from app.domain.lumisections import LumiRange
from app.domain.notification_choice import Choice, NotificationKind
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import cycles, second_eyes
from app.services.editing import lumisections
from app.services.notifications.looking import begin, look
from tests.builders import EXPERT
from tests.conftest import TestServer
from tests.models.guard.attacks.second_eyes import web_edit
from tests.services.offline_runs import FIRST, OPENED, PROMPT, fill_opened

ME = Actor("anna@cern.ch", EXPERT.egroups)
OTHER = Actor("berta@cern.ch", EXPERT.egroups)


def only(kind: NotificationKind, *workspaces: str) -> Choice:
    return Choice(frozenset({kind}), frozenset(workspaces))


@pytest.fixture
def opened(server: TestServer) -> Iterator[Database]:
    with server.opened(server.template(OPENED, fill_opened)) as database:
        yield database


def test_that_a_lost_mark_is_told_to_who_set_it_and_a_freeze_to_its_workspaces(
    opened: Database,
) -> None:
    mine, other = Acting(opened, ME), Acting(opened, OTHER)
    key = (FIRST, PROMPT)
    edit = ColumnEdit(*key, "dt-dt", (LumiRange(2, 4),), Triplet("STANDBY"))
    made = cycles.create(other, "week 40", date(2026, 1, 1), ["dt"], [key])
    told = begin(mine)
    second_eyes.verify(mine, [key], "dt")
    second_eyes.verify(mine, [key])
    lumisections.edit_columns(other.because("HV trip <b>found</b>"), [edit])
    second_eyes.freeze(other, made.id, "for Moriond")
    second_eyes.thaw(mine, made.id, "my own act")
    second_eyes.verify(mine, [key], "dt")
    second_eyes.take_back(mine, [key], "dt", "my own mark")

    marks = look(mine, only(NotificationKind.MARKS), told)
    (lost,) = marks.notifications
    assert lost.text == (
        f"berta@cern.ch took your marks away from run {FIRST}, {PROMPT} (as a whole and in dt):"
        ' "HV trip <b>found</b>"'
    )
    assert lost.link == RunLink(*key)
    assert look(mine, only(NotificationKind.MARKS), marks.told).notifications == ()
    assert look(other, only(NotificationKind.MARKS), told).notifications == ()
    (froze,) = look(mine, only(NotificationKind.FREEZES), told).notifications
    assert froze.text == 'berta@cern.ch froze cycle "week 40": "for Moriond"'
    assert froze.link == CycleLink(made.id)
    elsewhere = only(NotificationKind.FREEZES, "csc")
    assert look(mine, elsewhere, told).notifications == ()
    team = Acting(opened)
    in_dt = only(NotificationKind.MARKS, "dt")
    assert len(look(team, in_dt, told).notifications) == 2
    assert len(look(team, only(NotificationKind.FREEZES), told).notifications) == 2


def test_that_a_mark_that_the_web_service_makes_void_is_told_once(opened: Database) -> None:
    mine, team = Acting(opened, ME), Acting(opened)
    key = (FIRST, PROMPT)
    second_eyes.verify(mine, [key], "dt")
    second_eyes.verify(mine, [key])
    told = begin(mine)
    # It knows nothing of marks, and changes the same twice.
    for _ in range(2):
        with opened.transaction() as connection:
            for statement in web_edit(by="web@cern.ch"):
                connection.exec_driver_sql(statement)

    found = look(mine, only(NotificationKind.MARKS), told)
    (lost,) = found.notifications
    assert lost.text.startswith(
        f"web@cern.ch took your marks away from run {FIRST}, {PROMPT} (as a whole and in dt):"
    )
    assert lost.text.endswith('changed it without a reason, by a way that knows no marks"')
    assert look(mine, only(NotificationKind.MARKS), found.told).notifications == ()
    assert len(look(team, only(NotificationKind.MARKS, "dt"), told).notifications) == 1
    assert look(Acting(opened, OTHER), only(NotificationKind.MARKS), told).notifications == ()
    begun_since = begin(mine)
    assert look(mine, only(NotificationKind.MARKS), begun_since).notifications == ()
