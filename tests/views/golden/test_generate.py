"""The dialog that generates golden JSONs: several at once, progress, cancel, refusals."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.domain.configuration.permissions import EXPERTS
from app.domain.identity import Actor
from app.domain.json_value import JsonValue
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.golden import generation as golden
from app.services.golden import rules as golden_rules
from app.services.golden.bench import EVERYTHING, Narrowing
from app.views.background import Background
from app.views.focus import give_keys
from app.views.golden.generate_dialog import GenerateDialog
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.places import PlaceContext
from tests.builders import EXPERT
from tests.conftest import TestServer
from tests.services.offline_runs import PROMPT, SECOND
from tests.views.golden.conftest import RULE, locked, unreachable
from tests.views.workplaces import a_context, a_workplace

MINE: JsonValue = {"==": [1, 1]}
FIRST_LINE = "This rule   written in the workbench"


def opened(
    qtbot: QtBot,
    context: PlaceContext,
    owner: QWidget,
    written: JsonValue = RULE,
    pattern: str = PROMPT,
    narrowing: Narrowing = EVERYTHING,
) -> GenerateDialog:
    dialog = GenerateDialog(context, pattern, narrowing, written, owner)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.rules.count() >= 3)
    return dialog


@pytest.fixture
def acting(season: Database) -> Acting:
    """An expert with one saved rule."""
    acting = Acting(season, EXPERT)
    golden_rules.save(acting, "mine", MINE)
    return acting


@pytest.fixture
def context(
    acting: Acting,
    background: Background,
    notices: Notices,
    themes: Themes,
    remembered: QSettings,
) -> PlaceContext:
    """What a place of the expert is made with."""
    workplace = a_workplace(acting.db, acting.actor)
    return a_context(workplace, background, notices, themes, remembered)


@pytest.fixture
def dialog(qtbot: QtBot, context: PlaceContext, owner: QWidget) -> GenerateDialog:
    return opened(qtbot, context, owner)


def texts(dialog: GenerateDialog) -> list[str]:
    items = (dialog.rules.item(row) for row in range(dialog.rules.count()))
    return [item.text() for item in items if not item.isHidden()]


def tick(dialog: GenerateDialog, name: str, ticked: bool = True) -> None:
    state = Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
    for row in range(dialog.rules.count()):
        if dialog.rules.item(row).text().startswith(f"{name}   "):
            dialog.rules.item(row).setCheckState(state)


def stored(acting: Acting) -> list[tuple[str, bool]]:
    return [(each.tags, each.official) for each in golden.entries(acting)]


def test_that_the_rule_of_the_workbench_is_ticked_first(dialog: GenerateDialog) -> None:
    assert texts(dialog)[0] == FIRST_LINE
    assert {"golden   shipped", f"mine   by {EXPERT.email}"} <= set(texts(dialog))
    assert dialog.ticked == (("This rule", RULE),)
    assert dialog.datasets.text() == PROMPT


def test_that_a_saved_rule_that_is_written_has_its_name_and_stands_once(
    qtbot: QtBot, context: PlaceContext, owner: QWidget
) -> None:
    dialog = opened(qtbot, context, owner, MINE)
    qtbot.waitUntil(lambda: texts(dialog)[0] == "mine   written in the workbench")
    assert sum(text.startswith("mine ") for text in texts(dialog)) == 1
    assert dialog.ticked == (("mine", MINE),)


def test_that_a_rule_with_an_error_is_not_offered(
    qtbot: QtBot, context: PlaceContext, owner: QWidget
) -> None:
    dialog = opened(qtbot, context, owner, None)
    assert texts(dialog)[0] == "This rule   has an error"
    assert dialog.ticked == ()
    assert not dialog.go.isEnabled()


def test_that_several_are_made_at_once(
    qtbot: QtBot, dialog: GenerateDialog, acting: Acting
) -> None:
    tick(dialog, "mine")
    assert dialog.go.text() == "Generate 2"
    dialog.tags.setText(" week 33 ")
    dialog.official.setChecked(True)
    with qtbot.waitSignal(dialog.generated) as generated:
        qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    assert generated.args is not None
    (ids,) = generated.args
    assert [golden.row(acting, id_).json_logic for id_ in ids] == [RULE, MINE]
    assert stored(acting) == [("week 33 mine", True), ("week 33 this-rule", True)]


def test_that_runs_and_era_become_part_of_the_rule(
    qtbot: QtBot, acting: Acting, context: PlaceContext, owner: QWidget
) -> None:
    narrowing = Narrowing(SECOND, None, "Run2025C")
    dialog = opened(qtbot, context, owner, narrowing=narrowing)
    assert dialog.datasets.text() == (
        f"{PROMPT}, runs {SECOND} to the last, era Run2025C, which becomes part of the rule"
    )
    with qtbot.waitSignal(dialog.generated) as generated:
        dialog.submit(insist=True)  # the runs of the season have no era
    assert generated.args is not None
    ((id_,),) = generated.args
    assert golden.row(acting, id_).json_logic == narrowing.rule(RULE)


def test_that_rules_are_found_by_a_part_of_their_name(dialog: GenerateDialog) -> None:
    give_keys(dialog.rules)
    QTest.keySequence(dialog, QKeySequence("Ctrl+F"))
    assert dialog.focusWidget() is dialog.search
    dialog.search.setText("MINE")
    assert texts(dialog) == [FIRST_LINE, f"mine   by {EXPERT.email}"]
    tick(dialog, "This rule", ticked=False)
    dialog.search.setText("gold")
    assert texts(dialog) == ["golden   shipped"]
    assert not dialog.go.isEnabled()


def test_that_progress_is_shown_and_cancel_keeps_nothing(
    qtbot: QtBot, dialog: GenerateDialog, acting: Acting
) -> None:
    with locked(acting.db, "GeneratedJson"):
        dialog.submit()
        qtbot.waitUntil(lambda: dialog.step.text() == "Applying the rule")
        assert dialog.progress.maximum() == 100
        assert dialog.progress.isVisible()
        for part in (dialog.rules, dialog.tags, dialog.official, dialog.go):
            assert not part.isEnabled()
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        assert dialog.step.text() == "Cancelling ..."
    qtbot.waitUntil(lambda: not dialog.is_running)
    assert dialog.refusal.text() == "Cancelled: no list was stored."
    assert stored(acting) == []
    assert dialog.isVisible()
    assert dialog.rules.isEnabled()
    assert dialog.go.isEnabled()


def test_that_the_end_of_the_program_leaves_a_generation_time_to_be_stored(
    qtbot: QtBot, dialog: GenerateDialog, acting: Acting, background: Background
) -> None:
    with locked(acting.db, "GeneratedJson"):
        dialog.submit()
        qtbot.waitUntil(lambda: dialog.step.text() == "Applying the rule")
        background.stop()
    qtbot.waitUntil(lambda: not dialog.is_running and not background.busy)
    assert len(stored(acting)) == 1


def test_that_a_refusal_of_the_service_is_shown_as_written(
    qtbot: QtBot, context: PlaceContext, owner: QWidget
) -> None:
    dialog = opened(qtbot, context, owner, pattern="%nothing%")
    dialog.submit()
    qtbot.waitUntil(lambda: dialog.refusal.text() == 'No dataset name matches "%nothing%".')
    assert dialog.refusal.isVisible()


def test_that_a_rule_that_reads_what_nothing_has_is_generated_when_the_person_insists(
    qtbot: QtBot, acting: Acting, context: PlaceContext, owner: QWidget
) -> None:
    rule: JsonValue = {"==": [{"var": "dataset.dt-dt"}, "GOOD"]}
    dialog = opened(qtbot, context, owner, rule)
    dialog.submit()
    qtbot.waitUntil(dialog.insist.isVisible)
    assert "lumisection.rr.dt-dt" in dialog.refusal.text()
    assert stored(acting) == []
    qtbot.waitUntil(lambda: not dialog.is_running)
    with qtbot.waitSignal(dialog.generated):
        qtbot.mouseClick(dialog.insist, Qt.MouseButton.LeftButton)
    assert len(stored(acting)) == 1


def test_that_who_may_not_mark_as_official_reads_it_and_who_could_beside_the_mark(
    qtbot: QtBot, acting: Acting, context: PlaceContext, owner: QWidget
) -> None:
    author = acting.by(Actor("author@cern.ch", frozenset()))
    dialog = opened(qtbot, replace(context, workplace=a_workplace(author.db, author.actor)), owner)
    reason = f"Only {EXPERTS} may mark a golden JSON as official."
    assert (dialog.official_right.text(), dialog.official.isEnabled()) == (reason, False)
    assert dialog.official_right.pages is not None
    assert dialog.official_right.pages.isVisible()


def test_that_who_may_make_no_list_is_told_one_thing(
    qtbot: QtBot, context: PlaceContext, owner: QWidget, dsn: str
) -> None:
    joined = "&" if "?" in dsn else "?"
    reading = Database(f"{dsn}{joined}options=-c%20default_transaction_read_only%3Don")
    nobody = Actor("author@cern.ch", frozenset())
    dialog = opened(qtbot, replace(context, workplace=a_workplace(reading, nobody)), owner)
    assert "read-only" in dialog.right.text()
    assert (dialog.official_right.text(), dialog.official.isEnabled()) == ("", False)
    reading.close()


def test_that_a_lost_connection_leaves_the_form_as_it_is(
    qtbot: QtBot, dialog: GenerateDialog, server: TestServer, dsn: str
) -> None:
    dialog.tags.setText("first")
    with unreachable(server, dsn):
        dialog.submit()
        qtbot.waitUntil(lambda: "try again" in dialog.refusal.text(), timeout=20_000)
    assert dialog.tags.text() == "first"
    qtbot.waitUntil(lambda: not dialog.is_running)
    with qtbot.waitSignal(dialog.generated):
        dialog.submit()
