"""The moment a report is of: a version, and the state that datasets had at it.

The same version is always the same report. What has no version (notes, cycles, proposals, marks)
counts up to a time: that of the version where one was asked for, else that of the newest entry.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.domain.errors import BadInput, NotFound
from app.domain.history.moments import parse_time, time_words
from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import LAST_LUMISECTION, LUMISECTION_S
from app.domain.progress import SILENT, Progress
from app.domain.state.compact import CompactState
from app.golden.season import SeasonDataset
from app.models.events import event_positions, pending
from app.models.events.ground import ground
from app.models.golden import generated_json
from app.models.golden.generated_json import MatchedDataset
from app.models.history import log, moment_of_reports
from app.models.history import writes as history
from app.models.recount.basis import states_on
from app.services import names
from app.services.acting import Acting
from app.services.golden import generation as golden

_BLOCK = 100
_FOLDED_BLOCK = 20
"""Datasets that are folded from their events at once."""
_NEWEST_RUNS = 50
_DIGITS = 18
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


@dataclass(frozen=True)
class ReportMoment:
    """A version, and the time up to which counts what has none.

    `settled` is false where somebody was writing: a version with a smaller number may follow.
    """

    version: int
    at: datetime
    settled: bool = True

    @property
    def text(self) -> str:
        """`version 812, 2025-08-18 06:12 UTC`."""
        return f"version {self.version}, {time_words(self.at)}"


def moment_of(acting: Acting, as_of: int | datetime | None = None) -> ReportMoment:
    """The moment that a version or a time means; now if none. NotFound for what there isn't, and
    where nothing was written yet."""
    named = names.version_at(acting, as_of)
    at = as_of if isinstance(as_of, datetime) else None
    settled = pending.newest_settled(acting.db)
    with acting.db.read() as connection:
        newest = history.newest_version(connection)
        version = newest if named is None else named
        written = log.time_of(connection, version)
        last = moment_of_reports.newest_entry(connection) if acting.db.record else None
    if not version or written is None:
        when = "" if named is None else f" up to version {named}"
        raise NotFound(f"Nothing was written to this database{when}: there is nothing to report.")
    if named is None and last is not None:
        written = max(written, last)
    last_settled = newest - event_positions.LATE_VERSIONS - 1 if settled is None else settled
    return ReportMoment(version, at or written, version <= last_settled)


def state_of_record(acting: Acting) -> tuple[str, datetime | None]:
    """What the report of a version rests on beside it: the ground, and when something was kept last
    of what has no version, which a report may tell as it is now."""
    with acting.db.read() as connection:
        now = ground(connection, desk=acting.db.desk)
        return now, moment_of_reports.newest_entry(connection) if acting.db.record else None


def named(text: str, of: str = "As of") -> int | datetime | None:
    """What a person names: a version, a day (its end) or a minute; None for nothing. BadInput says
    that `of` can't be read."""
    cleaned = text.strip()
    if cleaned.isascii() and cleaned.isdecimal() and len(cleaned) <= _DIGITS:
        return int(cleaned)
    at = parse_time(cleaned)
    if at is None and cleaned:
        raise BadInput(
            f'{of}: "{cleaned}" is no moment. Write a version (48213), a day (2025-08-18) or a'
            " minute (2025-08-18T06:12)."
        )
    return at


def datasets_at(
    acting: Acting,
    moment: ReportMoment,
    pattern: str,
    *,
    run_numbers: Collection[int] | None = None,
    keys: Collection[DatasetKey] | None = None,
    progress: Progress = SILENT,
) -> tuple[SeasonDataset, ...]:
    """Datasets as they were, by run and name: those that match, only of these runs or keys if
    given. What hasn't changed since is read as it is now, which is quicker and the same."""
    with acting.db.read() as connection:
        if run_numbers is None:
            run_numbers = generated_json.runs_with(connection, pattern)
        found = generated_json.matching_datasets(
            connection, pattern, as_of=moment.version, run_numbers=sorted(run_numbers), keys=keys
        )
        changed = moment_of_reports.changed_since(
            connection, {each.run_number for each in found}, moment.version
        )
        now: list[DatasetKey] = []
        then: list[DatasetKey] = []
        for each in found:
            own = (each.run_number, each.name) in changed
            (then if own or (each.run_number, ONLINE) in changed else now).append(_key(each))
        basis = golden.basis(acting, proved=False)
        states: dict[DatasetKey, CompactState] = {}
        number = len(found) or 1
        for block, as_of in (
            *((block, None) for block in _blocks(now, _BLOCK)),
            *((block, moment.version) for block in _blocks(then, _FOLDED_BLOCK)),
        ):
            progress.at(len(states) / number)
            loaded, _ = states_on(connection, block, basis, as_of=as_of)
            states.update((key, state) for key, (state, _) in loaded.items())
    progress.at(1.0)
    return tuple(
        SeasonDataset(
            each.run_number,
            each.name,
            each.attributes,
            each.oms_attributes,
            each.rr_attributes,
            states[_key(each)],
        )
        for each in found
    )


def run_attributes_at(
    acting: Acting, moment: ReportMoment, run_numbers: Sequence[int]
) -> tuple[MatchedDataset, ...]:
    """Runs that were there, with their attributes then."""
    with acting.db.read() as connection:
        return tuple(
            generated_json.matching_datasets(
                connection, ONLINE, as_of=moment.version, run_numbers=run_numbers
            )
        )


def start_of(oms: JsonObject) -> datetime | None:
    """When a run began, None where OMS doesn't say."""
    return _time(oms.get("start_time"))


def end_of(oms: JsonObject, lumisections: int = 0) -> datetime | None:
    """When a run ended; while it goes on, where its last lumisection ends."""
    begin = start_of(oms)
    duration = oms.get("ls_duration")
    match duration:
        case int() | float() if 0 <= duration <= LAST_LUMISECTION:
            lumisections = max(lumisections, int(duration))
    if (ended := _time(oms.get("end_time"))) is not None or begin is None:
        return ended
    return begin + timedelta(seconds=LUMISECTION_S * lumisections)


def end_of_data(acting: Acting, moment: ReportMoment) -> datetime:
    """When the newest run ended that was there, to the minute above; the moment itself where no
    run has a time."""
    with acting.db.read() as connection:
        newest = moment_of_reports.newest_runs(connection, _NEWEST_RUNS, moment.version)
    ends = [
        end
        for run in run_attributes_at(acting, moment, newest)
        if (end := end_of(run.oms_attributes)) is not None
    ]
    last = max(ends, default=moment.at)
    return last.replace(second=0, microsecond=0) + timedelta(minutes=1)


def time_named(text: str, of: str) -> datetime | None:
    """A minute, or a day, of which the beginning is meant; None for nothing, BadInput for anything
    else."""
    if not text.strip():
        return None
    at = parse_time(text)
    if at is None:
        raise BadInput(f'{of}: "{text}" is no time. Write 2025-08-18T07:00, in UTC.')
    is_day = len(text.strip()) == len("2025-08-18")
    return at - timedelta(days=1) if is_day else at


def _blocks(keys: Sequence[DatasetKey], size: int) -> list[Sequence[DatasetKey]]:
    return [keys[begin : begin + size] for begin in range(0, len(keys), size)]


def _key(each: MatchedDataset) -> DatasetKey:
    return each.run_number, each.name


def _time(value: JsonValue) -> datetime | None:
    """A time as OMS writes it; None for what is none of the LHC."""
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if read is None or not _FIRST_YEAR <= read.year <= _LAST_YEAR:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
