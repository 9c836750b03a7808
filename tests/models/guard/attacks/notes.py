"""Attacks on notes."""

from collections.abc import Iterator

from tests.models.guard.attacks.said import DENIED, Attack
from tests.models.guard.guarded import FIRST, PROMPT


def note(**said: object) -> str:
    """A row as a person can write it without the program."""
    row = {
        "kind": "note",
        "about": None,
        "run_number": FIRST,
        "name": PROMPT,
        "ranges": "[[3, 5]]",
        "text": "HV trip",
        "by": "dt@cern.ch",
        **said,
    }
    values = ", ".join("NULL" if each is None else f"'{each}'" for each in row.values())
    names = ", ".join(f'"{name}"' for name in row)
    return f"INSERT INTO record.note ({names}) VALUES ({values})"


def notes() -> Iterator[Attack]:
    for login in ("g_puller", "g_agent", "g_web", "g_stranger"):
        yield Attack(login, note(), DENIED)
    yield Attack("g_door", note(), "names no person")
    yield Attack("g_dt", note(run_number=1), "There is no run 1")
    yield Attack("g_dt", note(name="/Express/Nowhere/DQM"), "There is no run")
    yield Attack("g_dt", note(about=1), "There is no run|violates foreign key")
    for text in ("", "   ", "x" * 4001):
        yield Attack("g_dt", note(text=text), "1 to 4000 characters")
    for ranges in ("{}", "3", '"3-5"', "[3, 5]", "[[0, 5]]", "[[3, 5.5]]", "[[3]]", '[["3", "5"]]'):
        yield Attack("g_dt", note(ranges=ranges), "ranges of lumisections")
    for ranges in ("[[5, 3]]", "[[1, 20001]]", "[[7, 9], [3, 5]]", "[[3, 5], [4, 9]]"):
        yield Attack("g_dt", note(ranges=ranges), "in order and apart")
    for kind in ("reply", "correction", "taken back", "perhaps"):
        yield Attack("g_dt", note(kind=kind), "There is no note")
    for login in ("g_dt", "g_expert", "g_puller", "g_door"):
        yield Attack(login, "UPDATE record.note SET text = 'x'", DENIED)
        yield Attack(login, "DELETE FROM record.note", DENIED)
    yield Attack("g_dba", "DELETE FROM record.note", "is never changed or deleted")
