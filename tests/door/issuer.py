"""An OpenID Connect issuer on loopback that signs with keys of its own."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

AUDIENCE = "cmsrunregistry-sso-proxy"


class Issuer:
    """Gives tokens for client credentials, and shows its public keys.

    `persons` are the claims of a token by client id; without any, it is one of an application.
    """

    def __init__(self) -> None:
        self.persons: dict[str, dict] = {}
        self.fetched = 0
        self.silent = False
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self.rotate("first")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, name="issuer")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/auth/realms/cern"

    @property
    def keys_url(self) -> str:
        return f"{self.url}/protocol/openid-connect/certs"

    def rotate(self, key_id: str) -> None:
        """From now on tokens are signed with a new key; the old ones are still shown."""
        self._keys[key_id] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.key_id = key_id

    def forget(self, key_id: str) -> None:
        del self._keys[key_id]

    @property
    def private_key(self) -> rsa.RSAPrivateKey:
        return self._keys[self.key_id]

    def token(self, *, key=None, key_id=None, algorithm="RS256", **claims) -> str:
        """A token that lasts five minutes, unless the claims say otherwise; None leaves one out."""
        now = int(time.time())
        payload = {
            "iss": self.url,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 300,
            "azp": "scripts",
        } | claims
        return jwt.encode(
            {name: value for name, value in payload.items() if value is not None},
            key or self.private_key,
            algorithm,
            headers={"kid": key_id or self.key_id},
        )

    def jwks(self) -> dict:
        keys = []
        for key_id, key in self._keys.items():
            shown = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
            keys.append(shown | {"kid": key_id, "use": "sig", "alg": "RS256"})
        return {"keys": keys}

    def __enter__(self) -> "Issuer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(issuer) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the request
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.fetched += 1
                self._answer(issuer.jwks(), 503 if issuer.silent else 200)

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                client = form.get("client_id", ["scripts"])[0]
                claims = {"azp": client, "aud": form["audience"][0]} | issuer.persons.get(
                    client, {}
                )
                self._answer({"access_token": issuer.token(**claims), "expires_in": 300})

            def _answer(self, document: dict, status: int = 200) -> None:
                text = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@contextmanager
def issuing() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer
