"""Which rows are pinned under the grid, and where their numbers are from."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QPoint, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from app.domain.errors import Refused, Unavailable
from app.domain.json_value import JsonValue
from app.domain.sources.run_numbers import (
    BEAM,
    NUMBER_ROWS,
    PRESCALE,
    ROWS,
    NumberRow,
    RunNumbers,
    beam_words,
    prescale_words,
)
from app.domain.state.grid import Grid
from app.views.background import Work
from app.views.grid.grid_view import GridView
from app.views.grid.pinned_rows import PinnedRow
from app.views.grid.snapshot import LumisectionsSnapshot
from app.views.places import PlaceContext

if TYPE_CHECKING:
    from app.services.evidence.sources import Evidence

_PINNED = "evidence/pinned"
_ASKING = "Asking OMS ..."
_NOBODY = "OMS isn't asked here."
_LATER_MS = 61_000
_KEYS = tuple(row.key for row in ROWS)


class Pinning(QObject):
    """Pins rows under a grid: what the lumisections hold themselves at once, what OMS has of them
    when it has answered. The choice is remembered."""

    def __init__(self, context: PlaceContext, grid: GridView) -> None:
        super().__init__(grid)
        self._context = context
        self._grid = grid
        self._preparing = Work(context.background, self)
        self._numbers: RunNumbers | None = None
        self._read_run: int | None = None
        self._later = QTimer(self, singleShot=True, interval=_LATER_MS)
        self._later.timeout.connect(self.follow)

    @property
    def chosen(self) -> tuple[str, ...]:
        """Keys of the rows that are pinned."""
        said = str(self._context.remembered.value(_PINNED) or "").split(" ")
        return tuple(key for key in _KEYS if key in said)

    def follow(self) -> None:
        """The grid shows other lumisections, or more of the same run."""
        self._show(has_grown=True)

    def toggle(self, key: str) -> None:
        """Pins a row, or takes it away."""
        chosen = self.chosen
        kept = [each for each in _KEYS if (each in chosen) != (each == key)]
        self._choose(kept)

    def menu(self, place: QPoint) -> QMenu:
        """The rows to choose from; those that are pinned are checked."""
        menu = QMenu(self._grid)
        menu.setToolTipsVisible(True)
        menu.aboutToHide.connect(menu.deleteLater)
        chosen = self.chosen
        for number, row in enumerate(ROWS, 1):
            action = QAction(f"&{number} {row.label}", menu, checkable=True)
            action.setChecked(row.key in chosen)
            action.setToolTip(row.tip)
            action.triggered.connect(lambda _checked=False, key=row.key: self.toggle(key))
            menu.addAction(action)
        menu.addSeparator()
        for text, keys in (("&All", _KEYS), ("&None", ())):
            action = QAction(text, menu)
            action.triggered.connect(lambda _checked=False, keys=keys: self._choose(keys))
            action.setEnabled(set(keys) != set(chosen))
            menu.addAction(action)
        again = QAction("Ask OMS a&gain", menu)
        again.setEnabled(bool(chosen) and self._context.evidence is not None)
        again.triggered.connect(lambda _checked=False: self._show(anew=True))
        menu.addAction(again)
        menu.popup(place)
        return menu

    def _choose(self, keys: tuple[str, ...] | list[str]) -> None:
        self._context.remembered.setValue(_PINNED, " ".join(keys))
        self._show()

    def _show(self, *, anew: bool = False, has_grown: bool = False) -> None:
        snapshot, chosen = self._grid.snapshot, self.chosen
        if snapshot is None or not chosen:
            self._preparing.drop()
            if self._grid.pinned:
                self._grid.show_pinned(())
            return
        if self._read_run != snapshot.run_number:
            self._numbers, self._read_run = None, snapshot.run_number
            # What is pinned still is of another run.
            self._grid.show_pinned([_waiting(row) for row in ROWS if row.key in chosen])
            has_grown = False
        if has_grown:
            # A run grows faster than a busy OMS answers: dropped each time, it never would.
            self._preparing.renew(lambda: self._prepare(anew=False))
        else:
            self._preparing.start(self._prepare(anew=anew))

    async def _prepare(self, *, anew: bool) -> None:
        snapshot, chosen = self._grid.snapshot, self.chosen
        if snapshot is None:
            return
        background = self._context.background
        own = await background.read(lambda: _own_rows(snapshot), reaches_server=False)
        missing = [key for key in chosen if key not in own]
        is_longer = self._numbers is not None and self._is_short(snapshot, self._numbers)
        note = ""
        if missing and (anew or self._numbers is None or is_longer):
            if self._numbers is None:
                self._pin(chosen, own, _ASKING)
            note = await self._ask(self._context.evidence, snapshot.run_number, anew=anew)
        self._pin(chosen, own, note or "OMS has none of this run.")
        if missing and self._numbers is not None and self._is_short(snapshot, self._numbers):
            # What was kept a moment ago is shorter; nothing tells of the end of a run.
            self._later.start()

    async def _ask(self, evidence: "Evidence | None", run_number: int, *, anew: bool) -> str:
        """Asks OMS; returns why there is nothing."""
        if evidence is None:
            return _NOBODY
        try:
            self._numbers = await self._context.background.fetched(
                evidence.source.numbers(run_number, anew=anew)
            )
        except (Refused, Unavailable) as error:
            return f"{error} P, Ask OMS again."
        return ""

    @staticmethod
    def _is_short(snapshot: LumisectionsSnapshot, numbers: RunNumbers) -> bool:
        """Whether a run has grown since OMS was asked."""
        known = max((len(each) for each in numbers.numbers.values()), default=0)
        return not numbers.is_final and known < snapshot.length

    def _pin(self, chosen: tuple[str, ...], own: Mapping[str, PinnedRow], note: str) -> None:
        rows = []
        for row in ROWS:
            if row.key in chosen:
                found = own.get(row.key) or _of_oms(row, self._numbers)
                rows.append(found or PinnedRow(row.label, row.unit, row.tip, note=note))
        self._grid.show_pinned(rows)


def _waiting(row: NumberRow) -> PinnedRow:
    return PinnedRow(row.label, row.unit, row.tip, note="...")


def _of_oms(row: NumberRow, numbers: RunNumbers | None) -> PinnedRow | None:
    """A row of what OMS answered; None where it has nothing."""
    if numbers is None:
        return None
    if row in NUMBER_ROWS:
        values = numbers.numbers.get(row.key)
        if values is None:
            return None
        known = np.array([np.nan if each is None else each for each in values], np.float64)
        return PinnedRow(row.label, row.unit, row.tip, numbers=known)
    words = numbers.words.get(row.key)
    return None if words is None else PinnedRow(row.label, row.unit, row.tip, words=words)


def _own_rows(snapshot: LumisectionsSnapshot) -> dict[str, PinnedRow]:
    """Rows of what the lumisections hold themselves."""
    oms = snapshot.state.oms
    found: dict[str, PinnedRow] = {}
    places = range(1, min(oms.length, snapshot.length) + 1)
    prescales = tuple(
        prescale_words(oms.value("prescale_index", at), oms.value("prescale_name", at))
        for at in places
    )
    beams = tuple(beam_words(partial(_value, oms, at)) for at in places)
    for row, words in ((PRESCALE, prescales), (BEAM, beams)):
        if any(words):
            found[row.key] = PinnedRow(row.label, row.unit, row.tip, words=words)
    return found


def _value(oms: Grid[JsonValue], lumisection: int, key: str) -> JsonValue:
    return oms.value(key, lumisection)
