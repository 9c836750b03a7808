"""Publishing lists from the window."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.configuration.permissions import EXPERTS
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.golden.official import making as making_official
from app.services.golden.official import publishing
from app.views.golden.place import GoldenPlace
from app.views.golden.publish_dialog import PublishDialog
from app.views.places import PlaceContext
from app.views.rights import READ_ONLY, Rights
from tests.builders import EXPERT

NAME = "Cert_Collisions2025_390001_390002_Golden"


@pytest.fixture
def ids(generate: Callable[[], int], acting: Acting) -> list[int]:
    """Two official lists, and one that isn't."""
    made = [generate(), generate()]
    making_official.make_official(acting, made)
    return [*made, generate()]


@pytest.fixture
def place(qtbot: QtBot, context: PlaceContext, ids: list[int]) -> GoldenPlace:
    place = GoldenPlace(context)
    qtbot.addWidget(place)
    place.resize(1400, 800)
    place.show()
    place.shown()
    qtbot.waitUntil(lambda: place.entries.shown == ids[2])
    return place


@pytest.fixture
def at(
    qtbot: QtBot, context: PlaceContext, ids: list[int], owner: QWidget
) -> Callable[[Acting], PublishDialog]:
    """The dialog on the first list, for somebody."""

    def opened_by(acting: Acting) -> PublishDialog:
        rights = Rights(acting, context.background)
        dialog = PublishDialog(
            acting, context.background, rights, ids[:1], context.remembered, owner
        )
        dialog.open()
        return dialog

    return opened_by


def opened(qtbot: QtBot, place: GoldenPlace, id_: int) -> PublishDialog:
    place.show_row(id_)
    qtbot.waitUntil(lambda: place.entries.selected() == (id_,) or [id_] == place.entries.selected())
    dialog = place.publishing.publish()
    assert dialog is not None
    qtbot.waitUntil(lambda: "Looking" not in dialog.lists.text() or dialog.refusal.isVisible())
    return dialog


def test_that_versions_are_published_with_a_reason_and_told_beside_the_list(
    qtbot: QtBot, place: GoldenPlace, ids: list[int], tmp_path: Path
) -> None:
    dialog = opened(qtbot, place, ids[0])
    assert dialog.lists.text() == f"{NAME}: version 1 of Collisions2025, golden, the first one."
    assert not dialog.go.isEnabled()
    assert dialog.go.toolTip() == "Name a folder first."
    dialog.folder.setText(str(tmp_path))
    with qtbot.waitSignal(dialog.published):
        qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    dialog = opened(qtbot, place, ids[1])
    assert dialog.folder.text() == str(tmp_path)
    assert "has the same lumisections" in dialog.lists.text()
    assert dialog.go.toolTip() == "Say why a new version was necessary first."
    dialog.why.setText("made again")
    with qtbot.waitSignal(dialog.published) as told:
        dialog.submit()
    assert told.args == [f"Published {NAME}_v2: wrote 6 files in {tmp_path}."]
    fact = place.result.facts["Published"]
    qtbot.waitUntil(lambda: "version 2" in fact.text())
    assert f"It takes the place of golden JSON {ids[0]}: made again." in fact.text()
    place.show_row(ids[0])
    qtbot.waitUntil(lambda: f"Superseded by golden JSON {ids[1]}." in fact.text())
    place.show_row(ids[2])
    qtbot.waitUntil(lambda: not fact.isVisibleTo(place.result))


def test_that_what_can_t_be_published_and_what_is_in_the_way_are_said_inside(
    qtbot: QtBot, place: GoldenPlace, ids: list[int], tmp_path: Path
) -> None:
    dialog = opened(qtbot, place, ids[2])
    assert "is not official. Make it official first." in dialog.refusal.text()
    dialog.folder.setText(str(tmp_path))
    assert not dialog.go.isEnabled()
    dialog.reject()
    dialog = opened(qtbot, place, ids[0])
    (tmp_path / "Collisions2025").mkdir()
    (tmp_path / "Collisions2025" / "latest.json").write_text("{}")
    dialog.folder.setText(str(tmp_path))
    dialog.submit()
    qtbot.waitUntil(lambda: "latest.json is there already" in dialog.refusal.text())
    assert dialog.go.isEnabled()


def test_that_who_may_not_publish_is_told_before_trying(
    qtbot: QtBot, season: Database, ids: list[int], at: Callable[[Acting], PublishDialog]
) -> None:
    dialog = at(Acting(season, replace(EXPERT, egroups=("shifters",))))
    qtbot.waitUntil(dialog.right.isVisible)
    assert dialog.right.text() == f"Only {EXPERTS} may publish a golden JSON."
    assert dialog.right.pages is not None
    assert dialog.right.pages.isVisible()
    dialog.folder.setText("/")
    assert not dialog.go.isEnabled()
    assert EXPERTS in dialog.go.toolTip()


def test_that_a_read_only_connection_publishes_nothing_new_but_writes_files_of_what_is(
    qtbot: QtBot,
    dsn: str,
    season: Database,
    ids: list[int],
    tmp_path: Path,
    at: Callable[[Acting], PublishDialog],
) -> None:
    joined = "&" if "?" in dsn else "?"
    database = Database(f"{dsn}{joined}options=-c%20default_transaction_read_only%3Don")
    database.prepare()
    try:
        dialog = at(Acting(database, EXPERT))
        qtbot.waitUntil(lambda: dialog.right.text() == READ_ONLY)
        assert not dialog.go.isEnabled()
        publishing.publish(Acting(season, EXPERT), ids[:1], tmp_path)
        dialog = at(Acting(database, EXPERT))
        qtbot.waitUntil(lambda: "published already" in dialog.lists.text())
        assert not dialog.right.isVisible()
        dialog.folder.setText(str(tmp_path))
        with qtbot.waitSignal(dialog.published):
            dialog.submit()
    finally:
        database.close()
