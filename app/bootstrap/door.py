"""The HTTP door: whom it believes, where it listens, and one that listens nowhere."""

import logging
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from app import files, garbage, logs
from app.bootstrap.program import Listeners, Program
from app.domain.errors import BadInput, RegistryError
from app.domain.identity import NOBODY, Actor
from app.domain.keys import RunNumber
from app.domain.sources.oms import OmsRun
from app.models.database.identity import DOOR
from app.settings import Settings
from app.sync.issuer_keys import fetch_keys

if TYPE_CHECKING:
    from app.door.application import Door
    from app.door.identity import Identification, Proxy
    from app.door.tokens import Tokens

logger = logging.getLogger(__name__)

_SHORTEST_SECRET = 32


def serve(
    program: Program, hosts: Sequence[str] | None, port: int, told: Callable[[str], None]
) -> None:
    """Answers over HTTP until it is stopped, as `Program.serve` says."""
    # Not above: only a door needs a server.
    with garbage.kept():
        from app.door import serving
        from app.door.application import Door
        from app.door.asking import Limits

    program.pool_size = program.settings.door_connections
    sockets = serving.listening(hosts or serving.LOOPBACK, port)
    logs.show("app.door.access")
    try:
        who = _identification(program)
        if program.is_demonstration:
            program.check_not_mixed()
            program.start_demonstration(live=True)
            program.start(_unheard(), alone=True)
            program.start_colleagues()
        settings = program.settings
        limits = Limits(settings.door_body_mb << 20, settings.door_page_rows)
        door = Door(
            replace(program.acting.by(NOBODY), ask_oms=partial(_oms_says, program)),
            who,
            limits,
            public_url=settings.door_url or "",
        )
        server = serving.Server(
            door.application(),
            told=lambda: told(" and ".join(_address_of(each) for each in sockets)),
        )
        try:
            serving.serve(server, sockets)
        finally:
            door.close()
    finally:
        for each in sockets:
            each.close()


def own_door(program: Program) -> "Door":
    """A door for this process alone, which listens nowhere: whoever the program acts for acts."""
    with garbage.kept():
        from app.door.application import Door, Patience
        from app.door.asking import Limits
        from app.door.identity import OnlyOne

    acting = replace(program.acting.by(NOBODY), ask_oms=partial(_oms_says, program))
    limits = Limits(program.settings.door_body_mb << 20, program.settings.door_page_rows)
    # Nobody else waits for what takes long.
    return Door(acting, OnlyOne(program.actor), limits, Patience(statement_s=0.0))


def _oms_says(program: Program, run_number: RunNumber) -> OmsRun | None:
    """What OMS says of a run; None where it can't be asked, so that what is recorded serves."""
    try:
        return program.oms_run(run_number)
    except RegistryError as error:
        logger.info("OMS isn't asked of run %d: %s", run_number, error)
        return None


def _identification(program: Program) -> "Identification":
    """Whom the door believes, as the settings say."""
    from app.door.identity import Identification

    settings = program.settings
    guard = None if program.has_own_server else program.db.guard
    runs_it: Actor | None = program.actor
    if guard is not None and guard.kind == DOOR:
        # The login is nobody's: the person is whom the settings name.
        runs_it = None if settings.user is None else Actor(settings.user)
    applications = {
        client_id: Actor(words[0], frozenset(words[1:]))
        for client_id, text in settings.applications.items()
        if (words := text.split())
    }
    return Identification(
        tokens=_tokens(settings),
        proxy=_proxy(settings),
        runs_it=runs_it,
        applications=applications,
    )


def _tokens(settings: Settings) -> "Tokens | None":
    """The issuer whose tokens are believed, if one is named."""
    from app.door.tokens import Issuer, Tokens

    issuer = settings.door_issuer
    if issuer is None:
        return None
    if not settings.door_audience:
        raise BadInput(
            "door_issuer is set and door_audience isn't: without an audience, tokens made for"
            " anything else would be believed here."
        )
    address = settings.door_keys_url or f"{issuer}/protocol/openid-connect/certs"
    believed = Issuer(
        issuer,
        settings.door_audience,
        lambda: fetch_keys(address, settings.ca_bundle),
        settings.door_groups_claim,
    )
    return Tokens(believed)


def _proxy(settings: Settings) -> "Proxy | None":
    """The proxy that logs people in, if one is named."""
    from app.door.identity import Proxy

    file = settings.door_proxy_secret_file
    if file is None and not settings.door_proxy_addresses:
        return None
    if file is None or not settings.door_proxy_addresses:
        raise BadInput("door_proxy_addresses and door_proxy_secret_file belong together.")
    secret = files.read_utf8(file, "The secret of the proxy").strip()
    if len(secret) < _SHORTEST_SECRET:
        raise BadInput(f"The secret in {file} has fewer than {_SHORTEST_SECRET} characters.")
    return Proxy(settings.door_proxy_addresses, secret)


def _unheard() -> Listeners:
    """For background work that nobody looks at: only its bugs are logged."""
    return Listeners(
        on_pull=lambda _status: None,
        on_change=lambda _change: None,
        on_connection=lambda _connected, _reason: None,
        on_bug=lambda error: logger.error("Background work failed", exc_info=error),
    )


def _address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
