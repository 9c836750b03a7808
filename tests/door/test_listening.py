"""Why a door doesn't begin: what to do depends on why."""

import socket
import subprocess
import sys

import pytest

from app.domain.errors import Refused
from app.door.serving import listening


def test_that_a_port_in_use_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=rf"port {port}: .*another port with --port"):
            listening(["127.0.0.1"], port)


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_that_an_address_of_another_machine_is_told(host):
    with pytest.raises(Refused, match=rf"on {host}, .* Give --host an address of this machine"):
        listening([host], 0)


def test_that_a_secret_that_is_too_short_is_told_in_whole_words(server_folder, dsn):
    secret = server_folder / "secret"
    secret.write_text("guess me")
    settings = server_folder / "settings.toml"
    settings.write_text(
        f'door_proxy_addresses = ["127.0.0.1"]\ndoor_proxy_secret_file = "{secret}"\n'
    )
    ran = subprocess.run(
        [sys.executable, "-m", "app", "serve", "--port", "0", "--dsn", dsn, "--settings", settings],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 1
    assert f"The secret in {secret} has fewer than 32 characters." in ran.stderr
