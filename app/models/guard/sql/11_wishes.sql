-- Which puller works, and what people ask pullers for.

-- One row for each job of pullers, held by whoever told last that it lives: a lease. Only pullers
-- may write or lock a row; everybody sees who works.
CREATE TABLE IF NOT EXISTS guard.puller (
    job text PRIMARY KEY,
    instance text NOT NULL,
    client text NOT NULL,
    since timestamptz NOT NULL,
    beat timestamptz NOT NULL
);

-- A wish is judged like the action: by the path of it. The puller looks at everything else when it
-- does it. An author has at most so many wishes waiting that nobody is kept waiting by one person.
CREATE OR REPLACE FUNCTION guard.on_wish() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    wish record;
BEGIN
    IF guard.owns(TG_RELID) THEN
        RETURN NULL;
    END IF;
    who := guard.who_acts();
    IF who.email IS NULL THEN
        PERFORM guard.refuse('Wishes are those of people.');
    END IF;
    FOR wish IN SELECT * FROM added ORDER BY id LOOP
        PERFORM guard.judge_wish(wish.kind, wish.arguments);
        PERFORM pg_notify('desk_changes', 'wish ' || wish.id);
    END LOOP;
    IF 1000 < (
        SELECT count(*) FROM record.wish AS known WHERE known."by" = who.email AND NOT EXISTS (
            SELECT FROM record.wish_outcome AS outcome WHERE outcome.wish = known.id
        )
    ) THEN
        PERFORM guard.refuse(format('%s already waits for 1000 things that pullers have to do.',
            who.email));
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION guard.judge_wish(kind text, arguments jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    run record;
    shown text[];
    flags text[] := CASE kind WHEN 'pull' THEN '{}'
        WHEN 'refresh' THEN ARRAY['reset', 'recorded'] WHEN 'take in' THEN ARRAY['recorded']
        WHEN 'settle' THEN '{}' WHEN 'classify' THEN '{}' WHEN 'make datasets' THEN '{}' END;
BEGIN
    IF kind = 'make official' THEN
        PERFORM guard.judge_official_wish(arguments);
        RETURN;
    END IF;
    IF flags IS NULL OR jsonb_typeof(arguments) <> 'object' OR EXISTS (
        SELECT FROM jsonb_each(CASE jsonb_typeof(arguments) WHEN 'object' THEN arguments
            ELSE '{}' END) AS said
        WHERE CASE WHEN said.key = 'run' THEN said.value::text !~ '^[0-9]{1,9}$'
            ELSE said.key <> ALL (flags) OR jsonb_typeof(said.value) <> 'boolean' END
    ) OR NOT arguments ? 'run' THEN
        PERFORM guard.refuse(format('There is no wish %s with %s.', kind, left(arguments::text, 200)));
    END IF;
    IF kind = 'pull' THEN
        RETURN;  -- Anybody may ask what OMS says, also of a run that isn't here yet.
    END IF;
    SELECT known.run_number AS number, known.rr_attributes ->> 'state' AS state, known.deleted
        INTO run FROM public."Run" AS known
        WHERE known.run_number = (arguments ->> 'run')::integer;
    IF run.number IS NULL THEN
        PERFORM guard.refuse(format('There is no run %s.', arguments ->> 'run'));
    END IF;
    -- Whether the run is ready to be signed off was judged with its move.
    shown := CASE WHEN run.deleted THEN '{}' ELSE ARRAY['RUN_SHOWN'] END || '{CAN_BE_SIGNED_OFF}';
    CASE kind
    WHEN 'refresh' THEN
        NULL;  -- Anybody may ask for it, as on a database without a guard.
    WHEN 'settle' THEN
        PERFORM guard.judge('RUN_ATTRIBUTE',
            jsonb_build_object('run', run.number, 'attribute', 'run_needs_to_be_updated_manually'),
            shown || '{RUN_OPEN}', format('Run %s', run.number));
    WHEN 'classify' THEN
        IF NOT guard.may('/runs/mark_significant') THEN
            PERFORM guard.judge('RUN_ATTRIBUTE',
                jsonb_build_object('run', run.number, 'attribute', 'significant'),
                shown || '{RUN_OPEN,NOT_SIGNIFICANT}', format('Run %s', run.number));
        END IF;
    WHEN 'take in' THEN
        PERFORM guard.judge('RUN_STATE', jsonb_build_object('from', 'OPEN', 'to', run.state),
            shown, format('Run %s', run.number));
    WHEN 'make datasets' THEN
        -- It comes with the move, from whatever state.
        IF NOT EXISTS (
            SELECT FROM guard.word AS before WHERE before.kind = 'run state'
              AND before.word <> run.state AND guard.allowed('RUN_STATE',
                  jsonb_build_object('from', before.word, 'to', run.state), shown)
        ) THEN
            PERFORM guard.judge('RUN_STATE', jsonb_build_object('from', 'OPEN', 'to', run.state),
                shown, format('Run %s', run.number));
        END IF;
    END CASE;
END
$$;

CREATE OR REPLACE FUNCTION guard.on_wish_outcome() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
BEGIN
    IF guard.owns(TG_RELID) THEN
        RETURN NULL;
    END IF;
    who := guard.who_acts();
    IF who.kind <> 'puller' THEN
        PERFORM guard.refuse('What became of a wish is written by the puller alone.');
    ELSIF EXISTS (SELECT FROM added WHERE state NOT IN ('done', 'refused', 'failed')) THEN
        PERFORM guard.refuse('A wish is done, refused or failed.');
    END IF;
    PERFORM pg_notify('desk_changes', 'outcome ' || wish) FROM added;
    RETURN NULL;
END
$$;
