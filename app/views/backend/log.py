"""The log: every version, configuration change, golden JSON and cycle action."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.domain.history.log import LogPage, LogQuery, Position
from app.domain.keys import DatasetKey
from app.views.backend.history import ChangeLine


@dataclass(frozen=True, slots=True)
class OpenedEntry:
    """What a version changed in those of its `subjects` that are `shown`."""

    version: int
    subjects: tuple[DatasetKey, ...]
    shown: tuple[DatasetKey, ...]
    lines: tuple[ChangeLine, ...]


@dataclass(frozen=True, slots=True)
class OpenedOther:
    """What a version of the configuration changed; `text` says it where there are no lines."""

    lines: tuple[ChangeLine, ...]
    text: str = ""


class Log(Protocol):
    """Reading the log; a page looks through so much at most and says how far back that was."""

    def log_page(self, query: LogQuery, position: Position | None, limit: int) -> LogPage: ...

    def log_authors(self) -> Sequence[str]:
        """Who wrote anything; none where that would take long to tell."""
        ...

    def log_version(self, version: int, keys: Sequence[DatasetKey] | None) -> OpenedEntry:
        """What a version changed, in the first of its datasets or in these."""
        ...

    def log_settings(self, settings_id: int) -> OpenedOther:
        """What a version of the configuration changed, item by item."""
        ...

    def export_log(
        self,
        query: LogQuery,
        file: Path,
        told: Callable[[str], None],
        is_cancelled: Callable[[], bool],
    ) -> str | None:
        """Writes all that matches as .csv or .json and says so; None when it was cancelled.
        `told` takes how far it is."""
        ...
