import pytest

from app.domain.connections.protection import Protection, demanded, is_here


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("", True),
        ("/var/run/postgresql", True),
        ("@abstract", True),
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("db.cern.ch", False),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
    ],
)
def test_that_this_machine_is_told_from_others(host, here):
    assert is_here(host) is here


def test_that_off_this_machine_tls_has_to_prove_the_server_unless_something_else_is_named():
    assert demanded(["db.cern.ch"], {}) == "verify-full"
    assert demanded(["localhost", "db.cern.ch"], {}) == "verify-full"
    assert demanded(["db.cern.ch"], {"gssencmode": "prefer"}) == "verify-full"
    assert demanded(["db.cern.ch"], {"gssencmode": "require"}) is None
    assert demanded(["db.cern.ch"], {"sslmode": "prefer"}) is None
    assert demanded(["127.0.0.1", "/tmp"], {}) is None


@pytest.mark.parametrize(
    ("protection", "short", "weak"),
    [
        (Protection("TLSv1.3", "verify-full"), "TLS", False),
        (Protection("TLSv1.3", "require"), "TLS require", True),
        (Protection("TLSv1.3", "require", here=True), "TLS require", False),
        (Protection(kerberos=True), "Kerberos", False),
        (Protection(here=True), "this machine", False),
        (Protection(), "not encrypted", True),
    ],
)
def test_that_what_protects_a_connection_is_said(protection, short, weak):
    assert (protection.short, protection.is_weak) == (short, weak)
    assert protection.text.endswith(".")
