-- Objects that events point at: made here from their canonical text, so that nobody can put
-- something else behind the hash that others look for.

-- SHA-1 where the server has no pgcrypto; `hashed` is put over it where it has.
CREATE OR REPLACE FUNCTION guard.sha1(message bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mask constant bigint := 4294967295;
    size constant integer := length(message);
    padded bytea := message || '\x80'::bytea
        || decode(repeat('00', (119 - size % 64) % 64), 'hex') || int8send(size::bigint * 8);
    words bigint[] := array_fill(0::bigint, ARRAY[80]);
    h0 bigint := 1732584193; h1 bigint := 4023233417; h2 bigint := 2562383102;
    h3 bigint := 271733878; h4 bigint := 3285377520;
    a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; k bigint; t bigint;
BEGIN
    FOR block IN 0 .. length(padded) / 64 - 1 LOOP
        FOR i IN 0 .. 15 LOOP
            words[i + 1] := (get_byte(padded, block * 64 + i * 4)::bigint << 24)
                | (get_byte(padded, block * 64 + i * 4 + 1) << 16)
                | (get_byte(padded, block * 64 + i * 4 + 2) << 8)
                | get_byte(padded, block * 64 + i * 4 + 3);
        END LOOP;
        FOR i IN 17 .. 80 LOOP
            t := words[i - 3] # words[i - 8] # words[i - 14] # words[i - 16];
            words[i] := ((t << 1) & mask) | (t >> 31);
        END LOOP;
        a := h0; b := h1; c := h2; d := h3; e := h4;
        FOR i IN 1 .. 80 LOOP
            IF i <= 20 THEN
                f := (b & c) | ((mask - b) & d); k := 1518500249;
            ELSIF i <= 40 THEN
                f := b # c # d; k := 1859775393;
            ELSIF i <= 60 THEN
                f := (b & c) | (b & d) | (c & d); k := 2400959708;
            ELSE
                f := b # c # d; k := 3395469782;
            END IF;
            t := ((((a << 5) & mask) | (a >> 27)) + f + e + k + words[i]) & mask;
            e := d; d := c; c := ((b << 30) & mask) | (b >> 2); b := a; a := t;
        END LOOP;
        h0 := (h0 + a) & mask; h1 := (h1 + b) & mask; h2 := (h2 + c) & mask;
        h3 := (h3 + d) & mask; h4 := (h4 + e) & mask;
    END LOOP;
    RETURN lpad(to_hex(h0), 8, '0') || lpad(to_hex(h1), 8, '0') || lpad(to_hex(h2), 8, '0')
        || lpad(to_hex(h3), 8, '0') || lpad(to_hex(h4), 8, '0');
END
$$;

-- The one spelling of an object of triplets, or of bits and numbers: keys in order, no blanks. Null
-- where something else is in it, or a key is there twice.
CREATE OR REPLACE FUNCTION guard.canonical(given text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT CASE WHEN count(*) = count(DISTINCT key) AND NOT coalesce(bool_or(
            json_typeof(value) = 'array' OR key ~ '^[0-9]' OR key = ''
        ), false) THEN '{' || coalesce(string_agg(to_json(key)::text || ':' || CASE
                WHEN json_typeof(value) = 'object' THEN (
                    SELECT '{"status":' || to_json(inner_.status)::text || ',"comment":'
                        || to_json(inner_.comment)::text || ',"cause":' || to_json(inner_.cause)::text
                        || '}'
                    FROM json_to_record(value) AS inner_ (status text, comment text, cause text)
                )
                WHEN json_typeof(value) = 'string' THEN to_json(value #>> '{}')::text
                ELSE value::text
            END, ',' ORDER BY key COLLATE "C"), '') || '}' END
        FROM json_each(given::json)
    );
END
$$;

-- Ids of objects by their canonical texts, in the order of the texts; new ones are stored once.
CREATE OR REPLACE FUNCTION guard.json_ids(texts text[]) RETURNS integer[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    longest constant integer := 65536;
    given text;
    hashes text[] := '{}';
    false_ones text;
    found integer[];
BEGIN
    PERFORM guard.acting();
    FOREACH given IN ARRAY texts LOOP
        IF given IS NULL OR length(given) > longest OR given !~ '^\{'
            OR given IS DISTINCT FROM guard.canonical(given) THEN
            PERFORM guard.refuse(format(
                'An object of triplets or bits has its keys in order and no blanks, unlike %s.',
                coalesce(left(given, 80), 'nothing')
            ));
        END IF;
        hashes := hashes || guard.hashed(given);
    END LOOP;
    INSERT INTO public."JSONBDeduplication" ("jsonb", unique_hash)
        SELECT DISTINCT ON (new.hash) new.text::jsonb, new.hash
        FROM unnest(texts, hashes) AS new (text, hash)
        WHERE NOT EXISTS (
            SELECT FROM public."JSONBDeduplication" AS known WHERE known.unique_hash = new.hash
        )
        ORDER BY new.hash
        ON CONFLICT (unique_hash) DO NOTHING;
    SELECT array_agg(known.id ORDER BY new.place), string_agg(DISTINCT known.id::text, ', ')
            FILTER (WHERE known."jsonb" <> new.text::jsonb)
        INTO found, false_ones
        FROM unnest(texts, hashes) WITH ORDINALITY AS new (text, hash, place)
        JOIN public."JSONBDeduplication" AS known ON known.unique_hash = new.hash;
    IF false_ones IS NOT NULL THEN
        PERFORM guard.refuse(format(
            'JSONBDeduplication has the hash of what was to be stored, but other content, in row'
            ' %s. Nothing was stored: it would have said something else in your name. Tell the'
            ' administrator of the database; db check --deep names such rows.', false_ones
        ));
    END IF;
    RETURN coalesce(found, '{}');
END
$$;

CREATE OR REPLACE FUNCTION guard.json_id(given text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT (guard.json_ids(ARRAY[json_id.given]))[1]
    );
END
$$;

-- People have their objects made by the functions above, as whose owner they are stored.
CREATE OR REPLACE FUNCTION guard.on_object() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_user <> 'run_registry_guard' AND NOT EXISTS (
        SELECT FROM guard.acting() AS who WHERE who.kind IN ('web', 'puller')
    ) THEN
        PERFORM guard.refuse('Objects of events are stored by guard.json_id, from their text.');
    END IF;
    RETURN NULL;
END
$$;
