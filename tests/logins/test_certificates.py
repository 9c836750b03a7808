"""Services and people log in by a client certificate."""

import pytest

from tests.logins.server import LoginServer


def with_certificate(login_to: LoginServer, certificate: str, key: str = "") -> str:
    """The address of the puller with one of the certificates."""
    made = login_to.certificates
    return login_to.over_tls(
        "g_puller",
        sslcert=str(getattr(made, certificate)),
        sslkey=str(getattr(made, key or f"{certificate}_key")),
    )


def test_that_a_certificate_says_who_acts(run_registry, login_to: LoginServer) -> None:
    who = run_registry("--dsn", with_certificate(login_to, "puller"), "whoami", "--json").document
    assert (who["login"], who["kind"], who["proved"]) == ("g_puller", "puller", True)


@pytest.mark.parametrize(
    ("certificate", "key", "told"),
    [
        ("expert", "", "in the name of the login"),
        ("other", "", "of a CA that the server trusts"),
        ("puller", "expert_key", "doesn't fit the client certificate"),
        ("puller", "nowhere", "Name the file with the key"),
    ],
)
def test_that_a_wrong_certificate_is_told(
    run_registry, login_to: LoginServer, certificate: str, key: str, told: str
) -> None:
    refused = run_registry("--dsn", with_certificate(login_to, certificate, key), "whoami")
    assert refused.code != 0
    assert told in refused.err


def test_that_a_missing_certificate_is_told(run_registry, login_to: LoginServer) -> None:
    refused = run_registry("--dsn", login_to.over_tls("g_puller"), "whoami")
    assert refused.code != 0
    assert "client certificate" in refused.err


def test_that_a_key_that_others_can_read_is_not_used(run_registry, login_to: LoginServer) -> None:
    key = login_to.certificates.puller_key
    key.chmod(0o644)
    try:
        refused = run_registry("--dsn", with_certificate(login_to, "puller"), "whoami")
    finally:
        key.chmod(0o600)
    assert "chmod 600" in refused.err
