"""An entry of the log opened: who, when, why, and exactly what it changed."""

from collections.abc import Sequence
from datetime import UTC, datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.errors import Refused
from app.domain.history.log import LogEntry, Source, Subject
from app.domain.keys import DatasetKey
from app.views import words
from app.views.backend.history import ChangeLine
from app.views.backend.log import Log, OpenedEntry, OpenedOther
from app.views.background import Background, Job
from app.views.grid.changes_table import ChangesTable
from app.views.log.log_model import name_of, subject_words
from app.views.theme import STEP, Theme, Themes
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label, tip

_MORE_AT_ONCE = 24


class EntryPane(QWidget):
    """Shows the entry that is chosen in the list.

    Signals: `undo_wanted(int)` for a version; `subject_wanted(run_number, dataset)` to look at it;
    `life_wanted(run_number, dataset)` to see all that happened to it; `golden_wanted(int)`.
    """

    undo_wanted = Signal(int)
    subject_wanted = Signal(int, str)
    life_wanted = Signal(int, str)
    golden_wanted = Signal(int)

    def __init__(
        self, log: Log, background: Background, themes: Themes, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self._log = log
        self._background = background
        self._themes = themes
        self._entry: LogEntry | None = None
        self._opened: OpenedEntry | None = None
        self._lines: tuple[ChangeLine, ...] = ()
        self._job: Job[OpenedEntry] | None = None
        self._other_job: Job[OpenedOther] | None = None
        self.bar = LoadingBar(themes)
        self.title = Label()
        self.title.setProperty("role", "title")
        self.when = Label()
        self.when.setProperty("role", "muted")
        self.comment = Label(wordWrap=True)
        self.comment.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.undo = QPushButton("Undo...")
        self.undo.setToolTip("Take this version back, after a look at what comes back")
        self.look = QPushButton("Look at it")
        self.life = QPushButton("Whole life")
        self.life.setToolTip("All that ever happened to it, as one timeline")
        self.golden = QPushButton("Golden JSON")
        self.golden.setToolTip("Show it among the golden JSONs")
        self.changes = ChangesTable(themes, "What this entry changed")
        self.more = QPushButton()
        self._lay_out()
        self._connect()
        self.show_entry(None)

    @property
    def entry(self) -> LogEntry | None:
        """The entry that is shown."""
        return self._entry

    def show_entry(self, entry: LogEntry | None) -> None:
        """Opens another entry, or none."""
        for job in (self._job, self._other_job):
            if job is not None:
                job.cancel()
        self._job = self._other_job = None
        self.bar.set_loading(False)
        self._entry, self._opened, self._lines = entry, None, ()
        self.more.hide()
        version = entry is not None and entry.source is Source.VERSION
        self.undo.setVisible(version)
        self.golden.setVisible(entry is not None and entry.source is Source.GOLDEN)
        subject = self._subject()
        for button in (self.look, self.life):
            button.setVisible(subject is not None)
        if subject is not None:
            self.look.setToolTip(tip(f"Show {subject_words(subject)}"))
        if entry is None:
            self.title.setText("")
            self.when.setText("")
            self.comment.setText("")
            self.changes.show_lines((), nothing="Choose an entry to see what it changed.")
            return
        self.title.setText(f"{name_of(entry)} by {entry.author or 'nobody named'}")
        at = entry.at.astimezone(UTC)
        self.when.setText(f"{at:%Y-%m-%d %H:%M:%S} UTC, {words.ago(at, datetime.now(UTC))}")
        self.comment.setText(entry.text)
        self.comment.setVisible(bool(entry.text))
        if version:
            self.changes.show_lines((), nothing="Reading what it changed ...")
            self._load(entry, None)
        elif entry.source is Source.SETTINGS:
            self.changes.show_lines((), nothing="Reading what it changed ...")
            self._load_settings(entry.number)
        else:
            self.changes.show_lines((), nothing="It changed no run and no dataset.")

    def _subject(self) -> Subject | None:
        """The run or dataset that the entry is about first."""
        if self._entry is None or not self._entry.subjects:
            return None
        return self._entry.subjects[0]

    def _load(self, entry: LogEntry, keys: Sequence[DatasetKey] | None) -> None:
        log, number = self._log, entry.number
        self.bar.set_loading(True)
        self._job = self._background.read_then(
            lambda: log.log_version(number, keys),
            self._show,
            owner=self,
            refused=self._refuse,
            finished=lambda: self.bar.set_loading(False),
        )

    def _load_settings(self, number: int) -> None:
        log = self._log
        self.bar.set_loading(True)
        self._other_job = self._background.read_then(
            lambda: log.log_settings(number),
            self._show_other,
            owner=self,
            refused=self._refuse,
            finished=lambda: self.bar.set_loading(False),
        )

    def _show_other(self, opened: OpenedOther) -> None:
        self._other_job = None
        self.changes.show_lines(opened.lines, nothing=opened.text)

    def _show(self, opened: OpenedEntry) -> None:
        self._job = None
        before = self._opened
        self._lines = (*self._lines, *opened.lines)
        shown = opened.shown if before is None else (*before.shown, *opened.shown)
        self._opened = OpenedEntry(opened.version, opened.subjects, shown, self._lines)
        self.changes.show_lines(
            self._lines, nothing="It changed nothing: all of it held that way already."
        )
        left = len(opened.subjects) - len(shown)
        self.more.setText(
            f"Open {min(left, _MORE_AT_ONCE)} more of {words.counted(left, 'dataset')}"
        )
        self.more.setVisible(left > 0)

    def _open_more(self) -> None:
        if self._opened is None or self._entry is None or self._job is not None:
            return
        known = set(self._opened.shown)
        left = [key for key in self._opened.subjects if key not in known]
        self._load(self._entry, left[:_MORE_AT_ONCE])

    def _refuse(self, error: Refused) -> None:
        self._job = None
        self.changes.show_lines((), nothing=str(error))

    def _undo(self) -> None:
        if self._entry is not None and self._entry.source is Source.VERSION:
            self.undo_wanted.emit(self._entry.number)

    def _look(self) -> None:
        subject = self._subject()
        if subject is not None:
            self.subject_wanted.emit(subject.run_number, subject.dataset or "online")

    def _live(self) -> None:
        subject = self._subject()
        if subject is not None:
            # A run as a whole is more than its dataset online.
            dataset = "" if subject.dataset == "online" else subject.dataset
            self.life_wanted.emit(subject.run_number, dataset)

    def _show_golden(self) -> None:
        if self._entry is not None:
            self.golden_wanted.emit(self._entry.number)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(2 * STEP, STEP, 2 * STEP, 0)
        head.setSpacing(STEP)
        head.addWidget(self.title)
        head.addSpacing(STEP)
        head.addWidget(self.when)
        head.addStretch(1)
        for button in (self.golden, self.look, self.life, self.undo):
            head.addWidget(button)
        said = QHBoxLayout()
        said.setContentsMargins(2 * STEP, 0, 2 * STEP, STEP)
        said.addWidget(self.comment, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(2 * STEP, 0, 2 * STEP, STEP)
        foot.addWidget(self.more)
        foot.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STEP)
        layout.addWidget(self.bar)
        layout.addLayout(head)
        layout.addLayout(said)
        layout.addWidget(self.changes, 1)
        layout.addLayout(foot)

    def _connect(self) -> None:
        self.undo.clicked.connect(self._undo)
        self.look.clicked.connect(self._look)
        self.life.clicked.connect(self._live)
        self.golden.clicked.connect(self._show_golden)
        self.more.clicked.connect(self._open_more)
        self._themes.changed.connect(self._dress)
        self._dress(self._themes.theme)

    def _dress(self, theme: Theme) -> None:
        self.undo.setIcon(theme.icon("undo"))
        self.life.setIcon(theme.icon("history"))
        self.golden.setIcon(theme.icon("golden"))
