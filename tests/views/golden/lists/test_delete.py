"""Lists are deleted from the place, after a question."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.golden import generation as golden
from app.views.golden.place import GoldenPlace
from app.views.places import PlaceContext


@pytest.fixture
def ids(generate: Callable[[], int]) -> list[int]:
    """Two lists of the same rule."""
    return [generate(), generate()]


@pytest.fixture
def place(qtbot: QtBot, context: PlaceContext, ids: list[int]) -> GoldenPlace:
    place = GoldenPlace(context)
    qtbot.addWidget(place)
    place.resize(1400, 800)
    place.show()
    place.shown()
    qtbot.waitUntil(lambda: place.entries.shown == ids[1])
    return place


@pytest.mark.parametrize("says_yes", [True, False])
def test_that_only_a_yes_deletes_the_chosen_list(
    qtbot: QtBot, place: GoldenPlace, season: Database, ids: list[int], says_yes: bool
) -> None:
    place.delete()
    (box,) = place.findChildren(QMessageBox)
    role = QMessageBox.ButtonRole.AcceptRole if says_yes else QMessageBox.ButtonRole.RejectRole
    button = next(each for each in box.buttons() if box.buttonRole(each) == role)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    left = ids[:1] if says_yes else ids
    qtbot.waitUntil(lambda: place.entries.shown == left[-1])
    assert sorted(each.id for each in golden.entries(Acting(season))) == left


def test_that_several_lists_are_deleted_at_once(
    qtbot: QtBot, place: GoldenPlace, season: Database, ids: list[int], context: PlaceContext
) -> None:
    place.entries.list.selectAll()
    place.delete()
    (box,) = place.findChildren(QMessageBox)
    assert box.text().startswith("Delete 2 golden JSONs? They will disappear from all lists.")
    box.accepted.emit()
    qtbot.waitUntil(lambda: golden.entries(Acting(season)) == [])
    qtbot.waitUntil(lambda: context.notices.last is not None)
    assert context.notices.last is not None
    assert context.notices.last.text == f"Deleted golden JSONs {ids[1]}, {ids[0]}."
