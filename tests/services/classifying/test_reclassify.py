"""Open runs brought in line with changed classifiers."""

import pytest
from sqlalchemy import text

from app.domain.configuration.in_force import Kind
from app.domain.json_value import JsonObject
from app.domain.lumisections import LumiRange
from app.domain.progress import Cancelled, Progress
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import runs
from app.services.classifying import reclassify
from app.services.classifying.reclassify import NewAttribute, NewStatus
from app.services.configuration.edits import add_item, edit_item
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.pulling import runs as pull
from tests.builders import EXPERT, NOBODY, a_run, configure
from tests.conftest import filled_once

FIRST, SECOND = 390001, 390002


@filled_once
def changed(database: Database) -> None:
    """Two runs; then csc-csc got a rule that is BAD from LS 5 on, and a class its new name.

    In the first run a person called csc-csc GOOD in LS 7-8.
    """
    configure(database)
    for run in (FIRST, SECOND):
        pull.apply(Acting(database), a_run(run, 10))
    word = ColumnEdit(FIRST, "online", "csc-csc", (LumiRange(7, 8),), Triplet("GOOD", "looked"))
    lumisections.edit_columns(Acting(database, EXPERT), [word])
    values: JsonObject = {
        "column": "csc-csc",
        "online": True,
        "status": "BAD",
        "classifier": {">=": [{"var": "lumisection_number"}, 5]},
        "priority": 0,
        "enabled": True,
    }
    add_item(Acting(database, EXPERT), Kind.COMPONENT, values)


def _versions(db: Database) -> list[tuple[str, str]]:
    with db.read() as connection:
        found = connection.execute(
            text('SELECT "by", comment FROM "Version" ORDER BY atomic_version')
        )
        return [(row[0], row[1]) for row in found]


def _statuses(db: Database, run: int) -> list[str]:
    state = lumisections.dataset_state(Acting(db), run, "online")
    return [state.rr.value("csc-csc", n).status for n in range(1, 11)]  # type: ignore[union-attr]


def test_that_the_preview_says_what_changes_and_what_a_persons_word_hides(changed) -> None:
    before = _versions(changed)
    first, second = reclassify.preview(Acting(changed), [FIRST, SECOND])
    assert first.statuses == (
        NewStatus("csc-csc", LumiRange(5, 6), "GOOD", "BAD", False),
        NewStatus("csc-csc", LumiRange(7, 8), "GOOD", "BAD", True),
        NewStatus("csc-csc", LumiRange(9, 10), "GOOD", "BAD", False),
    )
    assert second.statuses == (NewStatus("csc-csc", LumiRange(5, 10), "GOOD", "BAD", False),)
    assert (first.hidden, second.hidden) == (2, 0)
    assert _versions(changed) == before


def test_that_applying_is_one_automatic_action_per_run_and_words_stay(changed) -> None:
    before = len(_versions(changed))
    done = reclassify.apply(Acting(changed, NOBODY), [FIRST, SECOND, FIRST])
    assert done.changed == 2
    assert [by for by, _ in _versions(changed)[before:]] == [f"auto@auto - {NOBODY.email}"] * 2
    assert _statuses(changed, SECOND) == ["GOOD"] * 4 + ["BAD"] * 6
    assert _statuses(changed, FIRST) == ["GOOD"] * 4 + ["BAD"] * 2 + ["GOOD"] * 2 + ["BAD"] * 2
    # Done once, nothing is left to do.
    assert not any(plan.changes for plan in reclassify.preview(Acting(changed), [FIRST, SECOND]))
    again = reclassify.apply(Acting(changed, NOBODY), [FIRST, SECOND])
    assert (again.changed, len(_versions(changed))) == (0, before + 2)


def test_that_a_class_by_hand_hides_the_new_one(changed) -> None:
    runs.edit_attribute(Acting(changed, EXPERT), FIRST, "class", "Special25")
    edit_item(Acting(changed, EXPERT), Kind.CLASS, 1, {"class": "Renamed25"})
    edit_item(Acting(changed, EXPERT), Kind.DATASET, 1, {"class": "Renamed25"})
    first, second = reclassify.preview(Acting(changed), [FIRST, SECOND])
    assert first.attributes == (NewAttribute("class", "Special25", "Renamed25", True),)
    assert second.attributes == (NewAttribute("class", "Collisions25", "Renamed25", False),)


def test_that_only_open_runs_change_and_the_others_are_named(changed) -> None:
    good = ColumnEdit(FIRST, "online", "dt-dt", (LumiRange(1, 10),), Triplet("GOOD"))
    lumisections.edit_columns(Acting(changed, EXPERT), [good])
    runs.move(Acting(changed, EXPERT), FIRST, "SIGNOFF")
    assert reclassify.open_runs(Acting(changed)) == (SECOND,)
    (plan,) = reclassify.preview(Acting(changed), [FIRST])
    assert plan.refused == f"Run {FIRST} is in state SIGNOFF: only OPEN runs can be reclassified."
    done = reclassify.apply(Acting(changed, EXPERT), [FIRST, 5, SECOND])
    assert [number for number, _ in done.done] == [SECOND]
    assert [number for number, _ in done.refused] == [FIRST, 5]


def test_that_what_is_done_stays_when_the_person_stops(changed) -> None:
    asked = iter((False, True))
    with pytest.raises(Cancelled):
        reclassify.apply(
            Acting(changed, EXPERT), [SECOND, FIRST], Progress(is_cancelled=lambda: next(asked))
        )
    assert _statuses(changed, SECOND)[-1] == "BAD"
    assert _statuses(changed, FIRST)[-1] == "GOOD"
