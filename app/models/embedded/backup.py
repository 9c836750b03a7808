"""The own database as one file: written whole, checked, and put back in one moment."""

import contextlib
import hashlib
import json
import logging
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import ObjectInUse

from app import files
from app.domain.errors import Refused, Unavailable
from app.domain.progress import SILENT, Progress
from app.models.embedded.cluster import (
    DEMONSTRATION_MARK,
    OWNER,
    RESTORING,
    UNFINISHED,
    Place,
)
from app.models.embedded.file_lock import FileLock
from app.models.embedded.programs import start
from app.models.schemas import desk, record, seal
from app.models.schemas.own_schema import VERSION_TABLE

logger = logging.getLogger(__name__)

_FORMAT = 1
_KIND = "run-registry-backup"
_NOTE = "backup.json"
_DUMP = "database.dump"
_RESTORED = f"{OWNER}_restored"
_BEFORE = f"{OWNER}_before"
_CHUNK = 1 << 20
_LARGEST_NOTE = 1 << 20
_SHOWN = 300
_ENCRYPTED = 0x41


@dataclass(frozen=True)
class BackupNote:
    """What a backup says of itself; `rows` has the number of rows of each table."""

    kind: str
    format: int
    made: str
    program: str
    postgresql: int
    demonstration: bool
    sha256: str
    rows: Mapping[str, int]

    @property
    def number_of_rows(self) -> int:
        """All rows together."""
        return sum(self.rows.values())


def write_backup(
    place: Place, dsn: str, file: Path, program: str, progress: Progress = SILENT
) -> BackupNote:
    """Writes the database of `dsn` as it is at one moment, while others work on it.

    `file` appears, or is replaced, when all of it is on the disk. Refused when it can't be written.
    """
    with (
        psycopg.connect(dsn) as connection,
        files.replacing(file, mode=files.PRIVATE) as written,
        zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as packed,
    ):
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        snapshot = _one(connection, sql.SQL("SELECT pg_export_snapshot()"))
        rows = _rows(connection)
        options = ["--format=custom", "--compress=1", f"--snapshot={snapshot}"]
        found = hashlib.sha256()
        with (
            _running(place, dsn, "pg_dump", options) as dump,
            packed.open(_DUMP, "w", force_zip64=True) as entry,
        ):
            assert dump.stdout is not None
            while chunk := dump.stdout.read(_CHUNK):
                progress.checkpoint()
                found.update(chunk)
                entry.write(chunk)
        note = BackupNote(
            _KIND,
            _FORMAT,
            datetime.now(UTC).isoformat(timespec="seconds"),
            program,
            place.installation.major,
            (place.folder / DEMONSTRATION_MARK).exists(),
            found.hexdigest(),
            rows,
        )
        packed.writestr(_NOTE, json.dumps(asdict(note), indent=1))
    return note


def check_backup(file: Path, major: int, progress: Progress = SILENT) -> BackupNote:
    """What a backup says of itself, after all of it was read and found whole.

    Refused when it is damaged, no backup, or of a newer program or server than this one.
    """
    with _opened(file) as packed:
        note = _read_note(file, packed)
        if note.postgresql > major:
            raise Refused(
                f"{file} was made by PostgreSQL {note.postgresql}, and this program runs PostgreSQL"
                f" {major}, which can't read it. Update the program, or name the folder of newer"
                " programs in RUN_REGISTRY_POSTGRES_BIN."
            )
        found = hashlib.sha256()
        with packed.open(_DUMP) as entry:
            while chunk := entry.read(_CHUNK):
                progress.checkpoint()
                found.update(chunk)
    if found.hexdigest() != note.sha256:
        raise Refused(
            f"{file} is damaged: its content isn't what was written. Nothing was changed."
        )
    return note


def restore(
    place: Place, dsn: str, file: Path, *, replace: bool, progress: Progress = SILENT
) -> BackupNote:
    """Has the database of `dsn` hold what `file` holds; until the last moment it is as it was.

    What is there is replaced only with `replace`. Refused while anybody else uses the database.
    """
    note = check_backup(file, place.installation.major, progress)
    if not replace and (held := _held(dsn)):
        raise Refused(
            f"The program's own database in {place.folder} holds {held} rows, which would be lost."
            " Write them to a file with `backup`, and restore with --replace."
        )
    restoring = FileLock(place.folder / RESTORING)
    if not restoring.try_acquire():
        raise Refused(_in_use(place))
    try:
        _exchange(place, dsn, file, note, progress)
    finally:
        restoring.release(remove=True)
    finish_restore(place.folder, dsn)
    return note


def _exchange(place: Place, dsn: str, file: Path, note: BackupNote, progress: Progress) -> None:
    """Restores beside the database, and has the two change places."""
    with psycopg.connect(_dsn_of(dsn, "postgres"), autocommit=True) as server:
        _check_alone(server, place)
        for name in (_RESTORED, _BEFORE):
            _drop(server, name)
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_RESTORED)))
        try:
            fill(place, _dsn_of(dsn, _RESTORED), file, note, progress)
            _check_known(_dsn_of(dsn, _RESTORED), file, note)
        except BaseException:
            _drop(server, _RESTORED)
            raise
        _swap(server, place, note)


def fill(place: Place, dsn: str, file: Path, note: BackupNote, progress: Progress = SILENT) -> None:
    """Fills the empty database of `dsn` and compares the number of rows of each table."""
    options = ["--single-transaction", "--exit-on-error"]
    with (
        _opened(file) as packed,
        packed.open(_DUMP) as entry,
        _running(place, dsn, "pg_restore", options) as filling,
    ):
        assert filling.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it gave up, and says why
            while chunk := entry.read(_CHUNK):
                progress.checkpoint()
                filling.stdin.write(chunk)
        with contextlib.suppress(BrokenPipeError):
            filling.stdin.close()
    with psycopg.connect(dsn, autocommit=True) as connection:
        found = _rows(connection)
        if found != dict(note.rows):
            differing = sorted(
                name for name in {*found, *note.rows} if found.get(name) != note.rows.get(name)
            )
            raise Unavailable(
                f"What was restored from {file} isn't what was written: {', '.join(differing[:5])}"
                " have another number of rows. Nothing was changed."
            )
        connection.execute("ANALYZE")


def _check_known(dsn: str, file: Path, note: BackupNote) -> None:
    """Refused where a newer program has moved a schema of ours on: this one couldn't open it."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for own in (desk.OWN, record.OWN, seal.OWN):
            table = sql.Identifier(own.name, VERSION_TABLE)
            named = [table.as_string(connection)]
            if connection.execute("SELECT to_regclass(%s)", named).fetchone() == (None,):
                continue
            asked = sql.SQL("SELECT version_num FROM {}").format(table)
            for (found,) in connection.execute(asked).fetchall():
                if not own.knows(found):
                    raise Refused(
                        f"{file} was made by a newer version of this program ({note.program}): its"
                        f" schema {own.name} is at revision {found}, and this one knows up to"
                        f" {own.newest()}. Nothing was changed. Update the program."
                    )


def take_away_unfinished(folder: Path, dsn: str) -> None:
    """Deletes what a restore that was killed has left, unless one is under way."""
    restoring = FileLock(folder / RESTORING)
    if not restoring.path.exists() or not restoring.try_acquire():
        return
    try:
        with psycopg.connect(_dsn_of(dsn, "postgres"), autocommit=True) as server:
            _drop(server, _RESTORED)
    finally:
        restoring.release(remove=True)


def finish_restore(folder: Path, dsn: str) -> None:
    """Brings to its end a restore that was cut after the databases had changed places."""
    journal = folder / UNFINISHED
    try:
        wanted = json.loads(journal.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        wanted = None
    if wanted is not None:
        with psycopg.connect(_dsn_of(dsn, "postgres"), autocommit=True) as server:
            if _number(server, OWNER) == wanted["database"]:
                mark = folder / DEMONSTRATION_MARK
                if wanted["demonstration"]:
                    mark.touch()
                else:
                    mark.unlink(missing_ok=True)
                _drop(server, _BEFORE)
    journal.unlink(missing_ok=True)


def _swap(server: psycopg.Connection, place: Place, note: BackupNote) -> None:
    """Gives the restored database the name of the one there was, in one transaction."""
    wanted = {"database": _number(server, _RESTORED), "demonstration": note.demonstration}
    journal = place.folder / UNFINISHED
    files.write(journal, json.dumps(wanted), mode=files.PRIVATE, follow=False)
    try:
        with server.transaction():
            for name, new in ((OWNER, _BEFORE), (_RESTORED, OWNER)):
                server.execute(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                        sql.Identifier(name), sql.Identifier(new)
                    )
                )
    except ObjectInUse as error:
        journal.unlink(missing_ok=True)
        _drop(server, _RESTORED)
        raise Refused(_in_use(place)) from error


def _check_alone(server: psycopg.Connection, place: Place) -> None:
    others = server.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type ="
        " 'client backend'",
        [OWNER],
    ).fetchone()
    if others is not None and others[0]:
        raise Refused(_in_use(place))


def _in_use(place: Place) -> str:
    return (
        f"Another window or command uses the database in {place.folder}. Close it, and restore"
        " again. Nothing was changed."
    )


def _drop(server: psycopg.Connection, name: str) -> None:
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _number(server: psycopg.Connection, name: str) -> int | None:
    found = server.execute("SELECT oid::int8 FROM pg_database WHERE datname = %s", [name])
    row = found.fetchone()
    return None if row is None else int(row[0])


def _held(dsn: str) -> int:
    """How many rows the database holds; 0 when nobody wrote more to it than what is shipped: one
    version of each list of the configuration."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        rows = _rows(connection)
    written = rows.get("public.Run") or any(
        count > 1 for name, count in rows.items() if name.endswith("List")
    )
    return sum(rows.values()) if written else 0


def _rows(connection: psycopg.Connection) -> dict[str, int]:
    tables = connection.execute(
        "SELECT nspname, relname FROM pg_class JOIN pg_namespace AS place ON place.oid ="
        " relnamespace WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema')"
        " AND nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2"
    ).fetchall()
    return {
        f"{schema}.{name}": int(
            _one(
                connection, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, name))
            )
        )
        for schema, name in tables
    }


def _one(connection: psycopg.Connection, statement: sql.SQL | sql.Composed) -> str:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return str(row[0])


def _dsn_of(dsn: str, database: str) -> str:
    return make_conninfo(dsn, dbname=database)


@contextlib.contextmanager
def _running(
    place: Place, dsn: str, program: str, options: list[str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """A program of the server on the database of `dsn`; its failure is told in words."""
    address = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    password = address.pop("password")
    path = Path(place.installation.program(program))
    if not path.exists():
        raise Refused(
            f"{path} is missing, which a backup needs. Install the client programs of PostgreSQL"
            f" {place.installation.major}."
        )
    with tempfile.TemporaryFile() as said:
        process = start(
            [str(path), *options, f"--dbname={make_conninfo(**address)}"],
            place.account,
            cwd=place.cluster.parent,
            password=password,
            said=said,
        )
        try:
            yield process
            code = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        if code != 0:
            _tell(place, program, said)


def _tell(place: Place, program: str, said: IO[bytes]) -> None:
    said.seek(0)
    text = said.read().decode("utf-8", "replace")
    if "No space left on device" in text or "Disk quota exceeded" in text:
        raise Unavailable(
            f"The disk of {place.folder} is full. Nothing was changed. Free some space and try"
            " again."
        )
    raise Unavailable(f"{program} gave up: {text.strip()[-_SHOWN:] or 'it said nothing'}")


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        if file.exists() and not (file.is_file() or file.is_dir()):
            # A device or a pipe may have no end.
            raise Refused(f"{file} is no backup of Run Registry: it is no file on a disk.")
        with zipfile.ZipFile(file) as packed:
            yield packed
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise Refused(f"{file} is no backup of Run Registry, or was cut off.") from error
    except FileNotFoundError as error:
        raise Refused(f"There is no file {file}.") from error
    except OSError as error:
        raise Refused(f"{file} can't be read: {files.reason(error)}.") from error


def _read_note(file: Path, packed: zipfile.ZipFile) -> BackupNote:
    entries = [packed.getinfo(name) for name in (_NOTE, _DUMP)]
    if entries[0].file_size > _LARGEST_NOTE or not all(map(_is_plain, entries)):
        raise Refused(f"{file} is no backup of Run Registry.")
    try:
        said = json.loads(packed.read(_NOTE))
        if said["kind"] != _KIND:
            raise ValueError("of another kind")
        if said["format"] > _FORMAT:
            raise Refused(
                f"{file} was made by a newer version of this program ({said['program']}), in format"
                f" {said['format']}; this one reads up to {_FORMAT}. Update the program."
            )
        return msgspec.convert(said, BackupNote)
    except (ValueError, TypeError, RecursionError) as error:
        raise Refused(f"{file} is no backup of Run Registry.") from error


def _is_plain(entry: zipfile.ZipInfo) -> bool:
    """Whether it is neither packed nor encrypted, as `write_backup` leaves it."""
    return entry.compress_type == zipfile.ZIP_STORED and not entry.flag_bits & _ENCRYPTED
