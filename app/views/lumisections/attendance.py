"""Who else has the dataset open that is looked at."""

import itertools
from collections.abc import Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from app.domain.keys import DatasetKey
from app.services.editing.presence import HEARTBEAT_S, Present
from app.views.backend.editing import Editing
from app.views.background import Background
from app.views.widgets.plain import Label

_STAYS_MS = 1000
_SHOWN = 2


_numbers = itertools.count(1)


class Attendance(Label):
    """Says who else has a dataset open, and tells them that this person has.

    Told is only who stays for a moment: somebody who pages through a table is nowhere.
    """

    def __init__(
        self, backend: Editing, background: Background, parent: QWidget | None = None
    ) -> None:
        super().__init__("", parent)
        self.setProperty("role", "warning")
        self.setAccessibleName("Who else has this dataset open")
        self._backend = backend
        self._background = background
        self._view = next(_numbers)
        self._wanted: tuple[DatasetKey, bool] | None = None
        self._told: tuple[DatasetKey, bool] | None = None
        self._telling = False
        self._stays = QTimer(self, singleShot=True, interval=_STAYS_MS)
        self._stays.timeout.connect(self._tell)
        self._beat = QTimer(self, interval=round(HEARTBEAT_S * 1000))
        self._beat.timeout.connect(self.look)
        self.show_others(())

    def attend(self, key: DatasetKey | None, *, editing: bool = False) -> None:
        """The dataset that is looked at now, None when nothing is."""
        wanted = None if key is None else (key, editing)
        if wanted == self._wanted:
            return
        same = wanted is not None and self._wanted is not None and wanted[0] == self._wanted[0]
        self._wanted = wanted
        if not same:
            self.show_others(())
        if same and self._told is not None:
            self._tell()
        else:
            self._stays.start()

    def news(self, key: DatasetKey) -> None:
        """Somebody opened or left a dataset."""
        if self._told is not None and self._told[0] == key:
            self.look()

    def look(self) -> None:
        """Asks who is there, and says that this person still is."""
        if self._told is None:
            return
        (run_number, dataset), _ = self._told
        key = (run_number, dataset)
        self._background.act_then(
            lambda: self._backend.others(run_number, dataset),
            lambda others: self._found(key, others),
            owner=self,
            unavailable=_away,
        )

    def show_others(self, others: Sequence[Present]) -> None:
        """Names them, who edits first."""
        ordered = sorted(others, key=lambda each: not each.editing)
        people = list(
            dict.fromkeys(
                f"{each.person} (editing)" if each.editing else each.person for each in ordered
            )
        )
        more = f" and {len(people) - _SHOWN} more" if len(people) > _SHOWN else ""
        self.setText(f"Also here: {', '.join(people[:_SHOWN])}{more}" if people else "")
        self.setToolTip("\n".join(people))
        self.setVisible(bool(people))

    def _found(self, key: DatasetKey, others: Sequence[Present]) -> None:
        if self._wanted is not None and self._wanted[0] == key:
            self.show_others(others)

    def _tell(self) -> None:
        """One after the other, until what is told is what is."""
        if self._telling or self._told == self._wanted:
            return
        before, wanted = self._told, self._wanted
        backend, view = self._backend, self._view
        self._telling, self._told = True, wanted

        def tell() -> Sequence[Present]:
            if before is not None and (wanted is None or wanted[0] != before[0]):
                backend.close_dataset(*before[0], view=view)
            if wanted is None:
                return ()
            return backend.open_dataset(*wanted[0], view=view, editing=wanted[1])

        def told(others: Sequence[Present]) -> None:
            if wanted is not None:
                self._found(wanted[0], others)

        self._background.act_then(
            tell, told, owner=self, unavailable=_away, refused=_away, finished=self._after
        )
        if wanted is None:
            self._beat.stop()
        else:
            self._beat.start()

    def _after(self) -> None:
        self._telling = False
        self._tell()


def _away(_error: Exception) -> None:
    """Without the server nobody knows who is there; the banner says so."""
