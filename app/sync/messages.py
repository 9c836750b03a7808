"""Where a puller sends messages: an SMTP server, and a webhook of Mattermost."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

import httpx

from app.domain.clock import server_now
from app.domain.masking import masked
from app.domain.notifications import NotificationKind
from app.domain.text.plain_text import one_line
from app.services.notifications.messages import Message, NotDelivered
from app.sync.http import certificates, checked_url

_TIMEOUT_S = 20.0
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
        with self._told_in_words(), self._server() as server:
            server.send_message(mail)

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        smtp = self.smtp
        host, _, port = smtp.server.rpartition(":")
        host = host.strip("[]")
        if smtp.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, int(port), timeout=_TIMEOUT_S, context=self._trusted()
            )
        else:
            server = smtplib.SMTP(host, int(port), timeout=_TIMEOUT_S)
        with server:
            if smtp.security == "starttls":
                server.starttls(context=self._trusted())
            if smtp.user is not None:
                server.login(smtp.user, smtp.password or "")
            yield server

    def _trusted(self) -> ssl.SSLContext:
        return certificates([httpx.URL("https://smtp")], self.smtp.ca_bundle)

    @contextmanager
    def _told_in_words(self) -> Iterator[None]:
        server = self.smtp.server
        try:
            yield
        except smtplib.SMTPNotSupportedError as error:
            raise NotDelivered(
                f"The SMTP server {server} can't do what mail_security and mail_user ask for:"
                f" {_reason(str(error))}."
            ) from error
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise NotDelivered(
                f"The SMTP server {server} refuses the address: {code} {_reason(said)}."
            ) from error
        except smtplib.SMTPResponseException as error:
            raise NotDelivered(
                f"The SMTP server {server} answers {error.smtp_code} {_reason(error.smtp_error)}."
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            raise NotDelivered(
                f"The SMTP server {server} can't be used: {_reason(str(error))}."
            ) from error


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
        try:
            with (
                httpx.Client(verify=trusted, timeout=_TIMEOUT_S, trust_env=False) as client,
                client.stream("POST", url, json={"text": words}) as answer,
            ):
                status = answer.status_code
        except httpx.HTTPError as error:
            raise NotDelivered(
                f"The webhook on {url.host} can't be reached: {_reason(str(error))}."
            ) from error
        if status != httpx.codes.OK:
            raise NotDelivered(f"The webhook on {url.host} answers {status}.")


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _reason(said: str | bytes) -> str:
    """What a server said, in one short line."""
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return masked(one_line(" ".join(words.split())))[:_LONGEST_REASON].rstrip(".")
