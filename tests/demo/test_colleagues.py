"""The colleagues of the demonstration: what a newcomer finds, and what they leave alone."""

import time

from app.demo.colleagues import LEFT_OPEN, Colleagues
from app.demo.season_plan import dead_time
from app.domain.lumisections import LumiRange
from app.models.database.engine import Database
from app.services import notes
from app.services.acting import Acting
from app.services.agents import proposals
from app.services.certification import cycles, second_eyes, tables
from app.services.certification.tables import TableQuery
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.services.offline_runs import newest_version, open_all, sign_off_runs

FIRST = 390_001
RUNS = 30
OPEN = range(FIRST + RUNS - LEFT_OPEN, FIRST + RUNS - 1)
HELD_UP = next(number for number in OPEN if dead_time(number, 120) is not None)


def a_season(db: Database) -> None:
    """Short runs, but for the second, in which the shifter sees something, and an open one."""
    configure(db)
    for number in range(FIRST, FIRST + RUNS):
        pull.apply(Acting(db), a_run(number, 120 if number in (FIRST + 1, HELD_UP) else 10))


def signed_off(db: Database) -> list[int]:
    page = tables.runs_page(Acting(db), TableQuery("runs", states=("SIGNOFF",), limit=100))
    return [row.run_number for row in page.rows]


def test_that_they_sign_off_the_older_runs_and_begin_cycles_of_what_is_open(
    database: Database,
) -> None:
    a_season(database)
    colleagues = Colleagues(database, EXPERT)
    colleagues.start()
    older = list(range(FIRST + RUNS - LEFT_OPEN - 1, FIRST - 1, -1))
    while signed_off(database) != older:
        time.sleep(0.05)
    open_all(database, *older)
    colleagues.wait(60)
    shown, late, new = cycles.all_cycles(Acting(database))
    assert set(second_eyes.freezes(Acting(database))) == {shown.id}
    keys = cycles.datasets(Acting(database), late.id)
    marks = second_eyes.marks(Acting(database), keys)
    assert {mark.by for each in marks.values() for mark in each} == {"second@cern.ch"}
    assert late.overdue(late.created.date())
    assert not new.overdue(new.created.date())
    assert not late.pending_in("dt")
    assert new.pending_in("dt")
    (note,) = notes.of_run(Acting(database), FIRST + 1)
    assert (note.dataset, note.ranges) == ("online", (LumiRange(96, 118),))
    assert note.text.startswith("tracker-strip: TEC+ noisy")
    assert [answer.by for answer in note.replies] == [EXPERT.email]
    (proposed,) = proposals.waiting(Acting(database))
    assert (proposed.run_number, proposed.columns) == (HELD_UP, ("dt-dt",))
    assert colleagues.stop()


def test_that_they_leave_a_season_alone_in_which_somebody_signed_off_a_run(
    database: Database,
) -> None:
    a_season(database)
    sign_off_runs(database, FIRST + RUNS)
    before = newest_version(database)
    colleagues = Colleagues(database, EXPERT)
    colleagues.start()
    colleagues.wait(60)
    assert newest_version(database) == before
    assert cycles.all_cycles(Acting(database)) == ()


def test_that_they_stop_at_once_when_the_program_ends(database: Database) -> None:
    colleagues = Colleagues(database, EXPERT)
    colleagues.start()
    assert colleagues.stop()
