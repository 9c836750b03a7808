"""Settings of the HTTP door."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from app.settings.values import Applications, Names, WebAddress


class DoorSettings(BaseModel):
    """Whom the HTTP door believes, where it is found, and how much it gives at most."""

    # A part of the settings, which are checked as a whole: nothing is made to check it alone.
    model_config = ConfigDict(defer_build=True)

    door_issuer: WebAddress | None = Field(
        default=None,
        description="Issuer whose tokens the HTTP door believes, "
        "such as https://auth.cern.ch/auth/realms/cern; without one it takes none.",
    )
    door_audience: Names = Field(
        default=(), description="Audiences that tokens must be made for, one of them."
    )
    door_keys_url: WebAddress | None = Field(
        default=None,
        description="Address of the issuer's public keys (JWKS); "
        "without one it is /protocol/openid-connect/certs below the issuer.",
    )
    door_groups_claim: str = Field(
        default="groups", description="Claim of a token that holds the person's e-groups."
    )
    door_proxy_addresses: Names = Field(
        default=(), description="IP addresses of the proxy that logs people in for the HTTP door."
    )
    door_proxy_secret_file: Path | None = Field(
        default=None,
        description="File with the secret by which that proxy proves itself, in the header "
        "X-Run-Registry-Proxy.",
    )
    door_url: WebAddress | None = Field(
        default=None,
        description="Address under which others find the HTTP door, such as "
        "https://runregistry.example.ch; its feed and its pages link to it.",
    )
    door_body_mb: int = Field(
        default=16, ge=1, le=400, description="Size of a request that the door takes at most."
    )
    door_page_rows: int = Field(
        default=20_000, ge=50, le=100_000, description="Rows of a page that the door gives at most."
    )
    door_connections: int = Field(
        default=16, ge=2, le=200, description="Connections to the database that the door has."
    )
    applications: Applications = Field(
        default_factory=dict,
        description="Person whom the tokens of an application stand for, by its client id: an "
        "e-mail, and e-groups that count where the database proves no rights.",
    )
