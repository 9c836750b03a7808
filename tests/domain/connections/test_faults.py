"""What libpq 18 and PostgreSQL 15 really said, and what the person is told."""

import pytest

from app.domain.connections.faults import Cause, fault_of
from app.domain.errors import Refused, Unavailable

AT = 'connection failed: connection to server at "127.0.0.1", port 54931 failed: '
AGAIN = (
    'connection to server at "127.0.0.1", port 54931 failed: FATAL:  no pg_hba.conf entry for host'
    ' "127.0.0.1", user "alice", database "postgres", no encryption'
)
NO_CREDENTIALS = (
    "GSSAPI continuation error: No credentials were supplied, or the credentials were unavailable"
    " or inaccessible: No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_0)"
)
SAID = {
    "failed to resolve host 'no.invalid': [Errno -2] Name or service not known": Cause.HOST_UNKNOWN,
    f"{AT}Connection refused\n\tIs the server running on that host?": Cause.PORT_CLOSED,
    "connection timeout expired": Cause.SILENT,
    'connection is bad: connection to server on socket "/tmp/.s.PGSQL.1" failed: No such file or'
    " directory\n\tIs the server running locally?": Cause.NO_SERVER_HERE,
    f"{AT}received invalid response to SSL negotiation: H": Cause.NO_POSTGRES,
    f"{AT}server does not support SSL, but SSL was required": Cause.TLS_REFUSED,
    f'{AT}root certificate file "/nope/ca.crt" does not exist\nEither provide it': Cause.NO_CA,
    f'{AT}could not read root certificate file "/a": shutdown while in init': Cause.CA_UNREADABLE,
    f"{AT}SSL error: certificate verify failed": Cause.OTHER_CA,
    f'{AT}server certificate for "localhost" (and 1 other name) does not match host name'
    ' "127.0.0.1"': Cause.OTHER_HOST,
    "connection is bad: GSSAPI encryption required but no credential cache": Cause.NO_TICKET,
    f"{AT}{NO_CREDENTIALS}": Cause.NO_TICKET,
    f"{AT}GSSAPI continuation error: Unspecified GSS failure.  Minor code may provide more"
    " information: Ticket expired": Cause.TICKET_EXPIRED,
    f"{AT}GSSAPI continuation error: Server postgres/x@A not found in Kerberos database": (
        Cause.NO_PRINCIPAL
    ),
    f"{AT}server doesn't support GSSAPI encryption, but it was required": Cause.NO_GSS,
    f'{AT}FATAL:  GSSAPI authentication failed for user "kerb"': Cause.KERBEROS,
    f"{AT}FATAL:  connection requires a valid client certificate\n{AGAIN}": (
        Cause.CERTIFICATE_WANTED
    ),
    f'{AT}private key file "/tmp/k" has group or world access; file must have\n{AGAIN}': (
        Cause.KEY_OPEN
    ),
    f'{AT}certificate present, but not private key file "/tmp/k"\n{AGAIN}': Cause.KEY_MISSING,
    f'{AT}could not load private key file "/k": key values mismatch\n{AGAIN}': Cause.KEY_UNFIT,
    f'{AT}could not read certificate file "/c": no start line': Cause.CERTIFICATE_UNREADABLE,
    f'{AT}FATAL:  certificate authentication failed for user "bob"': Cause.CERTIFICATE_REFUSED,
    f'{AT}FATAL:  password authentication failed for user "scram"\n{AGAIN}': Cause.PASSWORD_WRONG,
    f"{AT}fe_sendauth: no password supplied": Cause.PASSWORD_WANTED,
    f'{AT}FATAL:  database "nodb" does not exist': Cause.NO_DATABASE,
    f'{AT}FATAL:  role "nobodyx" does not exist': Cause.LOGIN_UNKNOWN,
    f'{AT}FATAL:  role "nologin_" is not permitted to log in': Cause.LOGIN_CLOSED,
    f'{AT}FATAL:  permission denied for database "x"': Cause.NO_RIGHT,
    f'{AT}FATAL:  no pg_hba.conf entry for host "127.0.0.1", user "s", database "p", SSL'
    f" encryption\n{AGAIN}": Cause.NOT_ADMITTED,
    f"{AT}FATAL:  sorry, too many clients already": Cause.FULL,
    f"{AT}FATAL:  the database system is shutting down": Cause.STARTING,
    f"{AT}server closed the connection unexpectedly\n\tThis probably means": Cause.STARTING,
    f"{AT}FATAL:  unsupported startup parameter in options": Cause.OPTIONS,
    'connection is bad: invalid sslmode value: "often"': Cause.OPTIONS,
    f"{AT}server is in hot standby mode": Cause.NO_PRIMARY,
    f"{AT}something never seen": Cause.OTHER,
    "": Cause.OTHER,
}


@pytest.mark.parametrize("said", SAID)
def test_that_a_text_of_the_driver_has_its_cause_and_a_remedy(said):
    fault = fault_of(said)
    assert fault.cause == SAID[said]
    assert fault.text.endswith(".")
    assert fault.remedy.endswith(".")
    assert "\n" not in fault.said


def test_that_every_cause_was_seen():
    assert set(SAID.values()) == set(Cause)


def test_that_only_what_may_pass_is_tried_again_by_itself():
    closed = fault_of(f"{AT}Connection refused")
    wrong = fault_of(f'{AT}FATAL:  password authentication failed for user "scram"')
    assert isinstance(closed.error(), Unavailable)
    assert isinstance(wrong.error(), Refused)
    assert wrong.said == 'password authentication failed for user "scram"'
    assert "kinit" in fault_of(f"{AT}{NO_CREDENTIALS}").remedy
