"""A server that answers with bytes it was given."""

import json
import socket
import threading
from contextlib import contextmanager

INDEX = json.dumps({"newest_version": 7}).encode()
JSON, ARROW = "application/json", "application/vnd.apache.arrow.stream"


def answer(body, kind=JSON, status="200 OK", *, length=None, more=""):
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n{more}"
    return f"{head}Connection: close\r\n\r\n".encode() + body


class Scripted:
    """Answers one request after the other with the bytes it was given; the last one for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.heads = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, name="scripted")
        self._thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = connection.recv(65_536)
                    if not piece:
                        break
                    head += piece
                if not head:
                    continue
                self.heads.append(head.decode("latin-1"))
                now = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                connection.sendall(now)

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


@contextmanager
def scripted(*answers):
    server = Scripted(answer(INDEX), *answers)
    try:
        yield server
    finally:
        server.close()
