"""Filters kept by name and handed on as text; what a table remembers of its filter."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.errors import BadInput
from app.domain.links import ListLink, link_text
from app.services.acting import Acting
from app.services.certification import datasets
from app.services.configuration.workspaces import WorkspaceColumns
from app.views.background import Background
from app.views.looks.theme import Themes
from app.views.tables.dataset_groups import DatasetGroup
from app.views.tables.memory import TableMemory
from app.views.tables.saved_filters import SavedFilters, SavedFiltersDialog, as_text, from_text
from app.views.tables.table_view import TableView
from tests.views.builders import COLUMNS
from tests.views.many_runs import NAMES, SIGNED_OFF
from tests.views.table_rows import VOCABULARY


def test_that_text_that_was_copied_can_be_pasted() -> None:
    saved = {"bad dt": "dt-dt.BAD > 0", "late": 'oms.start_time > "2025-08-18T06:00:00Z"'}
    saved["bad, by run"] = link_text(ListLink("offline", "dt-dt.BAD > 0", sort="-run"))
    assert from_text(as_text(saved), "offline") == saved


@pytest.mark.parametrize(
    ("pasted", "reason"),
    [
        ("", "Nothing was pasted"),
        ("class = Collisions25", "Line 1 is not a filter"),
        ("a: class =", "Line 1, a: "),
        ("a: run = 1\n: run = 2", "Line 2 is not a filter"),
        ("a: run-registry://online", "The view is one of online"),
        ("a: run-registry://run/7", "something else than a list"),
    ],
)
def test_that_what_is_no_filter_is_refused_with_its_line(pasted: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        from_text(pasted, "offline")


def test_that_filters_are_saved_renamed_taken_out_copied_and_pasted(
    qtbot: QtBot, remembered: QSettings, owner: QWidget
) -> None:
    memory = TableMemory(remembered, "datasets")
    view = ListLink("offline", "run > 5", workspace="dt", sort="-run", columns=("run", "dt-dt"))
    filters = SavedFilters(memory, lambda: "run > 5", lambda: view, owner)
    filters.save(" new:  ones ")
    assert memory.saved_filters() == {"new ones": "run > 5"}
    dialog = filters.edit()
    assert isinstance(dialog, SavedFiltersDialog)
    dialog.name.setText("newest")
    dialog.rename.click()
    assert memory.saved_filters() == {"newest": "run > 5"}
    dialog.pasted.setPlainText("old: run < 5\nbad")
    dialog.paste.click()
    assert dialog.refusal.text().startswith("Line 2 is not a filter")
    dialog.pasted.setPlainText("old: run < 5")
    dialog.paste.click()
    dialog.copy.click()
    assert QGuiApplication.clipboard().text() == "newest: run > 5\nold: run < 5\n"
    with qtbot.waitSignal(filters.chosen) as chosen:
        dialog.use.click()
    assert chosen.args == ["run < 5"]
    dialog = filters.ask_view_name()
    assert not dialog.save.isEnabled()
    dialog.name.setText("newest")
    assert (dialog.save.text(), dialog.says.text()) == (
        "Replace",
        '"newest" is saved already, and is replaced.',
    )
    dialog.name.setText(" mine:")
    with qtbot.waitSignal(filters.said):
        dialog.save.click()
    with qtbot.waitSignal(filters.view_chosen) as seen:
        filters.use(memory.saved_filters()["mine"])
    assert seen.args == [replace(view, workspace="")]
    assert "mine   run > 5, 2 columns, sorted by -run" in [
        filters.edit().list.item(row).text() for row in range(3)
    ]


def a_table(
    acting: Acting, background: Background, themes: Themes, remembered: QSettings
) -> TableView:
    table = TableView("datasets", acting, background, themes, remembered)
    table.show_workspace(WorkspaceColumns("dt", COLUMNS))
    return table


def test_that_filter_and_part_are_there_again_at_the_next_start(
    qtbot: QtBot,
    acting: Acting,
    background: Background,
    themes: Themes,
    remembered: QSettings,
) -> None:
    opened = [(number, NAMES[0]) for number in (*SIGNED_OFF[:2], SIGNED_OFF[-1])]
    datasets.move(acting, opened, "global", "OPEN")
    table = a_table(acting, background, themes, remembered)
    qtbot.addWidget(table)
    table.filter.set_text("run > 396210")
    table.show_group(DatasetGroup.EDITABLE)
    again = a_table(acting, background, themes, remembered)
    qtbot.addWidget(again)
    qtbot.waitUntil(lambda: not background.busy)
    assert again.filter.text == "run > 396210"
    assert again.line.count.text() == "2 datasets"
    assert again.line.groups.checkedButton().text() == "Editable"


def test_that_the_states_of_all_workspaces_come_and_go_as_columns(
    qtbot: QtBot,
    acting: Acting,
    background: Background,
    themes: Themes,
    remembered: QSettings,
) -> None:
    table = a_table(acting, background, themes, remembered)
    qtbot.addWidget(table)
    before = [each.id for each in table.columns]
    table.set_vocabulary(VOCABULARY)
    table.line.states.click()
    after = [each.id for each in table.columns]
    added = [id_ for id_ in after if id_ not in before]
    assert added == ["global_state", "tracker_state"]
    assert after.index(added[0]) == after.index("dt_state") + 1
    assert table.line.states.isChecked()
    table.line.states.click()
    assert [each.id for each in table.columns] == before
    qtbot.waitUntil(lambda: not background.busy)
