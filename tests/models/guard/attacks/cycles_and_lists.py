"""Attacks on cycles and golden JSONs."""

from collections.abc import Iterator

from tests.models.guard.attacks.said import DENIED, Attack
from tests.models.guard.guarded import EXPRESS, FIRST


def cycles() -> Iterator[Attack]:
    cannot = "may not do this"
    cycle = (
        'INSERT INTO "Cycle" (cycle_name, cycle_attributes, deadline, deleted, "createdAt",'
        " \"updatedAt\") VALUES ('%s', '%s', now(), %s, now(), now());"
    )
    pending = '{"global_state": "pending"}'
    yield Attack("g_dt", cycle % ("mine", pending, "false"), cannot)
    done = '{"global_state": "completed"}'
    yield Attack("g_cycler", cycle % ("x", done, "false"), "is pending")
    yield Attack("g_cycler", cycle % ("x", "{}", "false"), "is pending")
    yield Attack("g_cycler", cycle % ("x", pending, "true"), "is pending")
    yield Attack("g_dt", 'UPDATE "Cycle" SET deleted = true', cannot)
    yield Attack("g_dt", "UPDATE \"Cycle\" SET cycle_name = 'x'", cannot)
    complete = "UPDATE \"Cycle\" SET cycle_attributes = cycle_attributes || '%s'"
    yield Attack("g_dt", complete % '{"dt_state": "completed"}', cannot)
    yield Attack("g_cycler", complete % '{"dt_state": "completed"}', "is not COMPLETED")
    yield Attack("g_cycler", complete % '{"global_state": "completed"}', "Every other workspace")
    yield Attack("g_cycler", complete % '{"dt_state": "perhaps"}', "pending or completed")
    yield Attack("g_cycler", complete % '{"csc_state": "completed"}', "")
    yield Attack("g_cycler", 'UPDATE "Cycle" SET id_cycle = 99', DENIED)
    yield Attack("g_cycler", 'UPDATE "Cycle" SET "createdAt" = now()', DENIED)
    add = "INSERT INTO \"CycleDataset\" VALUES (1, %d, '%s', now(), now())"
    yield Attack("g_dt", add % (FIRST, EXPRESS), cannot)
    yield Attack("g_cycler", add % (FIRST, "online"), "Only offline datasets")
    yield Attack("g_dt", 'DELETE FROM "CycleDataset"', cannot)
    yield Attack("g_puller", 'DELETE FROM "CycleDataset"', "by people")


def golden() -> Iterator[Attack]:
    made = (
        "INSERT INTO \"GeneratedJson\" SELECT (jsonb_populate_record(known, '%s')).*"
        ' FROM "GeneratedJson" AS known WHERE id = 9000'
    )
    yield Attack("g_dt", made % '{"id": 1, "created_by": "dt@cern.ch"}', "may not do this")
    yield Attack("g_expert", made % '{"id": 1}', "in the name of somebody else")
    yield Attack(
        "g_expert",
        made % '{"id": 1, "created_by": "expert@cern.ch", "official": true}',
        "becomes official when a puller",
    )
    change = 'UPDATE "GeneratedJson" SET %s WHERE id = 9000'
    yield Attack("g_expert", change % "official = true", "becomes official when a puller")
    yield Attack("g_dt", change % "official = true", "Only an expert may")
    yield Attack("g_shifter", change % "deleted = true", "may not change golden JSON 9000")
    yield Attack("g_expert", change % "generated_json = '{\"1\": [[1, 9]]}'", DENIED)
    yield Attack("g_expert", change % "created_by = 'expert@cern.ch'", DENIED)
    yield Attack("g_dt", change % "id = 5", DENIED)
