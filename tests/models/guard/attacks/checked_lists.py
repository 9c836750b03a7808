"""Attacks on which golden JSONs are confirmed and official."""

from collections.abc import Iterator

from tests.models.guard.attacks.said import DENIED, Attack
from tests.models.guard.attacks.wishes import wish

LIST = 9000
CHECK = (
    "INSERT INTO record.golden_json_check (generated_json_id, equal, differing, program_version,"
    f" \"by\") VALUES ({LIST}, true, '', '1', 'auto@auto')"
)
OFFICIAL = f'UPDATE "GeneratedJson" SET official = true WHERE id = {LIST}'


def checked_lists() -> Iterator[Attack]:
    for login in ("g_expert", "g_dt", "g_nobody", "g_door", "g_agent", "g_web", "g_stranger"):
        yield Attack(login, CHECK, DENIED)
        yield Attack(login, f"COPY record.golden_json_check FROM STDIN -- {login}", DENIED)
        yield Attack(login, f"INSERT INTO guard.claimed_json VALUES ({LIST}, 'x')", DENIED)
        yield Attack(login, "DELETE FROM guard.claimed_json", DENIED)
    for login in ("g_expert", "g_puller", "g_door"):
        yield Attack(login, "UPDATE record.golden_json_check SET equal = true", DENIED)
        yield Attack(login, "DELETE FROM record.golden_json_check", DENIED)
    yield Attack("g_dba", "DELETE FROM record.golden_json_check", "is never changed or deleted")
    yield Attack("g_dba", "UPDATE record.golden_json_check SET equal = true", "is never changed")
    # What an expert may not a puller may not either, unless an expert wishes for it.
    yield Attack("g_puller", OFFICIAL, "is not confirmed")
    yield Attack("g_puller", f"{CHECK}; {OFFICIAL}", "No expert wishes")
    yield Attack(
        "g_puller", f'UPDATE "GeneratedJson" SET deleted = true WHERE id = {LIST}', "deletes no"
    )
    yield Attack("g_door", OFFICIAL, "names no person")
    yield Attack("g_agent", OFFICIAL, DENIED)
    # Own things that are called as the check is.
    yield Attack(
        "g_expert",
        "CREATE TEMP TABLE golden_json_check (id int, generated_json_id int, equal boolean);"
        f"INSERT INTO golden_json_check VALUES (1, {LIST}, true);"
        f"SET search_path = pg_temp, public; {OFFICIAL}",
        "becomes official when a puller",
    )
    yield Attack("g_expert", f"SELECT guard.judge_pullers_json({LIST}, false, false, true)", DENIED)
    yield from _wishes()


def _wishes() -> Iterator[Attack]:
    kind = "make official"
    for login in ("g_dt", "g_nobody", "g_cycler"):
        yield Attack(login, wish(kind, f'{{"list": {LIST}}}'), "Only an expert may")
    yield Attack("g_door", wish(kind, f'{{"list": {LIST}}}'), "names no person")
    for login in ("g_puller", "g_web", "g_agent"):
        yield Attack(login, wish(kind, f'{{"list": {LIST}}}'), DENIED)
    yield Attack("g_expert", wish(kind, '{"list": 1}'), "There is no golden JSON 1")
    for arguments in (
        "{}",
        "[]",
        "1",
        "null",
        '{"list": null}',
        f'{{"list": "{LIST}"}}',
        f'{{"list": {LIST}.5}}',
        f'{{"list": {LIST}.0}}',
        '{"list": -1}',
        '{"list": [9000]}',
        '{"list": 99999999999999999999}',
        f'{{"list": {LIST}, "run": 1}}',
    ):
        yield Attack("g_expert", wish(kind, arguments), "There is no wish")
