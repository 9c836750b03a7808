"""Editing in the grid: keys, palette, draft, preview, writing."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent

from app.domain.editing.selection import Selection
from app.domain.keys import DatasetKey
from app.services.acting import Acting
from app.services.editing import remarks
from app.services.editing.bulk import Written
from app.services.editing.remarks import Remarks
from app.views.background import Background, Work
from app.views.drafts import DraftBook
from app.views.focus import give_keys
from app.views.grid.grid_view import GridView
from app.views.grid.snapshot import RowKind
from app.views.looks.theme import Themes
from app.views.lumisections.editing.edit_strip import STATUS_KEYS, EditStrip
from app.views.lumisections.editing.editor import Editor, Loaded
from app.views.lumisections.editing.grid_menu import kinds, select_where_bit
from app.views.lumisections.editing.preview_pane import PreviewPane
from app.views.rights import nothing_here


class GridEditing(QObject):
    """Connects a grid with its palette, its draft and its preview.

    `chosen` are the cells that keys and palette apply to; `is_now` whether the present state is
    shown, which alone can be edited.
    Signals: `written(Written)`; `draft_changed()`.
    """

    written = Signal(object)
    draft_changed = Signal()

    def __init__(
        self,
        acting: Acting,
        background: Background,
        themes: Themes,
        drafts: DraftBook,
        grid: GridView,
        *,
        chosen: Callable[[], Selection],
        is_now: Callable[[], bool],
    ) -> None:
        super().__init__(grid)
        self._acting = acting
        self._background = background
        self._grid = grid
        self._chosen = chosen
        self._is_now = is_now
        self._drafts = drafts
        self._remarks = Remarks()
        self._reading = Work(background, self)
        self.editor = Editor(drafts, self)
        self.strip = EditStrip(themes)
        self.preview = PreviewPane(acting, background, themes)
        self._connect()

    def show(self, loaded: Loaded) -> None:
        """Goes over to a newly read state; an open preview is renewed."""
        self.editor.show(loaded)
        self._grid.show_draft(self.editor.cells)
        self._look_again()

    def set_status(self, status: str) -> None:
        """Drafts a status for the selected columns."""
        if self._is_now():
            self.editor.set_status(self._chosen(), status, self.strip.comment.typed)
            self._say_nothing_is_written()

    def set_bits(self, value: bool) -> None:
        """Drafts true or false for the selected DCS bits."""
        if self._is_now():
            self.editor.set_bits(self._chosen(), value)
            self._say_nothing_is_written()

    def _say_nothing_is_written(self) -> None:
        """Says so before anybody drafts much where it can be looked at alone."""
        why_nothing = nothing_here(self._acting)
        if why_nothing and self.editor.cells:
            self.strip.say(why_nothing, "refusal")

    def look_before_writing(self) -> None:
        """Shows what the draft would change, or writes it when that is shown already."""
        editor = self.editor
        if not self._is_now() or not editor.cells or editor.key is None:
            return
        if self.preview.isVisible() and self.preview.confirm(editor.edits):
            return
        problem = editor.problem()
        if problem is not None:
            text, cells = problem
            self._grid.choose(cells)
            self.strip.say(text, "refusal")
            self.strip.ask_comment()
            return
        give_keys(self._grid)
        self.strip.say("", "")
        self._show_preview(editor.key)

    def _show_preview(self, key: DatasetKey) -> None:
        editor = self.editor
        mark = self._drafts.mark(key)
        self.preview.look(editor.edits, editor.comment, {key: editor.seen}, mark)

    def _wrote(self, written: Written) -> None:
        if self.preview.key == self.editor.key:
            self.editor.remove_written(self.preview.edits)
            self.strip.say("", "")
        elif self.preview.key is not None:
            # Another dataset was opened while this one was being written.
            self._drafts.drop(self.preview.key)
        self.read_remarks()
        self.written.emit(written)

    def _all_theirs(self) -> None:
        self.preview.close_preview()
        self.editor.forget()
        self.strip.say("The others' values stay; nothing of yours is left to write.", "muted")

    def _enter_comment(self, text: str) -> None:
        if not self.editor.set_remark(self._chosen(), comment=text):
            self.strip.comment.setModified(True)  # taken with the next status

    def attach(self, address: str, name: str) -> None:
        """Adds an address to the comment under way: that of the chosen cells, or of the status that
        is set next."""
        strip = self.strip
        if len({triplet.comment for triplet in self.editor.shown(self._chosen())}) > 1:
            strip.say(
                "The selected cells have different comments: select cells with one comment.",
                "refusal",
            )
        elif address in strip.comment.text():
            strip.say("It is in the comment already.", "muted")
        else:
            strip.say("", "")
            strip.comment.add(address)
            if not strip.message.text():
                where = "the comment" if self.editor.cells else "the comment of the next status"
                strip.say(f"Attached to {where}: the address of {name}.", "success")

    def _draft_changed(self) -> None:
        editor = self.editor
        self._grid.show_draft(editor.cells if self._is_now() else None)
        self._look_again()
        self.draft_changed.emit()
        self.refresh()

    def _look_again(self) -> None:
        editor, preview = self.editor, self.preview
        if not preview.isVisible() or preview.is_writing:
            return
        if editor.cells and editor.key is not None and editor.problem() is None:
            self._show_preview(editor.key)
        else:
            preview.close_preview()

    def refresh(self) -> None:
        """Shows in the strip what is selected and drafted."""
        snapshot, editor = self._grid.snapshot, self.editor
        chosen = self._chosen()
        can_edit = snapshot is not None and self._is_now()
        self.strip.setEnabled(can_edit)
        columns, bits = kinds(snapshot, chosen) if snapshot is not None else (False, False)
        self.strip.show_selected(
            editor.shown(chosen) if can_edit else set(),
            columns=columns,
            bits=bits,
            bit_comment=editor.comment,
        )
        self.strip.show_draft(
            editor.cells.cells, len(editor.cells.rows), can_bring_back=editor.can_bring_back
        )

    def read_remarks(self) -> None:
        """Reads what the person wrote recently, to offer it again."""
        self._reading.start(self._read_remarks())

    async def _read_remarks(self) -> None:
        acting = self._acting
        self._remarks = await self._background.read(lambda: remarks.remarks(acting))
        self.offer_remarks()

    def offer_remarks(self) -> None:
        """The person's own first, then those of the dataset."""
        snapshot = self._grid.snapshot
        triplets = (
            [triplet for triplet in snapshot.triplets if triplet is not None] if snapshot else []
        )
        self.strip.offer(
            [
                *self._remarks.comments,
                *(triplet.comment for triplet in triplets if triplet.comment),
            ],
            [*self._remarks.causes, *(triplet.cause for triplet in triplets if triplet.cause)],
        )

    def _decide(self, event: QKeyEvent) -> bool:
        """While conflicts are shown, the arrows choose between the values, also from the grid."""
        return self.preview.isVisible() and self.preview.conflicts.handle(event)

    def handle(self, event: QKeyEvent) -> bool:
        """Does what a key does in the grid; returns whether it does anything."""
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        shifted = modifiers == Qt.KeyboardModifier.ShiftModifier
        key = Qt.Key(event.key())
        if not self._is_now() and self.editor.cells:
            # A draft that isn't in sight is not changed by a key.
            return False
        plain: dict[Qt.Key, Callable[[], object]] = {
            Qt.Key.Key_Return: self.look_before_writing,
            Qt.Key.Key_Enter: self.look_before_writing,
            Qt.Key.Key_Escape: self._escape,
            Qt.Key.Key_C: self.strip.ask_comment,
            Qt.Key.Key_U: self.strip.ask_cause,
            Qt.Key.Key_D: lambda: self._where_bit(value=False),
            Qt.Key.Key_Delete: lambda: self.editor.leave_out(self._chosen()),
        }
        status = STATUS_KEYS.get(event.text().upper())
        if not modifiers and status is not None:
            self._set_by_key(status)
        elif not modifiers and key == Qt.Key.Key_Z and self.editor.step_back():
            pass  # nothing of it is written: the step is taken back instead of an action
        elif not modifiers and key in plain:
            plain[key]()
        elif shifted and key == Qt.Key.Key_D:
            self._where_bit(value=True)
        else:
            return False
        return True

    def _set_by_key(self, status: str) -> None:
        """G and B are true and false where only DCS bits are selected."""
        snapshot = self._grid.snapshot
        if snapshot is None:
            return
        columns, bits = kinds(snapshot, self._chosen())
        if bits and not columns and status in (STATUS_KEYS["G"], STATUS_KEYS["B"]):
            self.set_bits(status == STATUS_KEYS["G"])
        else:
            self.set_status(status)

    def _escape(self) -> None:
        if self.preview.isVisible():
            self.preview.close_preview()
        elif self.editor.cells:
            self.editor.drop()
        else:
            self.strip.say("", "")
            self._grid.clear_selection()

    def _where_bit(self, *, value: bool) -> None:
        snapshot, focus = self._grid.snapshot, self._grid.focus_cell
        if snapshot is None or focus is None:
            return
        row = snapshot.rows[focus.row]
        if row.kind is RowKind.BIT:
            select_where_bit(self._grid, row.key, value)
        else:
            self.strip.say(
                "Go to a DCS bit first: D selects the lumisections in which it is false.", "muted"
            )

    def _connect(self) -> None:
        strip, editor, preview = self.strip, self.editor, self.preview
        strip.status_wanted.connect(self.set_status)
        strip.bit_wanted.connect(self.set_bits)
        strip.comment_entered.connect(self._enter_comment)
        strip.cause_entered.connect(lambda text: editor.set_remark(self._chosen(), cause=text))
        strip.preview_wanted.connect(self.look_before_writing)
        strip.drop_wanted.connect(editor.drop)
        strip.back_wanted.connect(self._bring_back)
        strip.left.connect(lambda: give_keys(self._grid))
        editor.changed.connect(self._draft_changed)
        editor.message.connect(strip.say)
        editor.comment_wanted.connect(strip.ask_comment)
        preview.written.connect(self._wrote)
        self._grid.keys_before = self._decide
        preview.nothing_left.connect(self._all_theirs)

    def _bring_back(self) -> None:
        self.editor.bring_back()
        self.strip.say("", "")
        give_keys(self._grid)
