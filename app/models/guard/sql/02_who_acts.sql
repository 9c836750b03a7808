-- Who acts, and what their e-groups allow.
--
-- What logins and triggers call takes on the part of the guard's owner and a path of names of its
-- own. What that calls in turn goes on with both, which costs nothing again, and nobody else may
-- call it.

CREATE OR REPLACE FUNCTION guard.refuse(sentence text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'RRG01', MESSAGE = sentence;
END
$$;

-- The login that began the session decides, whatever role it has taken on since. `email` and
-- `person` are those of the person whose rights count, without one for the services. Who writes
-- goes by what holds now: a transaction that goes on seeing what was there when it began, or with
-- its first question, would keep rights that were taken away since.
CREATE OR REPLACE FUNCTION guard.who_acts(
    OUT login name, OUT kind text, OUT email text, OUT person name, OUT agent text
)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    named text;
BEGIN
    login := session_user;
    SELECT service.kind, service.agent, known.email, known.login INTO kind, agent, email, person
        FROM (SELECT session_user AS login) AS came
        LEFT JOIN guard.service AS service ON service.login = came.login AND service.active
        LEFT JOIN guard.person AS known ON known.login = came.login AND known.active
            AND service.login IS NULL;
    IF kind IS NULL THEN
        IF person IS NULL THEN
            PERFORM guard.refuse(format(
                'The login %s stands for no person and no service in this database. Ask its'
                ' administrator to add it.', session_user
            ));
        END IF;
        kind := 'person';
    ELSIF kind = 'door' THEN
        named := current_setting('guard.person', true);
        SELECT known.email, known.login INTO email, person
            FROM guard.person AS known WHERE known.email = named AND known.active;
        IF person IS NULL THEN
            PERFORM guard.refuse(format(
                'The door %s names no person for whom it acts.', session_user
            ));
        END IF;
    END IF;
    IF kind <> 'web' AND current_setting('transaction_isolation') <> 'read committed'
        AND current_setting('transaction_read_only') = 'off' THEN
        PERFORM guard.refuse(format('A transaction that is %s can''t write here: it doesn''t see'
            ' which rights were given or taken since it began. Use READ COMMITTED.',
            upper(current_setting('transaction_isolation'))));
    END IF;
END
$$;

-- The same for logins. Triggers ask several times in each edit, and have the owner's part already.
CREATE OR REPLACE FUNCTION guard.acting(
    OUT login name, OUT kind text, OUT email text, OUT person name, OUT agent text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT who.* INTO login, kind, email, person, agent FROM guard.who_acts() AS who;
END
$$;

-- Whether a path begins as a route says, blanks in the route left out; a faulty route allows nothing.
CREATE OR REPLACE FUNCTION guard.begins(route text, path text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    -- What most routes are.
    IF route = '.*' THEN
        RETURN true;
    ELSIF route ~ '^[A-Za-z0-9_/-]*$' THEN
        RETURN starts_with(path, route);
    END IF;
    -- In a block of its own: one that catches errors is a subtransaction, and costs more than all
    -- the rest.
    BEGIN
        RETURN path ~ ('^(?:' || regexp_replace(route, '\s', '', 'g') || ')');
    EXCEPTION WHEN invalid_regular_expression THEN
        RETURN false;
    END;
END
$$;

CREATE OR REPLACE FUNCTION guard.egroups_for(path text) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT permission.egroup::text ORDER BY permission.egroup::text), '{}')
        FROM public."PermissionEntries" AS entry
        JOIN public."Permission" AS permission ON permission.id = entry.id
        WHERE entry."PL_id" = (SELECT "PL_id" FROM public."Settings" ORDER BY id DESC LIMIT 1)
          AND EXISTS (
              SELECT FROM jsonb_array_elements_text(CASE jsonb_typeof(permission.routes)
                  WHEN 'array' THEN permission.routes ELSE jsonb_build_array(permission.routes)
              END) AS route
              WHERE guard.begins(route, egroups_for.path)
          )
    );
END
$$;

-- An e-group is a role that nobody can log in as; who is in it is what the roles say.
CREATE OR REPLACE FUNCTION guard.is_in(person name, egroup text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN EXISTS (
        SELECT FROM pg_roles WHERE rolname = is_in.egroup AND NOT rolcanlogin
          AND pg_has_role(is_in.person, oid, 'MEMBER')
    );
END
$$;

CREATE OR REPLACE FUNCTION guard.may_of(person name, path text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    -- Only routes of e-groups that the person is in are looked at: there are few of them.
    RETURN EXISTS (
        SELECT FROM public."PermissionEntries" AS entry
        JOIN public."Permission" AS permission ON permission.id = entry.id
        JOIN pg_roles AS egroup ON egroup.rolname = permission.egroup AND NOT egroup.rolcanlogin
        CROSS JOIN LATERAL jsonb_array_elements_text(CASE
            WHEN NOT pg_has_role(may_of.person, egroup.oid, 'MEMBER') THEN '[]'
            -- The web service may have stored a single one, or what is none.
            WHEN jsonb_typeof(permission.routes) = 'array' THEN permission.routes
            ELSE jsonb_build_array(permission.routes)
        END) AS route
        WHERE entry."PL_id" = (SELECT "PL_id" FROM public."Settings" ORDER BY id DESC LIMIT 1)
          AND guard.begins(route, may_of.path)
    );
END
$$;

CREATE OR REPLACE FUNCTION guard.may(path text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN guard.may_of((guard.who_acts()).person, path);
END
$$;

CREATE OR REPLACE FUNCTION guard.is_expert() RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT guard.is_in(who.person, (SELECT word FROM guard.word WHERE kind = 'experts'))
        FROM guard.who_acts() AS who
    );
END
$$;

-- What a client shows of who it acts as: e-groups that permissions name, or that a sync brought.
CREATE OR REPLACE FUNCTION guard.whoami(
    OUT login name, OUT kind text, OUT email text, OUT egroups text[], OUT synced timestamptz
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
BEGIN
    who := guard.who_acts();
    login := who.login;
    kind := who.kind;
    email := who.email;
    SELECT coalesce(array_agg(DISTINCT named.egroup ORDER BY named.egroup), '{}') INTO egroups
        FROM (
            SELECT permission.egroup::text FROM public."Permission" AS permission
            UNION SELECT word FROM guard.word AS known WHERE known.kind = 'experts'
            UNION SELECT known.name::text FROM guard.egroup AS known
        ) AS named (egroup)
        WHERE guard.is_in(who.person, named.egroup);
    SELECT max(done."at") INTO synced FROM guard.egroup_sync AS done;
END
$$;

CREATE OR REPLACE FUNCTION guard.filled(path text, names jsonb) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    place text;
    value text;
BEGIN
    FOR place, value IN SELECT * FROM jsonb_each_text(names) LOOP
        path := replace(path, '{' || place || '}', value);
    END LOOP;
    RETURN path;
END
$$;

-- Whether one of the actions that write such a content is allowed, with its own preconditions.
CREATE OR REPLACE FUNCTION guard.allowed_to(
    person name, content text, names jsonb, facts text[]
) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN EXISTS (
        SELECT FROM guard.action AS known
        WHERE known.content = allowed_to.content AND known.needs <@ allowed_to.facts
          AND guard.may_of(allowed_to.person, guard.filled(known.path, allowed_to.names))
    );
END
$$;

CREATE OR REPLACE FUNCTION guard.allowed(content text, names jsonb, facts text[]) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN guard.allowed_to((guard.who_acts()).person, content, names, facts);
END
$$;

-- The same, with a sentence when none is.
CREATE OR REPLACE FUNCTION guard.judge(
    content text, names jsonb, facts text[], subject text
) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    paths text[];
    egroups text[];
    lacking text;
BEGIN
    IF guard.allowed(content, names, facts) THEN
        RETURN;
    END IF;
    SELECT array_agg(DISTINCT guard.filled(known.path, judge.names)) INTO paths
        FROM guard.action AS known
        WHERE known.content = judge.content AND known.needs <@ judge.facts;
    IF paths IS NULL THEN
        SELECT need.words INTO lacking
            FROM guard.action AS known, unnest(known.needs) WITH ORDINALITY AS wanted (need, place)
            JOIN guard.need AS need ON need.need = wanted.need
            WHERE known.content = judge.content AND wanted.need <> ALL (judge.facts)
            ORDER BY known.id, wanted.place LIMIT 1;
        PERFORM guard.refuse(format('%s: %s.', subject, lacking));
    END IF;
    SELECT array_agg(DISTINCT egroup ORDER BY egroup) INTO egroups
        FROM unnest(paths) AS path, unnest(guard.egroups_for(path)) AS egroup;
    RAISE EXCEPTION USING ERRCODE = 'RRG01', DETAIL = coalesce(array_to_string(egroups, ', '), ''),
        MESSAGE = format('%s may not do this (%s). ', guard.author(), array_to_string(paths, ' or ')) || CASE
            WHEN egroups IS NULL THEN
                'The permissions in force allow it to nobody; an administrator of the database has'
                ' to give the right to an e-group.'
            WHEN cardinality(egroups) = 1 THEN format('It takes a member of %s.', egroups[1])
            ELSE format('It takes a member of one of %s.', array_to_string(egroups, ', '))
        END;
END
$$;

-- The person who acts, for what people do alone; trusted services give nobody and go on.
CREATE OR REPLACE FUNCTION guard.author() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT who.email FROM guard.who_acts() AS who
    );
END
$$;

CREATE OR REPLACE FUNCTION guard.is_trusted() RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT who.kind = 'web' FROM guard.who_acts() AS who
    );
END
$$;

-- Later wins, key by key: how events become state.
CREATE OR REPLACE AGGREGATE guard.fold(jsonb) (SFUNC = jsonb_concat, STYPE = jsonb, INITCOND = '{}');
