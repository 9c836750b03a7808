"""Which database the program is to open."""

from functools import cached_property
from typing import TYPE_CHECKING

from app.domain.connections.named import NamedConnection
from app.domain.errors import Refused
from app.models.embedded import EmbeddedServer
from app.passwords import SystemKeyring
from app.services.connections.book import ConnectionBook, checked_address
from app.settings import PROGRAM, Settings

if TYPE_CHECKING:
    from app.services.connections.trial import Trial


class Destination:
    """Which database is meant: that of `dsn`, else a kept connection; `chosen` goes before both."""

    def __init__(self, settings: Settings, chosen: NamedConnection | None = None) -> None:
        self.settings = settings
        self._chosen = chosen

    @property
    def is_own(self) -> bool:
        """Whether it is the program's own database."""
        return self.connection is not None and self.connection.is_demonstration

    @property
    def is_own_for_certain(self) -> bool:
        """The same as far as it can be seen without a word to anybody: False where the list can't
        be read, or has no such connection, which is told when the database is opened."""
        if self._chosen is not None or self.settings.dsn is not None:
            return self._chosen is not None and self._chosen.is_demonstration
        listed = self.connections.seen()
        if listed is None:
            return False
        wanted = self.settings.connection or listed.used
        return any(each.name == wanted and each.is_demonstration for each in listed.connections)

    @cached_property
    def connections(self) -> ConnectionBook:
        """The list of connections that the person keeps."""
        return ConnectionBook(self.settings.connections_file, SystemKeyring(PROGRAM))

    @property
    def is_dsn_set(self) -> bool:
        """Whether `dsn` names the database, whatever connection is used."""
        return self.settings.dsn is not None

    @cached_property
    def connection(self) -> NamedConnection | None:
        """The connection in use; None where `dsn` names the database.

        Refused when the list can't be read: another database would be written to than was meant.
        """
        if self._chosen is not None or self.settings.dsn is not None:
            return self._chosen
        listed = self.connections.read()
        if listed.faulty and self.settings.connection is None:
            raise Refused(f"{listed.faulty} Say with --connection NAME which one is meant.")
        return listed.named(self.settings.connection or listed.used)

    def try_connection(self, connection: NamedConnection, password: str | None = None) -> "Trial":
        """What is wrong with a connection, or what is there; `password` instead of the kept one."""
        from app.services.connections import trial

        if connection.is_demonstration:
            server = EmbeddedServer.open(self.settings.data_folder)
            try:
                return trial.try_address(server.dsn, own=True)
            finally:
                server.close()
        if password is None:
            password = self.connections.password(checked_address(connection))
        return trial.try_address(
            connection.dsn(password), direct_dsn=connection.direct_dsn(password)
        )

    def direct_dsn(self) -> str | None:
        """The address of the server itself where `dsn` is that of a pooler."""
        if self.connection is None:
            return self.settings.direct_dsn
        if not self.connection.direct:
            return None
        return self.connection.direct_dsn(self.connections.password(self.connection))

    @property
    def reads_standby(self) -> bool:
        """Whether a standby may be read, of several servers."""
        if self.connection is None:
            return self.settings.read_standby
        return self.connection.read_standby

    def dsn(self) -> str:
        """The address of a database that isn't our own; Refused when it isn't known yet."""
        if self.connection is None:
            assert self.settings.dsn is not None
            return self.settings.dsn
        return checked_address(self.connection).dsn(self.connections.password(self.connection))
