"""Edits not yet written are never lost: kept in the database, and in a file of this machine.

The file is written first, so that a lost connection or a crash loses nothing; the newer of both
counts. What was changed meanwhile shows when a draft is offered again.
"""

import contextlib
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.domain.edits import SHORTEST_COMMENT, BitEdit, ColumnEdit, Edit
from app.domain.errors import Refused, Unavailable
from app.domain.identity import Actor
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import LumiRange
from app.domain.triplets import triplet_from_json
from app.models import drafts
from app.models.drafts import DraftRow
from app.models.engine import Database
from app.services import bulk_edit
from app.services.bulk_edit import Preview

logger = logging.getLogger(__name__)

Key = tuple[int, str]

_FORMAT = 1
_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Draft:
    """What a person was about to write in one dataset, with the comment of the action so far.

    `seen`: the newest event of the dataset that the person knew of. `selection` is what was
    chosen, in whatever form the grid keeps it.
    """

    run_number: int
    dataset: str
    edits: tuple[Edit, ...]
    seen: int
    comment: str = ""
    selection: JsonValue = None
    saved: datetime = _NEVER

    @property
    def key(self) -> Key:
        """Run number and dataset."""
        return self.run_number, self.dataset


@dataclass(frozen=True)
class Offer:
    """A draft that was found again, and what it would do now: changed cells, refused edits, and
    conflicts with what others wrote; None where even that can't be said, `reason` tells why."""

    draft: Draft
    preview: Preview | None
    reason: str = ""


def save(db: Database, actor: Actor, draft: Draft, folder: Path | None) -> bool:
    """Keeps the draft of a dataset instead of the one before; returns whether the database has
    it, too. Raises Refused when the file can't be written and the database hasn't got it.

    Without a folder the database alone keeps it.
    """
    row = _row(draft, datetime.now(UTC))
    problem: OSError | None = None
    if folder is not None:
        try:
            _write(folder, db, actor, row)
        except OSError as error:
            problem = error
    stored = _store(db, actor, row)
    if folder is None and not stored:
        raise Refused("The draft can't be kept: neither a folder nor the database takes it.")
    if problem is not None and not stored:
        raise Refused(f"The draft can't be kept in {folder}: {problem.strerror}.") from problem
    return stored


def drop(db: Database, actor: Actor, key: Key, folder: Path | None) -> None:
    """Forgets the draft of a dataset: it was written, or given up."""
    dropped = False
    with contextlib.suppress(Unavailable):
        if db.desk:
            with db.transaction() as connection:
                drafts.drop(connection, actor.email, key)
        dropped = True
    if folder is None:
        return
    if dropped:
        with contextlib.suppress(OSError):
            _file(folder, db, actor, key).unlink(missing_ok=True)
        return
    # The database still has it: an empty newer draft says that it is given up.
    _write(folder, db, actor, DraftRow(*key, _content((), "", None), 0, datetime.now(UTC)))


def offered(db: Database, actor: Actor, folder: Path | None) -> tuple[Offer, ...]:
    """The drafts of a person, the newest first, each checked against what holds now."""
    found: dict[Key, DraftRow] = {}
    for row in _files(folder, db, actor) if folder is not None else ():
        found[row.run_number, row.name] = row
    if db.desk:
        with db.read() as connection:
            for row in drafts.of_person(connection, actor.email):
                key = (row.run_number, row.name)
                if key not in found or found[key].saved < row.saved:
                    found[key] = row
    offers: list[Offer] = []
    for key, row in found.items():
        draft = _draft(row)
        if draft is None or not draft.edits:
            drop(db, actor, key, folder)
        else:
            offers.append(_check(db, actor, draft))
    return tuple(sorted(offers, key=lambda offer: offer.draft.saved, reverse=True))


def _check(db: Database, actor: Actor, draft: Draft) -> Offer:
    # Whether the comment will do is asked when it is written.
    comment = draft.comment.ljust(SHORTEST_COMMENT, "-")
    try:
        made = bulk_edit.preview(
            db, actor, draft.edits, comment=comment, seen={draft.key: draft.seen}
        )
    except Refused as refused:
        return Offer(draft, None, str(refused))
    return Offer(draft, made)


def _store(db: Database, actor: Actor, row: DraftRow) -> bool:
    if not db.desk:
        return False
    try:
        with db.transaction() as connection:
            drafts.save(connection, actor.email, row)
    except Unavailable as error:
        logger.info("The draft of run %d is kept on this machine: %s", row.run_number, error)
        return False
    return True


def _row(draft: Draft, saved: datetime) -> DraftRow:
    content = _content(draft.edits, draft.comment, draft.selection)
    return DraftRow(draft.run_number, draft.dataset, content, draft.seen, saved)


def _content(edits: tuple[Edit, ...], comment: str, selection: JsonValue) -> JsonObject:
    found: list[JsonValue] = []
    for edit in edits:
        ranges: list[JsonValue] = [[first, last] for first, last in edit.ranges]
        if isinstance(edit, BitEdit):
            found.append({"bit": edit.bit, "ranges": ranges, "value": edit.value})
        else:
            triplet: JsonObject = {**edit.triplet.as_json()}
            found.append({"column": edit.column, "ranges": ranges, "triplet": triplet})
    return {"format": _FORMAT, "edits": found, "comment": comment, "selection": selection}


def _draft(row: DraftRow) -> Draft | None:
    """The draft a row means; None when another program version wrote it in another form."""
    content = row.content
    edits = content.get("edits")
    if content.get("format") != _FORMAT or not isinstance(edits, list):
        return None
    parsed = [_edit(row, each) for each in edits if isinstance(each, dict)]
    return Draft(
        row.run_number,
        row.name,
        tuple(each for each in parsed if each is not None),
        row.seen,
        str(content.get("comment") or ""),
        content.get("selection"),
        row.saved,
    )


def _edit(row: DraftRow, stored: Mapping[str, JsonValue]) -> Edit | None:
    pairs = stored.get("ranges")
    ranges = tuple(
        LumiRange(first, last)
        for pair in (pairs if isinstance(pairs, list) else ())
        if isinstance(pair, list) and len(pair) == 2
        for first, last in [pair]
        if isinstance(first, int) and isinstance(last, int)
    )
    bit, value, column = stored.get("bit"), stored.get("value"), stored.get("column")
    if isinstance(bit, str) and isinstance(value, bool):
        return BitEdit(row.run_number, row.name, bit, ranges, value)
    if isinstance(column, str):
        triplet = triplet_from_json(stored.get("triplet"))
        return ColumnEdit(row.run_number, row.name, column, ranges, triplet)
    return None


def _file(folder: Path, db: Database, actor: Actor, key: Key) -> Path:
    named = json.dumps([db.dsn_without_password, actor.email, *key])
    return folder / f"draft-{hashlib.sha1(named.encode()).hexdigest()}.json"


def _write(folder: Path, db: Database, actor: Actor, row: DraftRow) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    document: JsonObject = {
        "database": db.dsn_without_password,
        "person": actor.email,
        "run_number": row.run_number,
        "dataset": row.name,
        "seen": row.seen,
        "saved": row.saved.isoformat(),
        "content": row.content,
    }
    target = _file(folder, db, actor, (row.run_number, row.name))
    handle, name = tempfile.mkstemp(dir=folder, prefix=target.stem, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _files(folder: Path, db: Database, actor: Actor) -> list[DraftRow]:
    found: list[DraftRow] = []
    for path in sorted(folder.glob("draft-*.json")) if folder.is_dir() else ():
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if (document["database"], document["person"]) != (
                db.dsn_without_password,
                actor.email,
            ):
                continue
            found.append(
                DraftRow(
                    int(document["run_number"]),
                    str(document["dataset"]),
                    dict(document["content"]),
                    int(document["seen"]),
                    datetime.fromisoformat(document["saved"]),
                )
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.warning("The draft %s can't be read: %s", path, error)
    return found
