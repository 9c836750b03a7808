"""Bell, tray and list: what others did is shown once, opens its thing, and can be kept quiet."""

from datetime import timedelta
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QSystemTrayIcon

from app.domain.clock import server_now
from app.domain.identity import Actor
from app.domain.links import GoldenLink
from app.domain.notification_choice import Choice, NotificationKind
from app.domain.notifications import Notification
from app.preferences import PreferenceBook
from app.services import notes
from app.services.notifications import looking
from app.services.notifications.book import Happened, NotificationBook
from app.services.notifications.looking import Found
from app.settings import Settings
from app.views.frame.watching.notification_watch import NotificationWatch
from app.views.notifications.bell import Bell
from app.views.notifications.entries import Entry, State
from app.views.notifications.happened_dialog import HappenedDialog
from app.views.notifications.tray import Tray
from app.views.widgets.tables.copying import copy_selected
from tests.views.many_runs import NEWEST

OTHER = Actor("berta@cern.ch")


def some(number: int, kind: NotificationKind = NotificationKind.MENTIONS) -> list[Notification]:
    now = server_now()
    return [
        Notification(
            kind,
            f"{kind} {at}",
            now - timedelta(minutes=at),
            f"<b>{at}</b> & so",
            GoldenLink(at + 1),
        )
        for at in range(number)
    ]


def test_that_the_bell_counts_what_nobody_looked_at_and_is_away_without_any(qtbot, themes) -> None:
    bell = Bell(themes)
    qtbot.addWidget(bell)
    assert bell.isHidden()
    found = tuple(some(120))
    bell.show_state(State(Happened(found)))
    assert (bell.text(), bell.isHidden()) == ("99+", False)
    bell.show_state(State(Happened(found, server_now())))
    assert (bell.text(), bell.isHidden()) == ("", False)


def test_that_the_list_opens_what_happened_and_what_waits_by_enter(qtbot, themes) -> None:
    opened = []
    entry = Entry("proposals", "3 proposals of agents", lambda: opened.append("proposals"))
    for keys in (("Return",), ("Shift+Tab", "Return")):
        dialog = HappenedDialog(State(Happened(tuple(some(2))), (entry,)), themes)
        dialog.link_wanted.connect(opened.append)
        dialog.open()
        qtbot.waitUntil(lambda dialog=dialog: dialog.list.hasFocus())
        assert dialog.whole.text() == "<b>0</b> & so"
        copy_selected(dialog.list)
        assert QGuiApplication.clipboard().text().startswith(f"{server_now():%Y-%m-%d} ")
        for key in keys:
            pressed = QKeySequence(key)[0]
            QTest.keyClick(dialog.focusWidget(), pressed.key(), pressed.keyboardModifiers())
    assert opened == [GoldenLink(1), "proposals"]
    empty = HappenedDialog(State(), themes)
    qtbot.addWidget(empty)
    assert empty.list.words.text().startswith("Nothing has happened yet.")
    assert empty.waiting.words.text() == "Nothing waits for you."


def test_that_the_tray_lists_what_waits_and_sums_up_in_one_message(
    qtbot, themes, owner, monkeypatch
) -> None:
    shown: list[tuple[str, str]] = []
    monkeypatch.setattr(
        QSystemTrayIcon, "showMessage", lambda _self, title, text, *_: shown.append((title, text))
    )
    monkeypatch.setattr(QSystemTrayIcon, "isVisible", lambda _self: True)
    tray, opened = Tray(themes, owner), []
    entry = Entry("drafts", "1 draft", lambda: opened.append("draft"))
    tray.show_state(State(Happened(tuple(some(3))), (entry,), quiet=True))
    actions = {each.text(): each for each in tray.menu.actions()}
    assert "What happened (3)" in actions
    assert actions["Do not disturb"].isChecked()
    actions["1 draft"].trigger()
    assert opened == ["draft"]
    assert "3 things happened; 1 draft. Do not disturb is on." in tray.icon.toolTip()

    tray.tell([*some(1)])
    with qtbot.waitSignal(tray.link_wanted) as followed:
        tray.icon.messageClicked.emit()
    assert followed.args == [GoldenLink(1)]
    tray.tell([*some(40), *some(2, NotificationKind.FLAGS)])
    with qtbot.waitSignal(tray.list_wanted):
        tray.icon.messageClicked.emit()
    assert shown[0] == ("Mention", "\u2039b\u203a0\u2039/b\u203a \uff06 so")
    assert shown[1][0] == "2 BAD flags, 40 mentions"
    assert shown[1][1].endswith("and 39 more")


def test_that_one_message_comes_in_a_while_and_none_while_it_is_quiet(
    qtbot, context, owner, monkeypatch
) -> None:
    choice = [Choice()]
    book = NotificationBook(context.acting, None, lambda: choice[0])
    too_many = frozenset({NotificationKind.MENTIONS})
    batches = [(2, frozenset()), (1, too_many), (1, frozenset())]

    def look() -> Found:
        number, more = batches.pop(0)
        return Found(tuple(some(number)), looking.begin(context.acting), more)

    monkeypatch.setattr(book, "look", look)
    watch, told = NotificationWatch(context, book, owner), []
    watch.told.connect(lambda *each: told.append(each))
    for _ in range(2):
        with qtbot.waitSignal(watch.said):
            watch.look()
    assert [(len(each), more) for each, more in told] == [(2, set())]
    watch._tell()
    assert [(len(each), more) for each, more in told[1:]] == [(1, too_many)]
    choice[0] = Choice(quiet=True)
    with qtbot.waitSignal(watch.said):
        watch.look()
    watch._tell()
    assert len(told) == 2
    watch.stop()


def test_that_a_mention_rings_the_bell_and_opens_its_run(window, qtbot, acting) -> None:
    with qtbot.waitSignal(window.happenings._watch.said):
        window.happenings._watch.look()
    place = acting.by(OTHER)
    notes.add(place, NEWEST, "", (), f"@{acting.actor.email}, look")
    with qtbot.waitSignal(window.happenings._watch.said):
        window.happenings._watch.look()
    assert window.happenings.bell.text() == "1"

    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    dialog = window.findChild(HappenedDialog)
    qtbot.waitUntil(dialog.list.hasFocus)
    QTest.keyClick(dialog.list, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: window.happenings.bell.text() == "")
    details = window.table.details()
    assert (window.place, details.run_number) == ("online", NEWEST)
    qtbot.waitUntil(lambda: not window._background.busy)


def test_that_do_not_disturb_is_kept_in_the_settings(tmp_path: Path) -> None:
    settings = Settings.load({}, {}, tmp_path / "settings.toml")
    PreferenceBook(settings).set("do_not_disturb", "on")
    PreferenceBook(settings).set("notify_flags", "off")
    now = Settings.without_faults(settings.sources)[0].choice
    assert now.quiet
    assert NotificationKind.FLAGS not in now.kinds
