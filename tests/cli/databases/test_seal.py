"""`seal` from the command line: sealing, verifying, roots, proofs, keys."""

import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.cli.test_golden import NAME, rule, signed_off
from tests.conftest import TEMPLATE, TestServer, another_server

__all__ = ["rule", "signed_off"]


@pytest.fixture(scope="module")
def server() -> Iterator[TestServer]:
    """A server of these tests alone: transactions of others on it hold the seal back."""
    with another_server() as server:
        yield server


@pytest.fixture(scope="module")
def template(server: TestServer) -> str:
    """Name of the database that `database` copies, on that server."""
    return server.template(TEMPLATE)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data folder of the command's own."""
    monkeypatch.setenv("RUN_REGISTRY_DATA_FOLDER", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def sealed(run_registry, folder, dsn):
    """A database with some versions, sealed with a key; runs a command on it."""

    def run(*words):
        return run_registry(*words, "--dsn", dsn)

    made = run("seal", "key", "new", "--name", "p5", "--json")
    assert made.code == 0, made.err
    assert stat.S_IMODE(Path(made.document["file"]).stat().st_mode) == 0o600
    with psycopg.connect(dsn) as connection:
        for number in range(3):
            connection.execute(
                'INSERT INTO "Version" ("by", comment, "createdAt") VALUES (%s, %s, now())',
                ["a@cern.ch", f"comment {number}"],
            )
    done = run("seal", "now", "--no-wait", "--json")
    assert done.code == 0, done.err
    return run


def old(run):
    """Has the old versions sealed, too, which takes the time until none can come late."""
    return run("seal", "now", "--json")


def test_that_a_history_is_sealed_and_verified(sealed, monkeypatch):
    monkeypatch.setattr("app.services.seal.sealing._SETTLED_S", 0.0)
    assert sealed("seal", "verify", "--json").document["unsealed"]["old"] == 3
    done = old(sealed)
    assert (done.code, done.document["older_left"]) == (0, 0)
    verified = sealed("seal", "verify")
    assert verified.code == 0
    assert verified.out.startswith("Nothing was altered: 3 versions and ")
    assert "Signed with the key p5+" in verified.out
    document = sealed("seal", "verify", "--json").document
    assert (document["good"], document["versions"], document["unsealed"]["old"]) == (True, 3, 0)
    assert document["signed"]["trusted"]


def test_that_an_alteration_is_named_and_ends_with_one(sealed, dsn, monkeypatch):
    monkeypatch.setattr("app.services.seal.sealing._SETTLED_S", 0.0)
    old(sealed)
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE \"Version\" SET comment = 'other' WHERE atomic_version = 2")
    verified = sealed("seal", "verify")
    assert verified.code == 1
    assert "1 fault in 3 versions" in verified.out
    assert "version 2, by a@cern.ch, was altered, sealed " in verified.out
    assert '"comment 1"' in verified.out
    (finding,) = sealed("seal", "verify", "--json").document["findings"]
    assert (finding["fault"], finding["what"]) == ("altered", "version 2")
    assert finding["rows"][0]["row"] == "Version 2"
    proof = sealed("seal", "proof", "2")
    assert proof.code == 1
    assert proof.out.startswith("Version 2 is not what was sealed as leaf ")


def test_that_a_root_is_kept_and_compared(sealed, tmp_path, monkeypatch):
    monkeypatch.setattr("app.services.seal.sealing._SETTLED_S", 0.0)
    kept = tmp_path / "root"
    first = sealed("seal", "root", "--out", kept)
    assert kept.read_text().rstrip("\n") == first.out.rstrip("\n")
    old(sealed)
    document = sealed("seal", "root", "--json").document
    assert document["signed"] is True
    assert document["checkpoint"].split("\n")[1] == str(document["size"])
    for since in (kept, f"{document['size']}:{document['root']}"):
        assert sealed("seal", "verify", "--since", since).code == 0
        proved = sealed("seal", "root", "--since", since)
        assert (proved.code, "are the same as then" in proved.out) == (0, True)
    assert "Compared with root, which was kept of " in sealed("seal", "verify", "--since", kept).out
    kept.write_text(kept.read_text().split("\n\n")[0] + "\n\n")
    unsigned = sealed("seal", "verify", "--since", kept)
    assert (unsigned.code, "isn't signed with the key p5+" in unsigned.out) == (0, True)
    wrong = f"{document['size']}:{'00' * 32}"
    assert sealed("seal", "verify", "--since", wrong).code == 1
    assert sealed("seal", "root", "--since", wrong).code == 1
    longer = sealed("seal", "root", "--since", f"1000:{'00' * 32}")
    assert (longer.code, "there are only" in longer.err) == (1, True)


def test_that_a_version_is_proved(sealed, monkeypatch):
    monkeypatch.setattr("app.services.seal.sealing._SETTLED_S", 0.0)
    early = sealed("seal", "proof", "2")
    assert (early.code, "is not sealed" in early.err) == (1, True)
    old(sealed)
    proof = sealed("seal", "proof", "2", "--json").document
    assert proof["holds"]
    assert proof["content"].startswith('["Version", 2, "a@cern.ch", "comment 1", ')
    assert "as it was sealed" in sealed("seal", "proof", "2").out
    assert "There is no version 99" in sealed("seal", "proof", "99").err


def test_that_what_can_t_be_read_is_refused(sealed, tmp_path):
    for words in (
        ("--since", "nothing"),
        ("--since", tmp_path / "missing"),
        ("--key", "nothing"),
        ("--key", "a+b+c"),
        (tmp_path / "missing.json",),
        ("--list", "99"),
    ):
        answer = sealed("seal", "verify", *words)
        assert (answer.code, answer.out, bool(answer.err)) == (1, "", True), words


def test_that_an_exported_list_is_verified_by_its_file(signed_off, rule, tmp_path, folder):
    signed_off("seal", "now", "--no-wait")
    made = signed_off(
        "golden", "generate", "--datasets", NAME, "--rule", rule, "--out", tmp_path / "a.json",
        "--insist", "--json",
    )  # fmt: skip
    assert made.code == 0, made.err
    id_ = made.document["id"]
    signed_off("golden", "export", id_, "--out", tmp_path / "list.json", "--provenance")
    beside = tmp_path / "list.provenance.json"
    verified = signed_off("seal", "verify", beside)
    assert verified.code == 0, verified.out + verified.err
    assert "rests on" in verified.out
    assert signed_off("seal", "verify", "--list", id_).code == 0
    assert signed_off("golden", "reproduce", id_, "--json").document["sealed_history_is_the_same"]


def test_that_a_refusal_to_seal_is_told_by_db_check_and_verify(sealed, folder, dsn):
    with psycopg.connect(dsn) as control:
        control.execute("SET session_replication_role = replica")
        control.execute("DELETE FROM seal.leaf")
        control.execute("DELETE FROM seal.checkpoint")
    refused = sealed("seal", "now", "--no-wait")
    assert (refused.code, "isn't the one that this key has signed" in refused.err) == (1, True)
    checked = sealed("db", "check")
    assert "seals nothing since" in checked.out
    (told,) = sealed("db", "check", "--json").document["seal_refusals"]
    assert told["why"] in sealed("seal", "verify").out
