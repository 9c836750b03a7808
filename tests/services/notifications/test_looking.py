"""What others did is told once: flags, conflicts, mentions, proposals, lists, deadlines."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import text

from app.domain import notifications as rules
from app.domain.agents.proposals import AgentColumn, Mode
from app.domain.certification.cycles import Cycle, Progress
from app.domain.certification.wishes import OfficialWish
from app.domain.editing.edits import ColumnEdit
from app.domain.identity import Actor
from app.domain.links import CycleLink, GoldenLink, RunLink
from app.domain.lumisections import LumiRange
from app.domain.notification_choice import Choice, NotificationKind
from app.domain.notifications import Notification, summaries
from app.domain.triplets import Triplet
from app.models import notifications as model
from app.models.database.engine import Database
from app.models.golden import generated_json
from app.models.history import notes as notes_model
from app.models.pulling import wishes
from app.services import notes
from app.services.acting import Acting
from app.services.agents import registry as agents
from app.services.editing import bulk, drafts
from app.services.editing.drafts import Draft
from app.services.notifications import book as kept_book
from app.services.notifications.book import NotificationBook
from app.services.notifications.looking import Told, begin, begin_at, look
from app.services.notifications.waiting import waiting
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.conftest import filled_once

FIRST, SECOND = 390001, 390002
ME = Actor("anna@cern.ch", EXPERT.egroups)
OTHER = Actor("berta@cern.ch", EXPERT.egroups)
BAD = Triplet("BAD", "HV trip", "hv")


@filled_once
def two_runs(database: Database) -> None:
    configure(database)
    for run in (FIRST, SECOND):
        pull.apply(Acting(database), a_run(run, 10))


@pytest.fixture
def mine(two_runs: Database) -> Acting:
    return Acting(two_runs, ME)


def edit(acting: Acting, *runs: int, triplet: Triplet = BAD) -> None:
    edits = [ColumnEdit(run, "online", "dt-dt", (LumiRange(2, 4),), triplet) for run in runs]
    bulk.write(acting, edits, comment="seen in the plots")


def only(*kinds: NotificationKind, workspaces: frozenset[str] = frozenset()) -> Choice:
    return Choice(frozenset(kinds), workspaces)


def found(acting: Acting, choice: Choice) -> tuple[Notification, ...]:
    told = begin_at(acting, datetime.now(UTC) - timedelta(hours=1))
    return look(acting, choice, told).notifications


def test_that_what_somebody_else_set_bad_is_told_once_and_leads_to_its_cells(mine: Acting) -> None:
    told = begin(mine)
    edit(mine, FIRST, triplet=Triplet("BAD", "my own word"))
    edit(mine.by(OTHER), FIRST, SECOND)

    first = look(mine, only(NotificationKind.FLAGS), told)

    assert [each.text for each in first.notifications] == [
        f'dt-dt BAD in run {run}, LS 2-4, by berta@cern.ch: "HV trip"' for run in (SECOND, FIRST)
    ]
    link = RunLink(FIRST, "online", ("dt-dt",), (LumiRange(2, 4),))
    assert first.notifications[1].link == link
    again = Told.parse(first.told.text)
    assert again == first.told
    assert look(mine, only(NotificationKind.FLAGS), again).notifications == ()
    other = only(NotificationKind.FLAGS, workspaces=frozenset({"csc"}))
    assert look(mine, other, told).notifications == ()


def test_that_an_edit_over_mine_and_one_in_my_draft_are_conflicts(
    mine: Acting, tmp_path: Path
) -> None:
    edit(mine, FIRST)
    told = begin(mine)
    cells = (ColumnEdit(SECOND, "online", "dt-dt", (LumiRange(4, 9),), BAD),)
    drafts.store(mine, Draft(SECOND, "online", cells, 0))
    edit(mine.by(OTHER), FIRST, SECOND, triplet=Triplet("GOOD", "", ""))

    conflicts = only(NotificationKind.CONFLICTS)
    assert {each.text for each in look(mine, conflicts, told).notifications} == {
        f"berta@cern.ch set dt-dt GOOD in run {FIRST}, LS 2-4, which you had set",
        f"berta@cern.ch set dt-dt GOOD in run {SECOND}, LS 4, which your draft sets, too",
    }
    assert look(mine.by(OTHER), conflicts, told).notifications == ()
    # What is drafted on this machine alone counts: the database may have no place for it.
    drafts.forget(mine, (SECOND, "online"))
    drafts.keep_file(
        of_folder := replace(mine, draft_folder=tmp_path), Draft(SECOND, "online", cells, 0)
    )
    texts = {each.text for each in look(of_folder, conflicts, told).notifications}
    assert (
        f"berta@cern.ch set dt-dt GOOD in run {SECOND}, LS 4, which your draft sets, too" in texts
    )
    own = rules.OwnCells(FIRST, "online", "dt-dt", (LumiRange(2, 4),), version=9)
    at = datetime.now(UTC)
    earlier = rules.CellsSet(8, "a@b", at, FIRST, "online", "dt-dt", "BAD", "", own.ranges)
    assert rules.conflicts([earlier], [own]) == []


def test_that_a_note_that_names_me_my_column_or_answers_me_is_a_mention(mine: Acting) -> None:
    other = mine.by(OTHER)
    own = notes.add(mine, FIRST, "", (), "dt-dt looks odd")
    notes.add(other, FIRST, "", (), "nothing of interest to annabel")
    notes.add(other, FIRST, "online", [LumiRange(3, 4)], "@anna, look")
    column = notes.add(other, FIRST, "", (), "see dt-dt")
    notes.correct(other, column.number, "see dt-dt again")
    notes.reply(other, own.number, "it is")

    told = found(mine, only(NotificationKind.MENTIONS))

    assert [each.text for each in told] == [
        f'berta@cern.ch mentions you on run {FIRST}, LS 3-4: "@anna, look"',
        f'berta@cern.ch mentions dt-dt on run {FIRST}: "see dt-dt again"',
        f'berta@cern.ch answers you on run {FIRST}: "it is"',
    ]


def official_list(acting: Acting) -> int:
    """A golden JSON of somebody else that is official."""
    with acting.db.transaction() as connection:
        return generated_json.insert(
            connection,
            {
                **{column: {} for column in generated_json._JSON_COLUMNS},
                **dict.fromkeys(generated_json._LUMINOSITY_COLUMNS, 0.0),
                "dataset_name_filter": "/Prompt.*",
                "tags": "2025C",
                "created_by": OTHER.email,
                "official": True,
                "runregistry_version": 1,
                "min_run_number": FIRST,
                "max_run_number": FIRST,
            },
        )


def test_that_a_list_that_somebody_made_official_here_is_no_news_to_them(
    mine: Acting, tmp_path: Path
) -> None:
    book = NotificationBook(mine, tmp_path)
    book.look()
    own, another = official_list(mine), official_list(mine)
    NotificationBook(mine, tmp_path).made_official([own])
    assert [each.link for each in book.look().notifications] == [GoldenLink(another)]
    assert book.look().notifications == ()


def test_that_who_asked_a_puller_for_an_official_list_is_not_told_of_it_as_news(
    mine: Acting,
) -> None:
    told, asked = begin(mine), official_list(mine)
    with mine.db.transaction() as connection:
        wishes.add(connection, OfficialWish(asked), ME.email)
    assert look(mine, only(NotificationKind.OFFICIAL), told).notifications == ()
    (heard,) = look(mine.by(Actor("carla@cern.ch")), Choice(), told).notifications
    assert heard.link == GoldenLink(asked)


def test_that_two_windows_of_a_person_tell_it_once_between_them(
    mine: Acting, tmp_path: Path
) -> None:
    windows = [NotificationBook(mine, tmp_path) for _ in range(2)]
    for window in windows:
        window.look()
    edit(mine.by(OTHER), FIRST)
    with ThreadPoolExecutor(2) as pool:
        told = [*pool.map(NotificationBook.look, windows)]
    assert sorted(len(each.notifications) for each in told) == [0, 1]


def test_that_a_list_is_marked_as_read_while_a_look_waits_for_its_server(
    mine: Acting, tmp_path: Path
) -> None:
    waits, goes_on = Event(), Event()

    def choice() -> Choice:
        waits.set()
        assert goes_on.wait(30)
        return Choice()

    book = NotificationBook(mine, tmp_path, choice)
    goes_on.set()
    book.look()
    edit(mine.by(OTHER), FIRST)
    waits.clear()
    goes_on.clear()
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(book.look)
        assert waits.wait(30)
        read = book.mark_read().read
        goes_on.set()
        assert len(looking.result().notifications) == 1
    assert book.happened().read == read


@pytest.mark.expected_log("can't be read and begins anew")
def test_that_proposals_and_official_lists_are_told_and_kept_for_the_next_start(
    mine: Acting, tmp_path
) -> None:
    book = NotificationBook(mine, tmp_path)
    assert book.look().notifications == ()
    agents.register(mine, "ae", "1.0", [AgentColumn("dt-dt", Mode.PROPOSES, "dt-dt")])
    agents.propose(mine, "ae", f"{FIRST},online,dt-dt,3,4,BAD,HV trip,")
    made = official_list(mine)
    assert {each.text for each in book.look().notifications} == {
        f"ae made 1 proposal for dt-dt in run {FIRST}",
        f"Golden JSON {made} of /Prompt.*, 2025C, is official, made by berta@cern.ch",
    }
    assert waiting(mine, Choice()).proposals == 1
    next_start = NotificationBook(mine, tmp_path)
    assert next_start.look().notifications == ()
    assert next_start.happened().unread == 2
    assert GoldenLink(made) in {each.link for each in next_start.happened().notifications}
    assert next_start.mark_read().unread == 0
    (file,) = tmp_path.glob("*.json")
    for damaged in ("{", "[]", '{"told": 1, "read": null, "happened": [7]}'):
        file.write_text(damaged)
        assert NotificationBook(mine, tmp_path).happened().notifications == ()


def test_that_a_position_kept_before_marks_were_told_is_gone_on_from(mine: Acting) -> None:
    kept = json.loads(begin(mine).text)
    del kept["mark"], kept["freeze"]
    told = Told.parse(json.dumps(kept))
    assert told is not None
    assert look(mine, Choice(), told).notifications == ()


def test_that_a_deadline_is_told_when_it_is_near_today_and_when_it_has_passed() -> None:
    day = date(2025, 6, 10)
    progress = {"dt": Progress(completed=3, open=2), "csc": Progress()}
    states = {"global": "pending", "dt": "pending", "csc": "completed"}
    cycle = Cycle(7, "week 22", states, day, datetime.now(UTC), 5, progress)

    def told(days: int, *workspaces: str) -> list[Notification]:
        choice = Choice(workspaces=frozenset(workspaces))
        now = datetime.now(UTC)
        return rules.deadlines([cycle], choice, day + timedelta(days=days), now)

    assert told(-3) == []
    assert (
        told(-2)[0].text == 'Cycle "week 22" is due in 2 days (2025-06-10); 2 datasets left in dt'
    )
    assert told(-2)[0].key == told(-1)[0].key != told(0)[0].key
    assert "was due 1 day ago" in told(1)[0].text
    assert told(0)[0].link == CycleLink(7)
    assert told(0, "csc") == []


def test_that_hundreds_of_notes_that_came_meanwhile_are_all_told_and_once(mine: Acting) -> None:
    told = begin(mine)
    notes.add(mine.by(OTHER), FIRST, "online", (LumiRange(1, 2),), "@anna look")
    with mine.db.transaction() as connection:
        columns = 'kind, about, run_number, name, ranges, text, "by"'
        connection.execute(
            text(
                f"INSERT INTO record.note ({columns}) SELECT {columns} FROM record.note,"
                " generate_series(1, 700)"
            )
        )
    found = look(mine, only(NotificationKind.MENTIONS), told)
    (summary,) = summaries(found.notifications, found.more)
    assert summary.title == "701 mentions"
    assert look(mine, only(NotificationKind.MENTIONS), found.told).notifications == ()


def test_that_more_than_is_looked_at_is_told_as_that(
    mine: Acting, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(notes_model, "MOST_AFTER", 3)
    monkeypatch.setattr(model, "_MOST_VERSIONS", 2)
    choice = only(NotificationKind.MENTIONS, NotificationKind.FLAGS)
    book = NotificationBook(mine, tmp_path, lambda: choice)
    book.look()
    for _ in range(4):
        notes.add(mine.by(OTHER), FIRST, "online", (LumiRange(1, 2),), "@anna look")
    edit(mine.by(OTHER), FIRST)
    found = book.look()
    titles = [each.title for each in summaries(found.notifications, found.more)]
    assert titles == ["BAD flag", "At least 3 mentions"]
    assert book.happened().number == "at least 4"
    assert NotificationBook(mine, tmp_path).happened().more
    assert not book.mark_read().more

    for column in ("dt-dt", "csc-csc", "dt-dt"):
        bulk.write(
            mine.by(OTHER),
            [ColumnEdit(FIRST, "online", column, (LumiRange(5, 6),), BAD)],
            comment="seen",
        )
    (flags,) = summaries((found := book.look()).notifications, found.more)
    assert (flags.title, flags.lines(1)[1]) == ("At least 2 BAD flags", "and at least 1 more")


def test_that_more_than_the_list_keeps_is_counted_as_that(
    mine: Acting, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kept_book, "_MOST", 2)
    book = NotificationBook(mine, tmp_path, lambda: only(NotificationKind.MENTIONS))
    book.look()
    for kept, number in ((2, "2"), (1, "at least 2")):
        for _ in range(kept):
            notes.add(mine.by(OTHER), FIRST, "online", (LumiRange(1, 2),), "@anna look")
        book.look()
        assert book.happened().number == number


def test_that_what_came_while_away_is_summed_up_by_kind() -> None:
    def some(kind: NotificationKind, number: int) -> Notification:
        at = datetime(2025, 6, 1, tzinfo=UTC) + timedelta(minutes=number)
        return Notification(kind, f"{kind} {number}", at, f"the {number}th", GoldenLink(1))

    many = [some(NotificationKind.FLAGS, number) for number in range(300)]
    flags, mention = summaries([*many, some(NotificationKind.MENTIONS, 1)])

    assert (flags.title, flags.lines(2)) == (
        "300 BAD flags",
        ("the 299th", "the 298th", "and 298 more"),
    )
    assert (mention.title, mention.lines()) == ("Mention", ("the 1th",))
