"""The datasets that a rule is tried on: a pattern of names with its matches, runs, era."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPoint, QStringListModel, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import BadInput, Refused
from app.services.acting import Acting
from app.services.golden import generation as golden
from app.services.golden.bench import Narrowing
from app.services.golden.generation import MatchingDatasets
from app.views.background import Background, Work
from app.views.focus import give_keys
from app.views.looks import words
from app.views.looks.theme import STEP
from app.views.widgets.completions import Completions
from app.views.widgets.plain import ChoiceBox, Label, ListItem

_PAUSE_MS = 250
_RUN_WIDTH = 88
_ERA_WIDTH = 120
_LARGEST_RUN = 9_999_999
_POPUP = (440, 320)
_HINT = "% stands for any text, _ for any character, (A|B) for either."
_ANY_ERA = "any era"


class DatasetsBar(QWidget):
    """Looks the names up while they are typed.

    Signals: `changed()` after a pause or Enter, when other datasets are named and there are some;
    `cleared()` as soon as the datasets that were named no longer hold.
    """

    changed = Signal()
    cleared = Signal()

    def __init__(
        self, acting: Acting, background: Background, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._acting = acting
        self._background = background
        self._work = Work(background, self)
        self._chosen: tuple[str, Narrowing] | None = None
        self.matching: MatchingDatasets | None = None
        self.pattern = QLineEdit(placeholderText="%/PromptReco/Collisions%")
        self.pattern.setToolTip(f"Names of datasets. {_HINT}")
        self.pattern.setAccessibleName("Datasets")
        self._known = QStringListModel(self)
        self.pattern.setCompleter(Completions(self._known, self))
        self.matches = QToolButton()
        self.matches.setToolTip("Show the names that match")
        self.matches.setEnabled(False)
        self.names = _NamesPopup(self)
        self.first = _run_line("first", "First run that takes part")
        self.last = _run_line("last", "Last run that takes part")
        self.era = ChoiceBox()
        self.era.addItem(_ANY_ERA, "")
        self.era.setAccessibleName("Era")
        self.era.setToolTip("Only runs of this era")
        self.era.setMinimumWidth(_ERA_WIDTH)
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._lay_out()
        self._pause.timeout.connect(self.apply)
        self.pattern.textChanged.connect(self._edited)
        for line in (self.first, self.last):
            line.textEdited.connect(self._edited)
            line.returnPressed.connect(self.apply)
        self.pattern.returnPressed.connect(self.apply)
        self.era.activated.connect(lambda _row: self.apply())
        self.matches.clicked.connect(self._show_names)

    def read(self) -> tuple[str, Narrowing]:
        """The pattern, and the limits in run and era; BadInput says what is wrong with them."""
        pattern = self.pattern.text().strip()
        if not pattern:
            raise BadInput("Enter the names of datasets, such as %/PromptReco/Collisions%.")
        first, last = _run(self.first), _run(self.last)
        if first is not None and last is not None and first > last:
            raise BadInput(f"The first run {first} is greater than the last run {last}.")
        return pattern, Narrowing(first, last, str(self.era.currentData() or ""))

    def apply(self) -> None:
        """Looks the typed names up, unless they are known already."""
        self._pause.stop()
        try:
            chosen = self.read()
        except BadInput as error:
            self._work.drop()
            self._chosen = None
            self.refuse(str(error) if self.pattern.text().strip() else "")
            self.matches.setText("")
            self.matches.setEnabled(False)
            return
        if chosen == self._chosen:
            return
        before, self._chosen = self._chosen, chosen
        self.refuse("")
        if before is not None and before[0] == chosen[0] and self.matching is not None:
            self.changed.emit()  # the same names: only runs or era are different
            return
        self._work.start(self._look_up(chosen[0]))

    def show_everything_of(self, pattern: str) -> None:
        """Takes another pattern without limits in run and era."""
        self.first.clear()
        self.last.clear()
        self.era.setCurrentIndex(0)
        self.pattern.setText(pattern)
        self.apply()

    def set_known_names(self, names: Sequence[str]) -> None:
        """Takes the names that are offered while a pattern is typed."""
        self._known.setStringList(list(names))

    def show_eras(self, eras: Mapping[str, int]) -> None:
        """Offers the eras of the datasets; the chosen one stays."""
        chosen = str(self.era.currentData() or "")
        self.era.clear()
        self.era.addItem(_ANY_ERA, "")
        for era, datasets in eras.items():
            if era:
                self.era.addItem(f"{era}   {datasets}", era)
        if chosen and self.era.findData(chosen) < 0:
            self.era.addItem(chosen, chosen)
        self.era.setCurrentIndex(max(self.era.findData(chosen), 0))

    def show_run_range(self, runs: tuple[int, int]) -> None:
        """Shows the first and the last run of the datasets."""
        self.first.setPlaceholderText(str(runs[0]))
        self.last.setPlaceholderText(str(runs[1]))

    def refuse(self, text: str) -> None:
        """Shows why the datasets can't be read."""
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))

    def _edited(self) -> None:
        self.cleared.emit()
        self._pause.start()

    async def _look_up(self, pattern: str) -> None:
        self.matches.setText("searching ...")
        self.matches.setEnabled(False)
        try:
            matching = await self._background.read(
                lambda: golden.datasets_matching(self._acting, pattern)
            )
        except Refused as error:
            self.matching = None
            self.matches.setText("")
            self.refuse(str(error))
        else:
            self._show_matching(matching)

    def _show_matching(self, matching: MatchingDatasets) -> None:
        self.matching = matching
        self.names.show_names(list(matching.runs_of))
        self.matches.setEnabled(bool(matching.runs_of))
        if not matching.datasets:
            self.matches.setText("none")
            self.refuse(f"No dataset has such a name. {_HINT}")
            return
        names = words.counted(len(matching.runs_of), "name")
        self.matches.setText(f"{names}, {words.counted(matching.datasets, 'dataset')}")
        self.changed.emit()

    def _show_names(self) -> None:
        corner = self.matches.mapToGlobal(QPoint(0, self.matches.height()))
        self.names.resize(*_POPUP)
        self.names.move(corner.x() + self.matches.width() - _POPUP[0], corner.y())
        self.names.show()
        give_keys(self.names.list)

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(STEP)
        line.addWidget(self.pattern, 1)
        line.addWidget(self.matches)
        runs = QHBoxLayout()
        runs.setSpacing(STEP)
        runs.addWidget(self.first)
        runs.addWidget(Label("to"))
        runs.addWidget(self.last)
        runs.addSpacing(2 * STEP)
        runs.addWidget(self.era)
        runs.addStretch(1)
        form = QGridLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(2 * STEP)
        form.setVerticalSpacing(STEP)
        for row, (text, buddy, part) in enumerate(
            (("&Datasets", self.pattern, line), ("R&uns", self.first, runs))
        ):
            label = Label(text)
            label.setBuddy(buddy)
            form.addWidget(label, row, 0)
            form.addLayout(part, row, 1)
        form.addWidget(self.refusal, 2, 1)
        form.setColumnStretch(1, 1)


class _NamesPopup(QFrame):
    """Shows the names that match until something else is clicked."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("palette")
        self.list = QListWidget()
        self.list.setAccessibleName("Matching datasets")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(STEP, STEP, STEP, STEP)
        layout.addWidget(self.list)

    def show_names(self, names: Sequence[str]) -> None:
        """Shows other names."""
        self.list.clear()
        for name in names:
            self.list.addItem(ListItem(name))


def _run_line(placeholder: str, tip: str) -> QLineEdit:
    line = QLineEdit(placeholderText=placeholder)
    line.setFixedWidth(_RUN_WIDTH)
    line.setToolTip(tip)
    line.setAccessibleName(tip)
    return line


def _run(line: QLineEdit) -> int | None:
    text = line.text().strip()
    if not text:
        return None
    if not text.isdecimal() or int(text) > _LARGEST_RUN:
        raise BadInput(f'"{text}" is not a run number.')
    return int(text)
