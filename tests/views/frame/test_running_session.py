"""E-groups that are synchronised while a window is open."""

from collections.abc import Callable

from pytestqt.qtbot import QtBot

from app.domain.configuration.permissions import edit_lumisections_paths
from app.services.acting import Acting, OfLogin
from app.views.background import Background
from app.views.rights import Rights
from tests.models.guard.conftest import Login, come_in, guarded_dsn, guarded_template
from tests.models.guard.guarded import PROMPT
from tests.models.guard.test_running_session import synchronise

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
