"""Attributes as a table."""

from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.views.runs.attributes_model import AttributesModel, attributes_of


def test_that_attributes_keep_the_rules_of_qt(qtmodeltester: ModelTester) -> None:
    model = AttributesModel()
    qtmodeltester.check(model)
    model.show_attributes(attributes_of([("OMS", {"energy": 6800.0, "b_field": 3.8})]))
    qtmodeltester.check(model)
    assert [model.index(row, 1).data() for row in (0, 1)] == ["b_field", "energy"]


def test_that_a_changed_attribute_changes_in_place(qtbot: QtBot) -> None:
    model = AttributesModel()
    model.show_attributes(attributes_of([("OMS", {"energy": 6800.0, "b_field": 3.8})]))
    changed: list[int] = []
    model.dataChanged.connect(lambda first, _last: changed.append(first.row()))
    model.show_attributes(attributes_of([("OMS", {"energy": 6800.0, "b_field": 0.0})]))
    assert changed == [0]
