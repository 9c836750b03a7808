"""Start to first usable table, and memory: `python -m benchmarks.start --folder SEASON`.

SEASON is what `python -m benchmarks.chain --folder SEASON` has left. The program runs in a process
of its own, offscreen, as a person starts it; its time counts from the start of the process.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from benchmarks import figures
from benchmarks.database import show

_TIMES = 5
_LOOK_EVERY_MS = 5
_MIB = 1024
_WINDOW = "app.views.frame.application"


def child(folder: Path) -> None:
    """Opens the window as the program does, prints milliseconds on the clock and of CPU until the
    table is filled, of CPU until all places are, and memory, and closes it."""
    from app.__main__ import main

    sys.meta_path.insert(0, _Watched)
    main(["--data-folder", str(folder), "--screenshot", os.devnull])


class _Watched(PathFinder):
    """Puts a stopwatch where the program photographs its window, once that is loaded: to load it
    sooner would be another start."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _WINDOW:
            return None
        spec = super().find_spec(fullname, path, target)
        assert spec is not None
        assert spec.loader is not None
        run = spec.loader.exec_module

        def watched(module: ModuleType) -> None:
            run(module)
            vars(module)["_Photographer"] = _stopwatch()

        spec.loader.exec_module = watched  # type: ignore[method-assign]
        return spec


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
                "RUN_REGISTRY_PULL": "false",
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
