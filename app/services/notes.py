"""Notes of people: added, answered, corrected and taken back, each by a row of its own."""

from collections.abc import Sequence

from msgspec import Struct

from app.domain.certification import notes as rules
from app.domain.certification.notes import Note, NoteEntry, NoteKind
from app.domain.configuration.permissions import EXPERTS
from app.domain.errors import NotPermitted, Refused
from app.domain.lumisections import LumiRange, join
from app.models.history import notes
from app.services import names
from app.services.acting import Acting
from app.services.configuration import in_force as configuration


class Noted(Struct, frozen=True):
    """A row that was added, and the sentence that says so."""

    number: int
    text: str


def of_run(acting: Acting, run_number: int) -> tuple[Note, ...]:
    """Notes on a run, its datasets and lumisections, with answers, the oldest first."""
    if not acting.db.record:
        return ()
    with acting.db.read() as connection:
        return rules.threads(notes.of_run(connection, run_number))


def on_dataset(found: Sequence[Note], dataset: str) -> tuple[Note, ...]:
    """Those of the notes on a run that concern one of its datasets, and weren't taken back."""
    return tuple(
        note for note in found if note.dataset in ("", dataset) and note.taken_back is None
    )


def columns(acting: Acting) -> tuple[str, ...]:
    """The columns that a note may name."""
    current = configuration.current(acting)
    return tuple(dict.fromkeys((*current.online_columns, *current.offline_columns)))


def add(
    acting: Acting, run_number: int, dataset: str, ranges: Sequence[LumiRange], text: str
) -> Noted:
    """Notes something on a run, a dataset (not empty) or lumisections (not empty); anybody may."""
    text = _check(acting, text)
    ranges = join(ranges)
    names.check_cells(acting, run_number, dataset or None, (), ranges)
    with acting.db.transaction() as connection:
        place = (run_number, dataset, ranges)
        number = notes.add(connection, NoteKind.NOTE, place, text, acting.actor.email)
        made = rules.threads([notes.entry(connection, number)])[0]
    return Noted(number, f"Noted on {made.where}: note {number}.")


def reply(acting: Acting, number: int, text: str) -> Noted:
    """Answers a note; an answer to an answer is one to the note."""
    return _about(acting, NoteKind.REPLY, number, text, "Answered note {}.")


def correct(acting: Acting, number: int, text: str) -> Noted:
    """Gives a note of one's own another text; the one before stays in the log."""
    return _about(acting, NoteKind.CORRECTION, number, text, "Corrected note {}.")


def take_back(acting: Acting, number: int, reason: str) -> Noted:
    """Takes a note back, for a reason: its author may, and experts. It stays in the log."""
    return _about(acting, NoteKind.TAKEN_BACK, number, reason, "Took back note {}.")


def _about(acting: Acting, kind: NoteKind, number: int, text: str, done: str) -> Noted:
    text = _check(acting, text)
    person = acting.actor
    with acting.db.transaction() as connection:
        target = notes.entry(connection, number)
        if target.kind not in (NoteKind.NOTE, NoteKind.REPLY):
            raise Refused(f"Entry {number} is no note, but what was done to note {target.about}.")
        if notes.is_taken_back(connection, target.number):
            raise Refused(f"Note {number} was taken back.")
        if kind is NoteKind.REPLY and target.about is not None:
            target = notes.entry(connection, target.about)
        _check_author(kind, target, person.email, is_expert=EXPERTS in person.egroups)
        place = (target.run_number, target.dataset, target.ranges)
        made = notes.add(connection, kind, place, text, person.email, target.number)
    return Noted(made, done.format(target.number))


def _check_author(kind: NoteKind, target: NoteEntry, email: str, *, is_expert: bool) -> None:
    if kind is NoteKind.REPLY or target.by == email:
        return
    if kind is NoteKind.CORRECTION:
        raise NotPermitted(f"Only {target.by} may correct note {target.number}. Answer it instead.")
    if not is_expert:
        raise NotPermitted(
            f"Only {target.by}, who wrote it, and {EXPERTS} may take back note {target.number}."
        )


def refusal(acting: Acting) -> Refused | None:
    """Why the person can note nothing on this database; None where they can."""
    if not acting.actor.email:
        return NotPermitted("Notes are written by people. Nobody is named here.")
    if not acting.db.record:
        return Refused(f"Nothing can be noted here: {acting.db.no_record.why}")
    return None


def _check(acting: Acting, text: str) -> str:
    if refused := refusal(acting):
        raise refused
    return rules.check_text(text)
