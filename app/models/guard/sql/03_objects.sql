-- Objects that events point at: made here from their canonical text, so that nobody can put
-- something else behind the hash that others look for.

-- SHA-1 where the server has no pgcrypto; `hashed` is put over it where it has. Five steps at a
-- time, after which each letter has its own part again: handing them on costs as much as the steps.
CREATE OR REPLACE FUNCTION guard.sha1(message bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    mask constant bigint := 4294967295;
    size constant integer := length(message);
    padded bytea := message || '\x80'::bytea
        || decode(repeat('00', (119 - size % 64) % 64), 'hex') || int8send(size::bigint * 8);
    words bigint[] := array_fill(0::bigint, ARRAY[80]);
    h0 bigint := 1732584193; h1 bigint := 4023233417; h2 bigint := 2562383102;
    h3 bigint := 271733878; h4 bigint := 3285377520;
    a bigint; b bigint; c bigint; d bigint; e bigint; t bigint;
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
        FOR i IN 0 .. 19 BY 5 LOOP
            e := (((a << 5) | (a >> 27)) + (d # (b & (c # d))) + e + 1518500249 + words[i + 1]) & mask;
            b := ((b << 30) & mask) | (b >> 2);
            d := (((e << 5) | (e >> 27)) + (c # (a & (b # c))) + d + 1518500249 + words[i + 2]) & mask;
            a := ((a << 30) & mask) | (a >> 2);
            c := (((d << 5) | (d >> 27)) + (b # (e & (a # b))) + c + 1518500249 + words[i + 3]) & mask;
            e := ((e << 30) & mask) | (e >> 2);
            b := (((c << 5) | (c >> 27)) + (a # (d & (e # a))) + b + 1518500249 + words[i + 4]) & mask;
            d := ((d << 30) & mask) | (d >> 2);
            a := (((b << 5) | (b >> 27)) + (e # (c & (d # e))) + a + 1518500249 + words[i + 5]) & mask;
            c := ((c << 30) & mask) | (c >> 2);
        END LOOP;
        FOR i IN 20 .. 39 BY 5 LOOP
            e := (((a << 5) | (a >> 27)) + (b # c # d) + e + 1859775393 + words[i + 1]) & mask;
            b := ((b << 30) & mask) | (b >> 2);
            d := (((e << 5) | (e >> 27)) + (a # b # c) + d + 1859775393 + words[i + 2]) & mask;
            a := ((a << 30) & mask) | (a >> 2);
            c := (((d << 5) | (d >> 27)) + (e # a # b) + c + 1859775393 + words[i + 3]) & mask;
            e := ((e << 30) & mask) | (e >> 2);
            b := (((c << 5) | (c >> 27)) + (d # e # a) + b + 1859775393 + words[i + 4]) & mask;
            d := ((d << 30) & mask) | (d >> 2);
            a := (((b << 5) | (b >> 27)) + (c # d # e) + a + 1859775393 + words[i + 5]) & mask;
            c := ((c << 30) & mask) | (c >> 2);
        END LOOP;
        FOR i IN 40 .. 59 BY 5 LOOP
            e := (((a << 5) | (a >> 27)) + ((b & c) | (d & (b | c))) + e + 2400959708 + words[i + 1]) & mask;
            b := ((b << 30) & mask) | (b >> 2);
            d := (((e << 5) | (e >> 27)) + ((a & b) | (c & (a | b))) + d + 2400959708 + words[i + 2]) & mask;
            a := ((a << 30) & mask) | (a >> 2);
            c := (((d << 5) | (d >> 27)) + ((e & a) | (b & (e | a))) + c + 2400959708 + words[i + 3]) & mask;
            e := ((e << 30) & mask) | (e >> 2);
            b := (((c << 5) | (c >> 27)) + ((d & e) | (a & (d | e))) + b + 2400959708 + words[i + 4]) & mask;
            d := ((d << 30) & mask) | (d >> 2);
            a := (((b << 5) | (b >> 27)) + ((c & d) | (e & (c | d))) + a + 2400959708 + words[i + 5]) & mask;
            c := ((c << 30) & mask) | (c >> 2);
        END LOOP;
        FOR i IN 60 .. 79 BY 5 LOOP
            e := (((a << 5) | (a >> 27)) + (b # c # d) + e + 3395469782 + words[i + 1]) & mask;
            b := ((b << 30) & mask) | (b >> 2);
            d := (((e << 5) | (e >> 27)) + (a # b # c) + d + 3395469782 + words[i + 2]) & mask;
            a := ((a << 30) & mask) | (a >> 2);
            c := (((d << 5) | (d >> 27)) + (e # a # b) + c + 3395469782 + words[i + 3]) & mask;
            e := ((e << 30) & mask) | (e >> 2);
            b := (((c << 5) | (c >> 27)) + (d # e # a) + b + 3395469782 + words[i + 4]) & mask;
            d := ((d << 30) & mask) | (d >> 2);
            a := (((b << 5) | (b >> 27)) + (c # d # e) + a + 3395469782 + words[i + 5]) & mask;
            c := ((c << 30) & mask) | (c >> 2);
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
LANGUAGE plpgsql STABLE AS $$
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
    one record;
    number integer;
    stored jsonb;
    false_ones text[] := '{}';
    found_ integer[] := array_fill(0, ARRAY[cardinality(texts)]);
BEGIN
    PERFORM guard.who_acts();
    FOREACH given IN ARRAY texts LOOP
        IF given IS NULL OR length(given) > longest OR given !~ '^\{'
            OR given IS DISTINCT FROM guard.canonical(given) THEN
            PERFORM guard.refuse(format(
                'An object of triplets or bits has its keys in order and no blanks, unlike %s.',
                coalesce(left(given, 80), 'nothing')
            ));
        END IF;
    END LOOP;
    -- In the order of hashes, or two who store the same would wait for each other.
    FOR one IN
        SELECT new.text, new.place, guard.hashed(new.text) AS hash
        FROM unnest(texts) WITH ORDINALITY AS new (text, place) ORDER BY 3
    LOOP
        SELECT id, "jsonb" INTO number, stored FROM public."JSONBDeduplication"
            WHERE unique_hash = one.hash;
        IF NOT FOUND THEN
            INSERT INTO public."JSONBDeduplication" ("jsonb", unique_hash)
                VALUES (one.text::jsonb, one.hash) ON CONFLICT (unique_hash) DO NOTHING
                RETURNING id, "jsonb" INTO number, stored;
            -- Somebody else was faster.
            IF NOT FOUND THEN
                SELECT id, "jsonb" INTO STRICT number, stored FROM public."JSONBDeduplication"
                    WHERE unique_hash = one.hash;
            END IF;
        END IF;
        IF stored <> one.text::jsonb THEN
            false_ones := false_ones || number::text;
        END IF;
        found_[one.place] := number;
    END LOOP;
    IF cardinality(false_ones) > 0 THEN
        PERFORM guard.refuse(format(
            'JSONBDeduplication has the hash of what was to be stored, but other content, in row'
            ' %s. Nothing was stored: it would have said something else in your name. Tell the'
            ' administrator of the database; db check --deep names such rows.',
            array_to_string(false_ones, ', ')
        ));
    END IF;
    RETURN found_;
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

-- People have their objects made by the functions above, as whose owner they are stored; then the
-- trigger isn't asked.
CREATE OR REPLACE FUNCTION guard.on_object() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
BEGIN
    who := guard.who_acts();
    IF who.kind NOT IN ('web', 'puller') THEN
        PERFORM guard.refuse('Objects of events are stored by guard.json_id, from their text.');
    END IF;
    RETURN NULL;
END
$$;
