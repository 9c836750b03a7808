"""Consecutive automatic versions of one run are one line that opens."""

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import Qt
from pytestqt.modeltest import ModelTester

from app.domain.history.log import Kind, LogEntry, Source, Subject
from app.views.log.log_model import ABOUT, AUTHOR, TIME, WHAT, LogModel
from app.views.looks.theme import Themes

AT = datetime(2025, 8, 18, 14, 0, tzinfo=UTC)
AUTO, PERSON, AGENT = "auto@auto", "person@cern.ch", "auto@auto - pixel-autoencoder"


def an_entry(number: int, author: str = AUTO, run: int = 390001) -> LogEntry:
    return LogEntry(
        Source.VERSION,
        number,
        author,
        AT + timedelta(minutes=number),
        f"pull {number}",
        frozenset({Kind.LUMISECTIONS}),
        (Subject(run, "online"),),
    )


@pytest.fixture
def model(themes: Themes) -> LogModel:
    return LogModel(themes.theme)


def lines(model: LogModel, column: int = WHAT) -> list[str]:
    return [model.index(row, column).data() for row in range(model.rowCount())]


def test_that_only_automatic_versions_of_one_run_in_a_row_are_folded(model: LogModel) -> None:
    model.append(
        [
            an_entry(9),
            an_entry(8),
            an_entry(7, PERSON),
            an_entry(6),
            an_entry(5, run=390002),
            an_entry(4, AGENT),
            an_entry(3, AGENT),
        ]
    )
    assert lines(model) == [
        "2 automatic versions since 14:08:00: pull 9",
        "pull 7",
        "pull 6",
        "pull 5",
        "pull 4",
        "pull 3",
    ]
    assert model.index(0, ABOUT).data() == "390001"
    assert model.count == 7


def test_that_a_line_opens_and_closes_and_stays_open_while_versions_join_it(
    model: LogModel, qtmodeltester: ModelTester
) -> None:
    model.append([an_entry(9), an_entry(8), an_entry(7, PERSON)])
    assert model.turn(0)
    assert not model.turn(1)
    assert [line.strip() for line in lines(model, TIME)] == [
        "2025-08-18 14:09:00",
        "2025-08-18 14:09:00",
        "2025-08-18 14:08:00",
        "2025-08-18 14:07:00",
    ]
    qtmodeltester.check(model)
    model.prepend([an_entry(11), an_entry(10)])
    assert lines(model)[0].startswith("4 automatic versions since 14:08:00")
    assert model.rowCount() == 6
    model.append([an_entry(6), an_entry(5)])
    assert lines(model)[-1] == "2 automatic versions since 14:05:00: pull 6"
    model.turn(0)
    assert model.rowCount() == 3
    qtmodeltester.check(model)


def test_that_an_entry_behind_a_line_is_found_by_opening_it(model: LogModel) -> None:
    model.append([an_entry(9), an_entry(8), an_entry(7)])
    assert model.rowCount() == 1
    row = model.row_of((Source.VERSION, 8))
    assert row is not None
    assert model.entry(row).number == 8
    assert model.rowCount() == 4
    assert model.row_of((Source.VERSION, 1)) is None


def test_that_what_people_did_stands_out(model: LogModel, themes: Themes) -> None:
    model.append([an_entry(9), an_entry(8), an_entry(7, PERSON)])
    role = Qt.ItemDataRole.ForegroundRole
    assert model.index(0, WHAT).data(role) == themes.theme.colour("muted")
    assert model.index(1, WHAT).data(role) == themes.theme.colour("text")
    icon = Qt.ItemDataRole.DecorationRole
    assert model.index(0, AUTHOR).data(icon) is None
    assert model.index(1, AUTHOR).data(icon) is not None
