"""The lumisection grid at 60 rows x 5000 lumisections, 1600 x 1000 pixels."""

import argparse
import json
import os
import resource
import sys
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtWidgets import QApplication

from app.domain.grid import DatasetState, Grid
from app.domain.triplets import BAD, EXCLUDED, GOOD, STANDBY, Triplet
from app.views.lumisections.grid_layout import Cell
from app.views.lumisections.grid_view import GridView
from app.views.lumisections.snapshot import LumisectionsSnapshot, prepare
from app.views.theme import load

_ROUNDS = 100


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

    def timed(name: str, step: object) -> float:
        assert callable(step)
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
    timed("select 20 rows x n LS [ms]", lambda n: view.select(Cell(2, 100), Cell(21, 101 + n)))
    view.fit()
    timed("move the focus [ms]", lambda number: view.focus(Cell(number % 60, 1 + number * 40)))
    view.close()
    return figures


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
    figures = {"prepare, outside the GUI thread [ms]": round(prepared, 1), **measure(snapshot)}
    figures["snapshot [MiB]"] = round(snapshot.ranks.nbytes / 2**20, 2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures["process, at most [MiB]"] = round(peak, 0)
    if arguments.json:
        print(json.dumps(figures))
    else:
        print(f"{len(snapshot.rows)} rows x {snapshot.length} LS, 1600 x 1000 pixels")
        for name, figure in figures.items():
            print(f"  {name:40} {figure:10}")
    application.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
