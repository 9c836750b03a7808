"""`settings ...`: settings listed, looked at, changed, without the window."""

import io
import sys

import keyring
import pytest

from tests.test_preferences import ForgettingKeyring


@pytest.fixture
def kept():
    before, memory = keyring.get_keyring(), ForgettingKeyring()
    keyring.set_keyring(memory)
    yield memory.kept
    keyring.set_keyring(before)


def test_that_a_setting_is_set_looked_at_and_unset(run_registry, tmp_path):
    file = tmp_path / "settings.toml"
    done = run_registry("settings", "set", "theme", "dark")
    assert (done.code, done.err, done.out) == (0, "", f"theme is dark in {file}.\n")
    assert file.read_text() == 'theme = "dark"\n'
    got = run_registry("settings", "get", "theme", "--json").document
    assert (got["value"], got["origin"], got["where"]) == ("dark", "settings file", str(file))
    assert "Choices: system, light, dark." in run_registry("settings", "get", "theme").out
    listed = run_registry("settings", "list", "--set", "--json").document
    assert {each["name"] for each in listed["settings"]} == {
        *("theme", "user", "egroups", "connections_file"),
    }
    unset = run_registry("settings", "unset", "theme")
    assert unset.out == "theme has its default again: system.\n"


def test_that_settings_are_found_by_words(run_registry):
    names = {
        each["name"]
        for each in run_registry("settings", "list", "seconds", "oms", "--json").document[
            "settings"
        ]
    }
    assert names == {"pull_interval_s", "request_pause_s"}
    assert run_registry("settings", "list", "no-such-word").out == "No setting has these words.\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("set", "them", "dark"), "Did you mean theme?"),
        (("set", "theme", "blue"), "theme is one of system, light, dark."),
        (("set", "theme"), "Give a value for theme"),
        (("set", "user", "me@cern.ch"), "RUN_REGISTRY_USER in the environment sets user"),
        (("unset", "user"), "RUN_REGISTRY_USER in the environment sets user"),
        (
            ("set", "oms_client_secret", "s3cretword"),
            "Others can read what stands on a command line.",
        ),
        (("set", "oms_client_secret"), "Set oms_client_id first"),
        (("get", "nothing"), "There is no setting nothing."),
    ],
)
def test_that_what_cannot_be_is_refused_with_the_reason(
    run_registry, words, says, kept, monkeypatch
):
    monkeypatch.setattr(sys, "stdin", io.StringIO("s3cretword\n"))
    refused = run_registry("settings", *words)
    assert refused.code == 1
    assert says in refused.err
    assert "s3cretword" not in refused.err


def test_that_a_secret_is_read_from_a_pipe(run_registry, kept, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("s3cretword\n"))
    assert run_registry("settings", "set", "oms_client_id", "me").code == 0
    done = run_registry("settings", "set", "oms_client_secret")
    assert done.out == "oms_client_secret is in the system keyring.\n"
    assert list(kept.values()) == ["s3cretword"]
    assert run_registry("settings", "unset", "oms_client_secret").code == 0
    assert kept == {}
