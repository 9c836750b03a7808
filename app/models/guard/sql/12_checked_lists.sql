-- Golden JSONs: what people claim, what pullers found, and what may become official.

-- An older guard kept here what no program ever wrote.
DROP TABLE IF EXISTS guard.confirmed_json;

-- Lists that a person stored. Each is a claim until a puller has made it again from the events.
CREATE TABLE IF NOT EXISTS guard.claimed_json (
    id integer PRIMARY KEY,
    login name NOT NULL,
    "at" timestamptz NOT NULL DEFAULT now()
);

-- The newest check counts.
CREATE OR REPLACE FUNCTION guard.is_confirmed(list integer) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((
        SELECT known.equal FROM record.golden_json_check AS known
        WHERE known.generated_json_id = is_confirmed.list ORDER BY known.id DESC LIMIT 1
    ), false);
END
$$;

-- A puller makes official what it confirmed and an expert wishes for, and changes nothing else.
CREATE OR REPLACE FUNCTION guard.judge_pullers_json(
    list integer, is_deleted boolean, was_official boolean, is_official boolean
) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF is_deleted OR (was_official AND NOT is_official) THEN
        PERFORM guard.refuse('A puller deletes no golden JSON, and makes none unofficial.');
    ELSIF is_official AND NOT was_official AND NOT guard.is_confirmed(list) THEN
        PERFORM guard.refuse(format('Golden JSON %s is not confirmed.', list));
    ELSIF is_official AND NOT was_official AND NOT EXISTS (
        SELECT FROM record.wish AS known
        WHERE known.kind = 'make official' AND known.arguments = jsonb_build_object('list', list)
          AND NOT EXISTS (
            SELECT FROM record.wish_outcome AS outcome WHERE outcome.wish = known.id
          )
    ) THEN
        PERFORM guard.refuse(format('No expert wishes that golden JSON %s be official.', list));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION guard.judge_official_wish(arguments jsonb) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    list text := arguments ->> 'list';
BEGIN
    IF jsonb_typeof(arguments) <> 'object'
        OR (arguments -> 'list')::text !~ '^[1-9][0-9]{0,8}$'
        OR arguments IS DISTINCT FROM jsonb_build_object('list', arguments -> 'list') THEN
        PERFORM guard.refuse(format('There is no wish make official with %s.',
            left(arguments::text, 200)));
    ELSIF NOT guard.is_expert() THEN
        PERFORM guard.refuse(format('%s may not make golden JSON %s official. Only an expert may.',
            guard.author(), list));
    ELSIF NOT EXISTS (
        SELECT FROM public."GeneratedJson" AS known
        WHERE known.id = list::integer AND NOT known.deleted
    ) THEN
        PERFORM guard.refuse(format('There is no golden JSON %s.', list));
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION guard.on_golden_check() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
BEGIN
    IF guard.owns(TG_RELID) THEN
        RETURN NULL;
    END IF;
    who := guard.who_acts();
    IF who.kind <> 'puller' THEN
        PERFORM guard.refuse('Whether a golden JSON is as the events say is told by the puller'
            ' alone.');
    END IF;
    RETURN NULL;
END
$$;
