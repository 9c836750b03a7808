"""What a puller does for a person on a guarded database, asked for and heard of without a mouse."""

import pytest

from app.domain.progress import SILENT
from app.models.database.engine import Database
from app.models.events import rows
from app.services.acting import Acting
from app.services.certification import tables
from app.services.golden import generation
from app.services.golden.checks.checking import Checking
from app.services.golden.official import making as making_official
from app.services.golden.official.making import Proof
from app.services.pulling import runs as pull
from app.services.wishes.carrying_out import CarryingOut
from app.views.golden.generate_dialog import GenerateDialog
from app.views.notices import Level, Notice, Notices
from tests.builders import a_run
from tests.models.guard.conftest import Login, come_in, guarded_dsn, guarded_template
from tests.models.guard.guarded import OPEN_RUN
from tests.views.hand import Hand

__all__ = ["come_in", "guarded_dsn", "guarded_template"]

NEW_RUN = OPEN_RUN + 2


@pytest.fixture
def database(come_in: Login) -> Database:
    """A guarded database, as an expert comes in there."""
    return come_in("g_expert")


@pytest.fixture
def puller(come_in: Login) -> Database:
    """The same, as the puller does."""
    return come_in("g_puller")


def carried_out(puller: Database) -> str:
    """What a puller does in one turn; OMS says what it said."""

    def bug(error: Exception) -> None:
        raise error

    return CarryingOut(puller, lambda run: a_run(run, 10), bug).turn(SILENT)


def heard(hand: Hand, notices: Notices, *words: str) -> Level:
    """Waits until the last notice says these words; returns what kind it is."""
    hand.until(lambda: notices.last and all(word in notices.last.text for word in words))
    assert notices.last is not None
    return notices.last.level


def test_that_a_wish_is_made_and_its_outcome_heard_of(
    hand: Hand, notices: Notices, puller: Database
) -> None:
    wishes = hand.window.status.wishes
    hand.press("Ctrl+R")
    heard(hand, notices, f"Asked the puller to refresh run {OPEN_RUN}", "No puller is running")
    hand.until(wishes.isVisible)
    assert wishes.text() == "1 wish waiting: no puller is running"
    hand.settle()
    before = hand.at
    assert carried_out(puller) == "did 1 wish"
    assert heard(hand, notices, "run", str(OPEN_RUN)) is Level.DONE
    hand.until(lambda: not wishes.isVisible())
    hand.settle()
    assert hand.at is before


def test_that_a_sign_off_lands_at_once_and_its_datasets_later(
    hand: Hand, notices: Notices, database: Database, puller: Database
) -> None:
    told: list[Notice] = []
    notices.shown.connect(told.append)
    pull.apply(Acting(puller), a_run(NEW_RUN, 10))
    hand.until(lambda: hand.window.online.details.details is not None)
    hand.do(str(NEW_RUN))
    hand.settle()
    hand.press("Ctrl+R", "Ctrl+Shift+S")
    hand.answer()
    hand.until(lambda: tables.run_details(Acting(database), NEW_RUN).state == "SIGNOFF")
    hand.settle()
    assert hand.window.status.wishes.text() == "2 wishes waiting: no puller is running"
    carried_out(puller)
    with puller.read() as connection:
        assert len(rows.datasets_of_run(connection, NEW_RUN)) > 1
    hand.until(lambda: not hand.window.status.wishes.isVisible())
    hand.settle()
    # It was asked for before the run was signed off, and that is no longer OPEN.
    refused = [notice for notice in told if notice.level is Level.REFUSED]
    assert [notice.text for notice in refused if f"refresh run {NEW_RUN}" in notice.text]


def test_that_a_list_is_confirmed_and_made_official(
    hand: Hand, notices: Notices, database: Database, puller: Database
) -> None:
    def bug(error: Exception) -> None:
        raise error

    acting = Acting(database)
    hand.press("Ctrl+5")
    hand.settle()
    before = {each.id for each in generation.entries(acting)}
    hand.tab_to("Datasets")
    hand.write("online")
    hand.press("Return")
    hand.settle()
    hand.press("Ctrl+Shift+G")
    dialog = hand.dialog(GenerateDialog)
    hand.settle()
    hand.press("Return")
    hand.settle()
    if dialog.insist.isVisible():
        hand.tab_to("Generate all the same")
        hand.press("Space")
    hand.until(lambda: {each.id for each in generation.entries(acting)} > before)
    hand.settle()
    (id_,) = {each.id for each in generation.entries(acting)} - before
    assert making_official.standings(acting, [id_])[id_].proof is Proof.WAITING
    hand.do("Make official")
    hand.answer()
    heard(hand, notices, "Asked the puller")
    hand.settle()
    Checking(puller, bug).turn(SILENT)
    hand.until(lambda: generation.row(acting, id_).entry.official)
    hand.settle()
