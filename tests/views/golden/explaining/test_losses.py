"""Luminosity lost: charts, figures, the runs behind a bar, and what is saved."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import QFileDialog, QToolTip
from pytestqt.qtbot import QtBot

from app.golden.list_luminosity import ListLuminosity
from app.golden.losses import losses_of
from app.services.golden import losses as golden_losses
from app.services.golden.losses import ListLosses
from app.views.golden.explaining.bar_chart import BarChart
from app.views.golden.explaining.losses_panel import WAY, LossesPanel
from app.views.golden.runs_table import RunRow, RunsTable, luminosity_text
from app.views.places import PlaceContext
from tests.services.offline_runs import FIRST, PROMPT


@pytest.fixture
def panel(qtbot: QtBot, context: PlaceContext, generate: Callable[[], int]) -> LossesPanel:
    """The tab of a list that lost LS 3-5 of its first run."""
    panel = LossesPanel(context)
    qtbot.addWidget(panel)
    panel.resize(900, 600)
    panel.show()
    panel.show_golden(generate())
    qtbot.waitUntil(lambda: panel.runs.topLevelItemCount() > 0)
    return panel


def keys(panel: LossesPanel) -> list[str]:
    return [
        panel.charts.item(n).data(Qt.ItemDataRole.UserRole) for n in range(panel.charts.count())
    ]


def chart(panel: LossesPanel) -> BarChart:
    assert panel.chart is not None
    return panel.chart


def choose(panel: LossesPanel, key: str) -> None:
    panel.charts.setCurrentRow(keys(panel).index(key))


def bars(panel: LossesPanel) -> list[str]:
    return [each.name for each in chart(panel)._bars]


def line(panel: LossesPanel) -> list[str]:
    item = panel.runs.topLevelItem(0)
    return [item.text(column) for column in range(panel.runs.columnCount())]


def test_that_the_first_chart_is_by_condition(qtbot: QtBot, panel: LossesPanel) -> None:
    assert panel.total.text().endswith("%, in 3 LS")
    assert bars(panel) == ["bpix_ready = true", 'dt-dt = "GOOD"']
    assert "bars overlap" in panel.note.text()
    qtbot.waitUntil(lambda: line(panel)[3] != "unknown")
    assert line(panel)[:3] == [str(FIRST), PROMPT, "2"]
    assert line(panel)[4] == "4-5"


def test_that_charts_without_overlap_count_nothing_twice(panel: LossesPanel) -> None:
    choose(panel, "exclusive")
    assert sorted(bars(panel)) == ["dt", "mixed", "pixel"]
    assert "nothing is counted twice" in panel.note.text()
    assert "short-runs" not in keys(panel)


def test_that_the_keyboard_goes_from_bar_to_runs(qtbot: QtBot, panel: LossesPanel) -> None:
    panel.activateWindow()
    qtbot.keyClick(chart(panel), Qt.Key.Key_Down)
    assert chart(panel).chosen == 1
    assert line(panel)[4] == "3-4"
    assert chart(panel).accessibleDescription().startswith('dt-dt = "GOOD"')
    qtbot.keyClick(chart(panel), Qt.Key.Key_Home)
    assert chart(panel).chosen == 0
    qtbot.keyClick(chart(panel), Qt.Key.Key_Return)
    with qtbot.waitSignal(panel.run_wanted) as opened_run:
        panel.runs.itemActivated.emit(panel.runs.topLevelItem(0), 0)
    assert opened_run.args == [FIRST, PROMPT]


def test_that_the_mouse_chooses_and_hovers(
    qtbot: QtBot, panel: LossesPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _at, text, _of: said.append(text))
    plot = chart(panel)
    spot = plot.place_of(1).toPoint()
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert plot.chosen == 1
    here = QPointF(spot)
    nothing = Qt.MouseButton.NoButton
    plot.mouseMoveEvent(
        QMouseEvent(
            QEvent.Type.MouseMove, here, here, nothing, nothing, Qt.KeyboardModifier.NoModifier
        )
    )
    assert said[-1].startswith('dt-dt = "GOOD"\n')
    assert said[-1].endswith("\n2 LS")


def test_that_the_way_of_luminosity_into_the_list_is_a_chart(panel: LossesPanel) -> None:
    choose(panel, WAY)
    assert bars(panel)[0] == "delivered in the run range"
    assert bars(panel)[-1] == "in the list"
    assert "flags and detectors off" in panel.note.text()
    assert panel.runs.topLevelItemCount() == 0


@pytest.mark.parametrize("kind", ["PNG", "SVG", "CSV", ""])
def test_that_a_chart_is_saved(qtbot: QtBot, panel: LossesPanel, tmp_path: Path, kind: str) -> None:
    dialog = panel.ask_where(kind)
    assert dialog is not None
    file = tmp_path / Path(dialog.selectedFiles()[0]).name
    dialog.fileSelected.emit(str(file))
    qtbot.waitUntil(file.exists)
    dialog.close()
    match kind:
        case "PNG":
            assert QImage(str(file)).width() > 0
        case "SVG":
            assert "bpix_ready" in file.read_text()
        case "CSV":
            lines = file.read_text().splitlines()
            assert file.name.endswith("losses_conditions.csv")
            assert len(lines) == 4
        case _:
            assert "exclusive,false,mixed" in file.read_text()


def test_that_the_steps_are_saved_as_csv(qtbot: QtBot, panel: LossesPanel, tmp_path: Path) -> None:
    choose(panel, WAY)
    dialog = panel.ask_where("CSV")
    assert isinstance(dialog, QFileDialog)
    file = tmp_path / "steps.csv"
    dialog.fileSelected.emit(str(file))
    qtbot.waitUntil(file.exists)
    dialog.close()
    assert file.read_text().splitlines()[0] == "step,luminosity_pb,lost_pb,lost_by"


def test_that_both_looks_have_their_colours(panel: LossesPanel, context: PlaceContext) -> None:
    light = chart(panel).as_png()
    context.themes.choose(mode="dark")
    assert chart(panel).as_png() != light
    context.themes.choose(mode="light")
    panel.show_golden(None)
    assert "Choose a list" in panel.empty.text()
    assert panel.ask_where("CSV") is None


def test_that_figures_are_sorted_as_figures(qtbot: QtBot) -> None:
    table = RunsTable("runs")
    qtbot.addWidget(table)
    rows = [RunRow(n, "", (n, value)) for n, value in ((1, 9.0), (2, 10.5), (3, None))]
    table.show_rows(("Run", "pb⁻¹"), rows)
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert [table.topLevelItem(n).text(1) for n in range(3)] == ["10.5", "9", "unknown"]


def test_that_missing_luminosity_is_not_called_zero() -> None:
    assert luminosity_text(ListLuminosity(5, missing=5)) == "luminosity not stored"
    assert luminosity_text(ListLuminosity(5, 1.5, 2.0, 2)) == "1.5 pb⁻¹, 2 LS without luminosity"
    assert luminosity_text(ListLuminosity()) == "0 pb⁻¹"
    assert luminosity_text(None) == "luminosity unknown"


def test_that_a_list_without_luminosity_shows_lumisections_instead(
    qtbot: QtBot, panel: LossesPanel, context: PlaceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = golden_losses.losses_of_list(context.acting, panel._id or 0)
    unmeasured = losses_of([replace(each, recorded=0.0) for each in known.losses.combinations])
    steps = tuple(step._replace(luminosity=0.0, lost=0.0) for step in known.steps)
    monkeypatch.setattr(
        golden_losses, "losses_of_list", lambda _acting, _id: ListLosses(unmeasured, steps)
    )
    panel.show_golden(1)
    qtbot.waitUntil(lambda: "luminosity is not stored" in panel.total.text())
    assert [each.value for each in chart(panel)._bars] == [2, 2]
    assert panel.note.text().startswith("3 LS together")
