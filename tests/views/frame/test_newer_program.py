"""Notice of a newer version of the program, read from the database."""

from pytestqt.qtbot import QtBot
from sqlalchemy import text

from app.views.frame.watching.newer_program import tell_of_newer_program
from app.views.places import PlaceContext


def test_that_who_opens_a_window_hears_once_of_a_newer_version(
    qtbot: QtBot, context: PlaceContext
) -> None:
    heard: list[str] = []
    context.notices.shown.connect(lambda notice: heard.append(notice.text))

    def look() -> None:
        context.background.run(tell_of_newer_program(context), context.notices)
        qtbot.waitUntil(lambda: not context.background.busy)

    look()
    assert heard == []
    with context.acting.db.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO record.golden_json_check"
                " (generated_json_id, equal, differing, program_version)"
                " VALUES (1, true, '', '98.0.0')"
            )
        )
    look()
    assert heard == ["Others use version 98.0.0 here, which is newer than this program."]
