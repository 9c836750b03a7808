"""A rule typed in the workbench over a season, key by key: `python -m benchmarks.golden_typing`.

From the key to the new figures on screen, in the real window's workbench on a real database.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PySide6.QtCore import QEventLoop as Events
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from app.services.golden import generation as golden
from app.services.news import News
from app.services.pulling.pullers import Pullers
from app.views.background import Background
from app.views.golden.workbench.bench import RuleBench
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.places import PlaceContext
from app.views.session import DatabaseKind, Session, WebAddresses, Workplace
from benchmarks import figures
from benchmarks.chain import EXPERT, build_season
from benchmarks.database import folder_argument, prepared, server, show

PATTERN = "%PromptReco%"
_KEYS = 30
_LONGEST_S = 30.0


def wait(application: QApplication, done: Callable[[], bool]) -> float:
    """Runs the event loop until it is done; returns the time [ms]."""
    start = time.perf_counter()
    while not done():
        application.processEvents(Events.ProcessEventsFlag.AllEvents, 5)
        if time.perf_counter() - start > _LONGEST_S:
            raise TimeoutError("the figures didn't come")
    return 1e3 * (time.perf_counter() - start)


def measure(application: QApplication, db: Database, bench: RuleBench) -> None:
    """Opens the workbench, then types."""
    rule = configuration.shipped_rule("golden")
    bench.rule.show_rule(rule)
    golden.forget_seasons(Acting(db))
    bench.datasets.pattern.setText(PATTERN)
    bench.datasets._pause.stop()
    start = time.perf_counter()
    bench.datasets.apply()
    wait(application, lambda: bench.result.preview is not None and bench.is_settled)
    show("datasets read, first figures", [1e3 * (time.perf_counter() - start)], "500 ms")
    text = bench.rule.text
    text.go_to(text.toPlainText().index("6000") + 4)
    taken = []
    for number in range(_KEYS):
        key = Qt.Key.Key_Backspace if number % 2 else Qt.Key.Key_0
        before = bench.result.preview
        start = time.perf_counter()
        QTest.keyClick(text, key)
        wait(application, lambda before=before: bench.result.preview is not before)  # type: ignore[misc]
        taken.append(1e3 * (time.perf_counter() - start))
        text.popup.hide()
    show("key in the text to new figures", taken, "100 ms")
    keys = []
    for number in range(_KEYS):
        start = time.perf_counter()
        QTest.keyClick(text, Qt.Key.Key_Backspace if number % 2 else Qt.Key.Key_0)
        keys.append(1e3 * (time.perf_counter() - start))
        text.popup.hide()
    show("the key itself, window busy", keys)
    wait(application, lambda: bench.is_settled)
    bench.rule.turn()
    bench.rule.tree.choose((5,))
    taken = []
    for number in range(10):
        before = bench.result.preview
        start = time.perf_counter()
        bench.rule.tree.actions_["undo" if number % 2 else "remove"].trigger()
        wait(application, lambda before=before: bench.result.preview is not before)  # type: ignore[misc]
        taken.append(1e3 * (time.perf_counter() - start))
        bench.rule.tree.choose((5,))
    show("condition removed or back in the tree to new figures", taken, "100 ms")
    print(f"median of the keys {statistics.median(keys):.1f} ms")


@figures.kept("golden_typing")
def main() -> None:
    given = folder_argument(__doc__ or "").parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication([])
    themes = Themes(application, "light")
    loop = QEventLoop(application)
    with (
        server(given.folder) as running,
        ThreadPoolExecutor(4) as pool,
        tempfile.TemporaryDirectory() as made,
    ):
        db = prepared(running.dsn)
        build_season(db)
        background = Background(loop, pool)
        notices = Notices()
        background.refused.connect(notices.refuse)
        background.failed.connect(notices.fail)
        background.bug.connect(lambda error: print("bug:", repr(error)))
        acting = Acting(db, EXPERT)
        session = Session("bench", DatabaseKind.TEST, EXPERT.email)
        workplace = Workplace(acting, session, News(acting), Pullers(), WebAddresses())
        remembered = QSettings(str(Path(made) / "w.ini"), QSettings.Format.IniFormat)
        bench = RuleBench(PlaceContext(workplace, background, notices, themes, remembered))
        bench.resize(1100, 800)
        bench.show()
        wait(application, lambda: bool(bench.configurations.configurations))
        measure(application, db, bench)
        bench.close()
        background.stop()
        wait(application, lambda: not background.busy)
        themes.close()
        db.close()
    loop.close()


if __name__ == "__main__":
    main()
