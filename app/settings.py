"""Settings, each declared once; command line goes before environment, file and default."""

import difflib
import getpass
import json
import logging
import os
import re
import socket
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import SplitResult, urlsplit

import platformdirs
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
)

from app import files
from app.domain.errors import BadInput, Refused
from app.domain.identity import AUTO, Actor
from app.domain.masking import check_database_address
from app.domain.notifications import Choice, NotificationKind
from app.domain.preferences import Origin
from app.passwords import SystemKeyring

logger = logging.getLogger(__name__)

PROGRAM = "run-registry-desktop"
EXPERTS = "cms-dqm-runregistry-experts"
FILE_VARIABLE = "RUN_REGISTRY_SETTINGS"
_FILE_HEAD = "# What each setting means: run-registry settings list\n"


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret may be: a variable of the environment, what the service manager hands over,
    and the keyring. That is asked only where another setting has a value (`goes_with`); the secret
    stands there under it if it is a name, else under its own."""

    variable: str
    handed: str
    goes_with: str


SECRETS: Mapping[str, Secret] = {
    "oms_client_secret": Secret("RUN_REGISTRY_OMS_SECRET", "oms-secret", "oms_client_id"),
    "mail_password": Secret("RUN_REGISTRY_MAIL_PASSWORD", "mail-password", "mail_user"),
    "webhook_url": Secret("RUN_REGISTRY_WEBHOOK_URL", "webhook-url", "webhook_kinds"),
}
"""The settings that no file holds."""


def _web_address(text: str) -> str:
    parts = _split(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not a web address (https://host/path)")
    return text.rstrip("/")


def _database_address(text: str) -> str:
    if _split(text).scheme not in {"postgresql", "postgres"}:
        raise ValueError("is not a database address (postgresql://user@host:port/database)")
    check_database_address(text)
    return text


def _split(text: str) -> SplitResult:
    """The parts of an address, empty ones when it has none: the library would tell the text."""
    try:
        return urlsplit(text)
    except ValueError:
        return SplitResult("", "", "", "", "")


def _e_mail(text: str) -> str:
    if text.startswith(AUTO):
        raise ValueError(f"begins with {AUTO}, which stands for automatic changes only")
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        raise ValueError("is not an e-mail address")
    return text


_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})
_FOR_TESTS = re.compile(r"test|dev|stag|demo|sandbox|int2r", re.IGNORECASE)


def _names(value: object) -> object:
    """A list of names may be written as one text with commas or blanks between them, or as JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith(("[", "{", '"')):
        return _json(value, list, 'a list of names, such as a,b or ["a", "b"]')
    names = [name for name in re.split(r"[,\s]+", value) if name]
    if odd := next((name for name in names if set(name) & set("[]{}\"'")), None):
        raise ValueError(f'is not a list of names, such as a,b or ["a", "b"]: {odd}')
    return names


def _json(text: str, kind: type, wanted: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        raise ValueError(f"is not {wanted}")
    return value


def _colours(value: object) -> object:
    """Colours may be written as `place=#rrggbb` with commas between them, or as JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith(("{", "[")):
        return _json(value, dict, "colours, such as host:5432/name=#aa0000")
    pairs = (entry.rpartition("=") for entry in value.split(",") if entry.strip())
    return {place.strip(): colour.strip() for place, _, colour in pairs}


def _colour(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError("is not a colour such as #aa0000")
    return text


def _applications(value: object) -> object:
    """Applications may be written as JSON: `{"client id": "e-mail e-group e-group"}`."""
    if not isinstance(value, str):
        return value
    return _json(value, dict, 'a table, such as {"client id": "e-mail e-group"}')


def _person_and_egroups(text: str) -> str:
    email, *_ = text.split() or [""]
    _e_mail(email)
    return text


def _server(text: str) -> str:
    host, colon, port = text.rpartition(":")
    is_port = port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536
    if not (colon and host.strip("[]") and is_port) or set(text) & set("/@ "):
        raise ValueError("is not a server (host:port)")
    return text


def _recipients(value: object) -> object:
    """Recipients may be written as `kind=address address` with commas between them, or as JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith(("{", "[")):
        return _json(value, dict, "recipients, such as all=group@cern.ch")
    pairs = (entry.partition("=") for entry in value.split(",") if entry.strip())
    return {kind.strip(): addresses.strip() for kind, _, addresses in pairs}


def _addresses(text: str) -> str:
    addresses = text.split()
    if not addresses:
        raise ValueError("has no address")
    for each in addresses:
        _e_mail(each)
    return " ".join(addresses)


Kind = Literal["all", "flags", "deadlines", "mentions", "proposals", "official"]
"""What is told to a team, as `app.domain.notifications` names it."""

Recipients = Annotated[str, AfterValidator(_addresses)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Colour = Annotated[str, AfterValidator(_colour)]


@dataclass(frozen=True)
class Sources:
    """Where settings are read from; `arguments` are fields from the command line."""

    file: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, object] = field(default_factory=dict)


class _OfNotifications(BaseModel):
    """What a person is told, and a team by a puller."""

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
    notify_workspaces: Annotated[tuple[str, ...], BeforeValidator(_names)] = Field(
        default=(), description="My workspaces, of which I am told; without any it is all."
    )
    notify_days: int = Field(
        default=2, ge=0, le=60, description="Days before a deadline from which on I am told of it."
    )
    do_not_disturb: bool = Field(
        default=False, description="Show nothing on the desktop; What happened lists it still."
    )
    mail_server: Annotated[str, AfterValidator(_server)] | None = Field(
        default=None,
        description="SMTP server by which a puller sends mail, as host:port; "
        "without one it sends none.",
    )
    mail_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="What encrypts the way to the SMTP server."
    )
    mail_user: str | None = Field(
        default=None, description="Login at the SMTP server; without one mail is sent without."
    )
    mail_password: SecretStr | None = Field(
        default=None,
        description="Password at the SMTP server; kept in the system keyring, "
        f"or given in {SECRETS['mail_password'].variable}.",
    )
    mail_from: Annotated[str, AfterValidator(_e_mail)] | None = Field(
        default=None, description="Sender of the mail of a puller."
    )
    mail_to: Annotated[dict[Kind, Recipients], BeforeValidator(_recipients)] = Field(
        default_factory=dict,
        description="Who gets mail of what, by kind: flags, deadlines, mentions, proposals, "
        "official, or all.",
    )
    webhook_url: SecretStr | None = Field(
        default=None,
        description="Incoming webhook of Mattermost to which a puller posts; kept in the system "
        f"keyring, or given in {SECRETS['webhook_url'].variable}.",
    )
    webhook_kinds: Annotated[tuple[Kind, ...], BeforeValidator(_names)] = Field(
        default=(),
        description="What is posted there: all, or some of the kinds of mail_to; "
        "without any nothing is.",
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


class Settings(_OfNotifications):
    """What a person may set; every field with its type, default and one sentence of help."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)

    dsn: Annotated[str, AfterValidator(_database_address)] | None = Field(
        default=None,
        description="Address of the Run Registry database; without one the program starts its own. "
        "Keep the password in ~/.pgpass rather than here.",
    )
    direct_dsn: Annotated[str, AfterValidator(_database_address)] | None = Field(
        default=None,
        description="Address of the server itself where dsn is that of a pooler: news and "
        "elections need it.",
    )
    read_standby: bool = Field(
        default=False,
        description="Read on a standby where dsn names several servers; what you wrote or were "
        "told of is seen there all the same.",
    )
    connection: str | None = Field(
        default=None,
        description="Name of the kept connection to use where there is no dsn; "
        "without one it is the one that was used last.",
    )
    connections_file: Path = Field(
        default_factory=lambda: platformdirs.user_config_path(PROGRAM) / "connections.json",
        description="File with the kept connections.",
    )
    user: Annotated[str, AfterValidator(_e_mail)] | None = Field(
        default=None, description="Your CERN e-mail: the author of what you change."
    )
    egroups: Annotated[tuple[str, ...], BeforeValidator(_names)] = Field(
        default=(), description="E-groups that give you rights on a database server."
    )
    oms_url: WebAddress = Field(
        default="https://cmsoms.cern.ch/agg/api/v1",
        description="Address of the OMS API, up to and with /agg/api/v1.",
    )
    oms_token_url: WebAddress = Field(
        default="https://auth.cern.ch/auth/realms/cern/protocol/openid-connect/token",
        description="Address where OMS access tokens are issued.",
    )
    oms_client_id: str | None = Field(
        default=None, description="Client id for OMS; without one OMS is asked without a token."
    )
    oms_client_secret: SecretStr | None = Field(
        default=None,
        description="Client secret for OMS; kept in the system keyring, "
        f"or given in {SECRETS['oms_client_secret'].variable}.",
    )
    oms_audience: str = Field(
        default="cmsoms-prod", description="Audience that OMS access tokens are asked for."
    )
    ca_bundle: Path | None = Field(
        default=None,
        description="File with the certificates to trust (the CERN CA), "
        "instead of those of the system.",
    )
    pull: bool = Field(
        default=True, description="Take part in pulling OMS; off where something else pulls."
    )
    pull_interval_s: float = Field(
        default=60.0, ge=5.0, le=86400.0, description="Seconds from one pull to the next."
    )
    request_pause_s: float = Field(
        default=0.5, ge=0.0, le=60.0, description="Least seconds between two requests to OMS."
    )
    dqm_gui_url: Annotated[str, AfterValidator(_web_address)] = Field(
        default="https://cmsweb.cern.ch/dqm/offline", description="Address of the DQM GUI."
    )
    dqm_gui_certificate: Path | None = Field(
        default=None, description="PEM file with the X.509 certificate shown to the DQM GUI."
    )
    dqm_gui_key: Path | None = Field(
        default=None, description="PEM file with its key, unless the certificate's file has it."
    )
    dqm_gui_layouts: Path | None = Field(
        default=None,
        description="JSON file with your layouts of histograms, by workspace and name; they "
        "replace those that are shipped for these workspaces.",
    )
    dqm_gui_pull: bool = Field(
        default=True, description="Take part in pulling the DQM GUI; off where something else does."
    )
    dqm_gui_interval_s: float = Field(
        default=600.0, ge=30.0, le=86400.0, description="Seconds from one look to the next."
    )
    recount: bool = Field(
        default=True,
        description="Take part in counting again what is derived; off where something else does.",
    )
    seal: bool = Field(
        default=True, description="Take part in sealing the history; off where something else does."
    )
    seal_key: Path | None = Field(
        default=None,
        description="File of the key that signs the sealed history; "
        "without one it is seal.key in data_folder, where there is one.",
    )
    seal_public_key: str | None = Field(
        default=None,
        description="Public key, or the file with it, whose signatures count when the history is "
        "verified.",
    )
    oms_web_url: WebAddress = Field(
        default="https://cmsoms.cern.ch/cms/runs/report",
        description="Web page of a run in OMS, opened with ?cms_run=RUN unless {run} stands in it.",
    )
    oms_lumisections_url: WebAddress = Field(
        default="https://cmsoms.cern.ch/cms/runs/lumisection?cms_run={run}"
        "&cms_run_sequence=GLOBAL-RUN",
        description="Web page of the lumisections of a run in OMS; {run}, {dataset}, {first} and "
        "{last} in it stand for run, dataset and lumisections.",
    )
    elog_url: WebAddress = Field(
        default="https://cmsonline.cern.ch/cms-elog",
        description="Web page of the logbook; {run}, {dataset}, {first} and {last} in it stand for "
        "run, dataset and lumisections.",
    )
    door_issuer: WebAddress | None = Field(
        default=None,
        description="Issuer whose tokens the HTTP door believes, "
        "such as https://auth.cern.ch/auth/realms/cern; without one it takes none.",
    )
    door_audience: Annotated[tuple[str, ...], BeforeValidator(_names)] = Field(
        default=(), description="Audiences that tokens must be made for, one of them."
    )
    door_keys_url: WebAddress | None = Field(
        default=None,
        description="Address of the issuer's public keys (JWKS); "
        "without one it is /protocol/openid-connect/certs below the issuer.",
    )
    door_groups_claim: str = Field(
        default="groups", description="Claim of a token that holds the person's e-groups."
    )
    door_proxy_addresses: Annotated[tuple[str, ...], BeforeValidator(_names)] = Field(
        default=(), description="IP addresses of the proxy that logs people in for the HTTP door."
    )
    door_proxy_secret_file: Path | None = Field(
        default=None,
        description="File with the secret by which that proxy proves itself, in the header "
        "X-Run-Registry-Proxy.",
    )
    door_url: WebAddress | None = Field(
        default=None,
        description="Address under which others find the HTTP door, such as "
        "https://runregistry.example.ch; its feed and its pages link to it.",
    )
    door_body_mb: int = Field(
        default=16, ge=1, le=400, description="Size of a request that the door takes at most."
    )
    door_page_rows: int = Field(
        default=20_000, ge=50, le=100_000, description="Rows of a page that the door gives at most."
    )
    door_connections: int = Field(
        default=16, ge=2, le=200, description="Connections to the database that the door has."
    )
    applications: Annotated[
        dict[str, Annotated[str, AfterValidator(_person_and_egroups)]],
        BeforeValidator(_applications),
    ] = Field(
        default_factory=dict,
        description="Person whom the tokens of an application stand for, by its client id: an "
        "e-mail, and e-groups that count where the database proves no rights.",
    )
    data_folder: Path = Field(
        default_factory=lambda: platformdirs.user_data_path(PROGRAM),
        description="Folder of the program's own database, and of drafts that aren't written yet.",
    )
    cache_folder: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path(PROGRAM),
        description="Folder of what was fetched and can be fetched again, such as histograms.",
    )
    cache_mb: int = Field(
        default=200, ge=0, le=100_000, description="Size of it at most; nothing is kept with 0."
    )
    cache_days: int = Field(
        default=30, ge=1, le=3650, description="Days after which a histogram is fetched again."
    )
    theme: Literal["system", "light", "dark"] = Field(
        default="system", description="Light or dark window, or as the system has it."
    )
    palette: Literal["calm", "traditional", "colour-blind safe"] = Field(
        default="calm",
        description="Colours of the statuses; with calm ones what is good recedes.",
    )
    strip_colours: Annotated[dict[str, Colour], BeforeValidator(_colours)] = Field(
        default_factory=dict,
        description="Colour of the strip that tells databases apart, by host:port/database.",
    )

    file: ClassVar[Path] = platformdirs.user_config_path(PROGRAM) / "settings.toml"
    _sources: Sources | None = PrivateAttr(default=None)

    @property
    def sources(self) -> Sources:
        """What these settings were read from."""
        return self._sources or Sources(self.file)

    @classmethod
    def load(
        cls,
        arguments: Mapping[str, object] | None = None,
        environ: Mapping[str, str] = os.environ,
        file: Path | None = None,
    ) -> Self:
        """Read every source; `arguments` are fields from the command line, None where not given.

        Raises BadInput naming the source, the key and the reason.
        """
        return cls.of(cls.sources_of(arguments or {}, environ, file))

    @classmethod
    def sources_of(
        cls,
        arguments: Mapping[str, object],
        environ: Mapping[str, str] = os.environ,
        file: Path | None = None,
    ) -> Sources:
        """Where settings are read from."""
        file = file or Path(environ.get(FILE_VARIABLE) or cls.file)
        given = {key: value for key, value in arguments.items() if value is not None}
        return Sources(file, environ, given)

    @classmethod
    def of(cls, sources: Sources) -> Self:
        """What the sources say now. Raises BadInput naming the source, the key and the reason."""
        values: dict[str, object] = {}
        for origin, given in cls.given(sources).items():
            source = f"{origin} {sources.file}" if origin is Origin.FILE else origin.value
            cls._check(source, given)
            values |= given
        settings = cls.model_validate(values)
        settings._sources = sources
        return settings

    def read_from(self, sources: Sources) -> Self:
        """The same, with the sources that they are to be read from again."""
        self._sources = sources
        return self

    @classmethod
    def without_faults(cls, sources: Sources) -> tuple[Self, Mapping[str, str]]:
        """What can be used of what the sources say, and of each setting that can't be right, why.
        Raises BadInput where the file can't be read at all."""
        values: dict[str, object] = {}
        faults: dict[str, str] = {}
        for origin, given in cls.given(sources).items():
            source = f"{origin} {sources.file}" if origin is Origin.FILE else origin.value
            for name, value in given.items():
                try:
                    cls._check(source, {name: value})
                except BadInput as error:
                    faults[name] = str(error)
                    values.pop(name, None)
                else:
                    values[name] = value
                    faults.pop(name, None)
        settings = cls.model_validate(values)
        settings._sources = sources
        return settings, faults

    @classmethod
    def given(cls, sources: Sources) -> dict[Origin, Mapping[str, object]]:
        """What each source gives, unchecked; the later ones go before the earlier."""
        return {
            Origin.FILE: _read(sources.file),
            Origin.ENVIRONMENT: cls._from_environment(sources.environ),
            Origin.COMMAND_LINE: sources.arguments,
        }

    @classmethod
    def check_named_file(cls, file: Path | None, environ: Mapping[str, str] = os.environ) -> None:
        """BadInput when a settings file was named, on the command line or in the environment, and
        isn't there: without its settings another database would be written to than was meant."""
        named = environ.get(FILE_VARIABLE)
        for source, given in (
            ("--settings", file),
            (FILE_VARIABLE, Path(named) if named else None),
        ):
            if given is None:
                continue
            if not given.exists():
                raise BadInput(f"{source}: there is no settings file {given}.")
            return

    @classmethod
    def save(cls, changes: Mapping[str, object], file: Path) -> None:
        """Write `changes` into the settings file and leave all else in it, comments too; None takes
        a key out.

        Only what the person set goes there, never what came from command line or environment. The
        file is replaced whole, so that a crash leaves the old one or the new one.
        """
        # Not above: only those who change something need to write.
        import tomlkit

        source = f"settings file {file}"
        kept = {
            key: value for key, value in {**_read(file), **changes}.items() if value is not None
        }
        cls._check(source, kept)
        valid = cls.model_validate(kept).model_dump(mode="json", include=set(changes) & set(kept))
        document = tomlkit.parse(files.read_utf8(file) if file.exists() else _FILE_HEAD)
        for name in changes:
            if name in valid:
                document[name] = _toml(valid[name])
            else:
                document.pop(name, None)
        files.make_folder(file.parent)
        files.write(file, tomlkit.dumps(document), mode=files.PRIVATE)

    @classmethod
    def fault(cls, given: Mapping[str, object]) -> tuple[str, str] | None:
        """The first setting of these that can't be right, and why; None where all can."""
        try:
            cls.model_validate(dict(given))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            key = str(first["loc"][0]) if first["loc"] else "?"
            reason = first["msg"].removeprefix("Value error, ")
            return key, f"{reason[0].lower()}{reason[1:]}"
        return None

    @classmethod
    def check_known(cls, name: str, source: str = "") -> None:
        """BadInput where there is no setting of that name, with one that is like it."""
        if name not in cls.model_fields:
            near = difflib.get_close_matches(name, cls.model_fields, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            there = f"{source}: there" if source else "There"
            raise BadInput(f"{there} is no setting {name}.{hint}")

    def actor(self, *, embedded: bool) -> Actor:
        """Who acts: on the program's own database an expert, on a server what the settings say."""
        email = self.user or f"{_login()}@{socket.gethostname()}"
        return Actor(email, frozenset({EXPERTS}) if embedded else frozenset(self.egroups))

    def secret(self, name: str) -> str | None:
        """A secret: from the environment, else handed over by the service manager, else from the
        system keyring; else None."""
        where, given = SECRETS[name], getattr(self, name)
        if isinstance(given, SecretStr):
            return given.get_secret_value()
        if (handed := credential(where.handed)) is not None:
            return _secret_in(handed)
        key = self.keyring_name(name)
        if not key:
            return None
        try:
            return SystemKeyring(PROGRAM).read(key)
        except Refused as error:
            logger.warning(
                "%s There is no %s then; set %s to give one.", error, name, where.variable
            )
            return None

    def keyring_name(self, name: str) -> str:
        """The name of a secret in the keyring; empty where it isn't known yet."""
        beside: object = getattr(self, SECRETS[name].goes_with)
        if not beside:
            return ""
        return beside if isinstance(beside, str) else name.replace("_", "-")

    def seal_key_file(self) -> Path:
        """Where the key of the seal is, or would be."""
        return self.seal_key or credential("seal.key") or self.data_folder / "seal.key"

    def database_password(self) -> str | None:
        """The password of the database that the service manager hands over; None where it does
        not, and libpq looks where it always does."""
        handed = credential("database-password")
        return None if handed is None else _secret_in(handed)

    def is_production(self) -> bool:
        """Whether the database must be taken for the real one: any server but this machine's
        own, unless its name says that it is for tests."""
        if self.dsn is None:
            return False
        where = place(self.dsn)
        host = where.rpartition(":")[0]
        return host not in _THIS_MACHINE and not _FOR_TESTS.search(where)

    def strip_colour(self) -> str | None:
        """Colour of the strip for the database in use; None where none is set."""
        return self.strip_colours.get(place(self.dsn)) if self.dsn else None

    @classmethod
    def _from_environment(cls, environ: Mapping[str, str]) -> dict[str, object]:
        given = {name: environ.get(variable(name), "") for name in cls.model_fields}
        return {name: text for name, text in given.items() if text}

    @classmethod
    def _check(cls, source: str, given: Mapping[str, object]) -> None:
        for key in given:
            cls.check_known(key, source)
        secret = next((name for name in SECRETS if name in given), "")
        if source.startswith(Origin.FILE.value) and secret:
            raise BadInput(
                f"{source}: {secret} must not stand in a file. "
                f"Put it into the system keyring or into {variable(secret)}."
            )
        # The error of the library holds what was given, a secret maybe: only this is told.
        if (fault := cls.fault(given)) is not None:
            key, reason = fault
            name = variable(key) if source == Origin.ENVIRONMENT else key
            raise BadInput(f"{source}: {name}: {reason}.")


def credential(name: str, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file of a secret that systemd hands over to the service (`LoadCredential`), if it does;
    who may read such a file is its business."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    file = Path(folder or "") / name
    return file if folder and file.is_file() else None


def _secret_in(file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The credential {file} can't be read: {error}.") from error


def window_channel() -> Path:
    """Where the open window of this user can be told to show something."""
    with warnings.catch_warnings():
        # Without a session of systemd, as after `su`, another folder is as good.
        warnings.simplefilter("ignore", UserWarning)
        return platformdirs.user_runtime_path(PROGRAM) / "window"


def place(dsn: str) -> str:
    """Which database a DSN names, without user and password: `host:port/database`."""
    parts = urlsplit(dsn)
    at = parts.netloc.rpartition("@")[2] or "localhost"
    return f"{at if ':' in at else f'{at}:5432'}/{parts.path.strip('/')}"


def _login() -> str:
    """The person's name on this machine; a container may run as a user without one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def variable(name: str) -> str:
    """The variable of the environment that gives a setting."""
    secret = SECRETS.get(name)
    return f"RUN_REGISTRY_{name.upper()}" if secret is None else secret.variable


def _read(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"settings file {file}: is not TOML: {error}.") from error
    except OSError as error:
        raise BadInput(f"settings file {file}: can't be read: {error.strerror}.") from error


def _toml(value: object) -> object:
    """What a value is in the file: tables stand in one line there."""
    import tomlkit

    if not isinstance(value, dict):
        return value
    table = tomlkit.inline_table()
    table.update(value)
    return table
