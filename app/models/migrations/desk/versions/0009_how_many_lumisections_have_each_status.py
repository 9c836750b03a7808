"""How many lumisections of each dataset have each status, as numbers in fixed places.

Triggers on the shared tables, which `desk.py` adds, keep them as the summaries are, whoever writes
those.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_MOST_KEYS = 150
"""Columns, and bits, that have a place; a row stays on one page of the server."""

_LONGEST_KEY = 100

_MOST_NOTED = 1_000
"""Notes of what wasn't counted that one transaction takes up."""

_TABLES = (
    # The place of a column or bit never changes: arrays follow one another by it.
    f"""
    CREATE TABLE desk.counted_key (
        kind text,
        place smallint CHECK (place BETWEEN 1 AND {_MOST_KEYS}),
        key text NOT NULL,
        PRIMARY KEY (kind, place),
        UNIQUE (kind, key)
    )
    """,
    # `version` is that of the dataset, and `summary_version` that of its summary, null while there
    # is none or while it holds what isn't a number of lumisections.
    """
    CREATE TABLE desk.counts (
        run_number integer,
        name text,
        deleted boolean NOT NULL,
        version integer NOT NULL,
        summary_version integer,
        columns smallint[],
        bits smallint[],
        recorded double precision,
        delivered double precision,
        PRIMARY KEY (run_number, name)
    ) WITH (fillfactor = 80)
    """,
    # Whole tables are read of them: nothing shall have to be unpacked or fetched from elsewhere.
    "ALTER TABLE desk.counts ALTER COLUMN columns SET STORAGE PLAIN",
    "ALTER TABLE desk.counts ALTER COLUMN bits SET STORAGE PLAIN",
    """
    CREATE INDEX counts_stale ON desk.counts (run_number DESC, name)
        WHERE summary_version IS DISTINCT FROM version
    """,
    # What was written and isn't counted yet: nothing is believed of the counts meanwhile. Each has
    # as many rows as it was written times, so that nobody waits for anybody.
    "CREATE TABLE desk.uncounted (run_number integer NOT NULL, name text NOT NULL)",
    # The runs from `below_run` on are counted, null when there are no others. Without a row nothing
    # keeps the counts.
    """
    CREATE TABLE desk.counting (
        id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
        below_run integer
    )
    """,
)


def _array(kind: str, names: tuple[str, ...]) -> str:
    """A function that makes an array of a summary: of each known key how many lumisections have
    each status, then their sum, which is -1 where the summary doesn't have the key."""
    typed = ", ".join(f'"{name}" smallint' for name in names)
    counts = [f'coalesce(n."{name}", 0::smallint)' for name in names]
    return f"""
    CREATE FUNCTION desk.{kind}_counts(summary jsonb) RETURNS smallint[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        RETURN (
            SELECT CASE WHEN bool_or(jsonb_typeof(known.entry) <> 'object') THEN NULL
                ELSE coalesce(array_agg(
                    CASE WHEN known.entry IS NOT NULL
                    THEN ARRAY[{", ".join(counts)}, {" + ".join(counts)}]
                    ELSE ARRAY[{"0, " * len(names)}-1]::smallint[] END
                    ORDER BY known.place), ARRAY[]::smallint[]) END
            FROM (
                SELECT place, summary -> key AS entry FROM desk.counted_key
                WHERE counted_key.kind = '{kind}' OFFSET 0
            ) AS known
            CROSS JOIN LATERAL jsonb_to_record(
                CASE jsonb_typeof(known.entry) WHEN 'object' THEN known.entry ELSE '{{}}' END
            ) AS n({typed})
        );
    EXCEPTION WHEN data_exception THEN
        RETURN NULL;
    END
    $$
    """


_STATUSES = ("GOOD", "BAD", "STANDBY", "EXCLUDED", "NOTSET", "EMPTY", "NO VALUE FOUND")
_STATES = ("TRUE", "FALSE", "NULL", "EMPTY")

_FUNCTIONS = (
    _array("column", _STATUSES),
    _array("bit", _STATES),
    # Whoever writes the shared tables waits for nobody here, and is refused nothing: what can't be
    # counted now is noted, and counted later. Such is what another transaction holds, and what one
    # writes that goes on seeing what was there when it began.
    """
    CREATE FUNCTION desk.sees_what_holds() RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        RETURN current_setting('transaction_isolation') LIKE 'read %';
    END
    $$
    """,
    # Whether all keys of a summary have the places that they may have. One transaction at a time
    # gives places, so that none is left out.
    f"""
    CREATE FUNCTION desk.place_keys(given_kind text, summary jsonb) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        IF jsonb_typeof(summary) IS DISTINCT FROM 'object' OR NOT EXISTS (
            SELECT FROM jsonb_object_keys(summary) AS new WHERE length(new) <= {_LONGEST_KEY}
            AND NOT EXISTS (
                SELECT FROM desk.counted_key AS known
                WHERE known.kind = given_kind AND known.key = new
            )
        ) OR (
            SELECT count(*) FROM desk.counted_key AS known WHERE known.kind = given_kind
        ) >= {_MOST_KEYS} THEN
            RETURN true;
        END IF;
        BEGIN
            LOCK TABLE desk.counted_key IN SHARE ROW EXCLUSIVE MODE NOWAIT;
        EXCEPTION WHEN lock_not_available THEN
            RETURN false;
        END;
        INSERT INTO desk.counted_key (kind, place, key)
        SELECT given_kind, (
            SELECT count(*) FROM desk.counted_key AS known WHERE known.kind = given_kind
        ) + row_number() OVER (ORDER BY new), new
        FROM jsonb_object_keys(summary) AS new WHERE length(new) <= {_LONGEST_KEY}
        AND NOT EXISTS (
            SELECT FROM desk.counted_key AS known
            WHERE known.kind = given_kind AND known.key = new
        )
        ORDER BY new LIMIT {_MOST_KEYS} - (
            SELECT count(*) FROM desk.counted_key AS known WHERE known.kind = given_kind
        );
        RETURN true;
    END
    $$
    """,
    # With the rights of the owner: who writes a summary may not write its counts.
    """
    CREATE FUNCTION desk.count_summary() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        other_columns boolean := true;
        other_bits boolean := true;
        stood record;
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            UPDATE desk.counts SET summary_version = NULL;
            RETURN NULL;
        END IF;
        IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE'
            AND (OLD.run_number, OLD.name) IS DISTINCT FROM (NEW.run_number, NEW.name)) THEN
            INSERT INTO desk.uncounted VALUES (OLD.run_number, OLD.name);
        ELSIF TG_OP = 'UPDATE' THEN
            -- What wasn't changed is as it was counted: a version alone costs no unpacking.
            other_columns := OLD.triplet_summary IS DISTINCT FROM NEW.triplet_summary;
            other_bits := OLD.dcs_summary IS DISTINCT FROM NEW.dcs_summary;
        END IF;
        IF TG_OP = 'DELETE' THEN
            RETURN NULL;
        END IF;
        IF desk.sees_what_holds() THEN
            SELECT known.columns, known.bits INTO stood FROM desk.counts AS known
                WHERE known.run_number = NEW.run_number AND known.name = NEW.name
                FOR NO KEY UPDATE SKIP LOCKED;
            IF FOUND THEN
                other_columns := other_columns OR stood.columns IS NULL;
                other_bits := other_bits OR stood.bits IS NULL;
            END IF;
            IF FOUND
                AND (NOT other_columns OR desk.place_keys('column', NEW.triplet_summary))
                AND (NOT other_bits OR desk.place_keys('bit', NEW.dcs_summary)) THEN
                IF other_columns THEN
                    stood.columns := desk.column_counts(NEW.triplet_summary);
                END IF;
                IF other_bits THEN
                    stood.bits := desk.bit_counts(NEW.dcs_summary);
                END IF;
                UPDATE desk.counts AS known SET columns = stood.columns, bits = stood.bits,
                    summary_version = CASE WHEN stood.columns IS NOT NULL
                        AND stood.bits IS NOT NULL THEN NEW.version END,
                    recorded = NEW.brilcalc_recorded_luminosity,
                    delivered = NEW.brilcalc_delivered_luminosity
                    WHERE known.run_number = NEW.run_number AND known.name = NEW.name;
                RETURN NULL;
            END IF;
        END IF;
        INSERT INTO desk.uncounted VALUES (NEW.run_number, NEW.name);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION desk.count_dataset() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            DELETE FROM desk.counts;
            RETURN NULL;
        END IF;
        IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE'
            AND (OLD.run_number, OLD.name) IS DISTINCT FROM (NEW.run_number, NEW.name)) THEN
            INSERT INTO desk.uncounted VALUES (OLD.run_number, OLD.name);
        END IF;
        IF TG_OP = 'DELETE' THEN
            RETURN NULL;
        END IF;
        IF desk.sees_what_holds() THEN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO desk.counts (run_number, name, deleted, version)
                    VALUES (NEW.run_number, NEW.name, NEW.deleted, NEW.version)
                    ON CONFLICT DO NOTHING;
                IF FOUND THEN
                    RETURN NULL;
                END IF;
            END IF;
            PERFORM FROM desk.counts AS known
                WHERE known.run_number = NEW.run_number AND known.name = NEW.name
                FOR NO KEY UPDATE SKIP LOCKED;
            IF FOUND THEN
                UPDATE desk.counts AS known SET deleted = NEW.deleted, version = NEW.version
                    WHERE known.run_number = NEW.run_number AND known.name = NEW.name;
                RETURN NULL;
            END IF;
        END IF;
        INSERT INTO desk.uncounted VALUES (NEW.run_number, NEW.name);
        RETURN NULL;
    END
    $$
    """,
    # The row is held before the others are read: who changes these later notes it. What can't be
    # had now is noted again.
    """
    CREATE FUNCTION desk.count_anew(number integer, named text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        found_ record;
    BEGIN
        INSERT INTO desk.counts (run_number, name, deleted, version) VALUES (number, named, true, 0)
            ON CONFLICT DO NOTHING;
        PERFORM FROM desk.counts AS known
            WHERE known.run_number = number AND known.name = named FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            INSERT INTO desk.uncounted VALUES (number, named);
            RETURN;
        END IF;
        SELECT dataset.deleted, dataset.version, summary.version AS counted, triplet_summary,
            dcs_summary, brilcalc_recorded_luminosity AS recorded,
            brilcalc_delivered_luminosity AS delivered
            INTO found_ FROM public."Dataset" AS dataset
            LEFT JOIN public."DatasetTripletCache" AS summary USING (run_number, name)
            WHERE dataset.run_number = number AND dataset.name = named;
        IF NOT FOUND THEN
            DELETE FROM desk.counts AS known
                WHERE known.run_number = number AND known.name = named;
            RETURN;
        END IF;
        IF NOT desk.place_keys('column', found_.triplet_summary)
            OR NOT desk.place_keys('bit', found_.dcs_summary) THEN
            INSERT INTO desk.uncounted VALUES (number, named);
        END IF;
        UPDATE desk.counts AS known SET deleted = found_.deleted, version = found_.version,
            columns = made.columns, bits = made.bits, summary_version = CASE
                WHEN made.columns IS NOT NULL AND made.bits IS NOT NULL THEN found_.counted END,
            recorded = found_.recorded, delivered = found_.delivered
            FROM (SELECT desk.column_counts(found_.triplet_summary) AS columns,
                desk.bit_counts(found_.dcs_summary) AS bits) AS made
            WHERE known.run_number = number AND known.name = named;
    END
    $$
    """,
    # Counts what was noted, then goes on where anybody stopped, the newest runs first; says whether
    # all is counted, or somebody else is at it.
    f"""
    CREATE FUNCTION desk.count_older(runs integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        noted integer := 0;
        upper integer;
        lower integer;
        row_ record;
    BEGIN
        SELECT below_run INTO upper FROM desk.counting FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN true;
        END IF;
        FOR row_ IN
            WITH taken AS (
                DELETE FROM desk.uncounted WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM desk.uncounted LIMIT {_MOST_NOTED}
                )) RETURNING run_number, name
            )
            SELECT run_number, name, count(*) AS times FROM taken GROUP BY run_number, name
        LOOP
            noted := noted + row_.times;
            PERFORM desk.count_anew(row_.run_number, row_.name);
        END LOOP;
        IF upper IS NOT NULL THEN
            SELECT min(older.run_number) INTO lower FROM (
                SELECT run_number FROM public."Run" AS run WHERE run.run_number < upper
                ORDER BY run_number DESC LIMIT count_older.runs
            ) AS older;
            PERFORM desk.count_anew(dataset.run_number, dataset.name) FROM (
                SELECT each.run_number, each.name FROM public."Dataset" AS each
                WHERE each.run_number >= lower AND each.run_number < upper AND NOT EXISTS (
                    SELECT FROM desk.counts AS known
                    WHERE known.run_number = each.run_number AND known.name = each.name
                )
                ORDER BY each.run_number DESC, each.name
            ) AS dataset;
            UPDATE desk.counting SET below_run = lower;
        END IF;
        RETURN lower IS NULL AND noted < {_MOST_NOTED};
    END
    $$
    """,
)


def upgrade() -> None:
    """Tables without rows, and the functions that fill them."""
    for statement in (*_TABLES, *_FUNCTIONS):
        op.execute(statement)


def downgrade() -> None:
    """Takes the functions away with the triggers that call them, then the tables."""
    for function in (
        "count_dataset()",
        "count_summary()",
        "count_older(integer)",
        "count_anew(integer, text)",
        "place_keys(text, jsonb)",
        "sees_what_holds()",
        "column_counts(jsonb)",
        "bit_counts(jsonb)",
    ):
        op.execute(f"DROP FUNCTION desk.{function} CASCADE")
    for table in ("counts", "counted_key", "counting", "uncounted"):
        op.execute(f"DROP TABLE desk.{table}")
