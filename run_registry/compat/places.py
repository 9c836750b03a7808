"""Where the old client's requests go: to a door, or to a database of which this process is one."""

import asyncio
import os
import threading
import time
from typing import Any, Protocol

import httpx

from run_registry.addresses import door_address
from run_registry.errors import RunRegistryError

TIMEOUT_S = 600.0
TOKEN_ADDRESS = "https://auth.cern.ch/auth/realms/cern/api-access/token"
_MARGIN_S = 30.0
_HEADERS = {"Content-type": "application/json", "User-Agent": "run_registry.compat"}


class Place(Protocol):
    """Somewhere that answers what the old client asks."""

    def ask(self, method: str, path: str, body: object | None) -> "Answer": ...
    def close(self) -> None: ...


class Answer:
    """Status and text of an answer."""

    def __init__(self, status: int, response: httpx.Response) -> None:
        self.status = status
        self.text = response.text
        self._response = response

    def json(self) -> Any:
        """What it says. RunRegistryError when it isn't JSON."""
        try:
            return self._response.json()
        except ValueError as error:
            raise RunRegistryError(
                f"The server answers {self.status} with something that isn't JSON:"
                f" {self.text[:200]!r}. Check its address, and that no login stands before it."
            ) from error


class Credentials:
    """An application of CERN's login, which gets tokens by `SSO_CLIENT_ID` and
    `SSO_CLIENT_SECRET`; one token serves until it expires."""

    def __init__(self, audience: str) -> None:
        self._audience = audience
        self._token = ""
        self._until = 0.0

    def __call__(self) -> str:
        if time.monotonic() >= self._until:
            self._token, self._until = self._fetched()
        return self._token

    def _fetched(self) -> tuple[str, float]:
        names = ("SSO_CLIENT_ID", "SSO_CLIENT_SECRET")
        person, secret = (os.environ.get(name, "") for name in names)
        if not (person and secret):
            raise RunRegistryError(
                f"Set {' and '.join(names)} to get a token for {self._audience}."
            )
        begun = time.monotonic()
        try:
            response = httpx.post(
                TOKEN_ADDRESS,
                auth=(person, secret),
                data={"grant_type": "client_credentials", "audience": self._audience},
                timeout=60.0,
            )
            answer = response.json()
            return str(answer["access_token"]), begun + float(answer["expires_in"]) - _MARGIN_S
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise RunRegistryError(
                f"{TOKEN_ADDRESS} gives no token for {self._audience}: {error}."
            ) from error


class FarPlace:
    """A door, or the web service itself."""

    def __init__(self, address: str, token: "str | Credentials | None" = None) -> None:
        self._address = door_address(address, with_token=token is not None)
        self._token = token
        self._client = httpx.Client(timeout=TIMEOUT_S)

    def ask(self, method: str, path: str, body: object | None) -> Answer:
        """The answer. RunRegistryError when none comes: a write may have been done all the same."""
        headers = dict(_HEADERS)
        if self._token is not None:
            token = self._token if isinstance(self._token, str) else self._token()
            headers["Authorization"] = f"Bearer {token}"
        try:
            response = self._client.request(
                method, f"{self._address}{path}", json=body, headers=headers
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RunRegistryError(
                f"{self._address} can't be reached, or breaks off: {error or type(error).__name__}."
                " What was to be written may be there: look before you try again."
            ) from error
        return Answer(response.status_code, response)

    def close(self) -> None:
        """Gives the connections up."""
        self._client.close()


class NearPlace:
    """A database, behind a door that only this process has.

    It acts as the person that the program's settings name, with that person's rights.
    """

    def __init__(self, dsn: str | None) -> None:
        from run_registry.database import opened_program

        self._program = opened_program(dsn)
        try:
            from app.bootstrap.door import own_door

            self._door = own_door(self._program)
        except BaseException:
            self._program.close()
            raise
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="run_registry.compat", daemon=True
        )
        self._thread.start()
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self._door.application(), client=("127.0.0.1", 0)),
            base_url="http://localhost",
            timeout=TIMEOUT_S,
        )

    def ask(self, method: str, path: str, body: object | None) -> Answer:
        """The answer, made in this process."""
        asked = self._client.request(method, path, json=body, headers=_HEADERS)
        response = asyncio.run_coroutine_threadsafe(asked, self._loop).result()
        return Answer(response.status_code, response)

    def close(self) -> None:
        """Gives the database up."""
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._door.close()
        self._program.close()
