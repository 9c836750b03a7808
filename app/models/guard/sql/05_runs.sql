-- Attributes of runs, and the rows of "Run", which are what their events say.

CREATE OR REPLACE FUNCTION guard.fold_runs(runs integer[]) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO public."Run" (run_number, oms_attributes, rr_attributes, version, deleted)
    -- Most events say nothing of OMS, whose attributes are many.
    SELECT run_number,
        guard.fold(oms_metadata ORDER BY version) FILTER (WHERE oms_metadata <> '{}'),
        guard.fold(rr_metadata ORDER BY manual_change, version), max(version),
        (array_agg(deleted ORDER BY version DESC))[1]
    FROM public."RunEvent" WHERE run_number = ANY (runs) GROUP BY run_number ORDER BY run_number
    ON CONFLICT (run_number) DO UPDATE SET oms_attributes = EXCLUDED.oms_attributes,
        rr_attributes = EXCLUDED.rr_attributes, version = EXCLUDED.version,
        deleted = EXCLUDED.deleted;
END
$$;

-- Runs of which just one of these events says something, after all others, and what stood before it:
-- rows that are known to be folds, as with datasets.
CREATE OR REPLACE FUNCTION guard.runs_folded(events integer[]) RETURNS TABLE (
    version integer, run_number integer, attributes jsonb, hidden boolean
)
LANGUAGE sql STABLE AS $$
    SELECT event.version, known.run_number, known.rr_attributes, known.deleted
    FROM public."RunEvent" AS event
    JOIN public."Run" AS known ON known.run_number = event.run_number
        AND known.version < event.version
    JOIN public."Event" AS said ON said.version = known.version
    JOIN guard.authentic AS own ON own.atomic_version = said.atomic_version
    WHERE event.version = ANY (events)
      AND own.kind <> 'web' AND own.xid::xid = known.xmin AND own.xid <> pg_current_xact_id()
      AND NOT EXISTS (
          SELECT FROM public."RunEvent" AS later
          WHERE later.run_number = known.run_number AND later.version > known.version
            AND later.version <> event.version
      )
$$;

CREATE OR REPLACE FUNCTION guard.on_run_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    told record;
    events integer[];
    folded integer[] := '{}';
    made integer[];
BEGIN
    who := guard.who_acts();
    IF who.kind = 'web' THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(version) INTO events FROM added;
    PERFORM guard.check_open(events, who.email);
    IF EXISTS (SELECT FROM added WHERE manual_change IS DISTINCT FROM (who.email IS NOT NULL)) THEN
        PERFORM guard.refuse('manual_change doesn''t fit the author of the version.');
    END IF;
    IF who.kind = 'agent' THEN
        PERFORM guard.refuse('An agent writes only columns that it is registered for.');
    END IF;
    -- Who moves a run meanwhile is waited for: what they did counts as before.
    PERFORM FROM public."Run" WHERE run_number IN (SELECT run_number FROM added)
        ORDER BY run_number FOR NO KEY UPDATE;
    SELECT array_agg(DISTINCT added.run_number) INTO made FROM added
        WHERE NOT EXISTS (
            SELECT FROM public."Run" AS known WHERE known.run_number = added.run_number
        );
    IF who.email IS NOT NULL THEN
        FOR told IN
            WITH known AS MATERIALIZED (
                SELECT * FROM guard.runs_folded(events)
            ), before AS MATERIALIZED (
                SELECT known.version, known.attributes, known.hidden, true AS folded FROM known
                UNION ALL
                SELECT other.version, stood.*, false FROM added AS other
                CROSS JOIN LATERAL (
                    SELECT guard.fold(rr_metadata ORDER BY manual_change, version),
                        (array_agg(event.deleted ORDER BY version DESC))[1]
                    FROM public."RunEvent" AS event
                    WHERE event.run_number = other.run_number AND event.version < other.version
                ) AS stood
                WHERE other.version NOT IN (SELECT known.version FROM known)
            )
            SELECT added.version, added.run_number, added.oms_metadata, added.deleted, said.key,
                said.value, before.attributes, before.hidden, before.folded
            FROM added JOIN before USING (version)
            LEFT JOIN LATERAL jsonb_each(added.rr_metadata) AS said ON true
            ORDER BY added.version
        LOOP
            IF told.hidden IS NULL THEN
                PERFORM guard.refuse(format('Runs are made by the puller alone, also %s.',
                    told.run_number));
            ELSIF told.oms_metadata <> '{}' OR told.deleted <> told.hidden OR told.key IS NULL THEN
                PERFORM guard.refuse(format(
                    'Run %s: what OMS says of a run and whether it is hidden is not set by hand.',
                    told.run_number
                ));
            END IF;
            IF told.folded THEN
                folded := folded || told.version;
            END IF;
            PERFORM guard.judge_run(told.run_number, told.key, told.value, told.attributes,
                told.hidden);
            IF told.key = 'state' AND told.value <> '"OPEN"' THEN
                PERFORM guard.check_can_be_signed_off(told.run_number, told.version,
                    told.attributes);
            END IF;
        END LOOP;
    END IF;
    -- What a person says of a run last wins.
    UPDATE public."Run" AS known SET version = added.version,
            rr_attributes = known.rr_attributes || added.rr_metadata
        FROM added WHERE added.run_number = known.run_number AND added.version = ANY (folded);
    PERFORM guard.fold_runs(array_agg(DISTINCT run_number)) FROM added
        WHERE version <> ALL (folded) HAVING count(*) > 0;
    -- Of a new one there was no row to lock: somebody else may have made it meanwhile.
    IF made IS NOT NULL THEN
        PERFORM guard.fold_runs(made);
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION guard.judge_run(
    run_number integer, key text, value jsonb, attributes jsonb, hidden boolean
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    now_ text := attributes ->> 'state';
    facts text[] := array_remove(ARRAY[
        CASE WHEN NOT hidden THEN 'RUN_SHOWN' END,
        CASE WHEN now_ = 'OPEN' THEN 'RUN_OPEN' END,
        -- Looked at where all else is allowed, because it says itself what is missing.
        'CAN_BE_SIGNED_OFF',
        CASE WHEN key = 'significant' AND value = 'true'
            AND (attributes -> 'significant') IS DISTINCT FROM 'true' THEN 'NOT_SIGNIFICANT' END
    ], NULL);
    subject text := format('Run %s', run_number);
BEGIN
    IF key = 'state' THEN
        IF NOT EXISTS (
            SELECT FROM guard.word WHERE kind = 'run state' AND to_jsonb(word) = judge_run.value
        ) OR now_ = value #>> '{}' THEN
            PERFORM guard.refuse(format('%s can''t be moved to %s.', subject, value));
        END IF;
        PERFORM guard.judge('RUN_STATE',
            jsonb_build_object('from', now_, 'to', value #>> '{}'), facts, subject);
        RETURN;
    END IF;
    IF NOT EXISTS (
        SELECT FROM guard.word
        WHERE kind = 'run attribute ' || jsonb_typeof(judge_run.value) AND word = judge_run.key
    ) THEN
        PERFORM guard.refuse(format('%s: %s can''t be set to %s by hand.', subject, key, value));
    END IF;
    IF NOT 'NOT_SIGNIFICANT' = ANY (facts) OR NOT guard.allowed('RUN_ATTRIBUTE',
        jsonb_build_object('run', run_number, 'attribute', key), facts) THEN
        PERFORM guard.judge('RUN_ATTRIBUTE',
            jsonb_build_object('run', run_number, 'attribute', key),
            array_remove(facts, 'NOT_SIGNIFICANT'), subject);
    END IF;
END
$$;

-- What is written into a row is left out before it is stored: one statement may write a row and an
-- event that is judged by it, and what follows a statement comes too late for that.
CREATE OR REPLACE FUNCTION guard.keep_run() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF guard.is_trusted() THEN
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' THEN
        RETURN OLD;
    ELSIF EXISTS (SELECT FROM public."Run" WHERE run_number = NEW.run_number) THEN
        RETURN NEW;
    ELSIF NOT EXISTS (SELECT FROM public."RunEvent" WHERE run_number = NEW.run_number) THEN
        PERFORM guard.refuse(format('Run %s has no events.', NEW.run_number));
    END IF;
    PERFORM guard.fold_runs(ARRAY[NEW.run_number]);
    RETURN NULL;
END
$$;

-- Then the row becomes what the events say.
CREATE OR REPLACE FUNCTION guard.on_run() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF guard.is_trusted() THEN
        RETURN NULL;
    END IF;
    PERFORM guard.fold_runs((SELECT array_agg(DISTINCT run_number) FROM added));
    RETURN NULL;
END
$$;
