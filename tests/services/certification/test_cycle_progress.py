"""The progress of cycles is remembered, and always what the states of their datasets come to."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from random import Random

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from app.domain.certification.cycles import Cycle, Progress
from app.domain.certification.dataset_tools import Hide, Unhide
from app.domain.certification.datasets import COMPLETED, NOT_SIGNIFICANT, OPEN, SIGNOFF
from app.domain.errors import Refused
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events import behind
from app.models.lists import cycles as model
from app.services.acting import Acting
from app.services.certification import cycles, datasets
from app.services.editing import dataset_tools, lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.recount import recounting
from tests.builders import EXPERT
from tests.conftest import filled_once
from tests.services.offline_runs import (
    EXPRESS,
    FIRST,
    PROMPT,
    SECOND,
    fill_opened,
    number_of_a_slow_event,
    store_and_fold_later,
)

KEYS = [(run, name) for run in (FIRST, SECOND) for name in (PROMPT, EXPRESS)]
DEADLINE = date(2025, 9, 1)


@filled_once
def with_cycles(database: Database) -> None:
    """Two runs with two open datasets each, in two cycles."""
    fill_opened(database)
    expert = Acting(database, EXPERT)
    cycles.create(expert, "First", DEADLINE, ["dt", "csc"], KEYS[:2])
    cycles.create(expert, "Second", DEADLINE, ["dt"], KEYS[2:])


def remembered(db: Database) -> tuple[Cycle, ...]:
    return tuple(sorted(cycles.all_cycles(Acting(db)), key=lambda each: each.id))


def counted(db: Database) -> tuple[Cycle, ...]:
    with db.read() as connection:
        return tuple(sorted(model.cycles(connection), key=lambda each: each.id))


@contextmanager
def asked() -> Iterator[list[list[int]]]:
    """The ids of the cycles that are counted meanwhile."""
    found: list[list[int]] = []

    def note(_: object, __: object, statement: str, given: object, *___: object) -> None:
        if "CAST(dataset_attributes AS text)" in statement:
            assert isinstance(given, dict)
            found.append(given["ids"])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_that_only_a_cycle_whose_datasets_changed_is_counted_again(with_cycles: Database):
    first, second = remembered(with_cycles)
    with asked() as found:
        assert remembered(with_cycles) == (first, second)
        assert found == []
        datasets.move(Acting(with_cycles, EXPERT), [KEYS[0]], "dt", COMPLETED)
        now = remembered(with_cycles)
        assert found == [[first.id]]
        remembered(with_cycles)
        assert found == [[first.id]]
    assert now[0].progress["dt"] == Progress(completed=1, open=1)
    assert now[1] == second
    assert now == counted(with_cycles)


def test_that_whatever_is_done_progress_is_what_the_states_come_to(with_cycles: Database):
    random = Random(7)
    remembered(with_cycles)
    ids = [each.id for each in counted(with_cycles)]
    column = ColumnEdit(FIRST, PROMPT, "dt-dt", (LumiRange(1, 2),), Triplet("BAD", "HV"))

    def act(expert: Acting) -> None:
        key, id_cycle = random.choice(KEYS), random.choice(ids)
        workspace = random.choice(["dt", "csc"])
        match random.randrange(10):
            case 0 | 1 | 2:
                to_state = random.choice([OPEN, SIGNOFF, COMPLETED, NOT_SIGNIFICANT])
                datasets.move(expert, [key], workspace, to_state)
            case 3:
                cycles.add(expert, id_cycle, [key])
            case 4:
                cycles.remove(expert, id_cycle, [key])
            case 5:
                wanted = random.sample(["dt", "csc", "tracker"], 2)
                cycles.edit(expert, id_cycle, workspaces=wanted)
            case 6:
                tool = random.choice([Hide, Unhide])
                dataset_tools.apply(expert, tool((key,)), reason="why")
            case 7:
                lumisections.edit_columns(expert, [column])
            case 8:
                to_state = random.choice([OPEN, SIGNOFF, COMPLETED])
                store_and_fold_later(with_cycles, key, {f"{workspace}_state": to_state})
            case 9:
                recounting.recount(expert, KEYS)

    done = 0
    for _ in range(40):
        try:
            act(Acting(with_cycles, EXPERT))
            done += 1
        except Refused:
            continue
        assert remembered(with_cycles) == counted(with_cycles)
    assert done > 15


def test_that_a_slow_writer_s_change_is_seen_though_others_were_quicker(with_cycles: Database):
    with with_cycles.transaction() as slow:
        number = number_of_a_slow_event(slow)
        datasets.move(Acting(with_cycles, EXPERT), [KEYS[2]], "dt", COMPLETED)
        before = remembered(with_cycles)
        assert before == remembered(with_cycles) == counted(with_cycles)
        slow.execute(
            text(
                'UPDATE "Dataset" SET version = :number,'
                ' dataset_attributes = dataset_attributes || \'{"dt_state": "SIGNOFF"}\''
                " WHERE run_number = :run AND name = :name"
            ),
            {"number": number, "run": FIRST, "name": PROMPT},
        )
    now = remembered(with_cycles)
    assert now == counted(with_cycles) != before
    assert now[0].progress["dt"] == Progress(signed_off=1, open=1)


@pytest.mark.parametrize("looks_before", [True, False])
def test_that_a_row_brought_up_to_date_after_its_event_was_there_is_counted(
    with_cycles: Database, looks_before: bool
):
    if looks_before:
        remembered(with_cycles)
    store_and_fold_later(with_cycles, (FIRST, PROMPT), {"dt_state": SIGNOFF})
    before = remembered(with_cycles)
    assert before == counted(with_cycles)
    done = recounting.recount(Acting(with_cycles), [(FIRST, PROMPT)])
    assert done.findings == ()
    now = remembered(with_cycles)
    assert now == counted(with_cycles) != before
    assert now[0].progress["dt"] == Progress(signed_off=1, open=1)
    with asked() as found:
        assert remembered(with_cycles) == now
        assert found == []


def test_that_a_row_brought_up_to_date_long_after_its_event_is_counted(
    with_cycles: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(behind, "RECENT", 1)
    store_and_fold_later(with_cycles, (FIRST, PROMPT), {"dt_state": SIGNOFF})
    datasets.move(Acting(with_cycles, EXPERT), [KEYS[2]], "dt", COMPLETED)
    before = remembered(with_cycles)
    recounting.recount(Acting(with_cycles), [(FIRST, PROMPT)])
    now = remembered(with_cycles)
    assert now == counted(with_cycles) != before


def test_that_what_another_client_found_false_is_counted_again(with_cycles: Database):
    def set_state(state: str) -> None:
        connection.execute(
            text(
                'UPDATE "Dataset" SET dataset_attributes ='
                " dataset_attributes || jsonb_build_object('dt_state', CAST(:state AS text))"
            ),
            {"state": state},
        )

    with with_cycles.transaction() as connection:
        set_state(COMPLETED)
    assert remembered(with_cycles)[0].progress["dt"] == Progress(completed=2)
    with with_cycles.transaction() as connection:
        set_state(OPEN)
        connection.execute(
            text(
                'INSERT INTO desk.recount_finding ("table", run_number, name, part, lumisections,'
                " expected, found, noticed_by, at, repaired)"
                " VALUES ('Dataset', :run, :name, 'dt_state', '', 'OPEN', 'COMPLETED', 'another',"
                " now(), true)"
            ),
            {"run": FIRST, "name": PROMPT},
        )
    now = remembered(with_cycles)
    assert now[0].progress["dt"] == Progress(open=2)
    assert now == counted(with_cycles)


def test_that_nothing_is_known_of_tables_that_took_the_place_of_others(with_cycles: Database):
    before = remembered(with_cycles)
    with with_cycles.transaction() as connection:
        # As a backup leaves them that was restored on the same server: the numbers of events come
        # again, in another file.
        connection.execute(
            text(
                'UPDATE "Dataset" SET dataset_attributes ='
                " dataset_attributes || jsonb_build_object('dt_state', 'COMPLETED')"
            )
        )
        connection.execute(text('CLUSTER "Event" USING "Event_pkey"'))
    now = remembered(with_cycles)
    assert now == counted(with_cycles) != before
