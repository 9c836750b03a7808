"""Counting again in the background: how long it rests, and what makes it wait."""

import pytest
from sqlalchemy import text

from app.domain.errors import NotPermitted
from app.domain.lumisections import LumiRange
from app.domain.progress import SILENT, Cancelled, Progress
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events import behind, rows
from app.models.recount import new_events
from app.models.recount.rowless import Walk
from app.services.acting import Acting
from app.services.editing.lumisections import ColumnEdit, edit_columns
from app.services.recount import background, recounting
from app.services.recount.background import Recounter
from tests.builders import EXPERT
from tests.services.offline_runs import EXPRESS, FIRST, PROMPT, SECOND, open_all, sign_off_runs


class Clock:
    """Each look takes a tenth of a second."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += 0.1
        return self.now


@pytest.fixture
def acting(database: Database) -> Acting:
    sign_off_runs(database, FIRST, SECOND)
    open_all(database, FIRST)
    return Acting(database, EXPERT)


def write(acting: Acting, lumisection: int = 3) -> None:
    there = (LumiRange(lumisection, lumisection),)
    edit_columns(acting, [ColumnEdit(FIRST, PROMPT, "dt-dt", there, Triplet("BAD", "HV trip"))])


def is_counted(acting: Acting) -> bool:
    standing = recounting.standing(acting)
    return standing.counted_since == standing.datasets


def test_that_it_rests_long_in_a_window_and_not_so_long_alone(acting: Acting) -> None:
    for alone, times in ((False, background.REST), (True, background.REST_ALONE)):
        clock = Clock()
        recounter = Recounter(acting, "me", alone=alone, round_s=0.0, clock=clock)
        # The season was written just now, which the first look sees.
        assert recounter.turn(SILENT).rest_s == pytest.approx(background.REST * 0.1)
        clock.now += background.QUIET_S
        turned = recounter.turn(SILENT)
        assert turned.rest_s == pytest.approx(times * 0.1)
        assert turned.text.endswith("counted again")


def test_that_an_hour_is_enough_for_ten_thousand_datasets_of_13_ms() -> None:
    assert 10_000 * 0.013 * (background.REST + 1) < 3600


def test_that_after_news_it_waits_and_then_counts_what_changed_first(acting: Acting) -> None:
    clock = Clock()
    recounter = Recounter(acting, "me", alone=True, round_s=0.0, clock=clock)
    recounter.turn(SILENT)
    before = recounting.standing(acting)
    write(acting)
    turned = recounter.turn(SILENT)
    assert turned.rest_s is not None
    assert 0 < turned.rest_s <= background.AFTER_WRITING_S
    assert recounting.standing(acting).last == before.last
    clock.now += background.AFTER_WRITING_S
    # Whoever wrote just now may write again: alone or not, it rests long.
    assert recounter.turn(SILENT).rest_s == pytest.approx(background.REST * 0.1)
    with acting.db.read() as connection:
        newest = connection.exec_driver_sql(
            "SELECT run_number FROM desk.recount ORDER BY recounted DESC LIMIT 1"
        ).scalar_one()
    assert newest == FIRST
    clock.now += background.QUIET_S
    assert recounter.turn(SILENT).rest_s == pytest.approx(background.REST_ALONE * 0.1)


def test_that_writers_who_never_pause_don_t_stop_it(acting: Acting) -> None:
    clock = Clock()
    recounter = Recounter(acting, "me", clock=clock)
    recounter.turn(SILENT)
    steps = 0
    for lumisection in range(1, 11):
        write(acting, lumisection)
        before = recounter._stepped
        recounter.turn(SILENT)
        clock.now += 0.2
        steps += recounter._stepped != before
    assert 2 <= steps <= 5


def test_that_a_whole_round_ends_with_everything_counted(acting: Acting) -> None:
    recounter = Recounter(acting, "me", alone=True)
    while recounter.turn(SILENT).rest_s is not None:
        pass
    assert is_counted(acting)
    assert recounter.turn(SILENT).text == ""
    write(acting)
    assert not is_counted(acting)
    while not is_counted(acting):
        recounter.turn(SILENT)


def test_that_it_stops_when_it_is_told_to(acting: Acting) -> None:
    with pytest.raises(Cancelled):
        Recounter(acting, "me").turn(Progress(is_cancelled=lambda: True))


def test_that_who_may_not_write_what_is_derived_counts_nothing(
    acting: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "writes_automatically", False)
    with pytest.raises(NotPermitted):
        Recounter(acting, "me").turn(SILENT)


@pytest.mark.parametrize("table", ["Run", "Dataset"])
def test_that_a_row_that_is_missing_since_long_ago_is_made_and_told(
    acting: Acting, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    # All events are old ones, which nobody looks through for news.
    monkeypatch.setattr(behind, "RECENT", 0)
    monkeypatch.setattr(new_events, "_LOOKED_BACK", 0)
    monkeypatch.setattr(background, "_LOOKED_FOR", 2)
    with acting.db.transaction() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(f'DELETE FROM "{table}" WHERE run_number = {SECOND}'))
        connection.execute(text(f"DELETE FROM desk.recount WHERE run_number = {SECOND}"))
    recounter = Recounter(acting, "me", alone=True, clock=Clock())
    for _ in range(60):
        recounter.turn(SILENT)
    with acting.db.read() as connection:
        assert rows.find_run(connection, SECOND) is not None
        assert set(rows.datasets_of_run(connection, SECOND)) == {"online", PROMPT, EXPRESS}
    told = [each for each in recounting.standing(acting).findings if each.table == table]
    names = ("",) if table == "Run" else ("online", PROMPT, EXPRESS)
    assert {(each.name, each.found) for each in told} == {(name, "missing") for name in names}


def test_that_what_has_events_is_looked_through_again_and_again(acting: Acting) -> None:
    walk, found = Walk(), []
    with acting.db.transaction() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(f'DELETE FROM "Dataset" WHERE run_number = {SECOND}'))
        for _ in range(8):
            missing, walk = walk.next(connection, 2)
            found += missing
    once = [(SECOND, name) for name in (EXPRESS, PROMPT, "online")]
    assert found == [*once, *once]
