"""What is known of the datasets that somebody still has to look at."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.domain.json_value import JsonObject, folded_object
from app.domain.lumisections import GREATEST_NUMBER


@dataclass(frozen=True, slots=True)
class DatasetInScope:
    """An offline dataset with what tells how far its certification is; luminosity in pb^-1."""

    run_number: int
    name: str
    attributes: JsonObject
    in_gui: bool
    run_state: str
    ls_duration: int | None
    recorded: float | None
    delivered: float | None
    in_cycle: bool


def datasets(
    connection: Connection, *, cycle: int | None, run_from: int | None, run_to: int | None
) -> tuple[DatasetInScope, ...]:
    """Offline datasets that aren't hidden, of a cycle or of a range of runs."""
    of_cycle = cycle is not None
    # From the datasets of the cycle on: else the server looks at all there are, for each whether it
    # is in this cycle, and for each run whether it is in any.
    source, in_cycle = (
        (
            '"CycleDataset" held JOIN "Dataset" dataset USING (run_number, name)',
            "true",
        )
        if of_cycle
        else (
            '"Dataset" dataset',
            'EXISTS (SELECT FROM "CycleDataset" held JOIN "Cycle" USING (id_cycle)'
            ' WHERE NOT "Cycle".deleted AND held.run_number = dataset.run_number)',
        )
    )
    rows = connection.execute(
        text(
            "SELECT run.run_number, dataset.name, dataset_attributes,"
            "  jsonb_typeof(datasets_in_gui) = 'array' AND datasets_in_gui <> '[]',"
            "  rr_attributes ->> 'state',"
            # What is no number, or greater than any, shall stop nobody who reads the others.
            f"  CASE WHEN oms_attributes -> 'ls_duration' BETWEEN '0' AND '{GREATEST_NUMBER}'"
            "   THEN (oms_attributes ->> 'ls_duration')::float8::int END,"
            f"  brilcalc_recorded_luminosity, brilcalc_delivered_luminosity, {in_cycle}"
            f' FROM {source} JOIN "Run" run USING (run_number)'
            ' LEFT JOIN "DatasetTripletCache" summary'
            "  ON summary.run_number = run.run_number AND summary.name = 'online'"
            " WHERE NOT dataset.deleted AND NOT run.deleted AND dataset.name <> 'online'"
            "  AND run.run_number BETWEEN :first AND :last"
            f"{' AND held.id_cycle = :cycle' if of_cycle else ''}"
            " ORDER BY run.run_number, dataset.name"
        ),
        {
            "cycle": cycle,
            "first": 0 if run_from is None else run_from,
            "last": GREATEST_NUMBER if run_to is None else run_to,
        },
    )
    return tuple(
        DatasetInScope(number, name, folded_object(attributes), *rest)
        for number, name, attributes, *rest in rows
    )
