"""Who could do what under permissions that aren't saved."""

import pytest

from app.domain.configuration.in_force import Kind
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration.rights import rights_with
from app.services.configuration.versions import versions
from tests.builders import configure


@pytest.fixture
def permission(database: Database) -> int:
    """Id of the permission of the DT experts."""
    configure(database)
    history = versions(Acting(database), Kind.PERMISSION)
    (found,) = (
        item_id
        for item_id in history.versions[-1].items
        if history.items[item_id].values["egroup"] == "dt-experts"
    )
    return found


def test_that_changed_routes_say_which_rights_are_gained(database: Database, permission: int):
    values = {
        "egroup": "dt-experts",
        "routes": ["/dataset_lumisections/dt-dt", "/dataset_lumisections/csc.*"],
    }
    lines = rights_with(Acting(database), permission, values)
    assert {line.right.action for line in lines if line.gained} == {"Edit csc-csc"}
    assert not any(line.lost for line in lines)


def test_that_a_removed_permission_says_which_rights_are_lost(database: Database, permission: int):
    lines = rights_with(Acting(database), permission, None)
    lost = [line for line in lines if line.lost]
    assert lost
    assert {name for line in lost for name in line.lost} == {"dt-experts"}
    assert not any(line.gained for line in lines)


def test_that_a_new_permission_takes_nothing_from_others(database: Database, permission: int):
    lines = rights_with(Acting(database), None, {"egroup": "new", "routes": ["/cycles"]})
    assert {name for line in lines for name in line.gained} == {"new"}
    assert not any(line.lost for line in lines)
