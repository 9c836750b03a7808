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
            SELECT coalesce(array_agg(
                CASE WHEN jsonb_typeof(known.entry) = 'object'
                THEN ARRAY[{", ".join(counts)}, {" + ".join(counts)}]
                ELSE ARRAY[{"0, " * len(names)}-1]::smallint[] END
                ORDER BY known.place), ARRAY[]::smallint[])
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
    # One writer at a time gives places, so that none is left out.
    f"""
    CREATE FUNCTION desk.place_keys(given_kind text, summary jsonb) RETURNS void
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
            RETURN;
        END IF;
        LOCK TABLE desk.counted_key IN SHARE ROW EXCLUSIVE MODE;
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
        new_columns smallint[];
        new_bits smallint[];
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            UPDATE desk.counts SET summary_version = NULL;
            RETURN NULL;
        END IF;
        IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE'
            AND (OLD.run_number, OLD.name) IS DISTINCT FROM (NEW.run_number, NEW.name)) THEN
            UPDATE desk.counts AS known SET summary_version = NULL
                WHERE known.run_number = OLD.run_number AND known.name = OLD.name;
        ELSIF TG_OP = 'UPDATE' THEN
            -- What wasn't changed is as it was counted: a version alone costs no unpacking.
            other_columns := OLD.triplet_summary IS DISTINCT FROM NEW.triplet_summary;
            other_bits := OLD.dcs_summary IS DISTINCT FROM NEW.dcs_summary;
        END IF;
        IF TG_OP = 'DELETE' THEN
            RETURN NULL;
        END IF;
        IF other_columns THEN
            PERFORM desk.place_keys('column', NEW.triplet_summary);
            new_columns := desk.column_counts(NEW.triplet_summary);
        END IF;
        IF other_bits THEN
            PERFORM desk.place_keys('bit', NEW.dcs_summary);
            new_bits := desk.bit_counts(NEW.dcs_summary);
        END IF;
        UPDATE desk.counts AS known SET
            columns = CASE WHEN other_columns THEN new_columns ELSE known.columns END,
            bits = CASE WHEN other_bits THEN new_bits ELSE known.bits END,
            summary_version = CASE
                WHEN CASE WHEN other_columns THEN new_columns ELSE known.columns END IS NOT NULL
                    AND CASE WHEN other_bits THEN new_bits ELSE known.bits END IS NOT NULL
                THEN NEW.version END,
            recorded = NEW.brilcalc_recorded_luminosity,
            delivered = NEW.brilcalc_delivered_luminosity
            WHERE known.run_number = NEW.run_number AND known.name = NEW.name;
        IF NOT FOUND THEN
            -- What has no row yet is counted whole; who makes it at the same time waits.
            IF NOT other_columns THEN
                PERFORM desk.place_keys('column', NEW.triplet_summary);
                new_columns := desk.column_counts(NEW.triplet_summary);
            END IF;
            IF NOT other_bits THEN
                PERFORM desk.place_keys('bit', NEW.dcs_summary);
                new_bits := desk.bit_counts(NEW.dcs_summary);
            END IF;
            INSERT INTO desk.counts (run_number, name, deleted, version, summary_version, columns,
                bits, recorded, delivered)
            SELECT dataset.run_number, dataset.name, dataset.deleted, dataset.version,
                CASE WHEN new_columns IS NOT NULL AND new_bits IS NOT NULL THEN NEW.version END,
                new_columns, new_bits,
                NEW.brilcalc_recorded_luminosity, NEW.brilcalc_delivered_luminosity
            FROM public."Dataset" AS dataset
            WHERE dataset.run_number = NEW.run_number AND dataset.name = NEW.name
            ON CONFLICT (run_number, name) DO UPDATE SET columns = EXCLUDED.columns,
                bits = EXCLUDED.bits, summary_version = EXCLUDED.summary_version,
                recorded = EXCLUDED.recorded, delivered = EXCLUDED.delivered;
        END IF;
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
            DELETE FROM desk.counts AS known
                WHERE known.run_number = OLD.run_number AND known.name = OLD.name;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            INSERT INTO desk.counts (run_number, name, deleted, version)
                VALUES (NEW.run_number, NEW.name, NEW.deleted, NEW.version)
            ON CONFLICT (run_number, name) DO UPDATE SET deleted = EXCLUDED.deleted,
                version = EXCLUDED.version;
        END IF;
        RETURN NULL;
    END
    $$
    """,
    # Goes on where anybody stopped, the newest runs first; says whether all are counted.
    """
    CREATE FUNCTION desk.count_older(runs integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        upper integer;
        lower integer;
        row_ record;
    BEGIN
        SELECT below_run INTO upper FROM desk.counting FOR UPDATE;
        IF NOT FOUND THEN
            RETURN false;
        ELSIF upper IS NULL THEN
            RETURN true;
        END IF;
        SELECT min(older.run_number) INTO lower FROM (
            SELECT run_number FROM public."Run" AS run WHERE run.run_number < upper
            ORDER BY run_number DESC LIMIT count_older.runs
        ) AS older;
        FOR row_ IN
            SELECT dataset.run_number, dataset.name, dataset.deleted, dataset.version,
                summary.version AS counted, triplet_summary, dcs_summary,
                brilcalc_recorded_luminosity AS recorded, brilcalc_delivered_luminosity AS delivered
            FROM public."Dataset" AS dataset
            LEFT JOIN public."DatasetTripletCache" AS summary USING (run_number, name)
            WHERE dataset.run_number >= lower AND dataset.run_number < upper
            ORDER BY dataset.run_number DESC, dataset.name
        LOOP
            PERFORM desk.place_keys('column', row_.triplet_summary);
            PERFORM desk.place_keys('bit', row_.dcs_summary);
            INSERT INTO desk.counts (run_number, name, deleted, version, summary_version,
                columns, bits, recorded, delivered)
            SELECT row_.run_number, row_.name, row_.deleted, row_.version,
                CASE WHEN made.columns IS NOT NULL AND made.bits IS NOT NULL THEN row_.counted END,
                made.columns, made.bits, row_.recorded, row_.delivered
            FROM (SELECT desk.column_counts(row_.triplet_summary) AS columns,
                desk.bit_counts(row_.dcs_summary) AS bits) AS made
            ON CONFLICT DO NOTHING;
        END LOOP;
        UPDATE desk.counting SET below_run = lower;
        RETURN lower IS NULL;
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
        "place_keys(text, jsonb)",
        "column_counts(jsonb)",
        "bit_counts(jsonb)",
    ):
        op.execute(f"DROP FUNCTION desk.{function} CASCADE")
    for table in ("counts", "counted_key", "counting"):
        op.execute(f"DROP TABLE desk.{table}")
