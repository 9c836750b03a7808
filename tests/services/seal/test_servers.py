"""The same rows are the same bytes on every server."""

import subprocess
from dataclasses import replace

import psycopg
import pytest

from app.domain.errors import Refused
from app.domain.seal.findings import Fault
from app.models.seal import unsealed
from app.services.seal.verifying import EVERYTHING, Expected
from tests.conftest import TEMPLATE, prepared
from tests.services.offline_runs import FIRST, sign_off_runs
from tests.services.seal.conftest import DEBIANS, sealed_of

ODD = (
    '{"z": 1.0, "a": 1e21,'
    ' "é": "\\u00e9 \\n \\\\ \\" \\ud83d\\ude00", "n": -0.1e-7, "deep": [[], {},'
    ' null, true], "bb": 100000000000000000000.50, "": ""}'
)


def leaf_of(server):
    """The leaf of one version with odd values, made on a server."""
    with server.opened(server.template(TEMPLATE)) as database:
        return _leaf_of(database, server)


def _leaf_of(database, server):
    name = database.dsn_without_password.rpartition("/")[2]
    with psycopg.connect(server.dsn(name)) as connection:
        connection.execute(
            'INSERT INTO "Version" VALUES (5, %s, %s, %s)',
            ["a@cern.ch", "tab\t \\ \N{SNOWMAN}", "2026-03-29 03:30:00.000100+02"],
        )
        connection.execute('INSERT INTO "Event" VALUES (7, 5)')
        connection.execute(
            'INSERT INTO "RunEvent" VALUES (7, 390001, %s, %s, false, true)', [ODD, ODD]
        )
    with database.read() as connection:
        (leaf,) = unsealed.version_leaves(connection, [5])
    return leaf


def test_that_a_version_has_the_same_leaf_on_every_server(server, debians_server):
    here, there = leaf_of(server), leaf_of(debians_server)
    assert here == there
    version, event, run = here.content.decode().split("\n")
    assert version == (
        '["Version", 5, "a@cern.ch", "tab\\t \\\\ \N{SNOWMAN}", "2026-03-29T01:30:00.0001+00:00"]'
    )
    assert event == '["Event", 7, 5]'
    assert run.startswith('["RunEvent", 7, 390001, {"": ""')


def dump(dsn, file):
    subprocess.run([DEBIANS / "pg_dump", "--format=custom", f"--file={file}", dsn], check=True)


def restored(server, file):
    """Name of a database made from a dump."""
    name = server.create()
    subprocess.run(
        [DEBIANS / "pg_restore", "--exit-on-error", f"--dbname={server.dsn(name)}", file],
        check=True,
    )
    return name


def test_that_a_restored_dump_is_whole_and_an_old_one_is_found(debians_server, key, tmp_path):
    with (
        debians_server.copy(debians_server.template(TEMPLATE)) as dsn,
        prepared(dsn) as database,
    ):
        before = sealed_of(database, dsn, key)
        before.sealer.seal_new()
        sign_off_runs(database, FIRST)
        before.seal()
        dump(dsn, tmp_path / "old")
        with database.transaction() as connection:
            connection.exec_driver_sql(
                'INSERT INTO "Version" ("by", "createdAt") VALUES (\'a@cern.ch\', now())'
            )
        before.seal()
        kept = before.verify()
        dump(dsn, tmp_path / "new")
    for file, good in (("new", True), ("old", False)):
        name = restored(debians_server, tmp_path / file)
        dsn = debians_server.dsn(name)
        with prepared(dsn) as database:
            after = sealed_of(database, dsn, key)
            assert after.verify().good
            expected = Expected(kept.size, kept.root, "a kept root")
            report = after.verify(replace(EVERYTHING, expected=(expected,), key=key.public))
            assert report.good == good
            if good:
                after.seal()
                assert after.verify().good
            else:
                assert [each.fault for each in report.findings] == [Fault.ROOT]
                with pytest.raises(Refused, match="isn't the one that this key has signed"):
                    after.sealer.seal_new()
        debians_server.drop(name)
