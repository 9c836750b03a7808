"""Workspaces and columns: added, retired, brought back, with nothing lost."""

import pytest
from sqlalchemy import text

from app.domain.configuration.in_force import Kind, Workspace
from app.domain.errors import BadInput, Conflict, NotFound, NotPermitted
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import runs
from app.services.configuration import in_force as configuration
from app.services.configuration import workspaces
from app.services.configuration.edits import add_item, edit_item
from app.services.configuration.workspaces import (
    add_column,
    add_workspace,
    retire_column,
    retire_workspace,
)
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit
from app.services.pulling import runs as pull
from tests.builders import EXPERT, NOBODY, a_run, configure
from tests.conftest import filled_once

RUN = 390001


@filled_once
def registry(database: Database) -> None:
    """The small configuration with one run."""
    configure(database)
    pull.apply(Acting(database), a_run(RUN, 10))


def test_that_a_new_column_is_classified_and_edited_like_any_other(registry) -> None:
    add_workspace(Acting(registry, EXPERT), "gem", online=True)
    add_column(Acting(registry, EXPERT), "gem-gem", online=True)
    current = configuration.current(Acting(registry))
    assert current.columns_of("gem", online=True) == ("gem-gem",)
    values = {
        "column": "gem-gem",
        "online": True,
        "status": "GOOD",
        "classifier": {"var": "gemm_ready"},
        "priority": 1,
        "enabled": True,
    }
    add_item(Acting(registry, EXPERT), Kind.COMPONENT, values)
    runs.refresh(Acting(registry, EXPERT), RUN)
    assert lumisections.dataset_state(Acting(registry), RUN, "online").rr.value(
        "gem-gem", 1
    ) == Triplet("GOOD")


def test_that_a_retired_column_is_out_of_use_and_nothing_said_of_it_is_lost(registry) -> None:
    before = configuration.current(Acting(registry))
    retire_column(Acting(registry, EXPERT), "dt-dt", online=True)
    current = configuration.current(Acting(registry))
    assert "dt-dt" not in current.online_columns
    assert "dt-dt" in current.offline_columns
    assert current.retired == (Workspace("dt", True, ("dt-dt",)),)
    assert "dt-dt" not in current.online_by_column
    state = lumisections.dataset_state(Acting(registry), RUN, "online")
    assert state.rr.value("dt-dt", 1) == Triplet("GOOD")
    edit = ColumnEdit(RUN, "online", "dt-dt", (LumiRange(1, 2),), Triplet("BAD", "off"))
    with pytest.raises(BadInput, match="dt-dt"):
        lumisections.edit_columns(Acting(registry, EXPERT), [edit])
    with pytest.raises(NotFound, match="dt-dt"):
        edit_item(Acting(registry, EXPERT), Kind.COMPONENT, 1, {"priority": 5})
    assert not runs.refresh(Acting(registry, EXPERT), RUN).text.startswith("dt")

    add_column(Acting(registry, EXPERT), "dt-dt", online=True)
    after = configuration.current(Acting(registry))
    assert after.online_by_column == before.online_by_column
    assert (after.workspaces, after.retired) == (before.workspaces, ())


def test_that_a_retired_column_keeps_no_run_from_being_signed_off(registry) -> None:
    retire_column(Acting(registry, EXPERT), "tracker-strip", online=True)
    pull.apply(Acting(registry), a_run(RUN, 12))
    strip = lumisections.dataset_state(Acting(registry), RUN, "online").rr
    assert strip.value("tracker-strip", 12) is None
    runs.move(Acting(registry, EXPERT), RUN, "SIGNOFF")


def test_that_the_web_service_sees_neither_a_retired_column_nor_its_workspace(registry) -> None:
    retire_column(Acting(registry, EXPERT), "tracker-pixel", online=True)
    retire_workspace(Acting(registry, EXPERT), "csc", online=False)
    with registry.read() as connection:
        served = connection.execute(
            text(
                "SELECT place.online_or_offline, place.workspace, field.name"
                ' FROM "Workspace" AS place LEFT JOIN "WorkspaceColumn" AS field'
                " ON field.id_workspace = place.id"
                " WHERE place.online_or_offline IN ('online', 'offline')"
            )
        ).all()
        ids = connection.execute(text('SELECT count(*), max(id) FROM "WorkspaceColumn"')).one()
    assert ("online", "tracker", "strip") in served
    assert ("online", "tracker", "pixel") not in served
    assert "csc" not in {workspace for where, workspace, _ in served if where == "offline"}
    assert tuple(ids) == (9, 9)


def test_that_a_retired_workspace_comes_back_with_its_columns(registry) -> None:
    retire_column(Acting(registry, EXPERT), "tracker-pixel", online=True)
    retire_workspace(Acting(registry, EXPERT), "tracker", online=True)
    assert workspaces.retired(Acting(registry)) == (
        Workspace("tracker", True, ("tracker-pixel", "tracker-strip")),
    )
    add_workspace(Acting(registry, EXPERT), "tracker", online=True)
    current = configuration.current(Acting(registry))
    assert current.columns_of("tracker", online=True) == ("tracker-pixel", "tracker-strip")
    assert current.retired == ()


def test_that_the_change_names_its_author_as_a_version_of_the_configuration(registry) -> None:
    before = configuration.current(Acting(registry)).settings_id
    retire_column(Acting(registry, EXPERT), "dt-dt", online=False)
    with registry.read() as connection:
        row = connection.execute(
            text('SELECT id, metadata FROM "Settings" ORDER BY id DESC LIMIT 1')
        ).one()
    assert tuple(row) == (
        before + 1,
        {"by": EXPERT.email, "comment": "column dt-dt retired in offline"},
    )


def test_that_names_and_rights_are_checked(registry) -> None:
    with pytest.raises(NotPermitted, match="/workspaces/online"):
        add_workspace(Acting(registry, NOBODY), "gem", online=True)
    for name in ("", "a-b", "global", "a.b", "x" * 61):
        with pytest.raises(BadInput):
            add_workspace(Acting(registry, EXPERT), name, online=True)
    with pytest.raises(BadInput, match="workspace-name"):
        add_column(Acting(registry, EXPERT), "gem", online=True)
    with pytest.raises(NotFound, match='no online workspace "gem"'):
        add_column(Acting(registry, EXPERT), "gem-gem", online=True)
    with pytest.raises(Conflict, match="already"):
        add_column(Acting(registry, EXPERT), "dt-dt", online=True)
    with pytest.raises(Conflict, match="already"):
        add_workspace(Acting(registry, EXPERT), "dt", online=True)
    with pytest.raises(NotFound):
        retire_workspace(Acting(registry, EXPERT), "gem", online=True)
    with pytest.raises(NotFound):
        retire_column(Acting(registry, EXPERT), "gem-gem", online=True)
