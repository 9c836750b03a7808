"""The application that a server runs: addresses, who asks, the log line, and every error."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.domain.errors import BadInput, RegistryError, Unavailable
from app.door import answers
from app.door.areas import LISTS, READS, SITE, WRITES, Address, Area
from app.door.asking import Asked, Limits, body_of, read_body
from app.door.compatible import routes as compatible
from app.door.errors import NoSuchAddress, TooLarge, TooSlow, for_strangers
from app.door.identity import Caller, Identification
from app.door.lanes import Lane
from app.door.measures import Measures
from app.door.room import SMALL, Held, Room, Share
from app.door.site import routes as site
from app.door.v1 import routes as v1
from app.services import databases
from app.services.acting import Acting

access = logging.getLogger("app.door.access")
logger = logging.getLogger(__name__)

_METHODS = "GET,HEAD,PUT,PATCH,POST,DELETE"
_GONE = 499
"""Status in the log of a request whose client went away."""

AREAS = (v1.AREA, site.AREA, compatible.AREA)
"""The first that owns a path tells what is wrong with it; the last owns all."""

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Patience:
    """Threads of each lane, requests that may wait for them, and seconds that are waited at most:
    for a body, for an answer, for a list that is made.

    The database works on one statement that only reads for `statement_s` at most, 0 is without
    end: a question that is harder keeps a thread and a processor from all others.
    """

    threads: int = 5
    list_threads: int = 2
    site_threads: int = 3
    waiting: int = 400
    body_s: float = 60.0
    answer_s: float = 120.0
    list_s: float = 600.0
    statement_s: float = 60.0


class Door:
    """Everything between a server and the services."""

    def __init__(
        self,
        reading: Acting,
        who: Identification,
        limits: Limits | None = None,
        patience: Patience | None = None,
        public_url: str = "",
    ) -> None:
        self._reading = reading
        self._who = who
        self._limits = limits or Limits()
        self._patience = patience or Patience()
        self._public_url = public_url
        self.measures = Measures()
        self.bodies = Room(max(self._limits.bodies_bytes, self._limits.body_bytes))
        self.answers = Room(self._limits.answers_bytes)
        of = self._patience
        reading.db.limit_reading(of.statement_s)
        self._lanes = {
            READS: Lane(READS, of.threads, of.waiting, of.answer_s),
            WRITES: Lane(WRITES, of.threads, of.waiting, of.answer_s, writes=True),
            LISTS: Lane(LISTS, of.list_threads, of.waiting, of.list_s, writes=True, large=True),
            SITE: Lane(SITE, of.site_threads, of.waiting, of.answer_s),
        }
        # Keys of an issuer may have to be fetched to know who asks.
        self._who_asks = Lane("who", of.threads, of.waiting, of.answer_s)
        # Whoever watches over the door learns of its health also when all threads are taken.
        self._watch = Lane("watch", 1, 20, 10.0)

    def application(self) -> Starlette:
        """The application in front of the services."""
        watched = {"/healthz": self._health, "/metrics": self._metrics}
        routes = [
            Route(path, self._measured(endpoint, path, compatible.AREA), methods=["GET"])
            for path, endpoint in watched.items()
        ]
        for area in AREAS:
            for address in area.addresses:
                endpoint = self._measured(partial(self._answer, address), address.path, area)
                routes += [
                    Route(f"{prefix}{address.path}{slash}", endpoint, methods=[address.method])
                    for prefix in area.prefixes
                    for slash in ("", "/")
                ]

        async def nowhere(request: Request, _error: Exception) -> Response:
            area = next(each for each in AREAS if each.owns(request))
            return await self._measured(_unknown, "", area)(request)

        found = Starlette(routes=routes, exception_handlers={404: nowhere, 405: nowhere})
        # Not to where a client's own header says.
        found.router.redirect_slashes = False
        return found

    def close(self) -> None:
        """Waits for what is being done."""
        for lane in (*self._lanes.values(), self._who_asks, self._watch):
            lane.close()

    async def _answer(self, address: Address, request: Request) -> Response:
        address_of = request.client.host if request.client else ""
        caller = await self._who_asks.run(partial(self._who.caller, request), address_of)
        request.state.caller = caller.name
        client = caller.actor.email or caller.client_id or address_of
        with Share(self.bodies) as share:
            try:
                async with asyncio.timeout(self._patience.body_s):
                    text = await read_body(request, self._limits.body_bytes, share)
            except TimeoutError as error:
                raise TooSlow from error
            response = await self._answer_to(address, request, caller, client, text)
        return self._held(answers.unless_known(request, response))

    async def _answer_to(
        self, address: Address, request: Request, caller: Caller, client: str, text: bytes
    ) -> Response:
        asked = Asked(
            caller,
            self._reading,
            self._limits,
            dict(request.path_params),
            {},
            dict(request.query_params),
            request.headers,
            self._public_url,
        )

        def work() -> Response:
            return address.answerer(replace(asked, body=body_of(text, self._limits.body_bytes)))

        return await self._lanes[address.lane].run(work, client)

    def _held(self, response: Response) -> Response:
        """The answer, counted while it is taken. Raises Unavailable where too much is."""
        size = len(response.body)
        if size <= SMALL:
            return response
        if not self.answers.take(size):
            raise Unavailable("Too many long answers are being taken.")
        return Held(response, partial(self.answers.give, size))

    async def _health(self, _request: Request) -> Response:
        good = await self._watch.run(partial(databases.answers, self._reading))
        if not good:
            return answers.answer({"status": "the database does not answer"}, 503)
        return answers.answer({"status": "ok"})

    async def _metrics(self, _request: Request) -> Response:
        return PlainTextResponse(self.measures.text())

    def _measured(self, endpoint: Endpoint, route: str, area: Area) -> Endpoint:
        """The endpoint with a line in the log, a count, and an answer for every error."""

        async def measured(request: Request) -> Response:
            begun = time.perf_counter()
            self.measures.begin()
            status = _GONE
            size = 0
            try:
                response = await _safely(endpoint, request, area)
                status, size = response.status_code, len(response.body)
                return response
            except ClientDisconnect:
                return answers.empty(400)
            finally:
                seconds = time.perf_counter() - begun
                self.measures.done(request.method, route, status, seconds)
                access.info(
                    "%s %s %d %d B %.1f ms %s %s",
                    request.method,
                    request.url.path[:200],
                    status,
                    size,
                    seconds * 1000,
                    request.client.host if request.client else "-",
                    getattr(request.state, "caller", "-"),
                )

        return measured


async def _safely(endpoint: Endpoint, request: Request, area: Area) -> Response:
    try:
        if "transfer-encoding" in request.headers and "content-length" in request.headers:
            # A proxy that believes the other one would take the rest for somebody's next request.
            return _closing(area.told(request, BadInput("The request has two lengths.")))
        return await endpoint(request)
    except Unavailable as error:
        logger.warning("A request was not answered: %s", error)
        for_strangers(error)
        busy = area.told(request, error)
        busy.headers["Retry-After"] = "5"
        return _closing(busy) if _has_body(request) else busy
    except (TooLarge, TooSlow) as error:
        return _closing(area.told(request, error))
    except RegistryError as error:
        for_strangers(error)
        told = area.told(request, error)
        # The body of a request to nowhere isn't read.
        return _closing(told) if isinstance(error, NoSuchAddress) and _has_body(request) else told
    except (ClientDisconnect, HTTPException):
        raise
    except Exception as error:
        logger.exception("%s %s failed", request.method, request.url.path)
        return area.told(request, error)


def _closing(response: Response) -> Response:
    """The rest of the body is not read: nothing else can come on this connection."""
    response.headers["Connection"] = "close"
    return response


def _has_body(request: Request) -> bool:
    length = request.headers.get("content-length", "0")
    return length != "0" or "transfer-encoding" in request.headers


async def _unknown(request: Request) -> Response:
    if request.method == "OPTIONS":
        response = answers.empty(204)
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Allow-Headers"] = request.headers.get(
            "access-control-request-headers", ""
        )
        return response
    raise NoSuchAddress
