"""Attacks on what was published."""

from collections.abc import Iterator

from tests.models.guard.attacks.said import DENIED, Attack

LIST = 9000
"""A list that isn't official."""


def publication(list_: int = LIST, **said: object) -> str:
    """A row as a person can write it without the program."""
    row = {
        "name": "Cert_Collisions2025_390001_390002_Golden",
        "era": "Collisions2025",
        "kind": "golden",
        "number": 1,
        "parent": None,
        "why": "",
        "by": "expert@cern.ch",
        **said,
    }
    values = ", ".join("NULL" if each is None else f"'{each}'" for each in row.values())
    names = ", ".join(f'"{name}"' for name in row)
    return f"INSERT INTO record.publication (generated_json_id, {names}) VALUES ({list_}, {values})"


def publications() -> Iterator[Attack]:
    yield Attack("g_expert", publication(), "is not official")
    yield Attack("g_expert", publication(1), "is not official")
    for login in ("g_dt", "g_shifter", "g_nobody"):
        yield Attack(login, publication(), "Only an expert may")
    yield Attack("g_door", publication(), "names no person")
    for login in ("g_puller", "g_agent", "g_web", "g_stranger"):
        yield Attack(login, publication(), DENIED)
    for login in ("g_expert", "g_puller", "g_door"):
        yield Attack(login, "UPDATE record.publication SET why = 'x'", DENIED)
        yield Attack(login, "DELETE FROM record.publication", DENIED)
    yield Attack("g_dba", "DELETE FROM record.publication", "is never changed or deleted")
    yield Attack("g_dba", "UPDATE record.publication SET why = 'x'", "is never changed")
    # A table of one's own that is called as that of the lists.
    yield Attack(
        "g_expert",
        'CREATE TEMP TABLE "GeneratedJson" AS SELECT * FROM public."GeneratedJson";'
        'UPDATE pg_temp."GeneratedJson" SET official = true;'
        f"SET search_path = pg_temp, public; {publication()}",
        "is not official",
    )
