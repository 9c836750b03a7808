"""What drafted edits would change, beside the grid, before they are written."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.editing.edits import BitEdit, Edit
from app.domain.errors import NotPermitted, Refused, Unavailable, Unsure
from app.domain.keys import DatasetKey
from app.domain.lumisections import format_ranges
from app.domain.progress import Progress
from app.services.acting import Acting
from app.services.editing import bulk, landing
from app.services.editing.bulk import CellsChanged, ChangedMeanwhile, Preview, Written
from app.services.editing.landing import DraftMark
from app.views.background import Background, Work
from app.views.changes.value_words import golden_text, short_ranges, value_text
from app.views.looks import words
from app.views.looks.theme import STEP, Theme, Themes
from app.views.lumisections.editing.conflicts_view import ConflictsView
from app.views.rights import nothing_here, offer
from app.views.widgets.dialogs.long_work import LongWork
from app.views.widgets.dialogs.reason import with_reason
from app.views.widgets.dialogs.refusal_line import RefusalLine
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label, TreeItem

_HEADINGS = ("Column", "LS", "Now", "Becomes")


class PreviewPane(QFrame):
    """Previews edits, shows conflicts, and writes when the person says so.

    Signals: `written(Written)`; `nothing_left()` when the others' values stay everywhere;
    `closed()`.
    """

    written = Signal(object)
    nothing_left = Signal()

    def __init__(
        self,
        acting: Acting,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self.setAccessibleName("Preview")
        self._acting = acting
        self._background = background
        self._themes = themes
        self._edits: tuple[Edit, ...] = ()
        self._comment = ""
        self._seen: Mapping[DatasetKey, int] = {}
        self._draft: DraftMark | None = None
        self._preview: Preview | None = None
        self._shown: tuple[Edit, ...] = ()
        self._is_confirmed = False
        self._looking = Work(background, self)
        self.title = Label("Preview")
        self.title.setProperty("role", "title")
        self.close_button = QToolButton()
        self.bar = LoadingBar(themes)
        self.summary = Label(wordWrap=True)
        self.golden = Label(wordWrap=True)
        self.refusal = RefusalLine()
        self.leave_out = QCheckBox("Leave out refused edits")
        self.conflicts = ConflictsView(themes)
        self.changes = QTreeWidget()
        self.work = LongWork(background)
        self.write_button = QPushButton("Write")
        self.write_button.setToolTip("Write the changes as one version (Enter)")
        self._lay_out()
        self._connect()
        self._apply_theme(themes.theme)
        self.hide()

    def home(self) -> QWidget:
        """The pane itself, while none of its buttons can be used: Enter writes, Esc closes."""
        return self

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits that are previewed or written."""
        return self._edits

    @property
    def key(self) -> DatasetKey | None:
        """The dataset that the edits belong to."""
        return (self._edits[0].run_number, self._edits[0].dataset) if self._edits else None

    @property
    def is_writing(self) -> bool:
        """Whether the edits are being written now."""
        return self.work.is_running

    def look(
        self,
        edits: Sequence[Edit],
        comment: str,
        seen: Mapping[DatasetKey, int],
        draft: DraftMark | None = None,
    ) -> None:
        """Shows what these edits would change now; the preview before stays until then.

        `draft` is the one that they are.
        """
        if self.is_writing:
            return
        self._is_confirmed = self._is_confirmed and self._edits == tuple(edits)
        self._edits, self._comment, self._seen = tuple(edits), comment, seen
        self._draft = draft
        self.refusal.say("")
        self._look()

    def confirm(self, edits: Sequence[Edit]) -> bool:
        """Writes these edits, at once or when their preview has been read again; says why not
        where something is to be decided first. Returns whether they are previewed at all."""
        if self._edits != tuple(edits):
            return False
        if self.is_writing:
            return True
        if not self._looking.is_running:
            is_shown = self._preview is not None
            self._tell_undecided()
            self.write()
            return is_shown
        # Only what was seen is agreed to; nobody has seen a first preview before it is there.
        self._is_confirmed = self._shown == self._edits
        self._say_busy()
        return True

    def write(self) -> None:
        """Writes the edits as one version, unless something has to be decided first."""
        preview = self._preview
        if preview is None or self.is_writing or not self.write_button.isEnabled():
            return
        edits = bulk.resolved(self._edits, preview.conflicts, self.conflicts.keep_theirs)
        if not edits:
            self.nothing_left.emit()
            return
        acting, comment, seen = self._acting, self._comment, preview.seen
        leave_out, draft = self.leave_out.isChecked(), self._draft
        self.refusal.say("")

        async def steps(progress: Progress) -> None:
            try:
                written = await with_reason(
                    self._background,
                    acting,
                    self,
                    lambda acting: bulk.write(
                        acting,
                        edits,
                        comment=comment,
                        seen=seen,
                        leave_out_refused=leave_out,
                        progress=progress,
                        draft=draft,
                    ),
                )
            except Unsure as unsure:
                written = await self._found(unsure, draft, preview)
            except ChangedMeanwhile:
                if not self.isHidden():
                    self._look()  # A newer preview has both values.
                return
            self._forget()
            self.hide()
            self.written.emit(written)

        self.work.start("Writing", steps)

    async def _found(self, unsure: Unsure, draft: DraftMark | None, preview: Preview) -> Written:
        """What was written although the answer was lost, once the server says so."""
        acting = self._acting
        if draft is None or not acting.db.desk:
            raise unsure
        self.work.step.setText("Looking whether it was written")
        if not await self._background.read(lambda: landing.has_landed(acting, draft)):
            raise Unavailable("The connection was lost before the change was stored.")
        datasets = len(preview.datasets)
        changed = f"{words.counted(preview.cells, 'cell')} in {words.counted(datasets, 'dataset')}"
        text = f"Changed {changed}, although the connection was lost."
        return Written(None, preview.cells, datasets, (), text)

    def close_preview(self) -> None:
        """Goes back to drafting."""
        if self.is_writing:
            self.work.cancel()
        else:
            self._close()

    def leave(self) -> None:
        """Closes because another dataset is shown; what is being written is asked to stop."""
        self.work.cancel()
        self._close()

    def _close(self) -> None:
        self._looking.drop()
        self._forget()
        self.hide()

    def _forget(self) -> None:
        self._preview, self._shown, self._is_confirmed = None, (), False
        self.conflicts.show_conflicts(())

    # Outcomes

    def _look(self) -> None:
        self._preview = None
        self._update()
        self.show()
        self._looking.start(self._read_preview())

    async def _read_preview(self) -> None:
        acting, edits, comment, seen = self._acting, self._edits, self._comment, self._seen
        progress = self._looking.progress

        def read() -> Preview:
            rule = bulk.golden_rule(acting)
            return bulk.preview(
                acting, edits, comment=comment, seen=seen, rule=rule, progress=progress
            )

        try:
            preview = await self._background.read(read)
        except Refused as error:
            self._is_confirmed = False
            self.refusal.tell(error)
            return
        confirmed, self._is_confirmed = self._is_confirmed, False
        same = self._shown == edits
        self._shown = edits
        self._show(preview)
        if confirmed and same:
            self.write()

    def _show(self, preview: Preview) -> None:
        self._preview = preview
        self.summary.setText(_summary(preview))
        self.golden.setVisible(preview.golden is not None)
        if preview.golden is not None:
            self.golden.setText(golden_text(preview.golden))
        if nothing := nothing_here(self._acting):
            self.refusal.say(nothing)
        elif preview.refused:
            self.refusal.say(_refusals(preview), _egroups(preview))
        self.conflicts.show_conflicts(preview.conflicts)
        self.changes.clear()
        several = len(preview.datasets) > 1
        for change in preview.changes:
            self.changes.addTopLevelItem(_item(change, several=several))
        self._update()

    def _say_busy(self) -> None:
        self.summary.setText(
            "Enter is noted: it is written as soon as this has been checked again (Esc: not)."
            if self._is_confirmed
            else "Still checking what would change. Press Enter again when it is shown."
        )

    def _tell_undecided(self) -> None:
        """Answers an Enter that can't write yet."""
        preview = self._preview
        if preview is None or self.write_button.isEnabled() or nothing_here(self._acting):
            return
        if self.conflicts.open_ones:
            left = words.counted(self.conflicts.open_ones, "conflict")
            self.refusal.say(
                f"{left} to decide first: Left keeps their value, Right writes yours,"
                " Up and Down go to the next."
            )
        elif preview.refused and self.leave_out.isVisible():
            told = f"{_refusals(preview)}\nTick the box below to write the others."
            self.refusal.say(told, _egroups(preview))

    def _update(self) -> None:
        preview, writing = self._preview, self.is_writing
        refused = bool(preview and preview.refused)
        some = bool(preview and len(preview.refused) < len(preview.lines))
        self.leave_out.setVisible(refused and some)
        undecided = self.conflicts.open_ones if preview is not None else 0
        ready = preview is not None and not undecided and not writing
        if refused:
            ready = ready and some and self.leave_out.isChecked()
        changes = preview is not None and (preview.cells > 0 or bool(preview.conflicts))
        why_not = nothing_here(self._acting)
        if undecided and not why_not:
            why_not = f"Decide {words.counted(undecided, 'conflict')} first"
        offer(self.write_button, why_not, possible=ready and changes)
        for widget in (self.changes, self.conflicts, self.summary, self.golden):
            widget.setEnabled(not writing)

    # Making

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.title, 1)
        top.addWidget(self.close_button)
        self.changes.setAccessibleName("Cells that change")
        self.changes.setFrameShape(QFrame.Shape.NoFrame)
        self.changes.setRootIsDecorated(False)
        self.changes.setUniformRowHeights(True)
        self.changes.setHeaderLabels(list(_HEADINGS))
        header = self.changes.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(1, 112)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        header.setStretchLastSection(False)
        bottom = QHBoxLayout()
        bottom.addWidget(self.work, 1)
        bottom.addStretch(0)
        bottom.addWidget(self.write_button)
        self.write_button.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        layout.setSpacing(STEP)
        layout.addLayout(top)
        layout.addWidget(self.bar)
        for widget in (self.summary, self.golden, self.refusal, self.leave_out, self.conflicts):
            layout.addWidget(widget)
        layout.addWidget(self.changes, 1)
        layout.addLayout(bottom)
        self.refusal.hide()
        self.setMinimumWidth(300)
        self._update()

    def _connect(self) -> None:
        self.close_button.setToolTip("Back to drafting (Esc)")
        self.close_button.setAccessibleName("Close the preview")
        self.close_button.clicked.connect(self.close_preview)
        self.work.failed.connect(self.refusal.say)
        self._looking.running_changed.connect(self.bar.set_loading)
        self.work.running_changed.connect(self._update)
        self.write_button.clicked.connect(self.write)
        self.leave_out.toggled.connect(self._update)
        self.conflicts.changed.connect(self._update)
        self._themes.changed.connect(self._apply_theme)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.confirm(self._edits)
        elif key == Qt.Key.Key_Escape:
            self.close_preview()
        else:
            super().keyPressEvent(event)

    def _apply_theme(self, theme: Theme) -> None:
        self.close_button.setIcon(theme.icon("cross"))


def _item(change: CellsChanged, *, several: bool) -> QTreeWidgetItem:
    """A line of the preview; `several`: it names the dataset."""
    where = f"{change.run_number} {change.dataset} " if several else ""
    same = change.before == change.after
    after = "the same, set by hand" if same else value_text(change.after)
    item = TreeItem(
        [f"{where}{change.key}", short_ranges(change.ranges, 3), value_text(change.before), after]
    )
    item.setToolTip(1, f"LS {format_ranges(change.ranges)}")
    for column in (0, 2, 3):
        item.setToolTip(column, item.text(column))
    return item


def _summary(preview: Preview) -> str:
    if not preview.cells and preview.refused:
        return "Nothing can be written now; the draft stays."
    if not preview.cells:
        return "Nothing changes: every cell has that value already."
    rows = len({(change.run_number, change.dataset, change.key) for change in preview.changes})
    recorded = sum(dataset.recorded for dataset in preview.datasets)
    change = "changes" if preview.cells == 1 else "change"
    text = (
        f"{words.counted(preview.cells, 'cell')} {change} in {words.counted(rows, 'row')},"
        f" {words.number(preview.lumisections)} LS, {words.luminosity(recorded)} pb⁻¹ recorded."
    )
    if len(preview.datasets) > 1:
        text += f" {words.counted(len(preview.datasets), 'dataset')}."
    return text


def _refusals(preview: Preview) -> str:
    by_reason: dict[str, list[str]] = {}
    for line in preview.refused:
        key = line.edit.bit if isinstance(line.edit, BitEdit) else line.edit.column
        by_reason.setdefault(str(line.refused), []).append(key)
    return "\n".join(
        f"{', '.join(dict.fromkeys(keys))}: {reason}" for reason, keys in by_reason.items()
    )


def _egroups(preview: Preview) -> tuple[str, ...]:
    """Those that could write what is refused."""
    refused = (line.refused for line in preview.refused)
    could = (each.egroups or () for each in refused if isinstance(each, NotPermitted))
    return tuple(dict.fromkeys(egroup for egroups in could for egroup in egroups))
