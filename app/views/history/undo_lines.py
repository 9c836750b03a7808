"""The preview of an undo as lines of changes, one group for each outcome."""

from collections.abc import Iterator

from app.domain.history.undo import AttributeRestored, CellsRestored
from app.domain.json_value import JsonValue
from app.domain.keys import ONLINE
from app.domain.lumisections import join
from app.domain.sources.oms import LUMINOSITY
from app.domain.triplets import Triplet
from app.services.history.undo_preview import (
    BitsUndone,
    ColumnsUndone,
    Kept,
    PartRefused,
    Preview,
    Visibility,
)
from app.views.changes.lines import ChangeLine, Piece, place

COMES_BACK = "Comes back"
CHANGED_SINCE = "Changed since, left alone"
STAYS = "Stays as it is"
REFUSED = "Refused"
UNDO_GROUPS = (COMES_BACK, CHANGED_SINCE, STAYS, REFUSED)


def undo_lines(preview: Preview) -> tuple[ChangeLine, ...]:
    """What comes back, what was changed since, what stays, what is refused."""
    return (
        *_restored(preview),
        *_changed_since(preview),
        *(_without_values(kept, STAYS, kept.reason) for kept in preview.kept),
        *(_without_values(part, REFUSED, str(part.reason)) for part in preview.refused),
    )


def _restored(preview: Preview) -> Iterator[ChangeLine]:
    for part in preview.parts:
        where = place(part.run_number, part.dataset)
        oms = isinstance(part, BitsUndone)
        yield from _restored_luminosity(part)
        for cells in part.cells.restored:
            if oms and cells.key in LUMINOSITY:
                continue
            piece = Piece(cells.key, cells.ranges, cells.now, cells.restored, oms=oms)
            yield ChangeLine(where, piece, COMES_BACK, _by_hand_note(cells))
    for of in preview.attributes:
        where = place(of.run_number, of.dataset or ONLINE)
        for attribute in of.attributes.restored:
            piece = Piece(attribute.name, (), attribute.now, attribute.restored, oms=True)
            yield ChangeLine(where, piece, COMES_BACK, _by_hand_note_of_attribute(attribute))
    for change in preview.visibility:
        yield _visibility(change)


def _visibility(change: Visibility) -> ChangeLine:
    before, after = ("shown", "hidden") if change.hide else ("hidden", "shown")
    note = "the version made it: it can be hidden, but not deleted" if change.made else ""
    piece = Piece("visibility", (), before, after, oms=True)
    return ChangeLine(place(change.run_number, change.dataset), piece, COMES_BACK, note)


def _restored_luminosity(part: ColumnsUndone | BitsUndone) -> Iterator[ChangeLine]:
    """One line for each attribute of luminosity: its values differ in every lumisection."""
    if not isinstance(part, BitsUndone):
        return
    for key in sorted(LUMINOSITY):
        cells = [each for each in part.cells.restored if each.key == key]
        if cells:
            ranges = join(one for each in cells for one in each.ranges)
            yield ChangeLine(
                place(part.run_number, part.dataset),
                Piece(key, ranges, None, None, oms=True, kinds=len(cells)),
                COMES_BACK,
                "the values stored before",
                valued=False,
            )


def _by_hand_note(cells: CellsRestored[Triplet] | CellsRestored[JsonValue]) -> str:
    if cells.in_place:
        return "had no value before: EMPTY is set by hand"
    if not cells.by_hand:
        return ""
    automatic = cells.automatic
    if automatic is None:
        return "an automatic value, comes back as set by hand"
    value = " ".join(filter(None, automatic)) if isinstance(automatic, Triplet) else automatic
    return f"comes back as set by hand; the automatic value is {value} by now"


def _by_hand_note_of_attribute(attribute: AttributeRestored) -> str:
    return "comes back as set by hand" if attribute.by_hand else ""


def _changed_since(preview: Preview) -> Iterator[ChangeLine]:
    for part in preview.parts:
        where = place(part.run_number, part.dataset)
        oms = isinstance(part, BitsUndone)
        yield from _changed_luminosity(preview, part)
        for cells in part.cells.changed_since:
            if oms and cells.key in LUMINOSITY:
                continue
            piece = Piece(cells.key, cells.ranges, cells.written, cells.now, oms=oms)
            yield ChangeLine(where, piece, CHANGED_SINCE, _version(preview, cells.version))
    for of in preview.attributes:
        where = place(of.run_number, of.dataset or ONLINE)
        for attribute in of.attributes.changed_since:
            piece = Piece(attribute.name, (), attribute.written, attribute.now, oms=True)
            yield ChangeLine(where, piece, CHANGED_SINCE, _version(preview, attribute.version))


def _changed_luminosity(preview: Preview, part: ColumnsUndone | BitsUndone) -> Iterator[ChangeLine]:
    if not isinstance(part, BitsUndone):
        return
    changed = [each for each in part.cells.changed_since if each.key in LUMINOSITY]
    for key, version in sorted({(each.key, each.version) for each in changed}):
        cells = [each for each in changed if (each.key, each.version) == (key, version)]
        ranges = join(one for each in cells for one in each.ranges)
        piece = Piece(key, ranges, None, None, oms=True, kinds=len(cells))
        where = place(part.run_number, part.dataset)
        yield ChangeLine(where, piece, CHANGED_SINCE, _version(preview, version), valued=False)


def _without_values(part: Kept | PartRefused, group: str, note: str) -> ChangeLine:
    piece = Piece(part.name, part.ranges, None, None, kinds=0)
    where = place(part.run_number, part.dataset or ONLINE)
    return ChangeLine(where, piece, group, note, valued=False)


def _version(preview: Preview, version: int) -> str:
    action = preview.authors.get(version)
    return f"version {version}" if action is None else f"version {version} by {action.by}"
