"""The panel of the puller on a guarded database, with the login of a person."""

from datetime import timedelta

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.domain.certification.wishes import WishState
from app.domain.identity import Actor
from app.services.pulling.pullers import Pullers
from app.services.wishes import lists
from app.views.background import Background
from app.views.notices import Notices
from app.views.sync_panel.panel import SyncPanel
from tests.models.guard.conftest import Login, come_in, guarded_dsn, guarded_template
from tests.views.pullers import NOW, Oms
from tests.views.workplaces import a_workplace

__all__ = ["come_in", "guarded_dsn", "guarded_template"]


def test_that_try_run_again_asks_the_puller(
    qtbot: QtBot, background: Background, notices: Notices, come_in: Login
) -> None:
    oms = Oms()
    workplace = a_workplace(
        come_in("g_nobody"), Actor("nobody@cern.ch", frozenset()), pullers=Pullers(oms)
    )
    panel = SyncPanel(workplace, background, notices)
    qtbot.addWidget(panel)
    panel.show_status(oms.status, NOW + timedelta(seconds=12))
    panel.show()
    panel.table.selectRow(0)
    with qtbot.waitSignal(notices.shown) as shown:
        qtbot.mouseClick(panel.try_now, Qt.MouseButton.LeftButton)
    assert shown.args is not None
    assert "Asked the puller to pull run" in shown.args[0].text
    qtbot.waitUntil(lambda: not background.busy)
    assert oms.fetched == []
    (wish,) = lists.listed(workplace.acting)
    assert wish.state is WishState.WAITING
    assert f"pull run {oms.status.failed[0].run_number}" in wish.words
