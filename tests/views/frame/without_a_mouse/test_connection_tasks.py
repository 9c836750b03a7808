"""Connections kept, tested, mended and removed without a mouse."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PySide6.QtWidgets import QApplication

from app.domain.connections.named import NamedConnection
from app.passwords import SystemKeyring
from app.preferences import PreferenceBook
from app.services.connections.book import ConnectionBook
from app.services.connections.trial import Trial, try_address
from app.settings import Settings
from app.views.connections.dialog import ConnectionsDialog
from app.views.connections.edit_dialog import ConnectionDialog
from app.views.session import Connected
from tests.views.hand import Hand


class Book:
    """Keeps connections in a file, and tries what is there."""

    def __init__(self, file: Path) -> None:
        self.book = ConnectionBook(file, SystemKeyring("tests"))
        self.preferences = PreferenceBook(Settings.load({}, {}, file.with_name("settings.toml")))

    def connect(self, name: str) -> Connected:
        raise AssertionError(f"nobody opens {name}")

    def try_connection(self, connection: NamedConnection, _password: str | None) -> Trial:
        return try_address(connection.dsn())


@pytest.fixture
def openings(tmp_path: Path) -> Book:
    return Book(tmp_path / "connections.json")


def nobody_listens() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def names(openings: Book) -> set[str]:
    return {each.name for each in openings.book.read().connections}


def fill(hand: Hand, label: str, text: str) -> None:
    hand.tab_to(label)
    hand.press("Ctrl+A")
    hand.write(text)


def test_that_a_connection_is_added_tested_mended_and_removed(
    hand: Hand, openings: Book, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = urlsplit(dsn)
    monkeypatch.setenv("PGPASSWORD", str(parts.password or ""))
    hand.press("Ctrl+Shift+H")
    dialog = hand.dialog(ConnectionsDialog)
    hand.settle()
    said = dialog.pane.findings
    hand.tab_to("Add...")
    hand.press("Space")
    form = hand.dialog(ConnectionDialog)
    for label, text in {
        "Name": "integration",
        "Host": "no-such-host.invalid",
        "Port": str(nobody_listens()),
        "Database": parts.path.strip("/"),
        "Login": str(parts.username),
    }.items():
        fill(hand, label, text)
    form.sslmode.setCurrentIndex(form.sslmode.findData("prefer"))
    form.gssencmode.setCurrentIndex(form.gssencmode.findData("disable"))
    for label in ("Certificates of the CA", "Browse for certificates of the CA"):
        hand.tab_to(label)
    hand.tab_to("Colour of the strip")
    faults = []
    for label, text in (
        ("Host", "no-such-host.invalid"),
        ("Host", "127.0.0.1"),
        ("Port", str(parts.port)),
        ("Database", "no_such_database"),
        ("Database", parts.path.strip("/")),
    ):
        fill(hand, label, text)
        hand.tab_to("Test")
        hand.press("Space")
        hand.until(lambda: form.findings.outcome.text() not in ("", "Testing ..."))
        hand.settle()
        faults.append(form.findings.outcome.text())
    hand.tab_to("Save")
    hand.press("Space")
    hand.until(lambda: "integration" in names(openings))
    hand.settle()
    unusable, works = "This connection can't be used yet.", "This connection works"
    assert [text.split(";")[0] for text in faults] == [unusable, unusable, works, unusable, works]
    hand.until(lambda: dialog.pane.chosen and dialog.pane.chosen.name == "integration")
    hand.tab_to("Test")
    hand.press("Space")
    hand.until(lambda: not said.outcome.text().startswith("Testing"))
    assert said.outcome.text() == faults[-1]
    hand.tab_to("Remove...")
    hand.press("Space")
    hand.settle()
    hand.press("Return")
    hand.until(lambda: "integration" not in names(openings))
    hand.settle()
    hand.press("Escape")
    hand.until(lambda: not QApplication.activeModalWidget())
