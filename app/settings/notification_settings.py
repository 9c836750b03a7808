"""Settings of what a person, or a team by a puller, is told."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.domain.notification_choice import Choice, NotificationKind
from app.settings.secret_places import SECRETS
from app.settings.values import EMail, Kinds, Names, Recipients, Server


class NotificationSettings(BaseModel):
    """What a person is told, and a team by a puller."""

    # A part of the settings, which are checked as a whole: nothing is made to check it alone.
    model_config = ConfigDict(defer_build=True)

    notify_flags: bool = Field(
        default=True, description="Tell me when somebody sets a column of my workspaces BAD."
    )
    notify_deadlines: bool = Field(
        default=True, description="Tell me when the deadline of a cycle is near."
    )
    notify_conflicts: bool = Field(
        default=True, description="Tell me when somebody sets cells that I have set or drafted."
    )
    notify_mentions: bool = Field(
        default=True, description="Tell me when a note names me or a column of my workspaces."
    )
    notify_proposals: bool = Field(
        default=True, description="Tell me when an agent's proposals wait in my workspaces."
    )
    notify_official: bool = Field(
        default=True, description="Tell me when there is a new official golden JSON."
    )
    notify_marks: bool = Field(
        default=True, description="Tell me when somebody takes away a mark that I have set."
    )
    notify_freezes: bool = Field(
        default=True, description="Tell me when a cycle of my workspaces is frozen, or thawed."
    )
    notify_workspaces: Names = Field(
        default=(),
        description="My workspaces, which I am told about; all of them if none is named.",
    )
    notify_days: int = Field(
        default=2, ge=0, le=60, description="How many days before a deadline I am first told of it."
    )
    do_not_disturb: bool = Field(
        default=False, description="Show nothing on the desktop; What happened lists it still."
    )
    mail_server: Server | None = Field(
        default=None,
        description="SMTP server by which a puller sends mail, as host:port; "
        "without one it sends none.",
    )
    mail_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection to the SMTP server is encrypted."
    )
    mail_user: str | None = Field(
        default=None,
        description="Login at the SMTP server; without one mail is sent without logging in.",
    )
    mail_password: SecretStr | None = Field(
        default=None,
        description="Password at the SMTP server; kept in the system keyring, "
        f"or given in {SECRETS['mail_password'].variable}.",
    )
    mail_from: EMail | None = Field(default=None, description="Sender of the mail of a puller.")
    mail_to: Recipients = Field(
        default_factory=dict,
        description="Who gets mail about what, by kind: flags, deadlines, mentions, proposals, "
        "official, marks, freezes, or all.",
    )
    webhook_url: SecretStr | None = Field(
        default=None,
        description="Incoming webhook of Mattermost to which a puller posts; kept in the system "
        f"keyring, or given in {SECRETS['webhook_url'].variable}.",
    )
    webhook_kinds: Kinds = Field(
        default=(),
        description="What is posted there: all, or some of the kinds of mail_to; "
        "nothing if none is named.",
    )
    messages_interval_s: float = Field(
        default=600.0,
        ge=30.0,
        le=86400.0,
        description="Seconds from one mail or post to the next; "
        "what happens in between is summed up.",
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
