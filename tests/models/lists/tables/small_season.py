"""A small season as the read models have it, and pages of it."""

from dataclasses import dataclass

from sqlalchemy import insert

from app.domain.json_value import JsonObject
from app.models.database.engine import Database
from app.models.lists.tables.pages import Page, page
from app.models.lists.tables.query import TableQuery
from app.models.schemas import tables
from tests.models.lists.plain_filters import PROMPT

EXPRESS = "/Express/Collisions_2022/DQM"


@dataclass(frozen=True)
class Given:
    """A dataset as it is put into the projections; `summary_of` is the version it was made for."""

    run_number: int
    name: str = "online"
    attributes: JsonObject | None = None
    in_gui: tuple[str, ...] = ()
    columns: JsonObject | None = None
    bits: JsonObject | None = None
    recorded: float = 1.0
    deleted: bool = False
    version: int = 10
    summary_of: int | None = 10


RUNS: dict[int, tuple[JsonObject, JsonObject]] = {
    355100: (
        {
            "energy": 6800,
            "hlt_key": "/cdaq/physics/Run2022/v1",
            "start_time": "2022-07-01T10:00:00Z",
            "components": ["DT", "CSC"],
            "fill_number": 7001,
            "mixed": 5,
            "b_field": 3.8,
        },
        {"class": "Collisions22", "state": "OPEN", "significant": True, "stop_reason": ""},
    ),
    355101: (
        {
            "energy": 0,
            "hlt_key": "/cdaq/cosmic/run2022/V2",
            "start_time": "2022-07-02T10:00:00Z",
            "components": [],
            "fill_number": "7002",
            "mixed": "5",
            "b_field": None,
        },
        {
            "class": "Cosmics22",
            "state": "SIGNOFF",
            "significant": False,
            "stop_reason": "beam_dump",
        },
    ),
    355102: (
        {"energy": 6800.5, "hlt_key": "100%_done\\", "mixed": True, "components": "DT"},
        {"class": "", "state": "OPEN", "run_needs_to_be_updated_manually": True},
    ),
    355103: ({}, {}),
    355104: (
        {"mixed": None, "energy": -1, "fill_number": 12},
        {"class": "2022", "significant": "true", "state": "COMPLETED"},
    ),
    355105: ({"mixed": {"a": 1}}, {"class": "Collisions22"}),
}

GOOD_DT: JsonObject = {"GOOD": 100, "EMPTY": 0, "comments": [], "causes": []}

DATASETS = (
    Given(
        355100,
        columns={
            "dt-dt": {"GOOD": 90, "BAD": 10, "EMPTY": 0, "comments": ["HV trip"], "causes": []},
            "csc-csc": GOOD_DT,
        },
        bits={"hf_ready": {"TRUE": 90, "FALSE": 10, "NULL": 0, "EMPTY": 0}},
        recorded=12.5,
    ),
    Given(355101, columns={"dt-dt": {"GOOD": 1, "BAD": 9, "EMPTY": 0}}, recorded=0.0),
    Given(355102, columns={"dt-dt": {"BAD": 50, "EMPTY": 50}}, summary_of=9),
    Given(355103, summary_of=None),
    Given(355104, columns={"dt-dt": GOOD_DT}, deleted=True),
    Given(
        355100,
        PROMPT,
        {"global_state": "OPEN", "dt_state": "SIGNOFF", "appeared_in": ["/a/b/DQMIO"]},
        ("/a/b/DQMIO", "/a/c/DQMIO"),
        {"dt-dt": {"BAD": 100, "EMPTY": 0}, "tracker-track": GOOD_DT},
        {"hf_ready": {"TRUE": 0, "FALSE": 0, "NULL": 100, "EMPTY": 0}},
        11.0,
    ),
    Given(
        355100,
        EXPRESS,
        {"global_state": "waiting dqm gui", "dt_state": "waiting dqm gui"},
        columns={"dt-dt": {"NO VALUE FOUND": 5, "STANDBY": 5, "EMPTY": 0}},
    ),
    Given(355101, PROMPT, {"global_state": "OPEN"}, summary_of=None),
    Given(355102, PROMPT, {"global_state": None}, columns={"dt-dt": GOOD_DT}, deleted=True),
    Given(355104, PROMPT, {"global_state": "OPEN"}, ("/a/b/DQMIO",), {"dt-dt": GOOD_DT}),
)


def fill(database: Database, runs: object = RUNS, datasets: tuple[Given, ...] = DATASETS) -> None:
    assert isinstance(runs, dict)
    with database.transaction() as connection:
        for number, (oms, rr) in runs.items():
            values = {"run_number": number, "oms_attributes": oms, "rr_attributes": rr}
            connection.execute(insert(tables.run).values(**values, version=5, deleted=False))
        for each in datasets:
            key = {"run_number": each.run_number, "name": each.name}
            connection.execute(
                insert(tables.dataset).values(
                    **key,
                    dataset_attributes=each.attributes or {},
                    datasets_in_gui=list(each.in_gui),
                    version=each.version,
                    deleted=each.deleted,
                )
            )
            if each.summary_of is not None:
                connection.execute(
                    insert(tables.dataset_triplet_cache).values(
                        **key,
                        triplet_summary=each.columns or {},
                        dcs_summary=each.bits or {},
                        rr_ranges={},
                        dcs_ranges={},
                        brilcalc_recorded_luminosity=each.recorded,
                        brilcalc_delivered_luminosity=each.recorded + 1,
                        version=each.summary_of,
                    )
                )


def shown(database: Database, query: TableQuery) -> Page:
    """The page by the counts, which is that by the summaries."""
    with database.read() as connection:
        found = page(connection, query, desk=True)
        assert keys(found) == keys(page(connection, query))
        return found


def keys(found: Page) -> list[tuple[int, str]]:
    return [row.key for row in found.rows]
