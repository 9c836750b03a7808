"""A small OMS on loopback: real HTTP, JSON:API documents, and a token endpoint."""

import json
import re
import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlencode, urlsplit

from app import files
from app.demo.loopback import LoopbackHandler, LoopbackServer
from app.demo.rates import DEAD_TIMES, L1_RATES, rates
from app.domain.errors import BadInput
from app.domain.json_value import JsonObject, JsonValue

API_PATH = "/agg/api/v1"
TOKEN_PATH = "/auth/realms/cern/protocol/openid-connect/token"

_TOKEN_LIFE_S = 1200
_PAGE_LIMIT = 100


class SimulatedOms(LoopbackServer):
    """Serves runs, lumisections and fills, which may be changed while it runs.

    With `credentials` (client id, secret) it asks for a token, given out at its token endpoint.
    Use it as a context manager, or `start()` and `close()`.
    """

    def __init__(
        self,
        runs: Iterable[JsonObject] = (),
        lumisections: Mapping[int, Sequence[JsonObject]] | None = None,
        fills: Iterable[JsonObject] = (),
        *,
        credentials: tuple[str, str] | None = None,
        port: int = 0,
    ) -> None:
        super().__init__("OMS", _Handler, port)
        self._lock = threading.Lock()
        self._runs: dict[int, JsonObject] = {}
        self._lumisections: dict[int, Sequence[JsonObject]] = {}
        self._fills: dict[int, JsonObject] = {}
        self._credentials = credentials
        self._subjects: set[str] = set()
        self._tokens: set[str] = set()
        for run in runs:
            self.set_run(run)
        for run_number, of_run in (lumisections or {}).items():
            self.set_lumisections(run_number, of_run)
        for fill in fills:
            self.set_fill(fill)

    @classmethod
    def from_folder(
        cls, folder: Path, *, credentials: tuple[str, str] | None = None, port: int = 0
    ) -> Self:
        """Serves the documents `runs.json`, `fills.json` and `lumisections_{run}.json`."""
        oms = cls(credentials=credentials, port=port)
        for attributes in _attributes(folder / "runs.json"):
            oms.set_run(attributes)
        if (folder / "fills.json").exists():
            for attributes in _attributes(folder / "fills.json"):
                oms.set_fill(attributes)
        for path in sorted(folder.glob("lumisections_*.json")):
            name = path.stem.removeprefix("lumisections_")
            if not re.fullmatch(r"[0-9]{1,10}", name):
                raise BadInput(f"{path}: the name doesn't end with a run number.")
            oms.set_lumisections(int(name), _attributes(path))
        return oms

    @property
    def url(self) -> str:
        """The address up to and with `/agg/api/v1`."""
        return f"{self.address}{API_PATH}"

    @property
    def token_url(self) -> str:
        return f"{self.address}{TOKEN_PATH}"

    # What it says

    def set_run(self, attributes: JsonObject) -> None:
        """Adds a run or replaces its record."""
        run_number = attributes.get("run_number")
        if not isinstance(run_number, int):
            raise BadInput(f"A run record without run_number: {list(attributes)}.")
        with self._lock:
            self._runs[run_number] = dict(attributes)
            self._lumisections.setdefault(run_number, [])

    def set_lumisections(self, run_number: int, lumisections: Sequence[JsonObject]) -> None:
        """Replaces all lumisections of a run; the sequence is kept as it is."""
        with self._lock:
            self._lumisections[run_number] = lumisections

    def add_lumisections(self, run_number: int, lumisections: Iterable[JsonObject]) -> None:
        with self._lock:
            before = self._lumisections.get(run_number, ())
            self._lumisections[run_number] = [*before, *lumisections]

    def set_fill(self, attributes: JsonObject) -> None:
        """Adds a fill or replaces its record."""
        fill_number = attributes.get("fill_number")
        if not isinstance(fill_number, int):
            raise BadInput(f"A fill record without fill_number: {list(attributes)}.")
        with self._lock:
            self._fills[fill_number] = dict(attributes)

    def forget_run(self, run_number: int) -> None:
        with self._lock:
            self._runs.pop(run_number, None)
            self._lumisections.pop(run_number, None)

    # Answers, asked for in the threads of the server

    def document(self, resource: str, asked: Mapping[str, str]) -> JsonObject | None:
        """The document of `runs`, `lumisections`, `fills`, or of rates by lumisection; None for
        another resource."""
        filters = {
            key[len("filter[") : -1]: value
            for key, value in asked.items()
            if key.startswith("filter[") and key.endswith("]")
        }
        with self._lock:
            if resource == "runs":
                found = [(str(number), run) for number, run in sorted(self._runs.items())]
            elif resource == "lumisections":
                only = filters.pop("run_number", None)
                found = [
                    (f"{number}_{lumisection.get('lumisection_number')}", lumisection)
                    for number, of_run in self._lumisections.items()
                    if only is None or str(number) == only
                    for lumisection in of_run
                ]
            elif resource == "fills":
                found = [(str(number), fill) for number, fill in sorted(self._fills.items())]
            elif resource in (L1_RATES, DEAD_TIMES):
                wanted = filters.pop("run_number", "")
                run_number = int(wanted) if wanted.isdecimal() else 0
                run, of_run = self._runs.get(run_number), self._lumisections.get(run_number, ())
                records = [] if run is None else rates(resource, run, of_run)
                found = [(f"{wanted}_{place}", each) for place, each in enumerate(records, 1)]
            else:
                return None
        found = [
            (identity, attributes)
            for identity, attributes in found
            if all(_as_text(attributes.get(key)) == value for key, value in filters.items())
        ]
        sort = asked.get("sort")
        if sort:
            name = sort.removeprefix("-")
            found.sort(key=lambda item: _order(item[1].get(name)), reverse=sort.startswith("-"))
        limit = int(asked.get("page[limit]", _PAGE_LIMIT))
        offset = int(asked.get("page[offset]", 0))
        page = found[offset : offset + limit]
        links: JsonObject = {"next": None}
        if offset + len(page) < len(found):
            following = {**asked, "page[offset]": str(offset + len(page))}
            links["next"] = f"{self.url}/{resource}?{urlencode(following)}"
        return {
            "data": [
                {"id": identity, "type": resource, "attributes": attributes}
                for identity, attributes in page
            ],
            "meta": {"totalResourceCount": len(found)},
            "links": links,
        }

    def accepts(self, authorization: str | None) -> bool:
        """Whether a request with that header may be answered."""
        if self._credentials is None:
            return True
        with self._lock:
            return (authorization or "").removeprefix("Bearer ") in self._tokens

    def token(self, form: Mapping[str, str]) -> JsonObject | None:
        """A token for the client's credentials, or for a token it got by them; None if wrong."""
        given = (form.get("client_id"), form.get("client_secret"))
        if self._credentials is not None and given != self._credentials:
            return None
        token = secrets.token_urlsafe(24)
        with self._lock:
            if form.get("grant_type") == "client_credentials":
                self._subjects.add(token)
            elif form.get("subject_token") in self._subjects:
                self._tokens.add(token)
            else:
                return None
        return {"access_token": token, "expires_in": _TOKEN_LIFE_S, "token_type": "Bearer"}

    def revoke_tokens(self) -> None:
        """Every token given out so far is refused from now on."""
        with self._lock:
            self._tokens.clear()


class _Handler(LoopbackHandler):
    """One connection to the simulated OMS."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if not address.path.startswith(f"{API_PATH}/"):
            self._answer(HTTPStatus.NOT_FOUND, {"errors": [{"title": "no such address"}]})
            return
        if not self.served.accepts(self.headers.get("Authorization")):
            self._answer(HTTPStatus.UNAUTHORIZED, {"errors": [{"title": "a token is needed"}]})
            return
        asked = {key: values[-1] for key, values in parse_qs(address.query).items()}
        try:
            document = self.served.document(address.path.removeprefix(f"{API_PATH}/"), asked)
        except ValueError as error:
            self._answer(HTTPStatus.BAD_REQUEST, {"errors": [{"title": str(error)}]})
            return
        if document is None:
            self._answer(HTTPStatus.NOT_FOUND, {"errors": [{"title": "no such resource"}]})
            return
        self._answer(HTTPStatus.OK, document)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if urlsplit(self.path).path != TOKEN_PATH:
            self._answer(HTTPStatus.NOT_FOUND, {"error": "invalid_request"})
            return
        form = {key: values[-1] for key, values in parse_qs(body.decode()).items()}
        token = self.served.token(form)
        if token is None:
            self._answer(HTTPStatus.UNAUTHORIZED, {"error": "invalid_client"})
        else:
            self._answer(HTTPStatus.OK, token)

    def _answer(self, status: HTTPStatus, document: JsonObject) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.api+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _attributes(path: Path) -> list[JsonObject]:
    document = files.read_json(path)
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, list):
        raise BadInput(f"{path} is not an OMS document: it has no data.")
    found: list[JsonObject] = []
    for entry in data:
        attributes = entry.get("attributes") if isinstance(entry, dict) else None
        if not isinstance(attributes, dict):
            raise BadInput(f"{path} is not an OMS document: an entry has no attributes.")
        found.append(attributes)
    return found


def _as_text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _order(value: JsonValue) -> tuple[bool, bool, str, float]:
    """Null before numbers before texts, so that mixed columns can be sorted."""
    text = value if isinstance(value, str) else ""
    number = value if isinstance(value, int | float) else 0
    return value is not None, isinstance(value, str), text, number
