"""Roots as C2SP checkpoints: signed notes that programs of others can check too."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.errors import BadInput
from app.domain.seal.tree import HASH_BYTES

_ED25519 = b"\1"
_DASH = "\N{EM DASH}"
_TIME = "time "
_LONGEST_NOTE = 65_536
_NAME = re.compile(r"[^\s+]+")
_KEY_ID = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True)
class PublicKey:
    """An Ed25519 key that checks signatures, under the name of who signs."""

    name: str
    raw: bytes

    @property
    def id(self) -> str:
        """Eight hex digits that name the key in a signature."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.raw).hexdigest()[:8]

    @property
    def text(self) -> str:
        """The key as one line: name, id, and the key itself."""
        return f"{self.name}+{self.id}+{base64.b64encode(_ED25519 + self.raw).decode()}"


@dataclass(frozen=True)
class PrivateKey:
    """The secret half of a key."""

    name: str
    seed: bytes
    id: str

    @property
    def text(self) -> str:
        """The key as one line of its file."""
        packed = base64.b64encode(_ED25519 + self.seed).decode()
        return f"PRIVATE+KEY+{self.name}+{self.id}+{packed}"

    def __repr__(self) -> str:
        return f"PrivateKey({self.name!r}, {self.id!r})"


@dataclass(frozen=True)
class Signature:
    """One line below a note: who says to have signed it, with which key."""

    name: str
    key_id: str
    raw: bytes

    @property
    def line(self) -> str:
        """The line, without its end."""
        packed = base64.b64encode(bytes.fromhex(self.key_id) + self.raw).decode()
        return f"{_DASH} {self.name} {packed}"


@dataclass(frozen=True)
class Note:
    """A text and its signatures."""

    body: str
    signatures: tuple[Signature, ...] = ()

    @property
    def text(self) -> str:
        """The whole note."""
        return self.body + "\n" + "".join(f"{each.line}\n" for each in self.signatures)


@dataclass(frozen=True)
class Checkpoint:
    """The root of the first `size` leaves of the tree that is named by `origin`."""

    origin: str
    size: int
    root: bytes
    at: datetime | None = None

    @property
    def body(self) -> str:
        """The text that is signed."""
        time = "" if self.at is None else f"{_TIME}{self.at.astimezone(UTC).isoformat()}\n"
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n{time}"

    @property
    def short(self) -> str:
        """Size and root as one word."""
        return f"{self.size}:{self.root.hex()}"

    @property
    def facts(self) -> Mapping[str, str | int | None]:
        """The same for machines."""
        return {
            "origin": self.origin,
            "size": self.size,
            "root": self.root.hex(),
            "at": None if self.at is None else self.at.astimezone(UTC).isoformat(),
        }


def parse_public_key(text: str) -> PublicKey:
    """A key from its line. Raises BadInput."""
    parts = text.strip().split("+", 2)
    raw = _unpacked(parts[2]) if len(parts) == 3 else b""
    if len(parts) == 3 and _NAME.fullmatch(parts[0]) and raw[:1] == _ED25519 and len(raw) == 33:
        key = PublicKey(parts[0], raw[1:])
        if key.id == parts[1]:
            return key
    raise BadInput("The public key can't be read; it looks like NAME+01234567+BASE64.")


def parse_private_key(text: str) -> PrivateKey:
    """A key from the first line of its file. Raises BadInput, which says nothing of the key."""
    parts = text.strip().split("\n", 1)[0].strip().split("+", 4)
    raw = _unpacked(parts[4]) if len(parts) == 5 else b""
    if (
        parts[:2] == ["PRIVATE", "KEY"]
        and len(raw) == 33
        and raw[:1] == _ED25519
        and _NAME.fullmatch(parts[2])
        and _KEY_ID.fullmatch(parts[3])
    ):
        return PrivateKey(parts[2], raw[1:], parts[3])
    raise BadInput("The file holds no key for the seal. Make one with: seal key new")


def parse_note(text: str) -> Note:
    """A note from its text. Raises BadInput."""
    body, found, below = text.rpartition("\n\n")
    if not found or len(text) > _LONGEST_NOTE:
        raise BadInput("This is not a signed note: there is no blank line before signatures.")
    signatures = []
    for line in below.splitlines():
        dash, _, rest = line.partition(" ")
        name, _, packed = rest.partition(" ")
        raw = _unpacked(packed)
        if dash != _DASH or not _NAME.fullmatch(name) or len(raw) <= 4:
            raise BadInput("This is not a signed note: a signature can't be read.")
        signatures.append(Signature(name, raw[:4].hex(), raw[4:]))
    return Note(body + "\n", tuple(signatures))


def parse_checkpoint(body: str) -> Checkpoint:
    """A checkpoint from the text of its note. Raises BadInput."""
    origin, *rest = body.split("\n")
    size = rest[0] if rest else ""
    root = _unpacked(rest[1]) if len(rest) > 1 else b""
    digits = size.isascii() and size.isdigit() and len(size) < 19
    if not origin or not digits or str(int(size)) != size or len(root) != HASH_BYTES:
        raise BadInput(
            "This is not a checkpoint: it has the name of the tree, a size and a root, a line each."
        )
    return Checkpoint(origin, int(size), root, _time(rest[2:]))


def parse_short(text: str) -> tuple[int, bytes]:
    """Size and root from one word. Raises BadInput."""
    size, _, root = text.strip().partition(":")
    if not (size.isascii() and size.isdigit()) or len(size) > 18 or len(root) != 2 * HASH_BYTES:
        raise BadInput("A root looks like SIZE:HEX, or is a file with a checkpoint.")
    try:
        return int(size), bytes.fromhex(root)
    except ValueError:
        raise BadInput("A root looks like SIZE:HEX, or is a file with a checkpoint.") from None


def _time(lines: list[str]) -> datetime | None:
    for line in lines:
        if line.startswith(_TIME):
            try:
                at = datetime.fromisoformat(line.removeprefix(_TIME))
            except ValueError:
                return None
            return at if at.tzinfo else at.replace(tzinfo=UTC)
    return None


def _unpacked(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
