"""What attacks are made of: who says what, and what the refusal says."""

from typing import NamedTuple

from tests.models.guard.guarded import FIRST, OPEN_RUN, PROMPT


class Attack(NamedTuple):
    """A login, what it says, and what it is told; `nothing`: it isn't refused, changes nothing."""

    login: str
    sql: str
    told: str

    @property
    def name(self) -> str:
        """A short name for a report."""
        return f"{self.login}: {self.sql[-70:]}"


NOTHING = "nothing"
DENIED = "permission denied|must have admin option|must be superuser|must be member"
NEVER = "is never changed or deleted"
NOT_OF_NOW = "is not one of this transaction"

V = "currval('\"Version_atomic_version_seq\"')"
E = "currval('\"Event_version_seq\"')"


def version(by: str = "dt@cern.ch", comment: str = "an attack") -> str:
    return (
        'INSERT INTO "Version" ("by", comment, "createdAt")'
        f" VALUES ('{by}', '{comment}', '1999-01-01');"
    )


def event(number: str = V) -> str:
    return f'INSERT INTO "Event" (atomic_version) VALUES ({number});'


def run_event(rr: str, run: int = OPEN_RUN, *, manual: str = "true", **more: str) -> str:
    oms, deleted = more.get("oms", "{}"), more.get("deleted", "false")
    return (
        'INSERT INTO "RunEvent" (version, run_number, oms_metadata, rr_metadata, deleted,'
        f" manual_change) VALUES ({E}, {run}, '{oms}', '{rr}', {deleted}, {manual});"
    )


def dataset_event(
    said: str, name: str = PROMPT, run: int = FIRST, *, gui: str = "[]", deleted: str = "false"
) -> str:
    return (
        'INSERT INTO "DatasetEvent" (version, run_number, name, dataset_metadata, datasets_in_gui,'
        f" deleted) VALUES ({E}, {run}, '{name}', '{said}', '{gui}', {deleted});"
    )


def triplet(status: str = "BAD", comment: str = "HV trip", cause: str = "") -> str:
    return f'{{"status":"{status}","comment":"{comment}","cause":"{cause}"}}'


def cells(
    said: str, name: str = PROMPT, run: int = FIRST, *, manual: str = "true", at: str = E
) -> str:
    return (
        'INSERT INTO "LumisectionEvent" (version, run_number, name, lumisection_metadata_id,'
        f" manual_change) VALUES ({at}, {run}, '{name}', guard.json_id('{said}'), {manual});"
    )


def bits(said: str, name: str = "online", run: int = OPEN_RUN) -> str:
    return (
        'INSERT INTO "OMSLumisectionEvent" (version, run_number, name, lumisection_metadata_id)'
        f" VALUES ({E}, {run}, '{name}', guard.json_id('{said}'));"
    )


def covers(*numbers: int, kind: str = "", at: str = E) -> str:
    rows = ", ".join(f"({at}, {number})" for number in numbers)
    return f'INSERT INTO "{kind}LumisectionEventAssignation" VALUES {rows};'


def said(content: str, by: str = "dt@cern.ch", comment: str = "an attack") -> str:
    """A version with one event that has this content."""
    return version(by, comment) + event() + content


DT = '{"dt-dt":' + triplet() + "}"
CSC = '{"csc-csc":' + triplet() + "}"
