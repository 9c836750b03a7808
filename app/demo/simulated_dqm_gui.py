"""A small DQM GUI on loopback: real HTTP, the list of datasets as the real one gives it, and
pictures of histograms."""

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from app import files
from app.demo.drawn_histograms import draw
from app.demo.loopback import LoopbackHandler, LoopbackServer
from app.domain.errors import BadInput
from app.domain.json_value import JsonObject, JsonValue
from app.domain.sources.histograms import ONLINE_IN_GUI, Histogram, PictureSize

BASE_PATH = "/dqm/offline"
SAMPLES_PATH = f"{BASE_PATH}/data/json/samples"
SAMPLES_FILE = "samples.json"

Item = tuple[int, str]
"""Run number and GUI dataset."""

_ITEMS_PER_CHUNK = 500
_ONLINE_PATH = "/dqm/online"
_PICTURE = re.compile(r"/plotfairy/archive/(\d{1,10})((?:/[^/]+){3})/(.+)")
_LARGEST = 2000


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

    def picture(self, path: str, query: str) -> bytes | None:
        """The picture of a histogram by its address; None where it has no such dataset."""
        online = path.startswith(f"{_ONLINE_PATH}/")
        found = _PICTURE.fullmatch(
            unquote(path.removeprefix(_ONLINE_PATH if online else BASE_PATH))
        )
        if found is None:
            return None
        histogram = Histogram(int(found[1]), found[2], found[3])
        here = histogram.run_number, histogram.dataset
        if histogram.dataset != ONLINE_IN_GUI if online else here not in self.items("*."):
            return None
        asked = dict(re.findall(r"\b([wh])=(\d{1,4})\b", query))
        width, height = (min(int(asked.get(each, "400")), _LARGEST) for each in "wh")
        return draw(histogram, PictureSize(width, height))

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
            self._answer_picture(self.served.picture(address.path, address.query))
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

    def _answer_picture(self, picture: bytes | None) -> None:
        if picture is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(picture)))
        self.end_headers()
        self.wfile.write(picture)


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
