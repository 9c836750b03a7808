"""Golden JSONs made again by a puller, which confirms them or tells what differs."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.domain.certification.wishes import OfficialWish, WishKind, WishState
from app.domain.configuration.in_force import parse_condition
from app.domain.counting import counted
from app.domain.errors import Refused, Unavailable
from app.domain.json_value import JsonObject
from app.domain.progress import Cancelled, Progress
from app.domain.sources.turns import Turned
from app.golden.selection import select
from app.models.database.engine import Database
from app.models.events import pending
from app.models.golden import checks, generated_json
from app.models.golden.generated_json import JsonRow
from app.models.golden.provenance import Moment
from app.models.history import writes as history
from app.models.pulling import wishes
from app.services.acting import Acting
from app.services.golden import generation as golden
from app.services.golden.checks.same import differing, name_of
from app.services.golden.moments import season_at

logger = logging.getLogger(__name__)

_MOST = 200
_LONGEST = 1_000
_READING_SHARE = 0.7
_LOOK_S = 0.5
_PATIENCE_S = 60.0


def made_again(acting: Acting, id_: int, progress: Progress) -> str:
    """What differs when a list is made again from the events up to its version; empty when nothing
    does.

    What its maker says it was made from is not asked for: an event that was left out would be
    missing in both.
    """
    stored = golden.row(acting, id_)
    with acting.db.read() as connection:
        row = checks.stored(connection, id_)
        newest = history.newest_version(connection)
        # The web service says of losses what ours doesn't, so only its lists and sums are compared.
        is_ours = (acting.db.record and checks.has_provenance(connection, id_)) or (
            acting.db.guard is not None and bool(checks.claimed(connection, [id_]))
        )
    version = stored.entry.version
    if row is None:
        raise Refused(f"Golden JSON {id_} was deleted.")
    if not 0 < version <= newest:
        return f"there was no version {version} yet when it was made again"
    try:
        made = _made(acting, stored, progress)
    except Refused as error:
        return f"it can't be made again: {error}"
    if not made:
        return "no dataset matched at its version"
    found = ", ".join(name_of(column) for column in differing(row, made, whole=is_ours))
    return found[:_LONGEST]


def _made(acting: Acting, stored: JsonRow, progress: Progress) -> JsonObject:
    """The columns of a list as they come out; none when no dataset matches."""
    version = stored.entry.version
    rule = parse_condition(stored.json_logic)
    season = season_at(
        acting,
        stored.entry.dataset_name_filter,
        Moment(version),
        proved=True,
        progress=progress.part(0.0, _READING_SHARE),
    )
    if not season.datasets:
        return {}
    selection = select(season, rule, progress.part(_READING_SHARE, 1.0))
    with acting.db.read() as connection:
        recorded, delivered = generated_json.luminosity_of_run_range(
            connection,
            (season.datasets[0].run_number, season.datasets[-1].run_number),
            golden.basis(acting, proved=True),
            as_of=version,
        )
    return {
        **selection.as_row(),
        "total_recorded_luminosity_from_run_range": recorded,
        "total_delivered_luminosity_from_run_range": delivered,
    }


@dataclass
class _Seen:
    """When a list was first seen [s of the clock], and which of those who were writing then still
    do: what they write may have smaller versions than the list has."""

    at: float
    writers: frozenset[str]


@dataclass(frozen=True)
class _Wished:
    """An expert waits for a list to become official."""

    wish: int
    list_id: int


class Checking:
    """The job of pullers that makes lists again: those that an expert waits for first, then what
    people stored, the newest first.

    A list waits as long as somebody writes who already did when it was first seen: what was
    confirmed before could come out differently afterwards. What was found, that a list is
    official, and the outcome of the wish are stored together or not at all. `on_bug` hears of a
    list that our own program fails at; it is tried again when the puller is started anew.
    """

    def __init__(
        self,
        db: Database,
        on_bug: Callable[[Exception], None],
        *,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._acting = Acting(db)
        self._on_bug = on_bug
        self._patience_s = patience_s
        self._looks = wishes.Looks({WishKind.MAKE_OFFICIAL})
        self._given_up: set[int] = set()
        self._seen: dict[int, _Seen] = {}

    def turn(self, progress: Progress) -> Turned | str:
        """Everything that waits by now. Raises Unavailable or Cancelled between two lists, or in
        the middle of one that is made again at the next turn, and Unavailable when lists have long
        waited for somebody who is writing."""
        checked = 0
        while (todo := self._next()) is not None:
            progress.checkpoint()
            id_, wished = todo
            try:
                self._check(id_, wished, progress)
            except (Unavailable, Cancelled):
                raise
            except Refused as error:
                self._settle(wished, WishState.REFUSED, str(error))
                self._given_up.add(id_)
            except Exception as error:  # noqa: BLE001 - told to who mends bugs
                self._on_bug(error)
                said = f"an error in the program, {type(error).__name__}: {error}"
                self._settle(wished, WishState.FAILED, said)
                self._given_up.add(id_)
            else:
                checked += 1
        if self._seen:
            return self._held_up()
        return f"made {counted(checked, 'list')} again" if checked else "no list waits"

    def _held_up(self) -> Turned:
        """Lists wait for those who write; Unavailable when that takes too long."""
        said = f"{counted(len(self._seen), 'list')} held up by transactions that began before"
        oldest = min(self._seen.values(), key=lambda seen: seen.at)
        if time.monotonic() - oldest.at < self._patience_s:
            return Turned(said, _LOOK_S)
        with self._acting.db.read() as connection:
            sessions = pending.sessions(connection, oldest.writers)
        raise Unavailable(f"{said}: session {', '.join(sessions)} has to end first.")

    def _next(self) -> tuple[int, tuple[_Wished, ...]] | None:
        """The first list that nobody can change any more by what is being written, and who wishes
        it to be official."""
        with self._acting.db.read() as connection:
            found = self._looks.waiting(connection, _MOST)
            wished = [
                _Wished(id_, wish.list_id)
                for id_, _, wish in found
                if isinstance(wish, OfficialWish)
            ]
            lists = dict.fromkeys(each.list_id for each in wished)
            lists |= dict.fromkeys(
                id_ for id_ in checks.waiting(connection) if id_ not in self._given_up
            )
            # The order counts: first the lists, then who is writing.
            writers = pending.writers(connection) if lists else frozenset[str]()
        now = time.monotonic()
        self._seen = {id_: self._seen.get(id_) or _Seen(now, writers) for id_ in lists}
        for id_, seen in self._seen.items():
            seen.writers &= writers
            if not seen.writers:
                del self._seen[id_]
                return id_, tuple(each for each in wished if each.list_id == id_)
        return None

    def _check(self, id_: int, wished: tuple[_Wished, ...], progress: Progress) -> None:
        acting = self._acting
        found = made_again(acting, id_, progress)
        with acting.db.transaction() as connection:
            checks.keep(connection, id_, found, golden.program_version())
            if wished and not found and not checks.make_official(connection, id_):
                raise Refused(f"Golden JSON {id_} was deleted.")
            for each in wished:
                if found:
                    state, said = WishState.REFUSED, differs_text(id_, found)
                else:
                    state, said = WishState.DONE, f"Golden JSON {id_} is confirmed and official."
                wishes.settle(connection, each.wish, state, said)
            generated_json.announce(connection, [id_])
        logger.info(
            "Golden JSON %d was made again: %s", id_, f"differs: {found}" if found else "confirmed"
        )

    def _settle(self, wished: tuple[_Wished, ...], state: WishState, said: str) -> None:
        with self._acting.db.transaction() as connection:
            for each in wished:
                wishes.settle(connection, each.wish, state, said)


def differs_text(id_: int, found: str) -> str:
    """That a list isn't what the events say."""
    return f"Golden JSON {id_} doesn't come out of the events up to its version: {found}."
