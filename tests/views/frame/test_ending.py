"""How the program ends: writes are heard of, drafts are kept, a silent server keeps nobody."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.domain.editing.edits import ColumnEdit
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import drafts, lumisections
from app.views.frame.ending import Seconds
from tests.builders import EXPERT
from tests.silence import Tunnel
from tests.views.many_runs import LENGTH, NEWEST

ROOT = Path(__file__).parents[3]

# Drafts a cell, shows its preview and writes it, as far as it is told to.
PROGRAM = f"""
    import os
    import signal
    import sys
    from pathlib import Path
    from PySide6.QtCore import QTimer
    from app.domain.editing.selection import Selection
    from app.models.database.engine import Database
    from app.services.editing import bulk
    from app.views.frame import windows as application
    from app.views.frame.application import WindowSettings, run_window
    from tests.views.workplaces import OneServer, a_workplace

    what, dsn, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])

    def say(word):
        sys.stdout.write(word + "\\n")
        sys.stdout.flush()

    class Driven(application.MainWindow):
        def __init__(self, context):
            super().__init__(context)
            self.show_run({NEWEST})
            self.step = self.draft
            self.clock = QTimer(self, interval=20)
            self.clock.timeout.connect(lambda: self.step())
            self.clock.start()

        @property
        def pane(self):
            return self.online.shown_details.lumisections

        def draft(self):
            if self.pane.grid.snapshot is not None:
                self.pane.editor.set_status(
                    Selection.of(["dt-dt"], [(1, 3)], {LENGTH}), "STANDBY"
                )
                self.step = self.look

        def look(self):
            if not self.drafts.is_kept:
                return
            if what == "draft":
                say("drafted")
                self.clock.stop()
            else:
                self.pane.editing.look_before_writing()
                self.step = self.write

        def write(self):
            if self.pane.preview.write_button.isEnabled():
                self.clock.stop()
                self.pane.preview.write()
                if what == "close":
                    self.close()

    write = bulk.write

    def write_and_die(*words, **options):
        write(*words, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    if what == "die":
        bulk.write = write_and_die
    application.MainWindow = Driven
    bugs = []
    database = Database(dsn)
    database.prepare()
    workplace = a_workplace(database, draft_folder=folder / "drafts")
    settings = WindowSettings(folder / "w.ini", "dark")
    code = run_window(OneServer(workplace, lambda: say("stopped")), settings, on_bug=bugs.append)
    say(f"bugs {{len(bugs)}} code {{code}}")
    os._exit(code)
"""


def test_that_the_waits_of_the_end_share_one_number_of_seconds() -> None:
    now = [100.0]
    seconds = Seconds(4.0, lambda: now[0])
    assert seconds.at_most(0.25) == 1.0
    now[0] += 3.5
    assert seconds.at_most(0.25) == 0.5
    now[0] += 1.0
    assert seconds.at_most() == 0.0
    seconds.renew()
    assert seconds.at_most() == 4.0


@contextmanager
def started(what: str, dsn: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    program = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), what, dsn, str(folder)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield program
    finally:
        program.kill()
        program.communicate()


def offered(db: Database, folder: Path) -> tuple[drafts.Offer, ...]:
    return drafts.offered(Acting(db, EXPERT, draft_folder=folder / "drafts"))


def stored(db: Database, lumisection: int) -> Triplet | None:
    return lumisections.dataset_state(Acting(db), NEWEST, "online").rr.value("dt-dt", lumisection)


def test_that_a_write_under_way_is_heard_of_before_the_end(
    thirty_runs: Database, runs_dsn: str, tmp_path: Path
) -> None:
    with started("close", runs_dsn, tmp_path) as program:
        said, complained = program.communicate(timeout=120)
    assert said.splitlines()[-2:] == ["stopped", "bugs 0 code 0"], complained
    assert stored(thirty_runs, 2) == Triplet("STANDBY")
    assert list((tmp_path / "drafts").glob("draft-*")) == []
    assert offered(thirty_runs, tmp_path) == ()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_that_a_draft_that_landed_is_known_after_a_kill(
    thirty_runs: Database, runs_dsn: str, tmp_path: Path
) -> None:
    with started("die", runs_dsn, tmp_path) as program:
        program.communicate(timeout=120)
    assert program.returncode == -signal.SIGKILL
    assert stored(thirty_runs, 2) == Triplet("STANDBY")
    assert len(list((tmp_path / "drafts").glob("draft-*.json"))) == 1
    assert offered(thirty_runs, tmp_path) == ()
    assert list((tmp_path / "drafts").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_that_a_silent_server_keeps_nobody_and_the_draft_is_kept(
    thirty_runs: Database, runs_dsn: str, tmp_path: Path, number: int
) -> None:
    with Tunnel(runs_dsn) as tunnel:
        with started("draft", tunnel.dsn, tmp_path) as program:
            assert program.stdout is not None
            assert program.stdout.readline() == "drafted\n"
            tunnel.fall_silent()
            program.send_signal(number)
            said, complained = program.communicate(timeout=60)
        assert program.returncode == 0, complained
        assert said.splitlines()[-2:] == ["stopped", "bugs 0 code 0"]
        assert "Traceback" not in complained
        behind = Database(tunnel.dsn)
        tunnel.speak()
        behind.prepare()
        (offer,) = offered(behind, tmp_path)
        behind.close()
    assert offer.draft.edits == (
        ColumnEdit(NEWEST, "online", "dt-dt", (LumiRange(1, 3),), Triplet("STANDBY")),
    )
