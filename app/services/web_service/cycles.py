"""Cycles with their datasets, and the accepted datasets, as the web service answers them."""

from collections.abc import Iterable

from app.domain.json_value import JsonObject
from app.models.lists import shared_rows
from app.services.acting import Acting
from app.services.web_service.shapes import row_as_object


def cycles(acting: Acting, workspace: str) -> list[JsonObject]:
    """All cycles that aren't deleted: those pending in the workspace first, then by deadline.

    Datasets that are hidden are among the members of a cycle and not among its datasets.
    """
    with acting.db.read() as connection:
        found = [row_as_object(row) for row in shared_rows.cycles(connection)]
        members = shared_rows.members(connection, [_number(each, "id_cycle") for each in found])
        keys = list(dict.fromkeys((int(str(m["run_number"])), str(m["name"])) for m in members))
        rows = [row_as_object(row) for row in shared_rows.datasets(connection, keys)]
    datasets = {(_number(row, "run_number"), str(row["name"])): row for row in rows}
    for cycle in found:
        of_cycle = [
            row_as_object(each) for each in members if each["id_cycle"] == cycle["id_cycle"]
        ]
        named = [
            (member, (_number(member, "run_number"), str(member["name"]))) for member in of_cycle
        ]
        cycle["CycleDataset"] = [
            member | {"Datasets": [datasets[key]] if key in datasets else []}
            for member, key in named
        ]
        cycle["datasets"] = [
            datasets[key]
            for _, key in named
            if key in datasets and datasets[key]["deleted"] is False
        ]
    return list(_by_state(found, f"{workspace}_state"))


def datasets_accepted(acting: Acting) -> list[JsonObject]:
    """The list in force, each entry with the list and the settings that it comes from."""
    with acting.db.read() as connection:
        found = shared_rows.datasets_accepted(connection)
    return [
        row_as_object(row)
        | {
            "DatasetsAcceptedLists": [
                {
                    "id": list_id,
                    "DatasetsAcceptedEntries": {
                        "id": _number(row_as_object(row), "id"),
                        "DAL_id": list_id,
                    },
                    "Settings": [row_as_object(settings)],
                }
            ]
        }
        for row, list_id, settings in found
    ]


def _by_state(found: Iterable[JsonObject], state: str) -> list[JsonObject]:
    def order(cycle: JsonObject) -> str:
        attributes = cycle["cycle_attributes"]
        return str(attributes.get(state) or "") if isinstance(attributes, dict) else ""

    # A stable sort: among those of one state the earliest deadline stays first.
    return sorted(found, key=order, reverse=True)


def _number(row: JsonObject, name: str) -> int:
    return int(str(row[name]))
