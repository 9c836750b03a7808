"""The channel over which another start of the program asks the open window to show a link."""

import logging
import time
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from app.domain.errors import BadInput
from app.domain.links import LONGEST, parse_link

logger = logging.getLogger(__name__)

_CONNECT_MS = 1000
_ANSWER_S = 5.0
_TURN_MS = 20
_PRIVATE = 0o700
_MOST_BYTES = 4 * LONGEST + 1
_SHOWN = "The open window was asked to show it."


class LinkChannel(QObject):
    """Listens for links, as soon as no other window of this user does.

    Signals: `arrived(Link)`.
    """

    arrived = Signal(object)

    def __init__(self, file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.server = QLocalServer(self)
        # Nobody but this user may ask.
        self.server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self.server.newConnection.connect(self._answer)
        self._file = file
        self._other: QLocalSocket | None = None
        self._listen()

    def close(self) -> None:
        """Listens no longer; another window does from now on."""
        if self._other is not None:
            self._other.disconnected.disconnect(self._listen)
            self._other.abort()
            self._other = None
        self.server.close()
        for socket in self.server.findChildren(QLocalSocket):
            socket.disconnectFromServer()

    def _listen(self) -> None:
        file = self._file
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=_PRIVATE)
        except OSError as error:
            logger.info("No link can be taken over %s: %s", file, error)
            return
        # Several windows may see at once that nobody listens any more.
        lock = QLockFile(f"{file}.lock")
        if not lock.tryLock(_CONNECT_MS):
            logger.info("No link can be taken over %s: its lock is held", file)
            return
        try:
            self._listen_or_wait(file)
        finally:
            lock.unlock()

    def _listen_or_wait(self, file: Path) -> None:
        other, self._other = self._other, _connected(file)
        if other is not None:
            other.deleteLater()
        if self._other is not None:
            # It stays connected, and so hears when that window is gone.
            self._other.setParent(self)
            self._other.disconnected.connect(self._listen)
            return
        # What a window that died has left there.
        QLocalServer.removeServer(str(file))
        if not self.server.listen(str(file)):
            logger.info("No link can be taken over %s: %s", file, self.server.errorString())

    def _answer(self) -> None:
        while (socket := self.server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            socket.disconnected.connect(socket.deleteLater)
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > _MOST_BYTES:
                socket.abort()
            return
        line = bytes(socket.readLine(_MOST_BYTES).data())
        try:
            link = parse_link(line.decode("utf-8", "replace"))
        except BadInput as error:
            answer = str(error)
        else:
            answer = _SHOWN
            self.arrived.emit(link)
        socket.write(f"{answer}\n".encode())
        socket.disconnectFromServer()


def tell_window(file: Path, link: str) -> str:
    """Has the open window show a link; returns what it answers, nothing where none is open."""
    socket = _connected(file)
    if socket is None:
        return ""
    socket.write(f"{link}\n".encode())
    socket.flush()
    deadline = time.monotonic() + _ANSWER_S
    while not socket.canReadLine():
        socket.waitForReadyRead(_TURN_MS)
        if time.monotonic() > deadline:
            return "A window is open and doesn't answer: it may be busy. Try again."
    return bytes(socket.readLine(_MOST_BYTES).data()).decode("utf-8", "replace").strip()


def _connected(file: Path) -> QLocalSocket | None:
    socket = QLocalSocket()
    socket.connectToServer(str(file))
    return socket if socket.waitForConnected(_CONNECT_MS) else None
