"""A login that may read the shared tables alone is never told that there is nothing beside them."""

import psycopg
import pytest

from tests.cli.conftest import FIRST

READER = "hidden_record_reader"


@pytest.fixture
def reader(run_registry, registry_dsn):
    """`run_registry` with a login that may only read the shared tables."""
    name = f"{READER}_{registry_dsn.rpartition('/')[2].partition('?')[0]}"
    with psycopg.connect(registry_dsn, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'p'")
        owner.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    rest = registry_dsn.partition("@")[2]
    yield lambda *words: run_registry("--dsn", f"postgresql://{name}:p@{rest}", *words)
    with psycopg.connect(registry_dsn, autocommit=True) as owner:
        owner.execute(f"DROP OWNED BY {name}")
        owner.execute(f"DROP ROLE {name}")


def test_that_what_a_login_may_not_read_is_not_said_to_be_nothing(reader, registry):
    for words in (
        ("agent", "list"),
        ("agent", "proposals"),
        ("notes", "list", FIRST),
        ("wishes", "list"),
        ("golden", "published"),
        ("verify", "list", FIRST, "online"),
        ("log", "--kind", "note"),
    ):
        refused = reader(*words)
        assert refused.code == 1, words
        assert "can't be read here: this login may not look into the schema record" in refused.err
        assert len(refused.err.splitlines()) == 1
    assert reader("log").code == reader("runs", "show", FIRST).code == 0
    with_all = registry("notes", "list", FIRST)
    assert (with_all.code, with_all.out) == (0, "No note.\n")
