"""Second eyes on a guarded database: marks and freezes hold whoever writes, and whatever with."""

import threading
from contextlib import closing
from datetime import date

import psycopg
import pytest

from app.domain.certification.second_eyes import NeedsReason
from app.domain.errors import NotPermitted, Refused
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.services.acting import Acting
from app.services.certification import cycles, datasets, second_eyes
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from tests.models.guard.attacks.second_eyes import freeze, mark, web_edit
from tests.models.guard.conftest import Login
from tests.models.guard.guarded import EXPRESS, FIRST, PROMPT, address
from tests.models.guard.test_program_on_guard import acting_as

KEY = (FIRST, PROMPT)


def edit(acting: Acting, status: str, ls: int = 3) -> None:
    lumisections.edit_columns(
        acting, [ColumnEdit(*KEY, "dt-dt", (LumiRange(ls, ls),), Triplet(status))]
    )


def standing(acting: Acting) -> list[str]:
    return [each.workspace for each in second_eyes.marks(acting, [KEY]).get(KEY, ())]


def refusal(dsn: str, login: str, *statements: str) -> str:
    """What a login's statements in one transaction are refused with; empty when they land."""
    try:
        # Not the connection's own `with`: it stays open when what is deferred refuses the commit.
        with closing(psycopg.connect(address(dsn, login))) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()
    except psycopg.Error as error:
        return str(error).splitlines()[0]
    return ""


def test_that_the_database_lets_no_author_verify_and_no_change_pass_without_a_reason(
    come_in: Login, guarded_dsn: str
) -> None:
    dt, expert = acting_as(come_in("g_dt")), acting_as(come_in("g_expert"))
    cycler = acting_as(come_in("g_cycler"))
    edit(expert, "STANDBY")
    with pytest.raises(Refused, match="You made the newest change"):
        second_eyes.verify(expert, [KEY], "dt")
    own = "somebody else must have made"
    assert own in refusal(guarded_dsn, "g_expert", mark())
    # Another login with the same address is no second person, nor the same with another address.
    with psycopg.connect(guarded_dsn, autocommit=True) as control:
        as_of_login = "UPDATE guard.person SET active = %s, email = %s WHERE login = %s"
        control.execute(as_of_login, (False, "expert@cern.ch", "g_expert"))
        control.execute(as_of_login, (True, "Expert@cern.ch", "g_gone"))
        assert own in refusal(guarded_dsn, "g_gone", mark())
        control.execute(as_of_login, (False, "gone@cern.ch", "g_gone"))
        control.execute(as_of_login, (True, "x@cern.ch", "g_expert"))
        assert own in refusal(guarded_dsn, "g_expert", mark())
        control.execute(as_of_login, (True, "expert@cern.ch", "g_expert"))
    second_eyes.verify(cycler, [KEY], "dt")
    with pytest.raises(NeedsReason):
        edit(dt, "EXCLUDED")
    # Taking the mark away is no way round: it goes with a change, or by whose right it is.
    away = mark(verified=False, why="I say so")
    for login in ("g_tools", "g_dt"):
        assert "without changing it" in refusal(guarded_dsn, login, away)
    assert "give a reason" in refusal(guarded_dsn, "g_dt", mark(verified=False, why=" "))
    assert "is verified in dt by cycler" in refusal(guarded_dsn, "g_dt", *web_edit(by="dt@cern.ch"))
    edit(dt.because("HV trip found"), "EXCLUDED")
    assert standing(dt) == []
    newest = second_eyes.history(dt, KEY)[0]
    assert (newest.mark.by, newest.why) == ("dt@cern.ch", "HV trip found")
    assert "is not verified" in refusal(guarded_dsn, "g_dt", away)
    second_eyes.verify(cycler, [KEY], "dt")
    # The web service knows no marks: what it changes takes them away.
    assert refusal(guarded_dsn, "g_web", *web_edit()) == ""
    assert standing(dt) == []
    newest = second_eyes.history(dt, KEY)[0]
    assert (newest.mark.by, newest.why) == ("web@cern.ch", "changed through the web service")


def test_that_a_frozen_cycle_binds_the_web_service_and_the_puller_too(
    come_in: Login, guarded_dsn: str
) -> None:
    dt, expert = acting_as(come_in("g_dt")), acting_as(come_in("g_expert"))
    edit(dt, "STANDBY")
    made = cycles.create(expert, "week 40", date(2026, 1, 1), ["dt"], [KEY])
    with pytest.raises(NotPermitted):
        second_eyes.freeze(dt, made.id)
    assert "may not do this" in refusal(guarded_dsn, "g_dt", freeze(made.id))
    second_eyes.freeze(expert, made.id, "for Moriond")
    for login, statements in (
        ("g_web", web_edit()),
        ("g_web", web_edit(what="state")),
        ("g_web", web_edit(what="bit")),
        ("g_web", web_edit(what="bit", name="online")),
        ("g_web", web_edit(what="hide run")),
        (
            "g_web",
            (
                'INSERT INTO "LumisectionEventAssignation" (lumisection_number, version) SELECT 99,'
                f' max(version) FROM "LumisectionEvent" WHERE run_number = {FIRST} AND name ='
                f" '{PROMPT}'",
            ),
        ),
        ("g_web", (f'UPDATE "Dataset" SET deleted = true WHERE run_number = {FIRST}',)),
        ("g_web", ('UPDATE "Cycle" SET cycle_name = cycle_name || 2',)),
        ("g_web", ('DELETE FROM "CycleDataset"',)),
        (
            "g_web",
            (
                f"UPDATE \"CycleDataset\" SET id_cycle = {made.id}, name = '{EXPRESS}'"
                f" WHERE id_cycle <> {made.id}",
            ),
        ),
        ("g_web", ('DELETE FROM "Cycle"',)),
        (
            "g_web",
            (
                'INSERT INTO "CycleDataset" (id_cycle, run_number, name, "createdAt", "updatedAt")'
                f" VALUES ({made.id}, {FIRST}, '{EXPRESS}', now(), now())",
            ),
        ),
        ("g_puller", web_edit(by="auto@auto")),
        ("g_dt", web_edit(by="dt@cern.ch")),
    ):
        assert "frozen" in refusal(guarded_dsn, login, *statements), (login, statements)
    with pytest.raises(Refused, match="week 40, which is frozen"):
        datasets.move(expert, [KEY], "dt", "SIGNOFF")
    assert "Give a reason for thawing" in refusal(
        guarded_dsn, "g_expert", freeze(made.id, frozen=False)
    )
    assert "frozen already" in refusal(guarded_dsn, "g_expert", freeze(made.id))
    second_eyes.thaw(expert, made.id, "HV trip found")
    assert refusal(guarded_dsn, "g_web", *web_edit()) == ""


def test_that_no_change_under_way_is_passed_by_a_freeze_nor_passes_one(
    come_in: Login, guarded_dsn: str
) -> None:
    expert = acting_as(come_in("g_expert"))
    made = cycles.create(expert, "week 40", date(2026, 1, 1), ["dt"], [KEY])
    said: list[str] = []
    for first, then in (
        (web_edit(), (freeze(made.id),)),
        ((freeze(made.id, frozen=False, why="x"), freeze(made.id)), web_edit()),
    ):
        login, other = ("g_web", "g_expert") if first == web_edit() else ("g_expert", "g_web")
        with psycopg.connect(address(guarded_dsn, login)) as connection:
            for statement in first:
                connection.execute(statement)

            def second(login: str = other, then: tuple[str, ...] = then) -> None:
                said.append(refusal(guarded_dsn, login, *then))

            thread = threading.Thread(target=second)
            thread.start()
            thread.join(0.5)
            assert thread.is_alive(), "it didn't wait"
            connection.commit()
        thread.join(10)
    # The freeze came after the edit; the other edit came after the freeze.
    assert said[0] == ""
    assert "frozen" in said[1]
