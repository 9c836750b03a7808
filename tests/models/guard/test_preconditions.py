"""What an action asks for beside the right, asked again by the guard of whoever writes in SQL."""

import psycopg
import pytest

from app.domain.errors import Refused
from app.services.certification import runs
from tests.models.guard.attacks.said import (
    Attack,
    cells,
    covers,
    dataset_event,
    run_event,
    said,
    triplet,
)
from tests.models.guard.conftest import Login
from tests.models.guard.guarded import EXPRESS, OPEN_RUN, PROMPT, SECOND, address
from tests.models.guard.test_program_on_guard import acting_as

EXPERT = "expert@cern.ch"
AUTO = "auto@auto"


def _says(column: str, status: str, *numbers: int, by: str = AUTO) -> str:
    """What the web service stores: a status of a column of the open run."""
    value = triplet(status, "because", "")
    manual = "false" if by == AUTO else "true"
    return said(cells(f'{{"{column}":{value}}}', "online", OPEN_RUN, manual=manual), by) + covers(
        *numbers
    )


HOLES = {
    "one cell": _says("dt-dt", "EMPTY", 3),
    "a range": _says("dt-dt", "EMPTY", 3, 4, 5),
    "two ranges": _says("csc-csc", "NO VALUE FOUND", 2, 3, 9),
    "no status at all": _says("csc-csc", "", 1),
    "several columns": _says("tracker-strip", "EMPTY", 4)
    + _says("dt-dt", "NO VALUE FOUND", 4)
    + _says("ecal-es", "EMPTY", 1, 2),
    "two statuses of one": _says("dt-dt", "EMPTY", 7) + _says("dt-dt", "NO VALUE FOUND", 2),
    "a part set by a person": _says("dt-dt", "GOOD", 3, by=EXPERT)
    + _says("dt-dt", "EMPTY", 2, 3, 4),
    "emptied by a person": _says("dt-dt", "EMPTY", 3, by=EXPERT) + _says("dt-dt", "GOOD", 3),
    "a lumisection more": _says("dt-dt", "GOOD", 12),
    "a column in a part": _says("castor-castor", "GOOD", 2, 3),
    "another column than a certifiable one": _says("tracker-track", "EMPTY", 3),
    "all is there": _says("dt-dt", "EMPTY", 3) + _says("dt-dt", "GOOD", 3),
    # What the web service lets through, though no run can have it.
    "none that there can be": _says("dt-dt", "EMPTY", -(2**31), 0, 20_001, 2**31 - 1),
    "the greatest number": _says("dt-dt", "EMPTY", 2**31 - 1),
}
_NO_HOLES = {"another column than a certifiable one", "all is there", *list(HOLES)[-2:]}


@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize("state", ["SIGNOFF", "COMPLETED"])
def test_that_a_sign_off_in_sql_is_refused_as_the_program_refuses_it(
    guarded_dsn: str, come_in: Login, hole: str, state: str
) -> None:
    with psycopg.connect(address(guarded_dsn, "g_web")) as web:
        web.execute(HOLES[hole])
    expected = ""
    with (
        psycopg.connect(address(guarded_dsn, "g_expert")) as connection,
        connection.transaction(force_rollback=True),
    ):
        try:
            connection.execute(said(run_event(f'{{"state": "{state}"}}'), EXPERT))
        except psycopg.Error as error:
            expected = error.diag.message_primary or ""
    refusal = ""
    try:
        runs.move(acting_as(come_in("g_expert")), OPEN_RUN, state)
    except Refused as error:
        refusal = str(error)
    assert expected == refusal
    assert bool(refusal) is (hole not in _NO_HOLES)


@pytest.mark.parametrize("what", ["no class", "no lumisections"])
def test_that_a_run_without_class_or_lumisections_is_not_signed_off(
    guarded_dsn: str, come_in: Login, what: str
) -> None:
    run = OPEN_RUN if what == "no class" else 390009
    oms = '{"run_number": 390009}'
    rr = '{"class": "", "state": "OPEN", "significant": true}'
    with psycopg.connect(address(guarded_dsn, "g_web")) as web:
        made = run_event(rr, run, manual="true" if what == "no class" else "false", oms=oms)
        web.execute(said(made, EXPERT if what == "no class" else AUTO))
    with psycopg.connect(address(guarded_dsn, "g_puller")) as puller:
        # Whoever changes a row has it put right by its events.
        puller.execute(
            f"INSERT INTO \"Run\" VALUES ({run}, '{{}}', '{{}}', 1, false)"
            " ON CONFLICT (run_number) DO UPDATE SET deleted = false"
        )
        if what != "no class":
            puller.execute(
                'INSERT INTO "Version" ("by", "createdAt") VALUES (\'auto@auto\', now());'
                'INSERT INTO "Event" (atomic_version) VALUES'
                " (currval('\"Version_atomic_version_seq\"'));" + dataset_event("{}", "online", run)
            )
    words = "has no class" if what == "no class" else "has no RR lumisections"
    with (
        psycopg.connect(address(guarded_dsn, "g_expert")) as connection,
        pytest.raises(psycopg.Error, match=words) as in_sql,
    ):
        connection.execute(said(run_event('{"state": "COMPLETED"}', run), EXPERT))
    with pytest.raises(Refused) as refused:
        runs.move(acting_as(come_in("g_expert")), run, "COMPLETED")
    assert in_sql.value.diag.message_primary == str(refused.value)


_CYCLE = (
    'INSERT INTO "Cycle" (cycle_name, cycle_attributes, deadline, deleted, "createdAt",'
    " \"updatedAt\") VALUES ({}, '{}', now(), false, now(), now());"
)
_GLOBAL = '{"global_state":"pending"}'
_DT = '{"global_state":"pending","dt_state":"pending"}'
_UNKNOWN = '{"global_state":"pending","nothing_state":"pending"}'
_HIDDEN = dataset_event("{}", EXPRESS, deleted="true")
FOLLOWS = "must be one that follows"

ATTACKS = [
    Attack(
        login,
        said(dataset_event('{"csc_state": "not significant for workspace"}', EXPRESS), author),
        FOLLOWS,
    )
    for login, author in (("g_expert", EXPERT), ("g_tools", "tools@cern.ch"))
] + [
    Attack("g_tools", said(_HIDDEN, "tools@cern.ch", ""), "needs a comment that says why"),
    Attack("g_tools", said(_HIDDEN, "tools@cern.ch", "  "), "needs a comment that says why"),
    Attack("g_cycler", _CYCLE.format("' '", _DT), "needs a name"),
    Attack("g_cycler", _CYCLE.format("'x'", _GLOBAL), "at least one workspace"),
    Attack("g_cycler", _CYCLE.format("'x'", _UNKNOWN), "no offline workspace nothing"),
    Attack("g_cycler", "UPDATE \"Cycle\" SET cycle_name = '  '", "needs a name"),
    Attack(
        "g_cycler",
        'UPDATE "Cycle" SET cycle_attributes = cycle_attributes || \'{"nothing_state":"pending"}\'',
        "no offline workspace nothing",
    ),
    Attack(
        "g_expert",
        said(dataset_event("{}", PROMPT, SECOND, deleted="true"), EXPERT)
        + 'INSERT INTO "CycleDataset" (id_cycle, run_number, name, "createdAt", "updatedAt")'
        f" SELECT id_cycle, {SECOND}, '{PROMPT}', now(), now() FROM \"Cycle\"",
        "can't be in a cycle",
    ),
]


@pytest.mark.parametrize(
    "attack",
    ATTACKS,
    ids=lambda attack: attack.name,
)
def test_that_what_an_action_asks_for_is_asked_in_sql_too(
    attack: Attack, attacked_dsn: str
) -> None:
    with (
        psycopg.connect(address(attacked_dsn, attack.login)) as connection,
        pytest.raises(psycopg.Error, match=attack.told),
    ):
        connection.execute(attack.sql)
