"""Sealing: what was committed is added to the tree, a batch at a time, and the root is signed."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.domain.errors import Conflict, Refused
from app.domain.seal.leaves import NUMBERS, START, Leaf, statement
from app.domain.seal.notes import Checkpoint
from app.domain.seal.status import Refusal, Sealed, SealStatus
from app.domain.seal.tree import GrowingTree
from app.models.database.engine import Database
from app.models.seal import Connection, reading, sources, trees, unsealed
from app.models.seal.sources import Source
from app.models.seal.trees import Beginning
from app.models.seal.unsealed import Seen
from app.services.pulling.reports import Reports
from app.services.seal import keys, refusals
from app.services.seal.keys import Signer

SOURCE = "sealing"
BATCH = 2_000
"""Versions sealed in one transaction."""
_ROWS = 500
_NEAR_END = 1_000
_SETTLED_S = 10.0


class AnotherHistory(Refused):
    """The history isn't the one that was signed before."""


@dataclass(frozen=True)
class _Look:
    """What was seen when: later tells which numbers can't come any more."""

    seen: Seen
    at: float


class Sealer:
    """Seals one database for one client; what is under way is remembered from turn to turn.

    A number that is missing is given up when every transaction that was open when it was first
    missed is over, and some seconds have gone by. What comes with such a number later is no late
    commit: it stays unsealed, and is found.
    """

    def __init__(
        self,
        db: Database,
        who: str,
        signer: Signer | None = None,
        *,
        settled_s: float | None = None,
        batch: int = BATCH,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._who = who
        self._signer = signer
        self.settled_s = _SETTLED_S if settled_s is None else settled_s
        self._batch = batch
        self._clock = clock
        self._looks: list[_Look] = []
        self._looked_at_all_rows = False
        self._old_are_settled = False
        self._refusal: str | None = None
        self._reports = Reports(db, SOURCE)

    @property
    def signs(self) -> bool:
        """Whether the roots are signed."""
        return self._signer is not None

    def seal_new(self) -> Sealed:
        """Seals what was committed since, and rows without a version; what is late, too."""
        self._check_schema()
        with self._telling(), self._db.transaction() as connection:
            growing = self._end_of_tree(connection)
            beginning, leaves = self._begun(connection)
            leaves += self._key_leaf(connection)
            after = max(trees.closed_up_to(connection), beginning.last_before)
            seen = unsealed.look(connection, after, self._batch)
            leaves += unsealed.version_leaves(connection, seen.numbers)
            rows = self._rows(connection)
            leaves += rows
            closing = self._closable(seen, after)
            if closing > after and len(seen.numbers) < self._batch:
                leaves.append(statement(NUMBERS, closing, after + 1, closing))
            note = self._add(connection, growing, beginning, leaves)
            done = trees.closed_up_to(connection, beginning.last_before)
        if note and self._signer is not None:
            self._signer.remember(note)
        if len(rows) < _ROWS:
            self._looked_at_all_rows = True
        more = len(seen.numbers) >= self._batch or len(rows) >= _ROWS
        return Sealed(len(leaves), growing.size, self.signs, done, beginning.last_before, more=more)

    def seal_old(self) -> Sealed:
        """Seals a batch of the history before the seal began, in the order of the numbers."""
        self._check_schema()
        with self._telling(), self._db.transaction() as connection:
            growing = self._end_of_tree(connection)
            beginning = trees.beginning(connection)
            if beginning is None:
                return Sealed(0, growing.size, self.signs)
            last = beginning.last_before
            done = trees.closed_up_to(connection, last)
            waits = not unsealed.may_look_back(connection)
            if done >= last or waits or not self._old_are_settled:
                return Sealed(0, growing.size, self.signs, done, last, waits_for_index=waits)
            numbers = unsealed.old_versions(connection, done, last, self._batch)
            end = numbers[-1] if len(numbers) == self._batch else last
            leaves = unsealed.version_leaves(connection, numbers)
            leaves.append(statement(NUMBERS, end, done + 1, end))
            note = self._add(connection, growing, beginning, leaves)
        if note and self._signer is not None:
            self._signer.remember(note)
        return Sealed(len(leaves), growing.size, self.signs, end, last, more=end < last)

    def refusals(self) -> tuple[Refusal, ...]:
        """What pullers refused, this one or another."""
        return refusals.told(self._db)

    def report(self, status: SealStatus) -> None:
        """Keeps what this client does, for others to show."""
        self._reports.report(status)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Tells everybody when nothing is sealed over another history, and when it is again."""
        key = "unsigned" if self._signer is None else self._signer.public.id
        try:
            yield
        except (AnotherHistory, Conflict) as error:
            if str(error) != self._refusal:
                refusals.tell(self._db, self._who, key, str(error))
                self._refusal = str(error)
            raise
        if self._refusal != "":
            refusals.take_back(self._db, key)
            self._refusal = ""

    def _check_schema(self) -> None:
        if not self._db.seal:
            raise Refused("The schema seal isn't there, and this login may not make it or use it.")

    def _begun(self, connection: Connection) -> tuple[Beginning, list[Leaf]]:
        beginning = trees.beginning(connection)
        if beginning is not None:
            return beginning, []
        greatest = unsealed.look(connection, 0, 0).greatest
        beginning = Beginning(f"run-registry/{uuid.uuid4()}", greatest)
        return beginning, [statement(START, 0, beginning.origin, greatest)]

    def _key_leaf(self, connection: Connection) -> list[Leaf]:
        if self._signer is None:
            return []
        leaf = self._signer.leaf
        known = [content for _, content in trees.keys(connection)]
        if leaf.content.decode() in known:
            return []
        if trees.position_of(connection, leaf.kind, leaf.number) is not None:
            # The same key, now endorsed, or another with the same short number.
            return []
        return [leaf]

    def _rows(self, connection: Connection) -> list[Leaf]:
        near_end = _NEAR_END if self._looked_at_all_rows else None
        known = (*known_sources(self._db), *reading.guard_sources(connection))
        return unsealed.row_leaves(connection, known, _ROWS, near_end=near_end)

    def _closable(self, seen: Seen, after: int) -> int:
        """The number up to which nothing can come any more that isn't there now."""
        now = self._clock()
        settled = [
            look
            for look in self._looks
            if look.seen.next_transaction <= seen.oldest_open and now - look.at >= self.settled_s
        ]
        self._looks = [look for look in self._looks if look not in settled]
        if not self._looks or self._looks[-1].seen.greatest < seen.greatest:
            self._looks.append(_Look(seen, now))
        if not settled:
            return after
        self._old_are_settled = True
        return max(look.seen.greatest for look in settled)

    def _add(
        self,
        connection: Connection,
        growing: GrowingTree,
        beginning: Beginning,
        leaves: list[Leaf],
    ) -> str:
        """Adds leaves and keeps the root; returns the note, empty when there is nothing new."""
        if not leaves:
            return ""
        trees.append(connection, growing, leaves)
        checkpoint = Checkpoint(beginning.origin, growing.size, growing.root(), keys.now())
        assert checkpoint.at is not None
        body = checkpoint.body
        note = f"{body}\n" if self._signer is None else self._signer.sign(body)
        trees.keep_checkpoint(
            connection, checkpoint.size, checkpoint.root, checkpoint.at, self._who, note
        )
        return note

    def _end_of_tree(self, connection: Connection) -> GrowingTree:
        """The tree as it is, which nobody else adds to before the transaction ends."""
        trees.lock(connection)
        if not reading.exists(connection, "seal.leaf"):
            raise AnotherHistory(
                "The tables of the seal were dropped since this program was started. Nothing is"
                " sealed by it: find out who did that, and start it again."
            )
        growing = trees.edge(connection)
        self._check_last_signed(connection, growing)
        return growing

    def _check_last_signed(self, connection: Connection, growing: GrowingTree) -> None:
        """Nothing is signed over a history that isn't the one that was signed before."""
        if self._signer is None:
            return
        last = self._signer.last_signed()
        if last is None:
            return
        try:
            same = last.size <= growing.size and trees.root(connection, last.size) == last.root
        except Conflict:
            same = False
        if not same:
            raise AnotherHistory(
                f"The history in the database isn't the one that this key has signed: the tree of"
                f" {last.size} leaves had another root. Nothing is sealed by this puller."
                f" The proof is {self._signer.last}: keep it, and see: seal verify"
            )


def known_sources(db: Database) -> tuple[Source, ...]:
    """What is sealed besides versions and the guard, as far as it is there."""
    return (
        *sources.SHARED,
        *(sources.OWN_RECORD if db.record else ()),
        *(sources.OWN_SEAL if db.seal else ()),
    )
