"""Whatever is altered is found and named, on every server."""

from dataclasses import dataclass, replace

import psycopg
import pytest

from app.domain.errors import Refused
from app.domain.progress import Cancelled, Progress
from app.domain.seal.findings import Fault
from app.models.database.engine import Database
from app.models.seal import sources
from app.services.acting import Acting
from app.services.certification import runs
from app.services.seal import verifying
from app.services.seal.verifying import EVERYTHING, Expected
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST

VERSION = 'SELECT min(atomic_version) FROM "Version" WHERE "by" = \'expert@cern.ch\''
"""The first version that a person made: it edits lumisections."""
EVENT = f'SELECT min(version) FROM "Event" WHERE atomic_version = ({VERSION})'


def test_that_nothing_is_found_where_nothing_was_altered(season):
    report = season.verify(replace(EVERYTHING, key=season.signer.public))
    assert (report.good, report.findings) == (True, ())
    assert report.versions == season.ask('SELECT count(*) FROM "Version"')
    assert report.rows > 20
    assert (report.unsealed.new, report.unsealed.old, report.unsealed.rows) == (0, 0, 0)
    assert (report.signed.size, report.signed.trusted) == (report.size, True)
    assert report.summary.startswith("Nothing was altered: ")


ATTACKS = {
    "a flipped byte in a value": (
        "UPDATE \"JSONBDeduplication\" SET jsonb = jsonb_set(jsonb, '{dt-dt,status}', '\"BAD\"')"
        f' WHERE id = (SELECT lumisection_metadata_id FROM "LumisectionEvent"'
        f" WHERE version = ({EVENT}))",
        f"version ({VERSION})",
        "altered",
        "JSONBDeduplication",
    ),
    "another author": (
        f'UPDATE "Version" SET "by" = \'other@cern.ch\' WHERE atomic_version = ({VERSION})',
        f"version ({VERSION})",
        "altered",
        "Version",
    ),
    "another time": (
        f'UPDATE "Version" SET "createdAt" = \'1999-01-01\' WHERE atomic_version = ({VERSION})',
        f"version ({VERSION})",
        "altered",
        "Version",
    ),
    "fewer lumisections": (
        f'DELETE FROM "LumisectionEventAssignation" WHERE version = ({EVENT})'
        " AND lumisection_number = 3",
        f"version ({VERSION})",
        "altered",
        "LumisectionEventAssignation",
    ),
    "a removed event": (
        f'DELETE FROM "Event" WHERE version = ({EVENT})',
        f"version ({VERSION})",
        "removed",
        "Event",
    ),
    "a removed content": (
        f'DELETE FROM "LumisectionEvent" WHERE version = ({EVENT})',
        f"version ({VERSION})",
        "removed",
        "LumisectionEvent",
    ),
    "an event added": (
        f'INSERT INTO "Event" (version, atomic_version) VALUES (900000, ({VERSION}))',
        f"version ({VERSION})",
        "slipped in",
        "Event",
    ),
    "a content added to an event": (
        'INSERT INTO "RunEvent" (version, run_number, oms_metadata, rr_metadata, deleted,'
        f" manual_change) VALUES (({EVENT}), 1, '{{}}', '{{}}', false, true)",
        f"version ({VERSION})",
        "slipped in",
        "RunEvent",
    ),
    "a word by hand made automatic": (
        f'UPDATE "LumisectionEvent" SET manual_change = false WHERE version = ({EVENT})',
        f"version ({VERSION})",
        "altered",
        "LumisectionEvent",
    ),
    "a bit of OMS": (
        'UPDATE "OMSLumisectionEvent" SET run_number = 1 WHERE version ='
        ' (SELECT min(version) FROM "OMSLumisectionEvent")',
        'version (SELECT atomic_version FROM "Event" WHERE version ='
        ' (SELECT min(version) FROM "OMSLumisectionEvent"))',
        "altered",
        "OMSLumisectionEvent",
    ),
    "a lumisection of OMS": (
        'UPDATE "OMSLumisectionEventAssignation" SET lumisection_number = 4711 WHERE version ='
        ' (SELECT min(version) FROM "OMSLumisectionEvent") AND lumisection_number ='
        ' (SELECT min(lumisection_number) FROM "OMSLumisectionEventAssignation" WHERE version ='
        '  (SELECT min(version) FROM "OMSLumisectionEvent"))',
        'version (SELECT atomic_version FROM "Event" WHERE version ='
        ' (SELECT min(version) FROM "OMSLumisectionEvent"))',
        "altered",
        "OMSLumisectionEventAssignation",
    ),
    "the state of a run": (
        'UPDATE "RunEvent" SET rr_metadata = rr_metadata || \'{"class": "Cosmics"}\''
        ' WHERE version = (SELECT min(version) FROM "RunEvent")',
        'version (SELECT atomic_version FROM "Event" WHERE version ='
        ' (SELECT min(version) FROM "RunEvent"))',
        "altered",
        "RunEvent",
    ),
    "the state of a dataset": (
        'UPDATE "DatasetEvent" SET deleted = true WHERE version ='
        ' (SELECT max(version) FROM "DatasetEvent")',
        'version (SELECT atomic_version FROM "Event" WHERE version ='
        ' (SELECT max(version) FROM "DatasetEvent"))',
        "altered",
        "DatasetEvent",
    ),
    "a changed permission": (
        'UPDATE "Permission" SET routes = \'[".*"]\' WHERE id = 2',
        "Permission (SELECT 2)",
        "altered",
        "Permission",
    ),
    "a permission added to a list": (
        'INSERT INTO "PermissionEntries" (id, "PL_id") VALUES (77, 1)',
        "PermissionList (SELECT 1)",
        "altered",
        "PermissionEntries",
    ),
    "a changed classifier": (
        'UPDATE "ComponentClassifier" SET enabled = false WHERE id = 3',
        "ComponentClassifier (SELECT 3)",
        "altered",
        "ComponentClassifier",
    ),
    "changed settings": (
        'UPDATE "Settings" SET metadata = \'{"by": "other@cern.ch"}\'',
        'Settings (SELECT min(id) FROM "Settings")',
        "altered",
        "Settings",
    ),
    "a changed official list": (
        'UPDATE "GeneratedJson" SET generated_json = \'{"1": [[1, 2]]}\' WHERE official',
        'GeneratedJson (SELECT min(id) FROM "GeneratedJson")',
        "altered",
        "GeneratedJson",
    ),
    "an official list made unofficial": (
        'UPDATE "GeneratedJson" SET official = false WHERE official',
        'GeneratedJson (SELECT min(id) FROM "GeneratedJson")',
        "removed",
        "GeneratedJson",
    ),
    "a changed provenance": (
        "UPDATE record.generated_json_provenance SET sha256 = 'x' WHERE generated_json_id = 1",
        "record.generated_json_provenance (SELECT 1)",
        "altered",
        "record.generated_json_provenance",
    ),
    "another root beside a list": (
        "UPDATE seal.list_root SET size = size - 1",
        "seal.list_root (SELECT min(generated_json_id) FROM seal.list_root)",
        "altered",
        "seal.list_root",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_that_what_is_altered_is_found_and_named(season, attack):
    statement, what, how, table = ATTACKS[attack]
    kind, _, query = what.partition(" ")
    number = season.ask(query)
    season.alter(statement)

    report = season.verify()

    assert not report.good
    (first, *_) = [each for each in report.findings if each.what == f"{kind} {number}"]
    assert first.sealed is not None
    found = {(each.row.split(" ")[0], each.what) for each in first.rows}
    assert (table, how) in found, first.text
    if first.rows[0].what == "altered":
        assert first.rows[0].after[:60] in first.text


def test_that_what_a_person_wrote_is_told_as_it_was(season):
    number = season.ask(VERSION)
    season.alter(f'UPDATE "Version" SET "by" = \'other@cern.ch\' WHERE atomic_version = {number}')
    (finding,) = season.verify().findings
    assert (finding.fault, finding.author) == (Fault.ALTERED, "expert@cern.ch")
    (row,) = finding.rows
    assert '"expert@cern.ch"' in row.before
    assert '"other@cern.ch"' in row.after
    assert finding.text.startswith(f"version {number}, by expert@cern.ch, was altered, sealed ")


def test_that_a_removed_version_is_named_with_its_author(season):
    number = season.ask(VERSION)
    season.alter(
        *(
            f'DELETE FROM "{table}" WHERE version IN'
            f' (SELECT version FROM "Event" WHERE atomic_version = {number})'
            for table in ("LumisectionEvent", "DatasetEvent", "LumisectionEventAssignation")
        ),
        f'DELETE FROM "Event" WHERE atomic_version = {number}',
        f'DELETE FROM "Version" WHERE atomic_version = {number}',
    )
    (finding,) = season.verify().findings
    assert (finding.fault, finding.what) == (Fault.REMOVED, f"version {number}")
    assert finding.author == "expert@cern.ch"
    assert '"expert@cern.ch"' in finding.rows[0].before


def test_that_swapped_versions_are_both_named(season):
    first, second = (
        season.ask(f'SELECT {which}(atomic_version) FROM "Version" WHERE "by" = \'expert@cern.ch\'')
        for which in ("min", "max")
    )
    season.alter(
        f'UPDATE "Event" SET atomic_version = CASE atomic_version WHEN {first} THEN {second}'
        f" ELSE {first} END WHERE atomic_version IN ({first}, {second})"
    )
    found = season.verify().findings
    assert [each.what for each in found] == [f"version {first}", f"version {second}"]


def test_that_a_version_with_a_number_from_a_gap_is_told_from_one_that_is_new(season):
    greatest = season.ask('SELECT max(atomic_version) FROM "Version"')
    season.alter(f"SELECT setval('\"Version_atomic_version_seq\"', {greatest + 5})")
    runs.move(Acting(season.db, EXPERT), FIRST, "OPEN")
    season.seal()
    gap = greatest + 3
    season.alter(
        'INSERT INTO "Version" (atomic_version, "by", "createdAt")'
        f" VALUES ({gap}, 'expert@cern.ch', '2025-05-01')"
    )
    with season.db.transaction() as connection:
        connection.exec_driver_sql(
            'INSERT INTO "Version" ("by", "createdAt") VALUES (\'new@cern.ch\', now())'
        )

    report = season.verify()
    (finding,) = report.findings
    assert (finding.fault, finding.what) == (Fault.SLIPPED_IN, f"version {gap}")
    assert "its number is from a gap" in finding.why
    assert report.unsealed.new == 1
    season.seal()
    again = season.verify()
    assert [each.what for each in again.findings] == [f"version {gap}"]
    assert again.unsealed.new == 0


def test_that_contents_without_an_event_are_named(season):
    season.alter(
        'INSERT INTO "LumisectionEvent" (version, run_number, name, lumisection_metadata_id,'
        f" manual_change) VALUES (900000, {FIRST}, 'online', 1, true)"
    )
    (finding,) = season.verify().findings
    assert (finding.fault, finding.what) == (Fault.SLIPPED_IN, "LumisectionEvent 900000")


def test_that_events_without_a_version_are_named(season):
    season.alter('INSERT INTO "Event" (version, atomic_version) VALUES (900000, 900000)')
    (finding,) = season.verify().findings
    assert (finding.fault, finding.what) == (Fault.SLIPPED_IN, "version 900000")
    assert finding.why == "events without a version"


def test_that_a_cycle_may_change_but_not_unnoticed(season):
    season.alter(
        'INSERT INTO "Cycle" (id_cycle, cycle_name, cycle_attributes, deadline, deleted,'
        " \"createdAt\", \"updatedAt\") VALUES (1, 'week 20', '{}', now(), false, now(), now())"
    )
    season.seal()
    season.alter(
        "UPDATE \"Cycle\" SET cycle_name = 'week 21', \"updatedAt\" = now() + interval '1 s'"
    )
    report = season.verify()
    assert (report.good, report.unsealed.rows) == (True, 1)
    season.seal()
    assert season.verify().unsealed.rows == 0
    season.alter("UPDATE \"Cycle\" SET cycle_name = 'week 22'")
    (finding,) = season.verify().findings
    assert finding.what == "Cycle 1"
    assert '"week 21"' in finding.rows[0].before
    season.alter('DELETE FROM "Cycle"')
    assert season.verify().findings[0].fault is Fault.REMOVED


# The seal itself


def test_that_the_removed_end_of_the_seal_is_found(season):
    size = season.verify().size
    season.alter(f"DELETE FROM seal.leaf WHERE position >= {size - 3}")
    texts = [each.text for each in season.verify().findings]
    assert any(f"has only {size - 3}" in each for each in texts)


def test_that_a_seal_cut_off_cleanly_is_found_with_a_kept_root(season):
    report = season.verify()
    kept = Expected(report.size, report.root, "a mail of May")
    season.alter(
        f"DELETE FROM seal.leaf WHERE position >= {report.size - 3}",
        f"DELETE FROM seal.checkpoint WHERE size > {report.size - 3}",
    )
    cut = season.verify()
    assert (cut.good, cut.unsealed.rows + cut.unsealed.new > 0) == (True, True)
    assert "compare with a kept checkpoint" in " ".join(cut.lines)
    (finding,) = season.verify(replace(EVERYTHING, expected=(kept,))).findings
    assert finding.fault is Fault.ROOT
    assert "a mail of May says so" in finding.text


def test_that_a_history_made_anew_is_found_by_the_signature_alone(season):
    """Somebody alters a row and computes the whole seal again, without the key."""
    season.alter(
        f'UPDATE "Version" SET "by" = \'other@cern.ch\' WHERE atomic_version = ({VERSION})'
    )
    season.alter("DELETE FROM seal.leaf", "DELETE FROM seal.checkpoint")
    forged = type(season.sealer)(season.db, "forger", None, clock=season.clock)
    season.sealer = forged
    season.seal()
    assert season.verify().good
    assert "No root is signed" in " ".join(season.verify().lines)
    (finding,) = season.verify(replace(EVERYTHING, key=season.signer.public)).findings
    assert finding.text.startswith("No root is signed with the key puller+")


def test_that_a_signature_over_another_history_is_told(season):
    number = season.ask("SELECT max(size) FROM seal.checkpoint")
    season.alter(
        f"UPDATE seal.checkpoint SET note = (SELECT note FROM seal.checkpoint"
        f" WHERE size < {number} ORDER BY size DESC LIMIT 1) WHERE size = {number}"
    )
    found = season.verify(replace(EVERYTHING, key=season.signer.public)).findings
    assert any("aren't those that were signed" in each.text for each in found)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE seal.leaf SET hash = sha256('x') WHERE position = 5", "had another root"),
        ("DELETE FROM seal.leaf WHERE position = 5", "Leaves 5 to 5 of the seal are missing"),
        ("UPDATE seal.checkpoint SET root = sha256('x')", "had another root"),
        ("UPDATE seal.leaf SET content = '[]' WHERE kind = 'seal.start'", "seal.start 0, was"),
        ("INSERT INTO seal.node VALUES (16, 3, sha256('x'))", "1 nodes of the seal belong to"),
    ],
)
def test_that_a_damaged_seal_is_told(season, statement, said):
    season.alter(statement)
    report = season.verify()
    assert not report.good
    assert any(said in each.text for each in report.findings), [
        each.text for each in report.findings
    ]


def test_that_marks_and_kept_words_that_were_altered_aren_t_believed(season):
    number = season.ask(VERSION)
    season.alter(
        "UPDATE seal.leaf SET content = replace(content, 'expert@', 'liar@')"
        f" WHERE kind = 'Version' AND number = {number}",
        f'UPDATE "Version" SET "by" = \'other@cern.ch\' WHERE atomic_version = {number}',
    )
    (finding,) = season.verify().findings
    assert finding.rows[0].before is None
    assert "before is not known" in finding.text


def test_that_every_table_of_the_record_and_of_the_configuration_is_sealed():
    kinds = {each.kind for each in (*sources.SHARED, *sources.OWN_RECORD, *sources.OWN_SEAL)}
    assert {"Settings", "Permission", "PermissionList", "GeneratedJson", "Cycle"} <= kinds
    assert {"record.agent", "record.proposal", "record.proposal_decision"} <= kinds
    assert "seal.list_root" in kinds


def test_that_verifying_can_be_cancelled_at_every_moment(season):
    wanted = replace(EVERYTHING, key=season.signer.public)
    for moment in range(1, 200):
        asked = iter(range(1, 1_000))
        progress = Progress(is_cancelled=lambda: next(asked) == moment)  # noqa: B023
        try:
            report = verifying.verify(Acting(season.db), wanted, progress)
        except Cancelled:
            continue
        break
    assert (report.good, moment > 10) == (True, True)


def test_that_a_database_without_a_seal_is_refused(season):
    season.alter("SELECT 1")
    with season.db.transaction() as connection:
        connection.exec_driver_sql("DROP SCHEMA seal CASCADE")
    with pytest.raises(Refused, match="no seal"):
        season.verify()


ROWS = (
    "INSERT INTO record.agent (name, version, owner, columns)"
    " VALUES ('dt-ml', '1', 'a@cern.ch', '[]')",
    "INSERT INTO record.agent_retirement (agent, \"by\") VALUES (1, 'a@cern.ch')",
    'INSERT INTO record.proposal (agent, run_number, name, "column", ranges, status, comment,'
    " cause) VALUES (1, 1, 'online', 'dt-dt', '[]', 'BAD', 'hv', 'hv')",
    'INSERT INTO record.proposal_decision (proposal, state, "by", version, reason)'
    " VALUES (1, 'written', 'a@cern.ch', 1, 'x')",
    'INSERT INTO record.cycle_history (id_cycle, "by", what, details)'
    " VALUES (1, 'a@cern.ch', 'created', '{}')",
    'INSERT INTO record.wish (kind, arguments, "by")'
    " VALUES ('settle', '{\"run\": 1}', 'a@cern.ch')",
    'INSERT INTO record.wish_outcome (wish, state, text, "by")'
    " VALUES (1, 'done', 'x', 'auto@auto - a@cern.ch')",
    "INSERT INTO record.golden_json_check (generated_json_id, equal, differing, program_version,"
    " \"by\") VALUES (1, false, 'x', '1', 'auto@auto')",
    'INSERT INTO record.note (kind, about, run_number, name, ranges, text, "by") VALUES'
    " ('reply', 1, 390001, 'online', '[]', 'x', 'a@cern.ch')",
    'INSERT INTO record.verification (run_number, name, workspace, verified, event, why, "by")'
    " VALUES (390001, '/a/b/DQM', 'dt', true, 3, 'x', 'a@cern.ch')",
    'INSERT INTO record.cycle_freeze (id_cycle, frozen, why, "by") VALUES'
    " (1, true, 'x', 'a@cern.ch')",
    "INSERT INTO record.publication (generated_json_id, name, era, kind, number, parent, why,"
    " \"by\") VALUES (1, 'Cert', 'Collisions2025', 'golden', 2, 7, 'x', 'a@cern.ch')",
    'INSERT INTO "Cycle" (id_cycle, cycle_name, cycle_attributes, deadline, deleted, "createdAt",'
    " \"updatedAt\") VALUES (1, 'week 20', '{}', now(), false, now(), now())",
    'INSERT INTO "JsonClassifier" (id, name, classifier, "createdAt")'
    " VALUES (1, 'rule', '{}', now())",
    'INSERT INTO "OfflineDatasetClassifier" (id, classifier, workspace, enabled, "createdAt")'
    " VALUES (1, '{}', 'dt', true, now())",
)
EVENTS = (
    "Version", "Event", "RunEvent", "DatasetEvent", "LumisectionEvent",
    "LumisectionEventAssignation", "OMSLumisectionEvent", "OMSLumisectionEventAssignation",
    "JSONBDeduplication",
)  # fmt: skip
MAY_CHANGE = {
    ("GeneratedJson", "deleted"),
    ("GeneratedJson", "updatedAt"),
    ("Cycle", "updatedAt"),
}
OTHER = {
    "integer": "{0} + 100000",
    "bigint": "{0} + 100000",
    "double precision": "{0} + 1",
    "text": "coalesce({0}, '') || '.'",
    "character varying": "coalesce({0}, '') || '.'",
    "boolean": "NOT {0}",
    "jsonb": "jsonb_build_array({0})",
    "timestamp with time zone": "{0} + interval '1 microsecond'",
}


@dataclass
class Table:
    """One row of a table, which can be put back with another value in one column."""

    control: psycopg.Connection
    name: str
    condition: str
    at: str = ""

    def columns(self):
        """Its columns, and SQL for another value of each."""
        rows = self.control.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            [self.name],
        )
        return {column: OTHER[type_.split("(")[0]].format(f'"{column}"') for column, type_ in rows}

    def keep(self):
        (self.at,) = self.control.execute(
            f"SELECT ctid::text FROM {self.name} WHERE {self.condition} LIMIT 1"
        ).fetchone()
        self.control.execute("DROP TABLE IF EXISTS kept")
        self.control.execute(
            f"CREATE TEMP TABLE kept AS SELECT * FROM {self.name} WHERE ctid = '{self.at}'::tid"
        )

    def put(self, values):
        self.control.execute(f"DELETE FROM {self.name} WHERE ctid = '{self.at}'::tid")
        (self.at,) = self.control.execute(
            f"INSERT INTO {self.name} OVERRIDING SYSTEM VALUE SELECT {values} FROM kept"
            " RETURNING ctid::text"
        ).fetchone()


def tables(control):
    """Every sealed table, with a row of it that is sealed."""
    conditions = {
        "GeneratedJson": "official",
        "JSONBDeduplication": 'id = (SELECT min(lumisection_metadata_id) FROM "LumisectionEvent")',
    }
    kinds = [each.kind for each in (*sources.SHARED, *sources.OWN_RECORD)]
    for kind in (*EVENTS, *kinds):
        name = kind if "." in kind else f'public."{kind}"'
        condition = "id = 1" if kind.endswith("List") else conditions.get(kind, "true")
        yield kind, Table(control, name, condition)


def test_that_a_change_in_any_column_of_any_table_is_found(season):
    season.alter(*ROWS)
    season.seal()
    assert season.verify().good
    with psycopg.connect(season.dsn, autocommit=True) as control:
        control.execute("SET session_replication_role = replica")
        for kind, table in tables(control):
            table.keep()
            columns = table.columns()
            for column, other in columns.items():
                if (kind, column) in MAY_CHANGE:
                    continue
                table.put(", ".join(other if each == column else f'"{each}"' for each in columns))
                assert not season.verify().good, f"{kind}.{column}"
            table.put("*")
            assert season.verify().good, kind


def test_that_a_number_far_beyond_the_others_hides_nothing(season):
    season.alter(
        'INSERT INTO "Version" (atomic_version, "by", "createdAt")'
        " VALUES (2000000000, 'a@cern.ch', now())"
    )
    season.seal()
    runs.move(Acting(season.db, EXPERT), FIRST, "OPEN")
    season.seal()
    report = season.verify()
    assert (report.good, report.unsealed.new) == (True, 0)
    assert "Version 2000000000 has a number that was never given out" in " ".join(report.lines)


def test_that_a_table_that_is_gone_is_named(season):
    season.alter("SELECT 1")
    with season.db.transaction() as connection:
        connection.exec_driver_sql("DROP SCHEMA record CASCADE")
    findings = season.verify().findings
    assert [each.text for each in findings] == [
        "The table record.generated_json_provenance was removed"
    ]


def test_that_who_may_only_read_can_verify(season):
    name = season.ask("SELECT current_database()::text")
    with psycopg.connect(season.dsn, autocommit=True) as control:
        control.execute(f"CREATE ROLE reader_{name} LOGIN PASSWORD 'p'")
        for schema in ("public", "record", "seal"):
            control.execute(f"GRANT USAGE ON SCHEMA {schema} TO reader_{name}")
            control.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader_{name}")
        dsn = psycopg.conninfo.make_conninfo(season.dsn, user=f"reader_{name}", password="p")
        reader = Database(dsn)
        reader.prepare()
        assert not reader.seal
        assert verifying.verify(Acting(reader)).rows == season.verify().rows
        control.execute(f"REVOKE ALL ON SCHEMA record FROM reader_{name}")
        notes = " ".join(verifying.verify(Acting(reader)).notes)
        assert "Rows of record.generated_json_provenance aren't compared" in notes
        reader.close()
        control.execute(f"DROP OWNED BY reader_{name}")
        control.execute(f"DROP ROLE reader_{name}")
