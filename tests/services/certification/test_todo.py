"""What is left to do, found in the state of the registry."""

from datetime import date

import pytest
from sqlalchemy import text

from app.domain.certification.dataset_tools import Hide
from app.domain.certification.datasets import COMPLETED, OPEN
from app.domain.certification.todo import Task, TaskKind, Todo
from app.domain.errors import BadInput, NotFound
from app.domain.lumisections import LumiRange
from app.domain.progress import Progress
from app.domain.sources.dqm_gui import GuiListing
from app.models.database.engine import Database
from app.models.events.action import begin
from app.models.events.event_log import LumisectionChange
from app.services.acting import Acting
from app.services.certification import cycles, datasets
from app.services.certification.todo import TodoScope, todo
from app.services.editing import dataset_tools
from app.services.pulling import dqm_gui
from tests.builders import EXPERT
from tests.conftest import filled_once
from tests.services.offline_runs import EXPRESS, FIRST, PROMPT, SECOND, open_all, sign_off_runs

LATE = date(2030, 1, 1)


@filled_once
def registry(database: Database) -> None:
    """Two signed-off runs of 10 LS with two waiting datasets each."""
    sign_off_runs(database, FIRST, SECOND)


def found(list_: Todo, kind: TaskKind) -> list[tuple[int, str, str]]:
    return [(task.run_number, task.dataset, task.workspace) for task in list_.of_kind(kind)]


def test_that_open_datasets_are_listed_per_workspace_and_name(registry: Database):
    open_all(registry, FIRST, SECOND)
    datasets.move(Acting(registry, EXPERT), [(FIRST, PROMPT)], "dt", COMPLETED)
    left = todo(Acting(registry))
    assert left.datasets == 4
    assert left.open_datasets["dt", PROMPT] == 1
    assert left.open_datasets["dt", EXPRESS] == 2
    only = todo(Acting(registry), TodoScope(workspace="dt", run_from=FIRST, run_to=FIRST))
    assert found(only, TaskKind.OPEN) == [(FIRST, EXPRESS, "dt")]


def test_that_datasets_leave_the_list_when_the_gui_has_them(registry: Database):
    everything = [(run, name, "") for run in (FIRST, SECOND) for name in (EXPRESS, PROMPT)]
    assert found(todo(Acting(registry)), TaskKind.NOT_IN_GUI) == everything
    dqm_gui.apply(Acting(registry), GuiListing({FIRST: ("/anything/DQMIO",)}))
    assert found(todo(Acting(registry)), TaskKind.NOT_IN_GUI) == everything[2:]


def test_that_signed_off_runs_in_no_cycle_are_found(registry: Database):
    id_cycle = cycles.create(Acting(registry, EXPERT), "First", LATE, ["dt"], [(FIRST, PROMPT)]).id
    assert found(todo(Acting(registry)), TaskKind.NO_CYCLE) == [(SECOND, "online", "")]
    within = todo(Acting(registry), TodoScope(cycle=id_cycle))
    assert within.datasets == 1
    assert found(within, TaskKind.NO_CYCLE) == []
    cycles.delete(Acting(registry, EXPERT), id_cycle)
    assert len(found(todo(Acting(registry)), TaskKind.NO_CYCLE)) == 2
    with pytest.raises(NotFound, match="no cycle"):
        todo(Acting(registry), TodoScope(cycle=id_cycle))


def test_that_different_numbers_of_lumisections_are_told(registry: Database):
    assert found(todo(Acting(registry)), TaskKind.LUMISECTIONS) == []
    with begin(registry, [FIRST]) as action:
        added = LumisectionChange(
            FIRST, "online", [({"recorded": 0.2}, (LumiRange(11, 12),))], oms=True
        )
        action.append("auto@auto", "two more", [added])
    (task,) = todo(Acting(registry)).of_kind(TaskKind.LUMISECTIONS)
    assert task == Task(
        TaskKind.LUMISECTIONS,
        FIRST,
        "online",
        "",
        "OMS 10 LS, RR online 10 LS, OMS lumisections 12 LS, luminosity 12 LS;"
        " LS 11-12 take no part",
    )


def test_that_runs_with_little_luminosity_are_found(registry: Database):
    # 10 LS of about 0.3 /pb each.
    assert found(todo(Acting(registry)), TaskKind.LUMINOSITY) == []
    both = todo(Acting(registry), TodoScope(least_luminosity=5.0)).of_kind(TaskKind.LUMINOSITY)
    assert [task.run_number for task in both] == [FIRST, SECOND]
    assert both[0].text.endswith("/pb recorded, less than 5")
    with registry.transaction() as connection:
        connection.execute(
            text(
                'UPDATE "DatasetTripletCache" SET brilcalc_recorded_luminosity = 0,'
                " brilcalc_delivered_luminosity = 0 WHERE run_number = :run"
            ),
            {"run": FIRST},
        )
    # Without beam there is nothing to miss.
    only = todo(Acting(registry), TodoScope(least_luminosity=5.0))
    assert found(only, TaskKind.LUMINOSITY) == [(SECOND, "online", "")]


@pytest.mark.parametrize("odd", ["1e400", "1e20", "-5", "true", '"10"', "null", "[10]"])
def test_that_an_odd_value_of_one_run_stops_nobody_s_list(registry: Database, odd: str):
    before = todo(Acting(registry))
    with registry.transaction() as connection:
        for table, column, value in (
            ("Run", "oms_attributes", f'{{"ls_duration": {odd}}}'),
            ("Dataset", "datasets_in_gui", odd),
        ):
            connection.execute(
                text(
                    f'UPDATE "{table}" SET {column} = CAST(:value AS jsonb) WHERE run_number = :run'
                ),
                {"value": value, "run": FIRST},
            )
    left = todo(Acting(registry))
    assert left.datasets == 4
    of_second = {task for task in before.tasks if task.run_number == SECOND}
    assert of_second == {task for task in left.tasks if task.run_number == SECOND}


def test_that_hidden_datasets_are_nobodys_work(registry: Database):
    keys = tuple((FIRST, name) for name in (PROMPT, EXPRESS))
    dataset_tools.apply(Acting(registry, EXPERT), Hide(keys), reason="bad")
    assert {task.run_number for task in todo(Acting(registry)).tasks} == {SECOND}


def test_that_the_list_is_by_run_and_exports(registry: Database):
    shares: list[float] = []
    left = todo(Acting(registry), progress=Progress(shares.append))
    assert shares == [0.0, 1.0]
    numbers = [task.run_number for task in left.tasks]
    assert numbers == sorted(numbers)
    lines = left.csv_text.splitlines()
    assert lines[0] == "kind,run_number,dataset,workspace,text"
    assert len(lines) == len(left.tasks) + 1
    with pytest.raises(BadInput, match="greater than the last"):
        todo(Acting(registry), TodoScope(run_from=2, run_to=1))


def test_that_an_empty_registry_has_nothing_to_do(database: Database):
    assert todo(Acting(database)) == Todo(0, ())
    assert OPEN not in todo(Acting(database)).csv_text
