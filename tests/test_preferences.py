"""The settings as a person sees and changes them."""

import tomllib
from pathlib import Path

import keyring
import pytest
from keyring.backends import null

from app.domain.errors import BadInput, Refused
from app.domain.preferences import Origin
from app.preferences import _SUBJECTS, PreferenceBook, text_of
from app.settings import PROGRAM, Settings
from tests.test_settings import MemoryKeyring


class ForgettingKeyring(MemoryKeyring):
    """Keeps secrets until they are deleted."""

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def kept(monkeypatch):
    before, memory = keyring.get_keyring(), ForgettingKeyring()
    keyring.set_keyring(memory)
    yield memory.kept
    keyring.set_keyring(before)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.toml"


def preferences(file: Path, environ=None, **arguments: object) -> PreferenceBook:
    return PreferenceBook(Settings.load(arguments, environ or {}, file))


def test_that_every_setting_has_one_subject():
    named = [name for names in _SUBJECTS.values() for name in names]
    assert sorted(named) == sorted(Settings.declared())


def test_that_each_value_says_where_it_comes_from(file):
    Settings.save({"palette": "traditional", "theme": "dark"}, file)
    environ = {"RUN_REGISTRY_THEME": "light"}

    read = {each.name: each for each in preferences(file, environ, user="me@cern.ch").read()}

    assert (read["palette"].origin, read["palette"].where) == (Origin.FILE, str(file))
    assert (read["theme"].origin, read["theme"].value) == (Origin.ENVIRONMENT, "light")
    assert "RUN_REGISTRY_THEME in the environment sets theme" in read["theme"].fixed
    assert "--as-user on the command line sets user" in read["user"].fixed
    assert (read["pull"].origin, read["pull"].value, read["pull"].fixed) == (
        Origin.DEFAULT,
        "on",
        "",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pull", False),
        ("pull_interval_s", 12.5),
        ("pull_interval_s", 3600.0),
        ("egroups", ("a", "b")),
        ("egroups", ("a b", "c,d")),
        ("strip_colours", {"db:5432/a": "#aa0000", "db:5432/b": "#00aa00"}),
        ("strip_colours", {"odd=,place": "#aa0000"}),
        ("applications", {"bot": "me@cern.ch group"}),
        ("data_folder", Path("/somewhere/else")),
        ("door_body_mb", 20),
        ("theme", "dark"),
    ],
)
def test_that_the_text_of_a_value_is_a_way_to_set_it(file, name, value):
    preferences(file).set(name, text_of(value))

    assert getattr(Settings.load({}, {}, file), name) == value


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("theme", "blue", "theme is one of system, light, dark."),
        ("pull", "maybe", "pull is one of on, off."),
        ("pull_interval_s", "1", "pull_interval_s must be a number from 5 to 86400."),
        ("pull_interval_s", "often", "pull_interval_s must be a number from 5 to 86400."),
        ("oms_url", "oms", "oms_url is not a web address (https://host/path)."),
        ("oms_url", "", "oms_url needs a value."),
        ("user", "me", "user is not an e-mail address."),
        ("strip_colours", "db:5432/a=red", "strip_colours is not a colour such as #aa0000."),
        ("dsn", "postgresql://me:***@db/rr", "dsn holds *** in the place of a password."),
        ("user", "", ""),
        ("theme", "dark", ""),
    ],
)
def test_that_a_text_is_checked_in_a_sentence(file, name, text, says):
    assert preferences(file).fault(name, text)[: len(says) or None] == says


def test_that_what_another_source_sets_is_not_changed(file):
    with pytest.raises(Refused, match="goes before the settings file"):
        preferences(file, {"RUN_REGISTRY_THEME": "light"}).set("theme", "dark")

    assert not file.exists()


def test_that_a_change_is_pending_until_the_next_start_unless_it_is_immediate(file):
    running = preferences(file)

    assert running.set("pull_interval_s", "30").is_pending
    assert not running.set("theme", "dark").is_pending
    assert not running.unset("pull_interval_s").is_pending
    assert not preferences(file).one("theme").is_pending


def test_that_what_the_person_wrote_in_the_file_stays(file):
    file.parent.mkdir()
    file.write_text('# my own words\ntheme = "dark"  # at night\n\npull = false\n', "utf-8")

    preferences(file).set("theme", "light")
    preferences(file).set("user", "me@cern.ch")
    preferences(file).unset("pull")

    text = file.read_text("utf-8")
    assert "# my own words" in text
    assert 'theme = "light"' in text
    assert "# at night" in text
    assert tomllib.loads(text) == {"theme": "light", "user": "me@cern.ch"}


def test_that_a_password_in_an_address_is_not_shown(file):
    address = "postgresql://me:s3cretword@db.invalid/rr"

    one = preferences(file).set("dsn", address)

    assert "s3cretword" not in repr(one)
    assert Settings.load({}, {}, file).dsn == address


def test_that_a_secret_goes_to_the_keyring_under_the_client(file, kept):
    first = preferences(file)
    with pytest.raises(Refused, match="Set oms_client_id first"):
        first.set("oms_client_secret", "s3cretword")
    first.set("oms_client_id", "me")

    one = first.set("oms_client_secret", "s3cretword")

    assert kept == {(PROGRAM, "me"): "s3cretword"}
    assert Settings.load({}, {}, file).secret("oms_client_secret") == "s3cretword"
    assert (one.is_given, one.origin) == (True, Origin.KEYRING)
    assert "s3cretword" not in repr(one) + file.read_text("utf-8")
    assert not first.unset("oms_client_secret").is_given
    assert kept == {}


@pytest.mark.usefixtures("kept")
def test_that_a_keyring_that_keeps_nothing_is_told(file):
    book = preferences(file)
    book.set("oms_client_id", "me")
    # Which takes everything, and has nothing: so a keyring is switched off.
    keyring.set_keyring(null.Keyring())

    with pytest.raises(Refused, match=r"keeps nothing.*RUN_REGISTRY_OMS_SECRET"):
        book.set("oms_client_secret", "s3cretword")


def test_that_a_secret_of_the_environment_is_named_and_not_shown(file):
    one = preferences(file, {"RUN_REGISTRY_OMS_SECRET": "s3cretword"}).one("oms_client_secret")

    assert "RUN_REGISTRY_OMS_SECRET in the environment" in one.fixed
    assert one.is_given
    assert "s3cretword" not in repr(one)


def test_that_a_file_that_became_faulty_meanwhile_is_refused_and_kept(file):
    running = preferences(file)
    file.parent.mkdir()
    file.write_text("theme = ", "utf-8")

    with pytest.raises(BadInput, match="is not TOML"):
        running.set("theme", "dark")

    assert file.read_text("utf-8") == "theme = "


def test_that_a_name_that_is_almost_right_is_helped(file):
    with pytest.raises(BadInput, match=r"no setting them\. Did you mean theme"):
        preferences(file).set("them", "dark")


def test_that_a_faulty_value_is_told_and_mended(file):
    file.parent.mkdir()
    file.write_text('theme = "darkk"\npalette = "traditional"\n', "utf-8")
    book = PreferenceBook(Settings.without_faults(Settings.sources_of({}, {}, file))[0])
    faulty = book.one("theme")
    assert faulty.fault.startswith(f"settings file {file}: theme: ")
    assert (faulty.value, faulty.origin) == ("system", Origin.FILE)
    assert [each.name for each in book.read() if each.fault] == ["theme"]
    assert book.one("palette").value == "traditional"

    assert not book.set("theme", "dark").fault
    assert tomllib.loads(file.read_text("utf-8")) == {"theme": "dark", "palette": "traditional"}


def test_that_what_is_no_setting_is_left_to_an_editor(file):
    file.parent.mkdir()
    file.write_text('tehme = "dark"\n', "utf-8")
    book = PreferenceBook(Settings.without_faults(Settings.sources_of({}, {}, file))[0])
    with pytest.raises(BadInput, match=r"there is no setting tehme\. Did you mean theme\?"):
        book.read()
