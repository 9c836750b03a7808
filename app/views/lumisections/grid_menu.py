"""The menu of the grid: what can be selected and set where the mouse is."""

from collections.abc import Callable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from app.domain.editing.selection import Selection, where_bit
from app.views.grid.grid_view import GridView
from app.views.grid.snapshot import LumisectionsSnapshot, RowKind
from app.views.lumisections.edit_strip import STATUS_KEYS


def select_where_bit(grid: GridView, bit: str, value: bool | None) -> None:
    """Selects the lumisections in which a DCS bit is so, in the rows of columns with anything
    selected, or in all columns."""
    snapshot = grid.snapshot
    if snapshot is None:
        return
    columns = snapshot.keys[: snapshot.columns]
    rows = [key for key in columns if key in grid.chosen.rows] or list(columns)
    everywhere = Selection.of(rows, [(1, snapshot.length)], snapshot.length)
    grid.choose(everywhere.within(where_bit(snapshot.state, bit, value)))


def grid_menu(
    parent: QWidget,
    grid: GridView,
    *,
    can_edit: bool,
    set_status: Callable[[str], None],
    set_bit: Callable[[bool], None],
    history: Callable[[], None],
    moment: Callable[[], None],
    run_actions: Callable[[], None],
) -> QMenu:
    """The menu for the focused cell and what is selected; it deletes itself."""
    menu = QMenu(parent)
    menu.aboutToHide.connect(menu.deleteLater)
    snapshot, focus = grid.snapshot, grid.focus_cell

    def add(to: QMenu, text: str, handler: Callable[[], object], *, enabled: bool = True) -> None:
        action = QAction(text, to)
        action.triggered.connect(lambda _checked=False: handler())
        action.setEnabled(enabled)
        to.addAction(action)

    if snapshot is not None and focus is not None:
        row = snapshot.rows[focus.row]
        what = "status" if row.kind is RowKind.COLUMN else "value"
        add(menu, f"Select the same {what} around\tA", grid.choose_alike)
        add(
            menu,
            f"Select the same {what} in the whole row\tShift+A",
            lambda: grid.choose_alike(everywhere=True),
        )
        if row.kind is RowKind.BIT:
            add(
                menu,
                f"Select where {row.label} is false\tD",
                lambda: select_where_bit(grid, row.key, False),
            )
            add(
                menu,
                f"Select where {row.label} is true\tShift+D",
                lambda: select_where_bit(grid, row.key, True),
            )
        menu.addMenu(_bits_menu(menu, grid, snapshot, add))
        add(menu, "Select the whole run\tCtrl+A", grid.choose_all)
        menu.addSeparator()
        columns, bits = kinds(snapshot, grid.chosen or _focused(grid, snapshot))
        for key, status in STATUS_KEYS.items():
            add(
                menu,
                f"Set {status}\t{key}",
                lambda status=status: set_status(status),  # type: ignore[misc]
                enabled=can_edit and columns,
            )
        for value in (True, False):
            add(
                menu,
                f"Make DCS bits {str(value).lower()}",
                lambda value=value: set_bit(value),  # type: ignore[misc]
                enabled=can_edit and bits,
            )
        menu.addSeparator()
        add(menu, "History of the selection\tH", history)
        add(menu, "As of...\tT", moment)
        menu.addSeparator()
    add(menu, "Run...", run_actions)
    return menu


def kinds(snapshot: LumisectionsSnapshot, chosen: Selection) -> tuple[bool, bool]:
    """Whether columns, and whether DCS bits are among the chosen rows."""
    columns = set(snapshot.keys[: snapshot.columns])
    return any(key in columns for key in chosen.rows), any(
        key not in columns for key in chosen.rows
    )


def _bits_menu(
    menu: QMenu,
    grid: GridView,
    snapshot: LumisectionsSnapshot,
    add: Callable[..., None],
) -> QMenu:
    found = QMenu("Select where a DCS bit is false", menu)
    for row in snapshot.rows[snapshot.columns :]:
        add(
            found,
            row.label,
            lambda key=row.key: select_where_bit(grid, key, False),
        )
    return found


def _focused(grid: GridView, snapshot: LumisectionsSnapshot) -> Selection:
    focus = grid.focus_cell
    if focus is None:
        return Selection.empty(snapshot.length)
    number = focus.lumisection
    return Selection.of([snapshot.rows[focus.row].key], [(number, number)], snapshot.length)
