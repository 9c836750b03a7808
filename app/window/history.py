"""What happened to runs and datasets, what was when, and taking it back."""

from collections.abc import Callable, Iterator, Mapping

from app.domain.errors import NotFound
from app.domain.history.cells import Action
from app.domain.history.undo import CellsRestored
from app.domain.json_value import JsonValue
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange, join
from app.domain.progress import Cancelled, Progress
from app.domain.sources.oms import LUMINOSITY
from app.domain.triplets import Triplet
from app.services.acting import Acting
from app.services.history import look as history
from app.services.history import undo
from app.services.history.look import Entry, Look
from app.views.backend.done import Done
from app.views.backend.history import (
    CHANGED_SINCE,
    COMES_BACK,
    REFUSED,
    STAYS,
    ChangeLine,
    HistoryPage,
    HistorySubject,
    Moment,
    MomentsCompared,
    Piece,
    UndoPreview,
    Version,
    VersionEntry,
)
from app.views.backend.lumisections import DatasetLumisections
from app.window.change_lines import attribute_lines, dataset_lines, difference_line, place
from app.window.parts import Parts


class HistoryBackend(Parts):
    """History, moments, comparison, undo."""

    def history(
        self, subject: HistorySubject, *, limit: int = 50, before: int | None = None
    ) -> HistoryPage:
        db, run_number, dataset = self._db, subject.run_number, subject.dataset
        if dataset is None:
            page = history.run_history_of(Acting(db), run_number, limit=limit, before=before)
        elif subject.keys:
            page = history.selection_history(
                Acting(db),
                run_number,
                dataset,
                subject.keys,
                subject.ranges,
                limit=limit,
                before=before,
            )
        else:
            page = history.dataset_history(
                Acting(db), run_number, dataset, limit=limit, before=before
            )
        return HistoryPage(tuple(_entry(run_number, each) for each in page.entries), page.before)

    def moments(
        self, run_number: int, dataset: str, *, limit: int = 200, before: int | None = None
    ) -> tuple[Version, ...]:
        found = history.moments(self._acting, run_number, dataset, limit=limit, before=before)
        return tuple(map(version, found))

    def moment(self, run_number: int, dataset: str, atomic_version: int) -> Moment:
        found = history.look(self._acting, run_number, dataset, as_of=atomic_version)
        try:
            made = version(history.version_of(self._acting, atomic_version))
        except NotFound:  # the moment before a version, where the number before it was never used
            made = None
        older, newer = self._neighbours(run_number, dataset, atomic_version)
        return Moment(_lumisections(found), atomic_version, made, older, newer)

    def _neighbours(
        self, run_number: int, dataset: str, atomic_version: int
    ) -> tuple[int | None, int | None]:
        """The versions that touched a dataset next before and after one."""
        older = history.moments(self._acting, run_number, dataset, limit=1, before=atomic_version)
        newer: int | None = None
        before: int | None = None
        while page := history.moments(
            self._acting, run_number, dataset, limit=history.MOST_VERSIONS, before=before
        ):
            after = [each.version for each in page if each.version > atomic_version]
            newer = after[-1] if after else newer
            before = page[-1].version
            if len(after) < len(page):
                break
        return (older[0].version if older else None), newer

    def compare(self, run_number: int, dataset: str, old: int, new: int | None) -> MomentsCompared:
        found = history.compare(self._acting, run_number, dataset, old, new)
        where = place(run_number, dataset)
        lines = [
            *(difference_line(where, each, oms=False) for each in found.columns),
            *(difference_line(where, each, oms=True) for each in found.bits),
            *(
                ChangeLine(there, Piece(name, (), before, after, oms=True))
                for there, attributes in (
                    (where, found.attributes),
                    (place(run_number), found.run_attributes),
                )
                for name, (before, after) in attributes.items()
            ),
        ]
        return MomentsCompared(old, new, _lumisections(found.now), tuple(lines))

    def last_to_undo(self) -> int:
        return undo.newest_to_undo(self._acting).version

    def last_to_redo(self) -> int:
        return undo.newest_to_redo(self._acting).version

    def preview_undo(self, atomic_version: int) -> UndoPreview:
        return _undo_preview(undo.preview(self._acting, atomic_version))

    def undo(
        self,
        atomic_version: int,
        *,
        leave_out_refused: bool = False,
        comment: str = "",
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Done | None:
        try:
            undone = undo.undo(
                self._acting,
                atomic_version,
                comment=comment,
                leave_out_refused=leave_out_refused,
                progress=Progress(progress, cancelled),
            )
        except Cancelled:
            return None
        return Done(undone.text, undone.version)


def version(action: Action) -> Version:
    """A version as views show it."""
    return Version(action.version, action.at, action.author, action.comment, action.manual)


def _entry(run_number: int, entry: Entry) -> VersionEntry:
    lines = [
        *attribute_lines(run_number, entry.attributes),
        *(line for each in entry.datasets for line in dataset_lines(run_number, each)),
    ]
    return VersionEntry(version(entry.action), tuple(lines))


def _lumisections(found: Look) -> DatasetLumisections:
    return DatasetLumisections(found.state, found.by_hand)


def _undo_preview(found: undo.Preview) -> UndoPreview:
    lines = [
        *_restored(found),
        *_changed_since(found),
        *(
            _untold(each.run_number, each.dataset, each.name, each.ranges, STAYS, each.reason)
            for each in found.kept
        ),
        *(
            _untold(
                each.run_number, each.dataset, each.name, each.ranges, REFUSED, str(each.reason)
            )
            for each in found.refused
        ),
    ]
    return UndoPreview(
        version(found.undone),
        f"Undo {found.text}.",
        tuple(lines),
        found.by_hand,
        sum(line.group == COMES_BACK for line in lines),
        len(found.refused),
        max((part.cells.length for part in found.parts), default=1),
    )


def _restored(found: undo.Preview) -> Iterator[ChangeLine]:
    for part in found.parts:
        oms = isinstance(part, undo.BitsUndone)
        yield from _restored_luminosity(part)
        for each in part.cells.restored:
            if oms and each.key in LUMINOSITY:
                continue
            piece = Piece(each.key, each.ranges, each.now, each.restored, oms=oms)
            yield ChangeLine(
                place(part.run_number, part.dataset), piece, COMES_BACK, _automatic_note(each)
            )
    for of in found.attributes:
        for attribute in of.attributes.restored:
            piece = Piece(attribute.name, (), attribute.now, attribute.restored, oms=True)
            note = "comes back as your word" if attribute.by_hand else ""
            yield ChangeLine(place(of.run_number, of.dataset or ONLINE), piece, COMES_BACK, note)
    for shown in found.visibility:
        words = ("shown", "hidden") if shown.hide else ("hidden", "shown")
        piece = Piece("visibility", (), *words, oms=True)
        note = "the version made it: it can be hidden, not taken away" if shown.made else ""
        yield ChangeLine(place(shown.run_number, shown.dataset), piece, COMES_BACK, note)


def _restored_luminosity(
    part: undo.ColumnsUndone | undo.BitsUndone,
) -> Iterator[ChangeLine]:
    """One line for each: every lumisection has a value of its own."""
    if not isinstance(part, undo.BitsUndone):
        return
    for key in sorted(LUMINOSITY):
        cells = [each for each in part.cells.restored if each.key == key]
        if cells:
            ranges = join(one for each in cells for one in each.ranges)
            piece = Piece(key, ranges, None, None, oms=True, kinds=len(cells))
            yield ChangeLine(
                place(part.run_number, part.dataset),
                piece,
                COMES_BACK,
                "what was stored before",
                valued=False,
            )


def _automatic_note(restored: CellsRestored[Triplet] | CellsRestored[JsonValue]) -> str:
    if restored.in_place:
        return "no value held before: EMPTY reads alike, as your word"
    if not restored.by_hand:
        return ""
    now = restored.automatic
    if now is None:
        return "an automatic value, comes back as your word"
    says = " ".join(filter(None, now)) if isinstance(now, Triplet) else str(now)
    return f"comes back as your word, though automatic values say {says} by now"


def _changed_since(found: undo.Preview) -> Iterator[ChangeLine]:
    for part in found.parts:
        oms = isinstance(part, undo.BitsUndone)
        kept = {
            (each.key, each.version)
            for each in part.cells.changed_since
            if oms and each.key in LUMINOSITY
        }
        for key, other in sorted(kept):
            cells = [x for x in part.cells.changed_since if (x.key, x.version) == (key, other)]
            ranges = join(one for each in cells for one in each.ranges)
            piece = Piece(key, ranges, None, None, oms=True, kinds=len(cells))
            where = place(part.run_number, part.dataset)
            yield ChangeLine(where, piece, CHANGED_SINCE, _by(found.authors, other), valued=False)
        for each in part.cells.changed_since:
            if (each.key, each.version) in kept:
                continue
            piece = Piece(each.key, each.ranges, each.written, each.now, oms=oms)
            note = _by(found.authors, each.version)
            yield ChangeLine(place(part.run_number, part.dataset), piece, CHANGED_SINCE, note)
    for of in found.attributes:
        for attribute in of.attributes.changed_since:
            piece = Piece(attribute.name, (), attribute.written, attribute.now, oms=True)
            note = _by(found.authors, attribute.version)
            yield ChangeLine(place(of.run_number, of.dataset or ONLINE), piece, CHANGED_SINCE, note)


def _untold(
    run_number: int,
    dataset: str | None,
    name: str,
    ranges: tuple[LumiRange, ...],
    group: str,
    note: str,
) -> ChangeLine:
    piece = Piece(name, ranges, None, None, kinds=0)
    return ChangeLine(place(run_number, dataset or ONLINE), piece, group, note, valued=False)


def _by(authors: Mapping[int, Action], number: int) -> str:
    author = authors.get(number)
    return f"version {number}" if author is None else f"version {number} by {author.author}"
