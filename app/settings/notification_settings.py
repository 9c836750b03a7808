"""Settings of what a person, or a team by a puller, is told."""

from dataclasses import dataclass
from typing import Literal

from app.domain.notification_choice import Choice, NotificationKind
from app.settings.declared import Hidden, setting
from app.settings.secret_places import SECRETS
from app.settings.values import EMail, Kinds, Names, Recipients, Server


# A part of the settings: nobody makes it alone.
@dataclass(frozen=True, init=False, repr=False, eq=False)
class NotificationSettings:
    """What a person is told, and a team by a puller."""

    notify_flags: bool = setting("Tell me when somebody sets a column of my workspaces BAD.", True)
    notify_deadlines: bool = setting("Tell me when the deadline of a cycle is near.", True)
    notify_conflicts: bool = setting(
        "Tell me when somebody sets cells that I have set or drafted.", True
    )
    notify_mentions: bool = setting(
        "Tell me when a note names me or a column of my workspaces.", True
    )
    notify_proposals: bool = setting(
        "Tell me when an agent's proposals wait in my workspaces.", True
    )
    notify_official: bool = setting("Tell me when there is a new official golden JSON.", True)
    notify_marks: bool = setting("Tell me when somebody takes away a mark that I have set.", True)
    notify_freezes: bool = setting(
        "Tell me when a cycle of my workspaces is frozen, or thawed.", True
    )
    notify_workspaces: Names = setting(
        "My workspaces, which I am told about; all of them if none is named.", ()
    )
    notify_days: int = setting(
        "How many days before a deadline I am first told of it.", 2, least=0, most=60
    )
    do_not_disturb: bool = setting(
        "Show nothing on the desktop; What happened lists it still.", False
    )
    mail_server: Server | None = setting(
        "SMTP server by which a puller sends mail, as host:port; without one it sends none."
    )
    mail_security: Literal["starttls", "tls", "none"] = setting(
        "How the connection to the SMTP server is encrypted.", "starttls"
    )
    mail_user: str | None = setting(
        "Login at the SMTP server; without one mail is sent without logging in."
    )
    mail_password: Hidden | None = setting(
        "Password at the SMTP server; kept in the system keyring, "
        f"or given in {SECRETS['mail_password'].variable}."
    )
    mail_from: EMail | None = setting("Sender of the mail of a puller.")
    mail_to: Recipients = setting(
        "Who gets mail about what, by kind: flags, deadlines, mentions, proposals, "
        "official, marks, freezes, or all.",
        made=dict,
    )
    webhook_url: Hidden | None = setting(
        "Incoming webhook of Mattermost to which a puller posts; kept in the system "
        f"keyring, or given in {SECRETS['webhook_url'].variable}."
    )
    webhook_kinds: Kinds = setting(
        "What is posted there: all, or some of the kinds of mail_to; nothing if none is named.", ()
    )
    messages_interval_s: float = setting(
        "Seconds from one mail or post to the next; what happens in between is summed up.",
        600.0,
        least=30.0,
        most=86400.0,
    )

    @property
    def choice(self) -> Choice:
        """What the person, or a team by a puller, wants to be told."""
        kinds = (kind for kind in NotificationKind if getattr(self, f"notify_{kind}"))
        return Choice(
            frozenset(kinds),
            frozenset(self.notify_workspaces),
            self.notify_days,
            self.do_not_disturb,
        )
