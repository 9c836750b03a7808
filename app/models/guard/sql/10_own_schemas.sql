-- The schemas `desk`, `record` and `seal`: who has a draft, who is there, and what only we keep.

-- Whoever owns the record moves into it what an older program kept elsewhere, authors included.
CREATE OR REPLACE FUNCTION guard.owns(table_ oid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT pg_has_role(session_user, relowner, 'USAGE') FROM pg_class WHERE oid = owns.table_
    );
END
$$;

-- Author and time are the server's.
CREATE OR REPLACE FUNCTION guard.stamp() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
BEGIN
    IF guard.owns(TG_RELID) THEN
        RETURN NEW;
    END IF;
    who := guard.who_acts();
    IF who.kind <> 'web' THEN
        IF TG_TABLE_NAME = 'agent' THEN
            NEW.registered := transaction_timestamp();
        ELSIF TG_TABLE_NAME = 'proposal' THEN
            NEW.proposed := transaction_timestamp();
        ELSE
            NEW."by" := coalesce(who.email, 'auto@auto - ' || who.agent, 'auto@auto');
            NEW."at" := transaction_timestamp();
        END IF;
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION guard.name_present() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.person := coalesce(guard.author(), session_user::text);
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION guard.columns_of_agent(agent text) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT known.columns FROM record.agent AS known
        WHERE known.name = columns_of_agent.agent AND NOT EXISTS (
            SELECT FROM record.agent AS newer
            WHERE newer.name = known.name AND newer.id > known.id
        ) AND NOT EXISTS (
            SELECT FROM record.agent_retirement AS gone WHERE gone.agent = known.id
        )
    );
END
$$;

-- Who may act for an agent: its owner, its own login, and who may register agents.
CREATE OR REPLACE FUNCTION guard.check_agent(agent text, owner text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    who record;
BEGIN
    who := guard.who_acts();
    IF who.kind = 'web' OR who.agent = agent OR who.email = owner THEN
        RETURN;
    ELSIF who.email IS NULL THEN
        PERFORM guard.refuse(format('%s may not act for the agent %s.', who.login, agent));
    END IF;
    PERFORM guard.judge('AGENT', '{"category": "component"}', '{}', format('Agent %s', agent));
END
$$;

CREATE OR REPLACE FUNCTION guard.on_record() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    row_ record;
BEGIN
    IF guard.owns(TG_RELID) THEN
        RETURN NULL;
    END IF;
    who := guard.who_acts();
    IF who.kind = 'web' THEN
        RETURN NULL;
    END IF;
    FOR row_ IN SELECT to_jsonb(added) AS said FROM added LOOP
        CASE TG_TABLE_NAME
        WHEN 'agent' THEN
            IF who.email IS NULL THEN
                PERFORM guard.refuse('Agents are registered by people.');
            END IF;
            PERFORM guard.judge('AGENT', '{"category": "component"}', '{}', 'Agents');
        WHEN 'agent_retirement' THEN
            PERFORM guard.check_agent(known.name, known.owner) FROM record.agent AS known
                WHERE known.id = (row_.said ->> 'agent')::integer;
        WHEN 'proposal' THEN
            PERFORM guard.check_agent(known.name, known.owner) FROM record.agent AS known
                WHERE known.id = (row_.said ->> 'agent')::integer;
            IF NOT EXISTS (
                SELECT FROM record.agent AS known
                WHERE known.id = (row_.said ->> 'agent')::integer
                  AND guard.columns_of_agent(known.name) ? (row_.said ->> 'column')
            ) THEN
                PERFORM guard.refuse(format('The agent is not registered for %s.',
                    row_.said ->> 'column'));
            END IF;
        WHEN 'proposal_decision' THEN
            PERFORM guard.judge_decision((row_.said ->> 'proposal')::bigint,
                row_.said ->> 'state', (row_.said ->> 'version')::integer);
        WHEN 'cycle_history' THEN
            IF who.email IS NULL OR NOT EXISTS (
                SELECT FROM public."Cycle" AS cycle
                WHERE cycle.id_cycle = (row_.said ->> 'id_cycle')::integer
            ) OR NOT guard.is_cycler() THEN
                PERFORM guard.refuse(format('%s may not say what was done to a cycle.',
                    coalesce(who.email, who.login)));
            END IF;
        WHEN 'generated_json_provenance' THEN
            IF who.kind <> 'puller' AND NOT EXISTS (
                SELECT FROM public."GeneratedJson" AS list
                WHERE list.id = (row_.said ->> 'generated_json_id')::integer
                  AND list.created_by = who.email AND list."createdAt" = transaction_timestamp()
            ) THEN
                PERFORM guard.refuse('The provenance of a list is stored with it, by who made it.');
            END IF;
        END CASE;
    END LOOP;
    RETURN NULL;
END
$$;

-- Whether the person may do anything to cycles at all.
CREATE OR REPLACE FUNCTION guard.is_cycler() RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
    RETURN EXISTS (
        SELECT FROM public."PermissionEntries" AS entry
        JOIN public."Permission" AS permission ON permission.id = entry.id,
            jsonb_array_elements_text(CASE jsonb_typeof(permission.routes) WHEN 'array'
                THEN permission.routes ELSE jsonb_build_array(permission.routes) END) AS route,
            guard.who_acts() AS who
        WHERE entry."PL_id" = (SELECT "PL_id" FROM public."Settings" ORDER BY id DESC LIMIT 1)
          AND guard.is_in(who.person, permission.egroup::text)
          AND (guard.begins(route, '/cycles') OR regexp_replace(route, '\s', '', 'g') ~ '^/cycles')
    );
END
$$;

CREATE OR REPLACE FUNCTION guard.judge_decision(proposal bigint, state text, version integer)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    who record;
    made record;
BEGIN
    who := guard.who_acts();
    SELECT known.run_number, known.name, known."column" AS key, agent.name AS agent, agent.owner
        INTO made
        FROM record.proposal AS known JOIN record.agent AS agent ON agent.id = known.agent
        WHERE known.id = judge_decision.proposal;
    IF state IN ('superseded', 'agreed', 'written') THEN
        PERFORM guard.check_agent(made.agent, made.owner);
    ELSIF state IN ('accepted', 'edited', 'rejected') AND who.email IS NOT NULL THEN
        IF NOT guard.may(CASE WHEN made.name = 'online' THEN '/lumisections/edit_rr_lumisections'
            ELSE '/dataset_lumisections/' || made.key END) THEN
            PERFORM guard.refuse(format('%s may not decide on %s.', who.email, made.key));
        END IF;
    ELSE
        PERFORM guard.refuse(format('%s may not call a proposal %s.',
            coalesce(who.email, who.login), state));
    END IF;
    IF version IS NOT NULL AND NOT EXISTS (
        SELECT FROM guard.authentic AS own WHERE own.atomic_version = judge_decision.version
          AND own.xid = pg_current_xact_id() AND own."at" = transaction_timestamp()
    ) THEN
        PERFORM guard.refuse(format('Version %s is not one of this transaction.', version));
    END IF;
END
$$;

-- Notes of the puller: what it failed at, fills, what it does.
CREATE OR REPLACE FUNCTION guard.on_pullers_note() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM guard.who_acts() AS who WHERE who.kind IN ('puller', 'web')) THEN
        PERFORM guard.refuse('This is written by the puller alone.');
    END IF;
    RETURN NULL;
END
$$;

-- The root beside a golden JSON is the newest one, as the server finds it: nobody chooses another.
CREATE OR REPLACE FUNCTION guard.name_root() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who record;
    newest record;
BEGIN
    IF guard.owns(TG_RELID) THEN
        RETURN NEW;
    END IF;
    who := guard.who_acts();
    IF NOT EXISTS (
        SELECT FROM public."GeneratedJson" AS list
        WHERE list.id = NEW.generated_json_id AND list."createdAt" = transaction_timestamp()
          AND (who.kind = 'puller' OR list.created_by = who.email)
    ) THEN
        PERFORM guard.refuse('The root of a list is stored with it, by who made it.');
    END IF;
    SELECT known.size, known.root INTO newest FROM seal.checkpoint AS known
        ORDER BY known.size DESC LIMIT 1;
    IF newest.size IS NULL THEN
        PERFORM guard.refuse('Nothing is sealed yet, so a list has no root.');
    END IF;
    NEW.size := newest.size;
    NEW.root := newest.root;
    NEW."at" := transaction_timestamp();
    RETURN NEW;
END
$$;
