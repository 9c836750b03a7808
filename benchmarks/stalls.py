"""How long the window doesn't listen: `python -m benchmarks.stalls --folder SEASON`.

SEASON is what `python -m benchmarks.chain --folder SEASON` has left (`--clicks 180`: only clicks
beside pulls, for three minutes); without it the demonstration
is watched for `--seconds`, from its first start on. Every gap of the event loop above `--over`
milliseconds is printed: on the clock, what the thread of the window computed meanwhile, what all
threads of the program did (one of them may have held the interpreter), what was being done, and
where in the code it was. On a machine with other work the clock says little: a gap without a
hundred milliseconds of either was not ours.
"""

import argparse
import asyncio
import gc
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from types import FrameType

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtTest import QTest

from app import bootstrap
from app.domain.editing.edits import ColumnEdit
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange
from app.domain.triplets import BAD, Triplet
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from app.services.editing import bulk as bulk_edit
from app.services.pulling import runs as pull
from app.views.frame import windows
from app.views.frame.main_window import MainWindow
from benchmarks import figures
from benchmarks.chain import EXPERT, answer

_TICK_MS = 5
_SAMPLE_S = 0.01
_LONG_RUN = 399_999
_LONG = 5_000
_CLICKS = 40
_BETWEEN_S = 0.25
_PULL_EVERY_S = 10.0
_PULLED, _BULK = 399_000, 20


@dataclass
class Gap:
    """The event loop didn't turn for `wall` milliseconds: its thread worked for `cpu` of them,
    and all threads together for `whole`."""

    doing: str
    wall: float
    cpu: float
    whole: float
    collected: tuple[str, ...]
    places: Counter[str] = field(default_factory=Counter)

    @property
    def line(self) -> str:
        where = ", ".join((*self.collected, *(at for at, _ in self.places.most_common(3))))
        figures = f"{self.wall:6.0f} ms, CPU {self.cpu:4.0f} of {self.whole:4.0f}"
        return f"  {figures}  {self.doing:<28}  {where}"


class Watch(QObject):
    """Ticks in the event loop, and remembers where a tick came late; a thread of its own looks
    where the window is meanwhile."""

    def __init__(self, over: float, parent: QObject) -> None:
        super().__init__(parent)
        self.over = over
        self.doing = "start"
        self.gaps: list[Gap] = []
        self._seen: Counter[str] = Counter()
        self._thread = threading.get_ident()
        self._ended = threading.Event()
        self._collecting = 0.0
        self._collected: list[str] = []
        gc.callbacks.append(self._garbage)
        self._wall, self._cpu, self._whole = _times()
        self._clock = QTimer(self, interval=_TICK_MS)
        self._clock.setTimerType(Qt.TimerType.PreciseTimer)
        self._clock.timeout.connect(self._tick)
        self._clock.start()
        self._looker = threading.Thread(target=self._look, daemon=True)
        self._looker.start()

    def end(self) -> None:
        """Watches no more."""
        self._clock.stop()
        self._ended.set()
        self._looker.join()
        gc.callbacks.remove(self._garbage)

    def _garbage(self, phase: str, about: dict[str, int]) -> None:
        """Whichever thread collects garbage, none runs meanwhile."""
        if phase == "start":
            self._collecting = time.perf_counter()
        elif about["generation"] == 2:
            took = 1e3 * (time.perf_counter() - self._collecting)
            self._collected.append(f"{took:.0f} ms of garbage collection")

    def _tick(self) -> None:
        wall, cpu, whole = _times()
        late = wall - self._wall - _TICK_MS
        if late > self.over:
            worked = cpu - self._cpu, whole - self._whole
            collected = tuple(self._collected)
            self.gaps.append(Gap(self.doing, late, *worked, collected, Counter(self._seen)))
        self._seen.clear()
        self._collected.clear()
        self._wall, self._cpu, self._whole = wall, cpu, whole

    def _look(self) -> None:
        while not self._ended.wait(_SAMPLE_S):
            if 1e3 * time.perf_counter() - self._wall > 3e3 * _SAMPLE_S:
                self._seen[_place(sys._current_frames().get(self._thread))] += 1


def _times() -> tuple[float, float, float]:
    """Now, and what this thread and all of them have worked [ms]."""
    return 1e3 * time.perf_counter(), 1e3 * time.thread_time(), 1e3 * time.process_time()


def _place(frame: FrameType | None) -> str:
    """The innermost function of the program that a thread is in."""
    while frame is not None:
        if "/app/" in frame.f_code.co_filename:
            file = Path(frame.f_code.co_filename)
            return f"{file.parent.name}/{file.stem}.{frame.f_code.co_name}:{frame.f_lineno}"
        frame = frame.f_back
    return "Qt"


class Day:
    """What a person does, one thing after the other."""

    def __init__(self, window: MainWindow, watch: Watch, program: bootstrap.Program) -> None:
        self._window = window
        self._program = program
        self._watch = watch

    @cached_property
    def _acting(self) -> Acting:
        """What comes from elsewhere writes on connections of its own, opened by its own thread."""
        return Acting(self._program.db, EXPERT)

    async def demonstration(self, seconds: float) -> None:
        """Looks on while the demonstration begins."""
        self._watch.doing = "first seconds"
        await asyncio.sleep(seconds)

    async def clicks(self, seconds: float) -> None:
        """Clicks through runs, while another one is pulled every ten seconds."""
        await self._settled()
        self._watch.doing = "clicks beside pulls"
        table = self._window.online.table.table
        ends = time.perf_counter() + seconds
        pulls, pulled = 0, time.perf_counter()
        row, under_way = 0, asyncio.get_running_loop().create_task(self._elsewhere(lambda: None))
        while time.perf_counter() < ends:
            table.selectRow(row % max(table.model().rowCount(), 1))
            row += 1
            await asyncio.sleep(_BETWEEN_S)
            if time.perf_counter() - pulled > _PULL_EVERY_S and under_way.done():
                pulled = time.perf_counter()
                one = partial(self._pull_one, _PULLED + pulls % _BULK, range(pulls, pulls + 9))
                under_way = asyncio.get_running_loop().create_task(self._elsewhere(one))
                pulls += 1
        await under_way
        print(f"{row} clicks, {pulls} pulls in {seconds:.0f} s")

    async def whole(self) -> None:
        """Clicks, edits, a long run, typing, another look."""
        await self._settled()
        for doing, step in (
            ("click through runs", self._click),
            ("a pull of 20 runs", self._pull),
            ("bulk edits", self._bulk),
            (f"a run of {_LONG} LS", self._long_run),
            ("draft all cells, drop them", self._draft),
            ("places", self._places),
            ("type a rule", self._type),
            ("light and dark", self._look),
        ):
            self._watch.doing = doing
            await step()
            await self._settled()

    async def _settled(self) -> None:
        await asyncio.sleep(_BETWEEN_S)
        # Nothing announces it.
        while not self._window.is_settled:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    async def _click(self) -> None:
        table = self._window.online.table.table
        for row in range(_CLICKS):
            table.selectRow(row % max(table.model().rowCount(), 1))
            await asyncio.sleep(_BETWEEN_S)

    async def _elsewhere(self, function: Callable[[], object]) -> None:
        await asyncio.get_running_loop().run_in_executor(None, function)

    async def _pull(self) -> None:
        for number in range(_PULLED, _PULLED + _BULK):
            await self._elsewhere(partial(self._pull_one, number))

    def _pull_one(self, number: int, flipped: range = range(0)) -> None:
        pull.apply(self._acting, answer(number, flipped=flipped))

    async def _bulk(self) -> None:
        for number in range(3):
            await self._elsewhere(partial(self._write, f"bulk edit {number}"))
            await self._settled()

    def _write(self, comment: str) -> None:
        columns = configuration.current(self._acting).online_columns[:5]
        to = Triplet(BAD, comment)
        bulk_edit.write(
            self._acting,
            [
                ColumnEdit(number, ONLINE, column, (LumiRange(1, 700),), to)
                for number in range(_PULLED, _PULLED + _BULK)
                for column in columns
            ],
        )

    async def _long_run(self) -> None:
        await self._elsewhere(lambda: pull.apply(self._acting, answer(_LONG_RUN, length=_LONG)))
        self._window.show_run(_LONG_RUN)
        await self._settled()
        grid = self._window.online.shown_details.lumisections.grid
        for key in (Qt.Key.Key_Plus, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_0) * 5:
            QTest.keyClick(grid, key)
            await asyncio.sleep(0.05)

    async def _draft(self) -> None:
        grid = self._window.online.shown_details.lumisections.grid
        grid.setFocus()
        grid.choose_all()
        for key in (Qt.Key.Key_S, Qt.Key.Key_X, Qt.Key.Key_G, Qt.Key.Key_Escape):
            QTest.keyClick(grid, key)
            await self._settled()

    async def _places(self) -> None:
        for name in self._window.views:
            self._window.go_to(name)
            await self._settled()

    async def _type(self) -> None:
        self._window.go_to("golden")
        await self._settled()
        text = self._window.golden.bench.rule.text
        text.setFocus()
        for number in range(20):
            QTest.keyClick(text, Qt.Key.Key_Backspace if number % 2 else Qt.Key.Key_0)
            await asyncio.sleep(0.1)

    async def _look(self) -> None:
        self._window.go_to("online")
        for name in ("look.dark", "look.light", "look.dark", "look.light"):
            self._window.actions_[name].trigger()
            await self._settled()


def watched(
    folder: Path, given: argparse.Namespace, day: Callable[[Day], Coroutine[None, None, None]]
) -> list[Gap]:
    """Opens the window as the program does, and watches it through a day."""
    options: dict[str, object] = {"data_folder": folder}
    if given.folder is not None:
        options["pull"] = False
    program = bootstrap.Program(bootstrap.settings_of(options, None))
    gaps: list[Gap] = []

    class Watched(MainWindow):
        """Begins its day when it is shown."""

        def showEvent(self, event: QShowEvent) -> None:
            super().showEvent(event)
            QTimer.singleShot(0, self, self._begin)

        def _begin(self) -> None:
            watch = Watch(given.over, self)
            task = asyncio.get_event_loop().create_task(day(Day(self, watch, program)))

            def ended(done: asyncio.Task[None]) -> None:
                watch.end()
                gaps.extend(watch.gaps)
                self.close()
                done.result()

            task.add_done_callback(ended)

    windows.MainWindow = Watched  # type: ignore[attr-defined]
    with program:
        bootstrap.open_window(program)
    return gaps


@figures.kept("stalls")
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="a season; without it the demonstration")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long that is watched")
    parser.add_argument("--clicks", type=float, help="only click through runs, for so many seconds")
    parser.add_argument("--over", type=float, default=100.0, help="which gaps count [ms]")
    given = parser.parse_args()
    if given.folder is not None:
        clicks = given.clicks
        report(
            watched(given.folder, given, lambda day: day.clicks(clicks) if clicks else day.whole())
        )
        return
    with tempfile.TemporaryDirectory(prefix="run-registry-bench-") as made:
        # As root the database's server runs as another user, who has to get in.
        Path(made).chmod(0o755)
        report(watched(Path(made) / "d", given, lambda day: day.demonstration(given.seconds)))


def report(gaps: list[Gap]) -> None:
    """Prints the gaps, the longest first, and how many each thing had."""
    for gap in sorted(gaps, key=lambda gap: -gap.wall):
        print(gap.line)
    counted = Counter(gap.doing for gap in gaps)
    for doing, number in counted.most_common():
        of_doing = [gap for gap in gaps if gap.doing == doing]
        longest = max(gap.wall for gap in of_doing)
        cpu = max(gap.cpu for gap in of_doing)
        whole = max(gap.whole for gap in of_doing)
        worked = f"most CPU {cpu:.0f} of {whole:.0f} ms"
        behind = figures.noted(f"{doing}: longest gap", longest)
        print(f"{doing:<30} {number:4} gaps, longest {longest:.0f} ms, {worked}{behind}")
    print(f"{len(gaps)} gaps{figures.noted('gaps', len(gaps))}")


if __name__ == "__main__":
    main()
