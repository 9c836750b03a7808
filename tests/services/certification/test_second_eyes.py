"""Second eyes: what another person verified asks for a reason, and a frozen cycle for a thaw."""

import threading
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import text

from app.domain import filters
from app.domain.certification.dataset_tools import ChangeStates, SetColumns
from app.domain.certification.second_eyes import WHOLE, CycleFrozen, NeedsReason
from app.domain.certification.todo import TaskKind
from app.domain.errors import BadInput, NotPermitted, Refused
from app.domain.filters import parse
from app.domain.history.log import Kind, LogQuery
from app.domain.identity import Actor
from app.domain.json_value import JsonValue
from app.domain.lumisections import LumiRange
from app.domain.sources.pull import OutcomeKind
from app.domain.triplets import Triplet
from app.models.events import second_eyes as model
from app.models.events.action import begin
from app.models.events.event_log import LumisectionChange
from app.models.lists.tables.query import TableQuery
from app.services.acting import Acting
from app.services.certification import cycles, datasets, records, second_eyes, tables, todo
from app.services.editing import bulk, dataset_tools, lumisections
from app.services.editing.lumisections import BitEdit, ColumnEdit
from app.services.golden import generation
from app.services.history import log, undo
from app.services.pulling import runs as pull
from tests.builders import EXPERT, NOBODY, a_run
from tests.conftest import TestServer
from tests.services.offline_runs import (
    EXPRESS,
    FIRST,
    OPENED,
    PROMPT,
    SECOND,
    fill_opened,
    newest_version,
)

KEY = (FIRST, PROMPT)
OTHER = Actor("second@cern.ch", EXPERT.egroups)


@pytest.fixture
def author(server: TestServer) -> Iterator[Acting]:
    with server.opened(server.template(OPENED, fill_opened)) as database:
        yield Acting(database, EXPERT)


@pytest.fixture
def other(author: Acting) -> Acting:
    return author.by(OTHER)


def edit(
    acting: Acting,
    column: str = "dt-dt",
    status: str = "STANDBY",
    key: tuple[int, str] = KEY,
    ls: int = 3,
) -> None:
    lumisections.edit_columns(
        acting, [ColumnEdit(*key, column, (LumiRange(ls, ls),), Triplet(status))]
    )


def standing(acting: Acting) -> list[str]:
    return [each.workspace for each in second_eyes.marks(acting, [KEY]).get(KEY, ())]


def test_that_a_second_person_verifies_and_never_who_changed_it_last(
    author: Acting, other: Acting
) -> None:
    edit(author)
    for workspace in ("dt", WHOLE):
        with pytest.raises(Refused, match="You made the newest change of the"):
            second_eyes.verify(author, [KEY], workspace)
    # Nor with another spelling of the address.
    with pytest.raises(Refused, match="You made the newest change"):
        second_eyes.verify(author.by(Actor(EXPERT.email.upper(), EXPERT.egroups)), [KEY], "dt")
    with pytest.raises(NotPermitted):
        second_eyes.verify(author.by(NOBODY), [KEY], "dt")
    done = second_eyes.verify(other, [KEY], "dt", comment="plots look fine")
    assert done.text == f"Verified {PROMPT} of run {FIRST} in workspace dt."
    assert standing(author) == ["dt"]
    with pytest.raises(Refused, match="verified already"):
        second_eyes.verify(other, [KEY], "dt")
    told = [
        each.text for each in log.page(author, LogQuery(kinds=frozenset({Kind.VERIFIED}))).entries
    ]
    assert told == ["verified in dt: plots look fine"]


def test_that_changing_what_is_verified_takes_a_reason_and_the_mark_away(
    author: Acting, other: Acting
) -> None:
    edit(author)
    second_eyes.verify(other, [KEY], "dt")
    second_eyes.verify(other, [KEY], WHOLE)
    with pytest.raises(NeedsReason, match="give a reason") as refused:
        edit(author, status="EXCLUDED")
    assert {each.workspace for each in refused.value.marks} == {"dt", WHOLE}
    # Another workspace's column is in the mark of the whole dataset alone.
    edit(author.because("seen in the plots"), column="csc-csc")
    assert standing(author) == ["dt"]
    edit(author.because("HV trip found"), status="EXCLUDED")
    assert standing(author) == []
    newest = second_eyes.history(author, KEY)[0]
    assert (newest.mark.by, newest.why, newest.verified) == (EXPERT.email, "HV trip found", False)
    assert newest.text == "mark taken away in dt: HV trip found"
    # So that the history of the cells tells it, too.
    assert newest_version(author.db)[2].endswith(" (HV trip found)")


def test_that_a_reason_is_a_few_sentences_on_every_way_and_is_kept_as_written(
    author: Acting, other: Acting
) -> None:
    edit(author)
    second_eyes.verify(other, [KEY], "dt")
    long = "<b>x</b>" * 2_500
    with pytest.raises(BadInput, match="up to 2000 characters; this has 20000"):
        edit(author.because(long), status="EXCLUDED")
    with pytest.raises(BadInput, match="up to 2000 characters"):
        datasets.move(author, [KEY], "dt", "SIGNOFF", comment=long)
    assert standing(author) == ["dt"]
    edit(author.because(long[:2_000]), status="EXCLUDED")
    assert second_eyes.history(author, KEY)[0].why == long[:2_000]
    # Where nothing is verified a long comment is no reason.
    datasets.move(author, [KEY], "dt", "SIGNOFF", comment=long)


def test_that_filters_find_what_is_verified_until_it_changes(author: Acting, other: Acting) -> None:
    def found(text: str) -> list[tuple[int, str]]:
        return sorted(tables.matching(author, query_of(text)))

    assert filters.VERIFIED in tables.vocabulary(author).by_field
    everything = found("verified is null")
    assert KEY in everything
    second_eyes.verify(other, [KEY], "dt")
    assert found("verified = dt") == found("verified contains dt") == [KEY]
    assert found("verified = csc") == []
    assert found("verified is null") == [key for key in everything if key != KEY]
    query = TableQuery("datasets", sort=tables.sort_of("verified,run", None))
    rows = tables.rows_at_once(author, query).rows
    assert (rows[0].key, [each.workspace for each in rows[0].marks]) == (KEY, ["dt"])
    edit(author.because("HV trip found"), status="EXCLUDED")
    assert found("verified is not null") == []
    with pytest.raises(Refused, match="can be asked of now only"):
        records.page_at(author, query_of("verified = dt"), newest_version(author.db)[0])


def query_of(text: str) -> TableQuery:
    return TableQuery("datasets", parse(text))


def test_that_a_dataset_of_which_no_event_is_kept_is_verified_as_any_other(
    author: Acting, other: Acting
) -> None:
    with author.db.transaction() as connection:
        connection.execute(
            text(
                'INSERT INTO "Dataset" SELECT (jsonb_populate_record(NULL::"Dataset",'
                ' to_jsonb(known) || \'{"name": "/Old/Data/DQM"}\')).* FROM "Dataset" AS known'
                " WHERE run_number = :run AND name = :name"
            ),
            {"run": KEY[0], "name": KEY[1]},
        )
    second_eyes.verify(other, [(FIRST, "/Old/Data/DQM")], "dt")
    assert second_eyes.marks(author, [(FIRST, "/Old/Data/DQM")])


def test_that_every_way_to_change_states_and_columns_asks_for_the_reason(
    author: Acting, other: Acting
) -> None:
    def verified() -> None:
        edit(author.because("again"), status="GOOD")
        edit(author.because("again"))
        second_eyes.verify(other, [KEY], "dt")

    verified()
    with pytest.raises(NeedsReason):
        datasets.move(author, [KEY], "dt", "SIGNOFF")
    datasets.move(author, [KEY], "dt", "SIGNOFF", comment="done")
    datasets.move(author, [KEY], "dt", "OPEN")
    verified()
    tool = SetColumns((KEY,), ("dt-dt",), "GOOD")
    with pytest.raises(NeedsReason):
        dataset_tools.apply(author, tool)
    dataset_tools.apply(author, tool, reason="all good")
    verified()
    with pytest.raises(NeedsReason):
        bulk.write(author, [ColumnEdit(*KEY, "dt-dt", (LumiRange(1, 2),), Triplet("STANDBY"))])
    version = bulk.write(
        author.because("x"), [ColumnEdit(*KEY, "dt-dt", (LumiRange(1, 2),), Triplet("STANDBY"))]
    ).version
    assert version is not None
    second_eyes.verify(other, [KEY], "dt")
    # Undoing what took a mark away brings no mark back, and takes the new one away.
    with pytest.raises(NeedsReason):
        undo.undo(author, version)
    undo.undo(author, version, comment="was right before")
    assert standing(author) == []


def test_that_bits_and_luminosity_concern_a_whole_dataset_and_not_a_workspace(
    author: Acting, other: Acting
) -> None:
    edit(author)
    second_eyes.verify(other, [KEY], "dt")
    second_eyes.verify(other, [KEY], WHOLE)
    bit = BitEdit(*KEY, "dt0_ready", (LumiRange(1, 2),), value=False)
    with begin(author.db, [FIRST]) as action:
        values = [({"recorded": 1.5}, (LumiRange(1, 1),))]
        action.append(EXPERT.email, "luminosity", [LumisectionChange(*KEY, values, oms=True)])
    assert standing(author) == [WHOLE, "dt"]
    try:
        lumisections.edit_bits(author, [bit], comment="HV trip")
    except Refused as refused:
        pytest.fail(str(refused))
    assert standing(author) == ["dt"]


def test_that_what_the_web_service_writes_takes_the_mark_away_too(
    author: Acting, other: Acting
) -> None:
    edit(author)
    second_eyes.verify(other, [KEY], "dt")
    with author.db.transaction() as connection:
        connection.execute(
            text(
                'WITH made AS (INSERT INTO "Version" ("by", comment, "createdAt") VALUES'
                " ('web@cern.ch', 'x', now()) RETURNING atomic_version), event AS (INSERT INTO"
                ' "Event" (version, atomic_version) SELECT nextval(\'"Event_version_seq"\'),'
                " atomic_version FROM made RETURNING version)"
                ' INSERT INTO "DatasetEvent" (version, run_number, name, dataset_metadata,'
                " datasets_in_gui, deleted) SELECT version, :run, :name,"
                " '{\"dt_state\": \"SIGNOFF\"}', '[]', false FROM event"
            ),
            {"run": FIRST, "name": PROMPT},
        )
    assert standing(author) == []
    fallen = second_eyes.history(author, KEY)[0]
    assert (fallen.verified, fallen.mark.by) == (False, "web@cern.ch")
    assert "changed it without a reason" in fallen.why
    (task,) = todo.todo(author).of_kind(TaskKind.MARK)
    assert "verify it again" in task.text
    second_eyes.verify(other, [KEY], "dt")
    assert standing(author) == ["dt"]
    assert second_eyes.history(author, KEY)[0].verified
    assert todo.todo(author).of_kind(TaskKind.MARK) == ()


def test_that_marks_are_taken_back_by_who_set_them_or_may_verify(
    author: Acting, other: Acting
) -> None:
    edit(author)
    second_eyes.verify(other, [KEY], "dt")
    with pytest.raises(BadInput, match="Give a reason"):
        second_eyes.take_back(other, [KEY], "dt", " ")
    with pytest.raises(NotPermitted):
        second_eyes.take_back(author.by(NOBODY), [KEY], "dt", "x")
    second_eyes.take_back(author, [KEY], "dt", "wrong run")
    assert standing(author) == []
    with pytest.raises(Refused, match="None of them is verified"):
        second_eyes.take_back(other, [KEY], "dt", "x")


def frozen_cycle(author: Acting) -> int:
    made = cycles.create(author, "week 40", date(2026, 1, 1), ["dt", "csc"], [KEY])
    second_eyes.freeze(author, made.id, "for Moriond")
    return made.id


def test_that_nothing_in_a_frozen_cycle_changes_until_it_is_thawed_with_a_reason(
    author: Acting, other: Acting
) -> None:
    edit(author)
    version = bulk.write(
        author, [ColumnEdit(*KEY, "dt-dt", (LumiRange(9, 9),), Triplet("STANDBY"))]
    ).version
    assert version is not None
    id_cycle = frozen_cycle(author)
    states = ChangeStates((KEY,), "SIGNOFF", "dt", ("OPEN",))
    for what in (
        lambda: edit(author),
        lambda: datasets.move(author, [KEY], "dt", "SIGNOFF"),
        lambda: dataset_tools.apply(author, SetColumns((KEY,), ("dt-dt",), "GOOD")),
        lambda: dataset_tools.apply(author, states),
        lambda: undo.undo(author, version),
        lambda: cycles.move_all(author, id_cycle, "dt"),
        lambda: cycles.edit(author, id_cycle, name="week 41"),
        lambda: cycles.add(author, id_cycle, [(SECOND, PROMPT)]),
        lambda: cycles.remove(author, id_cycle, [KEY]),
        lambda: cycles.delete(author, id_cycle),
        lambda: lumisections.edit_bits(
            author, [BitEdit(*KEY, "dt0_ready", (LumiRange(1, 1),), value=False)], comment="xxx"
        ),
    ):
        with pytest.raises(Refused, match="frozen"):
            what()
    edit(author, key=(FIRST, EXPRESS))
    with pytest.raises(BadInput):
        second_eyes.thaw(author, id_cycle, "")
    with pytest.raises(NotPermitted):
        second_eyes.thaw(author.by(NOBODY), id_cycle, "x")
    assert second_eyes.freezes(author)[id_cycle].why == "for Moriond"
    second_eyes.thaw(other, id_cycle, "HV trip found")
    edit(author, status="EXCLUDED")
    told = [each.what for each in cycles.history(author, id_cycle)]
    assert told == ["thawed: HV trip found", "frozen: for Moriond", "created"]
    with pytest.raises(Refused, match="isn't frozen"):
        second_eyes.thaw(other, id_cycle, "x")


def test_that_a_bulk_edit_says_what_it_leaves_out_of_a_frozen_cycle(author: Acting) -> None:
    frozen_cycle(author)
    edits = [
        ColumnEdit(*key, "dt-dt", (LumiRange(1, 2),), Triplet("STANDBY"))
        for key in (KEY, (SECOND, PROMPT))
    ]
    preview = bulk.preview(author, edits)
    assert [isinstance(line.refused, CycleFrozen) for line in preview.lines] == [True, False]
    with pytest.raises(CycleFrozen):
        bulk.write(author, edits)
    written = bulk.write(author, edits, leave_out_refused=True)
    assert (written.datasets, len(written.left_out)) == (1, 1)
    assert "Left out: 1 line." in written.text
    tool = SetColumns((KEY, (SECOND, PROMPT)), ("dt-dt",), "GOOD")
    (problem,) = dataset_tools.preview(author, tool).problems
    assert "week 40, which is frozen" in problem


def test_that_the_puller_flags_what_it_would_change_in_a_frozen_cycle(author: Acting) -> None:
    frozen_cycle(author)
    before = lumisections.dataset_state(author, *KEY).oms.at(2)
    newer = {"last_update": "2025-06-01T00:00:00Z"}
    outcome = pull.apply(
        Acting(author.db), a_run(FIRST, 10, changed={2: {"beam1_stable": False}}, **newer)
    )
    assert outcome.kind is OutcomeKind.FLAGGED
    assert "is in cycle week 40, which is frozen" in outcome.text
    assert lumisections.dataset_state(author, *KEY).oms.at(2) == before


def test_that_who_edits_just_now_is_waited_for_by_who_freezes_and_the_other_way_round(
    author: Acting, other: Acting
) -> None:
    made = cycles.create(author, "week 40", date(2026, 1, 1), ["dt"], [KEY])
    refused: list[Exception] = []

    def freezing() -> None:
        second_eyes.freeze(other, made.id)

    def editing() -> None:
        try:
            edit(author, status="EXCLUDED")
        except Refused as error:
            refused.append(error)

    with begin(author.db, [FIRST]) as action:
        thread = threading.Thread(target=freezing)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        values = [({"dt-dt": Triplet("STANDBY")}, (LumiRange(1, 1),))]
        action.append(EXPERT.email, "x", [LumisectionChange(*KEY, values)])
    thread.join(10)
    assert made.id in second_eyes.freezes(author)
    second_eyes.thaw(other, made.id, "again")
    with begin(author.db, [FIRST]) as action:
        thread = threading.Thread(target=editing)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        model.freeze(action.connection, made.id, "x@cern.ch", "", frozen=True)
    thread.join(10)
    assert [type(each) for each in refused] == [CycleFrozen]


def test_that_pages_of_the_read_api_and_new_lists_tell_what_is_verified(
    author: Acting, other: Acting
) -> None:
    edit(author)
    second_eyes.verify(other, [KEY], "dt")
    frozen_cycle(author)
    found = {each.key: each for each in records.page(author, TableQuery("datasets")).records}
    assert [mark.workspace for mark in found[KEY].marks] == ["dt"]
    assert found[KEY].frozen_in == "week 40"
    assert found[FIRST, EXPRESS].marks == ()
    row = {each.key: each for each in tables.datasets_page(author, TableQuery("datasets")).rows}
    assert (len(row[KEY].marks), row[KEY].frozen_in) == (1, "week 40")
    rule: JsonValue = {"and": [{"==": [{"var": "dt-dt"}, "GOOD"]}]}
    made = generation.generate(author, PROMPT, rule, insist=True)
    assert made.remark.startswith("1 of 2 datasets are verified by a second person.")
