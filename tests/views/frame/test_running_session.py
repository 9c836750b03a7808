"""E-groups that are synchronised while a window is open."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from app.domain.configuration.permissions import edit_lumisections_paths
from app.models.database.listen import ChangeListener
from app.services.acting import Acting, OfLogin
from app.services.news import News
from app.views.background import Background
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.rights import Rights
from tests.models.guard.conftest import Login, come_in, guarded_dsn, guarded_template
from tests.models.guard.guarded import PROMPT
from tests.models.guard.test_running_session import synchronise
from tests.views.workplaces import a_context, a_window, a_workplace

__all__ = ["come_in", "guarded_dsn", "guarded_template", "synchronise"]

EDIT = edit_lumisections_paths(PROMPT, ("dt-dt",))


def test_that_a_window_offers_by_the_new_e_groups(
    qtbot: QtBot,
    background: Background,
    come_in: Login,
    synchronise: Callable[..., None],
) -> None:
    database = come_in("g_nobody")
    rights = Rights(Acting(database, OfLogin(database)), background)

    def may() -> bool:
        qtbot.waitUntil(lambda: not background.busy)
        rights.why_not(EDIT)
        qtbot.waitUntil(lambda: not background.busy)
        return rights.why_not(EDIT) == ""

    rights.load()
    assert not may()
    synchronise("g_dt", "g_nobody")
    rights.load()
    assert may()
    assert rights.egroups == {"dt-experts"}


def test_that_an_open_window_is_told_of_the_new_e_groups(
    qtbot: QtBot,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
    come_in: Login,
    synchronise: Callable[..., None],
) -> None:
    database = come_in("g_nobody")
    acting = Acting(database, OfLogin(database))
    news = News(acting)
    workplace = replace(a_workplace(database), acting=acting, news=news)
    context = a_context(workplace, background, notices, themes, remembered)
    window = a_window(context)
    qtbot.addWidget(window)
    window.stop_wanted.connect(window.stopped)
    heard: list[bool] = []
    listener = ChangeListener(database, news.changed, lambda live, _reason: heard.append(live))
    listener.start()
    try:
        window.show()
        qtbot.waitUntil(lambda: heard == [True] and not background.busy)
        assert context.rights.egroups == frozenset()
        synchronise("g_dt", "g_nobody")
        qtbot.waitUntil(lambda: context.rights.egroups == {"dt-experts"}, timeout=20_000)
        qtbot.waitUntil(lambda: not background.busy)
    finally:
        listener.stop()
        window.close()
