"""Where a door can't listen: what to do depends on why."""

import socket

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
