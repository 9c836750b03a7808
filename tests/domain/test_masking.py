"""What is secret stands in no text that leaves the program."""

import pytest

from app.domain.errors import BadInput, Unavailable
from app.domain.masking import check_database_address, keep_secret, masked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://me:hunter2@db/prod", "postgresql://me:***@db/prod"),
        ("at postgresql://me:hun/ter@2@db/prod now", "at postgresql://me:***@db/prod now"),
        ("postgres://me@cern.ch:hun@ter2@db/prod", "postgres://me@cern.ch:***@db/prod"),
        ("postgresql+psycopg://me:hun?ter#2@db/prod", "postgresql+psycopg://me:***@db/prod"),
        ("postgresql://me@db:5432/prod", "postgresql://me@db:5432/prod"),
        ("postgresql://db:5432/prod?password=hunter2", "postgresql://db:5432/prod?password=***"),
        ("host=db password='hunter 2\\' x' user=me", "host=db password='***' user=me"),
        ("https://me:hunter2@oms/runs", "https://me:***@oms/runs"),
        ("RUN_REGISTRY_OMS_SECRET=hunter2 pull", "RUN_REGISTRY_OMS_SECRET=*** pull"),
        ("PGPASSWORD=hunter2", "PGPASSWORD=***"),
        ('oms_client_secret = "hunter 2"', 'oms_client_secret = "***"'),
        ("{'key_password': 'hunter 2'}", "{'key_password': '***'}"),
        ('{"access_token": "eyJhbGci', '{"access_token": "***'),
        ("header value b'Bearer eyJhbGciOi.J9-_\\n'", "header value b'Bearer ***\\n'"),
        ("run 362760: 812 lumisections", "run 362760: 812 lumisections"),
        (
            "https://cmsoms.cern.ch:443/agg, me@cern.ch",
            "https://cmsoms.cern.ch:443/agg, me@cern.ch",
        ),
        ("The token server answers without a token.", "The token server answers without a token."),
    ],
)
def test_that_what_looks_like_a_secret_is_masked_and_nothing_else(text: str, expected: str):
    assert masked(text) == expected


def test_that_a_known_secret_is_masked_however_it_is_written():
    keep_secret("p@ss/w\u00f6rd of\nmine\n")
    for text in (
        "said p@ss/w\u00f6rd of\nmine here",
        "said p%40ss%2Fw%C3%B6rd%20of%0Amine here",
        "said p%40ss/w%C3%B6rd%20of%0Amine here",
        "said p@ss/w\u00f6rd of\\nmine here",
    ):
        assert masked(text) == "said *** here"


def test_that_a_short_secret_is_masked_only_where_it_stands_alone():
    keep_secret("colli")
    keep_secret("abc")
    text = "colli: Collisions25, recolli (colli) abc"
    assert masked(text) == "***: Collisions25, recolli (***) abc"


def test_that_only_the_newest_secrets_are_kept():
    for number in range(1_000):
        keep_secret(f"token-number-{number:05}-of-many")
    assert masked("token-number-00999-of-many") == "***"
    assert masked("token-number-00000-of-many") == "token-number-00000-of-many"


def test_that_no_error_for_a_person_tells_a_secret():
    keep_secret("a-token-that-nobody-may-see")
    for error in (
        BadInput("no password=hunter2 here"),
        Unavailable("OMS says a-token-that-nobody-may-see."),
    ):
        for text in (str(error), repr(error), f"{error}"):
            assert "***" in text
            assert "hunter2" not in text
            assert "nobody" not in text


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:hun/ter2@db/prod",
        "postgresql://me:hun@ter2@db/prod",
        "postgresql://me:hun?ter2@db/prod",
        "postgresql://me@cern.ch:hunter2@db/prod",
    ],
)
def test_that_an_address_that_would_tell_its_password_is_refused_without_telling_it(address: str):
    with pytest.raises(ValueError, match="write %40 for @") as refused:
        check_database_address(address)
    assert "hun" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:hun%2Fter%402@db:5432/prod?sslmode=require&options=-c%20x",
        "postgresql://me@one,two:5433/prod?user=me@cern.ch",
        "postgresql:///prod?host=/run/postgresql",
        "postgresql://db/prod",
        "host=/run user=me@cern.ch password=a/b@c dbname=prod",
    ],
)
def test_that_every_other_address_is_taken(address: str):
    check_database_address(address)
