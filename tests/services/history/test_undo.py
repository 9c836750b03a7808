"""Undoing a version: what comes back, what is left alone, what is refused; and redoing it."""

import random
import re

import pytest

from app.domain.editing.edits import BitEdit, ColumnEdit
from app.domain.errors import NotFound, NotPermitted, Refused
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.triplets import SETTABLE_STATUSES, Triplet
from app.models.database.engine import Database
from app.models.events import rows
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange, LumisectionChange, RunChange
from app.models.history import writes as history
from app.services.acting import Acting
from app.services.certification import datasets, runs
from app.services.editing import bulk as bulk_edit
from app.services.editing import lumisections
from app.services.history import undo
from app.services.pulling import runs as pull
from tests.builders import EXPERT, NOBODY, a_run, configure
from tests.conftest import filled_once
from tests.models.events.test_event_log import check_folds
from tests.plain_folds import plain_datasets, plain_runs

RUN = 390001
LENGTH = 10
PROMPT = "/PromptReco/Collisions2025A/DQM"
EXPRESS = "/Express/Collisions2025/DQM"
SHIFTER = Actor("shifter@cern.ch", frozenset({"shifters"}))
BAD = Triplet("BAD", "HV trip", "hv")
GOOD = Triplet("GOOD")
NOTHING = {"status": "EMPTY", "comment": "", "cause": ""}


def pull_run(database: Database) -> None:
    """One open run of 10 LS on the small configuration."""
    configure(database)
    pull.apply(Acting(database), a_run(RUN, LENGTH))


@filled_once
def online(database: Database) -> None:
    """That run, open."""
    pull_run(database)


@filled_once
def offline(database: Database) -> None:
    """The run signed off; its two offline datasets are open everywhere."""
    pull_run(database)
    set_column(database, "dt-dt", GOOD, (1, LENGTH))
    runs.move(Acting(database, EXPERT), RUN, "SIGNOFF")
    keys = [(RUN, PROMPT), (RUN, EXPRESS)]
    datasets.move(Acting(database, EXPERT), keys, "global", "OPEN")


def set_column(
    db: Database,
    column: str,
    triplet: Triplet,
    *ranges: tuple[int, int],
    dataset: str = "online",
    actor: Actor = EXPERT,
) -> int:
    wanted = ColumnEdit(RUN, dataset, column, tuple(LumiRange(*each) for each in ranges), triplet)
    version = bulk_edit.write(Acting(db, actor), [wanted]).version
    assert version is not None
    return version


def set_bit(db: Database, bit: str, first: int, last: int, *, value: bool, dataset: str = "online"):
    wanted = BitEdit(RUN, dataset, bit, (LumiRange(first, last),), value)
    return bulk_edit.write(Acting(db, EXPERT), [wanted], comment="seen on the monitor").version


def as_read(db: Database) -> dict:
    """Everything as readers take it: a column without a value is EMPTY, a bit without one null."""
    with db.read() as connection:
        found: dict = {"runs": {n: (r.rr, r.deleted) for n, r in plain_runs(connection).items()}}
        for key, each in plain_datasets(connection).items():
            columns = {column for cells in each.rr.values() for column in cells}
            bits = {bit for cells in each.oms.values() for bit in cells}
            found[key] = (
                each.attributes,
                each.deleted,
                {
                    (column, n): cells.get(column, NOTHING)
                    for n, cells in each.rr.items()
                    for column in columns
                    if cells.get(column, NOTHING) != NOTHING
                },
                {
                    (bit, n): cells.get(bit)
                    for n, cells in each.oms.items()
                    for bit in bits
                    if cells.get(bit) is not None
                },
                each.own_oms,
            )
    return found


def statuses(db: Database, column: str, dataset: str = "online") -> list[str]:
    rr = lumisections.dataset_state(Acting(db), RUN, dataset).rr
    return [
        value.status if (value := rr.value(column, number)) else ""
        for number in range(1, LENGTH + 1)
    ]


# --- what comes back ------------------------------------------------------------------------------


def test_that_marking_a_run_significant_is_one_step(database: Database):
    configure(database)
    pull.apply(Acting(database), a_run(RUN, LENGTH, hlt_key=None))
    before = as_read(database)
    runs.mark_significant(Acting(database, EXPERT), RUN)
    with database.read() as connection:
        marked, classified = sorted(
            each.version
            for each, _ in history.versions_of_run(connection, RUN, None, 10)
            if each.version > 1 and EXPERT.email in each.author
        )[-2:]
    assert "GOOD" in statuses(database, "dt-dt")

    # Whichever of the two versions is named, both go back as one.
    for version in (marked, classified):
        planned = undo.preview(Acting(database, EXPERT), version)
        assert planned.undone.version == marked
        assert planned.cells > 0
        assert [each.name for of in planned.attributes for each in of.attributes.restored] == [
            "significant"
        ]
        assert planned.refused == ()
    done = undo.undo(Acting(database, EXPERT), classified)
    assert as_read(database) == before
    assert done.text.startswith(f"Undid version {marked}: ")
    undo.undo(Acting(database, EXPERT), done.version)
    assert "GOOD" in statuses(database, "dt-dt")


def test_that_undoing_an_edit_brings_every_cell_back_and_undoing_that_is_the_redo(online: Database):
    before = as_read(online)
    version = set_column(online, "dt-dt", BAD, (2, 4), (7, 7))
    edited = as_read(online)
    undone = undo.undo(Acting(online, EXPERT), version)
    assert as_read(online) == before
    undo.undo(Acting(online, EXPERT), undone.version)
    assert as_read(online) == edited
    check_folds(online)


def test_that_the_preview_says_where_an_automatic_value_comes_back_as_a_persons_word(
    online: Database,
):
    set_column(online, "dt-dt", BAD, (3, 3))
    version = set_column(online, "dt-dt", Triplet("STANDBY"), (2, 4))
    preview = undo.preview(Acting(online, EXPERT), version)
    assert preview.by_hand
    restored = {
        each.ranges: (each.restored, each.by_hand) for each in preview.columns[0].cells.restored
    }
    assert restored == {
        (LumiRange(2, 2), LumiRange(4, 4)): (GOOD, True),
        (LumiRange(3, 3),): (BAD, False),
    }
    undo.undo(Acting(online, EXPERT), version)
    pull.apply(Acting(online), a_run(RUN, LENGTH, changed={2: {"dt0_ready": False}}))
    assert statuses(online, "dt-dt")[1] == "GOOD"


def test_that_the_preview_says_what_the_automatic_value_is_by_now(online: Database):
    version = set_column(online, "dt-dt", BAD, (2, 4))
    pull.apply(Acting(online), a_run(RUN, LENGTH, changed={3: {"dt0_ready": False}}))
    restored = undo.preview(Acting(online, EXPERT), version).columns[0].cells.restored
    assert {(each.ranges, each.automatic) for each in restored} == {
        ((LumiRange(2, 2), LumiRange(4, 4)), None),
        ((LumiRange(3, 3),), Triplet("BAD")),
    }


def test_that_cells_changed_since_are_named_and_left_alone(online: Database):
    version = set_column(online, "dt-dt", BAD, (2, 6))
    later = set_column(online, "dt-dt", Triplet("STANDBY"), (4, 5), actor=SHIFTER)
    preview = undo.preview(Acting(online, EXPERT), version)
    since = preview.columns[0].cells.changed_since
    assert [(each.ranges, each.version, each.now.status) for each in since] == [
        ((LumiRange(4, 5),), later, "STANDBY")
    ]
    assert preview.authors[later].author == SHIFTER.email
    undo.undo(Acting(online, EXPERT), version)
    assert statuses(online, "dt-dt")[1:6] == ["GOOD", "GOOD", "STANDBY", "STANDBY", "GOOD"]


def test_that_a_column_that_was_not_there_reads_as_empty_again(online: Database):
    before = as_read(online)
    version = set_column(online, "hcal-hcal", BAD, (1, 3))
    preview = undo.preview(Acting(online, EXPERT), version)
    assert [each.in_place for each in preview.columns[0].cells.restored] == [True]
    undo.undo(Acting(online, EXPERT), version)
    assert as_read(online) == before
    check_folds(online)


def test_that_a_bit_of_online_comes_back_in_every_dataset_with_the_value_each_had(
    offline: Database,
):
    set_bit(offline, "dt0_ready", 2, 5, value=False, dataset=PROMPT)
    runs.move(Acting(offline, EXPERT), RUN, "OPEN")
    before = as_read(offline)
    version = set_bit(offline, "dt0_ready", 1, 3, value=False)
    set_bit(offline, "dt0_ready", 1, 1, value=True, dataset=EXPRESS)
    assert version is not None
    undone = undo.undo(Acting(offline, EXPERT), version)
    after = as_read(offline)
    assert after[RUN, "online"] == before[RUN, "online"]
    assert after[RUN, PROMPT] == before[RUN, PROMPT]
    assert after[RUN, EXPRESS][3]["dt0_ready", 1] is True
    check_folds(offline)
    redone = undo.undo(Acting(offline, EXPERT), undone.version)
    state = lumisections.dataset_state(Acting(offline), RUN, PROMPT)
    assert [state.oms.value("dt0_ready", number) for number in (1, 2, 5)] == [False, False, False]
    assert redone.preview.cells > 0
    check_folds(offline)


def test_that_attributes_states_and_hidden_datasets_are_undone(offline: Database):
    runs.move(Acting(offline, EXPERT), RUN, "OPEN")
    before = as_read(offline)
    with offline.read() as connection:
        known = set(plain_runs(connection))
    assert known == {RUN}
    made = []
    runs.edit_attribute(Acting(offline, EXPERT), RUN, "stop_reason", "beam dump")
    made.append(newest(offline))
    datasets.move(Acting(offline, EXPERT), [(RUN, PROMPT)], "dt", "SIGNOFF")
    made.append(newest(offline))
    with begin(offline, [RUN]) as action:
        change = DatasetChange(RUN, EXPRESS, deleted=True)
        made.append(action.append(EXPERT.email, "hide", [change]))
    runs.move(Acting(offline, EXPERT), RUN, "SIGNOFF")
    made.append(newest(offline))
    for version in reversed(made):
        undo.undo(Acting(offline, EXPERT), version)
    after = as_read(offline)
    assert after == before
    check_folds(offline)


def test_that_the_sign_off_that_comes_back_makes_the_waiting_datasets_that_are_missing(
    offline: Database,
):
    runs.move(Acting(offline, EXPERT), RUN, "OPEN")
    version = newest(offline)
    undo.undo(Acting(offline, EXPERT), version)
    with offline.read() as connection:
        assert rows.get_run(connection, RUN).state == "SIGNOFF"
        assert rows.datasets_of_run(connection, RUN).keys() == {"online", PROMPT, EXPRESS}


def test_that_undoing_the_making_of_a_dataset_hides_it(offline: Database):
    with begin(offline, [RUN]) as action:
        key = (RUN, "/Copy/Collisions2025/DQM")
        action.is_new(key)
        payload = ({"dt-dt": GOOD}, (LumiRange(1, 3),))
        version = action.append(
            EXPERT.email, "copy", [DatasetChange(*key), LumisectionChange(*key, [payload])]
        )
    preview = undo.preview(Acting(offline, EXPERT), version)
    assert [(each.dataset, each.hide, each.made) for each in preview.visibility] == [
        (key[1], True, True)
    ]
    undone = undo.undo(Acting(offline, EXPERT), version)
    with offline.read() as connection:
        assert rows.datasets_of_run(connection, RUN)[key[1]].deleted
    undo.undo(Acting(offline, EXPERT), undone.version)
    with offline.read() as connection:
        assert not rows.datasets_of_run(connection, RUN)[key[1]].deleted
    check_folds(offline)


# --- what doesn't ---------------------------------------------------------------------------------


def newest(db: Database) -> int:
    with db.read() as connection:
        return max(
            event.atomic_version
            for event in connection.exec_driver_sql('SELECT atomic_version FROM "Version"')
        )


def test_that_the_making_of_a_run_and_an_unknown_version_are_refused(online: Database):
    with pytest.raises(Refused, match="created run 390001"):
        undo.undo(Acting(online, EXPERT), 1)
    with pytest.raises(NotFound, match="no version 4711"):
        undo.preview(Acting(online, EXPERT), 4711)


def test_that_an_undo_takes_the_rights_of_the_edit_whosever_version_it_is(online: Database):
    version = set_column(online, "dt-dt", BAD, (2, 4), actor=SHIFTER)
    with pytest.raises(NotPermitted, match="shifters"):
        undo.undo(Acting(online, NOBODY), version)
    assert [part.what for part in undo.preview(Acting(online, NOBODY), version).refused] == [
        "dt-dt of run 390001"
    ]
    undo.undo(Acting(online, EXPERT), version)


def test_that_an_undo_takes_the_open_state_that_the_edit_takes(offline: Database):
    runs.move(Acting(offline, EXPERT), RUN, "OPEN")
    version = set_column(offline, "dt-dt", BAD, (2, 4))
    runs.move(Acting(offline, EXPERT), RUN, "SIGNOFF")
    with pytest.raises(Refused, match="must be OPEN"):
        undo.undo(Acting(offline, EXPERT), version)


def test_that_a_second_undo_finds_nothing_left(online: Database):
    version = set_column(online, "dt-dt", BAD, (2, 4))
    undo.undo(Acting(online, EXPERT), version)
    with pytest.raises(Refused, match="nothing to undo"):
        undo.undo(Acting(online, EXPERT), version)


def test_that_lumisections_that_came_with_an_automatic_version_stay(online: Database):
    pull.apply(Acting(online), a_run(RUN, LENGTH + 2, changed={3: {"dt0_ready": False}}))
    with online.read() as connection:
        versions = [
            version
            for (version,) in connection.exec_driver_sql(
                'SELECT atomic_version FROM "LumisectionEvent" JOIN "Event" USING (version)'
                " ORDER BY version DESC LIMIT 1"
            )
        ]
    preview = undo.preview(Acting(online, EXPERT), versions[0])
    assert any("came with this version" in each.reason for each in preview.kept)
    assert {each.ranges for each in preview.columns[0].cells.restored} == {(LumiRange(3, 3),)}


def test_that_refused_parts_are_left_out_only_when_asked(offline: Database):
    edits = [
        ColumnEdit(RUN, PROMPT, column, (LumiRange(1, 2),), BAD) for column in ("dt-dt", "csc-csc")
    ]
    version = bulk_edit.write(Acting(offline, EXPERT), edits).version
    assert version is not None
    dt_expert = Actor("dt@cern.ch", frozenset({"dt-experts"}))
    with pytest.raises(NotPermitted, match="csc-csc"):
        undo.undo(Acting(offline, dt_expert), version)
    undo.undo(Acting(offline, dt_expert), version, leave_out_refused=True)
    assert statuses(offline, "dt-dt", PROMPT)[0] == "GOOD"
    assert statuses(offline, "csc-csc", PROMPT)[0] == "BAD"


# --- any sequence of edits and undos --------------------------------------------------------------


class Editor:
    """Edits and undoes at random."""

    def __init__(self, db: Database, seed: int) -> None:
        self.db = db
        self.random = random.Random(seed)
        self.made: list[int] = []

    def act(self) -> int | None:
        """One random action; its version, None when it was refused or changed nothing."""
        name = self.random.choice(
            ["columns"] * 3 + ["bits"] * 2 + ["auto", "state", "hide", "undo"]
        )
        try:
            return getattr(self, name)()
        except Refused:
            return None

    def ranges(self) -> tuple[LumiRange, ...]:
        first = self.random.randint(1, LENGTH)
        return (LumiRange(first, self.random.randint(first, LENGTH)),)

    def dataset(self) -> str:
        return self.random.choice(["online", PROMPT, EXPRESS])

    def columns(self) -> int | None:
        edits = []
        for _ in range(self.random.randint(1, 4)):
            dataset = self.dataset()
            column = self.random.choice(["dt-dt", "csc-csc"])
            triplet = Triplet(self.random.choice(SETTABLE_STATUSES), "some comment")
            edits.append(ColumnEdit(RUN, dataset, column, self.ranges(), triplet))
        return bulk_edit.write(Acting(self.db, EXPERT), edits).version

    def bits(self) -> int | None:
        edits = [
            BitEdit(
                RUN,
                self.dataset(),
                self.random.choice(["dt0_ready", "cscm_ready"]),
                self.ranges(),
                self.random.random() < 0.5,
            )
            for _ in range(self.random.randint(1, 3))
        ]
        return bulk_edit.write(Acting(self.db, EXPERT), edits, comment="because").version

    def auto(self) -> int | None:
        """An automatic version, as a pull makes it."""
        with begin(self.db, [RUN]) as action:
            payload = {"dt-dt": Triplet(self.random.choice(SETTABLE_STATUSES), "auto")}
            bits = {"cscm_ready": self.random.choice([True, False])}
            return action.append(
                "auto@auto",
                "pull",
                [
                    RunChange(RUN, rr={"stop_reason": self.random.choice(["a", "b"])}),
                    LumisectionChange(RUN, "online", [(payload, self.ranges())]),
                    LumisectionChange(RUN, "online", [(bits, self.ranges())], oms=True),
                ],
            )

    def state(self) -> int | None:
        workspace = self.random.choice(["dt", "csc", "global"])
        keys = [(RUN, self.random.choice([PROMPT, EXPRESS]))]
        state = self.random.choice(["OPEN", "OPEN", "SIGNOFF"])
        return datasets.move(Acting(self.db, EXPERT), keys, workspace, state).atomic_version

    def hide(self) -> int | None:
        with self.db.read() as connection:
            hidden = rows.datasets_of_run(connection, RUN)[EXPRESS].deleted
        with begin(self.db, [RUN]) as action:
            change = DatasetChange(RUN, EXPRESS, deleted=not hidden)
            return action.append(EXPERT.email, "hide", [change])

    def undo(self) -> int | None:
        if not self.made:
            return None
        return undo.undo(Acting(self.db, EXPERT), self.random.choice(self.made)).version


@pytest.mark.parametrize("seed", range(4))
def test_that_after_any_edits_and_undos_the_state_is_the_fold_and_the_newest_can_be_undone_exactly(
    offline: Database, seed: int
):
    runs.move(Acting(offline, EXPERT), RUN, "OPEN")
    editor = Editor(offline, seed)
    exact = 0
    for _ in range(14):
        before = as_read(offline)
        version = editor.act()
        if version is None:
            assert as_read(offline) == before
            continue
        editor.made.append(version)
        changed = as_read(offline)
        if changed != before:
            refused = undo.preview(Acting(offline, EXPERT), version).refused
            if refused:
                assert all(re.search("hidden|OPEN", str(part.reason)) for part in refused)
                continue
            undone = undo.undo(Acting(offline, EXPERT), version)
            assert as_read(offline) == before
            exact += 1
            check_folds(offline)
            undo.undo(Acting(offline, EXPERT), undone.version)
            assert as_read(offline) == changed
    check_folds(offline)
    assert exact >= 5


def test_that_undoing_a_sign_off_tells_of_the_datasets_it_made(database: Database):
    configure(database)
    pull.apply(Acting(database), a_run(RUN, LENGTH))
    good = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(1, LENGTH),), Triplet("GOOD"))
    lumisections.edit_columns(Acting(database, EXPERT), [good])
    moved = runs.move(Acting(database, EXPERT), RUN, "SIGNOFF")
    assert len(moved.datasets) == 2
    version = undo.newest_to_undo(Acting(database, EXPERT)).version
    preview = undo.preview(Acting(database, EXPERT), version)
    assert preview.made == tuple(sorted(moved.datasets))
    assert "2 datasets that the sign-off made stay" in preview.text
    assert {kept.dataset for kept in preview.kept} >= set(moved.datasets)
    assert (
        "2 datasets that the sign-off made stay"
        in undo.undo(Acting(database, EXPERT), version).text
    )
    again = runs.move(Acting(database, EXPERT), RUN, "SIGNOFF")
    assert again.datasets == ()
    version = undo.newest_to_undo(Acting(database, EXPERT)).version
    assert undo.preview(Acting(database, EXPERT), version).made == ()
