"""Signed notes as others write and read them."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from app.domain.errors import BadInput
from app.domain.seal import notes
from app.domain.seal.notes import Checkpoint, Note, PublicKey, Signature

ROOT = hashlib.sha256(b"root").digest()
# The example key of Go's package sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_that_a_key_of_another_program_is_read_and_written_as_it_is() -> None:
    key = notes.parse_public_key(GO_KEY)
    assert (key.name, key.id, key.text) == ("PeterNeumann", "c74f20a3", GO_KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+01234567",
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("Peter", "Paul"),
        GO_KEY[:-4],
        GO_KEY.replace("AR", "CR"),
        GO_KEY.replace("TW", "T\N{SNOWMAN}"),
    ],
)
def test_that_a_damaged_key_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        notes.parse_public_key(text)


def test_that_a_checkpoint_has_a_line_each_for_name_size_and_root() -> None:
    at = datetime(2026, 5, 1, 10, 30, tzinfo=UTC)
    checkpoint = Checkpoint("run-registry/x", 17, ROOT, at)
    assert checkpoint.body == (
        f"run-registry/x\n17\n{base64.b64encode(ROOT).decode()}\ntime 2026-05-01T10:30:00+00:00\n"
    )
    assert notes.parse_checkpoint(checkpoint.body) == checkpoint


def test_that_lines_of_others_below_are_left_alone() -> None:
    body = Checkpoint("run-registry/x", 17, ROOT).body + "something else\ntime of tea\n"
    assert notes.parse_checkpoint(body) == Checkpoint("run-registry/x", 17, ROOT)


@pytest.mark.parametrize("size", ["", "-1", "+1", "01", "1.0", "\N{SUPERSCRIPT TWO}", "9" * 19])
def test_that_a_size_that_is_none_is_refused(size: str) -> None:
    with pytest.raises(BadInput):
        notes.parse_checkpoint(f"run-registry/x\n{size}\n{base64.b64encode(ROOT).decode()}\n")


def test_that_a_note_is_read_as_it_was_written() -> None:
    note = Note("a\nb\n", (Signature("me", "01234567", b"x" * 64), Signature("you", "0" * 8, b"y")))
    assert notes.parse_note(note.text) == note


def test_that_a_note_without_signatures_is_one() -> None:
    assert notes.parse_note("a\nb\n\n") == Note("a\nb\n")


@pytest.mark.parametrize(
    "text", ["", "a", "a\n", "a\n\n- me AAAAAHk=\n", "a\n\n— me\n", "a\n\n— m AA\n"]
)
def test_that_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        notes.parse_note(text)


def test_that_a_root_is_read_from_one_word() -> None:
    assert notes.parse_short(Checkpoint("x", 17, ROOT).short) == (17, ROOT)
    for wrong in ("17", f"x:{ROOT.hex()}", "17:00", f"17:{'z' * 64}"):
        with pytest.raises(BadInput):
            notes.parse_short(wrong)


def test_that_a_private_key_isn_t_told_by_accident() -> None:
    key = notes.PrivateKey("me", b"s" * 32, PublicKey("me", b"p" * 32).id)
    assert notes.parse_private_key(key.text + "\n") == key
    assert "s" * 8 not in repr(key)
    assert base64.b64encode(b"s" * 32).decode() not in repr(key)
    with pytest.raises(BadInput) as refusal:
        notes.parse_private_key(key.text[:-3])
    assert key.text[-20:-3] not in str(refusal.value)
