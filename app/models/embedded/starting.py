"""How a server of ours is started: configured, told to, and waited for."""

import logging
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from app import files
from app.domain.errors import Unavailable
from app.models.embedded.cluster import OUR_CONFIGURATION, Place, fail
from app.models.embedded.postmaster import lives, read_note

logger = logging.getLogger(__name__)
_POLL_S = 0.005
_START_S = 60.0
_LOG_KEPT = 1_000_000


class Launch(Struct, frozen=True):
    """A server that was told to start: on which port, by which process of its starter, and how long
    its log was before."""

    place: Place
    port: int
    starter: "subprocess.Popen[bytes]"
    log_from: int

    def fault(self, deadline: float) -> str | None:
        """None when the server is ready, else what it wrote before it gave up."""
        with suppress(subprocess.TimeoutExpired):
            self.starter.wait(max(0.0, deadline - time.monotonic()))
        return _await_ready(self.place.cluster, _log(self.place), self.log_from, deadline)


def launch(place: Place, settings: Mapping[str, str | int], wanted: int | None = None) -> Launch:
    """Tells the server to start, and waits for nothing; on the port that is `wanted` if that is
    free, else on its last one or another."""
    log = _log(place)
    if log.exists() and log.stat().st_size > _LOG_KEPT:
        log.replace(log.with_name("server.log.1"))
    port = _free_port(_last_port(place.cluster) if wanted is None else wanted)
    before = log.stat().st_size if log.exists() else 0
    _configure(place, port, settings)
    starter = place.begin("pg_ctl", "start", "-W", "-D", str(place.cluster), "-l", str(log))
    return Launch(place, port, starter, before)


def start(place: Place, settings: Mapping[str, str | int], begun: Launch | None = None) -> int:
    """Starts the server, or waits for the one that has `begun` to, and returns its port when it is
    ready."""
    deadline = time.monotonic() + _START_S
    under_way = begun or launch(place, settings)
    while (said := under_way.fault(deadline)) is not None:
        # Another program took the port, or processes of a killed server are still going.
        again = re.search(r"Address already in use|could not bind|pre-existing shared", said)
        if again is None or time.monotonic() > deadline:
            fail(place.folder, said)
        logger.info("The database starts once more: %s", again[0])
        time.sleep(_POLL_S * 10)
        under_way = launch(place, settings, under_way.port)
    return under_way.port


def _log(place: Place) -> Path:
    return place.cluster / "server.log"


def _await_ready(cluster: Path, log: Path, before: int, deadline: float) -> str | None:
    """None when the server is ready, else what it wrote before it gave up."""
    appeared = False
    patience = min(deadline, time.monotonic() + 10)
    while True:
        postmaster = read_note(cluster)
        if postmaster is not None and postmaster.ready:
            return None
        said = _tail(log, before)
        gone = postmaster is None or (postmaster.pid > 0 and not lives(postmaster, cluster))
        if gone and (appeared or "FATAL" in said or "PANIC" in said):
            return said
        appeared = appeared or not gone
        if time.monotonic() > (deadline if appeared else patience):
            return said or "it takes too long"
        time.sleep(_POLL_S)


def _tail(log: Path, start: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(start)
            return file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _configure(place: Place, port: int, settings: Mapping[str, str | int]) -> None:
    lines: dict[str, str | int] = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 60,
        "shared_buffers": f"{_kept_in_memory_mib(_memory_mib())}MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "128MB",
        "effective_cache_size": "1GB",
        "random_page_cost": "1.1",
        "jit": "off",
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "password_encryption": "scram-sha-256",
    }
    if place.installation.major >= 18:
        # No extra processes for the reads of one person.
        lines["io_method"] = "sync"
    lines.update(settings)
    text = "".join(f"{name} = '{value}'\n" for name, value in lines.items())
    ours = place.cluster / OUR_CONFIGURATION
    # As root we write into a folder of another user: a link there leads nowhere.
    files.write(ours, text, mode=0o644, follow=False)


def _kept_in_memory_mib(memory_mib: int) -> int:
    """How much of the tables the server may keep. What is larger than a quarter of it is read anew
    from the files whenever somebody goes through all of it, and ten years of counts have 60 MiB."""
    return min(512, max(128, memory_mib // 16))


def _memory_mib() -> int:
    """The memory of this machine [MiB]; 0 where it doesn't tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    except (AttributeError, OSError, ValueError):
        return 0


def _last_port(cluster: Path) -> int:
    try:
        text = (cluster / OUR_CONFIGURATION).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return 0
    found = re.search(r"^port = '([0-9]{1,5})'", text, re.M)
    return int(found[1]) if found and int(found[1]) < 2**16 else 0


def _free_port(wanted: int) -> int:
    """The wanted port when nobody listens there, else one that the system has free."""
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            if sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Unavailable("The system has no free port on 127.0.0.1.")
