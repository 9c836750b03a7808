-- Attributes of datasets, and the rows of "Dataset", which are what their events say.

CREATE OR REPLACE FUNCTION guard.fold_datasets(runs integer[], names text[]) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO public."Dataset"
        (run_number, name, dataset_attributes, datasets_in_gui, deleted, version)
    SELECT run_number, name, attributes, in_gui, deleted, last
    FROM guard.datasets_without('{}', runs, names) WHERE last IS NOT NULL
    ORDER BY run_number, name
    ON CONFLICT (run_number, name) DO UPDATE SET
        dataset_attributes = EXCLUDED.dataset_attributes,
        datasets_in_gui = EXCLUDED.datasets_in_gui, deleted = EXCLUDED.deleted,
        version = EXCLUDED.version;
END
$$;

-- What the events of these datasets say, some left out; all null where there are no others.
CREATE OR REPLACE FUNCTION guard.datasets_without(
    events integer[], runs integer[], names text[]
) RETURNS TABLE (
    run_number integer, name text, attributes jsonb, in_gui jsonb, deleted boolean, last integer
)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT touched.run_number, touched.name, folded.attributes, said.*
    FROM unnest(runs, names) AS touched (run_number, name)
    CROSS JOIN LATERAL (
        -- Most events name no dataset of the DQM GUI: the union costs too much to run for them.
        SELECT CASE WHEN bool_or(event.datasets_in_gui <> '[]') THEN (
                SELECT jsonb_agg(DISTINCT item) FROM public."DatasetEvent" AS other,
                    jsonb_array_elements(CASE jsonb_typeof(other.datasets_in_gui) WHEN 'array'
                        THEN other.datasets_in_gui
                        ELSE jsonb_build_array(other.datasets_in_gui) END) AS item
                WHERE other.run_number = touched.run_number AND other.name = touched.name
            ) ELSE '[]' END,
            (array_agg(event.deleted))[count(*)], max(event.version)
        FROM (
            SELECT told.datasets_in_gui, told.deleted, told.version
            FROM public."DatasetEvent" AS told
            WHERE told.run_number = touched.run_number AND told.name = touched.name
              AND told.version <> ALL (events)
            ORDER BY told.version
        ) AS event
    ) AS said
    CROSS JOIN LATERAL (
        -- Made once of all keys, of which the last wins, rather than anew with each event.
        SELECT coalesce(jsonb_object_agg(part.key, part.value), '{}') AS attributes FROM (
            SELECT one.key, one.value
            FROM public."DatasetEvent" AS told, jsonb_each(CASE
                jsonb_typeof(told.dataset_metadata) WHEN 'object' THEN told.dataset_metadata
                END) AS one
            WHERE told.run_number = touched.run_number AND told.name = touched.name
              AND told.version <> ALL (events) AND told.dataset_metadata <> '{}'
            ORDER BY told.version
        ) AS part
    ) AS folded;
END
$$;

-- The same, from rows that are known to be folds: those last written by the earlier transaction
-- that added the last event of their dataset, which ended with what the guard had folded. Whatever
-- wrote the row since, this transaction too, has left another xmin.
CREATE OR REPLACE FUNCTION guard.datasets_folded(
    events integer[], runs integer[], names text[]
) RETURNS TABLE (
    run_number integer, name text, attributes jsonb, in_gui jsonb, deleted boolean, last integer
)
LANGUAGE sql STABLE AS $$
    SELECT known.run_number, known.name, known.dataset_attributes, known.datasets_in_gui,
        known.deleted, known.version
    FROM unnest(runs, names) AS touched (run_number, name)
    JOIN public."Dataset" AS known USING (run_number, name)
    JOIN public."Event" AS said ON said.version = known.version
    JOIN guard.authentic AS own ON own.atomic_version = said.atomic_version
    WHERE own.kind <> 'web' AND own.xid::xid = known.xmin AND own.xid <> pg_current_xact_id()
      AND NOT EXISTS (
          SELECT FROM public."DatasetEvent" AS later
          WHERE later.run_number = known.run_number AND later.name = known.name
            AND later.version > known.version AND later.version <> ALL (events)
      )
$$;

-- What stands in such rows, and folds of the others.
CREATE OR REPLACE FUNCTION guard.datasets_stood(
    events integer[], runs integer[], names text[]
) RETURNS TABLE (
    run_number integer, name text, attributes jsonb, in_gui jsonb, deleted boolean, last integer
)
LANGUAGE sql STABLE AS $$
    WITH known AS MATERIALIZED (
        SELECT * FROM guard.datasets_folded(events, runs, names)
    ), others AS MATERIALIZED (
        SELECT array_agg(touched.run_number) AS runs, array_agg(touched.name) AS names
        FROM unnest(runs, names) AS touched (run_number, name)
        WHERE (touched.run_number, touched.name) NOT IN (
            SELECT known.run_number, known.name FROM known
        )
    )
    SELECT * FROM known
    UNION ALL
    SELECT folded.* FROM others,
        guard.datasets_without(events, others.runs, others.names) AS folded
    WHERE others.runs IS NOT NULL
$$;

-- Whether a new dataset says what another one of its run does; a state may also wait.
CREATE OR REPLACE FUNCTION guard.is_copy(run_number integer, name text, attributes jsonb)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN EXISTS (
        SELECT FROM public."Dataset" AS source
        WHERE source.run_number = is_copy.run_number AND source.name <> is_copy.name
          AND NOT source.deleted
          AND NOT EXISTS (
              SELECT FROM jsonb_each(CASE jsonb_typeof(source.dataset_attributes) WHEN 'object'
                  THEN source.dataset_attributes END) AS old
              FULL JOIN jsonb_each(is_copy.attributes) AS new ON new.key = old.key
              WHERE old.value IS DISTINCT FROM new.value AND NOT (
                  coalesce(old.key, new.key) ~ '_state$'
                  AND (new.value IS NULL OR new.value = '"waiting dqm gui"')
              )
          )
    );
END
$$;

-- What stood just before each of these events, in the order of versions; `newest` are those that
-- no other event of their dataset follows.
CREATE OR REPLACE FUNCTION guard.datasets_before(
    events integer[], runs integer[], names text[]
) RETURNS TABLE (
    version integer, newest boolean, attributes jsonb, hidden boolean, in_gui jsonb
)
LANGUAGE sql STABLE AS $$
    WITH said AS MATERIALIZED (
        SELECT event.version, event.run_number, event.name,
            count(*) OVER (PARTITION BY event.run_number, event.name) = 1 AS alone
        FROM public."DatasetEvent" AS event WHERE event.version = ANY (events)
    ), placed AS MATERIALIZED (
        SELECT said.*, alone AND coalesce(last < said.version, true) AS newest,
            others.attributes, others.deleted, others.in_gui
        FROM said JOIN guard.datasets_stood(events, runs, names) AS others
            USING (run_number, name)
    )
    SELECT placed.version, newest,
        CASE WHEN newest THEN placed.attributes ELSE earlier.attributes END,
        CASE WHEN newest THEN placed.deleted ELSE earlier.deleted END,
        in_gui
    FROM placed LEFT JOIN LATERAL (
        SELECT guard.fold(old.dataset_metadata ORDER BY old.version) AS attributes,
            (array_agg(old.deleted ORDER BY old.version DESC))[1] AS deleted
        FROM public."DatasetEvent" AS old
        WHERE old.run_number = placed.run_number AND old.name = placed.name
          AND old.version < placed.version AND NOT placed.newest
    ) AS earlier ON true
$$;

-- Whether a state is one that the dataset had before: an undo.
CREATE OR REPLACE FUNCTION guard.had_state(
    event integer, run_number integer, name text, key text, becomes text
) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM public."DatasetEvent" AS earlier
        WHERE earlier.run_number = had_state.run_number AND earlier.name = had_state.name
          AND earlier.version < event AND earlier.dataset_metadata ->> had_state.key = becomes
    );
END
$$;
DROP FUNCTION IF EXISTS guard.follows(integer, integer, text, text, text, text);

-- What the new events of datasets say, one row for each attribute that changes.
CREATE OR REPLACE FUNCTION guard.judge_datasets(
    events integer[], befores jsonb[], hiddens boolean[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    told record;
BEGIN
    FOR told IN
        WITH changes AS (
            SELECT event.version, event.run_number, event.name, event.dataset_metadata AS said,
                event.deleted, event.datasets_in_gui, before.attributes, before.hidden, run.deleted AS run_hidden
            FROM unnest(events, befores, hiddens) AS before (version, attributes, hidden)
            JOIN public."DatasetEvent" AS event ON event.version = before.version
            LEFT JOIN public."Run" AS run ON run.run_number = event.run_number
        ), parts AS (
            SELECT changes.*, NULL::text AS key, NULL::jsonb AS value,
                CASE WHEN hidden IS NULL THEN 'NEW_DATASET'
                    -- Not null: AND would ask what follows it all the same.
                    WHEN deleted <> hidden THEN 'DATASET_HIDDEN' ELSE '' END AS content
            FROM changes
            UNION ALL
            SELECT changes.*, said.key, said.value, 'DATASET_STATE'
            FROM changes, jsonb_each(changes.said) AS said
            WHERE hidden IS NOT NULL AND NOT coalesce(
                -- Opening a waiting dataset in global opens every workspace that waits with it.
                said.key <> 'global_state' AND said.value = '"OPEN"'
                AND attributes ->> said.key = 'waiting dqm gui'
                AND attributes ->> 'global_state' = 'waiting dqm gui'
                AND changes.said ->> 'global_state' = 'OPEN', false
            )
        )
        SELECT content, min(run_number) AS run_number, min(name) AS name, key, value, now_, facts
        FROM (
            SELECT content, run_number, name, key, value, attributes ->> key AS now_,
                array_remove(ARRAY[
                    CASE WHEN datasets_in_gui <> '[]' THEN 'in gui' END,
                    CASE WHEN content = 'NEW_DATASET' AND deleted THEN 'in gui' END,
                    CASE WHEN name = 'online' THEN 'online' END,
                    CASE WHEN NOT deleted AND NOT run_hidden THEN 'DATASET_SHOWN' END,
                    CASE WHEN content = 'NEW_DATASET' AND guard.is_copy(run_number, name, said)
                        THEN 'A_COPY' END,
                    CASE WHEN content = 'DATASET_STATE' AND (SELECT true FROM guard.word AS known
                        WHERE known.kind = 'editable state' AND to_jsonb(known.word) = value)
                        THEN 'EDITABLE_STATE' END,
                    -- What most moves do is seen without a call for each of them.
                    CASE WHEN content = 'DATASET_STATE' AND (value = '"OPEN"'
                        OR (SELECT true FROM guard.word AS known
                            WHERE known.kind = 'move from ' || (attributes ->> key)
                              AND to_jsonb(known.word) = value)
                        OR guard.had_state(version, run_number, name, key, value #>> '{}'))
                        THEN 'STATE_FOLLOWS' END,
                    -- Asked by scalars: of EXISTS the server may hash the whole table first.
                    CASE WHEN content = 'DATASET_HIDDEN' AND (
                        SELECT btrim(why.comment) <> '' FROM public."Event" AS event
                        JOIN public."Version" AS why USING (atomic_version)
                        WHERE event.version = parts.version
                    ) THEN 'REASON' END,
                    CASE WHEN content = 'DATASET_STATE' AND (
                        SELECT count(*) > 0 FROM public."CycleDataset" AS held
                        JOIN public."Cycle" AS cycle USING (id_cycle)
                        WHERE held.run_number = parts.run_number AND held.name = parts.name
                          AND NOT cycle.deleted
                          AND cycle.cycle_attributes ->> parts.key = 'pending'
                    ) THEN 'PENDING_CYCLE' END
                ], NULL) AS facts
            FROM parts
        ) AS judged
        GROUP BY content, key, value, now_, facts
        ORDER BY 2, 3
    LOOP
        IF 'in gui' = ANY (told.facts) THEN
            PERFORM guard.refuse(format(
                'What the DQM GUI has of %s of run %s is written by the puller alone.',
                told.name, told.run_number
            ));
        ELSIF 'online' = ANY (told.facts) AND told.content <> '' THEN
            PERFORM guard.refuse(format('online of run %s has no states of its own.',
                told.run_number));
        ELSIF told.content = 'DATASET_STATE' AND NOT (
            told.key ~ '_state$' AND told.now_ IS NOT NULL
            AND EXISTS (
                SELECT FROM guard.word
                WHERE kind = 'dataset state' AND to_jsonb(word) = told.value
            )
            AND (told.key = 'global_state' OR EXISTS (
                SELECT FROM public."Workspace" AS known
                WHERE known.workspace || '_state' = told.key AND online_or_offline = 'offline'
            ))
        ) THEN
            PERFORM guard.refuse(format('%s of %s of run %s can''t be set to %s by hand.',
                told.key, told.name, told.run_number, told.value));
        ELSIF told.content <> '' THEN
            PERFORM guard.judge(told.content,
                CASE WHEN told.content = 'DATASET_STATE' THEN jsonb_build_object(
                    'workspace', regexp_replace(told.key, '_state$', ''),
                    'from', told.now_, 'to', told.value #>> '{}'
                ) ELSE '{}' END,
                told.facts, format('%s of run %s', told.name, told.run_number));
        END IF;
    END LOOP;
END
$$;

DROP FUNCTION IF EXISTS guard.say_nothing(integer[], integer[], text[]);

CREATE OR REPLACE FUNCTION guard.on_dataset_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    events integer[];
    runs integer[];
    names text[];
    before record;
BEGIN
    who := guard.who_acts();
    SELECT (SELECT array_agg(version) FROM added), array_agg(run_number), array_agg(name)
        INTO events, runs, names
        FROM (SELECT DISTINCT run_number, name FROM added) AS touched;
    IF events IS NULL THEN
        RETURN NULL;
    ELSIF who.kind = 'web' THEN
        PERFORM guard.keep_marks(events, runs, names, true);
        RETURN NULL;
    END IF;
    PERFORM guard.check_open(events, who.email);
    PERFORM guard.hold_datasets(runs, names);
    -- Folded once: what stood before is judged, and becomes what stands now. Most often it stands in
    -- the rows, and these are the last events of their datasets, one of each.
    SELECT array_agg(added.version) AS events, array_agg(true) AS newest,
        array_agg(stood.attributes) AS attributes, array_agg(stood.deleted) AS hidden,
        array_agg(stood.in_gui) AS in_gui, bool_and(coalesce(added.dataset_metadata = '{}'
            AND added.datasets_in_gui = '[]' AND added.deleted = stood.deleted, false)) AS idle
        INTO before
        FROM added JOIN guard.datasets_folded(events, runs, names) AS stood USING (run_number, name)
        WHERE added.version > stood.last;
    IF cardinality(before.events) = cardinality(events)
        AND cardinality(events) = cardinality(runs) THEN
        -- Those that go with edits of columns say nothing of their datasets.
        IF before.idle THEN
            UPDATE public."Dataset" AS known SET version = added.version FROM added
                WHERE known.run_number = added.run_number AND known.name = added.name;
            -- Those of people go with what does say something, by which marks are kept.
            IF who.email IS NULL THEN
                PERFORM guard.keep_marks(events, runs, names, false);
            END IF;
            RETURN NULL;
        END IF;
    ELSE
        SELECT array_agg(version) AS events, array_agg(newest) AS newest,
            array_agg(attributes) AS attributes, array_agg(hidden) AS hidden,
            array_agg(in_gui) AS in_gui
            INTO before FROM guard.datasets_before(events, runs, names);
    END IF;
    IF who.email IS NOT NULL THEN
        PERFORM guard.judge_datasets(before.events, before.attributes, before.hidden);
    ELSIF who.kind = 'agent' AND EXISTS (
        SELECT FROM added JOIN unnest(before.events, before.hidden) AS stood (version, hidden)
            USING (version)
        WHERE dataset_metadata <> '{}' OR datasets_in_gui <> '[]'
          OR deleted IS DISTINCT FROM stood.hidden
    ) THEN
        PERFORM guard.refuse('An agent writes only columns that it is registered for.');
    END IF;
    INSERT INTO public."Dataset"
        (run_number, name, dataset_attributes, datasets_in_gui, deleted, version)
        SELECT run_number, name, stood.attributes || dataset_metadata, stood.in_gui, deleted, version
        FROM added JOIN unnest(before.events, before.newest, before.attributes, before.in_gui)
            AS stood (version, newest, attributes, in_gui) USING (version)
        WHERE stood.newest AND datasets_in_gui = '[]'
        ORDER BY run_number, name
        ON CONFLICT (run_number, name) DO UPDATE SET
            dataset_attributes = EXCLUDED.dataset_attributes,
            datasets_in_gui = EXCLUDED.datasets_in_gui, deleted = EXCLUDED.deleted,
            version = EXCLUDED.version;
    PERFORM guard.keep_marks(events, runs, names, false);
    SELECT array_agg(run_number), array_agg(name) INTO runs, names FROM (
        SELECT DISTINCT run_number, name
        FROM added JOIN unnest(before.events, before.newest, before.hidden)
            AS stood (version, newest, hidden) USING (version)
        -- Of a new one there was no row to lock: somebody else may have made it meanwhile.
        WHERE NOT stood.newest OR datasets_in_gui <> '[]' OR stood.hidden IS NULL
    ) AS others;
    IF runs IS NOT NULL THEN
        PERFORM guard.fold_datasets(runs, names);
    END IF;
    RETURN NULL;
END
$$;

-- As with runs, what is written into a row is left out before it is stored.
CREATE OR REPLACE FUNCTION guard.keep_dataset() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF guard.is_trusted() THEN
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' THEN
        RETURN OLD;
    ELSIF EXISTS (
        SELECT FROM public."Dataset" WHERE run_number = NEW.run_number AND name = NEW.name
    ) THEN
        RETURN NEW;
    ELSIF NOT EXISTS (
        SELECT FROM public."DatasetEvent" WHERE run_number = NEW.run_number AND name = NEW.name
    ) THEN
        PERFORM guard.refuse(format('%s of run %s has no events.', NEW.name, NEW.run_number));
    END IF;
    PERFORM guard.fold_datasets(ARRAY[NEW.run_number], ARRAY[NEW.name::text]);
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION guard.on_dataset() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF guard.is_trusted() OR NOT EXISTS (SELECT FROM added) THEN
        RETURN NULL;
    END IF;
    PERFORM guard.fold_datasets(array_agg(run_number), array_agg(name))
        FROM (SELECT DISTINCT run_number, name FROM added) AS touched;
    RETURN NULL;
END
$$;
