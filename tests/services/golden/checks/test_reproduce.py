"""Lists made again from what they were made from; the events that move lumisections."""

import random

import pytest
from sqlalchemy import text

from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import datasets, runs
from app.services.editing.lumisections import BitEdit, ColumnEdit, edit_bits, edit_columns
from app.services.golden import generation as golden
from app.services.golden.checks import reproduce as golden_reproduce
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run
from tests.conftest import filled_once
from tests.services.offline_runs import EXPRESS, FIRST, PROMPT, SECOND, open_all, sign_off_runs

DT, CSC = "lumisection.rr.dt-dt", "lumisection.rr.csc-csc"
BPIX = "lumisection.oms.bpix_ready"
RULE = {
    "and": [
        {"==": [{"var": "run.rr.stop_reason"}, ""]},
        {"==": [{"var": "dataset.dt_state"}, "OPEN"]},
        {"==": [{"var": DT}, "GOOD"]},
        {"==": [{"var": BPIX}, True]},
    ]
}
ANY = "/%/DQM"


@filled_once
def season(database: Database) -> None:
    """Two runs with two open offline datasets each, all of them good."""
    sign_off_runs(database, FIRST, SECOND)
    open_all(database, FIRST, SECOND)


def set_dt(db, status, *ranges, name=PROMPT, column="dt-dt", run=FIRST):
    lumis = tuple(LumiRange(*each) for each in ranges)
    edit = ColumnEdit(run, name, column, lumis, Triplet(status, "hv trip"))
    edit_columns(Acting(db, EXPERT), [edit], comment=f"{column} {status}")


def set_bit(db, value, *ranges, name=PROMPT):
    lumis = tuple(LumiRange(*each) for each in ranges)
    edit_bits(
        Acting(db, EXPERT), [BitEdit(FIRST, name, "bpix_ready", lumis, value)], comment="logbook"
    )


def web_service_made(db, id_):
    """Forgets what only our record knows of a list."""
    with db.transaction() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("DELETE FROM record.generated_json_provenance"))
    return id_


def test_that_a_list_comes_out_the_same_whatever_was_written_since(season):
    made = golden.generate(Acting(season, EXPERT), ANY, RULE).id
    set_dt(season, "BAD", (3, 4))
    set_bit(season, False, (8, 9), name=EXPRESS)
    runs.move(Acting(season, EXPERT), FIRST, "OPEN")
    runs.edit_attribute(Acting(season, EXPERT), FIRST, "stop_reason", "beam dump")
    datasets.move(Acting(season, EXPERT), [(SECOND, PROMPT)], "dt", "SIGNOFF")

    again = golden_reproduce.reproduce(Acting(season), made)

    assert (again.equal, again.exact, again.differing) == (True, True, ())
    assert again.comparison.equal
    by_version = golden_reproduce.reproduce(Acting(season), web_service_made(season, made))
    assert (by_version.equal, by_version.exact) == (True, False)


def test_that_a_version_that_committed_late_changes_nothing_in_an_exact_list(season):
    made = golden.generate(Acting(season, EXPERT), ANY, RULE).id
    set_dt(season, "BAD", (3, 4))
    with season.transaction() as connection:
        # As if the edit's version had been handed out before the list was made.
        connection.execute(
            text(
                'UPDATE "GeneratedJson" SET runregistry_version ='
                ' (SELECT max(atomic_version) FROM "Version")'
            )
        )

    again = golden_reproduce.reproduce(Acting(season), made)
    assert (again.equal, again.exact) == (True, True)
    by_version = golden_reproduce.reproduce(Acting(season), web_service_made(season, made))
    assert (by_version.equal, by_version.exact) == (False, False)
    assert "generated_json_with_dataset_names" in by_version.differing
    assert by_version.text.startswith(
        f"Golden JSON {by_version.stored.entry.id} does not come out the same as of its version: "
    )
    assert "the list with dataset names" in by_version.text


def test_that_a_list_that_was_changed_by_hand_is_found_out(season):
    made = golden.generate(Acting(season, EXPERT), ANY, RULE).id
    with season.transaction() as connection:
        changed = '{"390001": [[1, 9]], "390002": [[1, 10]]}'
        connection.execute(
            text('UPDATE "GeneratedJson" SET generated_json = CAST(:changed AS jsonb)'),
            {"changed": changed},
        )
    again = golden_reproduce.reproduce(Acting(season), made)
    assert again.differing == ("generated_json", "the checksum of the stored list")
    assert again.comparison.gained == {FIRST: (LumiRange(10, 10),)}


def test_that_the_event_that_moved_each_lumisection_is_named(season):
    old = golden.generate(Acting(season, EXPERT), PROMPT, RULE).id
    set_dt(season, "BAD", (3, 4))
    set_dt(season, "BAD", (5, 5), column="csc-csc")
    set_bit(season, False, (8, 9))
    new = golden.generate(Acting(season, EXPERT), PROMPT, RULE).id

    changes = golden_reproduce.changes_between(Acting(season), old, new)

    assert changes.comparison.lost == {FIRST: (LumiRange(3, 4), LumiRange(8, 9))}
    responsible = [(each.name, each.before, each.after, each.lost) for each in changes.responsible]
    assert responsible == [
        (DT, "GOOD", "BAD", (LumiRange(3, 4),)),
        (BPIX, True, False, (LumiRange(8, 9),)),
    ]
    assert changes.responsible[0].action.comment == "dt-dt BAD"
    assert changes.responsible[0].action.author == EXPERT.email
    back = golden_reproduce.changes_between(Acting(season), new, old)
    assert [(each.name, each.before, each.after, each.gained) for each in back.responsible] == [
        (DT, "BAD", "GOOD", (LumiRange(3, 4),)),
        (BPIX, False, True, (LumiRange(8, 9),)),
    ]
    assert back.responsible[0].action == changes.responsible[0].action
    assert golden_reproduce.changes_since(Acting(season), old).responsible == changes.responsible
    assert golden_reproduce.changes_since(Acting(season), new).comparison.equal
    assert changes.text == "If it were made now, it would gain 0 LS and lose 4 LS."


def test_that_attributes_and_datasets_that_came_or_went_are_responsible_too(season):
    made = golden.generate(Acting(season, EXPERT), "/%/DQM", RULE).id
    datasets.move(Acting(season, EXPERT), [(FIRST, PROMPT), (FIRST, EXPRESS)], "dt", "SIGNOFF")
    pull.apply(Acting(season), a_run(390003, 10))
    good = ColumnEdit(390003, "online", "dt-dt", (LumiRange(1, 10),), Triplet("GOOD"))
    edit_columns(Acting(season, EXPERT), [good])
    runs.move(Acting(season, EXPERT), 390003, "SIGNOFF")
    open_all(season, 390003)

    changes = golden_reproduce.changes_since(Acting(season), made)

    assert changes.comparison.lost == {FIRST: (LumiRange(1, 10),)}
    assert changes.comparison.gained == {390003: (LumiRange(1, 10),)}
    responsible = {
        (each.run_number, each.name, each.before, each.after) for each in changes.responsible
    }
    assert responsible == {
        (FIRST, "dataset.dt_state", "OPEN", "SIGNOFF"),
        (390003, golden_reproduce.THE_DATASET, False, True),
    }
    assert all(each.action is not None for each in changes.responsible)


def test_that_another_rule_is_named_where_no_event_is_responsible(season):
    old = golden.generate(Acting(season, EXPERT), PROMPT, RULE).id
    strict = {"and": [*RULE["and"], {">": [{"var": "lumisection.lumisection_number"}, 2]}]}
    new = golden.generate(Acting(season, EXPERT), PROMPT, strict).id
    changes = golden_reproduce.changes_between(Acting(season), old, new)
    assert {(each.action, each.name, each.lost) for each in changes.responsible} == {
        (None, golden_reproduce.THE_RULE, (LumiRange(1, 2),))
    }
    other = golden.generate(Acting(season, EXPERT), EXPRESS, RULE).id
    both = golden.generate(Acting(season, EXPERT), "(" + EXPRESS + "|online)", strict).id
    changes = golden_reproduce.changes_between(Acting(season), other, both)
    assert changes.comparison.lost == {run: (LumiRange(1, 2),) for run in (FIRST, SECOND)}


@pytest.mark.parametrize("seed", range(4))
def test_that_every_list_of_a_story_is_reproduced_and_every_move_explained(season, seed):
    chance = random.Random(seed)
    made = []
    for _ in range(6):
        made.append(golden.generate(Acting(season, EXPERT), ANY, RULE).id)
        first = chance.randint(1, 9)
        where = (first, chance.randint(first, 10))
        name = chance.choice([PROMPT, EXPRESS])
        if chance.random() < 0.6:
            set_dt(season, chance.choice(["BAD", "GOOD", "STANDBY"]), where, name=name)
        else:
            set_bit(season, chance.choice([True, False]), where, name=name)

    for id_ in made:
        again = golden_reproduce.reproduce(Acting(season), id_)
        assert (again.equal, again.exact) == (True, True), again.text
    for old in made:
        for new in made:
            changes = golden_reproduce.changes_between(Acting(season), old, new)
            for run, ranges in (
                *changes.comparison.gained.items(),
                *changes.comparison.lost.items(),
            ):
                for first, last in ranges:
                    for number in range(first, last + 1):
                        assert any(
                            each.action is not None
                            and each.run_number == run
                            and any(a <= number <= b for a, b in (*each.gained, *each.lost))
                            for each in changes.responsible
                        )
