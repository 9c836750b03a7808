"""The search of the log: words, run, dataset, author, kinds, time."""

from collections.abc import Sequence
from datetime import UTC, datetime

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, QTimer, Signal
from PySide6.QtGui import QAction, QIntValidator
from PySide6.QtWidgets import (
    QComboBox,
    QLineEdit,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.clock import server_now
from app.domain.errors import BadInput
from app.domain.history.log import Kind, LogQuery, Who, parse_time
from app.views.log.log_model import KIND_WORDS
from app.views.looks.theme import STEP, Theme, Themes
from app.views.widgets.narrow import WrappingLine
from app.views.widgets.plain import ChoiceBox, Label
from app.views.widgets.search_line import SearchLine

_PAUSE_MS = 350
_LARGEST = 2**31 - 1
_GROUPS = (
    ("Everybody", None),
    ("People", Who.PEOPLE),
    ("Automatic", Who.AUTOMATIC),
    ("Agents", Who.AGENTS),
)
_TIME_TIP = "A day or time in UTC (2025-06-01, 2025-06-01T12:00), or how long ago: 30min, 6h, 3d"


class SearchBar(QWidget):
    """The line of fields above the log.

    Signals: `query_changed(LogQuery)` after a pause or Enter, when all fields are valid.
    """

    query_changed = Signal(object)

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self._themes = themes
        self._query = LogQuery()
        self.words = self._line(
            "Words in the comment",
            "All these words, in any order, in the comment or in those of cells (/)",
            140,
        )
        self.run = self._line("Run", "Only entries about this run", 68)
        self.run.setValidator(QIntValidator(1, _LARGEST, self.run))
        self.dataset = self._line("Dataset", "Only entries about datasets of this name", 130)
        self._typed = SearchLine()
        # Inside the box, which has the frame.
        self._typed.setStyleSheet("border: none; padding: 0; min-height: 0; background: none;")
        self.author = ChoiceBox()
        self.author.setLineEdit(self._typed)
        self.author.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.author.addItems([text for text, _ in _GROUPS])
        self.author.setAccessibleName("Author")
        self.author.setToolTip("A group, a person or an agent, by any part of the name")
        self.author.setMinimumWidth(130)
        # A long name makes the list wide, not the window.
        self.author.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.kinds = QToolButton()
        self.kinds.setText("All kinds")
        self.kinds.setAccessibleName("Kinds")
        self.kinds.setToolTip("Kinds of entries")
        self.kinds.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.kinds)
        self._kinds: dict[Kind, QAction] = {}
        for kind, text in KIND_WORDS.items():
            action = menu.addAction(text[0].upper() + text[1:])
            action.setCheckable(True)
            action.toggled.connect(self._kinds_changed)
            self._kinds[kind] = action
        self.kinds.setMenu(menu)
        self.since = self._line("Since", f"Not older. {_TIME_TIP}", 92)
        self.until = self._line("Until", f"Not newer. {_TIME_TIP}", 92)
        self.clear = QToolButton()
        self.clear.setToolTip("Clear the search")
        self.clear.setAccessibleName("Clear the search")
        self.export = QToolButton()
        self.export.setToolTip("Export the entries as CSV or JSON")
        self.export.setAccessibleName("Export the entries")
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._lay_out()
        self._pause.timeout.connect(self.apply)
        self.author.currentTextChanged.connect(lambda _: self._pause.start())
        self._typed.returnPressed.connect(self.apply)
        self._typed.installEventFilter(self)
        self.clear.clicked.connect(lambda: self.show_query(LogQuery()))
        themes.changed.connect(self._apply_theme)
        self._apply_theme(themes.theme)

    @property
    def query(self) -> LogQuery:
        """The last search."""
        return self._query

    def show_query(self, query: LogQuery) -> None:
        """Fills the fields and searches."""
        blocked = [QSignalBlocker(each) for each in (*self._lines(), self.author)]
        self.words.setText(query.words)
        self.run.setText("" if query.run is None else str(query.run))
        self.dataset.setText(query.dataset)
        group = next(text for text, who in _GROUPS if who is query.who)
        self.author.setEditText(query.author or group)
        for line, at in ((self.since, query.since), (self.until, query.until)):
            line.setText("" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}")
        del blocked
        for kind, action in self._kinds.items():
            with QSignalBlocker(action):
                action.setChecked(kind in query.kinds)
        self._name_kinds()
        self.apply(always=True)

    def offer_authors(self, authors: Sequence[str]) -> None:
        """Authors to choose from, beside the groups."""
        text = self.author.currentText()
        with QSignalBlocker(self.author):
            self.author.clear()
            self.author.addItems([text for text, _ in _GROUPS])
            self.author.addItems([each.removeprefix("auto@auto - ") for each in authors])
            self.author.setEditText(text)

    def apply(self, *, always: bool = False) -> None:
        """Reads the fields and searches; shows which field isn't valid."""
        self._pause.stop()
        now = server_now()
        author = self.author.currentText().strip()
        who = dict(_GROUPS).get(author)
        if author == _GROUPS[0][0] or who is not None:
            author = ""
        try:
            since = self._time(self.since, now, end=False)
            until = self._time(self.until, now, end=True)
            if since is not None and until is not None and since > until:
                raise BadInput("The time of the search ends before it begins.")
        except BadInput as error:
            self.refusal.setText(str(error))
            self.refusal.show()
            return
        self.refusal.hide()
        run = self.run.text().strip()
        query = LogQuery(
            int(run) if run.isdecimal() else None,
            self.dataset.text().strip(),
            author,
            who,
            frozenset(kind for kind, action in self._kinds.items() if action.isChecked()),
            since,
            until,
            self.words.text().strip(),
        )
        if always or query != self._query:
            self._query = query
            self.query_changed.emit(query)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # A name that is typed replaces "Everybody".
        if event.type() == QEvent.Type.FocusIn:
            QTimer.singleShot(0, self._typed, self._typed.selectAll)
        return super().eventFilter(watched, event)

    def _time(self, line: QLineEdit, now: datetime, *, end: bool) -> datetime | None:
        text = line.text().strip()
        return parse_time(text, now, end=end) if text else None

    def _line(self, name: str, tip: str, width: int) -> QLineEdit:
        line = SearchLine()
        line.setPlaceholderText(name)
        line.setAccessibleName(name)
        line.setToolTip(tip)
        line.setMinimumWidth(width)
        line.textChanged.connect(lambda _: self._pause.start())
        line.returnPressed.connect(self.apply)
        return line

    def _lines(self) -> tuple[QLineEdit, ...]:
        return self.words, self.run, self.dataset, self.since, self.until

    def _lay_out(self) -> None:
        fields = WrappingLine()
        fields.setSpacing(STEP)
        for widget, share in (
            (self.words, 5),
            (self.run, 1),
            (self.dataset, 4),
            (self.author, 3),
            (self.kinds, 0),
            (self.since, 2),
            (self.until, 2),
            (self.clear, 0),
            (self.export, 0),
        ):
            fields.add(widget, share)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * STEP, STEP, 2 * STEP, STEP)
        layout.setSpacing(2)
        layout.addLayout(fields)
        layout.addWidget(self.refusal)

    def _kinds_changed(self, _checked: bool) -> None:
        self._name_kinds()
        self._pause.start()

    def _name_kinds(self) -> None:
        chosen = [KIND_WORDS[kind] for kind, action in self._kinds.items() if action.isChecked()]
        if len(chosen) > 1:
            self.kinds.setText(f"{len(chosen)} kinds")
        else:
            self.kinds.setText(chosen[0] if chosen else "All kinds")

    def _apply_theme(self, theme: Theme) -> None:
        self.clear.setIcon(theme.icon("cross"))
        self.export.setIcon(theme.icon("save"))
