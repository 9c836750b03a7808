-- Cycles, and golden JSONs.

CREATE OR REPLACE FUNCTION guard.on_new_cycle() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF guard.is_trusted() THEN
        RETURN NULL;
    ELSIF guard.author() IS NULL THEN
        PERFORM guard.refuse('Cycles are made by people.');
    END IF;
    PERFORM guard.judge('CYCLE', '{}', '{}', 'Cycles');
    IF EXISTS (
        SELECT FROM added WHERE deleted OR NOT cycle_attributes ? 'global_state' OR EXISTS (
            SELECT FROM jsonb_each(cycle_attributes) AS said
            WHERE said.key !~ '_state$' OR said.value <> '"pending"'
        )
    ) THEN
        PERFORM guard.refuse('A new cycle is pending in its workspaces and in global.');
    END IF;
    IF EXISTS (SELECT FROM added WHERE btrim(coalesce(cycle_name, '')) = '') THEN
        PERFORM guard.refuse('A cycle needs a name.');
    ELSIF EXISTS (SELECT FROM added WHERE cycle_attributes - 'global_state' = '{}') THEN
        PERFORM guard.refuse('Choose at least one workspace for the cycle.');
    END IF;
    PERFORM guard.check_workspaces(key) FROM added, jsonb_object_keys(cycle_attributes) AS key;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION guard.check_workspaces(key text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF key <> 'global_state' AND NOT EXISTS (
        SELECT FROM public."Workspace" AS known
        WHERE known.workspace || '_state' = key AND known.online_or_offline = 'offline'
    ) THEN
        PERFORM guard.refuse(format('There is no offline workspace %s.',
            regexp_replace(key, '_state$', '')));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION guard.number_cycle() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT guard.is_trusted() THEN
        NEW.id_cycle := nextval(pg_get_serial_sequence('public."Cycle"', 'id_cycle'));
        NEW."createdAt" := transaction_timestamp();
        NEW."updatedAt" := transaction_timestamp();
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION guard.on_changed_cycle() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    change record;
    workspace text;
BEGIN
    IF guard.is_trusted() THEN
        RETURN NULL;
    ELSIF guard.author() IS NULL THEN
        PERFORM guard.refuse('Cycles are changed by people.');
    END IF;
    IF EXISTS (
        SELECT FROM removed FULL JOIN added USING (id_cycle)
        WHERE added.id_cycle IS NULL OR removed.id_cycle IS NULL
          OR added."createdAt" <> removed."createdAt"
    ) THEN
        PERFORM guard.refuse('A cycle keeps its number and the time it was made.');
    END IF;
    FOR change IN
        SELECT removed.id_cycle, said.key, said.was, said.becomes, added.cycle_attributes AS after,
            added.cycle_name AS name,
            (removed.cycle_name, removed.deadline, removed.deleted)
                IS DISTINCT FROM (added.cycle_name, added.deadline, added.deleted) AS edited
        FROM removed JOIN added USING (id_cycle)
        LEFT JOIN LATERAL (
            SELECT coalesce(before.key, after.key) AS key, before.value AS was,
                after.value AS becomes
            FROM jsonb_each_text(CASE jsonb_typeof(removed.cycle_attributes) WHEN 'object'
                THEN removed.cycle_attributes END) AS before
            FULL JOIN jsonb_each_text(added.cycle_attributes) AS after ON after.key = before.key
            WHERE before.value IS DISTINCT FROM after.value
        ) AS said ON true
    LOOP
        IF change.edited OR change.was IS NULL OR change.becomes IS NULL THEN
            IF change.edited OR change.key IS NOT NULL THEN
                PERFORM guard.judge('CYCLE', '{}', '{}', 'Cycles');
            END IF;
            IF btrim(coalesce(change.name, '')) = '' THEN
                PERFORM guard.refuse('A cycle needs a name.');
            ELSIF change.was IS NULL AND change.becomes IS NOT NULL THEN
                PERFORM guard.check_workspaces(change.key);
                IF change.after ->> 'global_state' = 'completed' THEN
                    PERFORM guard.refuse('The cycle is completed in global: reopen it there before'
                        ' you add a workspace.');
                END IF;
            END IF;
            IF (change.was = 'completed' AND change.becomes IS NULL)
                OR (change.was IS NULL AND change.becomes = 'completed') THEN
                PERFORM guard.refuse('A completed workspace stays in its cycle.');
            END IF;
        END IF;
        CONTINUE WHEN change.was IS NULL OR change.becomes IS NULL;
        workspace := regexp_replace(change.key, '_state$', '');
        IF (change.was, change.becomes) = ('pending', 'completed') THEN
            PERFORM guard.judge('CYCLE_COMPLETED', jsonb_build_object('workspace', workspace),
                '{}', 'Cycles');
            PERFORM guard.check_completed(change.id_cycle, workspace, change.after);
        ELSIF (change.was, change.becomes) = ('completed', 'pending') THEN
            PERFORM guard.judge('CYCLE_REOPENED', jsonb_build_object('workspace', workspace),
                '{}', 'Cycles');
            IF workspace <> 'global' AND change.after ->> 'global_state' = 'completed' THEN
                PERFORM guard.refuse('The cycle is completed in global: reopen it there first.');
            END IF;
        ELSE
            PERFORM guard.refuse('A cycle is pending or completed in a workspace.');
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION guard.check_completed(cycle integer, workspace text, states jsonb)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    strange record;
BEGIN
    IF workspace = 'global' AND EXISTS (
        SELECT FROM jsonb_each_text(states) AS said
        WHERE said.key ~ '_state$' AND said.key <> 'global_state' AND said.value <> 'completed'
    ) THEN
        PERFORM guard.refuse('Every other workspace of the cycle must be completed before global.');
    END IF;
    SELECT held.run_number, held.name INTO strange
        FROM public."CycleDataset" AS held
        JOIN public."Dataset" AS dataset USING (run_number, name)
        WHERE held.id_cycle = check_completed.cycle AND NOT dataset.deleted
          AND dataset.dataset_attributes ->> (check_completed.workspace || '_state')
              IN ('waiting dqm gui', 'OPEN', 'SIGNOFF')
        LIMIT 1;
    IF FOUND THEN
        PERFORM guard.refuse(format('%s of run %s is not COMPLETED in workspace %s.',
            strange.name, strange.run_number, workspace));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION guard.on_datasets_of_cycle() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    row_ record;
BEGIN
    IF guard.is_trusted() THEN
        RETURN NULL;
    ELSIF guard.author() IS NULL THEN
        PERFORM guard.refuse('Cycles are changed by people.');
    END IF;
    FOR row_ IN
        SELECT cycle.id_cycle, cycle.deleted, cycle."createdAt" = transaction_timestamp() AS is_new,
            cycle.cycle_attributes ->> 'global_state' = 'completed' AS completed,
            bool_or(touched.name = 'online') AS online
        FROM touched LEFT JOIN public."Cycle" AS cycle USING (id_cycle)
        GROUP BY cycle.id_cycle
    LOOP
        IF row_.online OR row_.deleted OR row_.completed THEN
            PERFORM guard.refuse('Only offline datasets are in cycles, and only a cycle that isn''t'
                ' completed or deleted changes.');
        END IF;
        IF TG_OP = 'DELETE' THEN
            PERFORM guard.judge('CYCLE_DATASETS_REMOVED', '{}', '{}', 'Cycles');
        ELSE
            PERFORM guard.judge('CYCLE_DATASETS_ADDED', '{}',
                CASE WHEN row_.is_new THEN ARRAY['NEW_CYCLE'] ELSE '{}' END, 'Cycles');
            IF 1000 < (
                SELECT count(*) FROM public."CycleDataset" AS held
                WHERE held.id_cycle = row_.id_cycle
            ) THEN
                PERFORM guard.refuse('A cycle has at most 1000 datasets.');
            END IF;
        END IF;
    END LOOP;
    IF TG_OP = 'INSERT' THEN
        SELECT run_number, name INTO row_ FROM touched WHERE NOT EXISTS (
            SELECT FROM public."Dataset" AS known JOIN public."Run" AS run USING (run_number)
            WHERE known.run_number = touched.run_number AND known.name = touched.name
              AND NOT known.deleted AND NOT run.deleted
        ) LIMIT 1;
        IF FOUND THEN
            PERFORM guard.refuse(format('%s of run %s is hidden, or not there at all: it can''t be'
                ' in a cycle.', row_.name, row_.run_number));
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION guard.on_new_json() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
BEGIN
    who := guard.who_acts();
    IF who.kind IN ('web', 'puller') THEN
        RETURN NULL;
    ELSIF who.email IS NULL OR EXISTS (
        SELECT FROM added WHERE created_by IS DISTINCT FROM who.email
    ) THEN
        PERFORM guard.refuse(format('%s may not make a golden JSON in the name of somebody else.',
            coalesce(who.email, who.login)));
    ELSIF EXISTS (SELECT FROM added WHERE official OR deleted) THEN
        PERFORM guard.refuse('A golden JSON becomes official when a puller has made it again from'
            ' events and found it equal: generate it, and ask an expert then.');
    END IF;
    PERFORM guard.judge('GOLDEN_JSON', '{}', '{}', 'Golden JSON');
    INSERT INTO guard.claimed_json (id, login) SELECT id, who.login FROM added;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION guard.number_json() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT guard.is_trusted() THEN
        NEW.id := nextval(pg_get_serial_sequence('public."GeneratedJson"', 'id'));
        NEW."createdAt" := transaction_timestamp();
        NEW."updatedAt" := transaction_timestamp();
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION guard.on_changed_json() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    change record;
BEGIN
    who := guard.who_acts();
    IF who.kind = 'web' THEN
        RETURN NULL;
    ELSIF who.email IS NULL AND who.kind <> 'puller' THEN
        PERFORM guard.refuse('Golden JSONs are changed by people.');
    END IF;
    FOR change IN
        SELECT removed.id, removed.created_by, removed.deleted AS was_deleted, added.deleted,
            removed.official AS was_official, added.official,
            to_jsonb(removed) - '{deleted,official,updatedAt}'::text[]
                IS DISTINCT FROM to_jsonb(added) - '{deleted,official,updatedAt}'::text[] AS other
        FROM removed FULL JOIN added USING (id)
    LOOP
        IF change.other THEN
            PERFORM guard.refuse(format('What golden JSON %s says is never changed.', change.id));
        END IF;
        IF who.kind = 'puller' THEN
            PERFORM guard.judge_pullers_json(change.id, change.deleted <> change.was_deleted,
                change.was_official, change.official);
            CONTINUE;
        END IF;
        IF change.deleted <> change.was_deleted AND change.created_by IS DISTINCT FROM who.email
            AND NOT guard.is_expert() THEN
            PERFORM guard.refuse(format('%s may not change golden JSON %s. Only %s, who made it,'
                ' or an expert may.', who.email, change.id, change.created_by));
        END IF;
        IF change.official <> change.was_official THEN
            IF NOT guard.is_expert() THEN
                PERFORM guard.refuse(format('%s may not say whether golden JSON %s is official.'
                    ' Only an expert may.', who.email, change.id));
            ELSIF change.official AND NOT guard.is_confirmed(change.id) THEN
                PERFORM guard.refuse(format('Golden JSON %s becomes official when a puller has'
                    ' made it again from events and found it equal.', change.id));
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
