"""The lumisections of one dataset: reading, editing, taking back."""

from collections.abc import Mapping, Sequence

from app.domain.change_words import value_text
from app.domain.edits import BitEdit, ColumnEdit
from app.domain.history import Action
from app.domain.json_value import JsonValue
from app.domain.lumisections import LumiRange, format_ranges
from app.domain.triplets import Triplet
from app.services import history, lumisections, undo
from app.services.edit_plan import where
from app.views.backend.lumisections import DatasetLumisections, Origin, UndoPreview
from app.views.backend.tables import ONLINE
from app.window.parts import Parts


class LumisectionsBackend(Parts):
    """Reading and editing lumisections."""

    def lumisections(self, run_number: int, dataset: str) -> DatasetLumisections:
        found = history.look(self._db, run_number, dataset)
        return DatasetLumisections(found.state, found.by_hand)

    def origin(self, run_number: int, dataset: str, key: str, lumisection: int) -> Origin | None:
        found = history.origin(self._db, run_number, dataset, key, lumisection)
        if found is None:
            return None
        return Origin(found.action.author, found.action.at, found.action.comment)

    def edit_lumisections(self, edit: ColumnEdit) -> str:
        return lumisections.edit_columns(self._db, self._actor, [edit]).text

    def edit_dcs_bit(self, edit: BitEdit, comment: str) -> str:
        return lumisections.edit_bits(self._db, self._actor, [edit], comment=comment).text

    def preview_undo(self, atomic_version: int) -> UndoPreview:
        return _undo_preview(undo.preview(self._db, self._actor, atomic_version))

    def undo(self, atomic_version: int, *, leave_out_refused: bool = False) -> str:
        return undo.undo(
            self._db, self._actor, atomic_version, leave_out_refused=leave_out_refused
        ).text


def _undo_preview(found: undo.Preview) -> UndoPreview:
    summary = f"Undo {found.text}."
    if found.by_hand:
        summary += " Automatic values come back as your word: later automatic ones don't show."
    restored = [
        f"{_cells(part.dataset, part.run_number, each.key, each.ranges)}:"
        f" {_shown(each.now)} -> {_shown(each.restored)}"
        for part in found.parts
        for each in part.cells.restored
    ]
    restored += [
        f"{_attribute(of, each.name)}: {_shown(each.now)} -> {_shown(each.restored)}"
        for of in found.attributes
        for each in of.attributes.restored
    ]
    restored += [
        f"{where(each.run_number, each.dataset)}: {'hidden' if each.hide else 'shown again'}"
        for each in found.visibility
    ]
    since = [
        f"{_cells(part.dataset, part.run_number, each.key, each.ranges)}:"
        f" {_shown(each.now)}, {_by(found.authors, each.version)}"
        for part in found.parts
        for each in part.cells.changed_since
    ]
    since += [
        f"{_attribute(of, each.name)}: {_shown(each.now)}, {_by(found.authors, each.version)}"
        for of in found.attributes
        for each in of.attributes.changed_since
    ]
    return UndoPreview(
        found.undone.version,
        summary,
        tuple(restored),
        tuple(since),
        tuple(found.kept),
        tuple(f"{each.what}: {each.reason}" for each in found.refused),
    )


def _cells(dataset: str, run_number: int, key: str, ranges: Sequence[LumiRange]) -> str:
    return f"{key} of {where(run_number, dataset)}, LS {format_ranges(ranges)}"


def _attribute(of: undo.AttributesOf, name: str) -> str:
    return f"{name} of {where(of.run_number, of.dataset or ONLINE)}"


def _shown(value: "Triplet | JsonValue") -> str:
    if isinstance(value, Triplet):
        return " ".join(filter(None, value)) or "no status"
    return value_text(value)


def _by(authors: Mapping[int, Action], version: int) -> str:
    author = authors.get(version)
    return f"version {version}" if author is None else f"version {version} by {author.author}"
