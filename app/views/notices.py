"""What the person is told; the only place that shows boxes and banners."""

import logging
import platform
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from PySide6.QtCore import QObject, Qt, QTimer, Signal, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.clock import server_now
from app.domain.configuration.permissions import egroup_address
from app.domain.errors import NotPermitted, Refused, Unavailable
from app.domain.masking import masked
from app.views.background import Background, Outage
from app.views.looks.theme import STEP, Themes, monospaced, set_property
from app.views.looks.words import ago
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.line_label import LineLabel
from app.views.widgets.pages_button import PagesButton
from app.views.widgets.plain import Label, said, tip

logger = logging.getLogger(__name__)

_LEAST_TEXT = 120
_SHOWN_MS = 12_000


class Level(StrEnum):
    """Whose move it is."""

    DONE = "done"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    WARNING = "warning"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence for the person; `detail` is shown on request.

    `version` can be undone; what is no version of events is undone by `take_back`. `egroups` could
    do what was refused.
    """

    level: Level
    text: str
    detail: str = ""
    version: int | None = None
    take_back: Callable[[], object] | None = None
    egroups: tuple[str, ...] = ()

    @property
    def can_be_undone(self) -> bool:
        """Whether Undo is offered."""
        return self.version is not None or self.take_back is not None


class Notices(QObject):
    """Where everything that a person is told passes.

    Signals: `shown(Notice)`; `undo_wanted(int)` with the version that a notice told of.
    """

    shown = Signal(object)
    undo_wanted = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.last: Notice | None = None

    def tell(
        self,
        text: str,
        detail: str = "",
        version: int | None = None,
        take_back: Callable[[], object] | None = None,
    ) -> None:
        """Something was done, as a version, or with what takes it back, if it can be undone."""
        self._show(Notice(Level.DONE, text, detail, version, take_back))

    def undo(self, notice: Notice) -> None:
        """Takes back what a notice told of."""
        if notice.version is not None:
            self.undo_wanted.emit(notice.version)
        elif notice.take_back is not None:
            notice.take_back()

    def warn(self, text: str) -> None:
        """Something that the person has to know of, and that nobody did just now."""
        self._show(Notice(Level.WARNING, text))

    def not_done(self, error: Refused | Unavailable) -> None:
        """An action was refused, or didn't reach its server."""
        if isinstance(error, Refused):
            self.refuse(error)
        else:
            self.fail(error)

    def refuse(self, error: Refused) -> None:
        """A rule said no; shown as written."""
        egroups = error.egroups if isinstance(error, NotPermitted) else None
        self._show(Notice(Level.REFUSED, str(error), egroups=egroups or ()))

    def fail(self, error: Unavailable) -> None:
        """An action didn't reach its server."""
        self._show(Notice(Level.UNAVAILABLE, error.advised))

    def report(self, error: BaseException) -> None:
        """A bug: logged whole, shown with a text that can be copied; the program goes on."""
        logger.error("bug", exc_info=error)
        self._show(
            Notice(
                Level.BUG,
                f"Something went wrong inside the program: {type(error).__name__}."
                " What was saved is safe, and you can go on.",
                report_text(error),
            )
        )

    def _show(self, notice: Notice) -> None:
        notice = replace(notice, text=masked(notice.text), detail=masked(notice.detail))
        self.last = notice
        self.shown.emit(notice)


def report_text(error: BaseException) -> str:
    """What helps to find a bug, in a text that can be sent."""
    lines = traceback.format_exception(error)
    return (
        f"Run Registry Desktop on {platform.platform()}, Python {platform.python_version()},"
        f" Qt {qVersion()}\n\n{''.join(lines)}"
    )


class NoticeBar(QFrame):
    """The last notice in one line with its Undo: coloured for a while, then quiet.

    It has room of its own, so that it lies over nothing and moves nothing under the hand. What
    doesn't fit opens by a click. Signals: `fresh_changed(bool)`.
    """

    fresh_changed = Signal(bool)

    def __init__(self, notices: Notices, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._notices = notices
        self.notice: Notice | None = None
        self.setObjectName("notice")
        self.setAccessibleName("Last notice")
        self.text = LineLabel()
        self.text.setMinimumWidth(_LEAST_TEXT)
        self.whole = QPushButton("All...")
        self.whole.setToolTip("Show the whole text")
        self.whole.hide()
        self.undo = QPushButton("Undo...")
        self.undo.setToolTip("Take it back, after a look at what would come back")
        self.egroups = PagesButton("E-group...")
        self.egroups.setToolTip("Open its page in the browser, where to ask to be added")
        self._detail = QPushButton("Report...")
        self._close = QToolButton()
        self._close.setToolTip("Close")
        self._close.setAccessibleName("Close the notice")
        for button in (self.whole, self.undo, self.egroups, self._detail, self._close):
            button.setProperty("role", "in line")
            # A click leaves the keys where they are.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * STEP, 0, 0, 0)
        layout.setSpacing(STEP)
        layout.addWidget(self.text, 1)
        for button in (self.whole, self.undo, self.egroups, self._detail, self._close):
            layout.addWidget(button)
        self._timer = QTimer(self, singleShot=True, interval=_SHOWN_MS)
        self._timer.timeout.connect(self._calm_down)
        self._close.clicked.connect(self._put_away)
        self._detail.clicked.connect(self._open_report)
        self.whole.clicked.connect(self._open_whole)
        self.text.cut_changed.connect(self.whole.setVisible)
        self.undo.clicked.connect(self._undo)
        notices.shown.connect(self.show_notice)
        themes.changed.connect(self._dress)
        self._dress()
        self.hide()

    def show_notice(self, notice: Notice) -> None:
        """Shows another notice instead of the one before."""
        self.notice = notice
        self._timer.start()
        set_property(self, "level", notice.level.value)
        set_property(self.text, "role", "")
        self.text.setText(notice.text)
        self._detail.setVisible(bool(notice.detail))
        self.egroups.show_pages({egroup: egroup_address(egroup) for egroup in notice.egroups})
        self.undo.setVisible(notice.can_be_undone)
        self.show()
        self.fresh_changed.emit(True)

    def _calm_down(self) -> None:
        self._timer.stop()
        set_property(self, "level", "")
        set_property(self.text, "role", "muted")
        self.fresh_changed.emit(False)

    def _put_away(self) -> None:
        self._calm_down()
        self.hide()

    def _undo(self) -> None:
        if self.notice is not None:
            self._put_away()
            self._notices.undo(self.notice)

    def _open_report(self) -> None:
        if self.notice is not None:
            ReportDialog(self.notice, self.window()).open()

    def _open_whole(self) -> None:
        if self.notice is not None:
            inform(self.window(), "Notice", self.notice.text)

    def _dress(self) -> None:
        self._close.setIcon(self._themes.theme.icon("cross"))
        self.undo.setIcon(self._themes.theme.icon("undo"))


class ReportDialog(QDialog):
    """A bug's report, to be copied."""

    def __init__(self, notice: Notice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Report")
        resize_to_fit(self, 760, 420)
        words = Label(f"{notice.text}\nPlease send this text to the developers.", wordWrap=True)
        self.report = QPlainTextEdit(notice.detail, readOnly=True)
        self.report.setFont(monospaced())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(notice.detail))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(words)
        layout.addWidget(self.report, 1)
        layout.addWidget(buttons)


class OutageBanner(QFrame):
    """Says that the server can't be reached, what still works, and when it is tried again."""

    def __init__(self, background: Background, themes: Themes, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._themes = themes
        self._since: datetime | None = None
        self._sign = Label()
        self.text = Label(wordWrap=True)
        self.retry = QPushButton("Try now")
        self.retry.clicked.connect(background.retry_now)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        layout.addWidget(self._sign)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.retry)
        background.outage.connect(self.show_outage)
        background.restored.connect(self._end)
        themes.changed.connect(self._dress)
        self._dress()
        self.hide()

    def show_outage(self, outage: Outage) -> None:
        """Shows or renews the text."""
        now = server_now()
        self._since = self._since or now
        self.setToolTip(tip(outage.reason))
        left = outage.next_try_s
        following = f"next try in {left} s" if left else "it is being tried now"
        why = f": {outage.to_mend}" if outage.to_mend else "."
        self.text.setText(
            f"Connection lost since {self._since:%H:%M} UTC ({ago(self._since, now)}){why} What is"
            " shown may be out of date and nothing can be written; you can go on looking and"
            f" drafting, drafts are kept; {following}."
        )
        self.show()

    def _end(self) -> None:
        self._since = None
        self.hide()

    def _dress(self) -> None:
        self._sign.setPixmap(self._themes.theme.icon("warning", "warning").pixmap(16, 16))


def ask(parent: QWidget, title: str, text: str, yes: str, then: Callable[[], None]) -> QMessageBox:
    """Asks before something is done; `then` is called when the person says yes."""
    box = _box(parent, title, text)
    box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.accepted.connect(then)
    box.open()
    return box


def inform(parent: QWidget, title: str, text: str) -> QMessageBox:
    """Shows a text that somebody asked for."""
    box = _box(parent, title, text)
    box.open()
    return box


def _box(parent: QWidget, title: str, text: str) -> QMessageBox:
    box = QMessageBox(QMessageBox.Icon.NoIcon, title, "", parent=parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(said(text))
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return box
