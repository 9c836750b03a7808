"""A small DQM GUI on loopback: real HTTP, and the list of datasets as the real one gives it."""

import json
import logging
import ssl
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from app.domain.errors import BadInput, Unavailable
from app.domain.json_value import JsonObject, JsonValue

logger = logging.getLogger(__name__)

BASE_PATH = "/dqm/offline"
SAMPLES_PATH = f"{BASE_PATH}/data/json/samples"
SAMPLES_FILE = "samples.json"

Item = tuple[int, str]
"""Run number and GUI dataset."""

_ITEMS_PER_CHUNK = 500


class SimulatedDqmGui:
    """Serves GUI datasets, which may be added while it runs.

    `more` is asked at each request for what else it has, such as a season that goes on. With
    `tls` it wants what that context wants, a client certificate too. Use it as a context manager,
    or `start()` and `close()`.
    """

    def __init__(
        self,
        items: Iterable[Item] = (),
        *,
        port: int = 0,
        more: Callable[[], Iterable[Item]] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._items = list(items)
        self._port = port
        self._more = more
        self._tls = tls
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @classmethod
    def from_folder(cls, folder: Path, *, port: int = 0) -> Self:
        """Serves the document `samples.json`, in the form the GUI gives it."""
        path = folder / SAMPLES_FILE
        try:
            document: JsonValue = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BadInput(f"{path} can't be read: {error.strerror}.") from error
        except ValueError as error:
            raise BadInput(f"{path} is no JSON: {error}.") from error
        groups = document.get("samples") if isinstance(document, dict) else None
        if not isinstance(groups, list):
            raise BadInput(f"{path} is no answer of the DQM GUI: it has no samples.")
        return cls(_items(groups, path), port=port)

    def start(self) -> Self:
        """Raises `Unavailable` when the port is taken."""
        try:
            self._server = _Server(("127.0.0.1", self._port), self)
        except OSError as error:
            raise Unavailable(
                f"The simulated DQM GUI can't listen on port {self._port}: {error.strerror}."
            ) from error
        if self._tls is not None:
            self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="simulated-dqm-gui",
            daemon=True,
        )
        self._thread.start()
        return self

    def close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.shutdown()
        server.server_close()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The address up to and with `/dqm/offline`."""
        assert self._server is not None, "the simulated DQM GUI isn't started"
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._server.server_port}{BASE_PATH}"

    def add(self, *items: Item) -> None:
        """Datasets that have appeared."""
        with self._lock:
            self._items.extend(items)

    def items(self, match: str) -> list[Item]:
        """What it has now whose name holds `match`; `*.` is everything."""
        with self._lock:
            found = [*self._items, *(self._more() if self._more else ())]
        wanted = match.replace("*.", "").replace("*", "")
        return [item for item in found if wanted in item[1]]


def _items(groups: list[JsonValue], path: Path) -> Iterator[Item]:
    for group in groups:
        items = group.get("items") if isinstance(group, dict) else None
        if not isinstance(items, list):
            raise BadInput(f"{path} is no answer of the DQM GUI: a group has no items.")
        for item in items:
            run = item.get("run") if isinstance(item, dict) else None
            name = item.get("dataset") if isinstance(item, dict) else None
            if not (isinstance(run, str) and run.isdigit() and isinstance(name, str)):
                raise BadInput(f"{path}: an item has no run or no dataset.")
            yield int(run), name


class _Server(ThreadingHTTPServer):
    """The server of one simulated DQM GUI."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], gui: SimulatedDqmGui) -> None:
        self.gui = gui
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        error = sys.exception()
        if isinstance(error, OSError):
            logger.debug("%s went away while it was answered", client_address)
        else:
            logger.error("no answer to %s", client_address, exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    """One request; the connection is closed after it."""

    timeout = 60

    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, _Server)
        address = urlsplit(self.path)
        if address.path != SAMPLES_PATH:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        match = parse_qs(address.query).get("match", ["*."])[-1]
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"samples": [{"type": "offline_data", "items": [')
        found = server.gui.items(match)
        for start in range(0, len(found), _ITEMS_PER_CHUNK):
            chunk = ",".join(map(_as_json, found[start : start + _ITEMS_PER_CHUNK]))
            self.wfile.write(("," if start else "").encode() + chunk.encode())
        self.wfile.write(b"]}]}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base
        """Requests aren't logged: the client that makes them does."""


def _as_json(item: Item) -> str:
    run_number, name = item
    document: JsonObject = {
        "type": "offline_data",
        "run": str(run_number),
        "dataset": name,
        "version": "",
        "importversion": 1,
    }
    return json.dumps(document)
