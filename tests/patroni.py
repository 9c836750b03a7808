"""Debian's Patroni with two servers and a witness, configured as docs/many-clients.md says."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest

from tests.free_ports import free_ports
from tests.replicas import BINARIES, folder_of_server

_PAGE = Path(__file__).parents[1] / "docs" / "many-clients.md"
_CONTROL = "/usr/bin/patronictl"
_PATIENCE_S = 180.0


def _is_here() -> bool:
    """Whether Debian's Patroni is, with what its members vote by."""
    has_raft = [Path("/usr/bin/python3"), "-c", "import pysyncobj"]
    return (
        BINARIES.is_dir()
        and Path(_CONTROL).exists()
        and subprocess.run(has_raft, check=False, capture_output=True).returncode == 0
    )


needs_patroni = pytest.mark.skipif(
    not _is_here(), reason="needs Debian's packages postgresql-15, patroni, python3-pysyncobj"
)


def _said(first: str) -> str:
    """The block of the page that begins with a line."""
    page = _PAGE.read_text("utf-8")
    block = re.search(rf"(?<=\n\n)    {re.escape(first)}\n(?:    .*\n)*", page)
    assert block is not None, first
    return re.sub(r"^    ", "", block[0], flags=re.MULTILINE)


class Patroni:
    """Two servers, of which one leads, and a witness."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        names = ("dbserver-a", "dbserver-b", "witness")
        self._ports = {name: free_ports(3) for name in names}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        first = _said("scope: run_registry")
        swapped = {"dbserver-a": "dbserver-b", "dbserver-b": "dbserver-a"}
        second = re.sub("dbserver-[ab]", lambda found: swapped[found[0]], first)
        for name, text in zip(names, (first, second, _said("raft:")), strict=True):
            (folder / f"{name}.yml").write_text(self._here(name, text))

    def _here(self, name: str, text: str) -> str:
        """The page's settings for this machine."""
        at = {"5432": 0, "8008": 1, "2222": 2}
        text = re.sub(
            r"([\w-]+)\.cern\.ch:(\d+)",
            lambda found: f"127.0.0.1:{self._ports[found[1]][at[found[2]]]}",
            text,
        )
        text = text.replace("/var/lib/patroni", str(self._folder / name))
        if "postgresql:\n  listen" in text:
            text += f"  parameters: {{unix_socket_directories: '{self._folder}'}}\n"
        (self._folder / name).mkdir()
        owner = self._folder.owner()
        shutil.chown(self._folder / name, owner, owner)
        return text

    def start(self, name: str) -> None:
        """Starts a member."""
        program = "patroni_raft_controller" if name == "witness" else "patroni"
        command = [f"/usr/bin/{program}", str(self._folder / f"{name}.yml")]
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [*_as_server(), *command], stdout=log, stderr=log, cwd="/", env=_ENVIRONMENT
            )

    def start_all(self) -> None:
        """Starts all, and waits until a commit is on two machines."""
        for name in self._ports:
            self.start(name)
        self.until_whole()

    def until_whole(self) -> None:
        """Waits until one leads and commits wait for the other."""
        until(lambda: sorted(self.roles().values()) == ["leader", "sync_standby"], self.logs)

    def roles(self) -> dict[str, str]:
        """What each server is, as those that run say."""
        for _, rest, _ in list(self._ports.values())[:2]:
            with suppress(OSError), urlopen(f"http://127.0.0.1:{rest}/cluster", timeout=5) as said:
                members = json.load(said)["members"]
                return {each["name"]: each["role"] for each in members}
        return {}

    def leader(self) -> str:
        """Who takes writes, which is asked of the servers."""
        for name, (port, _, _) in list(self._ports.items())[:2]:
            with (
                suppress(psycopg.Error),
                psycopg.connect(self._dsn(str(port), "postgres"), connect_timeout=3) as asked,
            ):
                if asked.execute("SELECT NOT pg_is_in_recovery()").fetchone() == (True,):
                    return name
        return ""

    @property
    def dsn(self) -> str:
        """The address of both servers."""
        return self._dsn(",".join(str(ports[0]) for ports in list(self._ports.values())[:2]))

    def _dsn(self, ports: str, database: str = "run_registry") -> str:
        at = ",".join(f"127.0.0.1:{port}" for port in ports.split(","))
        return f"postgresql://postgres:SECRET@{at}/{database}"

    def make_database(self) -> None:
        """Makes an empty one."""
        whole = self._dsn(str(self._ports[self.leader()][0]), "postgres")
        with psycopg.connect(whole, autocommit=True) as control:
            control.execute("CREATE DATABASE run_registry")

    def hand_over(self) -> None:
        """Has the other one lead, as before an upgrade of the machine."""
        settings = str(self._folder / f"{self.leader()}.yml")
        command = [*_as_server(), _CONTROL, "-c", settings, "switchover", "--force"]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd="/", env=_ENVIRONMENT
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def kill(self, name: str) -> None:
        """All of a member at once, as when its machine loses its power."""
        pid_file = self._folder / name / "data" / "postmaster.pid"
        with suppress(FileNotFoundError, ProcessLookupError):
            postmaster = int(pid_file.read_text().split()[0])
            os.kill(postmaster, signal.SIGSTOP)
            children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
            self._end(name)
            for process in (*map(int, children), postmaster):
                os.kill(process, signal.SIGKILL)
        self._end(name)

    def _end(self, name: str) -> None:
        if name in self._running:
            self._running[name].kill()
            self._running.pop(name).wait()

    def stop(self) -> None:
        """Ends all."""
        for name in self._ports:
            self.kill(name)

    def logs(self) -> str:
        """The last that each member said."""
        return "\n".join(
            line
            for name in self._ports
            for line in (self._folder / f"{name}.log").read_text().splitlines()[-5:]
        )


# Of the project's own Python nothing must get into Debian's.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


def _as_server() -> list[str]:
    if os.geteuid() != 0 or sys.platform == "win32":
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


def until(is_so: Callable[[], bool], told: Callable[[], str]) -> None:
    """Waits for a fact."""
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, told()
        time.sleep(0.2)


@contextmanager
def patroni() -> Iterator[Patroni]:
    """Both servers and the witness, at work, and gone afterwards."""
    with folder_of_server() as folder:
        made = Patroni(folder)
        try:
            made.start_all()
            yield made
        finally:
            made.stop()
