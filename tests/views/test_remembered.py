"""What the window remembers can never keep the program from starting."""

import os
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QSettings
from pytestqt.qtbot import QtBot

from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.pulling import runs as pull
from app.views.background import Background
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.remembered import keep, open_remembered, restore, set_aside
from tests.builders import a_run, configure
from tests.views.workplaces import a_context, a_window, a_workplace

pytestmark = [
    pytest.mark.qt_log_ignore("QVariant::load", extend=True),
    pytest.mark.expected_log(
        "Faulty in", "What the window remembers", "be made as it was remembered", always=False
    ),
]


FAULTY = {
    "window/geometry": "42",
    "window/state": "@Variant(\\0\\0\\0\\x7f\\0\\0\\0\\x4foo\\0)",
    "runs/splitter": "a, b",
    "runs/global/columns": '"{}"',
    "runs/global/widths": '"{\\"rr.class\\": 100000000000000000000}"',
    "runs/global/sort": "sideways",
    "runs/global/significant": "1, 2, 3",
    "runs/filters": "[" * 100_000,
    "workspace": "tracker, dt",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "window.ini"


def write(file: Path, **lines: str) -> str:
    sections: dict[str, list[str]] = {}
    for key, value in lines.items():
        section, _, name = key.rpartition("/") if key.count("/") < 2 else key.partition("/")
        sections.setdefault(section or "General", []).append(f"{name}={value}".replace("/", "\\"))
    text = "\n".join(
        line for section, inside in sections.items() for line in (f"[{section}]", *inside)
    )
    file.write_text(text, encoding="utf-8")
    return text


@pytest.mark.parametrize("key", FAULTY)
def test_that_what_cannot_be_used_is_set_aside_and_named(file: Path, key: str) -> None:
    before = write(file, **{"place": "log", key: FAULTY[key]})
    remembered, told = open_remembered(file)
    assert key in told
    assert str(file.with_name("window.ini.faulty")) in told
    assert file.with_name("window.ini.faulty").read_text(encoding="utf-8") == before
    assert remembered.allKeys() == ["place"]
    assert remembered.value("place") == "log"
    remembered.sync()
    assert open_remembered(file)[1] == ""


def test_that_nothing_is_said_of_what_can_be_used(file: Path) -> None:
    assert open_remembered(file)[1] == ""
    settings = QSettings(str(file), QSettings.Format.IniFormat)
    kept = {
        "window/geometry": QByteArray(b"\x01\x02"),
        "place": "golden",
        "runs/global/significant": True,
        "runs/global/columns": '["oms.run_number"]',
        "runs/global/widths": '{"oms.run_number": 80}',
        "runs/filters": '{"mine": "class = Cosmics25"}',
        "golden/rule": '{"and": []}, and more',
    }
    for key, value in kept.items():
        settings.setValue(key, value)
    settings.sync()
    remembered, told = open_remembered(file)
    assert told == ""
    assert sorted(remembered.allKeys()) == sorted(kept)
    assert not file.with_name("window.ini.faulty").exists()


def test_that_a_folder_in_its_place_is_named(file: Path) -> None:
    file.mkdir()
    remembered, told = open_remembered(file)
    assert str(file) in told
    assert remembered.allKeys() == []


def test_that_a_file_that_is_no_text_is_survived(file: Path) -> None:
    file.write_bytes(bytes(range(256)) * 50)
    remembered, told = open_remembered(file)
    assert told
    assert file.with_name("window.ini.faulty").read_bytes() == bytes(range(256)) * 50
    assert all(isinstance(remembered.value(key), str) for key in remembered.allKeys())


def test_that_nothing_set_aside_is_overwritten(file: Path) -> None:
    file.write_text("first")
    assert set_aside(file).name == "window.ini.faulty"
    file.write_text("second")
    assert set_aside(file).name == "window.ini.faulty-2"
    assert file.with_name("window.ini.faulty").read_text() == "first"


def test_that_only_bytes_are_restored(file: Path) -> None:
    settings = QSettings(str(file), QSettings.Format.IniFormat)
    settings.setValue("window/geometry", "42")
    assert not restore(settings, "window/geometry", lambda _state: True)
    settings.setValue("window/geometry", QByteArray(b"x"))
    assert restore(settings, "window/geometry", lambda state: state == QByteArray(b"x"))


def test_that_the_window_opens_whatever_its_file_says(
    qtbot: QtBot,
    database: Database,
    background: Background,
    notices: Notices,
    themes: Themes,
    file: Path,
) -> None:
    write(file, **{"place": "nowhere", "look": "loud", **FAULTY})
    remembered, _ = open_remembered(file)
    configure(database)
    pull.apply(Acting(database), a_run())
    workplace = a_workplace(database)
    window = a_window(a_context(workplace, background, notices, themes, remembered))
    qtbot.addWidget(window)
    window.stop_wanted.connect(window.stopped)
    window.show()
    qtbot.waitUntil(lambda: window.online.table.model.rowCount() > 0)
    qtbot.waitUntil(lambda: not background.busy)
    window.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems name files in UTF-8")
def test_that_a_folder_whose_name_is_no_utf8_keeps_what_is_remembered(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"home\xff")
    folder.mkdir()
    remembered, told = open_remembered(folder / "window.ini")
    assert told == ""
    remembered.setValue("place", "log")
    keep(remembered)
    assert "place=log" in (folder / "window.ini").read_text()
    assert list(tmp_path.iterdir()) == [folder]
    assert open_remembered(folder / "window.ini")[0].value("place") == "log"


def test_that_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    remembered, told = open_remembered(tmp_path / "data" / "window.ini")
    assert "can't be read and written" in told
    remembered.setValue("place", "log")
    keep(remembered)
