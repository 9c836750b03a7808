"""Where a puller sends messages: an SMTP server, and a webhook of Mattermost."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

from app.domain.clock import server_now
from app.domain.masking import masked
from app.domain.notification_choice import NotificationKind
from app.domain.text.plain_text import one_line
from app.services.notifications.messages import Message, NotDelivered
from app.sync.client import httpx
from app.sync.deadline import Deadline
from app.sync.http import certificates, checked_url

_TIMEOUT_S = 20.0
_LONGEST_S = 60.0
"""For all of a message; each step of it has the time above."""

_LEAST_CODE = 200
_LONGEST_POST = 12_000
_LONGEST_REASON = 200
_SAME_NUMBER = "run-registry"


@dataclass(frozen=True)
class SmtpSettings:
    """The SMTP server and who sends; `server` is `host:port`."""

    server: str
    sender: str
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: str | None = None
    ca_bundle: Path | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.server!r})"


@dataclass(frozen=True)
class MailRecipient:
    """An address that gets mail."""

    address: str
    kinds: frozenset[NotificationKind]
    smtp: SmtpSettings

    @property
    def name(self) -> str:
        """Whom it goes to."""
        return f"mail to {self.address}"

    def deliver(self, message: Message) -> None:
        """Sends it as plain text, in which nothing is markup. Raises NotDelivered."""
        mail = EmailMessage()
        mail["Subject"] = one_line(message.subject)
        mail["From"] = self.smtp.sender
        mail["To"] = self.address
        mail["Date"] = format_datetime(server_now())
        # The same when it is sent again, so that mail programs show it once.
        mail["Message-ID"] = f"<{message.id}.{_SAME_NUMBER}@{_domain(self.smtp.sender)}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        with (
            Deadline(_LONGEST_S) as deadline,
            self._told_in_words(deadline),
            self._server(deadline) as server,
        ):
            server.send_message(mail)

    @contextmanager
    def _server(self, deadline: Deadline) -> Iterator[smtplib.SMTP]:
        smtp = self.smtp
        host, _, port = smtp.server.rpartition(":")
        where = (host.strip("[]"), int(port))
        server = (
            _SmtpTls(deadline, *where, self._trusted())
            if smtp.security == "tls"
            else _Smtp(deadline, *where)
        )
        with server:
            if smtp.security == "starttls":
                server.starttls(context=self._trusted())
            if smtp.user is not None:
                server.login(smtp.user, smtp.password or "")
            yield server

    def _trusted(self) -> ssl.SSLContext:
        return certificates([httpx.URL("https://smtp")], self.smtp.ca_bundle)

    @contextmanager
    def _told_in_words(self, deadline: Deadline) -> Iterator[None]:
        try:
            yield
        except (smtplib.SMTPException, OSError) as error:
            raise NotDelivered(self._why(error, deadline)) from error

    def _why(self, error: Exception, deadline: Deadline) -> str:
        server = f"The SMTP server {self.smtp.server}"
        if deadline.passed:
            return f"{server} hasn't taken the mail in {_LONGEST_S:.0f} s."
        match error:
            case smtplib.SMTPNotSupportedError():
                asked = "can't do what mail_security and mail_user ask for"
                return f"{server} {asked}: {_reason(str(error))}."
            case smtplib.SMTPRecipientsRefused(recipients=recipients):
                code, said = next(iter(recipients.values()))
                return f"{server} refuses the address: {code} {_reason(said)}."
            case smtplib.SMTPResponseException(smtp_code=code) if code < _LEAST_CODE:
                return f"{server} doesn't answer as an SMTP server does: look at mail_server."
            case smtplib.SMTPResponseException(smtp_code=code, smtp_error=said):
                return f"{server} answers {code} {_reason(said)}."
        return f"{server} can't be used: {_reason(str(error))}."


@dataclass(frozen=True)
class WebhookRecipient:
    """An incoming webhook of Mattermost; whoever knows its `url` can post."""

    url: str
    kinds: frozenset[NotificationKind]
    ca_bundle: Path | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    @property
    def name(self) -> str:
        """What it is called: the address is a secret."""
        return "webhook"

    def deliver(self, message: Message) -> None:
        """Posts it. Raises NotDelivered."""
        url = checked_url(self.url, "webhook_url")
        words = message.markdown
        if len(words) > _LONGEST_POST:
            words = f"{words[: words.rfind(chr(10), 0, _LONGEST_POST)]}\n- and more"
        trusted = certificates([url], self.ca_bundle)
        deadline = Deadline(_LONGEST_S)
        watched = {"trace": deadline.trace}
        try:
            with (
                deadline,
                httpx.Client(verify=trusted, timeout=_TIMEOUT_S, trust_env=False) as client,
                client.stream("POST", url, json={"text": words}, extensions=watched) as answer,
            ):
                status = answer.status_code
        except httpx.HTTPError as error:
            if deadline.passed:
                raise NotDelivered(
                    f"The webhook on {url.host} hasn't answered in {_LONGEST_S:.0f} s."
                ) from error
            raise NotDelivered(
                f"The webhook on {url.host} can't be reached: {_reason(str(error))}."
            ) from error
        if 300 <= status < 400:
            raise NotDelivered(
                f"The webhook on {url.host} answers {status}: it leads elsewhere, which isn't"
                " followed. Look at webhook_url."
            )
        if status != httpx.codes.OK:
            raise NotDelivered(f"The webhook on {url.host} answers {status}.")


class _Smtp(smtplib.SMTP):
    """A connection that ends at its deadline."""

    def __init__(self, deadline: Deadline, host: str, port: int) -> None:
        self._deadline = deadline
        super().__init__(host, port, timeout=_TIMEOUT_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        # The greeting is waited for before anybody else has the connection.
        made: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self._deadline.watch(made)
        return made


class _SmtpTls(smtplib.SMTP_SSL, _Smtp):
    """The same over TLS from its beginning, which is laid over the connection of the other."""

    def __init__(self, deadline: Deadline, host: str, port: int, trusted: ssl.SSLContext) -> None:
        self._deadline = deadline
        smtplib.SMTP_SSL.__init__(self, host, port, timeout=_TIMEOUT_S, context=trusted)


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _reason(said: str | bytes) -> str:
    """What a server said, in one short line."""
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return masked(one_line(" ".join(words.split())))[:_LONGEST_REASON].rstrip(".")
