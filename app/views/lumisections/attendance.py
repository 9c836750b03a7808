"""Who else has the shown dataset open."""

import itertools
from collections.abc import Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from app.domain.errors import Refused, Unavailable
from app.domain.keys import DatasetKey
from app.services.editing.presence import HEARTBEAT_S, OpenDatasets, Present
from app.views.background import Background, Work
from app.views.widgets.plain import Label

_STAYS_MS = 1000
_SHOWN = 2
_OWN = "another window of yours"

_numbers = itertools.count(1)


class Attendance(Label):
    """Says who else has a dataset open, and announces that this person has.

    Only a person who stays for a moment is announced, not one who pages through a table.
    """

    def __init__(
        self, opened: OpenDatasets, background: Background, parent: QWidget | None = None
    ) -> None:
        super().__init__("", parent)
        self.setProperty("role", "warning")
        self.setAccessibleName("Who else has this dataset open")
        self._opened = opened
        self._background = background
        self._view = next(_numbers)
        self._present: tuple[DatasetKey, bool] | None = None
        self._announced: tuple[DatasetKey, bool] | None = None
        self._announcing = Work(background, self)
        self._looking = Work(background, self)
        self._stays = QTimer(self, singleShot=True, interval=_STAYS_MS)
        self._stays.timeout.connect(lambda: self._announcing.renew(self._announce))
        self._beat = QTimer(self, interval=round(HEARTBEAT_S * 1000))
        self._beat.timeout.connect(self.look)
        self.show_others(())

    def attend(self, key: DatasetKey | None, *, editing: bool = False) -> None:
        """Goes over to another dataset, or to none; `editing` while edits are drafted."""
        before = self._present
        present = None if key is None else (key, editing)
        if present == before:
            return
        self._present = present
        same = present is not None and before is not None and present[0] == before[0]
        if not same:
            self.show_others(())
        if same and self._announced is not None:
            self._announcing.renew(self._announce)
        else:
            self._stays.start()

    def news(self, key: DatasetKey) -> None:
        """Somebody opened or left a dataset."""
        if self._announced is not None and self._announced[0] == key:
            self.look()

    def look(self) -> None:
        """Reads who is there, and announces that this person still is."""
        if self._announced is not None:
            self._looking.renew(self._look)

    def show_others(self, others: Sequence[Present]) -> None:
        """Names the others, those who edit first; another window of this person is said to be."""
        ordered = sorted(others, key=lambda other: not other.editing)
        people = list(
            dict.fromkeys(
                f"{self._name_of(other)} (editing)" if other.editing else self._name_of(other)
                for other in ordered
            )
        )
        more = f" and {len(people) - _SHOWN} more" if len(people) > _SHOWN else ""
        self.setText(f"Also here: {', '.join(people[:_SHOWN])}{more}" if people else "")
        self.setToolTip("\n".join(people))
        self.setVisible(bool(people))

    def _name_of(self, other: Present) -> str:
        return _OWN if other.person == self._opened.person else other.person

    async def _look(self) -> None:
        if self._announced is None:
            return
        key, opened = self._announced[0], self._opened
        await self._background.attempt(
            lambda: opened.others(key), lambda others: self._show_of(key, others), _nobody_knows
        )

    async def _announce(self) -> None:
        before, present = self._announced, self._present
        if before == present:
            return
        self._announced = present
        if present is None:
            self._beat.stop()
        else:
            self._beat.start()
        opened, view = self._opened, self._view

        def announce() -> Sequence[Present]:
            if before is not None and (present is None or present[0] != before[0]):
                opened.close(before[0], view)
            if present is None:
                return ()
            key, editing = present
            return opened.open(key, view, editing=editing)

        def announced(others: Sequence[Present]) -> None:
            if present is not None:
                self._show_of(present[0], others)

        await self._background.attempt(announce, announced, _nobody_knows)

    def _show_of(self, key: DatasetKey, others: Sequence[Present]) -> None:
        if self._present is not None and self._present[0] == key:
            self.show_others(others)


def _nobody_knows(_error: Refused | Unavailable) -> None:
    """Without the server nobody knows who is there; the banner says so."""
