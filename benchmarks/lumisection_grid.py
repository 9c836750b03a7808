"""The lumisection grid at 60 rows x 5000 lumisections, 1600 x 1000 pixels.

A frame of 60 in a second is 16.7 ms.
"""

import argparse
import json
import os
import resource
import sys
import time
import tracemalloc
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.domain.editing.draft_cells import DraftCells, TripletChange, changed_cells
from app.domain.editing.selection import Selection
from app.domain.state.grid import DatasetState, Grid
from app.domain.triplets import BAD, EXCLUDED, GOOD, STANDBY, Triplet
from app.views.grid.grid_layout import Cell
from app.views.grid.grid_view import GridView
from app.views.grid.snapshot import LumisectionsSnapshot, prepare
from app.views.looks.theme import load
from benchmarks import figures

_ROUNDS = 100
_FRAME_MS = 16.7


def a_large_state(lumisections: int) -> DatasetState:
    """25 columns and 35 bits that change now and then, and luminosity in every lumisection."""
    random = np.random.default_rng(1)
    triplets = (
        None,
        Triplet(GOOD),
        Triplet(BAD, "HV trip"),
        Triplet(STANDBY),
        Triplet(EXCLUDED, "by hand"),
    )

    def wandering(rows: int, odd: tuple[int, ...]) -> np.ndarray:
        codes = np.ones((rows, lumisections), np.int32)
        for row in range(rows):
            for _ in range(12):
                first = int(random.integers(lumisections))
                size = int(random.integers(1, 60))
                codes[row, first : first + size] = int(random.choice(odd))
        return codes

    covered = np.ones(lumisections, np.bool_)
    rr = Grid(
        lumisections,
        tuple(f"subsystem-column{n:02d}" for n in range(25)),
        triplets,
        wandering(25, (2, 3, 4)),
        covered,
    )
    delivered = np.round(0.5 * np.exp(-np.arange(lumisections) / 4000), 6)
    numbers = [*delivered.tolist(), *(delivered * 0.93).tolist()]
    rows = np.arange(lumisections, dtype=np.int32)
    bits = tuple(f"bit{n:02d}_ready" for n in range(35))
    oms = Grid(
        lumisections,
        (*bits, "delivered", "recorded"),
        (None, True, False, None, *numbers),
        np.vstack([wandering(35, (2, 3)), rows + 4, rows + 4 + lumisections]),
        covered,
    )
    return DatasetState(355100, "online", rr, oms, covered)


def measure(snapshot: LumisectionsSnapshot) -> dict[str, float]:
    """Milliseconds and frames per second of what a person does with the grid."""
    view = GridView(load(dark=False, palette="traditional"))
    view.resize(1600, 1000)
    view.show_snapshot(snapshot)
    view.show()
    application = QApplication.instance()
    assert application is not None
    application.processEvents()
    figures: dict[str, float] = {}

    def timed(name: str, step: Callable[[int], object]) -> float:
        begin = time.perf_counter()
        for number in range(_ROUNDS):
            step(number)
            view.viewport().repaint()
        took = (time.perf_counter() - begin) / _ROUNDS * 1e3
        figures[name] = round(took, 2)
        return took

    theme = load(dark=False, palette="traditional")
    timed("full repaint, whole run [ms]", lambda _: view.set_theme(theme))
    view.zoom(12)
    timed("full repaint, zoomed in [ms]", lambda _: view.set_theme(theme))
    bar = view.horizontalScrollBar()
    took = timed("scroll [ms]", lambda number: bar.setValue(number * 40))
    figures["scroll [frames/s]"] = round(1e3 / took, 0)
    timed("pan by the mouse [ms]", panning(view))
    timed("select 20 rows x n LS [ms]", lambda n: view.select(Cell(2, 100), Cell(21, 101 + n)))
    view.fit()
    timed("zoom in or out [ms]", lambda number: view.zoom(1.5 if number % 8 < 4 else 1 / 1.5))
    view.fit()
    timed("move the focus [ms]", lambda number: view.focus(Cell(number % 60, 1 + number * 40)))
    timed("drag a rectangle of up to 100 000 cells [ms]", dragging(view))
    timed("the same with 3 000 stretches selected before [ms]", dragging(view, scattered(snapshot)))
    view.choose_all(everything=True)
    timed(
        "move the focus, 300 000 cells selected [ms]",
        lambda n: view.focus(Cell(n % 60, 1 + n * 40), keep=True),
    )
    measure_drafts(view, snapshot, timed)
    view.close()
    return figures


Timed = Callable[[str, Callable[[int], object]], float]


def panning(view: GridView) -> Callable[[int], object]:
    """Moves the mouse with the middle button held."""
    QTest.mousePress(view.viewport(), Qt.MouseButton.MiddleButton, pos=QPoint(800, 300))
    return lambda n: QTest.mouseMove(view.viewport(), QPoint(800 - (n * 13) % 600, 300))


def dragging(view: GridView, before: Selection | None = None) -> Callable[[int], object]:
    """Moves the mouse with the left button held, adding to what is selected `before`."""
    QTest.mouseRelease(view.viewport(), Qt.MouseButton.MiddleButton)
    QTest.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton)
    modifier = Qt.KeyboardModifier.NoModifier
    if before is not None:
        view.choose(before)
        modifier = Qt.KeyboardModifier.ControlModifier
    first = view.cell_rect(Cell(1, 700)).center().toPoint()
    QTest.mousePress(view.viewport(), Qt.MouseButton.LeftButton, modifier, first)

    def step(number: int) -> None:
        last = view.cell_rect(Cell(1 + number % 24, 700 + number * 42)).center().toPoint()
        QTest.mouseMove(view.viewport(), last)

    return step


def scattered(snapshot: LumisectionsSnapshot) -> Selection:
    """Every other stretch of 50 lumisections of every row."""
    ranges = [(first, first + 49) for first in range(1, snapshot.length, 100)]
    return Selection.of(snapshot.keys, ranges, snapshot.length)


def measure_drafts(view: GridView, snapshot: LumisectionsSnapshot, timed: Timed) -> None:
    """What a person waits for after a key that sets a status."""
    columns = Selection.of(snapshot.keys[: snapshot.columns], [(1000, 1999)], snapshot.length)
    nothing = DraftCells(snapshot.length)

    def draft(number: int) -> None:
        cells, _ = nothing.set_columns(
            snapshot.state, columns, TripletChange("BAD" if number % 2 else "STANDBY")
        )
        view.show_draft(cells)

    timed("draft a status in 25 000 cells [ms]", draft)
    view.choose(scattered(snapshot))
    timed("flash 3 000 stretches [ms]", lambda _: view.flash(view.chosen))


def memory(state: DatasetState) -> float:
    """MiB that a grid takes: snapshot, widget, everything selected, drafted and lit up."""
    theme = load(dark=False, palette="traditional")
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    snapshot = prepare(state)
    view = GridView(theme)
    view.resize(1600, 1000)
    view.show_snapshot(snapshot)
    view.show()
    view.choose_all(everything=True)
    cells, _ = DraftCells(snapshot.length).set_columns(
        state, view.chosen, TripletChange("BAD", "off")
    )
    view.show_draft(cells)
    view.flash(view.chosen)
    view.viewport().repaint()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    picture = 1600 * 1000 * 4  # what Qt keeps painted isn't Python's
    codes = state.rr.codes.nbytes + state.oms.codes.nbytes
    view.close()
    return float(most - before + picture + codes) / 2**20


@figures.kept("lumisection_grid")
def main() -> int:
    """Prints the figures; `--json` for machines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lumisections", type=int, default=5000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    application = QApplication([])
    state = a_large_state(arguments.lumisections)
    begin = time.perf_counter()
    snapshot = prepare(state)
    prepared = (time.perf_counter() - begin) * 1e3
    begin = time.perf_counter()
    changed_cells(state, a_large_state(arguments.lumisections))
    compared = (time.perf_counter() - begin) * 1e3
    measured = {
        "prepare, outside the GUI thread [ms]": round(prepared, 1),
        "compare with the state before, outside too [ms]": round(compared, 1),
        **measure(snapshot),
    }
    measured["grid, all of it selected and drafted [MiB]"] = round(memory(state), 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    measured["process, at most [MiB]"] = round(peak, 0)
    if arguments.json:
        print(json.dumps(measured))
    else:
        print(f"{len(snapshot.rows)} rows x {snapshot.length} LS, 1600 x 1000 pixels")
        for name, figure in measured.items():
            slow = name.endswith("[ms]") and "outside" not in name and figure > _FRAME_MS
            behind = figures.noted(name, float(figure))
            print(f"  {name:56} {figure:10}{'  more than a frame' if slow else ''}{behind}")
    application.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
