-- Values of columns and of DCS bits, and the lumisections they are said of.

-- The events of this transaction among those of a dataset don't count as having been there.
CREATE OR REPLACE FUNCTION guard.is_of_now(event integer) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN EXISTS (
        SELECT FROM public."Event" AS known
        JOIN guard.authentic AS own ON own.atomic_version = known.atomic_version
        WHERE known.version = is_of_now.event AND own.xid = pg_current_xact_id()
          AND own."at" = transaction_timestamp()
    );
END
$$;

-- Number of the first event of this transaction: what is below it was there before, for certain.
DROP FUNCTION IF EXISTS guard.first_event();
CREATE FUNCTION guard.first_event() RETURNS TABLE (number integer)
LANGUAGE sql STABLE AS $$
    SELECT min(own.first_event) FROM guard.authentic AS own
    WHERE own.xid = pg_current_xact_id() AND own."at" = transaction_timestamp()
$$;

CREATE OR REPLACE FUNCTION guard.is_new(run_number integer, name text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM public."DatasetEvent" AS event
        WHERE event.run_number = is_new.run_number AND event.name = is_new.name
          AND NOT guard.is_of_now(event.version)
    );
END
$$;

-- What is true of the dataset and of the column, one row for each of them.
CREATE OR REPLACE FUNCTION guard.facts_of_column(run_number integer, name text, key text)
RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT array_remove(ARRAY[
            CASE WHEN NOT run.deleted AND NOT dataset.deleted THEN 'DATASET_SHOWN' END,
            CASE WHEN dataset.name <> 'online' OR run.rr_attributes ->> 'state' = 'OPEN'
                THEN 'RUN_OPEN' END,
            CASE WHEN place.workspace IS NOT NULL THEN 'IN_USE' END,
            CASE WHEN dataset.dataset_attributes ->> (place.workspace || '_state') = 'OPEN'
                OR (dataset.dataset_attributes ->> 'global_state' = 'OPEN'
                    AND guard.may('/datasets/global/move_dataset/OPEN/SIGNOFF'))
                THEN 'DATASET_OPEN' END
        ], NULL)
        FROM public."Dataset" AS dataset
        JOIN public."Run" AS run ON run.run_number = dataset.run_number
        LEFT JOIN (
            SELECT workspace.workspace, workspace.workspace || '-' || known.name AS key,
                workspace.online_or_offline
            FROM public."WorkspaceColumn" AS known
            JOIN public."Workspace" AS workspace ON workspace.id = known.id_workspace
        ) AS place ON place.key = facts_of_column.key AND place.online_or_offline = CASE
            WHEN facts_of_column.name = 'online' THEN 'online' ELSE 'offline' END
        WHERE dataset.run_number = facts_of_column.run_number
          AND dataset.name = facts_of_column.name
        LIMIT 1
    );
END
$$;

CREATE OR REPLACE FUNCTION guard.is_triplet(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN jsonb_typeof(value) = 'object' THEN
        value - ARRAY['status', 'comment', 'cause'] = '{}'
        AND coalesce(jsonb_typeof(value -> 'status') = 'string'
            AND jsonb_typeof(value -> 'comment') = 'string'
            AND jsonb_typeof(value -> 'cause') = 'string', false)
    ELSE false END
$$;

DROP FUNCTION IF EXISTS guard.is_settable(jsonb, boolean);
CREATE OR REPLACE FUNCTION guard.is_settable(value jsonb, statuses text[], comment_too boolean)
RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(value ->> 'status' = ANY (statuses) AND (
        NOT comment_too OR value ->> 'status' <> 'BAD' OR length(btrim(value ->> 'comment')) >= 3
    ), false)
$$;

-- What is true of a value by what was said before. That takes reading events, so it is asked only
-- where nothing else allows the value.
CREATE OR REPLACE FUNCTION guard.facts_of_value(
    run_number integer, name text, key text, value jsonb
) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        WITH said AS (
            SELECT event.name = facts_of_value.name AS here, object."jsonb" -> key AS value
            FROM public."LumisectionEvent" AS event
            JOIN public."JSONBDeduplication" AS object ON object.id = event.lumisection_metadata_id
            WHERE event.run_number = facts_of_value.run_number AND object."jsonb" ? key
              AND NOT guard.is_of_now(event.version)
        ), known AS (
            SELECT array_agg(word) AS statuses FROM guard.word WHERE kind = 'status'
        )
        SELECT array_remove(ARRAY[
            CASE WHEN guard.is_triplet(value) AND (
                guard.is_settable(value, known.statuses, true)
                OR value = '{"status": "EMPTY", "comment": "", "cause": ""}'
                OR EXISTS (SELECT FROM said WHERE here AND said.value = facts_of_value.value)
            ) THEN 'VALUE_FITS' END,
            CASE WHEN EXISTS (SELECT FROM said WHERE NOT here AND said.value = facts_of_value.value)
                OR value = '{"status": "EMPTY", "comment": "", "cause": ""}'
                THEN 'VALUE_COPIED' END,
            CASE WHEN guard.is_triplet(value) AND guard.is_settable(value, known.statuses, false) AND (
                (value ->> 'comment' = '' AND value ->> 'cause' = '')
                OR EXISTS (
                    SELECT FROM said WHERE here
                      AND said.value ->> 'comment' = facts_of_value.value ->> 'comment'
                      AND said.value ->> 'cause' = facts_of_value.value ->> 'cause'
                )
            ) THEN 'REST_KEPT' END
        ], NULL) FROM known
    );
END
$$;

CREATE OR REPLACE FUNCTION guard.facts_of_bit(
    run_number integer, name text, key text, value jsonb
) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        WITH said AS (
            SELECT event.name = facts_of_bit.name AS here, event.name, object."jsonb" -> key AS value
            FROM public."OMSLumisectionEvent" AS event
            JOIN public."JSONBDeduplication" AS object ON object.id = event.lumisection_metadata_id
            WHERE event.run_number = facts_of_bit.run_number AND object."jsonb" ? key
              AND NOT guard.is_of_now(event.version)
        )
        SELECT array_remove(ARRAY[
            CASE WHEN EXISTS (
                SELECT FROM said WHERE (here OR said.name = 'online')
                  AND said.value = facts_of_bit.value
            ) THEN 'BIT_FITS' END,
            CASE WHEN EXISTS (
                SELECT FROM said WHERE NOT here AND said.value = facts_of_bit.value
            ) THEN 'VALUE_COPIED' END
        ], NULL)
    );
END
$$;

-- The columns that the events say something of, with what is cheap to know. Whether a dataset is
-- new is asked by a scalar: of EXISTS the server may hash the whole table first.
DROP FUNCTION IF EXISTS guard.columns_said(integer[]);
CREATE OR REPLACE FUNCTION guard.columns_said(events integer[], person name) RETURNS TABLE (
    run_number integer, name text, key text, value jsonb, content text, facts text[]
)
LANGUAGE sql STABLE AS $$
    SELECT event.run_number, event.name::text, coalesce(said.key, ''), said.value,
        CASE WHEN event.name = 'online' THEN 'ONLINE_COLUMN'
            WHEN (
                SELECT told.version FROM (
                    SELECT version FROM public."DatasetEvent" AS all_of_it
                    WHERE all_of_it.run_number = event.run_number
                      AND all_of_it.name = event.name OFFSET 0
                ) AS told
                WHERE told.version < (SELECT number FROM guard.first_event()) LIMIT 1
            ) IS NULL AND guard.is_new(event.run_number, event.name)
            THEN 'COPIED_COLUMN' ELSE 'OFFLINE_COLUMN' END,
        array_remove(ARRAY[
            CASE WHEN NOT run.deleted AND NOT dataset.deleted THEN 'DATASET_SHOWN' END,
            CASE WHEN event.name <> 'online' OR run.rr_attributes ->> 'state' = 'OPEN'
                THEN 'RUN_OPEN' END,
            CASE WHEN place.workspace IS NOT NULL THEN 'IN_USE' END,
            CASE WHEN dataset.dataset_attributes ->> (place.workspace || '_state') = 'OPEN'
                OR (dataset.dataset_attributes ->> 'global_state' = 'OPEN'
                    AND (SELECT guard.may_of(person,
                        '/datasets/global/move_dataset/OPEN/SIGNOFF')))
                THEN 'DATASET_OPEN' END,
            CASE WHEN guard.is_triplet(said.value) AND guard.is_settable(said.value,
                (SELECT array_agg(word) FROM guard.word WHERE kind = 'status'), true)
                THEN 'VALUE_FITS' END
        ], NULL)
    FROM public."LumisectionEvent" AS event
    JOIN public."JSONBDeduplication" AS object ON object.id = event.lumisection_metadata_id
    JOIN public."Dataset" AS dataset ON dataset.run_number = event.run_number
        AND dataset.name = event.name
    JOIN public."Run" AS run ON run.run_number = event.run_number
    LEFT JOIN LATERAL jsonb_each(object."jsonb") AS said ON true
    -- One by one, and only of workspaces with which the name begins: to put all names of columns
    -- together costs more than all the rest.
    LEFT JOIN LATERAL (
        SELECT known.workspace FROM public."Workspace" AS known
        WHERE starts_with(said.key, known.workspace || '-')
          AND known.online_or_offline = CASE WHEN event.name = 'online' THEN 'online'
            ELSE 'offline' END
          AND 0 < (
              SELECT count(*) FROM public."WorkspaceColumn" AS own
              WHERE own.id_workspace = known.id
                AND known.workspace || '-' || own.name = said.key
          )
        OFFSET 0
    ) AS place ON true
    WHERE event.version = ANY (events)
$$;

DROP FUNCTION IF EXISTS guard.judge_columns(integer[]);
CREATE OR REPLACE FUNCTION guard.judge_columns(events integer[], person name) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    cell record;
    allowed text[] := '{}';
    likes text;
    known text[];
    place text;
BEGIN
    FOR cell IN
        SELECT * FROM guard.columns_said(events, person) AS said ORDER BY said.run_number, said.key
    LOOP
        IF cell.key = '' THEN
            PERFORM guard.refuse(format('The event of %s of run %s says nothing.',
                cell.name, cell.run_number));
        END IF;
        likes := cell.content || cell.facts::text || cell.key;
        CONTINUE WHEN likes = ANY (allowed);
        IF guard.allowed_to(person, cell.content, jsonb_build_object('column', cell.key),
            cell.facts) THEN
            allowed := allowed || likes;
            CONTINUE;
        END IF;
        place := format('%s of %s of run %s', cell.key, cell.name, cell.run_number);
        IF NOT guard.is_triplet(cell.value) THEN
            PERFORM guard.refuse(place || ': a value has status, comment and cause.');
        END IF;
        known := cell.facts
            || guard.facts_of_value(cell.run_number, cell.name, cell.key, cell.value);
        IF cell.content <> 'COPIED_COLUMN' OR NOT guard.allowed_to(person, 'OFFLINE_COLUMN',
            jsonb_build_object('column', cell.key), known) THEN
            PERFORM guard.judge(cell.content, jsonb_build_object('column', cell.key), known,
                place);
        END IF;
    END LOOP;
END
$$;

-- An agent writes the columns it is registered to write, where people could.
CREATE OR REPLACE FUNCTION guard.judge_agent(agent text, events integer[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    cell record;
    own jsonb := guard.columns_of_agent(agent);
BEGIN
    FOR cell IN SELECT * FROM guard.columns_said(events, NULL) LOOP
        IF (own -> cell.key ->> 0) IS DISTINCT FROM 'writes' THEN
            PERFORM guard.refuse(format('%s is not registered to write %s.', agent, cell.key));
        ELSIF NOT guard.is_triplet(cell.value) OR NOT ('VALUE_FITS' = ANY (cell.facts)) THEN
            PERFORM guard.refuse(format('%s: %s.', cell.key,
                (SELECT words FROM guard.need WHERE need = 'VALUE_FITS')));
        ELSIF NOT cell.facts @> ARRAY['DATASET_SHOWN', 'IN_USE']
            OR NOT (CASE WHEN cell.name = 'online' THEN 'RUN_OPEN' ELSE 'DATASET_OPEN' END)
                = ANY (cell.facts) THEN
            PERFORM guard.refuse(format('%s of %s of run %s is not open to be written.',
                cell.key, cell.name, cell.run_number));
        END IF;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION guard.on_lumisection_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    events integer[];
    runs integer[];
    names text[];
    false_source boolean;
BEGIN
    who := guard.who_acts();
    SELECT (SELECT array_agg(version) FROM added), array_agg(run_number), array_agg(name), (
            SELECT bool_or(manual_change IS DISTINCT FROM (who.email IS NOT NULL)) FROM added
        ) INTO events, runs, names, false_source
        FROM (SELECT DISTINCT run_number, name FROM added) AS touched;
    IF events IS NULL THEN
        RETURN NULL;
    ELSIF who.kind = 'web' THEN
        PERFORM guard.keep_marks(events, runs, names, true);
        RETURN NULL;
    END IF;
    PERFORM guard.check_open(events, who.email);
    IF false_source THEN
        PERFORM guard.refuse('manual_change doesn''t fit the author of the version.');
    END IF;
    PERFORM guard.hold_datasets(runs, names);
    IF who.email IS NOT NULL THEN
        PERFORM guard.judge_columns(events, who.person);
    ELSIF who.kind = 'agent' THEN
        PERFORM guard.judge_agent(who.agent, events);
    END IF;
    PERFORM guard.keep_marks(events, runs, names, false);
    RETURN NULL;
END
$$;

-- Who closes a run or a dataset meanwhile is waited for. Every event refers to its dataset or its
-- run, whose row it shares already: a hold of more than NO KEY would wait for all others who do, each
-- of whom waits for this one. Who has the run is alone in it, in whatever order datasets follow.
CREATE OR REPLACE FUNCTION guard.hold_datasets(runs integer[], names text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- In one question, which costs less: each is counted in its turn.
    PERFORM (SELECT count(*) FROM (
            SELECT FROM public."Run" WHERE run_number = ANY (runs)
            ORDER BY run_number FOR NO KEY UPDATE
        ) AS held), (SELECT count(*) FROM (
            SELECT FROM public."Dataset"
            WHERE (run_number, name) IN (SELECT * FROM unnest(runs, names))
            ORDER BY run_number, name FOR NO KEY UPDATE
        ) AS held);
END
$$;

CREATE OR REPLACE FUNCTION guard.on_oms_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    events integer[];
    said record;
    known text[];
BEGIN
    who := guard.who_acts();
    IF who.kind = 'web' THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(version) INTO events FROM added;
    IF events IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM guard.check_open(events, who.email);
    IF who.kind = 'agent' THEN
        PERFORM guard.refuse('An agent writes only columns that it is registered for.');
    ELSIF who.email IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM guard.hold_datasets(array_agg(run_number), array_agg(name))
        FROM (SELECT DISTINCT run_number, name FROM added) AS touched;
    FOR said IN
        SELECT DISTINCT added.run_number, added.name, part.key, part.value,
            guard.is_new(added.run_number, added.name) AS is_new,
            length(btrim(coalesce(version.comment, ''))) >= 3 AS commented
        FROM added
        JOIN public."Event" AS event ON event.version = added.version
        JOIN public."Version" AS version ON version.atomic_version = event.atomic_version
        JOIN public."JSONBDeduplication" AS object ON object.id = added.lumisection_metadata_id
        LEFT JOIN LATERAL jsonb_each(object."jsonb") AS part ON true
    LOOP
        IF said.key IS NULL THEN
            PERFORM guard.refuse(format('The event of %s of run %s says nothing.',
                said.name, said.run_number));
        END IF;
        known := guard.facts_of_column(said.run_number, said.name, said.key)
            || CASE WHEN said.commented THEN ARRAY['COMMENTED'] ELSE '{}' END;
        IF said.value IN ('true', 'false') AND EXISTS (
            SELECT FROM guard.word WHERE kind = 'bit' AND word = said.key
        ) THEN
            known := known || ARRAY['BIT_FITS'];
        END IF;
        IF said.is_new THEN
            known := known
                || guard.facts_of_bit(said.run_number, said.name, said.key, said.value);
            PERFORM guard.judge('COPIED_BIT', '{}', known,
                format('%s of %s of run %s', said.key, said.name, said.run_number));
        ELSIF EXISTS (SELECT FROM guard.word WHERE kind = 'luminosity' AND word = said.key)
            AND jsonb_typeof(said.value) IN ('number', 'null') THEN
            PERFORM guard.judge('LUMINOSITY', '{}', known,
                format('%s of %s of run %s', said.key, said.name, said.run_number));
        ELSE
            IF NOT 'BIT_FITS' = ANY (known) THEN
                known := known
                    || guard.facts_of_bit(said.run_number, said.name, said.key, said.value);
            END IF;
            PERFORM guard.judge('BIT', '{}', known,
                format('%s of %s of run %s', said.key, said.name, said.run_number));
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

-- The greatest lumisection that an event of the dataset, or of online of its run, covered before,
-- of those that a run can have: the web service lets others through.
CREATE OR REPLACE FUNCTION guard.last_lumisection(run_number integer, name text) RETURNS integer
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT max(last) FROM (
            SELECT (
                SELECT covered.lumisection_number
                FROM public."LumisectionEventAssignation" AS covered
                WHERE covered.version = event.version AND covered.lumisection_number <= 20000
                ORDER BY covered.lumisection_number DESC LIMIT 1
            ) AS last
            FROM public."LumisectionEvent" AS event
            WHERE event.run_number = last_lumisection.run_number
              AND event.name IN ('online', last_lumisection.name) AND NOT guard.is_of_now(event.version)
            UNION ALL
            SELECT (
                SELECT covered.lumisection_number
                FROM public."OMSLumisectionEventAssignation" AS covered
                WHERE covered.version = event.version AND covered.lumisection_number <= 20000
                ORDER BY covered.lumisection_number DESC LIMIT 1
            )
            FROM public."OMSLumisectionEvent" AS event
            WHERE event.run_number = last_lumisection.run_number
              AND event.name IN ('online', last_lumisection.name) AND NOT guard.is_of_now(event.version)
        ) AS known
    );
END
$$;

-- Whether a lumisection was covered before; most often one of the first events looked at has it.
CREATE OR REPLACE FUNCTION guard.is_covered(run_number integer, name text, lumisection integer)
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN EXISTS (
        SELECT FROM public."LumisectionEvent" AS event
        JOIN public."LumisectionEventAssignation" AS covered ON covered.version = event.version
        WHERE event.run_number = is_covered.run_number
          AND event.name IN ('online', is_covered.name)
          AND covered.lumisection_number = is_covered.lumisection
          AND event.version < (SELECT number FROM guard.first_event())
    );
END
$$;

DROP FUNCTION IF EXISTS guard.check_assignations(integer[], text[], integer[], integer[]);
CREATE OR REPLACE FUNCTION guard.on_assignation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    outside record;
BEGIN
    who := guard.who_acts();
    IF who.kind = 'web' THEN
        RETURN NULL;
    END IF;
    PERFORM guard.check_open((SELECT array_agg(DISTINCT version) FROM added), who.email);
    IF who.kind = 'puller' THEN
        RETURN NULL;
    END IF;
    -- On its own, or the server may read all events in order to find one of them.
    WITH touched AS MATERIALIZED (
        SELECT run_number, name, min(covered.first) AS first, max(covered.last) AS last
        FROM (
            SELECT version, min(lumisection_number) AS first, max(lumisection_number) AS last
            FROM added GROUP BY version
        ) AS covered
        JOIN (
            SELECT version, run_number, name FROM public."LumisectionEvent"
            UNION ALL SELECT version, run_number, name FROM public."OMSLumisectionEvent"
        ) AS event ON event.version = covered.version
        GROUP BY run_number, name
    )
    SELECT touched.* INTO outside FROM touched
        WHERE first < 1 OR last > 20000 OR CASE WHEN guard.is_covered(run_number, name, last) THEN false
            ELSE last > coalesce(guard.last_lumisection(run_number, name), 0) END
        LIMIT 1;
    IF FOUND THEN
        PERFORM guard.refuse(format('LS %s to %s is outside %s of run %s.', outside.first,
            outside.last, outside.name, outside.run_number));
    END IF;
    RETURN NULL;
END
$$;

-- Summaries and states that a person's client computed: only of what it changed, and unconfirmed.
CREATE OR REPLACE FUNCTION guard.on_derived() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    strange record;
BEGIN
    -- INSERT ... ON CONFLICT calls both triggers, one of them without rows.
    IF NOT EXISTS (SELECT FROM added) THEN
        RETURN NULL;
    END IF;
    who := guard.who_acts();
    IF who.kind IN ('web', 'puller') THEN
        DELETE FROM guard.unconfirmed AS known USING added
            WHERE known.what = TG_TABLE_NAME AND known.run_number = added.run_number
              AND known.name = added.name;
        RETURN NULL;
    END IF;
    -- Most often the last event of each dataset is one of this transaction. What is noted with the
    -- same question goes with the transaction where it refuses.
    WITH noted AS (
        INSERT INTO guard.unconfirmed (what, run_number, name, login, "at")
        SELECT TG_TABLE_NAME, run_number, name, who.login, transaction_timestamp() FROM added
        ON CONFLICT (what, run_number, name) DO UPDATE
            SET login = EXCLUDED.login, "at" = EXCLUDED."at"
    )
    SELECT run_number, name INTO strange FROM added
        WHERE (
            SELECT true FROM public."Dataset" AS known
            JOIN public."Event" AS said ON said.version = known.version
            JOIN guard.authentic AS own ON own.atomic_version = said.atomic_version
            WHERE known.run_number = added.run_number AND known.name = added.name
              AND own.xid = pg_current_xact_id() AND own."at" = transaction_timestamp()
        ) IS NULL
        LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    -- Once for all rows: the events of this transaction stand between two numbers.
    WITH changed AS MATERIALIZED (
        SELECT event.run_number, event.name::text AS name
        FROM guard.authentic AS own
        -- On its own, or the server may read both tables of events from one end to the other.
        CROSS JOIN LATERAL (
            SELECT told.version, told.run_number, told.name FROM public."DatasetEvent" AS told
            WHERE told.version BETWEEN own.first_event AND own.last_event OFFSET 0
        ) AS event
        WHERE own.xid = pg_current_xact_id() AND own."at" = transaction_timestamp()
          AND own.atomic_version = (
              SELECT known.atomic_version FROM public."Event" AS known
              WHERE known.version = event.version
          )
    )
    SELECT run_number, name INTO strange FROM added
        WHERE (run_number, name::text) NOT IN (SELECT * FROM changed)
          AND run_number NOT IN (SELECT changed.run_number FROM changed WHERE name = 'online')
        LIMIT 1;
    IF FOUND THEN
        PERFORM guard.refuse(format(
            '%s of run %s was not changed here: what is computed from it is written by the puller.',
            strange.name, strange.run_number
        ));
    END IF;
    RETURN NULL;
END
$$;
