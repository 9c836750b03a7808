-- Who may log in as whom, and who really wrote what. Everything here belongs to a role that nobody
-- can log in as; people and services reach it through the functions below alone.

CREATE TABLE guard.version (
    number integer PRIMARY KEY,
    installed timestamptz NOT NULL DEFAULT now(),
    "by" name NOT NULL DEFAULT session_user
);

CREATE TABLE guard.person (
    login name PRIMARY KEY,
    email text NOT NULL CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' AND email !~* '^auto@auto'),
    name text NOT NULL DEFAULT '',
    active boolean NOT NULL DEFAULT true
);
CREATE UNIQUE INDEX person_email ON guard.person (lower(email)) WHERE active;

-- Logins that are no persons. `web` is trusted; `puller` writes as auto@auto; `door` names a person
-- for each transaction; `agent` writes as auto@auto with the name of its agent.
CREATE TABLE guard.service (
    login name PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('web', 'puller', 'door', 'agent')),
    agent text CHECK ((kind = 'agent') = (agent IS NOT NULL)),
    active boolean NOT NULL DEFAULT true
);

-- E-groups that a sync made or took over, and when a sync last looked at them all.
CREATE TABLE guard.egroup (
    name name PRIMARY KEY
);
CREATE TABLE guard.egroup_sync (
    "at" timestamptz PRIMARY KEY DEFAULT clock_timestamp(),
    login name NOT NULL DEFAULT session_user,
    source text NOT NULL
);

-- Who really wrote each version, for ever. The transaction is known by its number and its time:
-- after a restore numbers begin anew and meet old ones. Nothing is added to a closed version.
CREATE TABLE guard.authentic (
    atomic_version integer PRIMARY KEY,
    xid xid8 NOT NULL,
    "at" timestamptz NOT NULL,
    login name NOT NULL,
    person text,
    kind text,
    closed boolean NOT NULL DEFAULT false,
    -- Between these numbers stand its events: the shared table has no index by version.
    first_event integer,
    last_event integer
);
CREATE INDEX authentic_transaction ON guard.authentic (xid);

-- Lists of the configuration that the transaction made, to which it may still add entries.
CREATE TABLE guard.open_list (
    entries name,
    id integer,
    xid xid8 NOT NULL,
    "at" timestamptz NOT NULL,
    PRIMARY KEY (entries, id)
);

-- What a person's client computed and no puller has computed again.
CREATE TABLE guard.unconfirmed (
    what text,
    run_number integer,
    name text,
    login name NOT NULL,
    "at" timestamptz NOT NULL,
    PRIMARY KEY (what, run_number, name)
);

-- The table of actions of the program, and the words it uses.
CREATE TABLE guard.action (
    id integer PRIMARY KEY,
    words text NOT NULL,
    content text NOT NULL,
    path text NOT NULL,
    needs text[] NOT NULL
);
CREATE TABLE guard.need (
    need text PRIMARY KEY,
    words text NOT NULL
);
CREATE TABLE guard.word (
    kind text,
    word text,
    PRIMARY KEY (kind, word)
);
