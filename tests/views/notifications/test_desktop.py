"""What a desktop without a tray shows can be clicked, over a real D-Bus."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtDBus import QDBusConnection

from app.domain.clock import server_now
from app.domain.links import GoldenLink
from app.domain.notification_choice import NotificationKind
from app.domain.notifications import Notification
from app.views.notifications.desktop import Desktop
from app.views.notifications.tray import Tray
from tests.views.notifications import desktop_service


@pytest.fixture
def address(tmp_path: Path):
    program = shutil.which("dbus-daemon")
    if program is None:
        pytest.skip("dbus-daemon isn't installed")
    at = f"unix:path={tmp_path}/bus"
    words = [program, "--session", "--nofork", "--print-address", f"--address={at}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as daemon:
        assert daemon.stdout is not None
        yield daemon.stdout.readline().decode().strip()
        daemon.kill()


@pytest.fixture
def service(address: str):
    words = [sys.executable, desktop_service.__file__, address]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, bufsize=1) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        yield program


@pytest.fixture
def desktop(address: str):
    made = Desktop(bus=lambda: QDBusConnection.connectToBus(address, "ours"))
    yield made
    QDBusConnection.disconnectFromBus("ours")


def one(id_: int) -> Notification:
    return Notification(
        NotificationKind.OFFICIAL, f"official {id_}", server_now(), "<b>so", GoldenLink(id_)
    )


def test_that_a_click_on_what_the_desktop_shows_follows_its_link(
    qtbot, themes, owner, service, desktop
) -> None:
    tray = Tray(themes, owner, desktop)
    followed = []
    tray.link_wanted.connect(followed.append)
    tray.list_wanted.connect(lambda: followed.append("list"))

    for number, told in enumerate(([one(3)], [one(4)], [one(5), one(6)]), start=1):
        tray.tell(told)
        qtbot.waitUntil(lambda number=number: desktop.remembers(number))
        desktop.wait()
    # The first is that of another program.
    service.stdin.write("99\n1\n3\n")

    qtbot.waitUntil(lambda: len(followed) == 2)
    assert followed == [GoldenLink(3), "list"]
    shown = ["Official list", "\u2039b\u203aso", ["default", "Open"]]
    assert json.loads(service.stdout.readline()) == shown


def test_that_a_desktop_without_such_a_service_is_no_error(qtbot, address, desktop) -> None:
    desktop.tell("Mention", "so", None, 1000)
    desktop.wait()
    assert not desktop.remembers(1)
