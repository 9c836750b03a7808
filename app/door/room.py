"""Memory for what clients send slowly and take slowly: so much at once, and no more."""

from collections.abc import Awaitable, Callable
from typing import Self

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from app.domain.errors import Unavailable

SMALL = 64 << 10
"""Bytes that are not worth counting: as many connections as there can be don't fill a machine."""

_PIECE = 256 << 10


class Room:
    """Bytes that may be held at once; a single piece may be larger where nothing else is held.

    Only the loop of the server takes and gives.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes that are held."""
        return self._held

    def take(self, size: int) -> bool:
        """Whether there was room for so many bytes more; they are held then."""
        if self._held and self._held + size > self._most:
            return False
        self._held += size
        return True

    def give(self, size: int) -> None:
        """They are not held any more."""
        self._held -= size


class Share:
    """What one body holds of a room, until its request is answered."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._room.give(self._size)

    def grow(self, size: int) -> None:
        """The body has this size now. Raises Unavailable where there is no room for it."""
        if size <= SMALL:
            return
        if not self._room.take(size - self._size):
            raise Unavailable("Too many long bodies come at once.")
        self._size = size


class Held(Response):
    """An answer that is sent in pieces, each when the one before has left, and calls `over` when
    all has or whoever asked is gone."""

    def __init__(self, answer: Response, over: Callable[[], None]) -> None:
        self._answer = answer
        self._over = over
        self.status_code = answer.status_code
        self.body = answer.body
        self.raw_headers = answer.raw_headers
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._answer(scope, receive, _in_pieces(send))
        finally:
            self._over()


def _in_pieces(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def sent(message: Message) -> None:
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or len(body) <= _PIECE:
            await send(message)
            return
        whole = memoryview(body)
        for begin in range(0, len(whole), _PIECE):
            piece = bytes(whole[begin : begin + _PIECE])
            await send({**message, "body": piece, "more_body": True})
        # Waits until the last piece has left.
        await send({**message, "body": b""})

    return sent
