"""Keys in files, and signatures that others can check."""

import stat

import pytest

from app.domain.errors import BadInput, Refused
from app.domain.seal.notes import parse_public_key
from app.services.seal import keys

# The example of Go's package sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"  # noqa: E501
)


def test_that_the_signature_of_another_program_is_checked():
    key = parse_public_key(GO_KEY)
    assert keys.signed_by(GO_NOTE, key)
    assert not keys.signed_by(GO_NOTE.replace("think", "know"), key)


def test_that_only_its_owner_can_read_a_key(tmp_path):
    made = keys.make(tmp_path / "folder" / "seal.key", name="puller")
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    signer = keys.load(made.file)
    assert signer.public == made.public
    assert keys.public_key(str(made.file.with_name("seal.key.pub"))) == made.public
    assert keys.public_key(made.public.text) == made.public
    made.file.chmod(0o640)
    with pytest.raises(Refused, match="chmod 600"):
        keys.load(made.file)


def test_that_a_signature_holds_for_its_text_alone(tmp_path):
    signer = keys.load(keys.make(tmp_path / "seal.key", name="puller").file)
    other = keys.load(keys.make(tmp_path / "other.key", name="puller").file)
    note = signer.sign("a\nb\n")
    assert keys.signed_by(note, signer.public)
    assert not keys.signed_by(note.replace("a\n", "c\n"), signer.public)
    assert not keys.signed_by(note, other.public)


def test_that_an_old_key_is_kept_and_endorses_the_new_one(tmp_path):
    first = keys.make(tmp_path / "seal.key", name="puller")
    second = keys.make(tmp_path / "seal.key", name="puller")
    assert second.kept_old == tmp_path / f"seal.key.old-{first.public.id}"
    assert keys.load(second.kept_old).public == first.public
    assert keys.signed_by(keys.load(second.file).endorsement, first.public)
    third = keys.make(tmp_path / "there.key", name="there", endorsed_by=second.file)
    assert (third.endorsed_by, third.kept_old) == (second.public.id, None)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n"])
def test_that_a_name_that_can_t_be_signed_with_is_refused(tmp_path, name):
    with pytest.raises(BadInput):
        keys.make(tmp_path / "seal.key", name=name)


def test_that_a_file_that_is_no_key_is_refused_without_its_content(tmp_path):
    file = tmp_path / "seal.key"
    for content in (b"secret words", b"\xff\xfe", b"x" * 100_000):
        file.write_bytes(content)
        file.chmod(0o600)
        with pytest.raises(BadInput) as refusal:
            keys.load(file)
        assert "secret" not in str(refusal.value)
    with pytest.raises(BadInput, match="can't be read"):
        keys.load(tmp_path / "missing")
    with pytest.raises(BadInput, match="can't be read"):
        keys.public_key(str(tmp_path / "missing"))
