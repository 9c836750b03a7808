"""The program from its start on: a server that is away, another server, the end."""

import json
import os
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.domain.connections.named import NamedConnection
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.editing import lumisections
from tests.builders import EXPERT
from tests.conftest import TestServer
from tests.silence import Tunnel
from tests.views import many_runs
from tests.views.many_runs import LENGTH, NEWEST

ROOT = Path(__file__).parents[3]

# Goes through steps; each yields what it waits for.
PROGRAM = f"""
    import os, signal, sys, time
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication
    from app import bootstrap
    from app.bootstrap import window as opening
    from app.domain.editing.selection import Selection
    from app.domain.errors import Unavailable
    from app.services.editing import bulk
    from app.views.connections.start_page import StartPage
    from app.views.frame import application
    from app.views.frame.main_window import MainWindow
    from app.views.preferences.dialog import PreferencesDialog

    def say(*words):
        print(*words, flush=True)

    def seen(kind):
        found = [each for each in QApplication.topLevelWidgets() if isinstance(each, kind)]
        return next((each for each in found if each.isVisible()), None)

    def page():
        return seen(StartPage)

    def window():
        return seen(MainWindow)

    def loaded():
        return window() is not None and window().online.table.model.rowCount() > 0

    def choose(pane, name):
        lines = [pane.list.topLevelItem(at) for at in range(pane.list.topLevelItemCount())]
        pane.list.setCurrentItem(next(each for each in lines if each.text(0) == name))

    def name():
        return window()._context.workplace.session.connection

    class Driven(application.Windows):
        def __init__(self, *given, **options):
            super().__init__(*given, **options)
            self._steps = steps()
            self._wanted = lambda: True
            self._clock = QTimer(self, interval=20)
            self._clock.timeout.connect(self._look)
            self._clock.start()
            self.bug.connect(lambda error: say("bug", repr(error)))

        def _look(self):
            try:
                if self._wanted():
                    self._wanted = next(self._steps, lambda: False)
            except BaseException as error:
                say("the test itself:", repr(error))
                os._exit(3)

    application.Windows = Driven
    NEWEST, LENGTH = {NEWEST}, {LENGTH}
    connect = opening._Openings.connect
"""
END = """
    with bootstrap.Program(bootstrap.settings_of({}, None)) as program:
        code = bootstrap.open_window(program)
    say("code", code)
"""
MAIN = """
    from app.__main__ import main

    say("code", main([]))
"""


def kept(dsn: str, name: str, **changes) -> NamedConnection:
    """The connection to an address; the password comes from libpq's environment."""
    parts = urlsplit(dsn)
    given = {"sslmode": "prefer", "gssencmode": "disable", **changes}
    return NamedConnection(
        name,
        host=str(parts.hostname),
        port=int(parts.port or 0),
        database=parts.path.strip("/"),
        login=str(parts.username),
        **given,
    )


@pytest.fixture
def other_dsn(server: TestServer):
    with server.copy(server.template(many_runs.TEMPLATE, many_runs.fill)) as address:
        yield address


@contextmanager
def started(
    folder: Path,
    dsn: str,
    connections: list[NamedConnection],
    used: str,
    steps: str,
    end: str = END,
    **environment: str,
):
    document = {"format": 1, "used": used, "connections": [each.as_json() for each in connections]}
    (folder / "connections.json").write_text(json.dumps(document))
    code = "\n".join(map(textwrap.dedent, (PROGRAM, steps, end)))
    program = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": str(ROOT),
            "PGPASSWORD": str(urlsplit(dsn).password),
            "RUN_REGISTRY_CONNECTIONS_FILE": str(folder / "connections.json"),
            "RUN_REGISTRY_DATA_FOLDER": str(folder / "data"),
            "RUN_REGISTRY_USER": EXPERT.email,
            "RUN_REGISTRY_EGROUPS": ",".join(EXPERT.egroups),
            "RUN_REGISTRY_PULL": "false",
            "RUN_REGISTRY_DQM_GUI_PULL": "false",
            "RUN_REGISTRY_SEAL": "false",
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield program
    finally:
        program.kill()
        program.communicate()


def said(program: subprocess.Popen[str]) -> list[str]:
    out, err = program.communicate(timeout=240)
    assert program.returncode == 0, err
    assert "Traceback" not in err, err
    return out.splitlines()


def used(folder: Path) -> str:
    return str(json.loads((folder / "connections.json").read_text())["used"])


def test_that_a_server_that_was_never_there_leads_to_the_page_and_another_one(
    tmp_path: Path, runs_dsn: str
) -> None:
    steps = """
    def steps():
        yield lambda: page() is not None and "refused" in page().text.text()
        say(page().text.text())
        yield lambda: page().pane.list.topLevelItemCount() > 3
        say(page().pane.chosen.name)
        choose(page().pane, "here")
        page().pane.open()
        yield loaded
        say(name(), page())
        window().close()
    """
    gone = kept("postgresql://me@localhost:1/x", "gone")
    listed = [gone, kept(runs_dsn, "here")]
    by_option = {"RUN_REGISTRY_CONNECTION": "gone"}
    with started(tmp_path, runs_dsn, listed, "demonstration", steps, **by_option) as program:
        told = said(program)
    assert "Check the port" in told[0]
    # The one that failed is in front: it is tried, tested or edited next.
    assert told[1:] == ["gone", "here None", "code 0"]
    assert used(tmp_path) == "here"


def test_that_a_link_opens_a_window_where_none_is_and_on_the_server_that_it_names(
    tmp_path: Path, runs_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The window of whoever runs this would answer.
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    parts = urlsplit(runs_dsn)
    server = f"{parts.hostname}:{parts.port}{parts.path}"
    steps = """
    def steps():
        yield lambda: loaded() and window().table.details() is not None
        grid = window().table.details().lumisections.grid
        yield lambda: grid.selection() == (("dt-dt",), ((3, 5),))
        say(name(), window().table.details().run_number)
        window().close()
    """
    main = f"""
    from app.__main__ import main

    link = "run-registry://run/{NEWEST}?column=dt-dt&ls=3-5&server={server}"
    say("code", main(["open", link]))
    """
    away = kept("postgresql://me@localhost:1/x", "away")
    there = kept(runs_dsn, "there")
    with started(tmp_path, runs_dsn, [away, there], "away", steps, main) as program:
        told = said(program)
    assert told == [
        f"there {NEWEST}",
        "The window that was opened for the link is closed.",
        "code 0",
    ]


def test_that_a_server_that_comes_back_is_opened_by_itself(tmp_path: Path, runs_dsn: str) -> None:
    steps = """
    def steps():
        yield lambda: page() is not None and "reached" in page().text.text()
        say("away")
        yield loaded
        window().close()
    """
    with Tunnel(runs_dsn) as tunnel:
        tunnel.fall_silent()
        through = kept(tunnel.dsn, "through")
        with started(tmp_path, runs_dsn, [through], "through", steps) as program:
            assert program.stdout is not None
            assert program.stdout.readline() == "away\n"
            tunnel.speak()
            assert said(program) == ["code 0"]


def test_that_the_page_can_be_closed_while_a_silent_server_is_waited_for(
    tmp_path: Path, runs_dsn: str
) -> None:
    steps = """
    def steps():
        yield lambda: page() is not None and page().text.text().startswith("Opening")
        page().activateWindow()
        yield page().isActiveWindow
        QTest.keyClick(page(), Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
        yield lambda: not any(isinstance(w, StartPage) for w in QApplication.topLevelWidgets())
        # Who can't wait for what is still being left.
        os.kill(os.getpid(), signal.SIGTERM)
    """
    with Tunnel(runs_dsn) as tunnel:
        tunnel.fall_silent()
        through = kept(tunnel.dsn, "through")
        with started(tmp_path, runs_dsn, [through], "through", steps) as program:
            assert said(program) == ["code 0"]


def test_that_the_page_can_be_closed_while_what_works_behind_the_window_is_started(
    tmp_path: Path, runs_dsn: str
) -> None:
    steps = """
    start = opening._Connected.start
    held = []

    def slowly(self, name):
        while page() is None:
            time.sleep(0.02)
        return connect(self, name)

    def held_back(self):
        held.append(self)
        while held:
            time.sleep(0.02)
        return start(self)

    opening._Openings.connect = slowly
    opening._Connected.start = held_back

    def steps():
        yield lambda: held
        page().close()
        held.clear()
    """
    with started(tmp_path, runs_dsn, [kept(runs_dsn, "here")], "here", steps) as program:
        assert said(program) == ["code 0"]


SWITCHES = """
    def steps():
        yield loaded
        old = window()
        {before}
        old.connections.show_list()
        yield lambda: old.connections._dialog.pane.list.topLevelItemCount() > 3
        choose(old.connections._dialog.pane, "other")
        old.connections._dialog.pane.open()
        {after}
    """


def test_that_another_server_is_opened_when_what_is_written_has_landed(
    tmp_path: Path, thirty_runs: Database, runs_dsn: str, other_dsn: str
) -> None:
    writing = """
        write = bulk.write
        def slow(*given, **options):
            time.sleep(2)
            return write(*given, **options)
        bulk.write = slow
        old.show_run(NEWEST)
        pane = lambda: old.online.shown_details.lumisections
        yield lambda: pane().grid.snapshot is not None
        pane().editor.set_status(Selection.of(["dt-dt"], [(1, 3)], LENGTH), "STANDBY")
        yield lambda: old.drafts.is_kept
        pane().editing.look_before_writing()
        yield lambda: pane().preview.write_button.isEnabled()
        pane().preview.write()
    """
    after = """
        yield lambda: loaded() and window() is not old
        say(name(), window()._context.acting.db.dsn_without_password)
        window().close()
    """
    steps = SWITCHES.format(before=writing.strip(), after=after.strip())
    servers = [kept(runs_dsn, "here"), kept(other_dsn, "other")]
    with started(tmp_path, runs_dsn, servers, "here", steps) as program:
        told = said(program)
    assert told[0].startswith("other postgresql://")
    assert told[0].endswith(urlsplit(other_dsn).path)
    assert told[1:] == ["code 0"]
    assert used(tmp_path) == "other"
    state = lumisections.dataset_state(Acting(thirty_runs), NEWEST, "online")
    assert state.rr.value("dt-dt", 2) == Triplet("STANDBY")


def test_that_the_window_stays_when_the_other_server_can_t_be_opened(
    tmp_path: Path, runs_dsn: str
) -> None:
    after = """
        yield lambda: "stays as it is" in old.connections._dialog.pane.findings.outcome.text()
        say(name(), old.isVisible(), old.connections._dialog.pane.isEnabled())
        old.connections._dialog.reject()
        old.close()
    """
    steps = SWITCHES.format(before="", after=after.strip())
    gone = kept("postgresql://me@localhost:1/x", "other")
    with started(tmp_path, runs_dsn, [kept(runs_dsn, "here"), gone], "here", steps) as program:
        assert said(program) == ["here True True", "code 0"]
    assert used(tmp_path) == "here"


def test_that_a_server_that_dies_during_the_switch_is_tried_again(
    tmp_path: Path, runs_dsn: str, other_dsn: str
) -> None:
    before = """
        start, tries = opening._Connected.start, []
        def dying(self):
            tries.append(self)
            if len(tries) == 1:
                raise Unavailable("It has gone.")
            return start(self)
        opening._Connected.start = dying
    """
    after = """
        yield lambda: loaded() and window() is not old
        say(name(), len(tries))
        window().close()
    """
    steps = SWITCHES.format(before=before.strip(), after=after.strip())
    servers = [kept(runs_dsn, "here"), kept(other_dsn, "other")]
    with started(tmp_path, runs_dsn, servers, "here", steps) as program:
        assert said(program) == ["other 2", "code 0"]


def test_that_a_read_only_connection_greys_what_writes_and_says_so(
    tmp_path: Path, runs_dsn: str
) -> None:
    steps = """
    def steps():
        yield loaded
        window().show_run(NEWEST)
        yield lambda: window().is_settled
        yield lambda: "read-only" in window().actions_["run.refresh"].toolTip()
        for id_ in ("run.refresh", "golden.generate", "view.lumisections", "file.connections"):
            action = window().actions_[id_]
            say(id_, action.isEnabled(), "read-only" in action.toolTip())
        say(window().status.read_only.isVisible())
        window().close()
    """
    look = kept(runs_dsn, "look", read_only=True)
    with started(tmp_path, runs_dsn, [look], "look", steps) as program:
        assert said(program) == [
            "run.refresh False True",
            "golden.generate False True",
            "view.lumisections True False",
            "file.connections True False",
            "True",
            "code 0",
        ]


@pytest.mark.parametrize("content", ["{", '{"format": 1, "connections": [{"name": "a\\u0007"}]}'])
def test_that_a_faulty_list_leads_to_the_page_and_is_named_there(
    tmp_path: Path, runs_dsn: str, content: str
) -> None:
    steps = f"""
    with open({str(tmp_path / "connections.json")!r}, "w") as file:
        file.write({content!r})

    def steps():
        yield lambda: page() is not None and "connections.json.faulty" in page().text.text()
        page().close()
    """
    with started(tmp_path, runs_dsn, [], "demonstration", steps) as program:
        assert said(program) == ["code 0"]


def test_that_a_faulty_settings_file_opens_the_page_with_preferences_that_mend_it(
    tmp_path: Path, runs_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('palette = "traditional"\ntheme = "darkk"\n', "utf-8")
    monkeypatch.setenv("RUN_REGISTRY_SETTINGS", str(file))
    steps = """
    def steps():
        yield lambda: page() is not None and "theme" in page().text.text()
        say(page().text.text())
        page().preferences_button.click()
        yield lambda: seen(PreferencesDialog) is not None and seen(PreferencesDialog).chosen
        dialog = seen(PreferencesDialog)
        say(dialog.chosen.name, dialog.says.text() == page().text.text())
        dialog.edit.box.setCurrentText("dark")
        dialog.set_value()
        yield lambda: "Done." in dialog.says.text()
        dialog.reject()
        page().try_button.click()
        yield loaded
        say(name())
        window().close()
    """
    with started(tmp_path, runs_dsn, [kept(runs_dsn, "here")], "here", steps, MAIN) as program:
        told = said(program)
    assert told[0].startswith(f"settings file {file}: theme: ")
    assert told[1:] == ["theme True", "here", "code 0"]
    assert file.read_text("utf-8") == 'palette = "traditional"\ntheme = "dark"\n'


def test_that_settings_that_only_an_editor_can_mend_open_no_server(
    tmp_path: Path, runs_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.toml"
    first, *others = "theme = ", 'tehme = "dark"', 'oms_client_secret = "x"'
    file.write_text(first, "utf-8")
    monkeypatch.setenv("RUN_REGISTRY_SETTINGS", str(file))
    steps = f"""
    def asks():
        # A button of a page that tries already does nothing.
        return not page()._wish.done() and page().try_button.isVisible()

    def steps():
        yield lambda: page() is not None and "settings file" in page().text.text()
        for content in {[*others, ""]}:
            page().preferences_button.click()
            yield lambda: seen(PreferencesDialog)
            dialog = seen(PreferencesDialog)
            yield lambda: "editor" in dialog.table.words.text()
            dialog.reject()
            page().try_button.click()
            yield asks
            before = page().text.text()
            assert "settings file" in before, before
            with open({str(file)!r}, "w") as file:
                file.write(content)
            page().try_button.click()
            if content:
                yield lambda: asks() and page().text.text() != before
                assert "settings file" in page().text.text(), page().text.text()
        yield loaded
        window().close()
    """
    with started(tmp_path, runs_dsn, [kept(runs_dsn, "here")], "here", steps, MAIN) as program:
        assert said(program) == ["code 0"]
