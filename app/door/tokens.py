"""Bearer tokens of an OpenID Connect issuer: signature, issuer, audience and times are checked."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import jwt

from app.domain.errors import Unavailable
from app.domain.foreign_json import JsonLimits, NotJson, parse
from app.domain.json_value import JsonObject, JsonValue
from app.door.errors import NotBelieved

logger = logging.getLogger(__name__)

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Signatures with a public key. `none` and those with a shared secret are never accepted."""

LONGEST = 16_384  # characters of a token
_LEEWAY_S = 60.0
_FETCH_AT_MOST_EVERY_S = 30.0
_KEPT_S = 3600.0
_MOST_KEYS = 100
_LIMITS = JsonLimits(text_bytes=1 << 20, depth=20)
_OF_A_LOGIN = ("sid", "session_state", "auth_time", "nonce", "at_hash")
"""Claims of somebody who logged in: an application has no session and is asked no password."""


@dataclass(frozen=True)
class Issuer:
    """Whose tokens are believed, and for whom they must be made.

    `fetch` gets the document with the issuer's public keys (JWKS). `groups` names the claim with
    the e-groups of a person.
    """

    url: str
    audiences: Sequence[str]
    fetch: Callable[[], bytes]
    groups: str = "groups"


@dataclass(frozen=True)
class Bearer:
    """Who a token stands for: a person by e-mail, or an application by its client id.

    A person who logged in through an application without telling their e-mail is nobody: the token
    bears the client id of the application and would have all that the application may.
    """

    email: str
    egroups: frozenset[str]
    client_id: str


class Keys:
    """The issuer's keys by their id, fetched again for one that is new, and from time to time.

    However many tokens name keys that don't exist, the issuer is asked twice a minute at most.
    """

    def __init__(self, fetch: Callable[[], bytes]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched = float("-inf")
        self._asked = float("-inf")

    def find(self, key_id: str) -> jwt.PyJWK | None:
        """The key; None when the issuer has none of that id. Raises Unavailable."""
        with self._lock:
            now = time.monotonic()
            known = self._keys.get(key_id)
            if known is not None and now - self._fetched < _KEPT_S:
                return known
            if now - self._asked >= _FETCH_AT_MOST_EVERY_S:
                self._asked = now
                try:
                    self._keys = _keys_in(self._fetch())
                    self._fetched = now
                except Unavailable:
                    if not self._keys:
                        self._asked = float("-inf")
                        raise
                    logger.warning("The issuer's keys can't be fetched; those known go on.")
            return self._keys.get(key_id)


class Tokens:
    """Believes tokens of one issuer."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._keys = Keys(issuer.fetch)

    def bearer(self, token: str) -> Bearer:
        """Who the token stands for. Raises NotBelieved with the reason, or Unavailable."""
        try:
            claims = self._claims(token)
        except jwt.PyJWTError as error:
            raise NotBelieved(f"The token is not accepted: {error}.") from error
        email = claims.get("email")
        client_id = claims.get("azp") or claims.get("client_id") or ""
        if not email and any(each in claims for each in _OF_A_LOGIN):
            client_id = ""
        return Bearer(
            email if isinstance(email, str) else "",
            _names(claims.get(self._issuer.groups)),
            str(client_id),
        )

    def _claims(self, token: str) -> JsonObject:
        if len(token) > LONGEST:
            raise NotBelieved("The token is too long.")
        header = jwt.get_unverified_header(token)
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS or not isinstance(key_id, str):
            raise NotBelieved("The token has no signature that is accepted here.")
        key = self._keys.find(key_id)
        if key is None:
            raise NotBelieved("The token is signed with a key that its issuer doesn't have.")
        if key.algorithm_name != algorithm:
            raise NotBelieved("The token is signed in another way than its key is for.")
        claims: JsonObject = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=list(self._issuer.audiences),
            issuer=self._issuer.url,
            leeway=_LEEWAY_S,
            options={"require": ["exp", "iat", "iss", "aud"]},
        )
        return claims


def _keys_in(document: bytes) -> dict[str, jwt.PyJWK]:
    """The signing keys of a JWKS document; those that can't be read are left out."""
    try:
        listed = parse(document, _LIMITS)
    except NotJson as error:
        raise Unavailable(
            f"The keys of the token issuer can't be read: the answer {error}."
        ) from error
    keys = listed.get("keys") if isinstance(listed, dict) else None
    if not isinstance(keys, list):
        raise Unavailable("The keys of the token issuer can't be read: the answer has no keys.")
    found: dict[str, jwt.PyJWK] = {}
    for each in keys[:_MOST_KEYS]:
        if not isinstance(each, dict) or each.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK(each)
        except jwt.PyJWTError as error:
            logger.info("A key of the token issuer is left out: %s", error)
            continue
        if key.algorithm_name in ALGORITHMS and key.key_id:
            found[key.key_id] = key
    return found


def _names(claim: JsonValue) -> frozenset[str]:
    return (
        frozenset(each for each in claim if isinstance(each, str))
        if isinstance(claim, list)
        else frozenset()
    )
