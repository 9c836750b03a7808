"""What is selected in a table, list or tree, onto the clipboard as a spreadsheet takes it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QListView, QTableView, QTreeView, QWidget

from app.domain.text.csv_text import tsv_text

COPY_ROLE = Qt.ItemDataRole.UserRole + 100
"""What a model gives for a cell whose text doesn't say what it shows."""

_INDENT = "  "

Index = QModelIndex | QPersistentModelIndex


@runtime_checkable
class CopiesItself(Protocol):
    """A view that knows better than its texts what of it is copied."""

    def copy_selected(self) -> None:
        """Puts what is selected onto the clipboard."""
        ...


def copy_rows(rows: Iterable[Sequence[object]]) -> None:
    """Puts rows of cells onto the clipboard."""
    QGuiApplication.clipboard().setText(tsv_text(rows))


def copy_selected(view: QWidget) -> None:
    """Copies what is selected in a view, or its current row; nothing leaves the clipboard alone."""
    if isinstance(view, CopiesItself):
        view.copy_selected()
    elif isinstance(view, QAbstractItemView) and (rows := list(_rows(view))):
        copy_rows(rows)


def columns_in_sight(table: QTableView) -> list[int]:
    """The columns of a table that aren't hidden, from left to right."""
    header = table.horizontalHeader()
    columns = [header.logicalIndex(place) for place in range(header.count())]
    return [column for column in columns if not header.isSectionHidden(column)]


def _rows(view: QAbstractItemView) -> Iterator[list[object]]:
    if isinstance(view, QTableView):
        columns = columns_in_sight(view)
        whole = _by_rows(view)
        chosen = {(index.row(), index.column()) for index in _selected(view)}
        if not whole:
            columns = [each for each in columns if any(column == each for _, column in chosen)]
        model = view.model()
        for row in sorted({row for row, _ in chosen}):
            yield [
                _text(model.index(row, column)) if whole or (row, column) in chosen else ""
                for column in columns
            ]
    elif isinstance(view, QTreeView):
        header = view.header()
        places = [header.logicalIndex(place) for place in range(header.count())]
        columns = [column for column in places if not header.isSectionHidden(column)]
        chosen_lines = {_line(index) for index in _selected(view)}
        for depth, index in _lines(view):
            if _line(index) in chosen_lines:
                cells = [_text(index.sibling(index.row(), column)) for column in columns]
                yield [f"{_INDENT * depth}{cells[0]}", *cells[1:]]
    else:
        column = view.modelColumn() if isinstance(view, QListView) else 0
        rows = sorted({index.row() for index in _selected(view)})
        yield from ([_text(view.model().index(row, column, view.rootIndex()))] for row in rows)


def _by_rows(view: QAbstractItemView) -> bool:
    return view.selectionBehavior() == QAbstractItemView.SelectionBehavior.SelectRows


def _selected(view: QAbstractItemView) -> list[QModelIndex]:
    """What is selected; with nothing selected the current cell, where nothing can be, all."""
    model, selection = view.model(), view.selectionModel()
    if model is None or selection is None:
        return []
    if view.selectionMode() == QAbstractItemView.SelectionMode.NoSelection:
        return [
            model.index(row, column)
            for row in range(model.rowCount())
            for column in range(model.columnCount())
        ]
    chosen = selection.selectedIndexes()
    current = selection.currentIndex()
    return chosen or ([current] if current.isValid() else [])


def _line(index: Index) -> tuple[int, ...]:
    """Where a line of a tree is: its row in each level."""
    place: tuple[int, ...] = ()
    while index.isValid():
        place = (index.row(), *place)
        index = index.parent()
    return place


def _lines(tree: QTreeView) -> Iterator[tuple[int, QModelIndex]]:
    """The lines of a tree that can be seen, from top to bottom, with their depth."""
    index = tree.model().index(0, 0, tree.rootIndex())
    if index.isValid() and tree.isRowHidden(0, tree.rootIndex()):
        index = tree.indexBelow(index)
    while index.isValid():
        yield len(_line(index)) - 1, index
        index = tree.indexBelow(index)


def _text(index: Index) -> object:
    """What a cell says; a box that is ticked or not where it says nothing."""
    given = index.data(COPY_ROLE)
    text = index.data() if given is None else given
    if text in (None, "") and (tick := index.data(Qt.ItemDataRole.CheckStateRole)) is not None:
        return "yes" if Qt.CheckState(tick) == Qt.CheckState.Checked else "no"
    return text
