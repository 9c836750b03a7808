"""Start to first usable table, and memory: `python -m benchmarks.start --folder SEASON`.

SEASON is what `python -m benchmarks.chain --folder SEASON` has left. The program runs in a process
of its own, offscreen, as a person starts it; its time counts from the start of the process.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import figures
from benchmarks.database import show

_TIMES = 5
_LOOK_EVERY_MS = 5
_MIB = 1024


def child(folder: Path) -> None:
    """Opens the window as the program does, prints milliseconds on the clock and of CPU until the
    table is filled, of CPU until all places are, and memory, and closes it."""
    from app import garbage

    with garbage.kept():
        # Before Qt, as in the program.
        from app import bootstrap  # isort: skip
        from app.views.frame import application  # isort: skip

        stopwatch = _stopwatch()

    application._Photographer = stopwatch  # type: ignore[assignment,misc]
    settings = bootstrap.settings_of({"data_folder": folder, "pull": False}, None)
    with bootstrap.Program(settings) as program:
        bootstrap.open_window(program, screenshot=Path(os.devnull))


def _stopwatch() -> type:
    """What looks at a window and prints the figures."""
    from PySide6.QtCore import QTimer

    from app.views.frame.main_window import MainWindow

    started = float(os.environ["BENCHMARK_STARTED"])

    class Stopwatch(QTimer):
        """Waits until the table is filled, then until nothing is on its way any more."""

        def __init__(self, window: MainWindow, _picture: Path) -> None:
            super().__init__(window, interval=_LOOK_EVERY_MS)
            self._window = window
            self._usable: tuple[float, ...] = ()
            self.timeout.connect(self._look)
            self.start()

        def _look(self) -> None:
            if self._window.is_filled and not self._usable:
                self._usable = 1e3 * (time.time() - started), 1e3 * time.process_time()
            if self._window.is_settled:
                self.stop()
                print(*self._usable, 1e3 * time.process_time(), memory_mib(), flush=True)
                self._window.close()

    return Stopwatch


def memory_mib() -> float:
    """Resident memory of this process [MiB]."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / _MIB
    raise OSError("no VmRSS")


@figures.kept("start")
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.folder)
    else:
        run(given.folder)


def run(folder: Path) -> None:
    """Starts the program a few times and prints what it took."""
    taken, cpu, whole, memory = [], [], [], []
    for _ in range(_TIMES):
        started = time.time()
        answer = subprocess.run(
            [sys.executable, "-m", "benchmarks.start", "--child", "--folder", str(folder)],
            env={
                **os.environ,
                "QT_QPA_PLATFORM": "offscreen",
                "BENCHMARK_STARTED": str(started),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        milliseconds, worked, in_all, mebibytes = map(float, answer.stdout.split())
        taken.append(milliseconds)
        cpu.append(worked)
        whole.append(in_all)
        memory.append(mebibytes)
    show("program start to first usable table", taken, "2000")
    show("CPU of that", cpu)
    show("CPU until the other places are filled, too", whole)
    label = "memory of the client then"
    print(f"{label:<58}{max(memory):>10.0f} MiB{figures.noted(label, max(memory))}")


if __name__ == "__main__":
    main()
