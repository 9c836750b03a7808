"""A setting as a person sees it: its value as text, where that comes from, what may be chosen."""

from enum import StrEnum
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from app.domain.json_value import JsonObject


class Origin(StrEnum):
    """Where the value of a setting comes from."""

    DEFAULT = "default"
    FILE = "settings file"
    ENVIRONMENT = "environment"
    COMMAND_LINE = "command line"
    KEYRING = "system keyring"
    SERVICE_MANAGER = "service manager"


class Preference(Struct, frozen=True):
    """A setting. Texts are as one types them; an empty one means that there is no value.

    `value` holds from the next start on, `in_force` is what the running program goes by. `where`:
    the file, variable or the like that the value comes from; `fixed`: why it can't be changed here,
    empty where it can; `fault`: what is wrong with what is set, the value is the default then. Of
    a secret no text is given, only whether there is one (`is_given`).
    """

    name: str
    subject: str
    about: str
    default: str
    value: str
    in_force: str
    origin: Origin
    where: str
    fixed: str = ""
    choices: tuple[str, ...] = ()
    is_secret: bool = False
    is_given: bool = False
    is_immediate: bool = False
    fault: str = ""

    @property
    def is_pending(self) -> bool:
        """Whether the running program goes by another value."""
        return not self.is_immediate and self.value != self.in_force

    def matches(self, words: str) -> bool:
        """Whether every word is in its name, subject, meaning or value."""
        own = f"{self.subject} {self.name} {self.name.replace('_', ' ')} {self.about} {self.value}"
        return all(word in own.lower() for word in words.lower().split())

    @property
    def shown(self) -> str:
        """The value in a list."""
        if self.is_secret:
            return "given" if self.is_given else ""
        return self.value

    @property
    def effect(self) -> str:
        """When a change takes effect, in a sentence."""
        if self.is_immediate:
            return "A change takes effect at once."
        return "A change takes effect at the next start; each command reads it when it starts."

    def as_json(self) -> JsonObject:
        """Everything for machines."""
        value: str | None = None if self.is_secret else self.value
        return {
            "name": self.name,
            "subject": self.subject,
            "value": value,
            "given": self.is_given,
            "default": self.default,
            "origin": self.origin.value,
            "where": self.where,
            "fixed": self.fixed,
            "choices": list(self.choices),
            "secret": self.is_secret,
            "about": self.about,
        }


class Preferences(Protocol):
    """All settings of the program; a change is for the next start unless it is immediate."""

    @property
    def file(self) -> Path:
        """The settings file."""

    def read(self) -> tuple[Preference, ...]:
        """All settings as they are stored now. Raises Refused where a source is faulty."""

    def one(self, name: str) -> Preference:
        """One setting. BadInput where there is none of that name."""

    def fault(self, name: str, text: str) -> str:
        """Why a text can't be the value of a setting, in a sentence; empty where it can."""

    def set(self, name: str, text: str) -> Preference:
        """Gives a setting a value. Raises Refused or Unavailable."""

    def unset(self, name: str) -> Preference:
        """Takes a setting back to its default, a secret out of the keyring. Raises Refused."""
