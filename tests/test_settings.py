import os
import threading
import tomllib
import traceback
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest
from keyring.backends import SecretService, fail

from app import passwords
from app.domain.errors import BadInput, Refused
from app.domain.identity import Actor
from app.settings import EXPERTS, PROGRAM, Settings, place, window_channel


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that forgets when the test ends."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.toml"


@pytest.fixture
def memory_keyring():
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def no_keyring():
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    yield
    keyring.set_keyring(before)


def written(file: Path, text: str) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_that_without_any_source_the_defaults_hold(file):
    settings = Settings.load(environ={}, file=file)

    assert settings.dsn is None
    assert settings.pull
    assert settings.theme == "system"
    assert settings.oms_url == "https://cmsoms.cern.ch/agg/api/v1"


def test_that_command_line_beats_environment_beats_file_beats_default(file):
    written(file, 'theme = "dark"\npull_interval_s = 30\noms_audience = "from-file"\n')
    environ = {"RUN_REGISTRY_THEME": "light", "RUN_REGISTRY_PULL_INTERVAL_S": "40"}

    settings = Settings.load({"pull_interval_s": 50, "theme": None}, environ, file)

    assert settings.pull_interval_s == 50
    assert settings.theme == "light"
    assert settings.oms_audience == "from-file"
    assert settings.request_pause_s == 0.5


def test_that_the_environment_may_name_another_settings_file(file):
    written(file, 'theme = "dark"\n')

    assert Settings.load(environ={"RUN_REGISTRY_SETTINGS": str(file)}).theme == "dark"


def test_that_lists_and_colours_may_be_given_as_one_text():
    environ = {
        "RUN_REGISTRY_EGROUPS": "cms-dqm-oncall, other-group",
        "RUN_REGISTRY_STRIP_COLOURS": "db.cern.ch:5432/prod=#aa0000",
        "RUN_REGISTRY_PULL": "off",
    }

    settings = Settings.load(environ=environ, file=Path("absent"))

    assert settings.egroups == ("cms-dqm-oncall", "other-group")
    assert settings.strip_colours == {"db.cern.ch:5432/prod": "#aa0000"}
    assert not settings.pull


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("theme = ", "is not TOML"),
        ('theme = "blue"', "theme: must be system, light or dark"),
        ('them = "dark"', "there is no setting them. Did you mean theme?"),
        ("pull_interval_s = 1", "pull_interval_s: must be a number from 5 to 86400"),
        ('oms_url = "cmsoms.cern.ch"', "oms_url: is not a web address"),
        ('dsn = "cmsr"', "dsn: is not a database address"),
        ('dsn = "postgresql://me:s3cret/x@db/prod"', "dsn: holds an @ or / that isn't meant"),
        ('dsn = "postgresql://me:s3cret[x@db/prod"', "dsn: is not a database address"),
        ('oms_url = "https://me:s3cret\u2100@cmsoms"', "oms_url: is not a web address"),
        ('user = "auto@auto - me@cern.ch"', "user: begins with auto@auto"),
        ('oms_client_secret = "s3cret"', "must not stand in a file"),
        ("egroups = [1]", "egroups: must be a list of names, such as a,b"),
    ],
)
def test_that_a_bad_file_is_refused_naming_file_key_and_reason(file, text, says):
    written(file, text)

    with pytest.raises(BadInput) as refused:
        Settings.load(environ={}, file=file)

    assert str(file) in str(refused.value)
    assert says in str(refused.value)
    assert "s3cret" not in "".join(traceback.format_exception(refused.value))


def test_that_a_bad_variable_is_refused_by_its_own_name(file):
    with pytest.raises(BadInput, match=r"environment: RUN_REGISTRY_THEME: must be .* dark"):
        Settings.load(environ={"RUN_REGISTRY_THEME": "blue"}, file=file)


def test_that_a_secret_is_never_shown(file):
    settings = Settings.load(environ={"RUN_REGISTRY_OMS_SECRET": "s3cret"}, file=file)

    assert settings.secret("oms_client_secret") == "s3cret"
    assert "s3cret" not in repr(settings)


def test_that_saving_writes_only_what_the_person_set(file):
    Settings.save({"theme": "dark", "egroups": ["a", "b"]}, file)
    Settings.save({"pull_interval_s": 20, "strip_colours": {"db:5432/prod": "#aa0000"}}, file)

    assert tomllib.loads(file.read_text(encoding="utf-8")) == {
        "theme": "dark",
        "egroups": ["a", "b"],
        "pull_interval_s": 20.0,
        "strip_colours": {"db:5432/prod": "#aa0000"},
    }
    assert Settings.load(environ={}, file=file).theme == "dark"


def test_that_saving_nothing_for_a_key_takes_it_out(file):
    Settings.save({"theme": "dark", "pull": False}, file)
    Settings.save({"theme": None}, file)

    assert tomllib.loads(file.read_text(encoding="utf-8")) == {"pull": False}


@pytest.mark.parametrize("name", ['C:\\data "x"', "a\nb\t\x7f\x01", "Zürich 🙂", "= [x] # {y}"])
def test_that_any_text_comes_back_from_the_file_as_it_was(file, name):
    Settings.save({"oms_audience": name, "strip_colours": {name: "#000000"}}, file)

    settings = Settings.load(environ={}, file=file)
    assert settings.oms_audience == name
    assert settings.strip_colours == {name: "#000000"}


def test_that_a_refused_save_leaves_the_file_as_it_was(file):
    Settings.save({"theme": "dark"}, file)
    before = file.read_bytes()

    with pytest.raises(BadInput):
        Settings.save({"theme": "blue"}, file)
    with pytest.raises(BadInput, match="must not stand in a file"):
        Settings.save({"oms_client_secret": "s3cret"}, file)

    assert file.read_bytes() == before
    assert os.listdir(file.parent) == [file.name]


def test_that_the_settings_file_is_readable_by_its_owner_only(file):
    Settings.save({"theme": "dark"}, file)

    assert file.stat().st_mode & 0o077 == 0


def test_that_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "config").write_text("a file where the folder should be", encoding="utf-8")

    with pytest.raises(Refused, match="can't be"):
        Settings.save({"theme": "dark"}, tmp_path / "config" / "settings.toml")


def test_that_on_its_own_database_the_person_is_an_expert(file):
    settings = Settings.load({"user": "a@cern.ch"}, {}, file)

    assert settings.actor(embedded=True) == Actor("a@cern.ch", frozenset({EXPERTS}))


def test_that_on_a_server_rights_come_from_the_egroups_in_the_settings(file):
    settings = Settings.load({"user": "a@cern.ch", "egroups": ["cms-dqm-oncall"]}, {}, file)

    assert settings.actor(embedded=False) == Actor("a@cern.ch", frozenset({"cms-dqm-oncall"}))


def test_that_an_unnamed_person_is_the_login_at_this_machine_without_rights_on_a_server(file):
    actor = Settings.load(environ={}, file=file).actor(embedded=False)

    assert "@" in actor.email
    assert actor.egroups == frozenset()


@pytest.mark.usefixtures("memory_keyring")
def test_that_the_secret_comes_from_the_keyring_of_that_client(file):
    keyring.set_password(PROGRAM, "my-client", "s3cret")

    assert (
        Settings.load({"oms_client_id": "my-client"}, {}, file).secret("oms_client_secret")
        == "s3cret"
    )
    assert Settings.load({"oms_client_id": "another"}, {}, file).secret("oms_client_secret") is None
    assert Settings.load({}, {}, file).secret("oms_client_secret") is None


@pytest.mark.expected_log("The system keyring can't be asked")
@pytest.mark.usefixtures("no_keyring")
def test_that_without_a_keyring_the_environment_is_the_way(file):
    assert (
        Settings.load({"oms_client_id": "my-client"}, {}, file).secret("oms_client_secret") is None
    )
    given = {"RUN_REGISTRY_OMS_SECRET": "s3cret"}
    assert (
        Settings.load({"oms_client_id": "my-client"}, given, file).secret("oms_client_secret")
        == "s3cret"
    )


class BrokenKeyring(MemoryKeyring):
    """One whose service can't be reached; each kind says so in its own way."""

    def get_password(self, service: str, username: str) -> str | None:
        raise ConnectionRefusedError("no D-Bus")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError("no D-Bus")


@pytest.mark.expected_log("The system keyring can't be asked")
def test_that_a_keyring_that_fails_keeps_nobody_from_starting(file, memory_keyring, caplog):
    keyring.set_keyring(BrokenKeyring())
    assert (
        Settings.load({"oms_client_id": "my-client"}, {}, file).secret("oms_client_secret") is None
    )
    assert "no D-Bus" in caplog.text
    assert "RUN_REGISTRY_OMS_SECRET" in caplog.text


@pytest.mark.expected_log("The system keyring can't be asked")
@pytest.mark.usefixtures("memory_keyring")
@pytest.mark.parametrize("bus", ["", "unix:path=/nowhere/bus"])
def test_that_the_keyring_of_a_desktop_without_d_bus_keeps_nobody_from_starting(
    file, monkeypatch, caplog, bus
):
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    if bus:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)
    keyring.set_keyring(SecretService.Keyring())
    assert (
        Settings.load({"oms_client_id": "my-client"}, {}, file).secret("oms_client_secret") is None
    )
    assert "RUN_REGISTRY_OMS_SECRET" in caplog.text


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("postgresql://me:secret@db.cern.ch:6600/prod", "db.cern.ch:6600/prod"),
        ("postgresql://db.cern.ch/prod?sslmode=require", "db.cern.ch:5432/prod"),
        ("postgresql:///prod", "localhost:5432/prod"),
    ],
)
def test_that_a_database_is_told_apart_without_user_and_password(dsn, expected):
    assert place(dsn) == expected


def test_that_the_strip_is_coloured_for_the_database_in_use_only(file):
    colours = {"db.cern.ch:5432/prod": "#aa0000"}
    production = {"dsn": "postgresql://me@db.cern.ch/prod", "strip_colours": colours}
    test = {"dsn": "postgresql://me@db.cern.ch/test", "strip_colours": colours}

    assert Settings.load(production, {}, file).strip_colour() == "#aa0000"
    assert Settings.load(test, {}, file).strip_colour() is None


def test_that_every_setting_has_one_sentence_of_help():
    for name, field in Settings.declared().items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_that_the_page_of_settings_lists_every_setting_with_its_help():
    page = (Path(__file__).parents[1] / "docs" / "settings.md").read_text(encoding="utf-8")

    for name, field in Settings.declared().items():
        assert f"| `{name}` |" in page
        assert f"| {field.description} |" in page


@pytest.mark.parametrize("text", ["a,b", "a b", " a, b ,", '["a", "b"]', '[ "a" ,"b"]\n', "a\nb"])
def test_that_a_list_in_the_environment_is_written_in_any_of_these_ways(text):
    assert Settings.load({}, {"RUN_REGISTRY_EGROUPS": text}).egroups == ("a", "b")


@pytest.mark.parametrize("text", ["[a, b]", '["a"', '{"a": 1}', "[1]", "'a','b'", '"a","b"', "a]"])
def test_that_what_is_no_list_of_names_gives_no_rights_silently(text):
    with pytest.raises(BadInput, match="RUN_REGISTRY_EGROUPS"):
        Settings.load({}, {"RUN_REGISTRY_EGROUPS": text})


def test_that_colours_in_the_environment_may_be_json():
    for text in ("db:5432/a=#aa0000", '{"db:5432/a": "#aa0000"}'):
        loaded = Settings.load({}, {"RUN_REGISTRY_STRIP_COLOURS": text})
        assert loaded.strip_colours == {"db:5432/a": "#aa0000"}
    with pytest.raises(BadInput, match="RUN_REGISTRY_STRIP_COLOURS"):
        Settings.load({}, {"RUN_REGISTRY_STRIP_COLOURS": "{db: #aa0000}"})


class Panic(BaseException):
    """What a part written in another language raises: no Exception."""


class FallenKeyring(MemoryKeyring):
    """A keyring whose service isn't there, or hangs."""

    def __init__(self, error: BaseException | None) -> None:
        super().__init__()
        self._error = error
        self.released = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        if self._error is not None:
            raise self._error
        self.released.wait()
        return "late"


@pytest.mark.expected_log("The system keyring can't be asked")
@pytest.mark.parametrize(
    "error", [OSError("no D-Bus"), TypeError("None"), Panic("gone"), SystemExit(3), None], ids=repr
)
def test_that_a_broken_keyring_keeps_nobody_from_starting(file, monkeypatch, error) -> None:
    monkeypatch.setattr(passwords, "_ANSWER_S", 0.2 if error is None else 60.0)
    before, broken = keyring.get_keyring(), FallenKeyring(error)
    keyring.set_keyring(broken)
    try:
        settings = Settings.load({"oms_client_id": "my-client"}, {}, file)
        assert settings.secret("oms_client_secret") is None
    finally:
        broken.released.set()
        keyring.set_keyring(before)


def test_that_who_has_no_session_of_systemd_is_not_warned(monkeypatch, tmp_path) -> None:
    of_others = tmp_path / "run"
    of_others.mkdir()
    of_others.chmod(0o755)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(of_others))
    assert not window_channel().is_relative_to(of_others)
