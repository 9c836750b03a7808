"""The recorded story of the web service: its steps, and its events in a comparable form."""

import json
import lzma
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from psycopg.types.json import Jsonb
from sqlalchemy import text

from app.domain.json_value import js_stringify
from app.models.database.engine import Database
from app.models.schemas.tables import metadata


@dataclass(frozen=True)
class Step:
    """One recorded request with what it answered and what it left in the tables."""

    name: str
    request: dict
    response: object
    delta: dict

    @property
    def refused(self) -> bool:
        answers = self.response if isinstance(self.response, list) else [self.response]
        return any(answer.get("status", 200) >= 400 for answer in answers)


def steps(shared_data: Path) -> list[Step]:
    with lzma.open(shared_data / "conformance" / "steps.jsonl.xz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return [Step(row["name"], row["request"], row["response"], row["db_delta"]) for row in rows]


def events_of(step: Step) -> Counter[str]:
    """The events a step added, as a multiset of texts without versions and ids."""
    return Counter(
        described(
            event["kind"],
            event.get("run_number"),
            event.get("name"),
            event.get("manual_change"),
            _payload(event),
            [(event["start"], event["end"])] if "start" in event else [],
        )
        for event in step.delta["events"]
    )


def described(kind, run_number, name, manual, payload, ranges) -> str:
    return js_stringify([kind, run_number, name, manual, _sorted(payload), list(map(list, ranges))])


def appended_since(db: Database, atomic_version: int) -> Counter[str]:
    """The events our program added after a version, in the same form."""
    found: list[str] = []
    with db.read() as connection:
        for _version, run, oms, rr, deleted, manual in connection.execute(
            text(
                "SELECT e.version, run_number, oms_metadata, rr_metadata, deleted, manual_change"
                ' FROM "RunEvent" e JOIN "Event" v USING (version) WHERE atomic_version > :after'
            ),
            {"after": atomic_version},
        ):
            found.append(described("run", run, None, manual, [oms, rr, deleted], []))
        for run, name, attributes, gui, deleted in connection.execute(
            text(
                "SELECT run_number, name, dataset_metadata, datasets_in_gui, deleted"
                ' FROM "DatasetEvent" e JOIN "Event" v USING (version)'
                " WHERE atomic_version > :after"
            ),
            {"after": atomic_version},
        ):
            found.append(described("dataset", run, name, None, [attributes, gui, deleted], []))
        for kind, table, manual_column in (
            ("rr_ls", "LumisectionEvent", "manual_change"),
            ("oms_ls", "OMSLumisectionEvent", "NULL::boolean"),
        ):
            rows = connection.execute(
                text(
                    f"SELECT e.run_number, e.name, {manual_column}, j.jsonb,"
                    " min(lumisection_number), max(lumisection_number)"
                    f' FROM "{table}" e JOIN "Event" v USING (version)'
                    ' JOIN "JSONBDeduplication" j ON j.id = lumisection_metadata_id'
                    f' JOIN "{table}Assignation" a ON a.version = e.version'
                    " WHERE atomic_version > :after"
                    " GROUP BY 1, 2, 3, 4, e.version"
                ),
                {"after": atomic_version},
            )
            for run, name, manual, payload, first, last in rows:
                found.append(described(kind, run, name, manual, payload, [(first, last)]))
    return Counter(found)


def _payload(event: dict) -> object:
    if event["kind"] == "run":
        return [event["oms_metadata"], event["rr_metadata"], event["deleted"]]
    if event["kind"] == "dataset":
        return [event["dataset_metadata"], event["datasets_in_gui"], event["deleted"]]
    return event["jsonb"]


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(each) for key, each in sorted(value.items())}
    if isinstance(value, list):
        return [_sorted(each) for each in value]
    return value


def tables_initial(shared_data: Path) -> dict[str, list]:
    folder = shared_data / "conformance" / "tables_initial"
    return {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}


def differences(ours: Counter[str], theirs: Counter[str]) -> Iterable[str]:
    for event, number in sorted((theirs - ours).items()):
        yield f"- {number}x {event[:300]}"
    for event, number in sorted((ours - theirs).items()):
        yield f"+ {number}x {event[:300]}"


def datasets_recorded(shared_data: Path) -> list[dict]:
    """Every dataset as the web service showed it at the end of the story."""
    with lzma.open(shared_data / "conformance" / "datasets.jsonl.xz", "rt") as lines:
        return [json.loads(line) for line in lines]


def restore_dump(db: Database, shared_data: Path) -> None:
    """Fills the tables of an empty schema with the rows the web service left, just as they are."""
    folder = shared_data / "conformance" / "tables_final"
    with db.transaction() as connection:
        # Rows come table by table; what refers to what is right at the end.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in metadata.sorted_tables:
            path = folder / f"{table.name}.json.xz"
            if not path.exists():
                continue
            connection.execute(text(f'DELETE FROM "{table.name}"'))
            with lzma.open(path, "rt") as content:
                connection.execute(
                    text(
                        f'INSERT INTO "{table.name}" SELECT * FROM'
                        f' jsonb_populate_recordset(CAST(NULL AS "{table.name}"), :rows)'
                    ),
                    {"rows": Jsonb(json.load(content))},
                )
            for column in table.primary_key.columns:
                names = {"table": _quoted(table.name), "column": column.name}
                sequence = connection.execute(
                    text("SELECT pg_get_serial_sequence(:table, :column)"), names
                ).scalar_one()
                if sequence is not None:
                    connection.execute(
                        text(f'SELECT setval(:sequence, max("{column.name}")) FROM "{table.name}"'),
                        {"sequence": sequence},
                    )


def _quoted(name: str) -> str:
    return f'"{name}"'
