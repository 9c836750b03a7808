"""The dialog that generates golden JSONs: one or several rules, with the datasets read once."""

import asyncio

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from app.domain.configuration.items import UnknownVariables
from app.domain.configuration.permissions import generate_json_path
from app.domain.errors import Refused, Unavailable
from app.domain.json_value import JsonValue, js_stringify
from app.domain.progress import Cancelled
from app.services.golden import bench as golden_bench
from app.services.golden import rules as golden_rules
from app.services.golden.bench import Narrowing
from app.services.golden.generation import READING_SHARE, Generated, refusal_of_official
from app.views.background import Work
from app.views.focus import give_keys
from app.views.looks.theme import STEP
from app.views.places import PlaceContext
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.dialogs.refusal_line import RefusalLine, RightLine
from app.views.widgets.plain import Label, ListItem
from app.views.widgets.search_line import SearchLine

_WRITTEN = "This rule"
_RULE = Qt.ItemDataRole.UserRole
_WHOLE = 100


class GenerateDialog(QDialog):
    """Asks for rules and generates a list for each.

    `written` is the rule of the workbench, the only one that is ticked at first. Signals:
    `generated(tuple)` with the ids of the new lists.
    """

    generated = Signal(object)

    def __init__(
        self,
        context: PlaceContext,
        pattern: str,
        narrowing: Narrowing,
        written: JsonValue,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Generate golden JSON")
        resize_to_fit(self, 560, 480)
        self._acting = context.acting
        self._rights = context.rights
        self._background = background = context.background
        self._pattern = pattern
        self._narrowing = narrowing
        self._written = written
        self._work = Work(background, self)
        self.remark = ""
        self.datasets = Label(_datasets_text(pattern, narrowing), wordWrap=True)
        self.datasets.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.search = SearchLine()
        self.search.setPlaceholderText("Find a saved rule")
        self.search.setAccessibleName("Find a saved rule")
        self.rules = QListWidget()
        self.rules.setAccessibleName("Rules")
        self.rules.setToolTip("Space ticks a rule; a list is generated for each ticked rule")
        self.tags = QLineEdit(placeholderText="Words to find it by")
        self.tags.setAccessibleName("Tags")
        self.official = QCheckBox("Official")
        self.official.setToolTip("This is what physics is done with, once a puller confirmed it")
        self.official_right = RightLine(context.rights, self.official, self._why_not_official, self)
        self.refusal = RefusalLine(self)
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress")
        self.progress.setTextVisible(False)
        self.progress.hide()
        self.step = Label()
        self.step.setProperty("role", "muted")
        self.step.hide()
        self._make_buttons()
        self.right = RightLine(
            context.rights,
            self.go,
            self._why_not,
            self,
        )
        self._lay_out()
        self._add(_WRITTEN, "written in the workbench", written, ticked=written is not None)
        self._connect()
        self._look()
        background.run(self._offer(), self)

    def _make_buttons(self) -> None:
        self.buttons = QDialogButtonBox()
        self.go = self.buttons.addButton("Generate", QDialogButtonBox.ButtonRole.AcceptRole)
        self.stop = self.buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self.go.setDefault(True)
        self.go.setText("Generate 99")
        self.go.setMinimumWidth(self.go.sizeHint().width())
        self.insist = self.buttons.addButton(
            "Generate all the same", QDialogButtonBox.ButtonRole.ActionRole
        )
        self.insist.setToolTip("Although nothing has what the rule reads")
        self.insist.hide()

    @property
    def is_running(self) -> bool:
        return self._work.is_running

    @property
    def ticked(self) -> tuple[tuple[str, JsonValue], ...]:
        """Names and rules that are ticked."""
        items = (self.rules.item(row) for row in range(self.rules.count()))
        return tuple(
            item.data(_RULE) for item in items if item.checkState() is Qt.CheckState.Checked
        )

    def submit(self, *, insist: bool = False) -> None:
        """Generates a list for each ticked rule, unless it does so already."""
        if not self.is_running and self.ticked and not self.right.text():
            self._refuse("")
            self._work.start(self._generate(insist))

    async def _generate(self, insist: bool) -> None:
        progress = self._work.progress
        rules = [(_tag(name), rule) for name, rule in self.ticked]
        tags, official = self.tags.text().strip(), self.official.isChecked()

        def generate() -> list[Generated]:
            return golden_bench.generate_named(
                self._acting,
                self._pattern,
                rules,
                self._narrowing,
                tags=tags,
                official=official,
                insist=insist,
                progress=progress,
            )

        try:
            generated = await self._background.act(generate)
        except asyncio.CancelledError:
            self._work.stop()  # The end of the program doesn't wait for a list.
            raise
        except Cancelled:
            self._refuse("Cancelled: no list was stored.")
        except (Refused, Unavailable) as error:
            self.refusal.tell(error)
            self.insist.setVisible(isinstance(error, UnknownVariables))
        else:
            self.remark = generated[0].remark
            self.generated.emit(tuple(golden_json.id for golden_json in generated))
            self.accept()

    def cancel(self) -> None:
        """Stops generating; closes the dialog when nothing is being generated."""
        if not self.is_running:
            super().reject()
            return
        self._work.stop()
        self.stop.setEnabled(False)
        self.progress.setRange(0, 0)
        self.step.setText("Cancelling ...")

    def reject(self) -> None:
        self.cancel()

    def _add(self, name: str, note: str, rule: JsonValue, *, ticked: bool) -> None:
        item = ListItem(f"{name}   {note}")
        item.setData(_RULE, (name, rule))
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        if rule is not None:
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        else:
            item.setText(f"{name}   has an error")
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.rules.addItem(item)

    async def _offer(self) -> None:
        offered = await self._background.read(lambda: golden_rules.offered(self._acting))
        written = None if self._written is None else js_stringify(self._written)
        for rule in offered:
            if js_stringify(rule.rule) == written:
                # The written rule is a saved one, so it is called by its name.
                first = self.rules.item(0)
                first.setText(f"{rule.name}   written in the workbench")
                first.setData(_RULE, (rule.name, rule.rule))
                written = None
            else:
                self._add(rule.name, rule.origin, rule.rule, ticked=False)
        self._find(self.search.text())

    def _find(self, text: str) -> None:
        parts = text.casefold().split()
        for row in range(self.rules.count()):
            item = self.rules.item(row)
            shown = all(word in item.text().casefold() for word in parts)
            item.setHidden(not shown and item.checkState() is not Qt.CheckState.Checked)

    def _look(self) -> None:
        count = len(self.ticked)
        self.go.setText("Generate" if count < 2 else f"Generate {count}")
        self.right.offer(possible=bool(count) and not self.is_running)
        self.official_right.offer(possible=not self.is_running and self._why_not() is None)

    def _why_not(self) -> Refused | None:
        return self._rights.refusal_of_all([(generate_json_path(),)])

    def _why_not_official(self) -> Refused | None:
        # Who may make no list at all is told that, and not also what can't be made of one.
        return None if self._why_not() is not None else refusal_of_official(self._acting)

    # Running

    def _show_running(self, running: bool) -> None:
        self.stop.setEnabled(True)
        self.progress.setVisible(running)
        self.step.setVisible(running)
        self.progress.setRange(0, 0)
        self.step.setText("Starting ...")
        for part in (self.search, self.rules, self.tags):
            part.setEnabled(not running)
        self._look()

    def _show_progress(self, share: float) -> None:
        if self._work.is_stopping:
            return
        self.progress.setRange(0, _WHOLE)
        self.progress.setValue(round(_WHOLE * share))
        self.step.setText("Reading the state" if share < READING_SHARE else "Applying the rule")

    def _refuse(self, text: str) -> None:
        self.insist.hide()
        self.refusal.say(text)

    # Making

    def _lay_out(self) -> None:
        official = QHBoxLayout()
        official.setSpacing(2 * STEP)
        official.addWidget(self.official)
        official.addWidget(self.official_right, 1)
        form = QGridLayout()
        form.setHorizontalSpacing(3 * STEP)
        form.setVerticalSpacing(STEP)
        for row, part in enumerate((self.datasets, self.search, self.rules, self.tags)):
            form.addWidget(part, row, 1)
        form.addLayout(official, 4, 1)
        top = Qt.AlignmentFlag.AlignTop
        for row, text, buddy in (
            (0, "Datasets", None),
            (1, "&Rules", self.search),
            (3, "&Tags", self.tags),
        ):
            label = Label(text)
            if buddy is not None:
                label.setBuddy(buddy)
            form.addWidget(label, row, 0, top)
        form.setColumnStretch(1, 1)
        form.setRowStretch(2, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.addLayout(form, 1)
        layout.addWidget(self.refusal)
        layout.addWidget(self.right)
        layout.addWidget(self.step)
        layout.addWidget(self.progress)
        layout.addWidget(self.buttons)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._find)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(lambda: give_keys(self.search, select=True))
        self.rules.itemChanged.connect(self._look)
        self._work.progressed.connect(self._show_progress)
        self._work.running_changed.connect(self._show_running)
        self._rights.changed.connect(self._look)
        self.buttons.accepted.connect(self.submit)
        self.insist.clicked.connect(lambda: self.submit(insist=True))
        # Another rule is another question.
        self.rules.itemChanged.connect(self.insist.hide)
        self.buttons.rejected.connect(self.cancel)


def _tag(name: str) -> str:
    """A rule's name as one word among the tags."""
    return "-".join(name.split()).lower() if name == _WRITTEN else "-".join(name.split())


def _datasets_text(pattern: str, narrowing: Narrowing) -> str:
    parts = [pattern]
    if narrowing.first_run is not None or narrowing.last_run is not None:
        first, last = narrowing.first_run or "the first", narrowing.last_run or "the last"
        parts.append(f"runs {first} to {last}")
    if narrowing.era:
        parts.append(f"era {narrowing.era}")
    if narrowing.narrows:
        parts.append("which becomes part of the rule")
    return ", ".join(parts)
