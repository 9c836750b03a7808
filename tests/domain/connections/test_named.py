from dataclasses import replace

import pytest
from psycopg.conninfo import conninfo_to_dict

from app.domain.connections.named import (
    BUILT_IN,
    DEMONSTRATION,
    Kind,
    NamedConnection,
    Proof,
    changed,
    check,
)
from app.domain.errors import BadInput

SERVER = NamedConnection("cms", Kind.TEST, "db.cern.ch", 5433, "rr", "me")


def test_that_what_is_stored_comes_back():
    stored = replace(
        SERVER,
        proof=Proof.CERTIFICATE,
        certificate="/c.pem",
        colour="#aa0000",
        read_only=True,
        host="a.cern.ch,b.cern.ch",
        direct="a.cern.ch",
        read_standby=True,
    )
    assert NamedConnection.from_json(stored.as_json()) == stored
    assert [NamedConnection.from_json(each.as_json()) for each in BUILT_IN] == list(BUILT_IN)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": " a"},
        {"name": "a\x1b[31mb"},
        {"name": "a\u202eb"},
        {"name": "a" * 61},
        {"name": "demonstration"},
        {"host": "a b"},
        {"host": "me@db"},
        {"host": ""},
        {"host": "db\n"},
        {"host": "a.cern.ch,"},
        {"host": "a.cern.ch,b c"},
        {"read_standby": True},
        {"direct": "a.cern.ch, b.cern.ch"},
        {"direct": "a.cern.ch,"},
        {"direct": "a.cern.ch,b.cern.ch:0"},
        {"direct": "a.cern.ch:0"},
        {"direct": "me@a.cern.ch"},
        {"port": 0},
        {"port": 65536},
        {"port": "5432"},
        {"port": True},
        {"sslmode": "strict"},
        {"gssencmode": "no"},
        {"proof": "word"},
        {"kind": "real"},
        {"kind": "demonstration"},
        {"proof": "certificate"},
        {"colour": "red"},
        {"read_only": "yes"},
        {"password": "secret"},
        {"database": "x" * 1001},
    ],
)
def test_that_what_can_t_be_right_is_refused_with_a_sentence(wrong):
    with pytest.raises(BadInput, match=r"\.$"):
        NamedConnection.from_json({**SERVER.as_json(), **wrong})


@pytest.mark.parametrize("stored", [["cms"], {"host": "db"}, None])
def test_that_what_is_no_connection_is_refused(stored):
    with pytest.raises(BadInput):
        NamedConnection.from_json(stored)


def test_that_an_address_is_what_libpq_reads():
    assert SERVER.dsn("secret") == (
        "host='db.cern.ch' port='5433' dbname='rr' user='me' sslmode='verify-full'"
        " gssencmode='prefer'"
    )
    hostile = replace(SERVER, proof=Proof.PASSWORD, login="o'neil\\", read_only=True)
    said = hostile.dsn("it's")
    assert r"user='o\'neil\\'" in said
    assert r"password='it\'s'" in said
    assert "options='-c default_transaction_read_only=on'" in said
    certified = replace(SERVER, proof=Proof.CERTIFICATE, certificate="/c.pem")
    assert "sslcert='/c.pem' sslkey='/c.pem'" in certified.dsn()


def test_that_the_place_of_a_password_goes_with_the_address():
    assert SERVER.password_key == "postgresql://me@db.cern.ch:5433/rr"
    assert replace(SERVER, host="evil.example").password_key != SERVER.password_key
    assert replace(SERVER, name="other").password_key == SERVER.password_key


def test_that_production_and_test_wait_for_their_address():
    assert [each.has_address for each in BUILT_IN] == [False, False, True]
    assert [each.address for each in (*BUILT_IN, SERVER)] == ["", "", "", "db.cern.ch:5433/rr"]


def test_that_texts_change_a_connection():
    assert changed(SERVER, {"port": "15432", "read_only": "yes"}) == replace(
        SERVER, port=15432, read_only=True
    )
    with pytest.raises(BadInput, match="port"):
        changed(SERVER, {"port": "٣"})
    with pytest.raises(BadInput, match="stays as it is"):
        check(replace(DEMONSTRATION, read_only=True))


@pytest.mark.parametrize(
    ("direct", "expected"),
    [
        ("db.cern.ch", {"host": "db.cern.ch", "port": "5432"}),
        ("db.cern.ch:5433", {"host": "db.cern.ch", "port": "5433"}),
        ("[2001:db8::1]:5433", {"host": "2001:db8::1", "port": "5433"}),
        ("a.cern.ch:5433,b.cern.ch", {"host": "a.cern.ch,b.cern.ch", "port": "5433,5432"}),
    ],
)
def test_that_the_server_itself_is_reached_as_the_pooler_is(direct, expected):
    pooled = replace(SERVER, proof=Proof.PASSWORD, direct=direct, port=6432)
    check(pooled)
    there = conninfo_to_dict(pooled.direct_dsn("secret"))
    assert there == {**conninfo_to_dict(pooled.dsn("secret")), **expected}
    assert SERVER.direct_dsn() is None


def test_that_a_program_that_knows_no_standby_reads_the_others_of_a_list():
    assert not {"direct", "read_standby"} & SERVER.as_json().keys()
