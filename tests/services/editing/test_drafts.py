"""Drafts: kept wherever that is possible, offered again, checked against what changed meanwhile."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.editing.edits import BitEdit, ColumnEdit
from app.domain.errors import Refused, Unavailable
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.progress import Cancelled, Progress
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import bulk as bulk_edit
from app.services.editing import drafts, landing
from app.services.editing.drafts import Draft
from app.services.editing.landing import DraftMark
from app.services.history import look as history
from app.services.pulling import runs as pull
from tests.builders import EXPERT, NOBODY, a_run, configure
from tests.conftest import databases_filled_by

pytestmark = pytest.mark.expected_log("The draft", always=False)


RUN = 390001
BAD = Triplet("BAD", "HV trip", "hv")
EDITS = (
    ColumnEdit(RUN, "online", "dt-dt", (LumiRange(2, 4), LumiRange(7, 7)), BAD),
    BitEdit(RUN, "online", "dt0_ready", (LumiRange(1, 1),), value=False),
)


def fill_online(database: Database) -> None:
    """One open run of 10 LS on the small configuration."""
    configure(database)
    pull.apply(Acting(database), a_run(RUN, 10))


template = databases_filled_by(fill_online)


@pytest.fixture
def online(database: Database) -> Database:
    return database


def a_draft(db: Database, comment: str = "so far") -> Draft:
    seen = history.look(Acting(db), RUN, "online").seen
    return Draft(RUN, "online", EDITS, seen, comment, selection={"rows": ["dt-dt"]})


def acting(db: Database, actor: Actor, folder: Path | None) -> Acting:
    return Acting(db, actor, draft_folder=folder)


def lost_connection() -> None:
    """Stands for a transaction without a server."""
    raise Unavailable("The database can't be reached.")


def test_that_a_draft_is_offered_again_as_it_was(online: Database, tmp_path: Path):
    before = datetime.now(UTC)
    draft = a_draft(online)
    assert drafts.save(acting(online, EXPERT, tmp_path), draft)
    (offer,) = drafts.offered(acting(online, EXPERT, tmp_path))
    found = offer.draft
    assert (found.edits, found.seen, found.comment, found.selection) == (
        EDITS,
        draft.seen,
        "so far",
        {"rows": ["dt-dt"]},
    )
    assert found.saved >= before
    assert offer.preview is not None
    assert (offer.preview.cells, offer.preview.conflicts) == (5, ())
    assert drafts.offered(acting(online, NOBODY, tmp_path)) == ()


@pytest.mark.expected_log("The draft .* can't be read", always=False)
@pytest.mark.parametrize("lost", ["file", "database"])
def test_that_a_draft_survives_the_loss_of_either_copy(online: Database, tmp_path: Path, lost: str):
    drafts.save(acting(online, EXPERT, tmp_path), a_draft(online))
    if lost == "file":
        for path in tmp_path.iterdir():
            path.write_text("{", encoding="utf-8")
    else:
        with online.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM desk.draft")
    assert [offer.draft.edits for offer in drafts.offered(acting(online, EXPERT, tmp_path))] == [
        EDITS
    ]


def test_that_the_newer_copy_counts(online: Database, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    drafts.save(acting(online, EXPERT, tmp_path), a_draft(online, "first"))
    drafts.save(acting(online, EXPERT, elsewhere), a_draft(online, "second"))
    (offer,) = drafts.offered(acting(online, EXPERT, tmp_path))
    assert offer.draft.comment == "second"


def test_that_without_the_desk_the_file_alone_keeps_it(online: Database, dsn: str, tmp_path: Path):
    deskless = Database(dsn)
    try:
        assert not drafts.save(acting(deskless, EXPERT, tmp_path), a_draft(online))
        (offer,) = drafts.offered(acting(deskless, EXPERT, tmp_path))
        assert offer.draft.edits == EDITS
        drafts.drop(acting(deskless, EXPERT, tmp_path), (RUN, "online"))
        assert drafts.offered(acting(deskless, EXPERT, tmp_path)) == ()
    finally:
        deskless.close()


def test_that_a_draft_given_up_without_a_connection_stays_given_up(
    online: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    drafts.save(acting(online, EXPERT, tmp_path), a_draft(online))
    with monkeypatch.context() as patch:
        patch.setattr(online, "transaction", lost_connection)
        drafts.drop(acting(online, EXPERT, tmp_path), (RUN, "online"))
        assert not drafts.save(acting(online, NOBODY, tmp_path), a_draft(online))
    assert drafts.offered(acting(online, EXPERT, tmp_path)) == ()
    assert drafts.offered(acting(online, EXPERT, tmp_path / "other")) == ()
    assert len(drafts.offered(acting(online, NOBODY, tmp_path))) == 1


def test_that_an_offer_shows_what_others_changed_meanwhile(online: Database, tmp_path: Path):
    drafts.save(acting(online, EXPERT, tmp_path), a_draft(online))
    other = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(3, 3),), Triplet("STANDBY"))
    bulk_edit.write(Acting(online, EXPERT), [other])
    (offer,) = drafts.offered(acting(online, EXPERT, tmp_path))
    assert offer.preview is not None
    assert [(c.ranges, c.now) for c in offer.preview.conflicts] == [
        ((LumiRange(3, 3),), Triplet("STANDBY"))
    ]


def test_that_a_draft_that_nobody_can_keep_or_delete_is_refused(
    online: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    occupied = tmp_path / "file"
    occupied.write_text("", encoding="utf-8")
    assert drafts.save(acting(online, EXPERT, occupied), a_draft(online))
    monkeypatch.setattr(online, "transaction", lost_connection)
    with pytest.raises(Refused, match="can't be kept"):
        drafts.save(acting(online, EXPERT, occupied), a_draft(online))
    with pytest.raises(Refused, match="can't be deleted"):
        drafts.drop(acting(online, EXPERT, occupied), (RUN, "online"))


def test_that_without_a_folder_the_database_alone_keeps_it(
    online: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert drafts.save(acting(online, EXPERT, None), a_draft(online))
    (offer,) = drafts.offered(acting(online, EXPERT, None))
    assert offer.draft.edits == EDITS
    drafts.drop(acting(online, EXPERT, None), (RUN, "online"))
    assert drafts.offered(acting(online, EXPERT, tmp_path)) == ()
    monkeypatch.setattr(online, "transaction", lost_connection)
    with pytest.raises(Refused, match="neither a folder nor the database"):
        drafts.save(acting(online, EXPERT, None), a_draft(online))


DAMAGED = {
    "cut off": lambda text: text[: len(text) // 2],
    "empty": lambda _text: "",
    "a list": lambda _text: "[]",
    "deep": lambda _text: "[" * 100_000,
    "no dataset": lambda text: text.replace('"online"', "null"),
    "a run that can't be": lambda text: text.replace(f'"run_number": {RUN}', '"run_number": 1e400'),
    "a great run": lambda text: text.replace(f'"run_number": {RUN}', '"run_number": 4294967296'),
    "a dataset with U+0000": lambda text: text.replace('"online"', '"on\\u0000line"'),
    "no text": lambda text: text.replace('"content"', '"contents"'),
}
ODD = {
    "a column with half a character": lambda text: text.replace('"dt-dt"', '"dt\\ud800"'),
    "a range before the first": lambda text: text.replace("[2, 4]", "[0, 4]"),
    "a range backwards": lambda text: text.replace("[2, 4]", "[4, 2]"),
    "another form": lambda text: text.replace('"format": 1', '"format": 2'),
    "edits of nothing": lambda text: text.replace('"edits": [', '"edits": [7, '),
}


@pytest.mark.parametrize("damage", [*DAMAGED.values(), *ODD.values()], ids=[*DAMAGED, *ODD])
def test_that_a_damaged_draft_hides_no_other_and_is_kept(
    online: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage
):
    pull.apply(Acting(online), a_run(RUN + 1, 10))
    edit = ColumnEdit(RUN + 1, "online", "dt-dt", (LumiRange(1, 1),), BAD)
    other = Draft(RUN + 1, "online", (edit,), 0)
    drafts.save(acting(online, EXPERT, tmp_path), a_draft(online))
    (file,) = tmp_path.iterdir()
    text = damage(file.read_text(encoding="utf-8"))
    drafts.save(acting(online, EXPERT, tmp_path), other)
    with online.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM desk.draft")
    file.write_text(text, encoding="utf-8")

    (offer,) = drafts.offered(acting(online, EXPERT, tmp_path))

    assert offer.draft.run_number == RUN + 1
    assert caplog.text.count("can't be read") + caplog.text.count("left where it is") == 1
    # What is drafted next in the same dataset neither hides it nor is hidden by it.
    drafts.save(acting(online, EXPERT, tmp_path), a_draft(online))
    assert len(drafts.offered(acting(online, EXPERT, tmp_path))) == 2
    kept = [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()]
    assert text in kept or '"format": 2' in text


def test_that_what_killed_saves_left_is_taken_away(online: Database, tmp_path: Path):
    drafts.save(acting(online, EXPERT, tmp_path), a_draft(online))
    (file,) = tmp_path.iterdir()
    for left in (".run-registry-0123456789abcdef.part", f"{file.stem}abcd.part"):
        (tmp_path / left).write_text("{")
    assert len(drafts.offered(acting(online, EXPERT, tmp_path))) == 1
    assert list(tmp_path.iterdir()) == [file]


# --- what landed ----------------------------------------------------------------------------------


def write(db: Database, draft: Draft) -> None:
    mark = DraftMark(draft.key, draft.mark)
    bulk_edit.write(Acting(db, EXPERT), draft.edits, comment="HV trip", draft=mark)


def test_that_a_draft_that_landed_is_not_offered_though_nobody_lived_to_hear_of_it(
    online: Database, tmp_path: Path
):
    draft, mine = a_draft(online), acting(online, EXPERT, tmp_path)
    drafts.save(mine, draft)
    write(online, draft)
    # Somebody changes the same cells: the values don't tell any more that it was written.
    other = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(2, 4),), Triplet("STANDBY"))
    bulk_edit.write(Acting(online, EXPERT), [other])
    assert landing.has_landed(mine, DraftMark(draft.key, draft.mark))
    assert drafts.offered(mine) == ()
    assert list(tmp_path.iterdir()) == []
    assert not landing.has_landed(mine, DraftMark(draft.key, draft.mark))


def test_that_a_draft_that_is_stored_late_does_not_undo_that_it_landed(
    online: Database, tmp_path: Path
):
    draft, mine = a_draft(online), acting(online, EXPERT, tmp_path)
    write(online, draft)
    assert drafts.store(mine, replace(draft, saved=datetime.now(UTC)))
    assert drafts.offered(mine) == ()


def test_that_what_was_drafted_after_the_write_is_offered(online: Database, tmp_path: Path):
    draft, mine = a_draft(online), acting(online, EXPERT, tmp_path)
    drafts.save(mine, draft)
    write(online, draft)
    later = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(9, 9),), Triplet("STANDBY"))
    drafts.save(mine, Draft(RUN, "online", (later,), draft.seen))
    assert landing.has_landed(mine, DraftMark(draft.key, draft.mark))
    (offer,) = drafts.offered(mine)
    assert offer.draft.edits == (later,)


@pytest.mark.parametrize("is_stored", [True, False])
def test_that_what_was_drafted_while_a_write_was_under_way_is_offered(
    online: Database, tmp_path: Path, is_stored: bool
):
    draft, mine = a_draft(online), acting(online, EXPERT, tmp_path)
    drafts.save(mine, draft)
    later = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(9, 9),), Triplet("STANDBY"))
    newer = Draft(RUN, "online", (later,), draft.seen, saved=datetime.now(UTC))
    drafts.keep_file(mine, newer)
    if is_stored:
        drafts.store(mine, newer)
    write(online, draft)
    (offer,) = drafts.offered(mine)
    assert offer.draft.edits == (later,)


def test_that_without_the_desk_a_draft_whose_values_are_there_is_not_offered(
    online: Database, dsn: str, tmp_path: Path
):
    deskless = Database(dsn)
    try:
        draft, mine = a_draft(online), acting(deskless, EXPERT, tmp_path)
        drafts.save(mine, draft)
        write(deskless, draft)
        assert not landing.has_landed(mine, DraftMark(draft.key, draft.mark))
        assert drafts.offered(mine) == ()
    finally:
        deskless.close()


def test_that_a_write_that_did_not_land_leaves_no_mark(online: Database, tmp_path: Path):
    draft, mine = a_draft(online), acting(online, EXPERT, tmp_path)
    drafts.save(mine, draft)
    stopped = Progress(lambda _share: None, lambda: True)
    with pytest.raises(Cancelled):
        bulk_edit.write(
            Acting(online, EXPERT),
            draft.edits,
            comment="HV trip",
            draft=DraftMark(draft.key, draft.mark),
            progress=stopped,
        )
    assert len(drafts.offered(mine)) == 1


def test_that_damaged_drafts_are_told(online: Database, tmp_path: Path):
    mine = acting(online, EXPERT, tmp_path)
    drafts.save(mine, a_draft(online))
    with online.transaction() as connection:
        connection.exec_driver_sql("UPDATE desk.draft SET content = '{\"format\": 9}'")
    (file,) = tmp_path.iterdir()
    file.write_text("{", encoding="utf-8")
    told: list[str] = []
    assert drafts.offered(mine, told.append) == ()
    assert len(told) == 2
    assert "is kept as" in told[0]
    assert "another version of the program wrote it" in told[1]


def test_that_a_draft_of_the_own_database_is_offered_on_another_port(
    online: Database, dsn: str, tmp_path: Path
):
    draft = a_draft(online)
    drafts.keep_file(acting(online, EXPERT, tmp_path), replace(draft, comment="of yesterday"))
    (kept,) = tmp_path.glob("draft-*.json")
    yesterday = json.loads(kept.read_text())
    address = online.dsn_without_password
    yesterday["database"] = re.sub(r":\d+/", ":1/", address)
    kept.unlink()
    (tmp_path / "draft-1.json").write_text(json.dumps(yesterday))
    stranger = {**yesterday, "database": address.replace("127.0.0.1", "elsewhere")}
    (tmp_path / "draft-2.json").write_text(json.dumps(stranger))
    own = Database(dsn, is_own=True)
    try:
        (offer,) = drafts.offered(acting(own, EXPERT, tmp_path))
        assert offer.draft.comment == "of yesterday"
        assert not (tmp_path / "draft-1.json").exists()
        drafts.keep_file(acting(own, EXPERT, tmp_path), replace(draft, saved=datetime.now(UTC)))
        (tmp_path / "draft-0.json").write_text(json.dumps(yesterday))
        (offer,) = drafts.offered(acting(own, EXPERT, tmp_path))
        assert offer.draft.comment == "so far"
        assert len([*tmp_path.iterdir()]) == 2
        drafts.remove_file(acting(own, EXPERT, tmp_path), draft.key)
        assert drafts.offered(acting(own, EXPERT, tmp_path)) == ()
    finally:
        own.close()
    assert (tmp_path / "draft-2.json").exists()
