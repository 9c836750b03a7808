"""The place of the configuration on the real services and a real database."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from app.domain.identity import Actor
from app.domain.json_value import JsonObject
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.pulling import runs as pull
from app.views.background import Background
from app.views.configuration.list_pane import ListPane
from app.views.configuration.place import ConfigurationPlace
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.places import PlaceContext
from tests.builders import EXPERT, a_run, configure
from tests.conftest import filled_once
from tests.views.workplaces import a_context, a_workplace

FIRST, SECOND = 390001, 390002

Settled = Callable[[], None]


@filled_once
def registry(database: Database) -> None:
    """The small configuration with two open runs of 10 LS; in the second the DTs were off."""
    configure(database)
    off: dict[int, JsonObject] = {n: {"dt0_ready": False} for n in (4, 5, 6)}
    pull.apply(Acting(database), a_run(FIRST, 10))
    pull.apply(Acting(database), a_run(SECOND, 10, changed=off))


@pytest.fixture
def actor() -> Actor:
    """Who sits before the window."""
    return EXPERT


@pytest.fixture
def settled(qtbot: QtBot, background: Background) -> Settled:
    """Waits until nothing is on its way."""
    return lambda: qtbot.waitUntil(lambda: not background.busy)


@pytest.fixture
def context(
    registry: Database,
    actor: Actor,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> PlaceContext:
    """What the place is made with."""
    return a_context(a_workplace(registry, actor), background, notices, themes, remembered)


@pytest.fixture
def place(qtbot: QtBot, context: PlaceContext, settled: Settled) -> ConfigurationPlace:
    """The place with its first list read."""
    place = ConfigurationPlace(context)
    qtbot.addWidget(place)
    place.resize(1280, 800)
    place.show()
    place.shown()
    settled()
    return place


@pytest.fixture
def turn(place: ConfigurationPlace, settled: Settled) -> Callable[[str], ListPane]:
    """Shows another list."""

    def to(name: str) -> ListPane:
        pane = place.go_to(name)
        settled()
        assert isinstance(pane, ListPane)
        return pane

    return to


def lines(tree: QTreeWidget | QTreeWidgetItem) -> list[tuple[str, ...]]:
    """The texts of a tree, line by line, children after their parent."""
    if isinstance(tree, QTreeWidget):
        tops = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
        return [each for top in tops if top is not None for each in lines(top)]
    own = tuple(tree.text(column) for column in range(tree.columnCount()))
    return [own, *(each for row in range(tree.childCount()) for each in lines(tree.child(row)))]
