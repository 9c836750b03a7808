"""A real HTTP server that answers as a script says: well, badly, half, or not at all."""

import json
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from app.domain.json_value import JsonObject, JsonValue


@dataclass(frozen=True)
class Answer:
    """What the server says once; `hangs` says nothing, `cut_to` breaks off after some bytes."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    cut_to: int | None = None


@dataclass(frozen=True)
class Request:
    """What the server was asked."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    authorization: str | None


def document(
    entries: Sequence[JsonValue], *, total: int | None = None, following: str | None = None
) -> Answer:
    """A JSON:API answer whose entries have these attributes."""
    content: JsonObject = {
        "data": [
            {"id": str(position), "type": "any", "attributes": attributes}
            for position, attributes in enumerate(entries)
        ]
    }
    if total is not None:
        content["meta"] = {"totalResourceCount": total}
    if following is not None:
        content["links"] = {"next": following}
    return Answer(json.dumps(content).encode())


def a_run(run_number: int, **attributes: JsonValue) -> JsonObject:
    return {
        "run_number": run_number,
        "last_update": "2025-08-18T10:00:00Z",
        "end_time": "2025-08-18T09:00:00Z",
        "hlt_key": "/cdaq/physics/Run2025/v1",
        "components": ["DT"],
        "fill_number": None,
        **attributes,
    }


def some_lumisections(*numbers: int, **attributes: JsonValue) -> list[JsonValue]:
    return [{"lumisection_number": number, "cms_active": True, **attributes} for number in numbers]


Script = Callable[[Request], Answer]


class MisbehavingOms:
    """Answers `/runs`, `/lumisections`, `/fills` and `/token` by scripts given to `on`."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        self._scripts: dict[str, Script] = {}
        self._released = threading.Event()
        self.hanging = threading.Event()
        self._server = _Server(self)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "http" if tls is None else "https"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self._scheme == "http" else "localhost"
        return f"{self._scheme}://{host}:{self._server.server_port}/agg/api/v1"

    def on(self, path: str, *answers: Answer | Script) -> None:
        """Answers in this order; the last one for ever."""
        waiting = deque(answers)

        def script(request: Request) -> Answer:
            answer = waiting.popleft() if len(waiting) > 1 else waiting[0]
            return answer if isinstance(answer, Answer) else answer(request)

        self._scripts[path] = script

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def close(self) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: Request) -> Answer:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.requests.append(request)
            script = self._scripts.get(request.path)
            answer = Answer(b"{}", 404) if script is None else script(request)
        if answer.hangs:
            self.hanging.set()
            self._released.wait(20)
        with self._lock:
            self._at_once -= 1
        return answer


class _Server(ThreadingHTTPServer):
    """The server of one misbehaving OMS."""

    daemon_threads = True

    def __init__(self, oms: MisbehavingOms) -> None:
        self.oms = oms
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """The client went away: that is what many of the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    """One request to the misbehaving OMS."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._reply({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self._reply({key: values[-1] for key, values in parse_qs(body).items()})

    def _reply(self, form: Mapping[str, str]) -> None:
        address = urlsplit(self.path)
        request = Request(
            method=self.command,
            path="/" + address.path.rsplit("/", 1)[-1],
            query={key: values[-1] for key, values in parse_qs(address.query).items()},
            form=form,
            authorization=self.headers.get("Authorization"),
        )
        assert isinstance(self.server, _Server)
        answer = self.server.oms.answer(request)
        if answer.hangs:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: answer.cut_to])
        if answer.cut_to is not None:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base
        pass
