"""The program's own database as a whole: kept in a file, brought back, moved to another server."""

from pathlib import Path

from app.distribution import program_version
from app.models.embedded import EmbeddedServer, Upgraded, newer_installation
from app.models.embedded.backup import BackupNote


class OwnDatabase:
    """The database of a data folder, whose server is started for what is asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def back_up(self, file: Path) -> BackupNote:
        """Writes the database into a file, while others work on it."""
        with EmbeddedServer.open(self._folder) as server:
            return server.back_up(file, program_version())

    def restore(self, file: Path, *, replace: bool) -> BackupNote:
        """Has the database hold what a backup holds."""
        with EmbeddedServer.open(self._folder) as server:
            return server.restore(file, replace=replace)

    def majors(self) -> tuple[int, int | None]:
        """The PostgreSQL that made the database, and the newest here if that is newer."""
        with EmbeddedServer.open(self._folder) as server:
            newer = newer_installation(server.major)
        return server.major, None if newer is None else newer.major

    def upgrade_server(self) -> Upgraded:
        """Moves the database to the newest PostgreSQL that is here."""
        return EmbeddedServer.upgrade(self._folder, program_version())
