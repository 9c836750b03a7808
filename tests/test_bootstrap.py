import threading
from urllib.parse import urlsplit

import pytest

from app import bootstrap
from app.bootstrap import Listeners, Program
from app.bootstrap.behind import Behind
from app.bootstrap.window import own_server_begun
from app.domain.connections.named import NamedConnection
from app.domain.errors import Refused, Unavailable
from app.domain.sources.pull import PullState
from app.models.embedded.file_lock import FileLock
from app.services import databases, examining
from app.services.certification import tables
from app.services.certification.tables import TableQuery
from app.services.pulling import runs as pull
from app.settings import EXPERTS, Settings
from tests.builders import a_run


class Heard:
    """What the background work said, and a way to wait for it."""

    def __init__(self) -> None:
        self.statuses = []
        self.bugs = []
        self.versions = []
        self._news = threading.Condition()

    def listeners(self) -> Listeners:
        def keep(into):
            def told(*said):
                with self._news:
                    into.append(said[0])
                    self._news.notify_all()

            return told

        return Listeners(
            on_pull=keep(self.statuses),
            on_change=keep(self.versions),
            on_connection=lambda *_: None,
            on_bug=keep(self.bugs),
        )

    def two_pulls(self):
        return any(each.pulls >= 2 for each in self.statuses)

    def wait_for(self, fact, timeout_s=60):
        with self._news:
            assert self._news.wait_for(fact, timeout_s), self.statuses[-3:]


def _settings(tmp_path, **given) -> Settings:
    # What is in the folder of whoever runs this (a database, a key for the seal) is theirs.
    given.setdefault("data_folder", tmp_path / "data")
    return Settings.load(given, environ={}, file=tmp_path / "settings.toml")


def test_that_the_person_is_an_expert_on_the_program_s_own_database_only(tmp_path, dsn):
    own = Program(_settings(tmp_path, user="me@cern.ch"))
    assert own.actor.egroups == {EXPERTS}
    settings = _settings(tmp_path, user="me@cern.ch", dsn=dsn, egroups=("shifters",))
    with Program(settings) as server:
        assert server.actor.egroups == {"shifters"}
        assert server.actor.email == "me@cern.ch"


def test_that_the_program_s_own_database_is_made_with_the_shipped_configuration(
    tmp_path, server_folder
):
    with Program(_settings(tmp_path, data_folder=server_folder)) as program:
        found = examining.examine(program.db)
        assert (found.settings_id > 0, found.problems, found.desk) == (True, (), True)
        assert program.is_demonstration
    assert not (server_folder / "cluster" / "postmaster.pid").exists()


@pytest.mark.expected_log("list of connections .* is faulty")
def test_that_the_program_s_own_server_begins_where_it_is_meant_and_nowhere_else(
    tmp_path, server_folder, dsn
):
    here = {"data_folder": server_folder, "connections_file": tmp_path / "connections.json"}
    own = Program(_settings(tmp_path, **here))
    _ = own.any_database
    own.close()

    def begins(**given):
        with own_server_begun(Program(_settings(tmp_path, **here, **given))):
            lock = FileLock(server_folder / "lock")
            free = lock.try_acquire()
            lock.release()
        return not free

    assert begins()
    assert not (server_folder / "cluster" / "postmaster.pid").exists()
    assert not begins(dsn=dsn)
    assert not begins(connection="nobody")
    here["connections_file"].write_text("{")
    assert not begins()
    # Nobody was told yet: whoever opens it is.
    with pytest.raises(Refused, match="isn't"):
        _ = Program(_settings(tmp_path, **here)).any_database


@pytest.mark.parametrize("reads", [True, False])
def test_that_a_kept_connection_says_itself_whether_a_standby_is_read(tmp_path, reads):
    kept = NamedConnection("both", host="a,b", database="rr", login="me", read_standby=reads)
    with Program(_settings(tmp_path, read_standby=not reads), kept) as program:
        assert program.any_database.reads_standby is reads


def test_that_a_data_folder_that_can_not_be_is_refused(tmp_path):
    program = Program(_settings(tmp_path, data_folder=tmp_path / ("x" * 300)))
    program.check_not_mixed()
    with pytest.raises(Unavailable, match="its name is too long"):
        _ = program.is_demonstration


def test_that_a_demonstration_goes_on_where_it_ended(tmp_path, server_folder):
    """Runs never get shorter, so that nothing is refused after a restart."""
    for created in (41, 0):
        heard = Heard()
        with Program(_settings(tmp_path, data_folder=server_folder)) as program:
            assert program.is_demonstration
            program.start_demonstration(live=True)
            program.start(heard.listeners())
            heard.wait_for(heard.two_pulls)
        assert heard.bugs == []
        assert all(not each.failed for each in heard.statuses)
        assert heard.statuses[-1].created in {created, created + 1}
        assert not [t for t in threading.enumerate() if t.name in {"puller", "demo-season"}]


def test_that_real_runs_are_never_mixed_with_simulated_ones(tmp_path, dsn, server_folder):
    with Program(_settings(tmp_path, data_folder=server_folder)) as program:
        pull.apply(program.acting, a_run())
        assert not program.is_demonstration
    assert not Program(_settings(tmp_path, dsn=dsn)).is_demonstration
    real = "https://oms.example.org/agg/api/v1"
    assert not Program(_settings(tmp_path, oms_url=real)).is_demonstration
    assert not Program(_settings(tmp_path, oms_client_id="registry")).is_demonstration


def test_that_a_demonstration_database_asks_the_simulated_sources_and_no_other(
    tmp_path, server_folder
):
    newest = None
    for number in (1, 2):
        with Program(_settings(tmp_path, data_folder=server_folder)) as program:
            assert ("demonstration" in program.where) is (number == 2)
            report = program.pull([396372], lambda _: None)
            assert not report.failed
            assert urlsplit(program.oms_settings.url).hostname == "127.0.0.1"
            assert program.dqm_gui_listing(None)
            newest = databases.newest_run(program.db)
    real = "https://oms.example.org/agg/api/v1"
    with Program(_settings(tmp_path, data_folder=server_folder, oms_url=real)) as program:
        # Looking is allowed; only runs of both would be mixed.
        assert databases.newest_run(program.db) == newest
        for ask in (
            lambda: program.pull(None, lambda _: None),
            lambda: program.oms_run(396372),
            lambda: program.dqm_gui_listing(None),
            lambda: bootstrap.run_main_job(program, tmp_path / "out", lambda _: None),
        ):
            with pytest.raises(Refused, match="oms_url names a real OMS"):
                ask()
    with Program(_settings(tmp_path, data_folder=server_folder)) as program:
        with pytest.raises(Refused, match="doesn't belong there"):
            program.dqm_gui_listing("https://gui.example.org/dqm/offline", to_write=True)
        assert databases.newest_run(program.db) == newest


def test_that_oms_is_asked_with_pauses_unless_it_is_on_this_machine(tmp_path):
    def pause(**given):
        return Program(_settings(tmp_path, **given)).oms_settings.pause_s

    assert pause() == 0.5
    assert pause(oms_url="http://127.0.0.1:8081/agg/api/v1") == 0.0
    assert pause(oms_url="http://127.0.0.1:8081/agg/api/v1", request_pause_s=0.2) == 0.2


def test_that_what_works_behind_a_window_begins_once_and_when_something_is_wanted_of_it(
    tmp_path, dsn
):
    heard, begun = Heard(), []
    with Program(_settings(tmp_path, dsn=dsn, pull=False)) as program:
        behind = Behind(program, heard.listeners(), lambda: begun.append(program.jobs))
        states = behind.pullers.oms_status.state, behind.pullers.seal_status.state
        assert (program.jobs, states) == (None, (PullState.WAITING, PullState.OFF))
        behind.pullers.oms.wake()
        behind.begin()
        assert begun == [program.jobs]
        assert begun[0].alive


def test_that_nothing_begins_behind_a_window_that_has_ended(tmp_path, dsn):
    heard, begun = Heard(), []
    with Program(_settings(tmp_path, dsn=dsn, pull=False)) as program:
        behind = Behind(program, heard.listeners(), lambda: begun.append(program.jobs))
        behind.end()
        behind.begin()
        assert (program.jobs, begun) == (None, [])
        with pytest.raises(Unavailable, match="closing"):
            behind.pullers.oms.fetch(396372).result(1)


def test_that_a_program_that_doesn_t_pull_hears_of_changes(tmp_path, dsn):
    heard = Heard()
    with Program(_settings(tmp_path, dsn=dsn, pull=False)) as program:
        jobs = program.start(heard.listeners())
        heard.wait_for(lambda: program.db.desk)
        assert jobs.oms.status.state is PullState.OFF
        assert tables.runs_page(program.acting, TableQuery("runs")).count == 0


def test_that_an_empty_database_of_somebody_else_is_left_empty(tmp_path, empty_dsn):
    with (
        Program(_settings(tmp_path, dsn=empty_dsn)) as program,
        pytest.raises(Refused, match="db init"),
    ):
        _ = program.db
    with Program(_settings(tmp_path, dsn=empty_dsn)) as program:
        assert databases.is_empty(program.any_database)


def test_that_a_bug_report_holds_the_traceback_and_no_password(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    try:
        raise ValueError("postgresql://me:hidden@db/registry fell")
    except ValueError as error:
        file = bootstrap.bug_report(error, ["--dsn", "postgresql://me:hidden@db/registry"])
    assert file is not None
    text = file.read_text("utf-8")
    assert "ValueError" in text
    assert "postgresql://me:***@db/registry fell" in text
    assert "hidden" not in text
