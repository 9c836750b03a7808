"""Attacks on the lists of the configuration."""

from collections.abc import Iterator

from app.models.configuration.lists import VERSIONED
from tests.models.guard.attacks.said import NOT_OF_NOW, Attack


def _settings(by: str = "dt@cern.ch", **lists: str) -> str:
    columns = ("CCL_id", "CPCL_id", "DCL_id", "DAL_id", "JCL_id", "ODCL_id", "PL_id")
    values = ", ".join(lists.get(name, f'old."{name}"') for name in columns)
    named = ", ".join(f'"{name}"' for name in columns)
    return (
        f'INSERT INTO "Settings" (metadata, "createdAt", {named}) SELECT \'{{"by": "{by}"}}\','
        f' now(), {values} FROM "Settings" AS old ORDER BY old.id DESC LIMIT 1;'
    )


def configuration() -> Iterator[Attack]:
    cannot = "may not do this"
    mine = (
        'INSERT INTO "Permission" (egroup, routes, "createdAt") VALUES (\'dt-experts\','
        " '[\".*\"]', now());"
    )
    item = "currval('\"Permission_id_seq\"')"
    new = 'INSERT INTO "PermissionList" DEFAULT VALUES;'
    list_ = "currval('\"PermissionList_id_seq\"')"
    entry = f'INSERT INTO "PermissionEntries" VALUES ({item}, {list_});'
    yield Attack("g_dt", mine + f'INSERT INTO "PermissionEntries" VALUES ({item}, 1);', NOT_OF_NOW)
    yield Attack("g_dt", mine + new + entry + _settings(PL_id=list_), cannot)
    yield Attack("g_dt", _settings("expert@cern.ch"), "in the name of")
    yield Attack(
        "g_expert",
        mine + new + _settings("expert@cern.ch", PL_id=list_),
        "Nobody could change permissions",
    )
    yield Attack(
        "g_expert",
        mine + new + entry + _settings("expert@cern.ch", PL_id=list_) + entry,
        "",
    )
    yield Attack(
        "g_dt",
        'INSERT INTO "Permission" (egroup, routes, "createdAt") VALUES (\'x\', \'["("]\', now())',
        "can't be read",
    )
    yield Attack(
        "g_dt",
        new + "COMMIT; BEGIN;" + f'INSERT INTO "PermissionEntries" VALUES (1, {list_})',
        NOT_OF_NOW,
    )
    for kind in VERSIONED.values():
        made = f'INSERT INTO "{kind.lists.name}" DEFAULT VALUES;'
        number = f"currval('\"{kind.lists.name}_id_seq\"')"
        if kind.list_id not in {"JCL_id", "ODCL_id"}:
            yield Attack("g_dt", made + _settings(**{kind.list_id: number}), cannot)
        yield Attack("g_dt", f'INSERT INTO "{kind.entries.name}" VALUES (1, 1)', "")
    yield Attack("g_dt", _settings(PL_id="999"), "")
    yield Attack(
        "g_dt",
        'INSERT INTO "JsonClassifier" (name, classifier, created_by, "createdAt")'
        " VALUES ('golden', '{}', 'expert@cern.ch', now())",
        "in the name of",
    )
    yield Attack(
        "g_dt",
        'INSERT INTO "Workspace" (workspace, online_or_offline, "createdAt",'
        " \"updatedAt\") VALUES ('mine', 'offline', now(), now())",
        cannot,
    )
    yield Attack(
        "g_expert",
        'INSERT INTO "Workspace" (workspace, online_or_offline, "createdAt",'
        " \"updatedAt\") VALUES ('mine', 'nowhere', now(), now())",
        "administrator",
    )
    for name in ("", "a-b", ".*", "x/y", "global", "a\nb", "x" * 61):
        yield Attack(
            "g_expert",
            'INSERT INTO "WorkspaceColumn" (id_workspace, name, "createdAt", "updatedAt")'
            f" SELECT min(id), '{name}', now(), now() FROM \"Workspace\""
            " WHERE online_or_offline = 'online'",
            "is not a valid name",
        )
    yield Attack(
        "g_dt",
        'INSERT INTO "WorkspaceColumn" (id_workspace, name, "createdAt",'
        " \"updatedAt\") VALUES (1, 'mine', now(), now())",
        cannot,
    )
    for login in ("g_puller", "g_agent"):
        yield Attack(login, mine, "" if login == "g_agent" else "by people")
