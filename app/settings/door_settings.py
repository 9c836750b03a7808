"""Settings of the HTTP door."""

from dataclasses import dataclass
from pathlib import Path

from app.settings.declared import setting
from app.settings.values import Applications, Names, WebAddress


# A part of the settings: nobody makes it alone.
@dataclass(frozen=True, init=False, repr=False, eq=False)
class DoorSettings:
    """Whom the HTTP door believes, where it is found, and how much it gives at most."""

    door_issuer: WebAddress | None = setting(
        "Issuer whose tokens the HTTP door believes, "
        "such as https://auth.cern.ch/auth/realms/cern; without one it takes none."
    )
    door_audience: Names = setting("Audiences that tokens must be made for, one of them.", ())
    door_keys_url: WebAddress | None = setting(
        "Address of the issuer's public keys (JWKS); "
        "without one it is /protocol/openid-connect/certs below the issuer."
    )
    door_groups_claim: str = setting("Claim of a token that holds the person's e-groups.", "groups")
    door_proxy_addresses: Names = setting(
        "IP addresses of the proxy that logs people in for the HTTP door.", ()
    )
    door_proxy_secret_file: Path | None = setting(
        "File with the secret by which that proxy proves itself, in the header "
        "X-Run-Registry-Proxy."
    )
    door_url: WebAddress | None = setting(
        "Address under which others find the HTTP door, such as "
        "https://runregistry.example.ch; its feed and its pages link to it."
    )
    door_body_mb: int = setting(
        "Size of a request that the door takes at most.", 16, least=1, most=400
    )
    door_page_rows: int = setting(
        "Rows of a page that the door gives at most.", 20_000, least=50, most=100_000
    )
    door_connections: int = setting(
        "Connections to the database that the door has.", 16, least=2, most=200
    )
    applications: Applications = setting(
        "Person whom the tokens of an application stand for, by its client id: an "
        "e-mail, and e-groups that count where the database proves no rights.",
        made=dict,
    )
