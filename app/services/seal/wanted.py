"""What is to be verified: against a kept root, for a stored list, for an exported one."""

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from app import files
from app.domain.errors import BadInput, Conflict, Refused
from app.domain.foreign_json import NotJson, read_text
from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import DatasetKey
from app.domain.seal.findings import Fault, Finding
from app.domain.seal.notes import PublicKey, parse_checkpoint, parse_note, parse_short
from app.models.golden import generated_json
from app.models.golden import provenance as golden_provenance
from app.models.seal import list_roots, reading, trees
from app.services.acting import Acting
from app.services.seal import keys
from app.services.seal.verifying import Expected, Wanted


def since(acting: Acting, given: str, wanted: Wanted) -> Wanted:
    """Against a root that was kept, too: SIZE:HEX, or a file with a checkpoint of this database."""
    if not files.is_file(Path(given)):
        kept = Expected(*parse_short(given), "the root that was given")
        return replace(wanted, expected=(*wanted.expected, kept))
    note = keys.text_of(Path(given))
    checkpoint = parse_checkpoint(parse_note(note).body)
    _check_origin(acting, checkpoint.origin)
    kept = Expected(checkpoint.size, checkpoint.root, f"the checkpoint {given}")
    said = f"Compared with {Path(given).name}, which was kept of {kept.size} leaves"
    if wanted.key is not None and not keys.signed_by(note, wanted.key):
        # It may be older than the key, or nobody signed it: its owner knows where it is from.
        said += f" and isn't signed with the key {wanted.key.name}+{wanted.key.id}"
    return replace(wanted, expected=(*wanted.expected, kept), notes=(*wanted.notes, f"{said}."))


def of_list(acting: Acting, id_: int, wanted: Wanted) -> Wanted:
    """The versions that a stored list was made from, and the root that was there then."""
    with acting.db.read() as connection:
        if not reading.readable(connection):
            raise Refused("There is no seal in this database, or this login may not read it.")
        row = generated_json.row(connection, id_)
        root = list_roots.find(connection, id_)
        kept = golden_provenance.provenance_of(connection, id_) if acting.db.record else None
        if kept is None:
            raise Refused(
                f"Golden JSON {id_} has no provenance, as every list of the web service: what it"
                " was made from isn't known. Verify everything with: seal verify"
            )
        versions = reading.versions_behind(connection, [*kept.datasets], row.entry.version)
    after = _sealed_after(acting, root, versions)
    found = Expected(root.size, root.root, f"the provenance of golden JSON {id_}") if root else None
    return _with(wanted, f"Golden JSON {id_}", found, versions, after)


@dataclass(frozen=True)
class _Exported:
    """What the file with the provenance of a list says."""

    file: str
    file_sha256: str
    version: int
    datasets: tuple[DatasetKey, ...]
    origin: str
    expected: Expected
    note: str


def of_file(acting: Acting, file: Path, wanted: Wanted) -> Wanted:
    """The versions behind an exported list, by the file with its provenance alone; the list itself
    is compared too where it lies beside it."""
    exported = _exported(file)
    _check_origin(acting, exported.origin)
    findings = list(wanted.findings)
    if wanted.key is not None:
        findings += _signature_findings(exported, file, wanted.key)
    beside = file.with_name(exported.file)
    if files.is_file(beside) and sha256(beside.read_bytes()).hexdigest() != exported.file_sha256:
        findings.append(Finding(Fault.ROOT, f"The list {beside} isn't the one that was exported"))
    with acting.db.read() as connection:
        versions = reading.versions_behind(connection, exported.datasets, exported.version)
    root = list_roots.ListRoot(exported.expected.size, exported.expected.root, exported.note)
    after = _sealed_after(acting, root, versions)
    wanted = replace(wanted, findings=tuple(findings))
    return _with(wanted, f"The list of {file}", exported.expected, versions, after)


def _with(
    wanted: Wanted, name: str, root: Expected | None, versions: list[int], after: int
) -> Wanted:
    said = f"{name} rests on {len(versions)} versions"
    if root is None:
        said += "; nothing was sealed when it was made"
    elif after:
        said += f", of which {after} were sealed after its root"
    else:
        said += ", all sealed before it was made"
    return replace(
        wanted,
        expected=(*wanted.expected, *([] if root is None else [root])),
        versions=tuple(versions),
        notes=(*wanted.notes, f"{said}."),
    )


def _sealed_after(acting: Acting, root: list_roots.ListRoot | None, versions: list[int]) -> int:
    if root is None:
        return len(versions)
    with acting.db.read() as connection:
        return len(versions) - trees.sealed_before(connection, root.size, versions)


def _signature_findings(exported: _Exported, file: Path, key: PublicKey) -> list[Finding]:
    try:
        said = parse_checkpoint(parse_note(exported.note).body)
        good = keys.signed_by(exported.note, key) and said.short == (
            f"{exported.expected.size}:{exported.expected.root.hex()}"
        )
    except BadInput:
        good = False
    if good:
        return []
    return [
        Finding(
            Fault.ROOT,
            f"The root in {file} isn't signed with the key {key.name}+{key.id}",
        )
    ]


def _check_origin(acting: Acting, origin: str) -> None:
    with acting.db.read() as connection:
        if why := reading.why_not_readable(connection):
            raise Refused(f"The seal can't be looked at: {why}")
        beginning = trees.beginning(connection)
    if beginning is None:
        raise Refused("Nothing is sealed in this database.")
    if beginning.origin != origin:
        raise Refused(
            f"This is the seal of another database: {origin}, and here is {beginning.origin}."
        )


def _exported(file: Path) -> _Exported:
    try:
        document: JsonValue = json.loads(read_text(file))
    except OSError as error:
        raise BadInput(f"The file {file} can't be read: {files.reason(error)}.") from error
    except (NotJson, ValueError, RecursionError) as error:
        raise BadInput(f"The file {file} is not a provenance: {error}.") from error
    try:
        assert isinstance(document, dict)
        seal = document["seal"]
        if seal is None:
            raise Refused(f"Nothing was sealed when the list of {file} was made.")
        assert isinstance(seal, dict)
        return _Exported(
            Path(str(document["file"])).name,
            str(document["file_sha256"]),
            _whole(document["run_registry_version"]),
            _datasets(document["datasets"]),
            str(seal["origin"]),
            Expected(_whole(seal["size"]), bytes.fromhex(str(seal["root"])), f"the file {file}"),
            str(seal["checkpoint"]),
        )
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"The file {file} is not the provenance of a list that was made on a sealed history."
        ) from error


def _datasets(value: JsonValue) -> tuple[DatasetKey, ...]:
    assert isinstance(value, list)
    found: list[DatasetKey] = []
    for each in value:
        assert isinstance(each, dict)
        found.append((_whole(each["run_number"]), str(each["name"])))
    return tuple(found)


def _whole(value: JsonValue) -> int:
    assert isinstance(value, int)
    return value


def seal_of_list(acting: Acting, id_: int) -> JsonObject | None:
    """What the file with the provenance of a list says of the seal; None without one."""
    with acting.db.read() as connection:
        if not reading.readable(connection):
            return None
        root = list_roots.find(connection, id_)
        beginning = trees.beginning(connection)
    if root is None or beginning is None:
        return None
    return {
        "origin": beginning.origin,
        "size": root.size,
        "root": root.root.hex(),
        "checkpoint": root.note,
    }


@dataclass(frozen=True)
class SealOfList:
    """The root beside a list, and whether the tree still has it: None where there was none."""

    size: int = 0
    root: bytes = b""
    same: bool | None = None

    @property
    def text(self) -> str:
        """The same in a sentence."""
        if self.same is None:
            return "Nothing was sealed when the list was made."
        if self.same:
            return (
                f"The seal begins with the {self.size} leaves that were there when the list was"
                " made; whether the rows are still as they were sealed says: seal verify --list"
            )
        return (
            f"The sealed history is another one: its first {self.size} leaves had another root when"
            " the list was made. See: seal verify --list"
        )


UNSEALED = SealOfList()


def seal_now(acting: Acting, id_: int) -> SealOfList:
    """Whether the tree still has the root that was kept beside a list; rows are not compared."""
    with acting.db.read() as connection:
        kept = list_roots.find(connection, id_) if reading.readable(connection) else None
        if kept is None:
            return UNSEALED
        try:
            same = trees.root(connection, kept.size) == kept.root
        except Conflict:
            same = False
    return SealOfList(kept.size, kept.root, same)
