"""What the guard puts on the tables of others: triggers, row-level security, privileges."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.models.configuration.lists import VERSIONED
from app.models.database.identity import DOORS
from app.models.schemas import desk, record, seal, tables

OWNER = "run_registry_guard"
PEOPLE = "run_registry_people"
PULLERS = "run_registry_pullers"
WEB = "run_registry_web"
AGENTS = "run_registry_agents"
GROUPS: Mapping[str, str] = {
    "person": PEOPLE,
    "puller": PULLERS,
    "web": WEB,
    "door": DOORS,
    "agent": AGENTS,
}
"""Kind of login -> the role that has its privileges."""

_EVENTS = ("Version", "Event")
_CONTENTS = ("RunEvent", "DatasetEvent", "LumisectionEvent", "OMSLumisectionEvent")
_COVERED = ("LumisectionEventAssignation", "OMSLumisectionEventAssignation")
_LISTS = tuple(VERSIONED.values())
_ITEMS = tuple(each.items.name for each in _LISTS)


@dataclass(frozen=True)
class Trigger:
    """One trigger: on which table of which schema, when, and what it calls.

    `seen` names the rows: those `added` and `removed` by the statement.
    """

    schema: str
    table: str
    when: str
    call: str
    seen: str = ""
    each: str = "STATEMENT"
    only: str = ""

    @property
    def name(self) -> str:
        """Its name; those of a table run in this order."""
        said = "_".join(self.when.lower().replace(",", " ").split())
        return f"guard_{said}_{self.call.split('(', maxsplit=1)[0]}"[:63]

    @property
    def on(self) -> str:
        """The table as SQL names it."""
        return f'{self.schema}."{self.table}"'

    @property
    def sql(self) -> str:
        """The statement that makes it."""
        constraint = "CONSTRAINT " if self.only == "at the end" else ""
        deferred = " DEFERRABLE INITIALLY DEFERRED" if constraint else ""
        condition = f" WHEN ({self.only})" if self.only and not constraint else ""
        call = self.call if "(" in self.call else f"{self.call}()"
        seen = f" REFERENCING {self.seen}" if self.seen else ""
        return (
            f"CREATE {constraint}TRIGGER {self.name} {self.when} ON {self.on}{deferred}{seen}"
            f" FOR EACH {self.each}{condition} EXECUTE FUNCTION guard.{call};"
        )


_ADDED = "NEW TABLE AS added"
_NOT_THE_GUARD = f"current_user <> '{OWNER}'"
"""Nobody can take on the part of the guard's owner. How deep triggers call each other proves
nothing: logins have triggers of their own, on temporary tables."""
_NOT_THE_WEB = f"NOT pg_has_role(session_user, '{WEB}', 'MEMBER')"
_THE_WEB = f"pg_has_role(session_user, '{WEB}', 'MEMBER')"
_BOTH = "OLD TABLE AS removed NEW TABLE AS added"


def _public() -> Iterator[Trigger]:
    def on(table: str, when: str, call: str, seen: str = "", **more: str) -> Trigger:
        return Trigger("public", table, when, call, seen, **more)

    for table in (*_EVENTS, *_CONTENTS, *_COVERED, "JSONBDeduplication"):
        yield on(table, "BEFORE UPDATE OR DELETE OR TRUNCATE", "on_change_of_history")
    for table, call in (("Version", "number_version"), ("Event", "number_event")):
        yield on(table, "BEFORE INSERT", call, each="ROW", only=_NOT_THE_WEB)
    yield on("Version", "AFTER INSERT", "on_version", _ADDED)
    yield on("Version", "AFTER INSERT", "close_version", each="ROW", only="at the end")
    yield on("Event", "AFTER INSERT", "on_event", _ADDED)
    yield on("RunEvent", "AFTER INSERT", "on_run_event", _ADDED)
    yield on("DatasetEvent", "AFTER INSERT", "on_dataset_event", _ADDED)
    yield on("LumisectionEvent", "AFTER INSERT", "on_lumisection_event", _ADDED)
    yield on("OMSLumisectionEvent", "AFTER INSERT", "on_oms_event", _ADDED)
    for table in _COVERED:
        yield on(table, "AFTER INSERT", "on_assignation", _ADDED)
        yield on(table, "AFTER INSERT", "on_covered_of_frozen", _ADDED, only=_THE_WEB)
    yield on("OMSLumisectionEvent", "AFTER INSERT", "on_second_eyes", _ADDED)
    yield on("RunEvent", "AFTER INSERT", "on_run_of_frozen", _ADDED)
    yield on("Dataset", "BEFORE UPDATE OR DELETE", "on_frozen_row", each="ROW", only=_THE_WEB)
    yield on("JSONBDeduplication", "AFTER INSERT", "on_object", only=_NOT_THE_GUARD)
    for table, keep, call in (
        ("Run", "keep_run", "on_run"),
        ("Dataset", "keep_dataset", "on_dataset"),
    ):
        for event in ("INSERT", "UPDATE"):
            yield on(table, f"BEFORE {event}", keep, each="ROW", only=_NOT_THE_GUARD)
            yield on(table, f"AFTER {event}", call, _ADDED, only=_NOT_THE_GUARD)
    for when in ("AFTER INSERT", "AFTER UPDATE"):
        yield on("DatasetTripletCache", when, "on_derived", _ADDED)
    for kind in _LISTS:
        yield on(kind.items.name, "BEFORE INSERT", "number_row", each="ROW")
        yield on(kind.items.name, "AFTER INSERT", "on_item", _ADDED)
        yield on(kind.lists.name, "BEFORE INSERT", "number_row", each="ROW")
        yield on(kind.lists.name, "AFTER INSERT", "on_list", _ADDED)
        yield on(kind.entries.name, "AFTER INSERT", f"on_entry('{kind.list_id}')", _ADDED)
    yield on("Settings", "BEFORE INSERT", "on_settings", each="ROW")
    for table in ("Workspace", "WorkspaceColumn"):
        yield on(table, "AFTER INSERT", "on_workspace", _ADDED)
    yield on("Cycle", "BEFORE INSERT", "number_cycle", each="ROW")
    yield on("Cycle", "AFTER INSERT", "on_new_cycle", _ADDED)
    yield on("Cycle", "AFTER UPDATE", "on_changed_cycle", _BOTH)
    yield on("CycleDataset", "AFTER INSERT", "on_datasets_of_cycle", "NEW TABLE AS touched")
    yield on("CycleDataset", "AFTER DELETE", "on_datasets_of_cycle", "OLD TABLE AS touched")
    yield on("CycleDataset", "AFTER INSERT", "on_frozen_cycle", "NEW TABLE AS touched")
    for table in ("Cycle", "CycleDataset"):
        yield on(table, "AFTER DELETE", "on_frozen_cycle", "OLD TABLE AS touched")
        yield on(table, "AFTER UPDATE", "on_change_of_frozen", _BOTH)
    yield on("GeneratedJson", "BEFORE INSERT", "number_json", each="ROW")
    yield on("GeneratedJson", "AFTER INSERT", "on_new_json", _ADDED)
    yield on("GeneratedJson", "AFTER UPDATE", "on_changed_json", _BOTH)


_JUDGES = {
    "wish": "on_wish",
    "wish_outcome": "on_wish_outcome",
    "golden_json_check": "on_golden_check",
    "publication": "on_publication",
    "note": "on_note",
    "verification": "on_verification",
    "cycle_freeze": "on_freeze",
}
"""What judges rows of the record, where it isn't `on_record`."""
_WRITTEN_BY: Mapping[str, frozenset[str]] = {
    "wish": frozenset({PEOPLE, DOORS}),
    "wish_outcome": frozenset({PULLERS}),
    "golden_json_check": frozenset({PULLERS}),
    "publication": frozenset({PEOPLE, DOORS}),
    "note": frozenset({PEOPLE, DOORS}),
    "cycle_freeze": frozenset({PEOPLE, DOORS}),
}
"""Who may add to tables of the record that not everybody may add to."""


def _own() -> Iterator[Trigger]:
    for when in ("AFTER INSERT", "AFTER UPDATE"):
        yield Trigger(desk.SCHEMA, "lumisection_state", when, "on_derived", _ADDED)
    yield Trigger(desk.SCHEMA, "presence", "BEFORE INSERT OR UPDATE", "name_present", each="ROW")
    for table in desk.PULLERS_NOTES:
        yield Trigger(desk.SCHEMA, table, "BEFORE INSERT OR UPDATE OR DELETE", "on_pullers_note")
    for table in record.OWN.privileges:
        yield Trigger(record.SCHEMA, table, "BEFORE INSERT", "stamp", each="ROW")
        # The guard itself takes away marks of what the web service changes.
        only = _NOT_THE_GUARD if table == "verification" else ""
        judge = _JUDGES.get(table, "on_record")
        yield Trigger(record.SCHEMA, table, "AFTER INSERT", judge, _ADDED, only=only)
    table = "verification"
    yield Trigger(record.SCHEMA, table, "BEFORE INSERT", "place_mark", each="ROW")
    yield Trigger(
        record.SCHEMA, table, "AFTER INSERT", "check_taken_away", each="ROW", only="at the end"
    )
    yield Trigger(seal.SCHEMA, "list_root", "BEFORE INSERT", "name_root", each="ROW")


TRIGGERS: tuple[Trigger, ...] = (*_public(), *_own())

POLICIES: tuple[str, ...] = (
    "ALTER TABLE desk.draft ENABLE ROW LEVEL SECURITY;",
    "DROP POLICY IF EXISTS guard_own ON desk.draft;",
    "CREATE POLICY guard_own ON desk.draft USING (person = (SELECT guard.author()))"
    " WITH CHECK (person = (SELECT guard.author()));",
    "ALTER TABLE desk.presence ENABLE ROW LEVEL SECURITY;",
    "DROP POLICY IF EXISTS guard_all_see ON desk.presence;",
    "CREATE POLICY guard_all_see ON desk.presence FOR SELECT USING (true);",
    "DROP POLICY IF EXISTS guard_own ON desk.presence;",
    "CREATE POLICY guard_own ON desk.presence USING (person = (SELECT guard.author()))"
    " WITH CHECK (true);",
)
"""Drafts are seen by who made them; who is there is seen by all. The server names the person of a
new row, so that nothing is left to check."""

_KEYS: Mapping[str, frozenset[str]] = {
    "Run": frozenset({"run_number"}),
    "Dataset": frozenset({"run_number", "name"}),
    "DatasetTripletCache": frozenset({"run_number", "name"}),
    "Cycle": frozenset({"id_cycle", "createdAt"}),
}


def _columns(table: str) -> str:
    names = [str(name) for name in tables.metadata.tables[table].columns.keys()]  # noqa: SIM118
    return ", ".join(f'"{name}"' for name in names if name not in _KEYS[table])


_CHANGED: Mapping[str, str] = {
    **{table: _columns(table) for table in _KEYS},
    "GeneratedJson": '"official", "deleted", "updatedAt"',
}
"""What people may change of rows that are there: the guard puts right what it says."""


def _brought(table: str) -> str:
    """The columns of a table of the record that its writers bring: numbers are the server's, or
    one would stand after all later rows, or in their way."""
    columns = record.metadata.tables[f"{record.SCHEMA}.{table}"].columns
    names = [f'"{column.name}"' for column in columns if column.identity is None]
    return ", ".join(names) if len(names) < len(columns) else ""


@dataclass(frozen=True)
class Grant:
    """A privilege of a group on a table, on all columns or on some."""

    group: str
    schema: str
    table: str
    privilege: str
    columns: str = ""

    @property
    def on(self) -> str:
        """The table as SQL names it."""
        return f'{self.schema}."{self.table}"'

    @property
    def sql(self) -> str:
        """The statement that gives it."""
        columns = f" ({self.columns})" if self.columns else ""
        return f"GRANT {self.privilege}{columns} ON {self.on} TO {self.group};"

    @property
    def words(self) -> str:
        """The line of a list."""
        columns = f" ({self.columns})" if self.columns else ""
        return f"{self.group}: {self.privilege}{columns} on {self.on}"


_VIEWS = ("RunView", "AggregatedLumisection")
_SHARED = tuple(sorted(tables.metadata.tables))
_OF_PEOPLE = tuple(name for name in _SHARED if name != "JSONBDeduplication")
_OF_AGENTS = (
    *("Version", "Event", "DatasetEvent", "LumisectionEvent", "LumisectionEventAssignation"),
    *("Run", "Dataset", "DatasetTripletCache"),
)
_GUARDS_OPEN_TABLES = (
    *("version", "authentic", "unconfirmed", "claimed_json", "egroup_sync", "action", "need"),
    "puller",
)


def _grants() -> Iterator[Grant]:
    for group in GROUPS.values():
        for table in (*_SHARED, *_VIEWS):
            yield Grant(group, "public", table, "SELECT")
        for table in _GUARDS_OPEN_TABLES:
            yield Grant(group, "guard", table, "SELECT")
    for group in (PEOPLE, DOORS, PULLERS):
        for table in _OF_PEOPLE:
            yield Grant(group, "public", table, "INSERT")
        for table, columns in _CHANGED.items():
            yield Grant(group, "public", table, "UPDATE", columns)
        yield Grant(group, "public", "CycleDataset", "DELETE")
    yield Grant(PULLERS, "public", "JSONBDeduplication", "INSERT")
    for privilege in ("INSERT", "UPDATE"):
        yield Grant(PULLERS, "guard", "puller", privilege)
    # Pullers seal who may log in as whom; people don't read it.
    for table in ("person", "service"):
        yield Grant(PULLERS, "guard", table, "SELECT")
    for table in _OF_AGENTS:
        yield Grant(AGENTS, "public", table, "INSERT")
        if table in _CHANGED:
            yield Grant(AGENTS, "public", table, "UPDATE", _CHANGED[table])
    for table in _SHARED:
        for privilege in ("INSERT", "UPDATE", "DELETE"):
            yield Grant(WEB, "public", table, privilege)
    yield from _own_grants()


def _own_grants() -> Iterator[Grant]:
    for group in (PEOPLE, DOORS, PULLERS, AGENTS):
        for table, privileges in desk.OWN.privileges.items():
            given = (
                ("SELECT",)
                if table in desk.PULLERS_NOTES and group != PULLERS
                else privileges.split(", ")
            )
            for privilege in given:
                yield Grant(group, desk.SCHEMA, table, privilege)
        for table in record.OWN.privileges:
            yield Grant(group, record.SCHEMA, table, "SELECT")
            if group in _WRITTEN_BY.get(table, {group}):
                yield Grant(group, record.SCHEMA, table, "INSERT", _brought(table))
        # Everybody may verify; pullers alone seal. Who makes a list keeps the root beside it.
        for table, privileges in seal.OWN.privileges.items():
            adds = group == PULLERS or (table == "list_root" and group in {PEOPLE, DOORS})
            for privilege in privileges.split(", ") if adds else ("SELECT",):
                yield Grant(group, seal.SCHEMA, table, privilege)
        for schema in (desk.SCHEMA, record.SCHEMA, seal.SCHEMA):
            yield Grant(group, schema, "alembic_version", "SELECT")


GRANTS: tuple[Grant, ...] = tuple(_grants())
"""The closed list: nobody but the owners has anything else on these tables."""

DESK_FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(desk.COUNTS_READ_BY, (PEOPLE, DOORS, PULLERS, AGENTS)),
    **dict.fromkeys(desk.COUNTS_MADE_BY, (PULLERS,)),
}
"""Who may call which function of `desk`. A login that may call what triggers call could have a
trigger of its own, on a table of its own, write counts with the rights of their owner."""

FUNCTIONS = (
    *("may(text)", "allowed(text, jsonb, text[])", "egroups_for(text)", "is_in(name, text)"),
    *("acting()", "author()", "whoami()", "json_id(text)", "json_ids(text[])", "refuse(text)"),
)
"""What logins call themselves; everything else is called by triggers alone."""
