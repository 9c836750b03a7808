"""What is done to the table in front, and to the run that is looked at there."""

from collections.abc import Callable

from app.views.focus import give_keys
from app.views.places import PlaceWidget
from app.views.runs.details import DetailsView
from app.views.runs.place import TablePlace
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

    def focus_filter(self) -> None:
        """Goes to where something is looked for, in any place."""
        place = self.place
        if place is None:
            self._front().focus_search()
            return
        place.tabs.setCurrentIndex(0)
        give_keys(place.table.filter.edit)
        place.table.filter.edit.selectAll()
