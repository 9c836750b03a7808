"""Mail and posts arrive at a real SMTP server and a real HTTP server, or it is said why not."""

import email
import email.policy
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Received
from aiosmtpd.smtp import AuthResult
from pytest_httpserver import HTTPServer

from app.domain.links import RunLink
from app.domain.notification_choice import OF_TEAMS, NotificationKind
from app.domain.notifications import Notification, summaries
from app.services.notifications.messages import Message, NotDelivered
from app.sync.messages import MailRecipient, SmtpSettings, WebhookRecipient
from tests.free_ports import free_ports

PASSWORD = "s3cret of the mail"


class Box(Received):
    """Keeps what arrives, and refuses one address."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[str] = []

    def handle_message(self, message: email.message.Message) -> None:
        self.got.append(message.as_string())

    async def handle_RCPT(self, _server, _session, envelope, address, _options) -> str:
        if address.startswith("nobody"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"


def _knows(_server, _session, _envelope, _mechanism, data) -> AuthResult:
    return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


@pytest.fixture
def box() -> Iterator[tuple[Box, int]]:
    kept = Box()
    controller = Controller(kept, hostname="127.0.0.1", port=free_ports(1)[0])
    controller.start()
    yield kept, controller.port
    controller.stop()


@pytest.fixture
def message() -> Message:
    at = datetime(2025, 6, 1, tzinfo=UTC)
    text = 'dt-dt BAD in run 390001, by anna@cern.ch: "é <b>@all</b>"'
    flag = Notification(NotificationKind.FLAGS, "flag 1", at, text, RunLink(390001))
    return Message("0123abcd", summaries([flag]))


def test_that_mail_arrives_as_plain_text_with_a_number_of_its_own(box, message) -> None:
    kept, port = box
    smtp = SmtpSettings(f"127.0.0.1:{port}", "rr@cern.ch", "none")

    MailRecipient("dt@cern.ch", OF_TEAMS, smtp).deliver(message)

    mail = email.message_from_string(kept.got[0], policy=email.policy.default)
    assert (mail["To"], mail["Subject"]) == ("dt@cern.ch", "Run Registry: 1 BAD flag")
    assert mail["Message-ID"] == "<0123abcd.run-registry@cern.ch>"
    assert mail.get_content_type() == "text/plain"
    assert "é <b>@all</b>" in mail.get_content()
    assert "run-registry://run/390001" in mail.get_content()
    with pytest.raises(NotDelivered, match="refuses the address: 550 no such person"):
        MailRecipient("nobody@cern.ch", OF_TEAMS, smtp).deliver(message)
    encrypted = SmtpSettings(smtp.server, "rr@cern.ch")
    with pytest.raises(NotDelivered, match="can't do what mail_security and mail_user ask for"):
        MailRecipient("dt@cern.ch", OF_TEAMS, encrypted).deliver(message)
    nowhere = SmtpSettings(f"127.0.0.1:{free_ports(1)[0]}", "rr@cern.ch", "none")
    with pytest.raises(NotDelivered, match="can't be used"):
        MailRecipient("dt@cern.ch", OF_TEAMS, nowhere).deliver(message)


def test_that_mail_goes_encrypted_to_a_trusted_server_with_its_password_alone(
    message, tmp_path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    kept = Box()
    controller = Controller(
        kept,
        hostname="127.0.0.1",
        port=free_ports(1)[0],
        tls_context=context,
        require_starttls=True,
        authenticator=_knows,
        auth_required=True,
    )
    controller.start()

    def mail(password: str, ca_bundle=tmp_path / "ca.pem") -> MailRecipient:
        smtp = SmtpSettings(
            f"127.0.0.1:{controller.port}", "rr@cern.ch", "starttls", "rr", password, ca_bundle
        )
        return MailRecipient("dt@cern.ch", OF_TEAMS, smtp)

    try:
        mail(PASSWORD).deliver(message)
        with pytest.raises(NotDelivered, match="answers 535"):
            mail("a wrong one").deliver(message)
        with pytest.raises(NotDelivered, match=r"can't be used: .*certificate"):
            mail(PASSWORD, None).deliver(message)
    finally:
        controller.stop()
    assert len(kept.got) == 1
    assert PASSWORD not in repr(mail(PASSWORD))


def test_that_a_post_arrives_and_its_address_stays_secret(httpserver: HTTPServer, message) -> None:
    httpserver.expect_request("/hooks/s3cret", method="POST").respond_with_data("ok")
    webhook = WebhookRecipient(httpserver.url_for("/hooks/s3cret"), OF_TEAMS)

    webhook.deliver(message)

    request = httpserver.log[0][0]
    assert request.json == {"text": message.markdown}
    assert "`dt-dt BAD in run 390001" in message.markdown
    gone = WebhookRecipient(httpserver.url_for("/hooks/s3cret2"), OF_TEAMS)
    with pytest.raises(NotDelivered, match="answers 500") as refused:
        gone.deliver(message)
    assert "s3cret" not in f"{refused.value} {gone!r} {gone.name}"


def _saying(again: bytes) -> Iterator[int]:
    """The port of a server that says something again and again, and never ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                while True:
                    connection.sendall(again)

        talking = threading.Thread(target=talk)
        talking.start()
        yield listening.getsockname()[1]
        talking.join()


@pytest.fixture
def endless_smtp() -> Iterator[int]:
    yield from _saying(b"220-welcome\r\n")


@pytest.fixture
def endless_http() -> Iterator[int]:
    yield from _saying(b"HTTP/1.1 100 Continue\r\n\r\n")


def test_that_a_server_that_never_ends_its_answer_is_left_after_a_while(
    endless_smtp, endless_http, message, monkeypatch
) -> None:
    monkeypatch.setattr("app.sync.messages._LONGEST_S", 0.2)
    smtp = SmtpSettings(f"127.0.0.1:{endless_smtp}", "rr@cern.ch", "none")
    with pytest.raises(NotDelivered, match="hasn't taken the mail"):
        MailRecipient("anna@cern.ch", OF_TEAMS, smtp).deliver(message)
    with pytest.raises(NotDelivered, match="hasn't answered"):
        WebhookRecipient(f"http://127.0.0.1:{endless_http}/hooks/s3cret", OF_TEAMS).deliver(message)


def test_that_an_address_that_leads_elsewhere_is_not_followed(
    httpserver: HTTPServer, message
) -> None:
    leads = {"Location": httpserver.url_for("/elsewhere")}
    httpserver.expect_request("/hooks/s3cret").respond_with_data(status=302, headers=leads)
    with pytest.raises(NotDelivered, match="answers 302: it leads elsewhere"):
        WebhookRecipient(httpserver.url_for("/hooks/s3cret"), OF_TEAMS).deliver(message)
    assert len(httpserver.log) == 1
