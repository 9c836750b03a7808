"""Where secrets are: in the environment, handed over by the service manager, or in the keyring."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from app.domain.errors import BadInput


class Secret(Struct, frozen=True):
    """Where a secret may be: a variable of the environment, what the service manager hands over,
    and the keyring. That is asked only where another setting has a value (`goes_with`); the secret
    stands there under it if it is a name, else under its own."""

    variable: str
    handed: str
    goes_with: str


SECRETS: Mapping[str, Secret] = {
    "oms_client_secret": Secret("RUN_REGISTRY_OMS_SECRET", "oms-secret", "oms_client_id"),
    "mail_password": Secret("RUN_REGISTRY_MAIL_PASSWORD", "mail-password", "mail_user"),
    "webhook_url": Secret("RUN_REGISTRY_WEBHOOK_URL", "webhook-url", "webhook_kinds"),
}
"""The settings that no file holds."""


def variable(name: str) -> str:
    """The variable of the environment that gives a setting."""
    secret = SECRETS.get(name)
    return f"RUN_REGISTRY_{name.upper()}" if secret is None else secret.variable


def credential(name: str, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file of a secret that systemd hands over to the service (`LoadCredential`), if it does;
    who may read such a file is its business."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    file = Path(folder or "") / name
    return file if folder and file.is_file() else None


def secret_in(file: Path) -> str:
    """The secret of such a file. BadInput where it can't be read."""
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The credential {file} can't be read: {error}.") from error
