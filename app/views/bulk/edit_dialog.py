"""The same status, comment and cause, or DCS bit, for many datasets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QRadioButton,
    QToolButton,
    QWidget,
)

from app.domain.configuration import permissions
from app.domain.editing.edits import Edit, check_bit_comment, check_triplet
from app.domain.errors import BadInput
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import LumiRange, parse_ranges
from app.domain.progress import Progress
from app.domain.sources.oms import DCS_BITS
from app.domain.triplets import GOOD, SETTABLE_STATUSES, Triplet
from app.services.acting import Acting
from app.services.certification import tables
from app.services.configuration.workspaces import WorkspaceColumns
from app.services.editing import bulk
from app.services.editing.bulk import Written
from app.services.editing.report import Report, report_of
from app.views.bulk.bulk_dialog import BulkDialog, Checking, Writing
from app.views.looks import words
from app.views.looks.theme import STEP
from app.views.places import PlaceContext
from app.views.selection import Selection
from app.views.widgets.plain import ChoiceBox, Label, ListItem

_FORM_WIDTH = 330
_COMMENT_HEIGHT = 56
_BITS = "DCS bits"
_TRUE, _FALSE = "true", "false"


@dataclass(frozen=True)
class _Form:
    """What the ticked columns or DCS bits become; without ranges in all lumisections."""

    names: tuple[str, ...]
    value: Triplet | bool
    ranges: tuple[LumiRange, ...]
    comment: str = ""

    def edits(self, acting: Acting, keys: Sequence[DatasetKey]) -> list[Edit]:
        """The edits of these datasets."""
        return bulk.same_edits(acting, keys, self.names, self.value, self.ranges)


class BulkEditDialog(BulkDialog):
    """Edits the datasets that are selected, or everything that the table's filter matches."""

    def __init__(
        self,
        context: PlaceContext,
        selection: Selection,
        online: bool,
        workspaces: Sequence[WorkspaceColumns],
        parent: QWidget | None = None,
    ) -> None:
        title = "Edit lumisections of many datasets"
        super().__init__(context, title, parent)
        self._selection = selection
        self._online = online
        self._keys: tuple[DatasetKey, ...] = ()
        self._columns = {workspace.name: workspace.columns for workspace in workspaces}
        self.of_selected = QRadioButton(words.counted(selection.count, "selected dataset"))
        self.of_matching = QRadioButton(
            "everything that the table's filter matches"
            f" ({words.number(selection.everything_count)})"
        )
        self.of_selected.setEnabled(selection.count > 0)
        self.of_matching.setEnabled(selection.everything is not None)
        (self.of_selected if selection.count else self.of_matching).setChecked(True)
        self.group = ChoiceBox()
        self.group.addItems([f"Columns of {name}" for name in self._columns])
        self.group.addItem(_BITS)
        self.group.setAccessibleName("Columns or DCS bits")
        self.names = QListWidget()
        self.names.setAccessibleName("What to set")
        self.all_button = QToolButton()
        self.all_button.setText("All")
        self.none_button = QToolButton()
        self.none_button.setText("None")
        self.whole = QRadioButton("all of every dataset")
        self.some = QRadioButton("these")
        self.whole.setChecked(True)
        self.ranges = QLineEdit(placeholderText="12-40, 55")
        self.ranges.setAccessibleName("Lumisections")
        self.value = ChoiceBox()
        self.value.setAccessibleName("Becomes")
        self.comment = QPlainTextEdit()
        self.comment.setTabChangesFocus(True)
        self.comment.setFixedHeight(_COMMENT_HEIGHT)
        self.comment.setAccessibleName("Comment")
        self.cause = QLineEdit()
        self.cause.setAccessibleName("Cause")
        self._lay_out_form()
        self._connect()
        names = list(self._columns)
        known = selection.workspace in names
        self.group.setCurrentIndex(names.index(selection.workspace) if known else 0)
        self._show_names()
        self.forget()

    @property
    def sets_bits(self) -> bool:
        """Whether DCS bits are set rather than columns."""
        return self.group.currentText() == _BITS

    def chosen(self) -> tuple[str, ...]:
        """The columns or bits that are ticked."""
        items = (self.names.item(row) for row in range(self.names.count()))
        return tuple(item.text() for item in items if item.checkState() == Qt.CheckState.Checked)

    def wanted(self) -> Iterable[Sequence[str]]:
        # Datasets and columns that may not be edited can be left out.
        if self.sets_bits:
            return [(permissions.edit_dcs_bits_path(),)]
        name = ONLINE if self._online else ""
        return [permissions.edit_lumisections_paths(name, self.chosen() or ("{column}",))]

    def checking(self) -> Checking:
        form, acting = self._read_form(), self._acting
        everything = self._selection.everything if self.of_matching.isChecked() else None
        chosen = everything or self._selection.chosen

        def check(progress: Progress) -> Report:
            self._keys = keys = tables.chosen_keys(acting, chosen)
            if not keys:
                raise BadInput("The filter no longer matches any dataset.")
            edits, rule = form.edits(acting, keys), bulk.golden_rule(acting)
            return report_of(
                bulk.preview(acting, edits, comment=form.comment, rule=rule, progress=progress)
            )

        return check

    def writing(self, report: Report) -> Writing:
        # The datasets of the preview, whatever the filter matches by now.
        form, keys = self._read_form(), self._keys
        seen = report.preview.seen if report.preview is not None else {}
        leave_out = self.leave_out.isChecked()

        def write(acting: Acting, progress: Progress) -> Written:
            return bulk.write(
                acting,
                form.edits(acting, keys),
                comment=form.comment,
                seen=seen,
                leave_out_refused=leave_out,
                progress=progress,
            )

        return write

    def _read_form(self) -> _Form:
        names = self.chosen()
        if not names:
            raise BadInput("Tick at least one column or bit.")
        ranges: tuple[LumiRange, ...] = ()
        if self.some.isChecked():
            ranges = parse_ranges(self.ranges.text())
            if not ranges:
                raise BadInput("Enter lumisections, such as 12-40, 55.")
        comment = self.comment.toPlainText().strip()
        if self.sets_bits:
            check_bit_comment(comment)
            return _Form(names, self.value.currentText() == _TRUE, ranges, comment)
        triplet = Triplet(self.value.currentText(), comment, self.cause.text().strip())
        check_triplet(triplet)
        return _Form(names, triplet, ranges)

    def _lay_out_form(self) -> None:
        self.form.setFixedWidth(_FORM_WIDTH)
        form = QFormLayout(self.form)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(2 * STEP)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        of = Label("Edit")
        of.setProperty("role", "muted")
        form.addRow(of)
        form.addRow(self.of_selected)
        form.addRow(self.of_matching)
        self._whose = QButtonGroup(self)
        self._whose.addButton(self.of_selected)
        self._whose.addButton(self.of_matching)
        form.addRow(self.group)
        form.addRow(self.names)
        ticks = QHBoxLayout()
        ticks.addWidget(self.all_button)
        ticks.addWidget(self.none_button)
        ticks.addStretch(1)
        form.addRow(ticks)
        self._where = QButtonGroup(self)
        self._where.addButton(self.whole)
        self._where.addButton(self.some)
        form.addRow("LS", self.whole)
        some = QHBoxLayout()
        some.setSpacing(2 * STEP)
        some.addWidget(self.some)
        some.addWidget(self.ranges, 1)
        form.addRow("", some)
        form.addRow("Becomes", self.value)
        form.addRow("Comment", self.comment)
        self._cause_label = Label("Cause")
        form.addRow(self._cause_label, self.cause)

    def _connect(self) -> None:
        self.group.currentIndexChanged.connect(self._show_names)
        self.names.itemChanged.connect(self.forget)
        self.all_button.clicked.connect(lambda: self._tick_all(Qt.CheckState.Checked))
        self.none_button.clicked.connect(lambda: self._tick_all(Qt.CheckState.Unchecked))
        for changed in (
            self._whose.buttonClicked,
            self._where.buttonClicked,
            self.value.currentIndexChanged,
            self.comment.textChanged,
            self.cause.textChanged,
        ):
            changed.connect(self.forget)
        self.ranges.textEdited.connect(self._ranges_typed)

    def _ranges_typed(self) -> None:
        self.some.setChecked(True)
        self.forget()

    def _tick_all(self, state: Qt.CheckState) -> None:
        self.names.blockSignals(True)  # one change, signalled below
        for row in range(self.names.count()):
            self.names.item(row).setCheckState(state)
        self.names.blockSignals(False)
        self.forget()

    def _show_names(self) -> None:
        before = self.chosen()
        bits = self.sets_bits
        self.names.blockSignals(True)  # one change, signalled below
        self.names.clear()
        known = list(self._columns.values())
        shown = sorted(DCS_BITS) if bits else known[max(self.group.currentIndex(), 0)]
        for name in shown:
            item = ListItem(name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            ticked = name in before
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
            self.names.addItem(item)
        self.names.blockSignals(False)
        self.value.clear()
        self.value.addItems([_TRUE, _FALSE] if bits else list(SETTABLE_STATUSES))
        if not bits:
            self.value.setCurrentText(GOOD)
        self._cause_label.setVisible(not bits)
        self.cause.setVisible(not bits)
        self.forget()
