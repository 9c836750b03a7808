"""Who is told what: the recipients of what a puller sends, and what a person was told, put together
from the settings."""

from collections.abc import Collection

from app.domain.errors import BadInput, Refused
from app.domain.notification_choice import OF_TEAMS, NotificationKind
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.notifications.book import NotificationBook
from app.services.notifications.messages import Messages, Recipient
from app.settings import Settings, place, variable
from app.sync.messages import MailRecipient, SmtpSettings, WebhookRecipient

_ALL = "all"


def recipients_of(settings: Settings) -> tuple[Recipient, ...]:
    """All recipients, each once. BadInput where a setting of them is missing."""
    return (*_by_mail(settings), *_by_webhook(settings))


def notification_book_of(settings: Settings, acting: Acting) -> NotificationBook:
    """What the person was told on a database, kept on this machine."""
    return NotificationBook(
        acting,
        settings.data_folder / "notifications",
        # As the settings are now: what somebody wants to be told changes at once.
        lambda: Settings.without_faults(settings.sources)[0].choice,
    )


def messages_of(settings: Settings, db: Database) -> Messages | None:
    """The messages that a puller of a database sends; None where it sends none."""
    recipients: tuple[Recipient, ...] = ()
    problem = ""
    try:
        recipients = recipients_of(settings) if db.writes_automatically else ()
    except Refused as error:
        # Pulling goes on; `puller health` tells it.
        problem = str(error)
    if not recipients and not problem:
        return None
    server = "" if db.is_own else place(db.dsn_without_password)
    return Messages(
        db,
        recipients,
        settings.choice,
        server=server,
        pages=settings.door_url or "",
        rest_s=settings.messages_interval_s,
        problem=problem,
    )


def _by_mail(settings: Settings) -> list[MailRecipient]:
    if not settings.mail_to:
        return []
    if settings.mail_server is None or settings.mail_from is None:
        missing = "mail_server" if settings.mail_server is None else "mail_from"
        raise BadInput(f"mail_to names who gets mail, so {missing} has to be set, too.")
    smtp = SmtpSettings(
        settings.mail_server,
        settings.mail_from,
        settings.mail_security,
        settings.mail_user,
        settings.secret("mail_password"),
        settings.ca_bundle,
    )
    kinds: dict[str, set[NotificationKind]] = {}
    for kind, addresses in settings.mail_to.items():
        for address in addresses.split():
            kinds.setdefault(address, set()).update(_kinds((kind,)))
    return [MailRecipient(address, frozenset(of), smtp) for address, of in kinds.items()]


def _by_webhook(settings: Settings) -> list[WebhookRecipient]:
    if not settings.webhook_kinds:
        return []
    url = settings.secret("webhook_url")
    if not url:
        raise BadInput(
            "webhook_kinds says what is posted, so webhook_url has to be set, too, in the system"
            f" keyring or in {variable('webhook_url')}."
        )
    return [WebhookRecipient(url, _kinds(settings.webhook_kinds), settings.ca_bundle)]


def _kinds(names: Collection[str]) -> frozenset[NotificationKind]:
    return OF_TEAMS if _ALL in names else frozenset(map(NotificationKind, names))
