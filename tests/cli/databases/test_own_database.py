"""`backup`, `restore`, `db upgrade-server` and `licences` as they are typed."""

from pathlib import Path

from app.models.embedded import EmbeddedServer
from tests.cli.conftest import RunRegistry


def test_that_the_own_database_is_saved_and_comes_back_by_two_commands(
    run_registry: RunRegistry, server_folder: Path, tmp_path: Path
) -> None:
    own = ("--data-folder", server_folder)
    file = tmp_path / "season.backup"
    # The server runs on between the commands, which would start and stop it each.
    with EmbeddedServer.open(server_folder):
        assert run_registry("db", "init", *own).code == 0
        saved = run_registry("backup", file, "--json", *own)
        assert saved.code == 0, saved.err
        again = run_registry("backup", file, *own)
        assert (again.code, "--force" in again.err) == (1, True)
        restored = run_registry("restore", file, "--replace", "--json", *own)
        assert restored.code == 0, restored.err
        assert restored.document["rows"] == saved.document["rows"] > 0
        asked = run_registry("db", "upgrade-server", *own)
        assert "no newer one is here" in asked.out


def test_that_a_server_of_others_is_not_saved_so(
    run_registry: RunRegistry, dsn: str, tmp_path: Path
) -> None:
    refused = run_registry("backup", tmp_path / "season.backup", "--dsn", dsn)
    assert refused.code == 1
    assert "This is for the program's own database" in refused.err


def test_that_licences_are_listed_and_printed(run_registry: RunRegistry) -> None:
    assert "psycopg" in run_registry("licences").out
    texts = run_registry("licences", "--texts").out
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in texts
    assert "PostgreSQL Database Management System" in texts
