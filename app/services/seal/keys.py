"""The key of the seal: a file beside the puller, never in the database.

Beside the key `FILE` lie `FILE.pub`, its public half for everybody; `FILE.endorsed`, what the key
before says of it; and `FILE.last`, the last checkpoint that was signed here.
"""

import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app import files
from app.domain.errors import BadInput, Refused
from app.domain.seal.leaves import KEY, Leaf, statement, values
from app.domain.seal.notes import (
    Checkpoint,
    Note,
    PrivateKey,
    PublicKey,
    Signature,
    parse_checkpoint,
    parse_note,
    parse_private_key,
    parse_public_key,
)

_ENDORSED = "run-registry seal: the next key is\n"
_LONGEST_FILE = 65_536


@dataclass(frozen=True)
class Signer:
    """A key that can sign, and the files beside it; `last` is the one with the last checkpoint."""

    file: Path
    private: PrivateKey
    public: PublicKey
    endorsement: str
    last: Path

    def sign(self, body: str) -> str:
        """The text with our signature below."""
        return Note(body, (_signature(self.private, self.public, body),)).text

    @property
    def leaf(self) -> Leaf:
        """The leaf that names the key in the tree."""
        return statement(KEY, int(self.public.id, 16), self.public.text, self.endorsement)

    def last_signed(self) -> Checkpoint | None:
        """The last checkpoint that was signed here; None before the first."""
        if not files.is_file(self.last):
            return None
        return parse_checkpoint(parse_note(text_of(self.last)).body)

    def remember(self, note: str) -> None:
        """Keeps the last checkpoint: with another history no further one is signed.

        Two programs with one key may come here in another order than they signed.
        """
        last = self.last_signed()
        if last is not None and last.size > parse_checkpoint(parse_note(note).body).size:
            return
        files.make_folder(self.last.parent)
        files.write(self.last, note, mode=files.PRIVATE)


@dataclass(frozen=True)
class MadeKey:
    """A new key: its file, its public half, and what endorses it."""

    file: Path
    public: PublicKey
    endorsed_by: str
    kept_old: Path | None

    @property
    def text(self) -> str:
        """What was done, and what to do now."""
        said = f"Made the key {self.file}. Its public half is {self.public.text}"
        if self.endorsed_by:
            said += f", endorsed by the key {self.endorsed_by}"
        if self.kept_old is not None:
            said += f"; the old key is kept as {self.kept_old}"
        return f"{said}. The puller signs with it from its next start on."


def make(file: Path, *, name: str, endorsed_by: Path | None = None) -> MadeKey:
    """A new key in a file that only its owner can read.

    One that is there already is kept under another name, and endorses the new one.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not name or "+" in name or any(letter.isspace() for letter in name):
        raise BadInput(f'"{name}" can\'t be the name of a key: no blanks, and no plus sign.')
    old = load(file) if files.is_file(file) else None
    endorser = old if endorsed_by is None else load(endorsed_by)
    made = Ed25519PrivateKey.generate()
    public = PublicKey(name, made.public_key().public_bytes_raw())
    private = PrivateKey(name, made.private_bytes_raw(), public.id)
    endorsement = "" if endorser is None else endorser.sign(f"{_ENDORSED}{public.text}\n")
    kept = None
    files.make_folder(file.parent)
    files.check_writable(file)
    if old is not None:
        kept = _beside(file, f"old-{old.public.id}")
        files.write(kept, old.private.text + "\n", mode=files.PRIVATE)
    _write_beside(file, "endorsed", endorsement)
    _write_beside(file, "pub", public.text + "\n")
    files.write(file, private.text + "\n", mode=files.PRIVATE)
    return MadeKey(file, public, "" if endorser is None else endorser.public.id, kept)


def load(file: Path, *, handed_to: Path | None = None) -> Signer:
    """The key of a file. Raises Refused when others can read it, BadInput when it holds none.

    One that the service manager hands over lies where nothing can be written, and who reads it is
    its business: then the last checkpoint is kept in the folder `handed_to`.
    """
    private = parse_private_key(text_of(file))
    mode = file.stat().st_mode
    if os.name == "posix" and handed_to is None and stat.S_IMODE(mode) & 0o077:
        raise Refused(
            f"The key {file} can be read or written by others, so it proves nothing."
            f" Type: chmod 600 {file}"
        )
    public = _public_of(private)
    if public.id != private.id:
        raise BadInput(f"The key {file} is damaged: it doesn't fit its own number {private.id}.")
    beside = _beside(file, "endorsed")
    endorsement = text_of(beside) if files.is_file(beside) else ""
    last = _beside(file if handed_to is None else handed_to / file.name, "last")
    return Signer(file, private, public, endorsement, last)


def public_key(given: str) -> PublicKey:
    """A public key from its line, or from a file that holds it."""
    if "+" in given:
        return parse_public_key(given)
    return parse_public_key(text_of(Path(given)))


def signed_by(note: str, key: PublicKey) -> bool:
    """Whether a note bears a signature of the key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    parsed = parse_note(note)
    checks = Ed25519PublicKey.from_public_bytes(key.raw)
    for each in parsed.signatures:
        if (each.name, each.key_id) != (key.name, key.id):
            continue
        try:
            checks.verify(each.raw, parsed.body.encode())
        except InvalidSignature:
            continue
        return True
    return False


@dataclass(frozen=True)
class NamedKey:
    """A key that the tree names, since which position, and the endorsement it came with."""

    position: int
    public: PublicKey
    endorsement: str


def named(position: int, content: str) -> NamedKey | None:
    """The key of a statement in the tree; None when it can't be read."""
    try:
        text, endorsement = values(content)
        return NamedKey(position, parse_public_key(str(text)), str(endorsement))
    except (BadInput, ValueError, AssertionError):
        return None


def trusted(given: PublicKey, known: list[NamedKey]) -> tuple[PublicKey, ...]:
    """The key that is trusted and those after it: each endorsed by one before."""
    found = [given]
    for each in known:
        if each.public in found or not each.endorsement:
            continue
        said = f"{_ENDORSED}{each.public.text}\n"
        try:
            endorsed = parse_note(each.endorsement).body == said and any(
                signed_by(each.endorsement, key) for key in found
            )
        except BadInput:
            continue
        if endorsed:
            found.append(each.public)
    return tuple(found)


def now() -> datetime:
    """The time of a checkpoint, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def _public_of(private: PrivateKey) -> PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(private.seed)
    return PublicKey(private.name, key.public_key().public_bytes_raw())


def _signature(private: PrivateKey, public: PublicKey, body: str) -> Signature:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    raw = Ed25519PrivateKey.from_private_bytes(private.seed).sign(body.encode())
    return Signature(public.name, public.id, raw)


def _beside(file: Path, ending: str) -> Path:
    return file.with_name(f"{file.name}.{ending}")


def _write_beside(file: Path, ending: str, text: str) -> None:
    place = _beside(file, ending)
    if text:
        files.write(place, text)
    else:
        place.unlink(missing_ok=True)


def text_of(file: Path) -> str:
    """The text of a small file. Raises BadInput."""
    try:
        content = file.read_bytes()
    except (OSError, ValueError) as error:
        raise BadInput(f"The file {file} can't be read: {files.reason(error)}.") from error
    if len(content) > _LONGEST_FILE:
        raise BadInput(f"The file {file} is too large for a key or a checkpoint.")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise BadInput(f"The file {file} is not a text.") from None
