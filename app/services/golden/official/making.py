"""Which golden JSONs a puller has made again, and making them official."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from app.domain.certification.wishes import NOBODY, Asked, OfficialWish
from app.domain.counting import counted
from app.domain.errors import Refused
from app.domain.progress import SILENT, Progress
from app.models.golden import checks, generated_json
from app.models.golden.checks import Check
from app.models.pulling import wishes
from app.services.acting import Acting
from app.services.certification import asking
from app.services.golden import generation as golden
from app.services.golden.checks.checking import differs_text, made_again


class Proof(StrEnum):
    """What is known of a list on a guarded database."""

    CONFIRMED = "confirmed"
    DIFFERS = "differs"
    WAITING = "unconfirmed"
    NOT_ASKED = "not checked"
    """The web service or an older program stored it: it is made again when an expert asks for it
    to be official."""


@dataclass(frozen=True)
class Standing:
    """What is known of one list; `pullers` tells whether one makes lists again now."""

    proof: Proof
    at: datetime | None = None
    differing: str = ""
    pullers: bool = True

    @property
    def text(self) -> str:
        """The same in a few words."""
        when = "" if self.at is None else f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        match self.proof:
            case Proof.CONFIRMED:
                return f"Confirmed by the puller at {when}: it comes out of the events."
            case Proof.DIFFERS:
                return f"Differs from the events: {self.differing}. The puller found it at {when}."
            case Proof.WAITING:
                waits = "The puller makes it again soon." if self.pullers else NOBODY
                return f"Unconfirmed. {waits}"
            case Proof.NOT_ASKED:
                return "Not checked: no client of ours stored it on this guarded database."


@dataclass(frozen=True)
class MadeOfficial:
    """Lists that are official now, and what was asked for the others."""

    ids: tuple[int, ...]
    asked: Asked | None = None

    @property
    def text(self) -> str:
        """What was done and what was asked for, in sentences."""
        said = (self.done_text, "" if self.asked is None else self.asked.text)
        return " ".join(filter(None, said))

    @property
    def done_text(self) -> str:
        """What was done; empty when nothing was."""
        noun = "golden JSON" if len(self.ids) == 1 else "golden JSONs"
        return f"Official now: {noun} {', '.join(map(str, self.ids))}." if self.ids else ""


def standings(acting: Acting, ids: Collection[int]) -> dict[int, Standing]:
    """What is known of these lists; nothing on a database without a guard, where nobody checks."""
    db = acting.db
    if db.guard is None or not db.record or not ids:
        return {}
    with db.read() as connection:
        found = checks.newest(connection, ids)
        claimed = checks.claimed(connection, ids)
    waits = claimed - found.keys()
    pullers = asking.is_alive(acting, golden.CHECKING) if waits else True
    return {id_: _standing(found.get(id_), id_ in claimed, pullers) for id_ in ids}


def standing_of(acting: Acting, id_: int) -> tuple[bool, Standing | None]:
    """Whether a list is official, and what is known of it. NotFound when it is gone."""
    with acting.db.read() as connection:
        is_official = generated_json.is_official(connection, id_)
    return is_official, standings(acting, [id_]).get(id_)


def _standing(check: Check | None, is_claimed: bool, pullers: bool) -> Standing:
    if check is None:
        return Standing(Proof.WAITING if is_claimed else Proof.NOT_ASKED, pullers=pullers)
    proof = Proof.CONFIRMED if check.equal else Proof.DIFFERS
    return Standing(proof, check.at, check.differing, pullers)


def make_official(
    acting: Acting, ids: Sequence[int], *, progress: Progress = SILENT
) -> MadeOfficial:
    """Makes lists official, all of them or none: they are made again from the events before.

    On a guarded database pullers do that, so lists that none has confirmed are asked for. Refused
    when one doesn't come out of the events.
    """
    if refusal := golden.refusal_of_official(acting):
        raise refusal
    with acting.db.read() as connection:
        ids = [id_ for id_ in dict.fromkeys(ids) if not generated_json.is_official(connection, id_)]
    if not ids:
        raise Refused("These golden JSONs are official already.")
    if asking.must_ask(acting):
        return _with_puller(acting, ids)
    for at, id_ in enumerate(ids):
        found = made_again(acting, id_, progress.part(at / len(ids), (at + 1) / len(ids)))
        if found:
            raise Refused(differs_text(id_, found))
    with acting.db.transaction() as connection:
        for id_ in ids:
            checks.make_official(connection, id_)
        generated_json.announce(connection, ids)
        progress.checkpoint()
    return MadeOfficial(tuple(ids))


def _with_puller(acting: Acting, ids: Sequence[int]) -> MadeOfficial:
    known = standings(acting, ids)
    ready = [id_ for id_ in ids if known[id_].proof is Proof.CONFIRMED]
    left = [OfficialWish(id_) for id_ in ids if id_ not in ready]
    with acting.db.transaction() as connection:
        for id_ in ready:
            checks.make_official(connection, id_)
        wished = tuple(wishes.add(connection, each, acting.actor.email) for each in left)
        if ready:
            generated_json.announce(connection, ready)
    if not wished:
        return MadeOfficial(tuple(ready))
    words = (
        left[0].words
        if len(left) == 1
        else f"make {counted(len(left), 'golden JSON')} again and official"
    )
    return MadeOfficial(tuple(ready), asking.told(acting, wished, words, job=golden.CHECKING))
