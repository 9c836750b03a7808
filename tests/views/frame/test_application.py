"""The running program: its start, its pictures, its end."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

ROOT = Path(__file__).parents[3]

PROGRAM = """
    import sys
    from pathlib import Path
    from app.domain.links import parse_link
    from app.models.database.engine import Database
    from app.services.certification import tables
    from app.views.frame.application import WindowSettings, run_window
    from tests.views.workplaces import OneServer, a_workplace

    read_page = tables.rows_at_once

    def page(acting, query):
        # One write: both tables are read at once, and print writes the line's end apart.
        sys.stdout.write("shown\\n")
        sys.stdout.flush()
        return read_page(acting, query)

    def stop():
        print("stopped", flush=True)

    tables.rows_at_once = page
    bugs = []
    database = Database(sys.argv[1])
    database.prepare()
    workplace = a_workplace(database)
    picture = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    link = parse_link(sys.argv[4]) if len(sys.argv) > 4 else None
    settings = WindowSettings(Path(sys.argv[2]), "dark", screenshot=picture, link=link)
    code = run_window(OneServer(workplace, stop), settings, on_bug=bugs.append)
    print("bugs", len(bugs), "code", code)
    sys.exit(code)
"""


FAILS_ONCE = """
    from app.views.frame import windows as application

    MainWindow, attempts = application.MainWindow, []

    def window(context):
        attempts.append(context)
        if len(attempts) == 1:
            raise ValueError("as it was left")
        return MainWindow(context)

    application.MainWindow = window
    bugs = []
"""


@contextmanager
def start(
    dsn: str, folder: Path, *arguments: str, code: str = PROGRAM
) -> Iterator[subprocess.Popen[str]]:
    program = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), dsn, str(folder / "w.ini"), *arguments],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield program
    finally:
        # Nothing is left behind, also when the test has failed before it asked for the end.
        program.kill()
        program.communicate()


def test_that_a_picture_of_the_full_window_is_saved_and_the_program_ends(
    tmp_path: Path, runs_dsn: str
) -> None:
    with start(runs_dsn, tmp_path, str(tmp_path / "window.png")) as program:
        said, complained = program.communicate(timeout=60)
    assert program.returncode == 0, complained
    assert said.splitlines()[-2:] == ["stopped", "bugs 0 code 0"]
    picture = QImage(str(tmp_path / "window.png"))
    assert picture.width() >= 1000
    assert "Traceback" not in complained


def test_that_a_picture_shows_what_a_link_leads_to(tmp_path: Path, runs_dsn: str) -> None:
    words = (str(tmp_path / "offline.png"), "run-registry://offline")
    with start(runs_dsn, tmp_path, *words) as program:
        said, complained = program.communicate(timeout=60)
    assert (program.returncode, said.splitlines()[-1]) == (0, "bugs 0 code 0"), complained
    assert QImage(words[0]).width() >= 1000
    assert "place=offline" in (tmp_path / "w.ini").read_text()


def test_that_a_faulty_file_of_the_window_is_set_aside_and_the_program_starts(
    tmp_path: Path, runs_dsn: str
) -> None:
    (tmp_path / "w.ini").write_text("[window]\ngeometry=42\nstate=soon\n")
    with start(runs_dsn, tmp_path, str(tmp_path / "window.png")) as program:
        said, complained = program.communicate(timeout=60)
    assert program.returncode == 0, complained
    assert said.splitlines()[-1] == "bugs 0 code 0"
    assert (tmp_path / "w.ini.faulty").read_text().startswith("[window]\ngeometry=42")
    assert "geometry=42" not in (tmp_path / "w.ini").read_text()


def test_that_a_window_that_fails_as_it_was_left_begins_anew(tmp_path: Path, runs_dsn: str) -> None:
    (tmp_path / "w.ini").write_text("[General]\nplace=online\n")
    code = PROGRAM.replace("    bugs = []\n", FAILS_ONCE)
    with start(runs_dsn, tmp_path, str(tmp_path / "window.png"), code=code) as program:
        said, complained = program.communicate(timeout=60)
    assert program.returncode == 0, complained
    assert said.splitlines()[-1] == "bugs 0 code 0"
    assert "as it was left" in complained, "the log has the fault"
    assert (tmp_path / "w.ini.faulty").read_text() == "[General]\nplace=online\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_that_an_interrupt_ends_it_in_order(tmp_path: Path, runs_dsn: str, number: int) -> None:
    with start(runs_dsn, tmp_path) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "shown\n"
        program.send_signal(number)
        said, complained = program.communicate(timeout=60)
    assert program.returncode == 0, complained
    assert said.splitlines()[-2:] == ["stopped", "bugs 0 code 0"]
    assert "Traceback" not in complained
