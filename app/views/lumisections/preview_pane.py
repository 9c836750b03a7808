"""What drafted edits would change, shown beside the grid before they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    QVBoxLayout,
    QWidget,
)

from app.domain.editing.edits import BitEdit, Edit
from app.domain.keys import DatasetKey
from app.domain.lumisections import format_ranges
from app.services.editing.bulk import GoldenEffect, Preview, Written, resolved
from app.services.editing.plan import ChangedMeanwhile
from app.views import words
from app.views.backend.editing import Editing
from app.views.background import Background, Job
from app.views.grid.value_words import value_text
from app.views.lumisections.conflicts_view import ConflictsView
from app.views.lumisections.selection_words import short_ranges
from app.views.theme import STEP, Theme, Themes
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.long_work import Asked, LongWork, Report
from app.views.widgets.plain import Label, TreeItem

_HEADINGS = ("Column", "LS", "Now", "Becomes")


@dataclass(frozen=True)
class _Outcome:
    """What was written; None when somebody changed the same cells first."""

    written: Written | None


class PreviewPane(QFrame):
    """Looks at edits, shows conflicts, writes when the person says so.

    Signals: `written(Written)`; `nothing_left()` when the others' values are kept everywhere.
    """

    written = Signal(object)
    nothing_left = Signal()

    def __init__(
        self,
        backend: Editing,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self.setAccessibleName("Preview")
        self._backend = backend
        self._background = background
        self._themes = themes
        self._edits: tuple[Edit, ...] = ()
        self._comment = ""
        self._seen: Mapping[DatasetKey, int] = {}
        self._preview: Preview | None = None
        self._looking: Job[Preview | None] | None = None
        self.title = Label("Preview")
        self.title.setProperty("role", "title")
        self.close_button = QToolButton()
        self.bar = LoadingBar(themes)
        self.summary = Label(wordWrap=True)
        self.golden = Label(wordWrap=True)
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.leave_out = QCheckBox("Leave out what is refused")
        self.conflicts = ConflictsView(themes)
        self.changes = QTreeWidget()
        self.work = LongWork(background)
        self.write_button = QPushButton("Write")
        self._lay_out()
        self._connect()
        self._dress(themes.theme)
        self.hide()

    def home(self) -> QWidget:
        """The pane itself, while none of its buttons can be used: Enter writes, Esc closes."""
        return self

    @property
    def is_writing(self) -> bool:
        """Whether the edits are being written now."""
        return self.work.is_running

    def look(self, edits: Sequence[Edit], comment: str, seen: Mapping[DatasetKey, int]) -> None:
        """Shows what these edits would do now; what was shown stays until that is known."""
        if self.is_writing:
            return
        if self._looking is not None:
            self._looking.cancel()
        self._edits, self._comment, self._seen = tuple(edits), comment, seen
        self._preview = None
        self.bar.set_loading(True)
        self._refuse("")
        self._update()
        self.show()
        backend, given = self._backend, self._edits
        self._looking = self._background.read_then(
            lambda: backend.preview_edits(given, comment=comment, seen=seen),
            self._show,
            owner=self,
            refused=lambda error: self._refuse(str(error)),
            finished=lambda: self.bar.set_loading(False),
        )

    def write(self) -> None:
        """Writes the edits as one version, unless something has to be decided first."""
        preview = self._preview
        if preview is None or self.is_writing or not self.write_button.isEnabled():
            return
        edits = resolved(self._edits, preview.conflicts, self.conflicts.keep_theirs)
        if not edits:
            self.nothing_left.emit()
            return
        comment, seen = self._comment, preview.seen
        leave_out = self.leave_out.isChecked()
        backend = self._backend
        self._refuse("")

        def write(report: Report, asked: Asked) -> _Outcome | None:
            try:
                written = backend.write_edits(
                    edits,
                    comment=comment,
                    seen=seen,
                    leave_out_refused=leave_out,
                    progress=report,
                    is_cancelled=asked,
                )
            except ChangedMeanwhile:
                return _Outcome(None)
            return None if written is None else _Outcome(written)

        self.work.run("Writing", write, self._wrote)

    def close_preview(self) -> None:
        """Goes back to drafting."""
        if self.is_writing:
            self.work.cancel()
            return
        if self._looking is not None:
            self._looking.cancel()
            self.bar.set_loading(False)
        self._preview = None
        self.conflicts.show_conflicts(())
        self.hide()

    # Outcomes

    def _show(self, preview: Preview | None) -> None:
        if preview is None:
            return
        self._preview = preview
        self.summary.setText(_summary(preview))
        self._show_golden(preview.golden)
        if preview.refused:
            self._refuse(_refusals(preview))
        self.conflicts.show_conflicts(preview.conflicts)
        self.changes.clear()
        several = len(preview.datasets) > 1
        for each in preview.changes:
            where = f"{each.run_number} {each.dataset} " if several else ""
            item = TreeItem(
                [
                    f"{where}{each.key}",
                    short_ranges(each.ranges, 3),
                    value_text(each.before),
                    "the same, as your word"
                    if each.before == each.after
                    else value_text(each.after),
                ]
            )
            item.setToolTip(1, f"LS {format_ranges(each.ranges)}")
            for column in (0, 2, 3):
                item.setToolTip(column, item.text(column))
            self.changes.addTopLevelItem(item)
        self._update()

    def _show_golden(self, effect: GoldenEffect | None) -> None:
        self.golden.setVisible(effect is not None)
        if effect is None:
            return
        parts = []
        if effect.lumisections_leaving:
            where = "; ".join(f"LS {short_ranges(ranges)}" for ranges in effect.leaving.values())
            parts.append(
                f"{words.number(effect.lumisections_leaving)} LS with"
                f" {words.luminosity(effect.recorded_leaving)} pb⁻¹ leave ({where})"
            )
        if effect.lumisections_entering:
            where = "; ".join(f"LS {short_ranges(ranges)}" for ranges in effect.entering.values())
            parts.append(
                f"{words.number(effect.lumisections_entering)} LS with"
                f" {words.luminosity(effect.recorded_entering)} pb⁻¹ enter ({where})"
            )
        said = "; ".join(parts) if parts else "nothing leaves or enters"
        self.golden.setText(f"Golden rule: {said}.")

    def _wrote(self, outcome: _Outcome) -> None:
        if outcome.written is None:
            # Somebody was quicker: a newer preview has both values.
            self.look(self._edits, self._comment, self._seen)
            return
        self._preview = None
        self.conflicts.show_conflicts(())
        self.hide()
        self.written.emit(outcome.written)

    def _refuse(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))

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
        self.write_button.setEnabled(ready and changes)
        tip = "Write it as one version (Enter)"
        if undecided:
            tip = f"{words.counted(undecided, 'place')} to decide first"
        self.write_button.setToolTip(tip)
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
        self.work.failed.connect(self._refuse)
        self.work.running_changed.connect(self._update)
        self.write_button.clicked.connect(self.write)
        self.leave_out.toggled.connect(self._update)
        self.conflicts.changed.connect(self._update)
        self._themes.changed.connect(self._dress)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.write()
        elif key == Qt.Key.Key_Escape:
            self.close_preview()
        else:
            super().keyPressEvent(event)

    def _dress(self, theme: Theme) -> None:
        self.close_button.setIcon(theme.icon("cross"))


def _summary(preview: Preview) -> str:
    if not preview.cells:
        return "Nothing changes: every cell holds that word already."
    rows = len({(each.run_number, each.dataset, each.key) for each in preview.changes})
    recorded = sum(each.recorded for each in preview.datasets)
    text = (
        f"{words.counted(preview.cells, 'cell')} change in {words.counted(rows, 'row')},"
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
