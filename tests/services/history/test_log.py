"""The log searched, opened and exported, on a database with the optional indexes and without."""

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app.domain.configuration.in_force import Kind as Configured
from app.domain.editing.edits import BitEdit, ColumnEdit
from app.domain.errors import BadInput, NotFound, Refused, TookTooLong
from app.domain.history.log import Kind, LogEntry, LogQuery, Position, Source, Subject, Who
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.progress import Cancelled
from app.domain.triplets import Triplet
from app.models.database import session
from app.models.database.engine import Database
from app.models.events import event_log
from app.models.events.event_log import DatasetChange, LumisectionChange, RunChange
from app.models.history import log as log_model
from app.models.schemas import indexes
from app.services.acting import Acting
from app.services.certification import cycles, runs
from app.services.configuration import edits as configuration_edits
from app.services.configuration import in_force as configuration
from app.services.editing import bulk as bulk_edit
from app.services.editing import lumisections
from app.services.golden import generation as golden
from app.services.history import log, log_details, log_export
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure
from tests.conftest import filled_once

RUN, OTHER = 390001, 390002
PROMPT = "/PromptReco/Collisions2025A/DQM"
SHIFTER = Actor("shifter@cern.ch", frozenset({"cms-dqm-runregistry-experts"}))
GOOD = Triplet("GOOD")
BAD = Triplet("BAD", "HV trip", "hv")


@filled_once
def two_runs(database: Database) -> None:
    """Two runs that were pulled, with a configuration."""
    configure(database)
    for number in (RUN, OTHER):
        pull.apply(Acting(database), a_run(number, 10))


@pytest.fixture(params=["indexed", "without indexes"])
def season(request: pytest.FixtureRequest, two_runs: Database) -> Database:
    """The two runs, on a database with our indexes on the shared tables and on one without."""
    if request.param == "without indexes":
        without_indexes(two_runs)
    return two_runs


def without_indexes(db: Database) -> None:
    with db.transaction() as connection:
        for index in indexes.INDEXES:
            connection.execute(text(f"DROP INDEX {index.name}"))
    with db.read() as connection:
        assert indexes.present(connection) == frozenset()


def set_column(db: Database, run: int, comment: str, actor: Actor = EXPERT) -> int:
    wanted = ColumnEdit(run, "online", "dt-dt", (LumiRange(2, 4),), Triplet("BAD", comment))
    version = bulk_edit.write(Acting(db, actor), [wanted], comment=comment).version
    assert version is not None
    return version


def append(db: Database, by: str, comment: str, *changes: event_log.Change) -> int:
    with db.transaction() as connection:
        return event_log.append(connection, by, comment, changes)


def versions(db: Database, query: LogQuery, limit: int = 50) -> list[int]:
    """Versions of all pages, however small these are."""
    return [each.number for each in whole(db, query, limit) if each.source is Source.VERSION]


def whole(db: Database, query: LogQuery, limit: int = 50) -> list[LogEntry]:
    found: list[LogEntry] = []
    position: Position | None = None
    while True:
        page = log.page(Acting(db), query, position, limit=limit)
        assert len(page.entries) <= limit
        found += page.entries
        if page.after is None:
            return found
        assert page.after != position
        position = page.after


def test_that_a_run_s_log_tells_all_that_touched_it_and_nothing_else(season: Database):
    edited = set_column(season, RUN, "trip in wheel 2")
    set_column(season, OTHER, "another one")
    bit = BitEdit(RUN, "online", "dt0_ready", (LumiRange(1, 2),), value=False)
    bits = bulk_edit.write(Acting(season, SHIFTER), [bit], comment="seen on the monitor").version
    found = whole(season, LogQuery(run=RUN))
    assert [each.number for each in found][:2] == [bits, edited]
    assert [each.kinds for each in found][:2] == [
        frozenset({Kind.BITS}),
        frozenset({Kind.LUMISECTIONS}),
    ]
    assert found[-1].kinds >= {Kind.RUN, Kind.LUMISECTIONS, Kind.BITS}
    assert all(each.subjects == (Subject(RUN, "online"),) for each in found)
    assert versions(season, LogQuery(run=RUN, kinds=frozenset({Kind.BITS}))) == [
        bits,
        found[-1].number,
    ]
    assert versions(season, LogQuery(run=RUN, words="WHEEL trip")) == [edited]
    assert versions(season, LogQuery(run=RUN, author=SHIFTER.email)) == [bits]


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_that_pages_of_any_size_tell_everything_once_and_newest_first(season: Database, limit: int):
    made = [set_column(season, RUN, f"number {number}") for number in range(4)]
    append(season, EXPERT.email, "new", DatasetChange(RUN, PROMPT))
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    cycles.create(Acting(season, EXPERT), "week 23", tomorrow, ["dt"], [(RUN, PROMPT)])
    golden.generate(Acting(season, EXPERT), "online", {"==": [1, 1]})
    made.append(set_column(season, OTHER, "the last"))
    found = whole(season, LogQuery(), limit)
    assert [each.at for each in found] == sorted((each.at for each in found), reverse=True)
    assert len({each.key for each in found}) == len(found)
    sources = [each.source for each in found]
    assert sources[:3] == [Source.VERSION, Source.GOLDEN, Source.CYCLE]
    assert Source.SETTINGS in sources
    with season.read() as connection:
        known = set(connection.execute(text('SELECT atomic_version FROM "Version"')).scalars())
    assert {each.number for each in found if each.source is Source.VERSION} == known


def test_that_authors_are_found_by_name_by_a_part_of_it_and_by_group(season: Database):
    edited = set_column(season, RUN, "by a person", SHIFTER)
    refreshed = append(season, f"auto@auto - {SHIFTER.email}", "refresh", RunChange(RUN))
    agent = append(season, "auto@auto - pixel-ae", "prediction", RunChange(OTHER))
    assert versions(season, LogQuery(author="pixel-ae")) == [agent]
    assert versions(season, LogQuery(author=SHIFTER.email)) == [refreshed, edited]
    assert versions(season, LogQuery(author="shift")) == [refreshed, edited]
    assert versions(season, LogQuery(author="nobody here")) == []
    assert versions(season, LogQuery(who=Who.PEOPLE)) == [edited]
    assert versions(season, LogQuery(who=Who.AGENTS)) == [agent]
    automatic = versions(season, LogQuery(who=Who.AUTOMATIC))
    assert automatic[0] == refreshed
    assert agent not in automatic
    assert len(automatic) >= 3
    assert whole(season, LogQuery(who=Who.PEOPLE))[-1].source is Source.SETTINGS


def test_that_a_kind_is_found_among_many_versions_of_other_kinds(season: Database):
    edited = set_column(season, RUN, "the only one")
    for number in range(30):
        append(season, "auto@auto", f"automatic update {number}", RunChange(RUN))
    assert versions(season, LogQuery(kinds=frozenset({Kind.LUMISECTIONS})), 1)[0] == edited
    by_person = LogQuery(who=Who.PEOPLE, kinds=frozenset({Kind.LUMISECTIONS}))
    assert versions(season, by_person) == [edited]
    of_run = versions(season, LogQuery(kinds=frozenset({Kind.RUN})), 7)
    assert len(of_run) == 32
    both = LogQuery(kinds=frozenset({Kind.RUN, Kind.LUMISECTIONS}))
    assert len(versions(season, both, 7)) == 33
    assert edited in versions(season, both, 7)


def test_that_a_changed_dataset_is_told_from_one_whose_lumisections_changed(season: Database):
    edit = ({"dt-dt": BAD}, (LumiRange(1, 2),))
    state = append(season, EXPERT.email, "state", DatasetChange(RUN, PROMPT, {"dt_state": "OPEN"}))
    cells = append(season, EXPERT.email, "cells", LumisectionChange(RUN, PROMPT, [edit]))
    hidden = append(season, EXPERT.email, "hidden", DatasetChange(RUN, PROMPT, deleted=True))
    shown = append(season, EXPERT.email, "shown", DatasetChange(RUN, PROMPT, deleted=False))
    kinds = frozenset({Kind.DATASET})
    assert versions(season, LogQuery(run=RUN, dataset=PROMPT)) == [shown, hidden, cells, state]
    assert versions(season, LogQuery(run=RUN, dataset=PROMPT, kinds=kinds)) == [
        shown,
        hidden,
        state,
    ]


def test_that_datasets_of_a_name_are_found_in_every_run(season: Database):
    made = [
        append(season, EXPERT.email, "new", DatasetChange(number, PROMPT))
        for number in (RUN, OTHER)
    ]
    for number in range(10):
        set_column(season, RUN, f"elsewhere {number}")
    edit = ({"dt-dt": BAD}, (LumiRange(1, 2),))
    made.append(append(season, EXPERT.email, "cells", LumisectionChange(RUN, PROMPT, [edit])))
    assert versions(season, LogQuery(dataset=PROMPT), 2) == made[::-1]
    of_lumisections = LogQuery(dataset=PROMPT, kinds=frozenset({Kind.LUMISECTIONS}))
    assert versions(season, of_lumisections) == made[-1:]
    assert versions(season, LogQuery(dataset="/No/Such/DQM")) == []


def test_that_a_time_is_kept_to_the_moment(season: Database):
    made = [set_column(season, RUN, f"number {number}") for number in range(3)]
    times = {each.number: each.at for each in whole(season, LogQuery(run=RUN))}
    middle = times[made[1]]
    tick = timedelta(microseconds=1)
    assert versions(season, LogQuery(since=middle)) == made[:0:-1]
    assert versions(season, LogQuery(since=middle + tick)) == made[:1:-1]
    assert versions(season, LogQuery(until=middle))[0] == made[1]
    assert versions(season, LogQuery(until=middle - tick))[0] == made[0]
    assert versions(season, LogQuery(since=middle, until=middle)) == [made[1]]
    with pytest.raises(BadInput, match="ends before it begins"):
        log.page(Acting(season), LogQuery(since=middle, until=middle - tick))


def test_that_a_long_search_says_how_far_back_it_looked_and_goes_on_from_there(season: Database):
    wanted = set_column(season, RUN, "needle in the haystack")
    with season.transaction() as connection:
        connection.execute(
            text(
                'INSERT INTO "Version" ("by", comment, "createdAt")'
                " SELECT 'auto@auto', 'hay', now() FROM generate_series(1, 5000)"
            )
        )
    query = LogQuery(words="needle")
    first = log.page(Acting(season), query, examine=1)
    assert first.entries == ()
    assert first.after is not None
    assert first.back_to is not None
    found: list[int] = []
    looks, after = 1, first.after
    while after is not None:
        page = log.page(Acting(season), query, after, examine=1)
        found += [each.number for each in page.entries]
        looks, after = looks + 1, page.after
    assert found == [wanted]
    assert looks >= 3
    assert [each.number for each in log.entries(Acting(season), query)] == [wanted]


def test_that_words_are_found_in_the_comments_of_cells(season: Database):
    edit = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(2, 3),), Triplet("BAD", "HV trip", "hv"))
    quoted = ColumnEdit(
        OTHER, "online", "dt-dt", (LumiRange(2, 3),), Triplet("BAD", 'the "YB" off')
    )
    (first,) = (lumisections.edit_columns(Acting(season, SHIFTER), [edit]).atomic_version,)
    second = lumisections.edit_columns(Acting(season, EXPERT), [quoted]).atomic_version
    with season.transaction() as connection:
        # What web clients write: nothing in the comment of the version says it.
        connection.execute(
            text("UPDATE \"Version\" SET comment = 'edit' WHERE \"by\" LIKE '%@%.%'")
        )
    assert versions(season, LogQuery(words="trip HV")) == [first]
    assert versions(season, LogQuery(words="trip edit")) == [first]
    assert versions(season, LogQuery(words='"YB"')) == [second]
    assert versions(season, LogQuery(words="trip YB")) == []
    assert versions(season, LogQuery(words="trip", run=OTHER)) == []
    assert versions(season, LogQuery(words="trip", run=RUN)) == [first]
    assert versions(season, LogQuery(words="trip", author=SHIFTER.email)) == [first]
    assert versions(season, LogQuery(words="trip", author=EXPERT.email)) == []
    assert versions(season, LogQuery(words="trip", kinds=frozenset({Kind.LUMISECTIONS}))) == [first]
    assert versions(season, LogQuery(words="trip", dataset="online")) == [first]


def test_that_words_are_taken_as_they_are(season: Database):
    percent = set_column(season, RUN, "100% of the_sector is off")
    set_column(season, RUN, "100 of theXsector is off")
    assert versions(season, LogQuery(words="100%")) == [percent]
    assert versions(season, LogQuery(words="the_sector OFF")) == [percent]
    assert versions(season, LogQuery(words='\'; DROP TABLE "Version" --')) == []


def test_that_golden_jsons_and_cycles_are_part_of_the_life_of_their_runs(season: Database):
    made = golden.generate(Acting(season, EXPERT), "online", {"==": [1, 1]})
    about_run = whole(season, LogQuery(run=RUN))
    assert (about_run[0].source, about_run[0].number) == (Source.GOLDEN, made.id)
    assert whole(season, LogQuery(run=RUN + 50)) == []
    only = LogQuery(kinds=frozenset({Kind.GOLDEN}))
    assert [each.number for each in whole(season, only)] == [made.id]


def test_that_a_bare_version_is_a_place_for_every_source(season: Database):
    first = set_column(season, RUN, "first")
    golden.generate(Acting(season, EXPERT), "online", {"==": [1, 1]})
    second = set_column(season, RUN, "second")
    found = log.page(Acting(season), LogQuery(), Position(version=second)).entries
    assert [each.source for each in found[:2]] == [Source.GOLDEN, Source.VERSION]
    older = log.page(Acting(season), LogQuery(), Position(version=first)).entries
    assert Source.GOLDEN not in [each.source for each in older]
    assert Source.SETTINGS in [each.source for each in older]


def test_that_an_entry_opens_to_what_it_changed(season: Database):
    edited = set_column(season, RUN, "trip")
    moved = runs.edit_attribute(Acting(season, EXPERT), RUN, "stop_reason", "beam dump")
    assert moved
    opened = log_details.open_version(Acting(season), edited)
    (part,) = opened.parts
    (dataset,) = part.datasets
    assert [(c.key, c.before, c.after, c.ranges) for c in dataset.columns] == [
        ("dt-dt", GOOD, Triplet("BAD", "trip"), (LumiRange(2, 4),))
    ]
    assert opened.subjects == opened.shown == ((RUN, "online"),)
    newest = log.page(Acting(season), LogQuery(run=RUN)).entries[0]
    (attribute,) = log_details.open_version(Acting(season), newest.number).parts[0].attributes
    assert (attribute.name, attribute.before, attribute.after) == (
        "stop_reason",
        "",
        "beam dump",
    )
    with pytest.raises(NotFound, match="no version 99999"):
        log_details.open_version(Acting(season), 99999)


def test_that_an_entry_opens_as_it_was_whatever_came_later(season: Database):
    first = set_column(season, RUN, "trip")
    set_column(season, RUN, "trip again")
    (part,) = log_details.open_version(Acting(season), first).parts
    (change,) = part.datasets[0].columns
    assert (change.before, change.after) == (GOOD, Triplet("BAD", "trip"))


def test_that_of_a_version_over_many_datasets_the_wanted_ones_are_opened(season: Database):
    edit = ({"dt-dt": BAD}, (LumiRange(1, 2),))
    names = [f"/Dataset{number:02}/Collisions2025A/DQM" for number in range(20)]
    version = append(
        season, EXPERT.email, "many", *(LumisectionChange(RUN, name, [edit]) for name in names)
    )
    opened = log_details.open_version(Acting(season), version)
    assert len(opened.subjects) == 20
    assert len(opened.shown) == len(opened.parts[0].datasets) == 12
    (part,) = log_details.open_version(Acting(season), version, [(RUN, names[19]), (1, "x")]).parts
    assert [each.dataset for each in part.datasets] == names[19:]
    entry = log.page(Acting(season), LogQuery(run=RUN)).entries[0]
    assert entry.more
    assert len(entry.subjects) == 4


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_that_an_export_holds_what_was_searched_for(season: Database, tmp_path: Path, suffix: str):
    edited = set_column(season, RUN, 'a "quoted", comment')
    file = tmp_path / f"log{suffix}"
    written = log_export.export(Acting(season), LogQuery(author=EXPERT.email, run=RUN), file)
    assert written.entries == 1
    if suffix == ".json":
        (found,) = json.loads(file.read_text())
        assert (found["number"], found["text"]) == (edited, 'a "quoted", comment')
        assert found["about"] == [[RUN, "online"]]
    else:
        with file.open(newline="") as stream:
            (row,) = csv.DictReader(stream)
        assert (row["entry"], row["text"]) == (str(edited), 'a "quoted", comment')
        assert row["kinds"] == "lumisections"
    assert sorted(tmp_path.iterdir()) == [file]


def test_that_an_export_that_fails_leaves_no_file(season: Database, tmp_path: Path):
    with pytest.raises(BadInput, match=r"\.csv or \.json"):
        log_export.export(Acting(season), LogQuery(), tmp_path / "log.txt")
    with pytest.raises(Refused, match="can't be written"):
        log_export.export(Acting(season), LogQuery(), tmp_path / "missing" / "log.csv")

    def stop(_reached: log.Reached) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        log_export.export(Acting(season), LogQuery(), tmp_path / "log.csv", on_page=stop)
    assert list(tmp_path.iterdir()) == []


def test_that_everybody_who_wrote_is_known_where_an_index_tells(database: Database):
    configure(database)
    pull.apply(Acting(database), a_run(RUN, 5))
    set_column(database, RUN, "a trip", SHIFTER)
    set_column(database, RUN, "another", EXPERT)
    assert log.known_authors(Acting(database)) == ("auto@auto", EXPERT.email, SHIFTER.email)
    without_indexes(database)
    assert log.known_authors(Acting(database)) == ()


def test_that_a_change_of_the_configuration_opens_item_by_item(season: Database):
    configuration_edits.add_item(
        Acting(season, EXPERT),
        Configured.CLASS,
        {"class": "Ions25", "classifier": {"==": [1, 1]}, "enabled": True, "priority": 9},
    )
    newest, first = whole(season, LogQuery(kinds=frozenset({Kind.CONFIGURATION})))[:2]
    assert (newest.author, newest.text) == (EXPERT.email, "configuration: class classifiers")
    (difference,) = log_details.open_settings(Acting(season), newest.number)
    assert [item.title for item in difference.added] == ["Ions25"]
    assert not difference.removed
    assert whole(season, LogQuery(words="class"))[0] == newest
    with pytest.raises(NotFound, match="no version 999"):
        log_details.open_settings(Acting(season), 999)
    assert first.number < newest.number


def test_that_the_real_history_of_the_configuration_is_told_in_the_order_of_its_items(
    database: Database, shared_data: Path
):
    configuration.import_folder(Acting(database, EXPERT), shared_data / "data" / "configuration")
    found = whole(database, LogQuery(kinds=frozenset({Kind.CONFIGURATION})))
    assert len(found) > 900
    times = [each.at for each in found]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) > 50
    assert len({each.key for each in found}) == len(found)
    changing = next(each for each in found if "component" in each.text)
    assert log_details.open_settings(Acting(database), changing.number)


def test_that_a_search_that_takes_too_long_tells_what_it_has_found_so_far(
    season: Database, monkeypatch: pytest.MonkeyPatch
):
    needle = set_column(season, RUN, "needle")
    with season.transaction() as connection:
        connection.execute(
            text(
                'INSERT INTO "Version" ("by", comment, "createdAt")'
                " SELECT 'auto@auto', 'hay ' || n || CASE n WHEN 4900 THEN ' needle' ELSE '' END,"
                " now() FROM generate_series(1, 5000) AS n"
            )
        )
    look, looks = log_model.block, []

    def tired(connection, search, before, *, size, limit):
        looks.append(size)
        if len(looks) > 1:
            raise TookTooLong("The server stopped the statement because it took too long.")
        return look(connection, search, before, size=size, limit=limit)

    query = LogQuery(words="needle")
    monkeypatch.setattr(log_model, "block", tired)
    page = log.page(Acting(season), query)
    assert [each.text for each in page.entries] == ["hay 4900 needle"]
    assert page.back_to is not None
    # It was tried with less at a time before it was given up.
    assert looks[1:] == sorted(looks[1:], reverse=True)
    assert len(looks) > 2
    with pytest.raises(TookTooLong):
        log.page(Acting(season), query, page.after)
    monkeypatch.setattr(log_model, "block", look)
    assert [each.number for each in log.entries(Acting(season), query, page.after)] == [needle]


def test_that_the_server_gives_up_after_the_time_it_was_given(season: Database):
    def sleep() -> None:
        with season.read() as connection:
            session.limit_statements(connection, 20)
            connection.execute(text("SELECT pg_sleep(10)"))

    with pytest.raises(TookTooLong, match="took too long"):
        sleep()


def test_that_golden_jsons_are_found_by_author_words_and_time_in_any_case(season: Database):
    made = golden.generate(Acting(season, EXPERT), "online", {"==": [1, 1]})
    of_lists = LogQuery(kinds=frozenset({Kind.GOLDEN}))
    (entry,) = log.page(Acting(season), of_lists).entries
    before, after = entry.at - timedelta(seconds=1), entry.at + timedelta(seconds=1)
    for found, changes in (
        (True, {"author": EXPERT.email.upper()[:6]}),
        (False, {"author": "nobody"}),
        (True, {"words": f"JSON #{made.id} ONLINE"}),
        (False, {"words": "official"}),
        (True, {"since": before, "until": after}),
        (False, {"since": after}),
        (False, {"until": before}),
    ):
        page = log.page(Acting(season), replace(of_lists, **changes))
        assert bool(page.entries) is found, changes
