"""Attacks on what people ask pullers for, and on which puller works."""

from collections.abc import Iterator

from tests.models.guard.attacks.said import DENIED, Attack
from tests.models.guard.guarded import FIRST, OPEN_RUN

NOT_ALLOWED = "may not do this"


def wish(kind: str, arguments: str, by: str = "expert@cern.ch") -> str:
    return (
        'INSERT INTO record.wish (kind, arguments, "by", "at") VALUES'
        f" ('{kind}', '{arguments}', '{by}', '1999-01-01');"
    )


def of(run: int) -> str:
    return f'{{"run": {run}}}'


def _not_allowed() -> Iterator[tuple[str, str, str]]:
    for kind, run in (
        ("settle", FIRST),
        ("classify", OPEN_RUN),
        ("take in", FIRST),
        ("make datasets", FIRST),
    ):
        yield "g_nobody", wish(kind, of(run)), NOT_ALLOWED
        # Somebody else's name gives nobody somebody else's rights.
        yield "g_dt", wish(kind, of(run), "expert@cern.ch"), NOT_ALLOWED
    yield "g_door", wish("settle", of(FIRST)), "names no person"
    yield "g_agent", wish("refresh", of(OPEN_RUN)), DENIED
    yield "g_puller", wish("refresh", of(OPEN_RUN)), DENIED
    yield "g_web", wish("refresh", of(OPEN_RUN)), DENIED
    yield "g_gone", wish("refresh", of(OPEN_RUN)), "stands for no person"
    yield "g_stranger", wish("refresh", of(OPEN_RUN)), DENIED


def _no_wish() -> Iterator[tuple[str, str, str]]:
    for kind, arguments in (
        ("drop", of(OPEN_RUN)),
        ("refresh", "{}"),
        ("refresh", "[]"),
        ("refresh", "1"),
        ("refresh", '{"run": "390003"}'),
        ("refresh", '{"run": 390003.5}'),
        ("refresh", '{"run": -1}'),
        ("refresh", '{"run": 99999999999999999999}'),
        ("refresh", '{"run": 390003, "by": "dt@cern.ch"}'),
        ("refresh", '{"run": 390003, "reset": "yes"}'),
        ("settle", '{"run": 390003, "reset": true}'),
        ("pull", '{"run": 390003, "recorded": true}'),
        ("pull", '{"run": "x"}'),
    ):
        yield "g_expert", wish(kind, arguments), "There is no wish"
    yield "g_expert", wish("refresh", of(1)), "There is no run 1"
    yield (
        "g_expert",
        "INSERT INTO record.wish (kind, arguments, \"by\") SELECT 'refresh', "
        f"'{of(OPEN_RUN)}', 'x' FROM generate_series(1, 1001)",
        "already waits for 1000",
    )


def _outcomes() -> Iterator[tuple[str, str, str]]:
    forged = "INSERT INTO record.wish_outcome (wish, state, text) VALUES (1, 'done', 'x')"
    for login in ("g_expert", "g_nobody", "g_door", "g_agent", "g_web"):
        yield login, forged, DENIED
    yield (
        "g_puller",
        "INSERT INTO record.wish_outcome VALUES (1, 'perhaps', 'x')",
        "violates foreign key",
    )
    for table in ("wish", "wish_outcome"):
        for login in ("g_expert", "g_puller", "g_door"):
            yield login, f"UPDATE record.{table} SET \"by\" = 'dt@cern.ch'", DENIED
            yield login, f"DELETE FROM record.{table}", DENIED
            yield login, f"TRUNCATE record.{table} CASCADE", DENIED
        yield "g_dba", f"DELETE FROM record.{table}", "is never changed or deleted"


def _leases() -> Iterator[tuple[str, str, str]]:
    for login in ("g_expert", "g_door", "g_agent", "g_web"):
        yield login, "INSERT INTO guard.puller VALUES ('oms', 'x', 'x', now(), now())", DENIED
        yield login, "UPDATE guard.puller SET beat = 'infinity'", DENIED
        yield login, "SELECT * FROM guard.puller FOR UPDATE", DENIED
        yield login, "SELECT * FROM guard.puller FOR SHARE", DENIED
        yield login, "LOCK TABLE guard.puller IN ROW EXCLUSIVE MODE", DENIED
        yield login, "DELETE FROM guard.puller", DENIED
        yield login, "TRUNCATE guard.puller", DENIED
    yield "g_expert", "SELECT guard.judge_wish('refresh', '{}')", DENIED


def wishes() -> Iterator[Attack]:
    for part in (_not_allowed, _no_wish, _outcomes, _leases):
        for attack in part():
            yield Attack(*attack)
