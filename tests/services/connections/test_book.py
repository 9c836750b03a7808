"""The list of connections: whole or not at all, whoever else writes it, whatever is in it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.connections.named import BUILT_IN, DEMONSTRATION, Kind, NamedConnection, Proof
from app.domain.errors import BadInput, Conflict, NotFound, Refused
from app.services.connections.book import ConnectionBook

ROOT = Path(__file__).parents[3]
SERVER = NamedConnection(
    "cms", Kind.TEST, "db.cern.ch", 5432, "rr", "me", Proof.PASSWORD, colour="#00aa00"
)


class Memory:
    """Keeps passwords while a test runs; refuses when it is `broken`."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.broken = False

    def _check(self) -> None:
        if self.broken:
            raise Refused("The system keyring can't be asked (gone).")

    def read(self, name: str) -> str | None:
        self._check()
        return self.kept.get(name)

    def keep(self, name: str, secret: str) -> None:
        self._check()
        self.kept[name] = secret

    def forget(self, name: str) -> None:
        self._check()
        self.kept.pop(name, None)


@pytest.fixture
def passwords() -> Memory:
    return Memory()


@pytest.fixture
def book(tmp_path, passwords) -> ConnectionBook:
    return ConnectionBook(tmp_path / "config" / "connections.json", passwords)


def names(book: ConnectionBook) -> list[str]:
    return [each.name for each in book.read().connections]


def test_that_a_list_begins_with_what_is_built_in(book):
    assert book.read().connections == BUILT_IN
    assert book.read().used == DEMONSTRATION.name
    assert not book.file.exists(), "looking writes nothing"


def test_that_what_is_kept_is_read_again_and_is_for_its_owner_only(book):
    book.put(SERVER)
    book.use("cms")
    again = ConnectionBook(book.file, Memory()).read()
    assert (again.connections[-1], again.used, again.faulty) == (SERVER, "cms", "")
    assert book.file.stat().st_mode & 0o077 == 0


def test_that_production_gets_its_address_and_stays_first(book):
    with pytest.raises(Refused, match="no address yet"):
        book.use("production")
    book.put(SERVER)
    book.put(NamedConnection("production", host="db", database="rr"), seen=BUILT_IN[0])
    assert names(book) == ["production", "test", "demonstration", "cms"]
    book.use("production")
    assert book.read().used == "production"
    book.remove("production")
    assert book.read().connections[0] == BUILT_IN[0]
    assert book.read().used == DEMONSTRATION.name


def test_that_a_name_is_taken_once(book):
    book.put(SERVER)
    for taken in (SERVER, replace(SERVER, name="CMS")):
        with pytest.raises(Conflict):
            book.put(taken)
    with pytest.raises(BadInput):
        book.put(replace(SERVER, name="a\nb"))
    with pytest.raises(Refused):
        book.put(DEMONSTRATION)
    with pytest.raises(NotFound, match="connections list"):
        book.remove("nosuch")
    with pytest.raises(Refused, match="always"):
        book.remove("demonstration")


def test_that_a_change_of_what_somebody_else_changed_is_refused(book):
    book.put(SERVER)
    book.put(replace(SERVER, host="other"), seen=SERVER)
    with pytest.raises(Conflict, match="changed meanwhile"):
        book.put(replace(SERVER, port=1), seen=SERVER)
    assert book.read().named("cms").host == "other"


def test_that_the_used_one_stays_used_under_a_new_name_and_at_its_place(book):
    book.put(SERVER)
    book.put(replace(SERVER, name="last"))
    book.use("cms")
    book.put(replace(SERVER, name="renamed"), seen=SERVER)
    assert names(book)[3:] == ["renamed", "last"]
    assert book.read().used == "renamed"


def test_that_a_password_is_in_the_keyring_alone_and_goes_with_its_connection(book, passwords):
    book.put(SERVER)
    book.keep_password(SERVER, "s3cret-word")
    assert book.password(SERVER) == "s3cret-word"
    assert "s3cret-word" not in book.file.read_text()
    moved = book.put(replace(SERVER, host="evil.example"), seen=SERVER)
    assert book.password(moved) == "", "the password isn't sent to another server"
    assert passwords.kept == {}
    book.keep_password(moved, "other")
    twin = book.put(replace(moved, name="twin"))
    book.remove("cms")
    assert book.password(twin) == "other"
    book.remove("twin")
    assert passwords.kept == {}
    assert book.password(replace(SERVER, proof=Proof.KERBEROS)) == ""


@pytest.mark.expected_log("A password stays there")
def test_that_without_a_keyring_the_other_way_is_named(book, passwords):
    book.put(SERVER)
    passwords.broken = True
    with pytest.raises(Refused, match=r"db\.cern\.ch:5432:rr:me:PASSWORD"):
        book.keep_password(SERVER, "x")
    assert book.password(SERVER) == ""
    book.remove("cms")
    assert names(book) == [each.name for each in BUILT_IN]


@pytest.mark.expected_log("is faulty")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"format": 2}',
        b'{"format": 1}',
        b'{"format": 1, "connections": 3}',
        b'{"format": 1, "connections": [{"name": "a\\u001b[2J"}]}',
        b"[" * 100_000,
        b'{"format": 1, "connections": [{"name": "a", "port": 1' + b"0" * 5000 + b"}]}",
    ],
    ids=range(10),
)
def test_that_a_faulty_file_is_set_aside_named_and_starts_anew(book, content):
    book.file.parent.mkdir()
    book.file.write_bytes(content)
    listed = book.read()
    assert listed.connections == BUILT_IN
    aside = book.file.with_name("connections.json.faulty")
    assert str(aside) in listed.faulty
    assert aside.read_bytes() == content
    assert ConnectionBook(book.file, Memory()).read().faulty == ""
    assert book.put(SERVER) == SERVER


@pytest.mark.expected_log("is faulty")
def test_that_what_is_good_in_a_faulty_file_is_kept(book):
    book.put(SERVER)
    document = json.loads(book.file.read_text())
    document["connections"] += [{"name": "bad", "port": 0}, {"name": "demonstration"}, None]
    document["connections"].append(document["connections"][0])
    document["used"] = "gone"
    book.file.write_text(json.dumps(document))
    listed = book.read()
    assert listed.connections[3:] == (SERVER,)
    assert listed.used == DEMONSTRATION.name
    assert "port" in listed.faulty
    book.file.with_name("connections.json.faulty").unlink()
    book.file.write_text("{")
    book.read()
    book.file.write_text("[")
    assert "faulty-2" in book.read().faulty


@pytest.mark.expected_log("is faulty")
def test_that_a_folder_in_its_place_keeps_nobody_from_starting(book):
    book.file.mkdir(parents=True)
    (book.file / "x").touch()
    assert book.read().connections == BUILT_IN
    book.put(SERVER)
    assert book.read().connections[-1] == SERVER


@pytest.mark.expected_log("is faulty", always=False)
def test_that_two_hundred_connections_are_kept(book):
    for number in range(200):
        book.put(replace(SERVER, name=f"server {number}"))
    assert len(book.read().connections) == 203


ADDS = """
import sys
from dataclasses import replace
from pathlib import Path
from app.domain.connections.named import NamedConnection
from app.services.connections.book import ConnectionBook
book = ConnectionBook(Path(sys.argv[1]), None)
for number in range(20):
    book.put(NamedConnection(f"{sys.argv[2]} {number}", host="db", database="rr"))
"""


def test_that_two_programs_that_write_at_once_lose_nothing(book):
    programs = [
        subprocess.Popen([sys.executable, "-c", ADDS, str(book.file), name], cwd=ROOT)
        for name in ("one", "two", "three")
    ]
    assert [program.wait(120) for program in programs] == [0, 0, 0]
    assert len(book.read().connections) == 3 + 60
    assert book.read().faulty == ""
