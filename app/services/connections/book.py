"""The list of connections in its file, and their passwords in the keyring."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from app import files
from app.domain.connections.named import BUILT_IN, DEMONSTRATION, NamedConnection, Proof, check
from app.domain.errors import BadInput, Conflict, NotFound, Refused, Unavailable
from app.domain.json_value import JsonValue
from app.domain.text.plain_text import one_line
from app.models.embedded.file_lock import FileLock

logger = logging.getLogger(__name__)

_FORMAT = 1
_LOCK_S = 5.0


class Passwords(Protocol):
    """Where passwords are kept; every method raises Refused where that can't be used."""

    def read(self, name: str) -> str | None:
        """The password of a name."""

    def keep(self, name: str, secret: str) -> None:
        """Keeps the password of a name."""

    def forget(self, name: str) -> None:
        """Forgets the password of a name, if there is one."""


@dataclass(frozen=True)
class Listed:
    """All connections, the built-in ones first; `used`: the name of the one in use; `faulty`: what
    of the file couldn't be read and where it is kept now, empty when all of it could."""

    connections: tuple[NamedConnection, ...] = BUILT_IN
    used: str = DEMONSTRATION.name
    faulty: str = ""

    def named(self, name: str) -> NamedConnection:
        """The connection of a name. Raises NotFound."""
        for each in self.connections:
            if each.name == name:
                return each
        known = ", ".join(one_line(each.name) for each in self.connections[:10])
        raise NotFound(
            f'There is no connection "{one_line(name)}". There are {known}; '
            "run-registry connections list shows all."
        )


class ConnectionBook:
    """The list of connections: each change reads the file, and writes it whole or not at all,
    while no other program does."""

    def __init__(self, file: Path, passwords: Passwords) -> None:
        self.file = file
        self._passwords = passwords
        self._faulty = ""

    def read(self) -> Listed:
        """All connections. What can't be read is set aside and named; it never raises."""
        listed, fault = self._look()
        if not fault:
            return listed
        try:
            with self._locked():
                return self._read_locked()
        except (Refused, Unavailable) as error:
            logger.warning("The list of connections %s is faulty: %s", self.file, fault)
            return replace(listed, faulty=f"{_told(fault)} {error}")

    def seen(self) -> Listed | None:
        """The list as `read` would give it, where all of it can be read; nothing is set aside."""
        listed, fault = self._look()
        return None if fault or listed.faulty else listed

    def put(
        self, connection: NamedConnection, *, seen: NamedConnection | None = None
    ) -> NamedConnection:
        """Adds a connection, or keeps it in the place of `seen`, the one it was made from.

        Raises BadInput when it can't be right, Conflict when the name is taken, or somebody else
        has changed it meanwhile.
        """
        check(connection)
        if connection.is_demonstration:
            raise Refused("The demonstration is always there and stays as it is.")

        def change(listed: Listed) -> Listed:
            others = [each for each in listed.connections if seen is None or each.name != seen.name]
            if seen is not None and seen not in listed.connections:
                raise Conflict(
                    f'"{one_line(seen.name)}" was changed meanwhile. Look at it again first.'
                )
            folded = connection.name.casefold()
            taken = next((each for each in others if each.name.casefold() == folded), None)
            if taken is not None and (taken not in BUILT_IN or seen is not None):
                raise Conflict(f'There is a connection "{one_line(taken.name)}" already.')
            used = listed.used
            if seen is not None and seen.name == used:
                used = connection.name
            kept = [each for each in others if each is not taken]
            at = listed.connections.index(seen) if seen is not None else len(kept)
            kept.insert(at, connection)
            return Listed(tuple(kept), used)

        self._change(change)
        if seen is not None and seen.password_key != connection.password_key:
            self._forget_password(seen)
        return connection

    def remove(self, name: str) -> NamedConnection:
        """Takes a connection off the list, and its password out of the keyring."""
        connection = self.read().named(name)
        if connection in BUILT_IN:
            raise Refused(f'"{name}" is always on the list.')

        def change(listed: Listed) -> Listed:
            kept = tuple(each for each in listed.connections if each.name != name)
            return Listed(kept, DEMONSTRATION.name if listed.used == name else listed.used)

        self._change(change)
        self._forget_password(connection)
        return connection

    def use(self, name: str) -> NamedConnection:
        """Remembers which connection is used from now on. Refused when it has no address."""
        connection = checked_address(self.read().named(name))
        self._change(lambda listed: replace(listed, used=listed.named(name).name))
        return connection

    def password(self, connection: NamedConnection) -> str:
        """The password in the keyring, empty where there is none or it isn't asked for.

        A keyring that can't be used is told in the log: libpq still looks into ~/.pgpass.
        """
        if connection.proof is not Proof.PASSWORD:
            return ""
        try:
            return self._passwords.read(connection.password_key) or ""
        except Refused as error:
            logger.info("%s The password is looked for in ~/.pgpass.", error)
            return ""

    def keep_password(self, connection: NamedConnection, password: str) -> None:
        """Keeps a password in the keyring. Refused, with the other way, where that can't be."""
        try:
            self._passwords.keep(connection.password_key, password)
        except Refused as error:
            raise Refused(
                f"{error} The password isn't kept. Put it into ~/.pgpass instead, as the line"
                f" {connection.host}:{connection.port}:{connection.database}:{connection.login}"
                ":PASSWORD."
            ) from error

    def _forget_password(self, connection: NamedConnection) -> None:
        """Forgets the password of an address that no connection has any more."""
        if connection.proof is not Proof.PASSWORD:
            return
        if any(each.password_key == connection.password_key for each in self.read().connections):
            return
        try:
            self._passwords.forget(connection.password_key)
        except Refused as error:
            logger.warning("%s A password stays there.", error)

    def _change(self, change: Callable[[Listed], Listed]) -> None:
        with self._locked():
            changed = change(self._read_locked())
            self._write(changed.connections, changed.used)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        files.make_folder(self.file.parent)
        lock = FileLock(self.file.with_name(f"{self.file.name}.lock"))
        with files.told(self.file), lock.held(_LOCK_S, doing="changing the connections"):
            yield

    def _look(self) -> tuple[Listed, str]:
        """What the file says as far as it can be read, and what is wrong with it."""
        if not self.file.exists():
            return Listed(faulty=self._faulty), ""
        try:
            stored = files.read_json(self.file)
        except BadInput as error:
            return Listed(), str(error).rstrip(".")
        found, used, faults = _parsed(stored)
        return Listed(_with_built_in(found), used, self._faulty), "; ".join(faults[:3])

    def _read_locked(self) -> Listed:
        listed, fault = self._look()
        if not fault:
            return listed
        aside = self._set_aside()
        logger.warning("The list of connections %s is faulty: %s", self.file, fault)
        self._faulty = f"{_told(fault)} The file as it was is {aside}."
        # Without what is faulty in it: each start would tell of the same fault.
        self._write(listed.connections, listed.used)
        return replace(listed, faulty=self._faulty)

    def _write(self, connections: Iterable[NamedConnection], used: str) -> None:
        document: JsonValue = {
            "format": _FORMAT,
            "used": used,
            "connections": [each.as_json() for each in connections if each not in BUILT_IN],
        }
        text = json.dumps(document, ensure_ascii=False, indent=2)
        files.write(self.file, f"{text}\n", mode=files.PRIVATE)

    def _set_aside(self) -> Path:
        """Keeps the file as it is under a free name beside itself; returns the name."""
        aside = self.file.with_name(f"{self.file.name}.faulty")
        number = 1
        while aside.exists():
            number += 1
            aside = self.file.with_name(f"{self.file.name}.faulty-{number}")
        self.file.replace(aside)
        return aside


def _told(fault: str) -> str:
    return f"Something in the list of connections can't be used: {fault}."


def checked_address(connection: NamedConnection) -> NamedConnection:
    """The connection itself. Refused when its address isn't known yet."""
    if not connection.has_address:
        raise Refused(
            f'"{one_line(connection.name)}" has no address yet. Give its host and database first;'
            " the administrator of the database knows them."
        )
    return connection


def _with_built_in(found: Iterable[NamedConnection]) -> tuple[NamedConnection, ...]:
    """The list with those that are always on it, each at its place."""
    rest = {each.name.casefold(): each for each in found}
    first = [rest.pop(each.name, each) for each in BUILT_IN]
    return (*first, *rest.values())


def _parsed(stored: JsonValue) -> tuple[list[NamedConnection], str, list[str]]:
    """What a file says, and what of it is wrong."""
    if not isinstance(stored, dict) or stored.get("format") != _FORMAT:
        return [], DEMONSTRATION.name, ["it isn't a list of connections of this program"]
    entries = stored.get("connections")
    faults: list[str] = []
    found: dict[str, NamedConnection] = {}
    for entry in entries if isinstance(entries, list) else [entries]:
        try:
            connection = NamedConnection.from_json(entry)
            if connection.is_demonstration or connection.name.casefold() in found:
                raise BadInput(f'There is more than one "{connection.name}".')
        except BadInput as error:
            faults.append(str(error).rstrip("."))
        else:
            found[connection.name.casefold()] = connection
    used = stored.get("used")
    names = {each.name for each in _with_built_in(found.values())}
    if not isinstance(used, str) or used not in names:
        return list(found.values()), DEMONSTRATION.name, faults
    return list(found.values()), used, faults
