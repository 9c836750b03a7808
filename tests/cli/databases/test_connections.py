"""`connections ...` and `--connection`: the list of servers without the window."""

import io
import json
import sys

import keyring
import pytest
from keyring.backends import fail
from psycopg.conninfo import conninfo_to_dict

from tests.pooler import needs_pgbouncer, pooler
from tests.test_settings import MemoryKeyring


class ForgettingKeyring(MemoryKeyring):
    """Keeps secrets until they are deleted."""

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def kept(monkeypatch) -> MemoryKeyring:
    before, memory = keyring.get_keyring(), ForgettingKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture
def add_server(run_registry, dsn, kept, monkeypatch):
    """Keeps the server of the tests under a name."""

    def add(name, *words):
        parts = conninfo_to_dict(dsn)
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{parts.get('password', '')}\n"))
        return run_registry(
            *("connections", "add", name, "--kind", "test", "--host", parts["host"]),
            *("--port", parts.get("port", "5432"), "--database", parts["dbname"]),
            *("--login", parts["user"], "--proof", "password", "--ask-password"),
            *("--sslmode", "prefer", *words),
        )  # fmt: skip

    return add


def test_that_a_server_is_kept_tried_used_and_removed(run_registry, add_server, kept, tmp_path):
    added = add_server("here")
    assert (added.code, added.err) == (0, "")
    tried = run_registry("connections", "test", "here", "--json")
    assert tried.code == 0, tried.out
    assert tried.document["works"]
    about = {each["about"]: each for each in tried.document["findings"]}
    assert about["tables"]["level"] == "good"
    assert about["rights"]["level"] == "warning"
    assert "this machine" in about["protection"]["text"]
    assert run_registry("--connection", "here", "runs", "list").out == "No run.\n"
    assert run_registry("connections", "use", "here").code == 0
    assert run_registry("runs", "list").out == "No run.\n"
    assert "This connection works" in run_registry("connections", "test").out
    wrote = run_registry("config", "reclassify", "--apply")
    assert "writes to here (postgresql://" in wrote.err
    listed = run_registry("connections", "list")
    assert "*     here" in listed.out
    (secret,) = kept.kept.values()
    everything = listed.out + (tmp_path / "connections.json").read_text() + tried.out
    assert secret
    assert secret not in everything
    assert run_registry("connections", "remove", "here").code == 0
    assert kept.kept == {}
    assert run_registry("connections", "list", "--json").document["connections"][-1]["used"]


def test_that_production_gets_its_address_and_another_name(run_registry):
    refused = run_registry("connections", "use", "production")
    assert (refused.code, "no address yet" in refused.err) == (1, True)
    words = ("--host", "db.invalid", "--database", "rr", "--port", "5433")
    assert run_registry("connections", "edit", "production", *words).code == 0
    tried = run_registry("connections", "test", "production", "--json")
    assert tried.code == 1
    (finding,) = tried.document["findings"]
    assert finding["about"] == "host unknown"
    assert "VPN" in finding["remedy"]
    renamed = run_registry("connections", "edit", "production", "--name", "old one", "--json")
    assert renamed.document["connection"]["name"] == "old one"
    assert run_registry("connections", "list").out.count("no address yet") == 2


@pytest.mark.parametrize(
    "words",
    [
        ("add", "demonstration"),
        ("add", "a\x1b[31m"),
        ("add", "a", "--host", "b"),
        ("add", "a", "--port", "none", "--host", "b", "--database", "c"),
        ("add", "a", "--ask-password"),
        ("edit", "nosuch", "--host", "b"),
        ("use", "nosuch"),
        ("remove", "demonstration"),
        ("test", "nosuch"),
    ],
)
def test_that_what_can_t_be_is_refused_in_a_sentence(run_registry, words):
    refused = run_registry("connections", *words)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.count("\n") == 1
    assert "\x1b" not in refused.err


def test_that_without_a_keyring_the_password_is_told_to_belong_elsewhere(add_server, kept):
    keyring.set_keyring(fail.Keyring())
    refused = add_server("here")
    assert (refused.code, "~/.pgpass" in refused.err) == (1, True)


def test_that_a_named_connection_and_a_dsn_are_not_both_followed(
    run_registry, add_server, dsn, monkeypatch
):
    add_server("here")
    for words in (("--dsn", dsn), ()):
        if not words:
            monkeypatch.setenv("RUN_REGISTRY_DSN", dsn)
        refused = run_registry("--connection", "here", *words, "runs", "list")
        assert (refused.code, "wins" in refused.err) == (2, True)
    used = run_registry("connections", "use", "here")
    assert (used.code, "dsn is set" in used.err) == (0, True)
    assert run_registry("--headless", "--connection", "here").code == 2


def test_that_nothing_is_written_over_a_read_only_connection(run_registry, add_server, dsn):
    assert run_registry("--dsn", dsn, "db", "init", "--default-configuration").code == 0
    add_server("look", "--read-only", "yes")
    assert run_registry("--connection", "look", "runs", "list").out == "No run.\n"
    refused = run_registry("--connection", "look", "config", "add-workspace", "new", "--online")
    assert (refused.code, "read-only" in refused.err) == (1, True), refused.err
    assert run_registry("--dsn", dsn, "config", "add-workspace", "new", "--online").code == 0


@pytest.mark.expected_log("is faulty")
def test_that_a_command_is_not_led_elsewhere_by_a_faulty_list(run_registry, tmp_path):
    (tmp_path / "connections.json").write_text("{")
    refused = run_registry("runs", "list")
    assert (refused.code, "connections.json.faulty" in refused.err) == (1, True)


@pytest.mark.expected_log("is faulty")
def test_that_a_faulty_list_is_listed_with_what_is_left(run_registry, tmp_path):
    (tmp_path / "connections.json").write_text(json.dumps({"format": 1, "connections": [0]}))
    listed = run_registry("connections", "list")
    assert listed.code == 0
    assert "demonstration" in listed.out
    assert "faulty" in listed.out


@needs_pgbouncer
def test_that_a_connection_through_a_pooler_has_its_own_direct_address(
    run_registry, add_server, dsn, monkeypatch
):
    parts = conninfo_to_dict(dsn)
    with pooler(dsn) as pooled:
        at = conninfo_to_dict(pooled)
        direct = f"{parts['host']}:{parts['port']}"
        assert add_server("pooled").code == 0
        changed = ("--host", at["host"], "--port", at["port"], "--direct", direct)
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{parts['password']}\n"))
        edited = run_registry("connections", "edit", "pooled", *changed, "--ask-password")
        assert edited.code == 0, edited.err
        looked = run_registry("--connection", "pooled", "db", "check")
        assert "pooler" not in looked.out
        without = run_registry("connections", "edit", "pooled", "--direct", "")
        assert without.code == 0, without.err
        assert "pooler" in run_registry("--connection", "pooled", "db", "check").out
