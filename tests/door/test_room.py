"""Answers leave in pieces that are the whole, once, and what is held is given back."""

import asyncio

import pytest
from starlette.responses import Response

from app.domain.errors import Unavailable
from app.door.room import SMALL, Held, Room, Share


def sent(answer: Response) -> tuple[list[dict], list[str]]:
    """The messages that an answer sends, and what it said at its end."""
    messages: list[dict] = []
    over: list[str] = []

    async def receive():
        raise AssertionError

    async def send(message):
        messages.append(message)

    held = Held(answer, lambda: over.append("over"))
    asyncio.run(held({"type": "http", "method": "GET"}, receive, send))
    return messages, over


@pytest.mark.parametrize("size", [0, 10, 256 << 10, (256 << 10) + 1, 1_000_000])
def test_that_pieces_are_the_whole_and_the_last_says_so(size):
    body = bytes(number % 251 for number in range(size))
    messages, over = sent(Response(body))

    bodies = [each for each in messages if each["type"] == "http.response.body"]
    assert b"".join(each["body"] for each in bodies) == body
    more = [each.get("more_body", False) for each in bodies]
    assert more == [True] * (len(bodies) - 1) + [False]
    assert max(len(each["body"]) for each in bodies) <= 256 << 10
    assert over == ["over"]


def test_that_it_is_over_for_whoever_is_gone():
    over: list[str] = []
    held = Held(Response(b"x"), lambda: over.append("over"))

    async def gone(*_):
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError, match="gone"):
        asyncio.run(held({"type": "http"}, gone, gone))
    assert over == ["over"]


def test_that_a_room_has_no_more_than_it_may_but_for_a_single_piece():
    room = Room(100)
    assert room.take(150)
    assert not room.take(1)
    room.give(150)
    assert room.take(60)
    assert room.take(40)
    assert not room.take(1)
    assert room.held == 100


def test_that_a_share_is_given_back_however_its_request_ends():
    room = Room(2 * SMALL)
    with Share(room) as one:
        one.grow(SMALL)
        assert room.held == 0
        one.grow(SMALL + 1)
        with Share(room) as other, pytest.raises(Unavailable, match="Too many long bodies"):
            other.grow(SMALL + 1)
        assert room.held == SMALL + 1
    assert room.held == 0
