"""The menu of the grid: what can be selected and set where the mouse is."""

from collections.abc import Callable
from functools import partial

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from app.domain.editing.selection import Selection, where_bit
from app.views.grid.grid_view import GridView
from app.views.grid.snapshot import GridRow, LumisectionsSnapshot, RowKind
from app.views.lumisections.editing.edit_strip import STATUS_KEYS


def select_where_bit(grid: GridView, bit: str, value: bool | None) -> None:
    """Selects the lumisections in which a DCS bit has a value, in the columns with anything
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
    evidence: Callable[[], None],
    pin: Callable[[], None],
    run_actions: Callable[[], None],
) -> QMenu:
    """The menu for the focused cell and what is selected; it deletes itself."""
    menu = QMenu(parent)
    menu.aboutToHide.connect(menu.deleteLater)
    snapshot, focus = grid.snapshot, grid.focus_cell
    if snapshot is not None and focus is not None:
        _add_choosing(menu, grid, snapshot, snapshot.rows[focus.row])
        menu.addSeparator()
        columns, bits = kinds(snapshot, grid.chosen or _focused(grid, snapshot))
        for key, status in STATUS_KEYS.items():
            handler = partial(set_status, status)
            _add(menu, f"Set {status}\t{key}", handler, enabled=can_edit and columns)
        for value in (True, False):
            text = f"Make DCS bits {str(value).lower()}"
            _add(menu, text, partial(set_bit, value), enabled=can_edit and bits)
        menu.addSeparator()
        _add(menu, "History of the selection\tH", history)
        _add(menu, "As of...\tT", moment)
        _add(menu, "Histograms\tE", evidence)
        _add(menu, "Pin rates, prescales, beams...\tP", pin)
        menu.addSeparator()
    _add(menu, "Run...", run_actions)
    return menu


def kinds(snapshot: LumisectionsSnapshot, chosen: Selection) -> tuple[bool, bool]:
    """Whether columns, and whether DCS bits are among the chosen rows."""
    columns = set(snapshot.keys[: snapshot.columns])
    return any(key in columns for key in chosen.rows), any(
        key not in columns for key in chosen.rows
    )


def _add(menu: QMenu, text: str, handler: Callable[[], object], *, enabled: bool = True) -> None:
    action = QAction(text, menu)
    action.triggered.connect(lambda _checked=False: handler())
    action.setEnabled(enabled)
    menu.addAction(action)


def _add_choosing(
    menu: QMenu, grid: GridView, snapshot: LumisectionsSnapshot, row: GridRow
) -> None:
    """What can be selected around the focused cell."""
    what = "status" if row.kind is RowKind.COLUMN else "value"
    _add(menu, f"Select the same {what} around\tA", grid.choose_alike)
    in_row = partial(grid.choose_alike, everywhere=True)
    _add(menu, f"Select the same {what} in the whole row\tShift+A", in_row)
    if row.kind is RowKind.BIT:
        for value, key in ((False, "D"), (True, "Shift+D")):
            text = f"Select where {row.label} is {str(value).lower()}\t{key}"
            _add(menu, text, partial(select_where_bit, grid, row.key, value))
    bits = QMenu("Select where a DCS bit is false", menu)
    for bit in snapshot.rows[snapshot.columns :]:
        _add(bits, bit.label, partial(select_where_bit, grid, bit.key, False))
    menu.addMenu(bits)
    _add(menu, "Select the whole run\tCtrl+A", grid.choose_all)


def _focused(grid: GridView, snapshot: LumisectionsSnapshot) -> Selection:
    focus = grid.focus_cell
    if focus is None:
        return Selection.empty(snapshot.length)
    number = focus.lumisection
    return Selection.of([snapshot.rows[focus.row].key], [(number, number)], snapshot.length)
