"""Addresses that are refused before anything is asked there."""

from contextlib import closing

import pytest

import run_registry
from run_registry import RunRegistryError, compat
from tests.run_registry.scripted import Scripted, answer

NOT_SENT = r"isn't sent to http://door\.invalid:9500, .*use https"


def test_that_a_token_never_goes_to_another_machine_unencrypted():
    with pytest.raises(RunRegistryError, match=NOT_SENT):
        run_registry.connect("http://door.invalid:9500/", token="abc")
    with pytest.raises(RunRegistryError, match=NOT_SENT):
        compat.use("http://door.invalid:9500/", token="abc")
    for near in ("http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"):
        compat.use(near, token="abc")
    compat.close()


@pytest.mark.parametrize("address", ["localhost:9500", "ftp://server/file", "run_registry", ""])
@pytest.mark.parametrize("go", [run_registry.connect, compat.use])
def test_that_what_is_neither_a_database_nor_a_door_is_told_what_both_look_like(address, go):
    with pytest.raises(RunRegistryError, match=r"no address: .*postgresql://.*http://HOST:9500"):
        go(address)


def test_that_the_address_of_the_old_client_is_told_to_end_before_api():
    nothing = answer(b"<html>Cannot GET", "text/html", "404 Not Found")
    with closing(Scripted(nothing)) as server:
        with pytest.raises(RunRegistryError, match=r"404 Not Found: .*ends before /api"):
            run_registry.connect(f"{server.url}/api")
        with pytest.raises(RunRegistryError, match=r"404 Not Found: check the address\."):
            run_registry.connect(server.url)
