"""Being a service of systemd: telling it that we are ready and alive."""

import os
import socket
import sys
from collections.abc import Mapping


def notify(*assignments: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Tells the service manager, e.g. `READY=1`; false where none listens (sd_notify(3))."""
    address = environ.get("NOTIFY_SOCKET", "")
    if address[:1] not in {"/", "@"}:
        return False
    if address.startswith("@"):  # in the abstract namespace
        address = f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.setblocking(False)  # a manager that doesn't read holds nobody up
            manager.sendto("\n".join(assignments).encode(), address)
    except OSError:
        return False
    return True


def watchdog_s(environ: Mapping[str, str] = os.environ) -> float | None:
    """How often at least a sign of life is wanted [s]; None where none is (sd_watchdog_enabled)."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    of_whom = environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdecimal() or of_whom != str(os.getpid()):
        return None
    return int(microseconds) / 1e6 or None


def writes_to_journal(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether standard error goes to the journal, which adds the time by itself."""
    try:
        there = os.fstat(sys.stderr.fileno())
    except (AttributeError, OSError, ValueError):
        return False
    return environ.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}"
