"""All settings, and how they are read from their sources and written to the file."""

import difflib
import getpass
import logging
import os
import re
import socket
import tomllib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

import platformdirs

from app import files
from app.domain.errors import BadInput, Refused
from app.domain.identity import Actor
from app.domain.preferences import Origin
from app.passwords import SystemKeyring
from app.settings.declared import Declared, Faulty, Hidden, declared_in, setting
from app.settings.door_settings import DoorSettings
from app.settings.notification_settings import NotificationSettings
from app.settings.secret_places import SECRETS, credential, secret_in, variable
from app.settings.values import Colours, DatabaseAddress, EMail, Names, WebAddress

logger = logging.getLogger(__name__)

PROGRAM = "run-registry-desktop"
EXPERTS = "cms-dqm-runregistry-experts"
FILE_VARIABLE = "RUN_REGISTRY_SETTINGS"
_FILE_HEAD = "# What each setting means: run-registry settings list\n"
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})
_FOR_TESTS = re.compile(r"test|dev|stag|demo|sandbox|int2r", re.IGNORECASE)


@dataclass(frozen=True)
class Sources:
    """Where settings are read from; `arguments` are fields from the command line."""

    file: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Settings(DoorSettings, NotificationSettings):
    """What a person may set; every field with its type, default and one sentence of help."""

    dsn: DatabaseAddress | None = setting(
        "Address of the Run Registry database; without one the program starts its own. "
        "Keep the password in ~/.pgpass rather than here."
    )
    direct_dsn: DatabaseAddress | None = setting(
        "Address of the server itself where dsn is that of a pooler: news and elections need it."
    )
    read_standby: bool = setting(
        "Read on a standby where dsn names several servers; what you wrote or were "
        "told of is seen there all the same.",
        False,
    )
    connection: str | None = setting(
        "Name of the kept connection to use where there is no dsn; "
        "without one it is the one that was used last."
    )
    connections_file: Path = setting(
        "File with the kept connections.",
        made=lambda: platformdirs.user_config_path(PROGRAM) / "connections.json",
    )
    user: EMail | None = setting("Your CERN e-mail: the author of what you change.")
    egroups: Names = setting("E-groups that give you rights on a database server.", ())
    oms_url: WebAddress = setting(
        "Address of the OMS API, up to and with /agg/api/v1.", "https://cmsoms.cern.ch/agg/api/v1"
    )
    oms_token_url: WebAddress = setting(
        "Address where OMS access tokens are issued.",
        "https://auth.cern.ch/auth/realms/cern/protocol/openid-connect/token",
    )
    oms_client_id: str | None = setting(
        "Client id for OMS; without one OMS is asked without a token."
    )
    oms_client_secret: Hidden | None = setting(
        "Client secret for OMS; kept in the system keyring, "
        f"or given in {SECRETS['oms_client_secret'].variable}."
    )
    oms_audience: str = setting("Audience that OMS access tokens are asked for.", "cmsoms-prod")
    ca_bundle: Path | None = setting(
        "File with the certificates to trust (the CERN CA), instead of those of the system."
    )
    pull: bool = setting("Take part in pulling OMS; off where something else pulls.", True)
    pull_interval_s: float = setting(
        "Seconds from one pull to the next.", 60.0, least=5.0, most=86400.0
    )
    request_pause_s: float = setting(
        "Least seconds between two requests to OMS.", 0.5, least=0.0, most=60.0
    )
    dqm_gui_url: WebAddress = setting(
        "Address of the DQM GUI.", "https://cmsweb.cern.ch/dqm/offline"
    )
    dqm_gui_certificate: Path | None = setting(
        "PEM file with the X.509 certificate shown to the DQM GUI."
    )
    dqm_gui_key: Path | None = setting(
        "PEM file with its key, unless the certificate's file has it."
    )
    dqm_gui_layouts: Path | None = setting(
        "JSON file with your layouts of histograms, by workspace and name; they "
        "replace those that are shipped for these workspaces."
    )
    dqm_gui_pull: bool = setting(
        "Take part in pulling the DQM GUI; off where something else does.", True
    )
    dqm_gui_interval_s: float = setting(
        "Seconds from one look to the next.", 600.0, least=30.0, most=86400.0
    )
    recount: bool = setting(
        "Take part in counting again what is derived; off where something else does.", True
    )
    seal: bool = setting("Take part in sealing the history; off where something else does.", True)
    seal_key: Path | None = setting(
        "File of the key that signs the sealed history; "
        "without one it is seal.key in data_folder, where there is one."
    )
    seal_public_key: str | None = setting(
        "Public key, or the file with it, whose signatures count when the history is verified."
    )
    oms_web_url: WebAddress = setting(
        "Web page of a run in OMS, opened with ?cms_run=RUN unless {run} stands in it.",
        "https://cmsoms.cern.ch/cms/runs/report",
    )
    oms_lumisections_url: WebAddress = setting(
        "Web page of the lumisections of a run in OMS; {run}, {dataset}, {first} and "
        "{last} in it stand for run, dataset and lumisections.",
        "https://cmsoms.cern.ch/cms/runs/lumisection?cms_run={run}&cms_run_sequence=GLOBAL-RUN",
    )
    elog_url: WebAddress = setting(
        "Web page of the logbook; {run}, {dataset}, {first} and {last} in it stand for "
        "run, dataset and lumisections.",
        "https://cmsonline.cern.ch/cms-elog",
    )
    data_folder: Path = setting(
        "Folder of the program's own database, and of drafts that aren't written yet.",
        made=lambda: platformdirs.user_data_path(PROGRAM),
    )
    cache_folder: Path = setting(
        "Folder of what was fetched and can be fetched again, such as histograms.",
        made=lambda: platformdirs.user_cache_path(PROGRAM),
    )
    cache_mb: int = setting(
        "Largest size of cache_folder; with 0 nothing is kept.", 200, least=0, most=100_000
    )
    cache_days: int = setting(
        "Days after which a histogram is fetched again.", 30, least=1, most=3650
    )
    theme: Literal["system", "light", "dark"] = setting(
        "Light or dark window, or as the system has it.", "system"
    )
    palette: Literal["calm", "traditional", "colour-blind safe"] = setting(
        "Colours of the statuses; with calm ones what is good recedes.", "calm"
    )
    strip_colours: Colours = setting(
        "Colour of the strip that tells databases apart, by host:port/database.", made=dict
    )

    file: ClassVar[Path] = platformdirs.user_config_path(PROGRAM) / "settings.toml"
    sources: Sources = field(default_factory=lambda: Sources(Settings.file), repr=False)
    """What these settings were read from."""

    named: frozenset[str] = frozenset()
    """Those that a source gave; all others have their defaults."""

    @classmethod
    @cache
    def declared(cls) -> Mapping[str, Declared]:
        """All of them by name, as they are declared."""
        return declared_in(cls)

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
        return cls._made(values, sources)

    def read_from(self, sources: Sources) -> Self:
        """The same, with the sources that they are to be read from again."""
        return replace(self, sources=sources)

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
        return cls._made(values, sources), faults

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
        valid = cls._read(kept)
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
            cls._read(given)
        except Faulty as fault:
            return fault.name, fault.reason
        return None

    @classmethod
    def check_known(cls, name: str, source: str = "") -> None:
        """BadInput where there is no setting of that name, with one that is like it."""
        if name not in cls.declared():
            near = difflib.get_close_matches(name, cls.declared(), n=1)
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
        if isinstance(given, Hidden):
            return given.text
        if (handed := credential(where.handed)) is not None:
            return secret_in(handed)
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
        return None if handed is None else secret_in(handed)

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
    def _made(cls, values: Mapping[str, object], sources: Sources) -> Self:
        read: dict[str, Any] = cls._read(values)
        return cls(**read, sources=sources, named=frozenset(read))

    @classmethod
    def _read(cls, given: Mapping[str, object]) -> dict[str, object]:
        """What is given, as values of their types. Raises Faulty for the first that can't be."""
        declared = cls.declared()
        if others := given.keys() - declared:
            raise Faulty(min(others), "there is no such setting")
        return {name: each.read(given[name]) for name, each in declared.items() if name in given}

    @classmethod
    def _from_environment(cls, environ: Mapping[str, str]) -> dict[str, object]:
        given = {name: environ.get(variable(name), "") for name in cls.declared()}
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
        if (fault := cls.fault(given)) is not None:
            key, reason = fault
            name = variable(key) if source == Origin.ENVIRONMENT else key
            raise BadInput(f"{source}: {name}: {reason}.")


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

    if isinstance(value, Path):
        return str(value)
    if not isinstance(value, dict):
        return list(value) if isinstance(value, tuple) else value
    table = tomlkit.inline_table()
    table.update(value)
    return table
