"""What the program says of itself."""

import platform
import re
import tomllib
from pathlib import Path

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.distribution import licences
from app.views.frame.actions.about import AboutDialog
from app.views.frame.main_window import MainWindow
from tests.builders import EXPERT

PROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_that_about_names_versions_database_person_and_licences_and_copies_them(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.actions_["help.about"].trigger()
    dialog = window.findChild(AboutDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: re.search(r"PostgreSQL +1\d", dialog.text.toPlainText()) is not None)
    dialog.copy_button.click()
    text = QGuiApplication.clipboard().text()
    assert text == dialog.text.toPlainText()
    for part in (platform.python_version(), str(qVersion()), EXPERT.email, "LGPL", "127.0.0.1"):
        assert part in text
    assert "password" not in text
    dialog.reject()
    qtbot.waitUntil(lambda: not window._background.busy)


def test_that_every_package_the_program_needs_is_there_with_its_licence() -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    needed = project["dependencies"] + project["optional-dependencies"]["desktop"]
    names = {re.split(r"[\[<>=;!~ ]", each)[0].lower() for each in needed}
    known = licences(with_texts=True)
    assert names <= {each.name.lower().replace("_", "-") for each in known}
    assert [each.name for each in known if each.licence == "see its text" or not each.texts] in (
        [],
        ["run-registry-desktop"],  # installed from the checkout it has no file of its own there
    )
