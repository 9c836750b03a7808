-- Lists of the configuration: made whole in one transaction, and put in force by a settings row.

-- Ids and times are the server's: the settings row with the greatest id is in force.
CREATE OR REPLACE FUNCTION guard.number_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT guard.is_trusted() THEN
        NEW.id := nextval(pg_get_serial_sequence(format('public.%I', TG_TABLE_NAME), 'id'));
        IF to_jsonb(NEW) ? 'createdAt' THEN
            NEW."createdAt" := transaction_timestamp();
        END IF;
    END IF;
    RETURN NEW;
END
$$;

-- Items are never changed, so that adding one changes nothing yet. Authors are who they say.
CREATE OR REPLACE FUNCTION guard.on_item() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    strange text;
BEGIN
    who := guard.who_acts();
    IF who.kind = 'web' THEN
        RETURN NULL;
    ELSIF who.email IS NULL THEN
        PERFORM guard.refuse('The configuration is changed by people.');
    END IF;
    SELECT coalesce(item ->> 'updated_by', item ->> 'created_by') INTO strange
        FROM (SELECT to_jsonb(added) AS item FROM added) AS items
        WHERE item ? 'created_by'
          AND coalesce(item ->> 'updated_by', item ->> 'created_by') IS DISTINCT FROM who.email
        LIMIT 1;
    IF FOUND THEN
        PERFORM guard.refuse(format('%s may not write an item in the name of %s.', who.email,
            coalesce(strange, 'nobody')));
    END IF;
    IF TG_TABLE_NAME = 'Permission' THEN
        IF EXISTS (SELECT FROM added WHERE jsonb_typeof(to_jsonb(added) -> 'routes') <> 'array') THEN
            PERFORM guard.refuse('Routes are a list of texts.');
        END IF;
        SELECT route INTO strange FROM added,
            jsonb_array_elements_text(to_jsonb(added) -> 'routes') AS route
            WHERE NOT guard.is_route(route) LIMIT 1;
        IF FOUND THEN
            PERFORM guard.refuse(format('The route "%s" can''t be read as a regular expression.',
                strange));
        END IF;
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION guard.is_route(route text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM '' ~ ('^(?:' || regexp_replace(route, '\s', '', 'g') || ')');
    -- The program matches routes with another engine where there is no guard: what the two don't
    -- read alike (\b, groups but (?:, named classes) is no route.
    RETURN regexp_replace(route, '\\[^\w]', '_', 'g') !~ '\\(?![dDwWsS])|\(\?(?!:)|\[\[[.=:]';
EXCEPTION WHEN invalid_regular_expression THEN
    RETURN false;
END
$$;

CREATE OR REPLACE FUNCTION guard.on_list() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
BEGIN
    who := guard.who_acts();
    IF who.kind = 'web' THEN
        RETURN NULL;
    ELSIF who.email IS NULL THEN
        PERFORM guard.refuse('The configuration is changed by people.');
    END IF;
    INSERT INTO guard.open_list (entries, id, xid, "at")
        SELECT regexp_replace(TG_TABLE_NAME, 'List$', 'Entries'), id, pg_current_xact_id(),
            transaction_timestamp()
        FROM added;
    RETURN NULL;
END
$$;

-- Entries of a list that stands already would change what is, or was, in force.
CREATE OR REPLACE FUNCTION guard.on_entry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    strange integer;
BEGIN
    IF guard.is_trusted() THEN
        RETURN NULL;
    END IF;
    SELECT list INTO strange
        FROM (SELECT (to_jsonb(added) ->> TG_ARGV[0])::integer AS list FROM added) AS entries
        WHERE NOT EXISTS (
            SELECT FROM guard.open_list AS own
            WHERE own.entries = TG_TABLE_NAME AND own.id = list
              AND own.xid = pg_current_xact_id() AND own."at" = transaction_timestamp()
        ) LIMIT 1;
    IF FOUND THEN
        PERFORM guard.refuse(format(
            'List %s of %s is not one of this transaction: nothing can be added to it.',
            strange, TG_TABLE_NAME
        ));
    END IF;
    RETURN NULL;
END
$$;

-- What a new settings row changes: each list that is another than before is judged by its items.
-- That is asked before the row is there, because permissions count as they were without it.
CREATE OR REPLACE FUNCTION guard.on_settings() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    before jsonb;
    list record;
BEGIN
    who := guard.who_acts();
    IF who.kind = 'web' THEN
        RETURN NEW;
    ELSIF who.email IS NULL THEN
        PERFORM guard.refuse('The configuration is changed by people.');
    END IF;
    -- One change at a time, as the program has it too; what was changed meanwhile is seen.
    PERFORM pg_advisory_xact_lock(1381123139);
    NEW.id := nextval('public."Settings_id_seq"');
    NEW."createdAt" := transaction_timestamp();
    IF NEW.metadata ->> 'by' IS DISTINCT FROM who.email THEN
        PERFORM guard.refuse(format('%s may not change the configuration in the name of %s.',
            who.email, coalesce(NEW.metadata ->> 'by', 'nobody')));
    END IF;
    SELECT to_jsonb(known) INTO before FROM public."Settings" AS known
        ORDER BY known.id DESC LIMIT 1;
    FOR list IN
        SELECT *, (before ->> known.id)::integer AS was,
            (to_jsonb(NEW) ->> known.id)::integer AS becomes
        FROM (VALUES
            ('CCL_id', 'ClassClassifierEntries', 'LIST', 'class'),
            ('CPCL_id', 'ComponentClassifierEntries', 'LIST', 'component'),
            ('DCL_id', 'DatasetClassifierEntries', 'LIST', 'dataset'),
            ('ODCL_id', 'OfflineDatasetClassifierEntries', 'LIST', 'offline_dataset'),
            ('JCL_id', 'JsonClassifierEntries', 'LIST', 'json_classifier'),
            ('DAL_id', 'DatasetsAcceptedEntries', 'DATASETS_ACCEPTED', ''),
            ('PL_id', 'PermissionEntries', 'PERMISSIONS', '')
        ) AS known (id, entries, content, category)
        WHERE to_jsonb(NEW) ->> known.id IS DISTINCT FROM before ->> known.id
    LOOP
        PERFORM guard.judge_list(list.entries, list.was, list.becomes, list.content,
            list.category);
    END LOOP;
    -- What the settings name is whole.
    DELETE FROM guard.open_list WHERE xid = pg_current_xact_id();
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION guard.judge_list(
    entries text, was integer, becomes integer, content text, category text
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    strange record;
    who record;
BEGIN
    who := guard.who_acts();
    IF NOT EXISTS (
        SELECT FROM guard.open_list AS own WHERE own.entries = judge_list.entries AND own.id = becomes
          AND own.xid = pg_current_xact_id() AND own."at" = transaction_timestamp()
    ) THEN
        PERFORM guard.refuse(format('List %s of %s was not made for this change.', becomes, entries));
    END IF;
    IF category = 'json_classifier' THEN
        -- A JSON configuration belongs to who made it, and to experts.
        FOR strange IN
            SELECT item.name, item.created_by FROM public."JsonClassifierEntries" AS entry
            JOIN public."JsonClassifier" AS item ON item.id = entry.id
            WHERE entry."JCL_id" = was AND NOT EXISTS (
                SELECT FROM public."JsonClassifierEntries" AS kept
                WHERE kept."JCL_id" = becomes AND kept.id = entry.id
            )
        LOOP
            IF strange.created_by IS DISTINCT FROM who.email AND NOT guard.is_expert() THEN
                PERFORM guard.refuse(format(
                    '%s may not change the JSON configuration "%s": it belongs to %s.',
                    who.email, strange.name, coalesce(strange.created_by, 'experts')
                ));
            END IF;
        END LOOP;
        -- Who made an item stays its author when somebody else changes it, and nobody else is.
        FOR strange IN
            SELECT item.id, item.name, item.created_by FROM public."JsonClassifierEntries" AS entry
            JOIN public."JsonClassifier" AS item ON item.id = entry.id
            WHERE entry."JCL_id" = becomes AND NOT EXISTS (
                SELECT FROM public."JsonClassifierEntries" AS known
                WHERE known."JCL_id" = was AND known.id = entry.id
            )
        LOOP
            IF EXISTS (
                SELECT FROM public."JsonClassifierEntries" AS entry
                JOIN public."JsonClassifier" AS item ON item.id = entry.id
                WHERE entry."JCL_id" = was AND item.created_by IS NOT DISTINCT FROM strange.created_by
                  AND NOT EXISTS (
                      SELECT FROM public."JsonClassifierEntries" AS kept
                      WHERE kept."JCL_id" = becomes AND kept.id = entry.id
                  )
            ) THEN
                CONTINUE;
            END IF;
            IF strange.created_by IS DISTINCT FROM who.email AND NOT guard.is_expert() THEN
                PERFORM guard.refuse(format(
                    '%s may not add the JSON configuration "%s" in the name of %s.',
                    who.email, strange.name, coalesce(strange.created_by, 'nobody')
                ));
            END IF;
            PERFORM guard.judge(content, jsonb_build_object('category', category), '{}', entries);
        END LOOP;
        RETURN;
    END IF;
    PERFORM guard.judge(content, jsonb_build_object('category', category), '{}', entries);
    IF content = 'PERMISSIONS' AND NOT EXISTS (
        SELECT FROM public."PermissionEntries" AS entry
        JOIN public."Permission" AS item ON item.id = entry.id,
            jsonb_array_elements_text(CASE jsonb_typeof(item.routes) WHEN 'array' THEN item.routes
                ELSE jsonb_build_array(item.routes) END) AS route
        WHERE entry."PL_id" = becomes AND guard.begins(route, '/permissions')
    ) THEN
        PERFORM guard.refuse('Nobody could change permissions any more.');
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION guard.on_workspace() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    row_ record;
BEGIN
    IF guard.is_trusted() THEN
        RETURN NULL;
    ELSIF guard.author() IS NULL THEN
        PERFORM guard.refuse('The configuration is changed by people.');
    END IF;
    -- A name becomes a part of paths, which rights are written for.
    SELECT coalesce(given ->> 'workspace', given ->> 'name') AS name INTO row_
        FROM (SELECT to_jsonb(added) AS given FROM added) AS rows
        WHERE coalesce(given ->> 'workspace', given ->> 'name') !~ '^[A-Za-z0-9_]{1,60}$'
           OR coalesce(given ->> 'workspace', given ->> 'name') = 'global' LIMIT 1;
    IF FOUND THEN
        PERFORM guard.refuse(format('"%s" is not a valid name of a workspace or column: use 1 to 60'
            ' letters, digits and _, and not global.', row_.name));
    END IF;
    FOR row_ IN
        SELECT DISTINCT online_or_offline AS side FROM (
            SELECT coalesce(given ->> 'online_or_offline', (
                SELECT owner.online_or_offline FROM public."Workspace" AS owner
                WHERE owner.id = (given ->> 'id_workspace')::integer
            )) AS online_or_offline
            FROM (SELECT to_jsonb(added) AS given FROM added) AS rows
        ) AS sides
    LOOP
        IF row_.side NOT IN ('online', 'offline') THEN
            PERFORM guard.refuse('Workspaces and columns are retired by the administrator of the'
                ' database.');
        END IF;
        PERFORM guard.judge('WORKSPACE', jsonb_build_object('side', row_.side), '{}',
            TG_TABLE_NAME);
    END LOOP;
    RETURN NULL;
END
$$;
