"""Attacks on marks of second eyes, and on freezes."""

from collections.abc import Iterator

from tests.models.guard.attacks.said import DENIED, Attack
from tests.models.guard.guarded import FIRST, PROMPT


def mark(**said: object) -> str:
    """A row as a person can write it without the program."""
    row = {
        "run_number": FIRST,
        "name": PROMPT,
        "workspace": "dt",
        "verified": True,
        "event": 999999,
        "why": "",
        "by": "expert@cern.ch",
        **said,
    }
    return _insert("verification", row)


def freeze(cycle: int, *, frozen: bool = True, why: str = "") -> str:
    """The same of a cycle."""
    row = {"id_cycle": cycle, "frozen": frozen, "why": why, "by": "expert@cern.ch"}
    return _insert("cycle_freeze", row)


def _insert(table: str, row: dict[str, object]) -> str:
    values = ", ".join("NULL" if each is None else f"'{each}'" for each in row.values())
    names = ", ".join(f'"{name}"' for name in row)
    return f"INSERT INTO record.{table} ({names}) VALUES ({values})"


def web_edit(what: str = "column", by: str = "web@cern.ch", name: str = PROMPT) -> tuple[str, ...]:
    """Statements of one transaction that writes to a dataset as the web service does."""
    version = (
        'INSERT INTO "Version" (atomic_version, "by", comment, "createdAt") VALUES'
        f" (nextval('\"Version_atomic_version_seq\"'), '{by}', 'x', now())"
    )
    event = (
        'INSERT INTO "Event" (version, atomic_version) SELECT nextval(\'"Event_version_seq"\'),'
        ' max(atomic_version) FROM "Version"'
    )
    manual = "false" if by.startswith("auto@auto") else "true"
    alone = ' AND 1 = (SELECT count(*) FROM jsonb_object_keys(j."jsonb"))'
    values = {
        "column": f"j.\"jsonb\" ? 'dt-dt'{alone}",
        "bit": "j.\"jsonb\" ? 'dt0_ready'",
    }
    if what == "state":
        said = (
            'INSERT INTO "DatasetEvent" (version, run_number, name, dataset_metadata,'
            f" datasets_in_gui, deleted) SELECT max(version), {FIRST}, '{name}',"
            ' \'{"dt_state": "SIGNOFF"}\', \'[]\', false FROM "Event"'
        )
    elif what == "hide run":
        said = (
            'INSERT INTO "RunEvent" (version, run_number, oms_metadata, rr_metadata, deleted,'
            f" manual_change) SELECT max(version), {FIRST}, '{{}}', '{{}}', true, true"
            ' FROM "Event"'
        )
    else:
        table = "LumisectionEvent" if what == "column" else "OMSLumisectionEvent"
        manual = f", {manual}" if what == "column" else ""
        column = ", manual_change" if what == "column" else ""
        said = (
            f'INSERT INTO "{table}" (version, run_number, name, lumisection_metadata_id{column})'
            f" SELECT max(version), {FIRST}, '{name}', (SELECT min(j.id) FROM"
            f' "JSONBDeduplication" AS j WHERE {values[what]}){manual} FROM "Event"'
        )
    return version, event, said


def second_eyes() -> Iterator[Attack]:
    for login in ("g_puller", "g_agent"):
        yield Attack(login, mark(), "verified by people")
    for login in ("g_web", "g_stranger"):
        yield Attack(login, mark(), DENIED)
    for login in ("g_puller", "g_agent", "g_web", "g_stranger"):
        yield Attack(login, freeze(1), DENIED)
    yield Attack("g_door", mark(), "names no person")
    yield Attack("g_door", freeze(1), "names no person")
    yield Attack("g_nobody", mark(), "may not do this")
    yield Attack("g_dt", mark(workspace="csc"), "may not do this")
    yield Attack("g_dt", mark(workspace="nowhere"), "no state in nowhere")
    yield Attack("g_dt", mark(name="online"), "no state in dt")
    yield Attack("g_dt", mark(run_number=1), "no state in dt")
    yield Attack("g_dt", mark(verified=False, why="x"), "is not verified")
    yield Attack("g_dt", freeze(1), "may not do this")
    yield Attack("g_expert", freeze(77777), "no cycle 77777")
    for table in ("verification", "cycle_freeze"):
        for login in ("g_dt", "g_expert", "g_puller", "g_door"):
            yield Attack(login, f"UPDATE record.{table} SET why = 'x'", DENIED)
            yield Attack(login, f"DELETE FROM record.{table}", DENIED)
        yield Attack("g_dba", f"DELETE FROM record.{table}", "is never changed or deleted")
