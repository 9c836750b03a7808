"""Seasons in the state a stored list was made from, and who set each of their values."""

from collections.abc import Collection, Sequence
from functools import cached_property

from app.domain.history.attributes import AttributeEvent
from app.domain.history.cells import Action, Attribution, Frame, Write
from app.domain.json_value import JsonValue
from app.domain.keys import DatasetKey
from app.domain.progress import SILENT, Progress
from app.domain.state.grid import Value
from app.domain.triplets import Triplet
from app.golden.leaves import coordinate
from app.golden.season import Season
from app.models.golden import generated_json
from app.models.golden import provenance as golden_provenance
from app.models.golden.generated_json import JsonRow
from app.models.golden.provenance import NOW, Moment, Words
from app.models.history import writes as history
from app.services.acting import Acting
from app.services.golden import generation as golden

__all__ = [
    "NOW",
    "Moment",
    "Voices",
    "actions",
    "moment_of",
    "season_at",
    "voices",
    "voices_at",
]


class Voices:
    """Which event set each value of one dataset; per lumisection only values with these keys."""

    def __init__(self, words: Words, keys: Collection[str]) -> None:
        self.words = words
        self._keys = keys

    def event_of(self, name: str, lumisection: int) -> tuple[int, bool] | None:
        """The event that set a variable of a rule, and whether by hand; None where none did."""
        match coordinate(name):
            case ("run", "oms", key):
                return _setter(self.words.run.oms, key, manual_first=False)
            case ("run", "rr", key):
                return _setter(self.words.run.rr, key, manual_first=True)
            case ("dataset", key):
                return _setter(self.words.dataset, key, manual_first=False)
            case ("lumisection", "rr", key):
                write = self.columns_now.writer(key, lumisection)
                return None if write is None else (write.event, write.manual)
            case ("lumisection", "oms", key):
                bit = self.bits_now.writer(key, lumisection)
                return None if bit is None else (bit.event, False)
            case _:
                return None

    @cached_property
    def columns_now(self) -> Attribution[Triplet]:
        """Who wrote each RR cell."""
        return Frame(_setting(self.words.rr, self._keys), self._keys).at()

    @cached_property
    def bits_now(self) -> Attribution[JsonValue]:
        """Who wrote each OMS cell."""
        return Frame(_setting(self.words.oms, self._keys), self._keys).at()


def _setting(writes: Sequence[Write[Value]], keys: Collection[str]) -> list[Write[Value]]:
    """The events that set any of the keys: nearly all events of a run are its luminosity."""
    return [write for write in writes if not write.values.keys().isdisjoint(keys)]


def moment_of(acting: Acting, id_: int) -> tuple[JsonRow, Moment]:
    """A stored list and the state it was made from, as exactly as it is known."""
    stored = golden.row(acting, id_)
    provenance = None
    if acting.db.record:
        with acting.db.read() as connection:
            provenance = golden_provenance.provenance_of(connection, id_)
    return stored, Moment(stored.entry.version, provenance)


def season_at(
    acting: Acting,
    pattern: str,
    moment: Moment = NOW,
    *,
    run_numbers: Collection[int] | None = None,
    proved: bool = False,
    progress: Progress = SILENT,
) -> Season:
    """The matching datasets at a moment, only of these runs if given; there may be none.

    `proved`: from nothing that was only kept. As it is now is read from what is kept in any case.
    """
    if moment is NOW and run_numbers is None:
        with acting.db.read() as connection:
            if not generated_json.matching_datasets(connection, pattern):
                return Season([])
        return golden.season_of(acting, pattern, progress=progress)[1]
    with acting.db.read() as connection:
        read = golden_provenance.read_season(
            connection,
            pattern,
            moment,
            basis=golden.basis(acting, proved=proved),
            run_numbers=run_numbers,
            told=progress.at,
        )
    return golden.season_from(read)


def voices(
    acting: Acting, keys: Collection[DatasetKey], moment: Moment, variables: Collection[str]
) -> dict[DatasetKey, Voices]:
    """Which event set each of these variables at the moment, dataset by dataset."""
    (attributed,) = voices_at(acting, keys, [moment], variables)
    return attributed


def voices_at(
    acting: Acting,
    keys: Collection[DatasetKey],
    moments: Sequence[Moment],
    variables: Collection[str],
) -> tuple[dict[DatasetKey, Voices], ...]:
    """The same at each of several moments."""
    keys_read = {where[2] for name in variables if (where := coordinate(name)) and len(where) == 3}
    with acting.db.read() as connection:
        words_at_moments = golden_provenance.words(connection, keys, moments, keys_read)
    return tuple(
        {key: Voices(each, keys_read) for key, each in at.items()} for at in words_at_moments
    )


def actions(acting: Acting, events: Collection[int]) -> dict[int, Action]:
    """Who made these events."""
    with acting.db.read() as connection:
        version_of = history.versions_of_events(connection, sorted(events))
        by_version = history.actions(connection, set(version_of.values()))
    return {event: by_version[version] for event, version in version_of.items()}


def _setter(
    events: Collection[AttributeEvent], name: str, *, manual_first: bool
) -> tuple[int, bool] | None:
    setting = [event for event in events if name in event.values]
    if not setting:
        return None
    winner = max(setting, key=lambda event: (manual_first and event.manual, event.version))
    return winner.version, winner.manual
