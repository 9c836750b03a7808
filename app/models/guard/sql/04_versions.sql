-- Versions and their events: numbered and dated by the server, and open only to their transaction.

ALTER TABLE guard.authentic ADD COLUMN IF NOT EXISTS kind text;

-- Nothing of the past is changed, whoever asks.
CREATE OR REPLACE FUNCTION guard.on_change_of_history() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM guard.refuse(format('What is in %s is never changed or deleted.', TG_TABLE_NAME));
    RETURN NULL;
END
$$;

-- A number from a gap would slip a change into the past. So only the web service brings its own.
CREATE OR REPLACE FUNCTION guard.number_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.atomic_version := nextval('public."Version_atomic_version_seq"');
    NEW."createdAt" := transaction_timestamp();
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION guard.number_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.version := nextval('public."Event_version_seq"');
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION guard.on_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    false_author text;
BEGIN
    who := guard.who_acts();
    -- What is noted with the same question goes with the transaction where it refuses.
    WITH noted AS (
        INSERT INTO guard.authentic (atomic_version, xid, "at", login, person, kind)
        SELECT atomic_version, pg_current_xact_id(), transaction_timestamp(), who.login, who.email,
            who.kind
        FROM added
    )
    SELECT "by" INTO false_author FROM added
        WHERE NOT CASE who.kind
            WHEN 'web' THEN true
            WHEN 'puller' THEN "by" = 'auto@auto' OR starts_with("by", 'auto@auto - ')
            WHEN 'agent' THEN "by" = 'auto@auto - ' || who.agent
            ELSE "by" = who.email
        END
        LIMIT 1;
    IF FOUND THEN
        PERFORM guard.refuse(CASE
            WHEN starts_with(false_author, 'auto@auto') AND who.email IS NOT NULL THEN format(
                '%s may not write as %s: automatic versions are written by the puller alone.',
                who.email, false_author
            )
            ELSE format(
                '%s may not write a version in the name of %s.',
                coalesce(who.email, who.login), false_author
            )
        END);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION guard.on_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    strange integer;
BEGIN
    who := guard.who_acts();
    IF who.kind = 'web' THEN
        RETURN NULL;
    END IF;
    WITH open AS (
        UPDATE guard.authentic AS own
            SET first_event = least(own.first_event, ours.first),
                last_event = greatest(own.last_event, ours.last)
            FROM (
                SELECT atomic_version, min(version) AS first, max(version) AS last
                FROM added GROUP BY atomic_version
            ) AS ours
            WHERE own.atomic_version = ours.atomic_version
              AND own.xid = pg_current_xact_id() AND own."at" = transaction_timestamp()
              AND own.login = who.login AND own.person IS NOT DISTINCT FROM who.email
              AND NOT own.closed
            RETURNING own.atomic_version
    )
    SELECT atomic_version INTO strange FROM added
        WHERE atomic_version NOT IN (SELECT open.atomic_version FROM open) LIMIT 1;
    IF FOUND THEN
        PERFORM guard.refuse(format(
            'Version %s is not one of this transaction: nothing can be added to it.', strange
        ));
    END IF;
    RETURN NULL;
END
$$;

-- That something was added to open events of this transaction. Asked by scalars: of EXISTS the server
-- may hash the whole table first.
DROP FUNCTION IF EXISTS guard.check_events(integer[]);
DROP FUNCTION IF EXISTS guard.check_events(integer[], text);
DROP FUNCTION IF EXISTS guard.check_open(integer[], text, boolean);
CREATE OR REPLACE FUNCTION guard.check_open(events integer[], email text)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    strange integer;
BEGIN
    SELECT wanted INTO strange FROM unnest(events) AS wanted
        WHERE (
            SELECT event.version FROM public."Event" AS event
            JOIN guard.authentic AS own ON own.atomic_version = event.atomic_version
            WHERE event.version = wanted
              AND own.xid = pg_current_xact_id() AND own."at" = transaction_timestamp()
              AND own.login = session_user AND own.person IS NOT DISTINCT FROM email
              AND NOT own.closed
        ) IS NULL
        LIMIT 1;
    IF FOUND THEN
        PERFORM guard.refuse(format(
            'Event %s is not one of this transaction: nothing can be added to it.', strange
        ));
    END IF;
END
$$;

-- At the end of the transaction, or earlier if it asks: then nothing more is added to the version.
CREATE OR REPLACE FUNCTION guard.close_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    strange integer;
    own record;
    found_ record;
BEGIN
    UPDATE guard.authentic SET closed = true
        WHERE atomic_version = NEW.atomic_version AND kind <> 'web'
        RETURNING first_event, last_event, person INTO own;
    IF NOT FOUND THEN
        -- A transaction whose constraints are immediate asks before the version is noted, and so
        -- would keep it open, and what it says unlooked at.
        IF NOT EXISTS (SELECT FROM guard.authentic WHERE atomic_version = NEW.atomic_version)
            AND (SELECT who.kind <> 'web' FROM guard.who_acts() AS who) THEN
            PERFORM guard.refuse('A version is closed at the end of the transaction: nothing can be'
                ' added to it after SET CONSTRAINTS ... IMMEDIATE.');
        END IF;
        RETURN NULL;
    END IF;
    SELECT array_agg(said.version) AS events, min(said.version) FILTER (WHERE contents = 0) AS silent,
            min(said.version) FILTER (WHERE contents > 1) AS twice
        INTO found_ FROM (
            -- Asked by scalars: of EXISTS the server may hash the whole table first.
            SELECT event.version, num_nonnulls(
                (SELECT version FROM public."RunEvent" WHERE version = event.version),
                (SELECT version FROM public."DatasetEvent" WHERE version = event.version),
                (SELECT version FROM public."LumisectionEvent" WHERE version = event.version),
                (SELECT version FROM public."OMSLumisectionEvent" WHERE version = event.version)
            ) AS contents
            FROM public."Event" AS event
            WHERE event.version BETWEEN own.first_event AND own.last_event
              AND event.atomic_version = NEW.atomic_version
            OFFSET 0
        ) AS said;
    IF found_.silent IS NOT NULL THEN
        PERFORM guard.refuse(format('Event %s says nothing.', found_.silent));
    ELSIF found_.twice IS NOT NULL THEN
        PERFORM guard.refuse(format('Event %s says something already.', found_.twice));
    END IF;
    IF own.person IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT told.version INTO strange FROM public."DatasetEvent" AS told
        WHERE told.version = ANY (found_.events) AND told.dataset_metadata = '{}'
          AND told.deleted IS NOT DISTINCT FROM (
              SELECT before.deleted FROM public."DatasetEvent" AS before
              WHERE before.run_number = told.run_number AND before.name = told.name
                AND before.version < told.version ORDER BY before.version DESC LIMIT 1
          )
          AND (told.run_number, told.name) NOT IN (
              SELECT run_number, name FROM public."LumisectionEvent" WHERE version = ANY (found_.events)
              UNION ALL
              SELECT run_number, name FROM public."OMSLumisectionEvent"
              WHERE version = ANY (found_.events)
          )
        LIMIT 1;
    IF FOUND THEN
        PERFORM guard.refuse(format('Event %s changes nothing of its dataset.', strange));
    END IF;
    RETURN NULL;
END
$$;
