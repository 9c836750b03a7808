"""A door that listens on loopback, in a thread."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

from app.domain.identity import Actor
from app.door.application import Door
from app.door.identity import SECRET_HEADER, Identification, Proxy
from app.door.serving import Server, listening, serve
from app.services.acting import Acting

SECRET = "a-secret-of-the-proxy-that-is-long-enough"
EXPERTS = "cms-dqm-runregistry-experts"
EXPERT = Actor("expert@cern.ch", frozenset({EXPERTS}))


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Served:
    """Where a door listens."""

    host: str
    port: int
    door: Door
    server: Server

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def ask(self, method, path, body=None, headers=None, *, raw=None) -> Answer:
        """One request on a connection of its own."""
        connection = HTTPConnection(self.host, self.port, timeout=60)
        text = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        given = {"Content-type": "application/json", **(headers or {})}
        try:
            connection.request(method, path, text, given)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path, **options) -> Answer:
        return self.ask("GET", path, **options)

    def post(self, path, body=None, **options) -> Answer:
        return self.ask("POST", path, body, **options)

    def put(self, path, body=None, **options) -> Answer:
        return self.ask("PUT", path, body, **options)


def by_proxy(email: str = EXPERT.email, egroups: str = EXPERTS) -> dict[str, str]:
    """Headers of a proxy that proves itself."""
    return {SECRET_HEADER: SECRET, "email": email, "egroups": egroups}


def behind_proxy() -> Identification:
    return Identification(proxy=Proxy(("127.0.0.1",), SECRET))


@contextmanager
def serving(acting: Acting, who: Identification | None = None, **options) -> Iterator[Served]:
    """A door on a free port of 127.0.0.1; whoever asks is an expert unless said otherwise."""
    silent = {name: options.pop(name) for name in ("silent_s",) if name in options}
    door = Door(acting, who or Identification(runs_it=EXPERT), **options)
    begun = threading.Event()
    sockets: list[socket.socket] = listening(["127.0.0.1"], 0)
    server = Server(door.application(), told=begun.set, **silent)
    thread = threading.Thread(target=serve, args=(server, sockets), name="door")
    thread.start()
    try:
        assert begun.wait(30)
        yield Served("127.0.0.1", sockets[0].getsockname()[1], door, server)
    finally:
        server.stop()
        thread.join(60)
        door.close()
        for each in sockets:
            each.close()
        assert not thread.is_alive()
