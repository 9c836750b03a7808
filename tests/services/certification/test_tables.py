"""Tables, details and history as the window asks for them, over events written by the event log."""

from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from app.domain.errors import BadInput, NotFound
from app.domain.filters import parse
from app.domain.history.attributes import AttributeChange, LumisectionChange
from app.domain.json_value import JsonValue
from app.domain.lumisections import LumiRange
from app.models.database.engine import Database
from app.models.events import event_log, projections, states
from app.models.events.event_log import Change, DatasetChange, RunChange
from app.models.events.event_log import LumisectionChange as Lumisections
from app.models.history import run_history
from app.models.lists.tables.query import TableQuery
from app.services.acting import Acting
from app.services.certification import tables
from tests.conftest import filled_once

AUTO = "auto@auto"
PERSON = "shifter@cern.ch"
PROMPT = "/PromptReco/Collisions2022A/DQM"
RUN = 355100
BAD: JsonValue = {"status": "BAD", "comment": "HV trip", "cause": ""}
GOOD: JsonValue = {"status": "GOOD", "comment": "", "cause": ""}


def write(database: Database, by: str, comment: str, *changes: Change) -> int:
    """One action, with the summaries of the datasets it touches."""
    touched = {(e.run_number, e.name) for e in changes if not isinstance(e, RunChange)}
    with database.transaction() as connection:
        version = event_log.append(connection, by, comment, changes)
        loaded = states.load(connection, touched, desk=False)
        projections.store(connection, loaded, desk=False)
    return version


def cells(content: dict[str, object], *ranges: tuple[int, int], name: str = "online") -> Change:
    return Lumisections(RUN, name, [(content, [LumiRange(*each) for each in ranges])])


def bits(content: dict[str, object], *ranges: tuple[int, int], name: str = "online") -> Change:
    covered = [LumiRange(*each) for each in ranges]
    return Lumisections(RUN, name, [(content, covered)], oms=True)


@filled_once
def story(database: Database) -> None:
    """A run that was created, classed and flagged by a person, and updated over that word."""
    write(
        database,
        AUTO,
        "run creation",
        RunChange(RUN, {"energy": 6800}, {"class": "Cosmics22", "state": "OPEN"}),
        DatasetChange(RUN, "online"),
    )
    write(
        database, AUTO, "run creation", cells({"dt-dt": GOOD}, (1, 30)), bits({"b": True}, (1, 30))
    )
    write(database, PERSON, "it has beam", RunChange(RUN, rr={"class": "Collisions22"}))
    write(database, PERSON, "HV", cells({"dt-dt": BAD}, (3, 5), (9, 9)))
    write(database, AUTO, "run update", RunChange(RUN, {"energy": 6801}, {"class": "Cosmics22"}))
    write(database, PERSON, "copy", DatasetChange(RUN, PROMPT, {"dt_state": "OPEN"}, ("/a/b",)))
    write(
        database,
        AUTO,
        "new dataset appeared pinging gui",
        DatasetChange(RUN, PROMPT, {"dt_state": "SIGNOFF"}, ("/a/c",)),
    )
    write(database, PERSON, "hidden", DatasetChange(RUN, PROMPT, deleted=True))


def test_that_the_pages_of_both_tables_are_of_their_kind(story: Database) -> None:
    query = TableQuery("runs", parse("dt-dt.BAD = 4"), include_online=True, include_deleted=True)
    assert [row.key for row in tables.runs_page(Acting(story), query).rows] == [(RUN, "online")]
    found = tables.datasets_page(Acting(story), TableQuery("runs", None, include_deleted=True))
    assert [row.key for row in found.rows] == [(RUN, PROMPT)]
    assert tables.matching(Acting(story), query) == ((RUN, "online"),)
    (row,) = tables.rows(Acting(story), "runs", [(RUN, "online")])
    assert row.triplet_summary == {
        "dt-dt": {"GOOD": 26, "BAD": 4, "EMPTY": 0, "comments": ["HV trip"], "causes": []}
    }


def test_that_details_say_which_attributes_are_by_hand_and_what_the_program_would_say(
    story: Database,
) -> None:
    details = tables.run_details(Acting(story), RUN)
    by_name = {each.name: each for each in details.rr}
    class_ = by_name["class"]
    assert (class_.value, class_.by_hand, class_.author) == ("Collisions22", True, PERSON)
    assert class_.automatic == "Cosmics22"
    assert class_.at is not None
    assert (by_name["state"].value, by_name["state"].by_hand) == ("OPEN", False)
    assert [(each.name, each.value, each.author) for each in details.oms] == [
        ("energy", 6801, AUTO)
    ]
    assert [(each.name, each.deleted) for each in details.datasets] == [
        (PROMPT, True),
        ("online", False),
    ]


def test_that_details_of_a_dataset_name_who_set_its_states(story: Database) -> None:
    details = tables.dataset_details(Acting(story), RUN, PROMPT)
    states_of_it = {each.name: (each.value, each.author) for each in details.attributes}
    assert states_of_it == {"dt_state": ("SIGNOFF", AUTO), "deleted": (True, PERSON)}
    assert details.row.datasets_in_gui == ("/a/b", "/a/c")


def test_that_details_of_what_does_not_exist_are_not_found(story: Database) -> None:
    with pytest.raises(NotFound, match="no run 1"):
        tables.run_details(Acting(story), 1)
    with pytest.raises(NotFound, match="no dataset nothing"):
        tables.dataset_details(Acting(story), RUN, "nothing")
    assert tables.run_history(Acting(story), 1) == ()


def test_that_history_tells_every_action_newest_first(story: Database) -> None:
    history = tables.run_history(Acting(story), RUN)
    assert [(each.comment, each.author, each.manual) for each in history] == [
        ("hidden", PERSON, True),
        ("new dataset appeared pinging gui", AUTO, False),
        ("copy", PERSON, True),
        ("run update", AUTO, False),
        ("HV", PERSON, True),
        ("it has beam", PERSON, True),
        ("run creation", AUTO, False),
        ("run creation", AUTO, False),
    ]
    assert [each.version for each in history] == sorted(
        (each.version for each in history), reverse=True
    )
    hidden, appeared, _, update, flagged, classed, lumisections, creation = history
    assert hidden.attributes == (AttributeChange("dataset", PROMPT, "deleted", None, True, True),)
    both: JsonValue = ["/a/b", "/a/c"]
    added = AttributeChange("dataset", PROMPT, "datasets_in_gui", ["/a/b"], both, both)
    assert added in appeared.attributes
    assert update.attributes == (
        AttributeChange("oms", "", "energy", 6800, 6801, 6801),
        AttributeChange(
            "rr", "", "class", "Collisions22", "Collisions22", "Cosmics22", overruled=True
        ),
    )
    assert flagged.lumisections == (
        LumisectionChange("online", False, "dt-dt", BAD, (LumiRange(3, 5), LumiRange(9, 9))),
    )
    assert classed.attributes == (
        AttributeChange("rr", "", "class", "Cosmics22", "Collisions22", "Collisions22"),
    )
    assert lumisections.lumisections == (
        LumisectionChange("online", False, "dt-dt", GOOD, (LumiRange(1, 30),)),
        LumisectionChange("online", True, "b", True, (LumiRange(1, 30),)),
    )
    assert AttributeChange("oms", "", "energy", None, 6800, 6800) in creation.attributes


def test_that_history_comes_in_pages_that_follow_each_other(story: Database) -> None:
    whole = tables.run_history(Acting(story), RUN)
    pages: list[Sequence[object]] = []
    before = None
    while found := tables.run_history(Acting(story), RUN, limit=3, before=before):
        pages.append(found)
        before = found[-1].version
    assert [each for page in pages for each in page] == list(whole)
    assert [len(page) for page in pages] == [3, 3, 2]
    with pytest.raises(BadInput):
        tables.run_history(Acting(story), RUN, limit=0)


def test_that_the_history_of_a_dataset_is_its_own(story: Database) -> None:
    assert [each.comment for each in tables.dataset_history(Acting(story), RUN, PROMPT)] == [
        "hidden",
        "new dataset appeared pinging gui",
        "copy",
    ]
    online = tables.dataset_history(Acting(story), RUN, "online")
    assert [each.comment for each in online] == [
        *("run update", "HV", "it has beam", "run creation", "run creation")
    ]


def test_that_no_part_of_a_history_scans_a_table_of_events(
    story: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[tuple[str, object]] = []

    def note(
        _connection: object, _cursor: object, statement: str, parameters: object, *_: object
    ) -> None:
        statements.append((statement, parameters))

    with story.read() as connection:
        sa.event.listen(connection, "before_cursor_execute", note)
        versions = run_history.versions_of_run(connection, RUN, None, 50)
        run_history.versions_of_run(connection, RUN, PROMPT, 50, before=10)
        run_history.run_events(connection, RUN)
        run_history.dataset_events(connection, RUN)
        shown = {version for each in versions for version in each.events}
        run_history.lumisection_writes(connection, shown)
        run_history.authors(connection, shown)
        sa.event.remove(connection, "before_cursor_execute", note)
        assert len(statements) == 11
        # On a table of eight rows the planner would rather read them all.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, parameters in statements:
            plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)  # type: ignore[arg-type]
            text = "\n".join(line for (line,) in plan)
            assert "Seq Scan" not in text, text
            assert "Index Cond" in text
