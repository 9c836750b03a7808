"""What can't be derived moves to the schema `record`; who still looks for it here is told."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# A program that still runs while this happens meets views that answer every statement in words.
# Its errors are sorted by their code, and this one is shown to the person as it is written.
_TELL = """
    CREATE FUNCTION desk.moved() RETURNS SETOF record LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'this program is too old for the database, close it and update it'
            USING ERRCODE = 'insufficient_privilege';
    END
    $$;
    CREATE FUNCTION desk.moved_row() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM desk.moved();
        RETURN NULL;
    END
    $$
"""
_OLD_COLUMNS = {
    "agent": (
        "id integer, name text, version text, owner text, columns jsonb, registered timestamptz,"
        " retired timestamptz"
    ),
    "proposal": (
        'id bigint, agent integer, run_number integer, name text, "column" text, ranges jsonb,'
        " status text, comment text, cause text, proposed timestamptz, state text,"
        " decided_by text, decided timestamptz, version integer, reason text"
    ),
    "cycle_history": (
        'id integer, id_cycle integer, "at" timestamptz, "by" text, what text, details jsonb'
    ),
    "generated_json_provenance": (
        "generated_json_id integer, program_version text, sha256 text, datasets jsonb"
    ),
}

# Numbers go on where those of the record end: a program that didn't know the record can have
# made a schema `desk` of its own after the first one was dropped.
_MOVE = """
DO $$
DECLARE
    last_agent integer;
    last_proposal bigint;
    last_entry integer;
BEGIN
    IF to_regclass('record.proposal_decision') IS NULL THEN
        RETURN;
    END IF;
    LOCK TABLE desk.agent, desk.proposal, desk.cycle_history, desk.generated_json_provenance
        IN ACCESS EXCLUSIVE MODE;
    SELECT coalesce(max(id), 0) INTO last_agent FROM record.agent;
    SELECT coalesce(max(id), 0) INTO last_proposal FROM record.proposal;
    SELECT coalesce(max(id), 0) INTO last_entry FROM record.cycle_history;

    INSERT INTO record.agent (id, name, version, owner, columns, registered)
    OVERRIDING SYSTEM VALUE
    SELECT last_agent + id, name, version, owner, columns, registered FROM desk.agent
    ON CONFLICT (name, version) DO NOTHING;

    INSERT INTO record.agent_retirement (agent, "at")
    SELECT kept.id, old.retired
    FROM desk.agent AS old JOIN record.agent AS kept USING (name, version)
    WHERE old.retired IS NOT NULL AND NOT EXISTS (
        SELECT FROM desk.agent AS newer WHERE newer.name = old.name AND newer.id > old.id
    )
    ON CONFLICT DO NOTHING;

    INSERT INTO record.proposal
        (id, agent, run_number, name, "column", ranges, status, comment, cause, proposed)
    OVERRIDING SYSTEM VALUE
    SELECT last_proposal + made.id, kept.id, run_number, made.name, "column", ranges, status,
        comment, cause, proposed
    FROM desk.proposal AS made
    JOIN desk.agent AS old ON old.id = made.agent
    JOIN record.agent AS kept ON (kept.name, kept.version) = (old.name, old.version);

    INSERT INTO record.proposal_decision (proposal, state, "by", "at", version, reason)
    SELECT last_proposal + id, state, decided_by, coalesce(decided, proposed), version, reason
    FROM desk.proposal WHERE state <> 'open';

    INSERT INTO record.cycle_history (id, id_cycle, "at", "by", what, details)
    OVERRIDING SYSTEM VALUE
    SELECT last_entry + id, id_cycle, "at", "by", what, details FROM desk.cycle_history;

    INSERT INTO record.generated_json_provenance
        (generated_json_id, program_version, sha256, datasets, "by", "at")
    SELECT made.generated_json_id, program_version, sha256, datasets, list.created_by,
        coalesce(list."createdAt", now())
    FROM desk.generated_json_provenance AS made
    LEFT JOIN "GeneratedJson" AS list ON list.id = made.generated_json_id
    ON CONFLICT DO NOTHING;

    PERFORM setval(pg_get_serial_sequence('record.agent', 'id'), max(id))
        FROM record.agent HAVING max(id) IS NOT NULL;
    PERFORM setval(pg_get_serial_sequence('record.proposal', 'id'), max(id))
        FROM record.proposal HAVING max(id) IS NOT NULL;
    PERFORM setval(pg_get_serial_sequence('record.cycle_history', 'id'), max(id))
        FROM record.cycle_history HAVING max(id) IS NOT NULL;
END
$$
"""


def upgrade() -> None:
    """From what was kept beside the read models to a schema of its own."""
    op.execute(_MOVE)
    op.execute(
        "DROP TABLE desk.proposal, desk.agent, desk.cycle_history, desk.generated_json_provenance"
    )
    op.execute(_TELL)
    for table, columns in _OLD_COLUMNS.items():
        op.execute(f"CREATE VIEW desk.{table} AS SELECT * FROM desk.moved() AS moved ({columns})")
        op.execute(
            f"CREATE TRIGGER moved INSTEAD OF INSERT OR UPDATE OR DELETE ON desk.{table}"
            " FOR EACH ROW EXECUTE FUNCTION desk.moved_row()"
        )
        # The views hold nothing: whoever can't use them would read something less clear.
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON desk.{table} TO PUBLIC")
