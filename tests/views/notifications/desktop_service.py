"""What a desktop offers over D-Bus, as a program: it prints what it shows, and clicks on the
notifications whose numbers it reads."""

import json
import os
import sys

from PySide6.QtCore import ClassInfo, QCoreApplication, QObject, QSocketNotifier, Signal, Slot
from PySide6.QtDBus import QDBusConnection

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"


def tell(line: str) -> None:
    """Whoever started the program reads it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@ClassInfo({"D-Bus Interface": NAME})  # type: ignore[call-arg]
class Service(QObject):  # type: ignore[operator]
    """The service of notifications."""

    ActionInvoked = Signal("uint", str)

    def __init__(self) -> None:
        super().__init__()
        self._shown = 0

    @Slot(
        *(str, "uint", str, str, str, "QStringList", "QVariantMap", int),
        result="uint",
    )
    def Notify(self, _app, _old, _icon, title, body, actions, _hints, _ms):
        self._shown += 1
        tell(json.dumps([title, body, list(actions)]))
        return self._shown


def main(address: str) -> None:
    """Serves until its input ends."""
    app = QCoreApplication([])
    bus, service = QDBusConnection.connectToBus(address, "desktop"), Service()
    bus.registerObject(PATH, service, QDBusConnection.RegisterOption.ExportAllContents)
    assert bus.registerService(NAME)
    tell("ready")
    reader = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)

    def read() -> None:
        written = os.read(sys.stdin.fileno(), 1000)
        for number in written.split():
            service.ActionInvoked.emit(int(number), "default")
        if not written:
            app.quit()

    reader.activated.connect(read)
    app.exec()


if __name__ == "__main__":
    main(sys.argv[1])
