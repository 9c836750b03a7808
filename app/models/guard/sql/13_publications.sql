-- Published golden JSONs: which list, under which name, after which one, and why.

-- An expert publishes an official list: with the next number of its era and kind, under the name
-- that follows from the list, and with a reason where it takes the place of another.
CREATE OR REPLACE FUNCTION guard.on_publication() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    made record;
    before record;
BEGIN
    IF guard.owns(TG_RELID) THEN
        RETURN NULL;
    END IF;
    who := guard.who_acts();
    IF who.email IS NULL THEN
        PERFORM guard.refuse('Golden JSONs are published by people.');
    ELSIF NOT guard.is_expert() THEN
        PERFORM guard.refuse(format('%s may not publish golden JSONs. Only an expert may.',
            who.email));
    END IF;
    FOR made IN
        SELECT added.*, list.id AS list, list.official, list.deleted,
            list.dataset_name_filter || ' ' || list.tags AS said,
            format('Cert_%s_%s_%s_%s', added.era, list.min_run_number, list.max_run_number,
                CASE added.kind WHEN 'golden' THEN 'Golden' WHEN 'muon' THEN 'Muon'
                    WHEN 'dcs-only' THEN 'DCSOnly' END) AS usual
        FROM added LEFT JOIN public."GeneratedJson" AS list ON list.id = added.generated_json_id
        ORDER BY added.number
    LOOP
        IF made.list IS NULL OR made.deleted OR NOT made.official THEN
            PERFORM guard.refuse(format('Golden JSON %s is not official, so it is not published.',
                made.generated_json_id));
        ELSIF made.kind NOT IN ('golden', 'muon', 'dcs-only')
            OR made.era !~ '^[A-Za-z]{3,13}[0-9]{2,4}$' OR position(made.era IN made.said) = 0 THEN
            PERFORM guard.refuse(format('Golden JSON %s is no list of kind %s of %s.', made.list,
                left(made.kind, 40), left(made.era, 40)));
        ELSIF made.name <> made.usual AND made.name <> format('%s_v%s', made.usual, made.number)
        THEN
            PERFORM guard.refuse(format('Golden JSON %s is not published under that name.',
                made.list));
        END IF;
        SELECT max(known.number) AS number, max(known.generated_json_id)
            FILTER (WHERE known.number = made.number - 1) AS list INTO before
            FROM record.publication AS known
            WHERE known.era = made.era AND known.kind = made.kind AND known.number < made.number;
        IF made.number <> coalesce(before.number, 0) + 1
            OR made.parent IS DISTINCT FROM before.list THEN
            PERFORM guard.refuse(format('Golden JSON %s does not follow the newest published list'
                ' of kind %s of %s.', made.list, made.kind, made.era));
        ELSIF length(made.why) > 2000 OR (made.parent IS NOT NULL AND btrim(made.why) = '') THEN
            PERFORM guard.refuse(format('Golden JSON %s takes the place of %s: say why, in up to'
                ' 2000 characters.', made.list, coalesce(made.parent::text, 'none')));
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
