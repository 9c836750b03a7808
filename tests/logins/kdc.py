"""A real Kerberos (MIT's KDC) on loopback, with a realm of its own."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.free_ports import free_ports, wait_for_port

REALM = "CERN.CH"
SKEW_S = 10
"""A ticket counts so long after its end: clocks may differ."""
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

needs_kerberos = pytest.mark.skipif(
    any(shutil.which(name, path=_PATH) is None for name in ("krb5kdc", "kadmin.local", "kinit")),
    reason="needs Debian's krb5-kdc, krb5-admin-server and krb5-user (apt-get install)",
)

_KRB5 = """
[libdefaults]
    default_realm = {REALM}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    clockskew = {SKEW_S}
[realms]
    {REALM} = {{
        kdc = 127.0.0.1:{port}
    }}
[domain_realm]
    localhost = {REALM}
"""
_KDC = """
[kdcdefaults]
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    {REALM} = {{
        database_name = {folder}/principal
        key_stash_file = {folder}/stash
        acl_file = {folder}/acl
    }}
"""


@dataclass(frozen=True)
class Kdc:
    """A running KDC: the folder with its files, and the variables that lead there."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What programs have to know."""
        return {
            "KRB5_CONFIG": str(self.folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"),
            "KRB5CCNAME": f"FILE:{self.folder / 'tickets'}",
        }

    def add(self, principal: str, password: str) -> None:
        """A person or a service."""
        said = self._run("kadmin.local", "-q", f"addprinc -pw {password} {principal}")
        # kadmin.local exits with 0 whatever happens.
        assert f'"{principal}@{REALM}" created' in said, said

    def keytab(self, principal: str) -> Path:
        """A file with the keys of a service."""
        path = self.folder / "keytab"
        self._run("kadmin.local", "-q", f"addprinc -randkey {principal}")
        self._run("kadmin.local", "-q", f"ktadd -k {path} {principal}")
        return path

    def ticket(self, principal: str, password: str, *, lifetime: str = "1h") -> None:
        """What a person types: kinit."""
        self._run("kinit", "-l", lifetime, principal, given=f"{password}\n")

    def expired_ticket(self, principal: str, password: str) -> None:
        """A ticket that doesn't count any more, not even by another clock."""
        self.ticket(principal, password, lifetime="1s")
        ended = time.monotonic() + 1 + SKEW_S
        while time.monotonic() < ended + 1:
            time.sleep(0.1)

    def forget_tickets(self) -> None:
        """What a person types: kdestroy."""
        (self.folder / "tickets").unlink(missing_ok=True)

    def _started(
        self, program: str, *words: str, given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(shutil.which(program, path=_PATH)), *words],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, **self.environment},
        )

    def _run(self, program: str, *words: str, given: str = "") -> str:
        done = self._started(program, *words, given=given)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def kdc(folder: Path) -> Iterator[Kdc]:
    """One that runs for a while."""
    (port,) = free_ports(1)
    for name, content in (("krb5.conf", _KRB5), ("kdc.conf", _KDC)):
        (folder / name).write_text(
            content.format(REALM=REALM, SKEW_S=SKEW_S, port=port, folder=folder)
        )
    made = Kdc(folder)
    made._run("kdb5_util", "create", "-s", "-P", "master", "-r", REALM)
    with subprocess.Popen(
        [str(shutil.which("krb5kdc", path=_PATH)), "-n", "-r", REALM],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **made.environment},
    ) as process:
        try:
            wait_for_port(port)
            yield made
        finally:
            process.terminate()
