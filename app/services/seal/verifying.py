"""Verifying: the tree, its roots, and everything that is sealed are computed again and compared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain.errors import BadInput, Refused
from app.domain.progress import SILENT, Progress
from app.domain.seal.findings import Fault, Finding, Report, Signed, Unsealed, name_of
from app.domain.seal.leaves import GUARDED, KEY, NUMBERS, START, VERSION, changed_rows, values
from app.domain.seal.notes import PublicKey, parse_checkpoint, parse_note
from app.domain.seal.tree import GrowingTree, Node, leaf_hash
from app.models.seal import Connection, reading, sources, trees, unsealed
from app.models.seal.reading import Compared, StoredLeaf
from app.models.seal.sources import Source
from app.services.acting import Acting
from app.services.seal import keys, refusals
from app.services.seal.keys import NamedKey

FINDINGS = 200
"""So many findings are told in full; all are counted."""
BLOCK = 10_000
_TREE_SHARE = 0.15
_ROWS_SHARE = 0.2


@dataclass(frozen=True)
class Expected:
    """A root that somebody has kept, and what it is called."""

    size: int
    root: bytes
    name: str


@dataclass(frozen=True)
class Wanted:
    """What is to be verified: everything, or the tree and the versions behind a list; against
    roots that were kept elsewhere, with a key whose signatures count."""

    expected: tuple[Expected, ...] = ()
    key: PublicKey | None = None
    versions: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


EVERYTHING = Wanted()


@dataclass
class _Found:
    """What was found so far."""

    findings: list[Finding] = field(default_factory=list)
    faults: int = 0
    versions: int = 0
    rows: int = 0
    late: int = 0
    new: int = 0
    old: int = 0
    unsealed_rows: int = 0
    oldest_new: int | None = None

    def add(self, finding: Finding) -> None:
        self.faults += 1
        if len(self.findings) < FINDINGS:
            self.findings.append(finding)

    @property
    def full(self) -> bool:
        return len(self.findings) >= FINDINGS


@dataclass
class _Statements:
    """What the seal itself said, as far as it is what it was."""

    origin: str = ""
    last_before: int = 0
    closed: int = 0
    old_closed: int = 0
    keys: list[NamedKey] = field(default_factory=list)

    def is_closed(self, number: int) -> bool:
        """Whether the seal has said that nothing comes with this number any more."""
        return number <= self.old_closed or self.last_before < number <= self.closed


def verify(acting: Acting, wanted: Wanted = EVERYTHING, progress: Progress = SILENT) -> Report:
    """Recomputes what is sealed and compares; Refused where there is no seal to read."""
    with acting.db.read() as connection:
        if not reading.readable(connection):
            raise Refused("There is no seal in this database, or this login may not read it.")
        report = _Verification(connection, wanted, progress).report()
    refused = tuple(each.text for each in refusals.told(acting.db))
    return replace(report, notes=(*report.notes, *refused))


class _Verification:
    """One pass over the seal and all it stands for, in one transaction that sees one moment."""

    def __init__(self, connection: Connection, wanted: Wanted, progress: Progress) -> None:
        self._connection = connection
        self._wanted = wanted
        self._progress = progress
        self._found = _Found()
        self._said = _Statements()
        self._computed: dict[int, bytes] = {}
        self._kinds: set[bytes] = set()
        self._notes = list(wanted.notes)

    def report(self) -> Report:
        for finding in self._wanted.findings:
            self._found.add(finding)
        self._read_statements()
        size, root = self._tree(self._progress.part(0.0, _TREE_SHARE))
        signed = self._signatures(size)
        self._rows(self._progress.part(_TREE_SHARE, _ROWS_SHARE))
        self._versions(self._progress.part(_ROWS_SHARE, 1.0))
        self._progress.at(1.0)
        begun = trees.checkpoint_over(self._connection, 0)
        found = self._found
        return Report(
            self._said.origin,
            size,
            root,
            found.versions,
            found.rows,
            found.late,
            Unsealed(found.new, found.old, found.unsealed_rows, self._oldest_new()),
            signed,
            tuple(found.findings),
            found.faults,
            None if begun is None else begun.at,
            self._said.last_before,
            self._said.old_closed,
            tuple(self._notes),
        )

    # What the seal itself says

    def _read_statements(self) -> None:
        for leaf in reading.statements(self._connection):
            if leaf.content is None or leaf_hash(leaf.content.encode()) != leaf.hash:
                self._found.add(
                    Finding(
                        Fault.SEAL,
                        f"A statement of the seal, {leaf.kind} {leaf.number}, was altered",
                        leaf.position,
                    )
                )
                continue
            self._take(leaf, leaf.content)

    def _take(self, leaf: StoredLeaf, content: str) -> None:
        said = self._said
        if leaf.kind == START:
            origin, last = values(content)
            said.origin, said.last_before = str(origin), int(str(last))
        elif leaf.kind == NUMBERS:
            last = int(str(values(content)[1]))
            if last <= said.last_before:
                said.old_closed = max(said.old_closed, last)
            else:
                said.closed = max(said.closed, last)
        elif leaf.kind == KEY and (named := keys.named(leaf.position, content)) is not None:
            said.keys.append(named)

    # The tree

    def _tree(self, progress: Progress) -> tuple[int, bytes]:
        """Computes the tree from its leaves; compares stored nodes and roots with it."""
        count = trees.size(self._connection)
        nodes = reading.nodes(self._connection)
        roots = reading.roots(self._connection)
        expected = [
            *(Expected(size, root, "a kept checkpoint") for size, root in roots),
            *self._wanted.expected,
        ]
        waiting = sorted(expected, key=lambda each: each.size, reverse=True)
        growing, stored = GrowingTree(), list[tuple[Node, bytes]]()
        newest, lacks = 0, False
        while waiting and waiting[-1].size == 0:
            self._compare_root(waiting.pop(), growing.root())
        for position, kind, number, hash_ in reading.hashes(self._connection):
            if position != growing.size:
                # What comes after can't be computed, and is read to its end all the same.
                if not lacks:
                    self._lacks(growing.size, position)
                lacks = True
                continue
            growing.add(hash_, stored)
            self._kinds.add(kind)
            if kind == b"Version" and number > self._said.last_before:
                self._found.late += number < newest
                newest = max(newest, number)
            if waiting and waiting[-1].size == growing.size:
                root = growing.root()
                self._computed[growing.size] = root
                while waiting and waiting[-1].size == growing.size:
                    self._compare_root(waiting.pop(), root)
            if not growing.size % BLOCK:
                progress.at(growing.size / count)
        self._compare_nodes(nodes, stored)
        for each in reversed(waiting):
            self._found.add(
                Finding(
                    Fault.ROOT,
                    f"The seal had {each.size} leaves, and has only {growing.size}",
                    why=f"{each.name} says so: its end was removed, or an old copy was restored",
                )
            )
        return growing.size, growing.root()

    def _lacks(self, begin: int, end: int) -> None:
        self._found.add(
            Finding(Fault.SEAL, f"Leaves {begin} to {end - 1} of the seal are missing", begin)
        )

    def _compare_root(self, expected: Expected, root: bytes) -> None:
        if expected.root != root:
            self._found.add(
                Finding(
                    Fault.ROOT,
                    f"The first {expected.size} leaves had another root",
                    why=f"{expected.name} says {expected.root.hex()}, they make {root.hex()}",
                )
            )

    def _compare_nodes(
        self, nodes: dict[Node, bytes], computed: Iterable[tuple[Node, bytes]]
    ) -> None:
        for node, hash_ in computed:
            if nodes.pop(node, None) != hash_:
                self._found.add(
                    Finding(
                        Fault.SEAL,
                        f"The node {node.index} of level {node.level} of the seal is missing or"
                        " was altered",
                    )
                )
        if nodes:
            self._found.add(
                Finding(Fault.SEAL, f"{len(nodes)} nodes of the seal belong to no leaves")
            )

    # Signatures

    def _signatures(self, size: int) -> Signed:
        """The newest root that is signed, with the key that is trusted if one was given."""
        given = self._wanted.key
        known = (
            tuple(each.public for each in self._said.keys)
            if given is None
            else keys.trusted(given, self._said.keys)
        )
        before = size + 1
        while notes := reading.notes(self._connection, before, 200):
            self._progress.checkpoint()
            for note_size, note in notes:
                signed = self._signed(note_size, note, known, trusted=given is not None)
                if signed is not None:
                    return signed
            before = notes[-1][0]
        if given is not None and size:
            self._found.add(
                Finding(
                    Fault.ROOT,
                    f"No root is signed with the key {given.name}+{given.id}",
                    why="signatures were removed, the puller had no key, or it is another key",
                )
            )
        return Signed()

    def _signed(
        self, size: int, note: str, known: Sequence[PublicKey], *, trusted: bool
    ) -> Signed | None:
        for key in known:
            try:
                if not keys.signed_by(note, key):
                    continue
                said = parse_checkpoint(parse_note(note).body)
            except BadInput:
                return None
            if said.size != size or said.root != self._computed.get(size):
                self._found.add(
                    Finding(
                        Fault.ROOT,
                        f"The first {size} leaves aren't those that were signed",
                        why=f"the key {key.name}+{key.id} signed {said.short}",
                    )
                )
            return Signed(f"{key.name}+{key.id}", size, said.at, trusted)
        return None

    # Rows without a version

    def _rows(self, progress: Progress) -> None:
        known = reading.readable_sources(self._connection)
        for at, source in enumerate(known):
            progress.at(at / len(known))
            self._rows_of(source)
        compared = {VERSION, START, NUMBERS, KEY, *(source.kind for source in known)}
        for kind in sorted({each.decode() for each in self._kinds} - compared):
            if reading.exists(self._connection, kind):
                self._notes.append(
                    f"Rows of {kind} aren't compared: this program, or this login, can't read them."
                )
            elif kind.startswith(GUARDED):
                # An administrator may step back from the guard.
                self._notes.append(f"The table {kind} isn't there: the guard was taken away.")
            else:
                self._found.add(Finding(Fault.REMOVED, f"The table {kind}"))

    def _rows_of(self, source: Source) -> None:
        present: set[int] = set()
        gone: set[int] = set()
        wrong: dict[int, str | None] = {}
        for row in reading.rows_of(self._connection, source):
            if row.content is not None:
                present.add(row.number)
            if row.hash is None:
                self._found.unsealed_rows += 1
            elif row.content is None:
                gone.add(row.number)
                continue
            elif leaf_hash(row.content) != row.hash:
                wrong[row.number] = row.content.decode()
            self._found.rows += row.hash is not None
        if source.kind in sources.CHANGING:
            gone -= present
        ends = source.kind in sources.ENDING
        why = "it isn't there, or isn't official any more" if ends else ""
        self._tell(source.kind, {**dict.fromkeys(gone), **wrong}, why)

    # Versions

    def _versions(self, progress: Progress) -> None:
        if odd := unsealed.never_given_out(self._connection):
            self._notes.append(
                f"Version {odd[0]} has a number that was never given out: somebody chose it."
            )
        for table, number in reading.orphans(self._connection):
            why = "no version has it, which no program writes"
            self._found.add(Finding(Fault.SLIPPED_IN, f"{table} {number}", why=why))
        if self._wanted.versions is not None:
            self._compare(reading.versions_of(self._connection, self._wanted.versions))
            return
        quick = unsealed.may_look_back(self._connection)
        after, newest = -reading.GREATEST, max(self._said.closed, self._said.last_before, 1)
        while after < reading.GREATEST:
            progress.at(min(1.0, max(0, after) / newest))
            end = (
                reading.end_of_block(self._connection, after, BLOCK) if quick else reading.GREATEST
            )
            self._compare(reading.versions_in(self._connection, after, end))
            after = end

    def _compare(self, compared: Iterable[Compared]) -> None:
        wrong: dict[int, str | None] = {}
        slipped: dict[int, str] = {}
        sealed = 0
        for number, content, hash_ in compared:
            if hash_ is None:
                assert content is not None
                self._not_sealed(number, content, slipped)
                continue
            sealed += 1
            if content is None:
                wrong[number] = None
            elif leaf_hash(content) != hash_:
                wrong[number] = content.decode()
        self._found.versions += sealed
        self._tell(VERSION, wrong, "")
        for number, content_ in slipped.items():
            self._slipped(number, content_)

    def _not_sealed(self, number: int, content: bytes, slipped: dict[int, str]) -> None:
        if self._said.is_closed(number):
            slipped[number] = content.decode()
        elif number <= self._said.last_before:
            self._found.old += 1
        elif not content.startswith(b'["Version"'):
            slipped[number] = content.decode()
        else:
            self._found.new += 1
            if self._found.oldest_new is None:
                self._found.oldest_new = number

    def _slipped(self, number: int, content: str) -> None:
        made = reading.made_at(self._connection, number)
        if made is None:
            why = "events without a version"
        else:
            why = (
                "its number is from a gap that was found empty when all transactions that could"
                f" have filled it were over; it says to be from {made[1]:%Y-%m-%d %H:%M} UTC"
            )
        self._found.add(
            Finding(
                Fault.SLIPPED_IN,
                name_of(VERSION, number),
                author=None if made is None else made[0],
                rows=changed_rows(b"", None, content),
                why=why,
            )
        )

    def _tell(self, kind: str, wrong: dict[int, str | None], why: str) -> None:
        """Says of each row that isn't as it was sealed what is known of it."""
        if not wrong:
            return
        told = sorted(wrong)[: 0 if self._found.full else FINDINGS]
        leaves: dict[int, StoredLeaf] = {}
        for leaf in reading.stored(self._connection, kind, told):
            leaves[leaf.number] = leaf
        for number in sorted(wrong):
            leaf_ = leaves.get(number)
            if leaf_ is None:
                self._found.faults += 1
                continue
            self._found.add(self._finding(leaf_, wrong[number], why))

    def _finding(self, leaf: StoredLeaf, now: str | None, why: str) -> Finding:
        kept = leaf.content
        if kept is not None and leaf_hash(kept.encode()) != leaf.hash:
            kept = None
        at = trees.checkpoint_over(self._connection, leaf.position)
        rows = changed_rows(leaf.marks, kept, now)
        if not rows and now is not None:
            why = why or "the seal itself may have been altered: its marks fit the row"
        return Finding(
            Fault.REMOVED if now is None else Fault.ALTERED,
            name_of(leaf.kind, leaf.number),
            leaf.position,
            leaf.author,
            None if at is None else at.at,
            rows,
            why if now is None or not rows else "",
        )

    def _oldest_new(self) -> datetime | None:
        if self._found.oldest_new is None:
            return None
        made = reading.made_at(self._connection, self._found.oldest_new)
        return None if made is None else made[1]
