"""Attacks on drafts, presence, roots and records."""

from collections.abc import Iterator

from tests.models.guard.attacks.said import DENIED, NOT_OF_NOW, NOTHING, Attack
from tests.models.guard.guarded import FIRST


def desk() -> Iterator[Attack]:
    yield Attack("g_expert", "DELETE FROM desk.draft", NOTHING)
    yield Attack("g_expert", "UPDATE desk.draft SET content = '[]'", NOTHING)
    yield Attack(
        "g_expert",
        "INSERT INTO desk.draft VALUES ('dt@cern.ch', 7, 'online', '{}', 1, now())",
        "row-level security",
    )
    yield Attack("g_expert", "DELETE FROM desk.presence", NOTHING)
    yield Attack("g_expert", "UPDATE desk.presence SET editing = false", NOTHING)


def counts() -> Iterator[Attack]:
    """Nobody writes counts but triggers on the shared tables, and pullers what these say."""
    for login in ("g_expert", "g_dt", "g_agent", "g_door", "g_web", "g_gone", "g_nobody"):
        yield Attack(login, "SELECT desk.count_older(1)", DENIED)
        yield Attack(login, f"SELECT desk.count_again('{{{FIRST}}}', '{{online}}')", DENIED)
    own = 'CREATE TEMP TABLE mine (LIKE public."{}"); CREATE TRIGGER mine {} {}();'
    for table, function in (("DatasetTripletCache", "summary"), ("Dataset", "dataset")):
        for when in ("AFTER INSERT ON mine FOR EACH ROW", "AFTER TRUNCATE ON mine"):
            made = own.format(table, when, f"EXECUTE FUNCTION desk.count_{function}")
            for login in ("g_dt", "g_puller", "g_web", "g_stranger"):
                yield Attack(
                    login, f'{made} INSERT INTO mine SELECT * FROM public."{table}"', DENIED
                )
    yield Attack("g_puller", f"SELECT desk.count_anew({FIRST}, 'online')", DENIED)
    yield Attack("g_puller", "SELECT desk.place_keys('column', '{\"mine\": {}}')", DENIED)
    for table in ("counts", "counted_key", "counting", "uncounted"):
        yield Attack("g_puller", f"DELETE FROM desk.{table}", DENIED)


def roots() -> Iterator[Attack]:
    """Only beside one's own list, in the transaction that makes it; what was kept stays."""
    keep = (
        "INSERT INTO seal.list_root (generated_json_id, size, root)"
        " VALUES (%s, 1, sha256('chosen'))"
    )
    theirs = "is stored with it, by who made it"
    yield Attack("g_dt", keep % 9000, theirs)
    yield Attack("g_expert", keep % 9000, theirs)
    yield Attack("g_expert", keep % 9001, theirs)
    yield Attack("g_puller", keep % 9000, theirs)
    yield Attack("g_door", keep % 9000, "names no person|has to name")
    yield Attack(
        "g_door", "SELECT set_config('guard.person', 'dt@cern.ch', true); " + keep % 9000, theirs
    )
    yield Attack("g_expert", "SET CONSTRAINTS ALL DEFERRED; " + keep % 9000, theirs)
    yield Attack(
        "g_dt",
        'CREATE TEMP TABLE "GeneratedJson" (id int, created_by text, "createdAt" timestamptz);'
        " INSERT INTO \"GeneratedJson\" VALUES (9000, 'dt@cern.ch', now()); SET search_path ="
        " pg_temp, public; " + keep % 9000,
        theirs,
    )
    yield Attack("g_expert", "UPDATE seal.list_root SET size = 1", DENIED)
    yield Attack("g_puller", "UPDATE seal.list_root SET size = 1", DENIED)
    yield Attack("g_nobody", keep % 9000, theirs)
    yield Attack("g_gone", keep % 9000, "stands for no person")
    yield Attack("g_stranger", keep % 9000, DENIED)


def records() -> Iterator[Attack]:
    yield Attack(
        "g_dt",
        "INSERT INTO record.agent (name, version, owner, columns) VALUES"
        " ('mine', '1', 'dt@cern.ch', '{}')",
        "may not do this",
    )
    yield Attack(
        "g_dt", "INSERT INTO record.agent_retirement (agent) VALUES (1)", "may not do this"
    )
    yield Attack(
        "g_dt",
        'INSERT INTO record.proposal (agent, run_number, name, "column", ranges,'
        " status, comment, cause) VALUES (1, 390003, 'online', 'csc-csc', '[[1, 2]]',"
        " 'BAD', '', '')",
        "may not do this",
    )
    yield Attack(
        "g_agent",
        'INSERT INTO record.proposal (agent, run_number, name, "column",'
        " ranges, status, comment, cause) VALUES (1, 390003, 'online', 'dt-dt',"
        " '[[1, 2]]', 'BAD', '', '')",
        "not registered for dt-dt",
    )
    for state in ("accepted", "edited", "rejected"):
        yield Attack(
            "g_dt",
            f"INSERT INTO record.proposal_decision (proposal, state) VALUES (1, '{state}')",
            "may not decide",
        )
    yield Attack(
        "g_dt",
        "INSERT INTO record.proposal_decision (proposal, state) VALUES (1, 'superseded')",
        "may not do this",
    )
    yield Attack(
        "g_expert",
        "INSERT INTO record.proposal_decision (proposal, state) VALUES (1, 'perhaps')",
        "may not call",
    )
    yield Attack(
        "g_expert",
        "INSERT INTO record.proposal_decision (proposal, state, version) VALUES (1, 'accepted', 1)",
        NOT_OF_NOW,
    )
    yield Attack(
        "g_agent",
        "INSERT INTO record.proposal_decision (proposal, state) VALUES (1, 'accepted')",
        "may not call",
    )
    yield Attack(
        "g_dt",
        'INSERT INTO record.cycle_history (id_cycle, "by", what, details) VALUES'
        " (1, 'cycler@cern.ch', 'completed', '{}')",
        "may not say",
    )
    yield Attack(
        "g_expert",
        'INSERT INTO record.cycle_history (id_cycle, "by", what, details)'
        " VALUES (999, 'x', 'completed', '{}')",
        "may not say",
    )
    yield Attack(
        "g_dt",
        "INSERT INTO record.generated_json_provenance (generated_json_id,"
        " program_version, sha256, datasets) VALUES (9000, '1', 'x', '[]')",
        "is stored",
    )
    yield Attack("g_expert", "UPDATE record.proposal SET status = 'GOOD'", DENIED)
    yield Attack("g_expert", "UPDATE record.agent SET owner = 'expert@cern.ch'", DENIED)
