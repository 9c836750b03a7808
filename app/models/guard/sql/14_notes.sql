-- Notes on runs, datasets and lumisections: anybody's, in their own name.

CREATE OR REPLACE FUNCTION guard.on_note() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    note record;
    target record;
BEGIN
    IF guard.owns(TG_RELID) THEN
        RETURN NULL;
    END IF;
    who := guard.who_acts();
    IF who.email IS NULL THEN
        PERFORM guard.refuse('Notes are written by people.');
    END IF;
    FOR note IN SELECT * FROM added ORDER BY id LOOP
        IF length(note.text) > 4000 OR btrim(note.text) = '' THEN
            PERFORM guard.refuse('A note has 1 to 4000 characters.');
        ELSIF jsonb_typeof(note.ranges) <> 'array' OR EXISTS (
            SELECT FROM jsonb_array_elements(CASE jsonb_typeof(note.ranges) WHEN 'array'
                THEN note.ranges ELSE '[]' END) AS range
            WHERE range::text !~ '^\[[1-9][0-9]{0,8}, [1-9][0-9]{0,8}\]$'
        ) THEN
            PERFORM guard.refuse('A note is about ranges of lumisections, such as [[3, 5]].');
        -- Everybody's client reads them, and expects what the program writes.
        ELSIF EXISTS (
            SELECT FROM (
                SELECT (range ->> 0)::integer AS first, (range ->> 1)::integer AS last,
                    lag((range ->> 1)::integer) OVER (ORDER BY place) AS before
                FROM jsonb_array_elements(note.ranges) WITH ORDINALITY AS each (range, place)
            ) AS ranges
            WHERE last > 20000 OR first > last OR first <= before + 1
        ) THEN
            PERFORM guard.refuse('A note is about lumisections up to 20000, in ranges that are'
                ' in order and apart, such as [[3, 5], [7, 9]].');
        ELSIF note.kind = 'note' THEN
            IF note.about IS NOT NULL OR NOT EXISTS (
                SELECT FROM public."Run" AS run WHERE run.run_number = note.run_number
            ) OR (note.name <> '' AND NOT EXISTS (
                SELECT FROM public."Dataset" AS dataset
                WHERE dataset.run_number = note.run_number AND dataset.name = note.name
            )) THEN
                PERFORM guard.refuse(format('There is no run %s with the dataset "%s" to note'
                    ' something on.', note.run_number, left(note.name, 200)));
            END IF;
            CONTINUE;
        END IF;
        SELECT known.* INTO target FROM record.note AS known
            WHERE known.id = note.about AND known.id < note.id;
        IF target.id IS NULL OR target.kind NOT IN ('note', 'reply')
            OR (note.kind = 'reply' AND target.kind <> 'note')
            OR (target.run_number, target.name, target.ranges)
                IS DISTINCT FROM (note.run_number, note.name, note.ranges) THEN
            PERFORM guard.refuse(format('There is no note %s that this can be about.', note.about));
        ELSIF note.kind = 'reply' THEN
            CONTINUE;
        ELSIF note.kind = 'correction' AND target."by" = who.email THEN
            CONTINUE;
        ELSIF note.kind = 'taken back' AND (target."by" = who.email OR guard.is_expert()) THEN
            CONTINUE;
        END IF;
        PERFORM guard.refuse(format('%s may not change note %s of %s.', who.email, target.id,
            target."by"));
    END LOOP;
    RETURN NULL;
END
$$;
