"""The settings as a person sees and changes them, in the window and on the command line."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

from app import files
from app.domain.errors import BadInput, Refused
from app.domain.masking import masked
from app.domain.preferences import Origin, Preference
from app.models.embedded.file_lock import FileLock
from app.passwords import SystemKeyring
from app.settings import PROGRAM, SECRETS, Hidden, Kind, Settings, credential, variable

_NOTIFICATIONS = (
    *("notify_flags", "notify_deadlines", "notify_conflicts", "notify_mentions"),
    *("notify_proposals", "notify_official", "notify_marks", "notify_freezes"),
    *("notify_workspaces", "notify_days", "do_not_disturb"),
)
_SUBJECTS: Mapping[str, Sequence[str]] = {
    "You": ("user", "egroups"),
    "Look": ("theme", "palette", "strip_colours"),
    "Notifications": _NOTIFICATIONS,
    "Mail and webhook": (
        *("mail_server", "mail_security", "mail_user", "mail_password", "mail_from", "mail_to"),
        *("webhook_url", "webhook_kinds", "messages_interval_s"),
    ),
    "Database": (
        *("dsn", "direct_dsn", "read_standby", "connection", "connections_file"),
        "data_folder",
    ),
    "OMS": (
        *("oms_url", "oms_token_url", "oms_client_id", "oms_client_secret", "oms_audience"),
        *("ca_bundle", "pull", "pull_interval_s", "request_pause_s"),
    ),
    "DQM GUI": (
        *("dqm_gui_url", "dqm_gui_certificate", "dqm_gui_key"),
        *("dqm_gui_layouts", "dqm_gui_pull", "dqm_gui_interval_s"),
    ),
    "Web pages": ("oms_web_url", "oms_lumisections_url", "elog_url"),
    "Cache": ("cache_folder", "cache_mb", "cache_days"),
    "History": ("recount", "seal", "seal_key", "seal_public_key"),
    "HTTP door": (
        *("door_url", "door_issuer", "door_audience", "door_keys_url", "door_groups_claim"),
        *("door_proxy_addresses", "door_proxy_secret_file", "door_body_mb", "door_page_rows"),
        *("door_connections", "applications"),
    ),
}
"""Every setting by what it is about, in the order in which a person reads them."""

_IMMEDIATE = frozenset({"theme", "palette", *_NOTIFICATIONS})
_OPTIONS = {
    **{name: f"--{name.replace('_', '-')}" for name in ("dsn", "data_folder")},
    **{"user": "--as-user", "oms_url": "--oms"},
    # The folder of our own database means that connection.
    "connection": "--connection or --data-folder",
}
_SHOWN_SECRET = "***"
_LOCK_S = 5.0


class PreferenceBook:
    """All settings, each with its value and where that comes from; changes go to the settings file
    or, of secrets, to the system keyring."""

    def __init__(self, settings: Settings) -> None:
        """`settings`: what the running program goes by."""
        self._in_force = settings
        self._keyring = SystemKeyring(PROGRAM)

    @property
    def file(self) -> Path:
        """The settings file."""
        return self._in_force.sources.file

    def read(self) -> tuple[Preference, ...]:
        """All settings as the sources have them now. BadInput where the file can't be read, or
        holds what is no setting."""
        given, (now, faults) = Settings.given(self._in_force.sources), self._now()
        return tuple(
            self._preference(name, subject, now, given, faults.get(name, ""))
            for subject, names in _SUBJECTS.items()
            for name in names
        )

    def one(self, name: str) -> Preference:
        """One setting. BadInput where there is none of that name."""
        Settings.check_known(name)
        given, (now, faults) = Settings.given(self._in_force.sources), self._now()
        subject = next(subject for subject, names in _SUBJECTS.items() if name in names)
        return self._preference(name, subject, now, given, faults.get(name, ""))

    def fault(self, name: str, text: str) -> str:
        """Why a text can't be the value of a setting, in a sentence; empty where it can."""
        if not text:
            return f"{name} needs a value." if text_of(_default(name)) or name in SECRETS else ""
        if _SHOWN_SECRET in text and name not in SECRETS:
            return (
                f"{name} holds {_SHOWN_SECRET} in the place of a password. Write the password, or"
                " better leave it out and keep it in ~/.pgpass."
            )
        found = Settings.fault({name: text})
        if found is None:
            return ""
        if choices := Settings.declared()[name].choices:
            return f"{name} is one of {', '.join(choices)}."
        reason = found[1]
        return f"{name} {reason}."

    def set(self, name: str, text: str) -> Preference:
        """Gives a setting a value from the next start on; an empty text, where that may be, is the
        default. Raises Refused."""
        before = self._changeable(name)
        if fault := self.fault(name, text):
            raise BadInput(fault)
        if before.is_secret:
            self._keep(name, text)
        else:
            self._save({name: text or None})
        return self.one(name)

    def unset(self, name: str) -> Preference:
        """Takes a setting back to its default, a secret out of the keyring. Raises Refused."""
        before = self._changeable(name)
        if not before.is_secret:
            self._save({name: None})
        elif before.is_given:
            self._keyring.forget(self._key(name))
        return self.one(name)

    def _changeable(self, name: str) -> Preference:
        before = self.one(name)
        if before.fixed:
            raise Refused(before.fixed)
        return before

    def _save(self, changes: Mapping[str, object]) -> None:
        file = self.file
        files.make_folder(file.parent)
        lock = FileLock(file.with_name(f"{file.name}.lock"))
        with files.told(file), lock.held(_LOCK_S, doing="changing the settings"):
            Settings.save(changes, file)

    def _now(self) -> tuple[Settings, Mapping[str, str]]:
        """What can be used of what the sources say now, and what is wrong with the rest."""
        now, faults = Settings.without_faults(self._in_force.sources)
        for name, fault in faults.items():
            if name not in Settings.declared() or name in SECRETS:
                raise BadInput(fault)
        return now, faults

    def _keep(self, name: str, secret: str) -> None:
        key = self._key(name)
        try:
            self._keyring.keep(key, secret)
        except Refused as error:
            raise Refused(_without_keyring(name, error)) from error

    def _key(self, name: str) -> str:
        """The name of a secret in the keyring. Refused where it isn't known yet."""
        key = Settings.of(self._in_force.sources).keyring_name(name)
        if not key:
            raise Refused(f"Set {SECRETS[name].goes_with} first: {name} is used only with it.")
        return key

    def _preference(
        self,
        name: str,
        subject: str,
        now: Settings,
        given: Mapping[Origin, Mapping[str, object]],
        fault: str,
    ) -> Preference:
        origin, where = _origin(name, given, self.file)
        is_secret, is_given, fixed = name in SECRETS, False, ""
        if origin is Origin.ENVIRONMENT or origin is Origin.COMMAND_LINE:
            fixed, is_given = f"{where} sets {name}, and goes before the settings file.", True
        elif is_secret:
            origin, where, fixed, is_given = self._secret(name, now)
        return Preference(
            name,
            subject,
            Settings.declared()[name].description,
            text_of(_default(name)),
            masked(text_of(getattr(now, name))),
            masked(text_of(getattr(self._in_force, name))),
            origin,
            where,
            fixed,
            Settings.declared()[name].choices,
            is_secret,
            is_given,
            name in _IMMEDIATE,
            fault,
        )

    def _secret(self, name: str, now: Settings) -> tuple[Origin, str, str, bool]:
        """Where a secret comes from that no variable gives, why it can't be changed, and whether
        there is one."""
        if (handed := credential(SECRETS[name].handed, self._in_force.sources.environ)) is not None:
            return (
                Origin.SERVICE_MANAGER,
                str(handed),
                f"The service manager hands {name} over, and goes before the keyring.",
                True,
            )
        key = now.keyring_name(name)
        nothing = "nothing is kept in the system keyring"
        if not key:
            return Origin.DEFAULT, nothing, "", False
        try:
            kept = self._keyring.read(key)
        except Refused as error:
            fixed = _without_keyring(name, error)
            return Origin.DEFAULT, "the system keyring can't be asked", fixed, False
        if kept is None:
            return Origin.DEFAULT, nothing, "", False
        return Origin.KEYRING, f"system keyring, for {key}", "", True


def _without_keyring(name: str, error: Refused) -> str:
    return f"{error} {variable(name)} in the environment gives it without one."


def text_of(value: object) -> str:
    """A value as one types it; nothing of a secret."""
    match value:
        case None | Hidden():
            return ""
        case bool():
            return "on" if value else "off"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case tuple():
            return ", ".join(map(str, value)) if all(map(_is_plain, value)) else _json(value)
        case dict():
            colours = all(str(each).startswith("#") for each in value.values())
            is_plain = colours or set(value) <= set(get_args(Kind))
            if is_plain and not any(set(place) & set(",={[") for place in value):
                return ", ".join(f"{name}={given}" for name, given in value.items())
            return _json(value)
    return str(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _is_plain(name: object) -> bool:
    return not set(str(name)) & set(",[]{}\"' \t\n") and bool(str(name))


def _default(name: str) -> object:
    return Settings.declared()[name].default()


def _origin(
    name: str, given: Mapping[Origin, Mapping[str, object]], file: Path
) -> tuple[Origin, str]:
    """Which source decides, and what of it."""
    if name in given[Origin.COMMAND_LINE]:
        return Origin.COMMAND_LINE, f"{_OPTIONS[name]} on the command line"
    if name in given[Origin.ENVIRONMENT]:
        return Origin.ENVIRONMENT, f"{variable(name)} in the environment"
    if name in given[Origin.FILE]:
        return Origin.FILE, str(file)
    return Origin.DEFAULT, "not set anywhere"
