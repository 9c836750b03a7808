"""Edits not yet written are never lost: kept in the database, and in a file of this machine.

The file, in `acting.draft_folder`, is written first, so that a lost connection or a crash loses
nothing; the newer of both counts. What was changed meanwhile shows when a draft is offered again.
Each draft has a mark. The transaction that writes a draft leaves its mark in the database, so that
one that landed is known even when nobody lived to hear of it.
"""

import contextlib
import hashlib
import json
import logging
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from app import files
from app.domain.clock import server_now
from app.domain.editing.edits import SHORTEST_COMMENT, BitEdit, ColumnEdit, Edit
from app.domain.errors import Refused, Unavailable
from app.domain.identity import Actor
from app.domain.json_value import JsonObject, JsonValue, unstorable
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange
from app.domain.triplets import triplet_from_json
from app.models.database.engine import Database
from app.models.drafts import drafts
from app.models.drafts.drafts import FORMAT, DraftRow
from app.services.acting import Acting
from app.services.editing import bulk as bulk_edit
from app.services.editing.bulk import Preview

logger = logging.getLogger(__name__)

_UNFINISHED_ONCE = "draft-*.part"
"""What earlier versions of the program called a file that they hadn't finished."""
_OWN = "own database"
_PORT = re.compile(r":\d+(?=/[^/]*$)")
_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Draft:
    """What a person was about to write in one dataset, with the comment of the action so far.

    `seen`: the newest event of the dataset that the person knew of. `selection` is what was
    chosen, in whatever form the grid keeps it. `mark` tells this draft from all others.
    """

    run_number: int
    dataset: str
    edits: tuple[Edit, ...]
    seen: int
    comment: str = ""
    selection: JsonValue = None
    saved: datetime = _NEVER
    mark: str = field(default_factory=lambda: secrets.token_hex(8), compare=False)

    @property
    def key(self) -> DatasetKey:
        """Run number and dataset."""
        return self.run_number, self.dataset


class Offer(Struct, frozen=True):
    """A draft that was kept, and what it would change now, with refused edits and conflicts with
    what others wrote; without a preview `reason` says why there is none."""

    draft: Draft
    preview: Preview | None
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether anything of it isn't written: a change, or what has to be decided first."""
        found = self.preview
        return found is None or found.cells > 0 or bool(found.conflicts or found.refused)


def save(acting: Acting, draft: Draft) -> bool:
    """Keeps the draft of a dataset instead of the one before; returns whether the database has
    it, too. Raises Refused when the file can't be written and the database hasn't got it.

    Without a folder the database alone keeps it.
    """
    problem: Refused | None = None
    draft = replace(draft, saved=server_now())
    try:
        keep_file(acting, draft)
    except Refused as refused:
        problem = refused
    stored = False
    try:
        stored = store(acting, draft)
    except Unavailable as error:
        logger.info("The draft of run %d is kept on this machine: %s", draft.run_number, error)
    if acting.draft_folder is None and not stored:
        raise Refused("The draft can't be kept: neither a folder nor the database can take it.")
    if problem is not None and not stored:
        raise Refused(f"The draft can't be kept: {problem}") from problem
    return stored


def keep_file(acting: Acting, draft: Draft) -> None:
    """Keeps the draft in the folder, if there is one, and asks no server. Raises Refused when the
    file can't be written."""
    if acting.draft_folder is not None:
        _write(acting.draft_folder, acting.db, acting.actor, _row(draft))


def give_up_file(acting: Acting, key: DatasetKey) -> None:
    """Says in the folder, if there is one, that the draft of a dataset was written or given up:
    the database may still have it. Raises Refused when the file can't be written."""
    if acting.draft_folder is not None:
        empty = DraftRow(*key, _content((), "", None, ""), 0, server_now())
        _write(acting.draft_folder, acting.db, acting.actor, empty)


def remove_file(acting: Acting, key: DatasetKey) -> None:
    """Takes away what the folder has of a dataset."""
    if acting.draft_folder is not None:
        with contextlib.suppress(OSError):
            _file(acting.draft_folder, acting.db, acting.actor, key).unlink(missing_ok=True)


def store(acting: Acting, draft: Draft) -> bool:
    """Keeps the draft in the database; false where that has no place for it. Raises Unavailable
    when it can't be reached."""
    if acting.db.takes_notes:
        with acting.db.transaction() as connection:
            drafts.save(connection, acting.actor.email, _row(draft))
    return acting.db.takes_notes


def forget(acting: Acting, key: DatasetKey) -> None:
    """Takes the draft of a dataset out of the database. Raises Unavailable when it can't be
    reached."""
    if acting.db.takes_notes:
        with acting.db.transaction() as connection:
            drafts.drop(connection, acting.actor.email, key)


def drop(acting: Acting, key: DatasetKey) -> None:
    """Deletes the draft of a dataset, which was written or given up. Raises Refused when neither
    the database nor the file can be changed."""
    try:
        forget(acting, key)
    except Unavailable:
        try:
            give_up_file(acting, key)
        except Refused as refused:
            raise Refused(f"The draft can't be deleted: {refused}") from refused
    else:
        remove_file(acting, key)


def offered(acting: Acting, tell: Callable[[str], None] = lambda _: None) -> tuple[Offer, ...]:
    """The drafts of a person, the newest first, each checked against the present state.

    One that was written is no draft any more. `tell` hears of those that can't be read.
    """
    stored: list[DraftRow] = []
    if acting.db.desk:
        with acting.db.primary.read() as connection:
            stored = drafts.of_person(connection, acting.actor.email)
    offers: list[Offer] = []
    for key, row in kept(acting, stored, tell).items():
        try:
            draft = _draft(row)
        except _Damaged as damage:
            text = f"The draft of run {key[0]}, {key[1]}, is left where it is: {damage}."
            logger.warning(text)
            tell(text)
            continue
        offer = _check(acting, draft) if draft.edits else None
        if offer is not None and offer.is_open:
            offers.append(offer)
        else:
            with contextlib.suppress(Refused):
                drop(acting, key)
    return tuple(sorted(offers, key=lambda offer: offer.draft.saved, reverse=True))


def kept(
    acting: Acting, stored: Iterable[DraftRow], tell: Callable[[str], None] = lambda _: None
) -> dict[DatasetKey, DraftRow]:
    """The newest draft of each dataset: of those `stored` in the database and the files."""
    folder = acting.draft_folder
    found = [] if folder is None else _files(folder, acting.db, acting.actor, tell)
    newest = {row.key: row for row in found}
    for row in stored:
        if row.key not in newest or _is_later(row, newest[row.key]):
            newest[row.key] = row
    return newest


def _is_later(stored: DraftRow, file: DraftRow) -> bool:
    """Whether what the database has counts, and not the file."""
    landed, mark = stored.content.get("landed"), file.content.get("mark")
    if landed and landed == mark:
        return True
    if landed and mark and not stored.content.get("edits"):
        return False  # that one draft landed says nothing of another
    return file.saved < stored.saved


def _check(acting: Acting, draft: Draft) -> Offer:
    # The comment is checked when the draft is written.
    comment = draft.comment.ljust(SHORTEST_COMMENT, "-")
    try:
        preview = bulk_edit.preview(
            acting, draft.edits, comment=comment, seen={draft.key: draft.seen}
        )
    except Refused as refused:
        return Offer(draft, None, str(refused))
    return Offer(draft, preview)


def _row(draft: Draft) -> DraftRow:
    content = _content(draft.edits, draft.comment, draft.selection, draft.mark)
    return DraftRow(draft.run_number, draft.dataset, content, draft.seen, draft.saved)


def _content(edits: tuple[Edit, ...], comment: str, selection: JsonValue, mark: str) -> JsonObject:
    stored: list[JsonValue] = []
    for edit in edits:
        ranges: list[JsonValue] = [[first, last] for first, last in edit.ranges]
        if isinstance(edit, BitEdit):
            stored.append({"bit": edit.bit, "ranges": ranges, "value": edit.value})
        else:
            triplet: JsonObject = {**edit.triplet.as_json()}
            stored.append({"column": edit.column, "ranges": ranges, "triplet": triplet})
    return {
        "format": FORMAT,
        "edits": stored,
        "comment": comment,
        "selection": selection,
        "mark": mark,
    }


class _Damaged(Exception):
    """What is stored is no draft that can be offered: damaged, or of another program version."""


def _draft(row: DraftRow) -> Draft:
    """The draft a row means. Raises _Damaged unless all of it can be understood."""
    content = row.content
    edits, comment = content.get("edits"), content.get("comment") or ""
    if content.get("format") != FORMAT:
        raise _Damaged("another version of the program wrote it in another form")
    if not isinstance(edits, list):
        raise _Damaged("it has no list of edits")
    return Draft(
        row.run_number,
        row.name,
        tuple(_edit(row, stored) for stored in edits),
        row.seen,
        _text(comment, "the comment"),
        content.get("selection"),
        row.saved,
        _text(content.get("mark") or "", "the mark"),
    )


def _edit(row: DraftRow, stored: JsonValue) -> Edit:
    if not isinstance(stored, dict):
        raise _Damaged("an edit is not an object")
    pairs = stored.get("ranges")
    if not isinstance(pairs, list):
        raise _Damaged("an edit has no ranges")
    ranges = tuple(_range(pair) for pair in pairs)
    if "bit" in stored:
        value = stored.get("value")
        if not isinstance(value, bool):
            raise _Damaged("the value of a DCS bit is neither true nor false")
        return BitEdit(row.run_number, row.name, _text(stored["bit"], "a DCS bit"), ranges, value)
    triplet = triplet_from_json(stored.get("triplet"))
    for part in triplet:
        _text(part, "a value")
    column = _text(stored.get("column"), "a column")
    return ColumnEdit(row.run_number, row.name, column, ranges, triplet)


def _range(pair: JsonValue) -> LumiRange:
    if not isinstance(pair, list) or len(pair) != 2:
        raise _Damaged("a range is not a pair")
    first, last = (_number(end, 1, "a lumisection") for end in pair)
    if last < first:
        raise _Damaged("a range ends before it begins")
    return LumiRange(first, last)


def _number(value: object, least: int, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**31:
        raise _Damaged(f"{what} is not a whole number from {least}")
    return value


def _text(value: object, what: str) -> str:
    """A text that the database can hold."""
    if not isinstance(value, str) or unstorable(value):
        raise _Damaged(f"{what} is not text")
    return value


def _name(db: Database) -> str:
    """What files call a database: the program's own is not always on the same port."""
    return _OWN if db.is_own else db.dsn_without_password


def _is_of(db: Database, named: JsonValue) -> bool:
    """Whether a file that names a database is of this one; by its address, too, on any port, for
    the program's own: that is what earlier versions called it."""
    if db.is_own and isinstance(named, str):
        return named == _OWN or _PORT.sub("", named) == _PORT.sub("", db.dsn_without_password)
    return named == _name(db)


def _file(folder: Path, db: Database, actor: Actor, key: DatasetKey) -> Path:
    named = json.dumps([_name(db), actor.email, *key])
    return folder / f"draft-{hashlib.sha1(named.encode()).hexdigest()}.json"


def _write(folder: Path, db: Database, actor: Actor, row: DraftRow) -> None:
    files.make_folder(folder)
    document: JsonObject = {
        "database": _name(db),
        "person": actor.email,
        "run_number": row.run_number,
        "dataset": row.name,
        "seen": row.seen,
        "saved": row.saved.isoformat(),
        "content": row.content,
    }
    target = _file(folder, db, actor, row.key)
    files.write(target, json.dumps(document, ensure_ascii=False), mode=files.PRIVATE)


def _files(folder: Path, db: Database, actor: Actor, tell: Callable[[str], None]) -> list[DraftRow]:
    """The drafts of a person in files. One that can't be read gets another name, so that the
    next draft of its dataset doesn't replace it, and hides no other."""
    stored: list[tuple[Path, DraftRow]] = []
    if not folder.is_dir():
        return []
    for pattern in (files.UNFINISHED, _UNFINISHED_ONCE):
        files.take_away_abandoned(folder, pattern)
    for path in sorted(folder.glob("draft-*.json")):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            row = _row_of(document, db, actor.email)
            if row is not None and row.content.get("format") == FORMAT:
                _draft(row)
        except OSError as error:
            text = f"The draft {path} can't be read: {files.reason(error)}."
            logger.warning(text)
            tell(text)
        except (ValueError, RecursionError, _Damaged) as error:
            aside = path.with_name(f"{path.name}.damaged")
            text = f"The draft {path} can't be read ({error}); it is kept as {aside}."
            logger.warning(text)
            tell(text)
            with contextlib.suppress(OSError):
                path.replace(aside)
        else:
            if row is not None:
                stored.append((path, row))
    return _with_present_names(folder, db, actor, stored)


def _with_present_names(
    folder: Path, db: Database, actor: Actor, stored: list[tuple[Path, DraftRow]]
) -> list[DraftRow]:
    """The newest row of each dataset; what has an earlier name gets the present one."""
    newest = {row.key: row for _, row in sorted(stored, key=lambda each: each[1].saved)}
    for path, row in stored:
        if path != _file(folder, db, actor, row.key):
            with contextlib.suppress(Refused, OSError):
                if row is newest[row.key]:
                    _write(folder, db, actor, row)
                path.unlink()
    return list(newest.values())


def _row_of(document: JsonValue, db: Database, person: str) -> DraftRow | None:
    """The row that a file holds; None when it is of another database or person."""
    if not isinstance(document, dict):
        raise _Damaged("it is not an object")
    content, saved = document.get("content"), document.get("saved")
    if not isinstance(content, dict) or not isinstance(saved, str):
        raise _Damaged("a part is missing")
    if not _is_of(db, document.get("database")) or document.get("person") != person:
        return None
    at = datetime.fromisoformat(saved)
    return DraftRow(
        _number(document.get("run_number"), 1, "the run number"),
        _text(document.get("dataset"), "the dataset"),
        content,
        _number(document.get("seen"), 0, "the newest event"),
        at if at.tzinfo is not None else at.replace(tzinfo=UTC),
    )
