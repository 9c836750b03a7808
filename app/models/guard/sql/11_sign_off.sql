-- What must be true of a run before it is signed off or completed, in the words of the program.

-- Lumisections that each event of `online` before another one covers, and what it says there, in
-- the order of the fold: a later one wins.
CREATE OR REPLACE FUNCTION guard.online_events(run_number integer, before integer)
RETURNS TABLE (place bigint, said jsonb, covered int4multirange, last integer)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT row_number() OVER (ORDER BY event.manual_change, event.version), object."jsonb",
        -- Most events cover one range: then its ends say all.
        CASE WHEN edges.last - edges.first + 1 = edges.number
            THEN int4multirange(int4range(edges.first, edges.last + 1))
            ELSE (
                SELECT range_agg(int4range(lumisection_number, lumisection_number + 1))
                FROM public."LumisectionEventAssignation" WHERE version = event.version
                  AND lumisection_number BETWEEN 1 AND 20000
            )
        END, edges.last
    FROM public."LumisectionEvent" AS event
    JOIN public."JSONBDeduplication" AS object ON object.id = event.lumisection_metadata_id
    CROSS JOIN LATERAL (
        SELECT min(lumisection_number) AS first, max(lumisection_number) AS last,
            count(*) AS number
        FROM public."LumisectionEventAssignation" WHERE version = event.version
          -- The web service lets lumisections through that no run can have.
          AND lumisection_number BETWEEN 1 AND 20000
    ) AS edges
    WHERE event.run_number = online_events.run_number AND event.name = 'online'
      AND event.version < before AND edges.number > 0;
END
$$;

-- Certifiable columns of a run that are without a status somewhere. Columns of which the same
-- events say the same are looked at as one.
CREATE OR REPLACE FUNCTION guard.check_can_be_signed_off(
    run_number integer, before integer, attributes jsonb
) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    covered int4multirange[];
    saids jsonb[];
    whole int4multirange;
    filled int4multirange;
    likes record;
    lacking text[] := '{}';
BEGIN
    SELECT array_agg(event.covered ORDER BY event.place),
        array_agg(event.said ORDER BY event.place),
        int4multirange(int4range(1, max(event.last) + 1))
        INTO covered, saids, whole FROM guard.online_events(run_number, before) AS event;
    IF covered IS NULL THEN
        PERFORM guard.refuse(format('Run %s has no RR lumisections, so there is nothing to sign'
            ' off: mark it significant first.', run_number));
    END IF;
    FOR likes IN
        SELECT marks, array_agg(key) AS keys FROM (
            SELECT wanted.key, string_agg(CASE
                WHEN NOT event.said ? wanted.key THEN '-'
                WHEN coalesce(event.said -> wanted.key ->> 'status', '')
                    IN ('', 'EMPTY', 'NO VALUE FOUND') THEN '0'
                ELSE '1' END, '' ORDER BY event.place) AS marks
            FROM guard.certifiable() AS wanted
            CROSS JOIN unnest(saids) WITH ORDINALITY AS event (said, place)
            GROUP BY wanted.key
        ) AS columns
        WHERE marks ~ '[01]' GROUP BY marks
    LOOP
        filled := '{}';
        FOR place IN 1 .. length(likes.marks) LOOP
            CASE substr(likes.marks, place, 1)
                WHEN '1' THEN filled := filled + covered[place];
                WHEN '0' THEN filled := filled - covered[place];
                ELSE NULL;
            END CASE;
        END LOOP;
        IF NOT isempty(whole - filled) THEN
            lacking := lacking || likes.keys;
        END IF;
    END LOOP;
    IF lacking <> '{}' THEN
        PERFORM guard.refuse(guard.said_of_unset(run_number, before, whole, lacking));
    ELSIF coalesce(attributes ->> 'class', '') = '' THEN
        PERFORM guard.refuse(format('Run %s has no class: set one before signing it off.',
            run_number));
    END IF;
END
$$;

-- Retired columns can be set by nobody, so they don't count.
CREATE OR REPLACE FUNCTION guard.certifiable() RETURNS TABLE (place integer, key text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT regexp_replace(known.kind, '^certifiable ', '')::integer, known.word
    FROM guard.word AS known
    WHERE starts_with(known.kind, 'certifiable ') AND known.word <> ALL (ARRAY(
        SELECT owner.workspace || '-' || gone.name FROM public."WorkspaceColumn" AS gone
        JOIN public."Workspace" AS owner ON owner.id = gone.id_workspace
        WHERE owner.online_or_offline = 'online (retired)'
    ));
END
$$;

-- The refusal of the program, which names every such place.
CREATE OR REPLACE FUNCTION guard.said_of_unset(
    run_number integer, before integer, whole int4multirange, keys text[]
) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    wanted record;
    event record;
    found int4multirange[];
    unset jsonb := '[]';
    statuses constant text[] := ARRAY['', 'EMPTY', 'NO VALUE FOUND'];
    sentence text;
    experts text[];
    of_one boolean;
BEGIN
    FOR wanted IN SELECT * FROM guard.certifiable() AS known WHERE known.key = ANY (keys) LOOP
        found := ARRAY['{}'::int4multirange, whole, '{}'::int4multirange];
        FOR event IN
            SELECT said.covered, coalesce(said.said -> wanted.key ->> 'status', '') AS status
            FROM guard.online_events(run_number, before) AS said
            WHERE said.said ? wanted.key ORDER BY said.place
        LOOP
            FOR place IN 1 .. 3 LOOP
                found[place] := CASE WHEN event.status = statuses[place]
                    THEN found[place] + event.covered ELSE found[place] - event.covered END;
            END LOOP;
        END LOOP;
        FOR place IN 1 .. 3 LOOP
            CONTINUE WHEN isempty(found[place]);
            unset := unset || jsonb_build_object('first', lower(found[place]), 'order',
                wanted.place, 'status', place, 'key', wanted.key, 'text', (
                    SELECT string_agg(CASE WHEN upper(range) - lower(range) = 1
                        THEN lower(range)::text
                        ELSE format('%s-%s', lower(range), upper(range) - 1) END, ', ')
                    FROM unnest(found[place]) AS range
                ));
        END LOOP;
    END LOOP;
    SELECT string_agg(format('%s is %s in LS %s', part ->> 'key', coalesce(
            nullif(statuses[(part ->> 'status')::integer], ''), 'without a status'), part ->> 'text'),
            '; ' ORDER BY (part ->> 'first')::integer, (part ->> 'order')::integer,
            (part ->> 'status')::integer),
        count(*) = 1 AND min(part ->> 'text') !~ '[-,]'
        INTO sentence, of_one FROM jsonb_array_elements(unset) AS part;
    SELECT array_agg(DISTINCT upper(split_part(part ->> 'key', '-', 1)) ORDER BY
            upper(split_part(part ->> 'key', '-', 1)))
        INTO experts FROM jsonb_array_elements(unset) AS part;
    RETURN format('%s of run %s: set %s or ask the %s, then sign off.', sentence, run_number,
        CASE WHEN of_one THEN 'it' ELSE 'them' END,
        CASE WHEN cardinality(experts) = 1 THEN experts[1] || ' expert'
            ELSE array_to_string(trim_array(experts, 1), ', ') || ' and '
                || experts[cardinality(experts)] || ' experts' END);
END
$$;
