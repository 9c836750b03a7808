"""What is done to the table in front, and to the run that is looked at there."""

from collections.abc import Callable, Sequence

from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange
from app.views.focus import give_keys
from app.views.places import PlaceWidget
from app.views.runs.details import DetailsView
from app.views.runs.place import TablePlace
from app.views.selection import Selection
from app.views.subject import Subject
from app.views.tables.table_view import TableView


class TableInFront:
    """Acts on the place that `front()` names when it is asked; not every place has a table."""

    def __init__(self, front: Callable[[], PlaceWidget]) -> None:
        self._front = front

    @property
    def place(self) -> TablePlace | None:
        """The place in front, if it is a table."""
        front = self._front()
        return front if isinstance(front, TablePlace) else None

    def subject(self) -> Subject | None:
        """The run or dataset in front."""
        return None if self.place is None else self.place.subject()

    def selection(self) -> Selection | None:
        """What is selected in the place in front, whichever it is."""
        return self._front().selection()

    def linked(self) -> DatasetKey | None:
        """The dataset that a link would lead to: the first selected one, else the one in front."""
        selection = self.selection()
        if selection is not None and selection.chosen.keys:
            return selection.chosen.keys[0]
        subject = self.subject()
        return (subject.run_number, subject.dataset) if subject else None

    def selected_ranges(self, key: DatasetKey) -> Sequence[LumiRange]:
        """The lumisections that are selected in a dataset, if it is in front."""
        subject = self.subject()
        is_in_front = subject is not None and (subject.run_number, subject.dataset) == key
        return subject.ranges if subject is not None and is_in_front else ()

    def table(self) -> TableView | None:
        """The table."""
        return None if self.place is None else self.place.table

    def details(self) -> DetailsView | None:
        """The run that is looked at."""
        return None if self.place is None else self.place.shown_details

    def is_in_tab(self) -> bool:
        """Whether a run has a tab of its own, and that is in front."""
        return self.place is not None and self.place.tabs.currentIndex() > 0

    def close_tab(self) -> None:
        """Closes the tab of the run that is looked at."""
        if self.place is not None:
            self.place.close_tab(self.place.tabs.currentIndex())

    def edit_lumisections(self) -> None:
        """Goes to the grid of what is in front."""
        if self.place is not None:
            self.place.edit_lumisections()

    def build_filter(self) -> None:
        """Opens the filter of the table as a tree of conditions."""
        if self.place is not None:
            self.place.tabs.setCurrentIndex(0)
            self.place.table.build_filter()

    def choose_columns(self) -> None:
        """Opens the dialog for the columns of the table."""
        if self.place is not None:
            self.place.table.choose_columns()

    def why_no_filter(self) -> str:
        """Why nothing can be looked for in the place in front; empty where it can."""
        return "" if self.place is not None else self._front().why_no_search()

    def focus_filter(self) -> None:
        """Goes to where something is looked for, in any place."""
        place = self.place
        if place is None:
            self._front().focus_search()
            return
        place.tabs.setCurrentIndex(0)
        give_keys(place.table.filter.edit)
        place.table.filter.edit.selectAll()
