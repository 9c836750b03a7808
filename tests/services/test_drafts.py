"""Drafts: kept wherever that is possible, offered again, checked against what changed meanwhile."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.edits import BitEdit, ColumnEdit
from app.domain.errors import Refused, Unavailable
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.engine import Database
from app.services import bulk_edit, drafts, history, pull
from app.services.drafts import Draft
from tests.builders import EXPERT, NOBODY, a_run, configure

RUN = 390001
BAD = Triplet("BAD", "HV trip", "hv")
EDITS = (
    ColumnEdit(RUN, "online", "dt-dt", (LumiRange(2, 4), LumiRange(7, 7)), BAD),
    BitEdit(RUN, "online", "dt0_ready", (LumiRange(1, 1),), value=False),
)


@pytest.fixture
def online(database: Database) -> Database:
    """One open run of 10 LS on the small configuration."""
    configure(database)
    pull.apply(database, a_run(RUN, 10))
    return database


def a_draft(db: Database, comment: str = "so far") -> Draft:
    seen = history.look(db, RUN, "online").seen
    return Draft(RUN, "online", EDITS, seen, comment, selection={"rows": ["dt-dt"]})


def lost_connection() -> None:
    """Stands for a transaction without a server."""
    raise Unavailable("The database can't be reached.")


def test_that_a_draft_is_offered_again_as_it_was(online: Database, tmp_path: Path):
    before = datetime.now(UTC)
    draft = a_draft(online)
    assert drafts.save(online, EXPERT, draft, tmp_path)
    (offer,) = drafts.offered(online, EXPERT, tmp_path)
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
    assert drafts.offered(online, NOBODY, tmp_path) == ()


@pytest.mark.parametrize("lost", ["file", "database"])
def test_that_a_draft_survives_the_loss_of_either_copy(online: Database, tmp_path: Path, lost: str):
    drafts.save(online, EXPERT, a_draft(online), tmp_path)
    if lost == "file":
        for path in tmp_path.iterdir():
            path.write_text("{", encoding="utf-8")
    else:
        with online.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM desk.draft")
    assert [offer.draft.edits for offer in drafts.offered(online, EXPERT, tmp_path)] == [EDITS]


def test_that_the_newer_copy_counts(online: Database, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    drafts.save(online, EXPERT, a_draft(online, "first"), tmp_path)
    drafts.save(online, EXPERT, a_draft(online, "second"), elsewhere)
    (offer,) = drafts.offered(online, EXPERT, tmp_path)
    assert offer.draft.comment == "second"


def test_that_without_the_desk_the_file_alone_keeps_it(online: Database, dsn: str, tmp_path: Path):
    deskless = Database(dsn)
    try:
        assert not drafts.save(deskless, EXPERT, a_draft(online), tmp_path)
        (offer,) = drafts.offered(deskless, EXPERT, tmp_path)
        assert offer.draft.edits == EDITS
        drafts.drop(deskless, EXPERT, (RUN, "online"), tmp_path)
        assert drafts.offered(deskless, EXPERT, tmp_path) == ()
    finally:
        deskless.close()


def test_that_a_draft_given_up_without_a_connection_stays_given_up(
    online: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    drafts.save(online, EXPERT, a_draft(online), tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(online, "transaction", lost_connection)
        drafts.drop(online, EXPERT, (RUN, "online"), tmp_path)
        assert not drafts.save(online, NOBODY, a_draft(online), tmp_path)
    assert drafts.offered(online, EXPERT, tmp_path) == ()
    assert drafts.offered(online, EXPERT, tmp_path / "other") == ()
    assert len(drafts.offered(online, NOBODY, tmp_path)) == 1


def test_that_an_offer_shows_what_others_changed_meanwhile(online: Database, tmp_path: Path):
    drafts.save(online, EXPERT, a_draft(online), tmp_path)
    other = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(3, 3),), Triplet("STANDBY"))
    bulk_edit.write(online, EXPERT, [other])
    (offer,) = drafts.offered(online, EXPERT, tmp_path)
    assert offer.preview is not None
    assert [(c.ranges, c.now) for c in offer.preview.conflicts] == [
        ((LumiRange(3, 3),), Triplet("STANDBY"))
    ]


def test_that_a_draft_that_nobody_can_keep_is_refused(
    online: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    occupied = tmp_path / "file"
    occupied.write_text("", encoding="utf-8")
    assert drafts.save(online, EXPERT, a_draft(online), occupied)
    monkeypatch.setattr(online, "transaction", lost_connection)
    with pytest.raises(Refused, match="can't be kept"):
        drafts.save(online, EXPERT, a_draft(online), occupied)


def test_that_without_a_folder_the_database_alone_keeps_it(
    online: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert drafts.save(online, EXPERT, a_draft(online), None)
    (offer,) = drafts.offered(online, EXPERT, None)
    assert offer.draft.edits == EDITS
    drafts.drop(online, EXPERT, (RUN, "online"), None)
    assert drafts.offered(online, EXPERT, tmp_path) == ()
    monkeypatch.setattr(online, "transaction", lost_connection)
    with pytest.raises(Refused, match="neither a folder nor the database"):
        drafts.save(online, EXPERT, a_draft(online), None)
