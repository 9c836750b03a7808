"""What changed a dataset, version by version."""

from app.domain.history.attributes import HistoryEntry
from app.door.asking import Asked
from app.door.v1 import cursors
from app.door.v1.answered import (
    AttributeChanged,
    HistoryAnswer,
    LumisectionsChanged,
    VersionEntry,
)
from app.door.v1.answering import Answered
from app.door.v1.asked import OfHistory, version_of
from app.services import names
from app.services.certification import tables


def of_dataset(asked: Asked, taken: OfHistory) -> Answered:
    """A page of the history of a dataset, the newest version first."""
    acting = asked.reading
    question = ("history", str(taken.run_number), taken.name, taken.as_of)
    if taken.cursor:
        given = cursors.place(taken.cursor, question)
        at = names.version_at(acting, cursors.number_at(given, 0) or None)
        before: int | None = cursors.number_at(given, 1)
    else:
        at = version_of(acting, taken.as_of)
        before = None if at is None else at + 1
    names.check_dataset(acting, taken.run_number, taken.name)
    found = tables.dataset_history(
        acting, taken.run_number, taken.name, limit=taken.limit + 1, before=before
    )
    shown = found[: taken.limit]
    following = None
    if len(found) > len(shown):
        following = cursors.cursor(question, [at or 0, shown[-1].version])
    return Answered(HistoryAnswer([_entry(each) for each in shown], following, at), next=following)


def _entry(entry: HistoryEntry) -> VersionEntry:
    return VersionEntry(
        entry.version,
        entry.by,
        entry.manual,
        entry.comment,
        entry.at.isoformat(),
        [AttributeChanged(*change) for change in entry.attributes],
        [
            LumisectionsChanged(
                each.dataset,
                each.oms,
                each.key,
                each.value,
                each.values,
                [(part.first, part.last) for part in each.ranges],
            )
            for each in entry.lumisections
        ],
    )
