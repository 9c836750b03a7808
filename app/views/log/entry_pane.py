"""An entry of the log opened: who, when, why, and exactly what it changed."""

from collections.abc import Sequence
from datetime import UTC

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.clock import server_now
from app.domain.errors import Refused
from app.domain.history.log import LogEntry, Source, Subject
from app.domain.keys import ONLINE, DatasetKey
from app.services.acting import Acting
from app.services.history import log_details
from app.services.history.log_details import OpenedVersion
from app.views.background import Background, Work
from app.views.changes.changes_table import ChangesTable
from app.views.changes.lines import ChangeLine
from app.views.log.lines import configuration_lines, version_lines
from app.views.log.log_model import name_of, subject_words
from app.views.looks import words
from app.views.looks.ages import Ages
from app.views.looks.theme import ROW_HEIGHT, STEP, Theme, Themes
from app.views.rights import nothing_here, offer
from app.views.widgets.line_label import CutLabel
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.narrow import WrappingLine
from app.views.widgets.plain import Label, tip

_MORE_AT_ONCE = 24

_LEAST_TITLE = 160
_LEAST_ROWS = 8


class EntryPane(QWidget):
    """Shows the entry that is chosen in the list.

    Signals: `undo_wanted(int)` for a version; `subject_wanted(run_number, dataset)` to look at it;
    `timeline_wanted(run_number, dataset)` for all entries about it; `golden_wanted(int)`.
    """

    undo_wanted = Signal(int)
    subject_wanted = Signal(int, str)
    timeline_wanted = Signal(int, str)
    golden_wanted = Signal(int)

    def __init__(
        self, acting: Acting, background: Background, themes: Themes, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self._acting = acting
        self._background = background
        self._themes = themes
        self._entry: LogEntry | None = None
        self._lines: tuple[ChangeLine, ...] = ()
        self._unopened: tuple[DatasetKey, ...] = ()
        self._loading = Work(background, self)
        self.bar = LoadingBar(themes)
        self.title = CutLabel()
        self.title.setProperty("role", "title")
        self.when = Label()
        self.when.setProperty("role", "muted")
        self.comment = Label(wordWrap=True)
        self.comment.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.undo = QPushButton("Undo...")
        self.undo.setToolTip("Undo this version, after a preview of what comes back")
        self.look = QPushButton("Open")
        self.timeline = QPushButton("Whole history")
        self.timeline.setToolTip("All log entries about it, on a timeline")
        self.golden = QPushButton("Golden JSON")
        self.golden.setToolTip("Show it among the golden JSONs")
        self.changes = ChangesTable(themes, "What this entry changed")
        self.more = QPushButton()
        self._lay_out()
        self._connect()
        self.show_entry(None)
        Ages(self, self._say_when)

    @property
    def entry(self) -> LogEntry | None:
        """The entry that is shown."""
        return self._entry

    def _say_when(self) -> None:
        if self._entry is not None:
            at = self._entry.at.astimezone(UTC)
            self.when.setText(f"{at:%Y-%m-%d %H:%M:%S} UTC, {words.ago(at, server_now())}")

    def show_entry(self, entry: LogEntry | None) -> None:
        """Opens another entry, or none."""
        self._loading.drop()
        self._entry, self._lines, self._unopened = entry, (), ()
        self.more.hide()
        version = entry is not None and entry.source is Source.VERSION
        self.undo.setVisible(version)
        offer(self.undo, nothing_here(self._acting))
        self.golden.setVisible(entry is not None and entry.source is Source.GOLDEN)
        subject = self._subject()
        for button in (self.look, self.timeline):
            button.setVisible(subject is not None)
        if subject is not None:
            self.look.setToolTip(tip(f"Show {subject_words(subject)}"))
        if entry is None:
            self.title.setText("")
            self.when.setText("")
            self.comment.setText("")
            self.changes.show_lines((), nothing="Choose an entry to see what it changed.")
            return
        self.title.setText(f"{name_of(entry)} by {entry.by or 'an unknown author'}")
        self._say_when()
        self.comment.setText(entry.text)
        self.comment.setVisible(bool(entry.text))
        if version:
            self.changes.show_lines((), nothing="Reading what it changed ...")
            self._loading.start(self._open_version(entry.number, None))
        elif entry.source is Source.SETTINGS:
            self.changes.show_lines((), nothing="Reading what it changed ...")
            self._loading.start(self._open_settings(entry.number))
        else:
            self.changes.show_lines((), nothing="It changed no run and no dataset.")

    def _subject(self) -> Subject | None:
        """The first run or dataset that the entry is about."""
        if self._entry is None or not self._entry.subjects:
            return None
        return self._entry.subjects[0]

    async def _open_version(self, version: int, keys: Sequence[DatasetKey] | None) -> None:
        acting = self._acting
        try:
            opened = await self._background.read(
                lambda: log_details.open_version(acting, version, keys)
            )
        except Refused as error:
            self._refuse(error)
        else:
            self._show(opened)

    async def _open_settings(self, settings_id: int) -> None:
        acting = self._acting
        try:
            differences = await self._background.read(
                lambda: log_details.open_settings(acting, settings_id)
            )
        except Refused as error:
            self._refuse(error)
        else:
            nothing = "It is the first version of the configuration, or changed nothing."
            self.changes.show_lines(configuration_lines(differences), nothing=nothing)

    def _show(self, opened: OpenedVersion) -> None:
        """Adds the changes of some datasets to those that are shown."""
        before, shown = self._unopened or opened.subjects, set(opened.shown)
        self._unopened = tuple(key for key in before if key not in shown)
        self._lines = (*self._lines, *version_lines(opened))
        self.changes.show_lines(
            self._lines, nothing="It changed nothing: all values were the same already."
        )
        left = len(self._unopened)
        more = min(left, _MORE_AT_ONCE)
        self.more.setText(f"Open {words.number(more)} more of {words.counted(left, 'dataset')}")
        self.more.setVisible(left > 0)

    def _open_more(self) -> None:
        if self._entry is not None and self._unopened and not self._loading.is_running:
            keys = self._unopened[:_MORE_AT_ONCE]
            self._loading.start(self._open_version(self._entry.number, keys))

    def _refuse(self, error: Refused) -> None:
        self.changes.show_lines((), nothing=str(error))

    def _undo(self) -> None:
        if self._entry is not None and self._entry.source is Source.VERSION:
            self.undo_wanted.emit(self._entry.number)

    def _look(self) -> None:
        subject = self._subject()
        if subject is not None:
            self.subject_wanted.emit(subject.run_number, subject.dataset or ONLINE)

    def _show_timeline(self) -> None:
        subject = self._subject()
        if subject is not None:
            # The run as a whole has more entries than its dataset online.
            dataset = "" if subject.dataset == ONLINE else subject.dataset
            self.timeline_wanted.emit(subject.run_number, dataset)

    def _show_golden(self) -> None:
        if self._entry is not None:
            self.golden_wanted.emit(self._entry.number)

    def _lay_out(self) -> None:
        head = WrappingLine()
        head.setContentsMargins(2 * STEP, STEP, 2 * STEP, 0)
        head.setSpacing(STEP)
        self.title.setMinimumWidth(_LEAST_TITLE)
        head.add(self.title, 1)
        head.add(self.when)
        for button in (self.golden, self.look, self.timeline, self.undo):
            head.add(button)
        comment = QHBoxLayout()
        comment.setContentsMargins(2 * STEP, 0, 2 * STEP, STEP)
        comment.addWidget(self.comment, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(2 * STEP, 0, 2 * STEP, STEP)
        foot.addWidget(self.more)
        foot.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STEP)
        layout.addWidget(self.bar)
        layout.addLayout(head)
        layout.addLayout(comment)
        layout.addWidget(self.changes, 1)
        layout.addLayout(foot)
        self.setMinimumHeight(_LEAST_ROWS * ROW_HEIGHT)

    def _connect(self) -> None:
        self._loading.running_changed.connect(self.bar.set_loading)
        self.undo.clicked.connect(self._undo)
        self.look.clicked.connect(self._look)
        self.timeline.clicked.connect(self._show_timeline)
        self.golden.clicked.connect(self._show_golden)
        self.more.clicked.connect(self._open_more)
        self._themes.changed.connect(self._apply_theme)
        self._apply_theme(self._themes.theme)

    def _apply_theme(self, theme: Theme) -> None:
        self.undo.setIcon(theme.icon("undo"))
        self.timeline.setIcon(theme.icon("history"))
        self.golden.setIcon(theme.icon("golden"))
