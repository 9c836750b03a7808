-- Second eyes: what another person verified changes with a reason alone, and what is in a frozen
-- cycle not at all, whoever writes.

CREATE OR REPLACE FUNCTION guard.is_frozen(cycle integer) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((
        SELECT known.frozen FROM record.cycle_freeze AS known
        WHERE known.id_cycle = is_frozen.cycle ORDER BY known.id DESC LIMIT 1
    ), false);
END
$$;

-- The cycle of the first of the datasets that is in a frozen one. By the cycles, of which few are
-- frozen: the datasets of cycles have no index of their own.
CREATE OR REPLACE FUNCTION guard.check_thawed(runs integer[], names text[]) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    frozen record;
BEGIN
    SELECT touched.run_number, touched.name, cycle.cycle_name AS cycle INTO frozen
        FROM record.cycle_freeze AS known
        JOIN public."Cycle" AS cycle ON cycle.id_cycle = known.id_cycle AND NOT cycle.deleted
        CROSS JOIN unnest(runs, names) AS touched (run_number, name)
        WHERE known.frozen AND guard.is_frozen(known.id_cycle) AND EXISTS (
            SELECT FROM public."CycleDataset" AS held
            WHERE held.id_cycle = known.id_cycle AND held.run_number = touched.run_number
              AND held.name = touched.name
        )
        ORDER BY touched.run_number, touched.name LIMIT 1;
    IF FOUND THEN
        PERFORM guard.refuse(format('%s of run %s is in cycle %s, which is frozen: nothing in it'
            ' changes until the cycle is thawed.', frozen.name, frozen.run_number, frozen.cycle));
    END IF;
END
$$;

-- Whether events say something of what a mark is on: of a workspace its columns and its state, of
-- a whole dataset all but measured luminosity, that of `online` included.
CREATE OR REPLACE FUNCTION guard.touches(
    events integer[], run_number integer, name text, workspace text
) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN EXISTS (
        SELECT FROM public."LumisectionEvent" AS event
        JOIN public."JSONBDeduplication" AS object ON object.id = event.lumisection_metadata_id
        WHERE event.version = ANY (events) AND event.run_number = touches.run_number
          AND event.name = touches.name AND (touches.workspace = 'global' OR EXISTS (
            SELECT FROM jsonb_object_keys(CASE jsonb_typeof(object."jsonb")
                WHEN 'object' THEN object."jsonb" END) AS key
            WHERE starts_with(key, touches.workspace || '-')
        ))
    ) OR EXISTS (
        SELECT FROM public."DatasetEvent" AS event
        WHERE event.version = ANY (events) AND event.run_number = touches.run_number
          AND event.name = touches.name AND (event.dataset_metadata ? (touches.workspace || '_state')
            OR (touches.workspace = 'global' AND EXISTS (
                SELECT FROM jsonb_object_keys(CASE jsonb_typeof(event.dataset_metadata)
                WHEN 'object' THEN event.dataset_metadata END) AS key WHERE key ~ '_state$'
            )) OR event.deleted <> (
                SELECT before.deleted FROM public."DatasetEvent" AS before
                WHERE before.run_number = event.run_number AND before.name = event.name
                  AND before.version < event.version ORDER BY before.version DESC LIMIT 1
            ))
    ) OR (touches.workspace = 'global' AND EXISTS (
        SELECT FROM public."OMSLumisectionEvent" AS event
        JOIN public."JSONBDeduplication" AS object ON object.id = event.lumisection_metadata_id
        CROSS JOIN jsonb_object_keys(CASE jsonb_typeof(object."jsonb")
                WHEN 'object' THEN object."jsonb" END) AS key
        WHERE event.version = ANY (events) AND event.run_number = touches.run_number
          AND event.name IN ('online', touches.name) AND NOT EXISTS (
            SELECT FROM guard.word AS known WHERE known.kind = 'luminosity' AND known.word = key
        )
    ));
END
$$;

-- Events of a dataset that came after a mark, without those of this transaction: what was written
-- while there was no guard took the mark away as well.
CREATE OR REPLACE FUNCTION guard.events_since(run_number integer, name text, event integer)
RETURNS integer[]
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN ARRAY(
        SELECT told.version FROM (
            SELECT version, run_number, name FROM public."LumisectionEvent"
            UNION ALL SELECT version, run_number, name FROM public."DatasetEvent"
        ) AS told
        WHERE told.run_number = events_since.run_number AND told.name = events_since.name
          AND told.version > events_since.event AND NOT guard.is_of_now(told.version)
    );
END
$$;

-- Who freezes a cycle or verifies a dataset waits for all who share its row, and they for it, so
-- that what is asked after this holds. To share them is enough: two who do, as the web service does,
-- may both go on and update the row.
CREATE OR REPLACE FUNCTION guard.share_datasets(runs integer[], names text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM public."Dataset"
        WHERE (run_number, name) IN (SELECT * FROM unnest(runs, names))
        ORDER BY run_number, name FOR KEY SHARE;
END
$$;

-- `hold` where nothing shares the datasets yet.
CREATE OR REPLACE FUNCTION guard.keep_marks(
    events integer[], runs integer[], names text[], hold boolean
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    who record;
    standing record;
BEGIN
    IF hold THEN
        PERFORM guard.share_datasets(runs, names);
    END IF;
    IF EXISTS (
        SELECT FROM record.cycle_freeze AS known WHERE known.frozen AND NOT EXISTS (
            SELECT FROM record.cycle_freeze AS newer
            WHERE newer.id_cycle = known.id_cycle AND newer.id > known.id
        )
    ) THEN
        PERFORM guard.check_thawed(runs, names);
    END IF;
    IF NOT EXISTS (
        SELECT FROM unnest(runs, names) AS touched (run_number, name)
        JOIN record.verification AS known USING (run_number, name)
    ) THEN
        RETURN;
    END IF;
    FOR standing IN
        SELECT known.* FROM unnest(runs, names) AS touched (run_number, name)
        JOIN record.verification AS known USING (run_number, name)
        WHERE known.verified AND NOT EXISTS (
            SELECT FROM record.verification AS newer
            WHERE newer.run_number = known.run_number AND newer.name = known.name
              AND newer.workspace = known.workspace AND newer.id > known.id
        ) AND guard.touches(events, known.run_number, known.name, known.workspace)
          AND NOT guard.touches(
            guard.events_since(known.run_number, known.name, known.event),
            known.run_number, known.name, known.workspace)
        ORDER BY known.run_number, known.name, known.workspace
    LOOP
        who := guard.who_acts();
        IF who.kind <> 'web' THEN
            PERFORM guard.refuse(format('%s of run %s is verified %s by %s: give a reason for'
                ' changing it, which takes the mark away.', standing.name, standing.run_number,
                CASE standing.workspace WHEN 'global' THEN 'as a whole'
                    ELSE 'in ' || standing.workspace END, standing."by"));
        END IF;
        -- Who takes it away meanwhile is waited for: it goes once.
        PERFORM FROM public."Dataset" AS known
            WHERE known.run_number = standing.run_number AND known.name = standing.name
            FOR NO KEY UPDATE;
        INSERT INTO record.verification (run_number, name, workspace, verified, why, "by")
            SELECT standing.run_number, standing.name, standing.workspace, false,
                'changed through the web service', coalesce(min(made."by"), who.login::text)
            FROM public."Event" AS event JOIN public."Version" AS made USING (atomic_version)
            WHERE event.version = ANY (events) HAVING NOT EXISTS (
                SELECT FROM record.verification AS newer
                WHERE newer.run_number = standing.run_number AND newer.name = standing.name
                  AND newer.workspace = standing.workspace AND newer.id > standing.id
            );
    END LOOP;
END
$$;

-- What OMS says of `online` is what all datasets of the run have.
CREATE OR REPLACE FUNCTION guard.on_second_eyes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    events integer[];
    runs integer[];
    names text[];
BEGIN
    SELECT array_agg(version) INTO events FROM added;
    IF events IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(known.run_number), array_agg(known.name) INTO runs, names FROM (
        SELECT run_number, name::text FROM added
        UNION SELECT known.run_number, known.name::text FROM public."Dataset" AS known
        WHERE known.run_number IN (SELECT added.run_number FROM added WHERE added.name = 'online')
    ) AS known;
    PERFORM guard.keep_marks(events, runs, names, true);
    RETURN NULL;
END
$$;

-- Hiding a run hides its datasets.
CREATE OR REPLACE FUNCTION guard.on_run_of_frozen() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hidden integer[];
    runs integer[];
    names text[];
BEGIN
    SELECT array_agg(added.run_number) INTO hidden FROM added WHERE added.deleted <> (
        SELECT before.deleted FROM public."RunEvent" AS before
        WHERE before.run_number = added.run_number AND before.version < added.version
        ORDER BY before.version DESC LIMIT 1
    );
    IF hidden IS NOT NULL THEN
        SELECT array_agg(run_number), array_agg(name::text) INTO runs, names
            FROM public."Dataset" WHERE run_number = ANY (hidden);
        PERFORM guard.share_datasets(runs, names);
        PERFORM guard.check_thawed(runs, names);
    END IF;
    RETURN NULL;
END
$$;

-- The web service may add lumisections to events that are there, and write rows without events.
CREATE OR REPLACE FUNCTION guard.on_covered_of_frozen() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    runs integer[];
    names text[];
BEGIN
    SELECT array_agg(of.run_number), array_agg(of.name) INTO runs, names FROM (
        SELECT event.run_number, event.name::text AS name FROM (SELECT DISTINCT version FROM added)
            AS said
        JOIN (
            SELECT version, run_number, name, false AS oms FROM public."LumisectionEvent"
            UNION ALL SELECT version, run_number, name, true FROM public."OMSLumisectionEvent"
        ) AS event USING (version)
        UNION SELECT known.run_number, known.name::text FROM (SELECT DISTINCT version FROM added)
            AS said
        JOIN public."OMSLumisectionEvent" AS event USING (version)
        JOIN public."Dataset" AS known ON known.run_number = event.run_number
        WHERE event.name = 'online'
    ) AS of;
    PERFORM guard.share_datasets(runs, names);
    PERFORM guard.check_thawed(runs, names);
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION guard.on_frozen_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM guard.check_thawed(ARRAY[OLD.run_number], ARRAY[OLD.name::text]);
        RETURN OLD;
    ELSIF (OLD.run_number, OLD.name, OLD.dataset_attributes, OLD.datasets_in_gui, OLD.deleted)
        IS DISTINCT FROM
        (NEW.run_number, NEW.name, NEW.dataset_attributes, NEW.datasets_in_gui, NEW.deleted) THEN
        PERFORM guard.check_thawed(ARRAY[OLD.run_number], ARRAY[OLD.name::text]);
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION guard.check_cycles_thawed(cycles integer[]) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    frozen text;
BEGIN
    SELECT coalesce(cycle.cycle_name, of.id_cycle::text) INTO frozen
        FROM unnest(cycles) AS of (id_cycle) LEFT JOIN public."Cycle" AS cycle USING (id_cycle)
        WHERE guard.is_frozen(of.id_cycle) ORDER BY of.id_cycle LIMIT 1;
    IF FOUND THEN
        PERFORM guard.refuse(format('Cycle %s is frozen: nothing in it changes until it is'
            ' thawed.', frozen));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION guard.on_frozen_cycle() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM guard.check_cycles_thawed(ARRAY(SELECT DISTINCT id_cycle FROM touched));
    RETURN NULL;
END
$$;

-- What comes into a cycle, and what leaves it.
CREATE OR REPLACE FUNCTION guard.on_change_of_frozen() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM guard.check_cycles_thawed(ARRAY(
        SELECT id_cycle FROM removed UNION SELECT id_cycle FROM added
    ));
    RETURN NULL;
END
$$;

-- Has datasets, and the cycle that they are of, to itself. Whoever shares one of the rows is waited
-- for, and may want another of them next: so it lets go of all of them time and again. Rows that stay
-- the same are written once more: a transaction of the web service that goes on seeing what was there
-- when it began can't share them any more, and is told so.
CREATE OR REPLACE FUNCTION guard.have_alone(runs integer[], names text[], cycle integer)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    asked constant text := current_setting('lock_timeout');
    until constant timestamptz := clock_timestamp()
        + CASE asked WHEN '0' THEN '30 s' ELSE asked END::interval;
BEGIN
    LOOP
        BEGIN
            PERFORM set_config('lock_timeout', '20ms', true);
            PERFORM FROM public."Cycle" AS known WHERE known.id_cycle = cycle FOR UPDATE;
            PERFORM FROM public."Dataset" AS known
                WHERE (known.run_number, known.name) IN (
                    SELECT * FROM unnest(runs, names)
                    UNION ALL SELECT held.run_number, held.name FROM public."CycleDataset" AS held
                    WHERE held.id_cycle = cycle
                ) ORDER BY known.run_number, known.name FOR UPDATE;
            PERFORM set_config('lock_timeout', asked, true);
            UPDATE public."Dataset" AS known SET version = known.version
                WHERE (known.run_number, known.name) IN (
                    SELECT * FROM unnest(runs, names)
                    UNION ALL SELECT held.run_number, held.name FROM public."CycleDataset" AS held
                    WHERE held.id_cycle = cycle
                );
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            IF clock_timestamp() > until THEN
                RAISE;
            END IF;
        END;
    END LOOP;
END
$$;

-- A cycle that is frozen holds its datasets, so that changes under way are waited for.
CREATE OR REPLACE FUNCTION guard.on_freeze() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    said record;
    cycle record;
BEGIN
    who := guard.who_acts();
    IF who.email IS NULL THEN
        PERFORM guard.refuse('Cycles are frozen and thawed by people.');
    END IF;
    PERFORM guard.judge('CYCLE_FROZEN', '{}', '{}', 'Cycles');
    FOR said IN SELECT * FROM added ORDER BY id LOOP
        PERFORM guard.have_alone('{}', '{}', said.id_cycle);
        SELECT known.cycle_name AS name INTO cycle FROM public."Cycle" AS known
            WHERE known.id_cycle = said.id_cycle AND NOT known.deleted;
        IF NOT FOUND THEN
            PERFORM guard.refuse(format('There is no cycle %s.', said.id_cycle));
        END IF;
        IF said.frozen = coalesce((
            SELECT before.frozen FROM record.cycle_freeze AS before
            WHERE before.id_cycle = said.id_cycle AND before.id < said.id
            ORDER BY before.id DESC LIMIT 1
        ), false) THEN
            PERFORM guard.refuse(format('Cycle %s %s.', cycle.name,
                CASE WHEN said.frozen THEN 'is frozen already' ELSE 'isn''t frozen' END));
        ELSIF length(said.why) > 2000 OR (NOT said.frozen AND btrim(said.why) = '') THEN
            PERFORM guard.refuse(format('Give a reason for thawing cycle %s, in up to 2000'
                ' characters.', cycle.name));
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

-- A mark is on what the dataset says now: who changes it just now is waited for. One that is taken
-- away often goes with a change, which shares the row with others: it waits for other marks alone.
CREATE OR REPLACE FUNCTION guard.place_mark() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.event := 0;
    IF NOT NEW.verified THEN
        PERFORM FROM public."Dataset" AS known
            WHERE known.run_number = NEW.run_number AND known.name = NEW.name
            FOR NO KEY UPDATE;
    ELSE
        PERFORM guard.have_alone(ARRAY[NEW.run_number], ARRAY[NEW.name], NULL);
        NEW.event := greatest(0, (
            SELECT max(said.version) FROM public."LumisectionEvent" AS said
            WHERE said.run_number = NEW.run_number AND said.name = NEW.name
        ), (
            SELECT max(said.version) FROM public."DatasetEvent" AS said
            WHERE said.run_number = NEW.run_number AND said.name = NEW.name
        ));
    END IF;
    RETURN NEW;
END
$$;

-- Whether the person, by address or by login, made the newest change of the columns, of the state
-- or of the bits that a mark is on. What happened automatically is nobody's, unless asked for.
CREATE OR REPLACE FUNCTION guard.is_own_change(
    run_number integer, name text, workspace text, email text, login name
) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN EXISTS (
        SELECT FROM (
            SELECT DISTINCT ON (told.what) told.person, told.login FROM (
                SELECT changes.*, own.login, CASE
                    WHEN made."by" NOT LIKE 'auto@auto%' THEN made."by"
                    WHEN made."by" LIKE 'auto@auto - %@%' THEN substr(made."by", 13)
                END AS person
                FROM (
                    SELECT 'columns' AS what, event.version FROM public."LumisectionEvent" AS event
                    JOIN public."JSONBDeduplication" AS object
                        ON object.id = event.lumisection_metadata_id
                    WHERE event.run_number = is_own_change.run_number
                      AND event.name = is_own_change.name
                      AND (is_own_change.workspace = 'global' OR EXISTS (
                        SELECT FROM jsonb_object_keys(CASE jsonb_typeof(object."jsonb")
                WHEN 'object' THEN object."jsonb" END) AS key
                        WHERE starts_with(key, is_own_change.workspace || '-')
                      ))
                    UNION ALL
                    SELECT 'state', event.version FROM public."DatasetEvent" AS event
                    WHERE event.run_number = is_own_change.run_number
                      AND event.name = is_own_change.name AND (
                        event.dataset_metadata ? (is_own_change.workspace || '_state')
                        OR (is_own_change.workspace = 'global' AND EXISTS (
                            SELECT FROM jsonb_object_keys(CASE jsonb_typeof(event.dataset_metadata)
                WHEN 'object' THEN event.dataset_metadata END) AS key
                            WHERE key ~ '_state$'
                        )))
                    UNION ALL
                    SELECT 'bits', event.version FROM public."OMSLumisectionEvent" AS event
                    WHERE event.run_number = is_own_change.run_number
                      AND event.name = is_own_change.name AND is_own_change.workspace = 'global'
                ) AS changes
                JOIN public."Event" AS event ON event.version = changes.version
                JOIN public."Version" AS made ON made.atomic_version = event.atomic_version
                LEFT JOIN guard.authentic AS own ON own.atomic_version = made.atomic_version
                    AND own.kind = 'person'
            ) AS told
            WHERE told.person IS NOT NULL ORDER BY told.what, told.version DESC
        ) AS newest
        WHERE lower(newest.person) = lower(is_own_change.email)
           OR newest.login = is_own_change.login
    );
END
$$;

CREATE OR REPLACE FUNCTION guard.on_verification() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    said record;
    dataset record;
    place text;
BEGIN
    who := guard.who_acts();
    FOR said IN SELECT * FROM added ORDER BY id LOOP
        place := format('%s of run %s', left(said.name, 200), said.run_number);
        IF length(said.why) > 2000 THEN
            PERFORM guard.refuse('A reason has up to 2000 characters.');
        ELSIF NOT said.verified THEN
            IF btrim(said.why) = '' THEN
                PERFORM guard.refuse(format('%s: give a reason for taking a mark away.', place));
            ELSIF NOT coalesce((
                SELECT before.verified FROM record.verification AS before
                WHERE before.run_number = said.run_number AND before.name = said.name
                  AND before.workspace = said.workspace AND before.id < said.id
                ORDER BY before.id DESC LIMIT 1
            ), false) THEN
                PERFORM guard.refuse(format('%s is not verified in %s.', place,
                    left(said.workspace, 100)));
            END IF;
            CONTINUE;
        END IF;
        IF who.email IS NULL THEN
            PERFORM guard.refuse('Datasets are verified by people.');
        END IF;
        SELECT known.deleted OR run.deleted AS hidden,
            known.dataset_attributes ->> (said.workspace || '_state') AS state
            INTO dataset FROM public."Dataset" AS known
            JOIN public."Run" AS run ON run.run_number = known.run_number
            WHERE known.run_number = said.run_number AND known.name = said.name
              AND known.name <> 'online';
        IF coalesce(dataset.state, 'waiting dqm gui') = 'waiting dqm gui' THEN
            PERFORM guard.refuse(format('%s has no state in %s that could be verified.', place,
                left(said.workspace, 100)));
        END IF;
        PERFORM guard.check_workspaces(said.workspace || '_state');
        PERFORM guard.judge('VERIFIED', jsonb_build_object('workspace', said.workspace),
            array_remove(ARRAY[
                CASE WHEN NOT dataset.hidden THEN 'DATASET_SHOWN' END,
                CASE WHEN NOT guard.is_own_change(said.run_number, said.name, said.workspace,
                    who.email, who.person) THEN 'ANOTHERS_CHANGE' END
            ], NULL), place);
    END LOOP;
    RETURN NULL;
END
$$;

-- Marks go with a change of what they are on, or are taken back by who set them or may verify.
CREATE OR REPLACE FUNCTION guard.check_taken_away() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    set_by text;
BEGIN
    IF NEW.verified THEN
        RETURN NULL;
    END IF;
    who := guard.who_acts();
    IF who.kind = 'web' THEN
        RETURN NULL;
    END IF;
    SELECT before."by" INTO set_by FROM record.verification AS before
        WHERE before.run_number = NEW.run_number AND before.name = NEW.name
          AND before.workspace = NEW.workspace AND before.id < NEW.id AND before.verified
        ORDER BY before.id DESC LIMIT 1;
    IF who.email IS NOT NULL AND (lower(who.email) = lower(set_by) OR guard.is_expert()
        OR guard.may('/datasets/' || NEW.workspace || '/move_dataset/SIGNOFF/COMPLETED')) THEN
        RETURN NULL;
    ELSIF NOT guard.touches(ARRAY(
        SELECT event.version FROM guard.authentic AS own
        JOIN public."Event" AS event ON event.version BETWEEN own.first_event AND own.last_event
            AND event.atomic_version = own.atomic_version
        WHERE own.xid = pg_current_xact_id() AND own."at" = transaction_timestamp()
    ), NEW.run_number, NEW.name, NEW.workspace) THEN
        PERFORM guard.refuse(format('%s may not take the mark of %s away from %s of run %s without'
            ' changing it.', coalesce(who.email, who.login), set_by, NEW.name, NEW.run_number));
    END IF;
    RETURN NULL;
END
$$;
