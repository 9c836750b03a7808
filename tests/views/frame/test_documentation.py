"""F1: the page of the place that a person is in, from the installed documentation."""

import re

from PySide6.QtCore import QUrl
from pytestqt.qtbot import QtBot

from app import assets
from app.views.frame.actions.documentation import PAGES, DocumentationWindow
from app.views.frame.main_window import MainWindow
from app.views.frame.navigation import PLACES

_LINK = re.compile(r"\]\(([^)#:]+\.md)[^)]*\)")


def test_that_f1_opens_the_page_of_the_place_and_its_links_lead_on_and_back(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.actions_["help.page"].trigger()
    shown = window.findChild(DocumentationWindow)
    assert shown is not None
    assert shown.windowTitle() == "Shifter - Documentation"
    shown.page.setSource(QUrl("../glossary.md"))
    assert shown.windowTitle() == "Words - Documentation"
    assert "lumisection" in shown.page.toPlainText()
    shown.back.click()
    assert shown.windowTitle() == "Shifter - Documentation"
    shown.reject()


def test_that_every_place_has_a_page() -> None:
    assert set(PAGES) == {place.name for place in PLACES}
    for page in PAGES.values():
        assert (assets.documentation() / page).is_file()


def test_that_no_link_of_a_page_leads_out_of_the_documentation() -> None:
    folder = assets.documentation().resolve()
    for page in sorted(folder.glob("**/*.md")):
        for link in _LINK.findall(page.read_text(encoding="utf-8")):
            target = (page.parent / link).resolve()
            assert target.is_relative_to(folder), (page, link)
            assert target.is_file(), (page, link)
