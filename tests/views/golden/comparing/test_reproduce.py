"""Making a list again in the window, and what changed since it was made."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from sqlalchemy import text

from app.models.database.engine import Database
from app.views.golden.comparing.reproduce_panel import ReproducePanel
from app.views.places import PlaceContext
from tests.services.offline_runs import FIRST
from tests.views.golden.conftest import set_dt


@pytest.fixture
def panel(qtbot: QtBot, context: PlaceContext) -> ReproducePanel:
    panel = ReproducePanel(context)
    qtbot.addWidget(panel)
    panel.resize(900, 600)
    panel.show()
    return panel


def press(qtbot: QtBot, button: object) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_that_a_list_is_proved_the_same_and_what_changed_is_shown(
    qtbot: QtBot,
    panel: ReproducePanel,
    season: Database,
    generate: Callable[[], int],
    tmp_path: Path,
) -> None:
    made = generate()
    assert not panel.again.isEnabled()
    panel.show_golden(made)
    press(qtbot, panel.since)
    qtbot.waitUntil(lambda: "same lumisections" in panel.now.text())
    set_dt(season, 3, 3, "GOOD")
    press(qtbot, panel.again)
    qtbot.waitUntil(lambda: "comes out the same" in panel.verdict.text())
    assert "from the events it was made from" in panel.verdict.text()
    assert not panel.detail.isVisible()
    press(qtbot, panel.since)
    qtbot.waitUntil(lambda: "gain 1 LS" in panel.now.text())
    ((run, _, what, *_),) = panel.events.lines()
    assert (run, what) == (str(FIRST), "dt-dt: BAD → GOOD")
    dialog = panel.ask_where()
    assert dialog is not None
    file = tmp_path / "since.csv"
    dialog.fileSelected.emit(str(file))
    qtbot.waitUntil(file.exists)
    dialog.close()
    assert "dt is GOOD" in file.read_text()
    panel.show_golden(None)
    assert not panel.since.isEnabled()
    assert panel.ask_where() is None


def test_that_a_list_that_comes_out_differently_says_where_and_why(
    qtbot: QtBot, panel: ReproducePanel, season: Database, generate: Callable[[], int]
) -> None:
    made = generate()
    with season.transaction() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("DELETE FROM record.generated_json_provenance"))
        connection.execute(
            text(
                'UPDATE "GeneratedJson" SET generated_json ='
                " jsonb_set(generated_json, '{390001}', '[[1, 2]]') WHERE id = :id"
            ),
            {"id": made},
        )
    panel.show_golden(made)
    press(qtbot, panel.again)
    qtbot.waitUntil(lambda: "does not come out the same as of its version" in panel.verdict.text())
    assert "the list" in panel.verdict.text()
    assert "Only the version of this list is known" in panel.detail.text()
    item = panel.runs.topLevelItem(0)
    assert [item.text(n) for n in range(3)] == [str(FIRST), "5", "0"]


def test_that_a_stored_list_that_was_changed_is_found_out(
    qtbot: QtBot, panel: ReproducePanel, season: Database, generate: Callable[[], int]
) -> None:
    made = generate()
    with season.transaction() as connection:
        connection.execute(
            text("""UPDATE "GeneratedJson" SET generated_json = '{"390001": [[1, 10]]}'""")
        )
    panel.show_golden(made)
    press(qtbot, panel.again)
    qtbot.waitUntil(lambda: "does not come out the same from the events" in panel.verdict.text())
    assert "the stored list was changed later" in panel.detail.text()
    assert panel.runs.topLevelItemCount() == 2


def test_that_a_list_that_is_not_there_is_said(qtbot: QtBot, panel: ReproducePanel) -> None:
    panel.show_golden(4711)
    press(qtbot, panel.again)
    qtbot.waitUntil(
        lambda: "4711" in panel.empty.text() and "can be made" not in panel.empty.text()
    )
    assert panel.again.isEnabled()


def test_that_it_can_be_stopped(
    qtbot: QtBot, panel: ReproducePanel, generate: Callable[[], int]
) -> None:
    panel.show_golden(generate())
    panel.reproduce()
    assert panel.share.isVisible()
    press(qtbot, panel.share.cancel)
    assert panel.empty.text() == "Stopped."
    assert not panel.share.isVisible()
    assert panel.again.isEnabled()
