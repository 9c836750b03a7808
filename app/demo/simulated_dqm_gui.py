"""A small DQM GUI on loopback: real HTTP, and the list of datasets as the real one gives it."""

import json
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

from app import files
from app.demo.loopback import LoopbackHandler, LoopbackServer
from app.domain.errors import BadInput
from app.domain.json_value import JsonObject, JsonValue

BASE_PATH = "/dqm/offline"
SAMPLES_PATH = f"{BASE_PATH}/data/json/samples"
SAMPLES_FILE = "samples.json"

Item = tuple[int, str]
"""Run number and GUI dataset."""

_ITEMS_PER_CHUNK = 500


class SimulatedDqmGui(LoopbackServer):
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
        super().__init__("DQM GUI", _Handler, port, tls)
        self._lock = threading.Lock()
        self._items = list(items)
        self._more = more

    @classmethod
    def from_folder(cls, folder: Path, *, port: int = 0) -> Self:
        """Serves the document `samples.json`, in the form the GUI gives it."""
        path = folder / SAMPLES_FILE
        document = files.read_json(path)
        groups = document.get("samples") if isinstance(document, dict) else None
        if not isinstance(groups, list):
            raise BadInput(f"{path} is not an answer of the DQM GUI: it has no samples.")
        return cls(_items(groups, path), port=port)

    @property
    def url(self) -> str:
        """The address up to and with `/dqm/offline`."""
        return f"{self.address}{BASE_PATH}"

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
            raise BadInput(f"{path} is not an answer of the DQM GUI: a group has no items.")
        for item in items:
            run = item.get("run") if isinstance(item, dict) else None
            name = item.get("dataset") if isinstance(item, dict) else None
            if not (isinstance(run, str) and run.isdigit() and isinstance(name, str)):
                raise BadInput(f"{path}: an item has no run or no dataset.")
            yield int(run), name


class _Handler(LoopbackHandler):
    """One request; the connection is closed after it."""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path != SAMPLES_PATH:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        match = parse_qs(address.query).get("match", ["*."])[-1]
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"samples": [{"type": "offline_data", "items": [')
        found = self.served.items(match)
        for start in range(0, len(found), _ITEMS_PER_CHUNK):
            chunk = ",".join(map(_as_json, found[start : start + _ITEMS_PER_CHUNK]))
            self.wfile.write(("," if start else "").encode() + chunk.encode())
        self.wfile.write(b"]}]}")


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
