"""The edits of one dataset as they are drafted: cells, comments, what may be edited and why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct
from PySide6.QtCore import QObject, Signal

from app.domain.editing.draft_cells import DraftCells, TripletChange, changed_cells
from app.domain.editing.edits import SHORTEST_COMMENT, Edit
from app.domain.editing.selection import Selection
from app.domain.sources.oms import DCS_BITS
from app.domain.triplets import BAD, EMPTY, Triplet
from app.services.editing.drafts import Draft
from app.views.drafts import DraftBook
from app.views.grid.snapshot import LumisectionsSnapshot
from app.views.looks import words

_STEPS = 100


@dataclass(frozen=True, eq=False)
class Loaded:
    """A dataset as it was read: for painting, and what its editor needs.

    `refusals` says why columns and bits can't be edited; `changed` are the cells that
    differ from what was shown before.
    """

    snapshot: LumisectionsSnapshot
    seen: int = 0
    refusals: Mapping[str, str] = field(default_factory=dict)
    changed: Selection | None = None


class _Step(Struct, frozen=True):
    cells: DraftCells
    comment: str


class Editor(QObject):
    """Drafts edits of what is loaded; nothing is written here.

    Signals: `changed()` when something else is drafted; `message(text, role)` for the person, empty
    when the last one no longer applies; `comment_wanted()` when what was set needs a comment.
    """

    changed = Signal()
    message = Signal(str, str)
    comment_wanted = Signal()

    def __init__(self, book: DraftBook, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._book = book
        self._loaded: Loaded | None = None
        self._steps: list[_Step] = []
        self._dropped: tuple[_Step, int] | None = None
        self._seen = 0
        self._own = False
        self.cells = DraftCells(0)
        self.comment = ""
        book.changed.connect(self._book_changed)

    @property
    def key(self) -> tuple[int, str] | None:
        """Run number and dataset."""
        if self._loaded is None:
            return None
        return self._loaded.snapshot.run_number, self._loaded.snapshot.dataset

    @property
    def seen(self) -> int:
        """The newest event that the person knew of when the drafted cells were looked at."""
        return self._seen

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What is to be written."""
        return self.cells.edits(*self.key) if self.key is not None else ()

    @property
    def can_bring_back(self) -> bool:
        """Whether a draft was dropped and nothing was drafted since."""
        return self._dropped is not None and not self.cells

    def show(self, loaded: Loaded | None) -> None:
        """Goes over to a newly read state; the draft of the same dataset stays."""
        before, self._loaded = self._loaded, loaded
        if loaded is None:
            self.cells, self.comment, self._steps = DraftCells(0), "", []
            self._dropped = None
            self.changed.emit()
            return
        snapshot = loaded.snapshot
        if before is None or (before.snapshot.run_number, before.snapshot.dataset) != self.key:
            self._steps, self._dropped = [], None
            self._take_from_book()
            return
        if snapshot.length != self.cells.length:
            self.cells = self.cells.resized(snapshot.length)
            self._steps = []
        if not self.cells:
            self._seen = loaded.seen
            return
        changed = changed_cells(before.snapshot.state, snapshot.state) & self.cells.chosen
        if changed:
            number = sum(int(mask.sum()) for mask in changed.rows.values())
            self.message.emit(
                f"{words.counted(number, 'drafted cell')} changed meanwhile:"
                " the preview shows both values.",
                "warning",
            )
        elif self._seen == before.seen:
            self._seen = loaded.seen

    # Drafting

    def set_status(self, chosen: Selection, status: str, comment: str | None = None) -> None:
        """Sets a status in the chosen columns, with the comment that is typed already."""
        chosen = self._columns(chosen)
        if not chosen:
            self.message.emit("Select cells of columns first: a DCS bit has no status.", "refusal")
            return
        allowed = self._allowed(chosen)
        if not allowed:
            return
        self._set_columns(allowed, TripletChange(status=status, comment=comment or None))
        if status == BAD and self._without_comment() & allowed:
            self.comment_wanted.emit()

    def set_remark(
        self, chosen: Selection, *, comment: str | None = None, cause: str | None = None
    ) -> bool:
        """Sets comment or cause of the chosen cells; a comment is also that of drafted DCS bits.

        Returns whether anything took it.
        """
        columns, bits = self._columns(chosen), self._bits(chosen)
        taken = False
        drafted_bits = bool(bits & self.cells.chosen) or not columns
        if bits and drafted_bits and comment is not None:
            self._draft(self.cells, comment)
            taken = True
        allowed = self._allowed(columns) if columns else columns
        if allowed:
            taken = self._set_columns(allowed, TripletChange(comment=comment, cause=cause)) or taken
        return taken

    def set_bits(self, chosen: Selection, value: bool) -> None:
        """Makes the chosen DCS bits true or false."""
        bits = self._bits(chosen)
        if not bits:
            self.message.emit("Select DCS bits first: only these are true or false.", "refusal")
            return
        allowed = self._allowed(bits)
        if not allowed:
            return
        self._draft(self.cells.set_bits(allowed, value), self.comment)
        if len(self.comment.strip()) < SHORTEST_COMMENT:
            self.comment_wanted.emit()

    def leave_out(self, chosen: Selection) -> None:
        """Removes the chosen cells from the draft."""
        if self.cells.chosen & chosen:
            self._draft(self.cells.without(chosen), self.comment)

    def step_back(self) -> bool:
        """Undoes the last step of drafting; returns whether there was one."""
        if not self._steps:
            return False
        step = self._steps.pop()
        self.cells, self.comment = step.cells, step.comment
        self._keep()
        return True

    def drop(self) -> None:
        """Drops the draft; until something else is drafted it can be brought back."""
        if not self.cells:
            return
        dropped = (_Step(self.cells, self.comment), self._seen)
        number = self.cells.cells
        self.forget()
        self._dropped = dropped
        self.message.emit(f"Dropped the draft of {words.counted(number, 'cell')}.", "muted")
        self.changed.emit()

    def bring_back(self) -> None:
        """Brings back the draft that was dropped last."""
        if self._dropped is None:
            return
        step, self._seen = self._dropped
        self._dropped = None
        self.cells, self.comment = step.cells, step.comment
        self._keep()

    def remove_written(self, edits: Sequence[Edit]) -> None:
        """Removes what is written from the draft; what was drafted meanwhile stays."""
        written = DraftCells.of_edits(edits, self.cells.length)
        left, comment = self.cells.without(self.cells.equal(written)), self.comment
        self.forget()
        if left:
            self.cells, self.comment = left, comment
            self._keep()

    def forget(self) -> None:
        """Empties the draft."""
        key = self.key
        self._steps, self._dropped = [], None
        self.cells, self.comment = DraftCells(self.cells.length), ""
        if self._loaded is not None:
            self._seen = self._loaded.seen
        if key is not None:
            self._own = True
            self._book.drop(key)
            self._own = False
        self.changed.emit()

    def problem(self) -> tuple[str, Selection] | None:
        """What has to be fixed before anything can be written, and in which cells."""
        missing = self._without_comment()
        if missing:
            return f"BAD needs a comment of at least {SHORTEST_COMMENT} characters.", missing
        bits = self._bits(self.cells.chosen)
        if bits and len(self.comment.strip()) < SHORTEST_COMMENT:
            text = f"A DCS bit needs a comment of at least {SHORTEST_COMMENT} characters."
            return text, bits
        return None

    # What cells show

    def shown(self, chosen: Selection) -> set[Triplet]:
        """The triplets that the chosen columns show, drafted ones before stored ones."""
        if self._loaded is None:
            return set()
        state = self._loaded.snapshot.state
        triplets: set[Triplet] = set()
        for key, mask in self._columns(chosen).rows.items():
            left = mask
            for value, where in self.cells.values_of(key):
                if (where & mask).any() and isinstance(value, Triplet):
                    triplets.add(value)
                left = left & ~where
            row = state.rr.row_of.get(key)
            if row is None:
                continue
            codes = set(state.rr.codes[row][left[: state.rr.length]].tolist())
            triplets |= {state.rr.values[code] or Triplet(EMPTY) for code in codes}
        return triplets

    def refusal(self, chosen: Selection) -> str:
        """Why chosen cells can't be edited, in a sentence; empty when all can."""
        if self._loaded is None:
            return ""
        refused = [key for key in chosen.rows if key in self._loaded.refusals]
        if not refused:
            return ""
        reason = self._loaded.refusals[refused[0]]
        alike = sum(self._loaded.refusals[key] == reason for key in refused)
        rest = len(refused) - alike
        which = refused[0] if alike == 1 else f"{alike} rows"
        more = f" {words.counted(rest, 'more row')} can't be edited either." if rest else ""
        return f"{which}: {reason}{more}"

    # Parts

    def _columns(self, chosen: Selection) -> Selection:
        if self._loaded is None:
            return Selection.empty(chosen.length)
        attributes = self._loaded.snapshot.state.oms.row_of
        rows = {
            key: mask
            for key, mask in chosen.rows.items()
            if key not in attributes and key not in DCS_BITS
        }
        return Selection(chosen.length, rows)

    def _bits(self, chosen: Selection) -> Selection:
        columns = self._columns(chosen).rows
        return Selection(
            chosen.length, {key: mask for key, mask in chosen.rows.items() if key not in columns}
        )

    def _allowed(self, chosen: Selection) -> Selection:
        """The cells that may be edited; a message says why the others may not."""
        if self._loaded is None:
            return Selection.empty(chosen.length)
        refusal = self.refusal(chosen)
        rows = {key: mask for key, mask in chosen.rows.items() if key not in self._loaded.refusals}
        left_out = " Nothing was drafted there." if rows and refusal else ""
        self.message.emit(f"{refusal}{left_out}", "refusal" if refusal else "")
        return Selection(chosen.length, rows)

    def _set_columns(self, chosen: Selection, change: TripletChange) -> bool:
        if self._loaded is None:
            return False
        cells, left_out = self.cells.set_columns(self._loaded.snapshot.state, chosen, change)
        if left_out:
            number = sum(int(mask.sum()) for mask in left_out.rows.values())
            self.message.emit(
                f"{words.counted(number, 'cell')} without a status that can be written:"
                " set a status first (G, B, S, X or N).",
                "refusal",
            )
        if cells == self.cells:
            return not left_out
        self._draft(cells, self.comment)
        return True

    def _without_comment(self) -> Selection:
        return self.cells.where(
            lambda value: (
                isinstance(value, Triplet)
                and value.status == BAD
                and len(value.comment.strip()) < SHORTEST_COMMENT
            )
        )

    def _draft(self, cells: DraftCells, comment: str) -> None:
        self._steps = [*self._steps[-_STEPS:], _Step(self.cells, self.comment)]
        self._dropped = None
        self.cells, self.comment = cells, comment
        self._keep()

    def _keep(self) -> None:
        key = self.key
        if key is not None:
            self._own = True
            if self.cells:
                self._book.put(Draft(*key, self.edits, self._seen, self.comment))
            else:
                self._book.drop(key)
            self._own = False
        self.changed.emit()

    def _book_changed(self, run_number: int, dataset: str) -> None:
        """Another view of the same dataset has drafted something, or a stored draft was read."""
        if not self._own and self.key == (run_number, dataset):
            self._steps = []
            self._take_from_book()

    def _take_from_book(self) -> None:
        assert self._loaded is not None  # only called while a dataset is shown
        length = self._loaded.snapshot.length
        draft = self._book.find(self.key) if self.key is not None else None
        self._seen = self._loaded.seen if draft is None else draft.seen
        self.cells = DraftCells.of_edits(() if draft is None else draft.edits, length)
        self.comment = "" if draft is None else draft.comment
        if draft is not None:
            self._book.take(draft.key)
        self.changed.emit()
