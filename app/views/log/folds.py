"""Which lines the log shows: consecutive automatic versions of one run are one that opens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from app.domain.history.log import LogEntry, Source, Who

Key = tuple[Source, int]


@dataclass(frozen=True, slots=True)
class LogLine:
    """An entry, or several behind one line; `inside` one that is open."""

    id: object
    entries: tuple[LogEntry, ...]
    is_open: bool = False
    inside: bool = False

    @property
    def is_fold(self) -> bool:
        """Whether it stands for several."""
        return len(self.entries) > 1

    @property
    def entry(self) -> LogEntry:
        """The entry, or the newest of several."""
        return self.entries[0]


class Folds:
    """Folds entries, the newest first. A fold stays the same one while entries join it."""

    def __init__(self) -> None:
        self._of: dict[Key, int] = {}
        self._open: set[int] = set()
        self._number = 0

    def forget(self) -> None:
        """Other entries follow."""
        self._of.clear()
        self._open.clear()

    def turn(self, line: LogLine) -> None:
        """Opens a fold, or closes it."""
        fold = self._of[line.entry.key]
        self._open ^= {fold}

    def open_around(self, key: Key) -> None:
        """Opens the fold that an entry is behind."""
        if key in self._of:
            self._open.add(self._of[key])

    def lines(self, entries: Sequence[LogEntry]) -> Iterator[LogLine]:
        """The lines of these entries."""
        for run_number, grouped in groupby(entries, key=_folded_run):
            together = tuple(grouped)
            if run_number is None or len(together) == 1:
                yield from (LogLine(entry.key, (entry,)) for entry in together)
                continue
            fold = self._fold(together)
            is_open = fold in self._open
            yield LogLine(fold, together, is_open)
            if is_open:
                yield from (LogLine(entry.key, (entry,), inside=True) for entry in together)

    def _fold(self, together: Sequence[LogEntry]) -> int:
        known = next((self._of[each.key] for each in together if each.key in self._of), None)
        if known is None:
            self._number += 1
            known = self._number
        for each in together:
            self._of[each.key] = known
        return known


def _folded_run(entry: LogEntry) -> int | None:
    """The one run that an automatic version is about; None for what isn't folded."""
    if entry.source is not Source.VERSION or entry.who is not Who.AUTOMATIC or entry.more:
        return None
    runs = {subject.run_number for subject in entry.subjects}
    return runs.pop() if len(runs) == 1 else None
