"""Bringing in what OMS says of a run: creation, updates, refreshes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.certification.runs import OPEN
from app.domain.classifying import classification
from app.domain.classifying.recorded_run import RecordedRun
from app.domain.configuration.in_force import Configuration
from app.domain.counting import counted
from app.domain.errors import Refused
from app.domain.identity import Actor, auto_author
from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import ONLINE, DatasetKey, RunNumber
from app.domain.lumisections import LumiRange, format_ranges, ranges_of_mask
from app.domain.sources.oms import (
    KEPT_LUMISECTION_ATTRIBUTES,
    OmsRun,
    reduced_lumisection_attributes,
    run_oms_attributes,
    with_luminosity_per_lumisection,
)
from app.domain.sources.pull import Outcome, OutcomeKind
from app.domain.state.differences import changed_attributes, changes
from app.domain.state.grid import Grid, padded
from app.domain.triplets import Triplet
from app.models.events import rows, states
from app.models.events.action import Action, begin
from app.models.events.event_log import Change, DatasetChange, LumisectionChange, RunChange
from app.models.events.rows import RunRow
from app.services.acting import Acting
from app.services.configuration import in_force as configurations
from app.services.pulling.pullers import Pullers, answer

NEEDS_MANUAL_UPDATE = "run_needs_to_be_updated_manually"


FlagChanges = list[tuple[dict[str, Triplet], LumiRange]]


@dataclass(frozen=True)
class Computed:
    """What the classifiers make of one answer of OMS."""

    oms_attributes: JsonObject
    rr_attributes: JsonObject
    oms: Grid[JsonValue]
    rr: Grid[Triplet]


@dataclass(frozen=True)
class Planned:
    """What an update writes; `ended` is whether OMS calls the run over."""

    lumisections: tuple[tuple[dict[str, Triplet], LumiRange], ...]
    attributes: JsonObject
    oms_lumisections: tuple[tuple[JsonObject, LumiRange], ...]
    oms_attributes: JsonObject
    ended: bool

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write; OMS attributes of a run that goes on wait."""
        return not (
            self.lumisections
            or self.attributes
            or self.oms_lumisections
            or (self.oms_attributes and self.ended)
        )


@dataclass(frozen=True)
class Grown:
    """Lumisections that a signed-off run gained. `others`: what OMS changed besides, in words;
    `settled`: nothing is left that needs a manual update, and the flag was set back."""

    ranges: tuple[LumiRange, ...] = ()
    others: str = ""
    settled: bool = False


def compute(
    configuration: Configuration,
    oms_run: OmsRun,
    *,
    previous: JsonObject | None = None,
    as_significant: bool = False,
) -> Computed:
    """Attributes and lumisections of a run as the automatic classifiers see it.

    `previous`: RR attributes a refresh starts from, nothing for a creation, update or reset.
    `as_significant`: classify the lumisections even when no dataset classifier says so.
    """
    attributes = run_oms_attributes(oms_run)
    lumisections = with_luminosity_per_lumisection(oms_run.lumisections)
    reduced = reduced_lumisection_attributes(lumisections)
    rr = classification.run_attributes(configuration, reduced, attributes, previous)
    coded = classification.coded(configuration, lumisections)
    classified: Grid[Triplet] = Grid.empty()
    if rr["significant"] or as_significant:
        classified = classification.classify_online(
            configuration, attributes, rr, lumisections, coded
        )
    return Computed(attributes, rr, coded.of_keys(KEPT_LUMISECTION_ATTRIBUTES), classified)


def apply(acting: Acting, oms_run: OmsRun) -> Outcome:
    """What the puller does with an answer of OMS: creates the run or updates what changed."""
    acting.check_automatic()
    configuration = configurations.current(acting)
    with begin(acting.db, [oms_run.run_number]) as action:
        return bring_in(action, configuration, oms_run, auto_author())


def bring_in(action: Action, configuration: Configuration, oms_run: OmsRun, author: str) -> Outcome:
    """The same in the transaction of the caller, and in the name of `author`."""
    run = rows.find_run(action.connection, oms_run.run_number)
    if run is None:
        return _create(action, compute(configuration, oms_run), oms_run.run_number, author)
    return _update(action, run, _as_pulled(configuration, run, oms_run), author)


def refresh(acting: Acting, oms_run: OmsRun, *, reset: bool = False) -> Outcome:
    """Reclassifies an OPEN run from a fresh answer of OMS, as an automatic change by request.

    With `reset`, class and significance are computed from nothing instead of from what they are.
    """
    acting.check_automatic()
    configuration = configurations.current(acting)
    with begin(acting.db, [oms_run.run_number]) as action:
        run = rows.get_run(action.connection, oms_run.run_number)
        if run.state != OPEN:
            raise Refused(
                f"Run {run.run_number} is in state {run.state}: only an OPEN run can be refreshed."
            )
        return reclassify(action, configuration, run, oms_run, acting.actor, reset=reset)


def reclassify(
    action: Action,
    configuration: Configuration,
    run: RunRow,
    oms_run: OmsRun,
    actor: Actor,
    *,
    reset: bool = False,
) -> Outcome:
    """Brings an OPEN run in line with OMS and the classifiers; nothing is left to do by hand."""
    computed = _recomputed(configuration, run, oms_run, reset=reset)
    return _update(action, run, computed, auto_author(actor))


def planned_reclassification(
    action: Action, configuration: Configuration, run: RunRow, recorded: RecordedRun
) -> tuple[FlagChanges, JsonObject]:
    """Flags and attributes that `reclassify` would write from what is recorded of a run."""
    rr = recorded.classified(configuration)
    flags: Grid[Triplet] = Grid.empty()
    if rr["significant"] or recorded.is_significant:
        flags = recorded.online_columns(configuration, rr, configuration.online_columns)
    if run.rr_attributes.get(NEEDS_MANUAL_UPDATE) is True:
        rr = {**rr, NEEDS_MANUAL_UPDATE: False}
    return _rr_changes(action, run, flags, rr)


def take_in(
    action: Action, configuration: Configuration, run: RunRow, oms_run: OmsRun, author: str
) -> Grown:
    """Appends the lumisections that a run gained since its sign-off, and nothing else that would
    change its flags or RR attributes; what is left of that is what a pull goes on to flag."""
    number = run.run_number
    computed = _as_pulled(configuration, run, oms_run)
    state = action.state(number, ONLINE)
    _check_none_is_missing(run, state.oms, computed)
    length = computed.oms.length
    new = padded(computed.rr.covered, length) & computed.oms.covered
    new &= ~padded(state.participating, length)
    flags, attributes = _rr_changes(action, run, computed.rr.within(~new), computed.rr_attributes)
    others = _what(flags, attributes)
    rr, _ = _rr_changes(action, run, computed.rr.within(new), {})
    oms = changes(Grid.empty(), computed.oms.within(new).where_missing_in(state.oms))
    oms_attributes = changed_attributes(run.oms_attributes, computed.oms_attributes)
    if others:
        # Known as it was: the next pull goes on to look at the rest.
        oms_attributes = {k: v for k, v in oms_attributes.items() if k == "ls_duration"}
    else:
        oms += changes(state.oms, computed.oms.within(~new))
    settled = not others and run.rr_attributes.get(NEEDS_MANUAL_UPDATE) is True
    ranges = ranges_of_mask(new)
    if not ranges:
        if settled:
            action.append(
                author,
                f"run {number}: nothing of OMS is left to deal with",
                [RunChange(number, rr={NEEDS_MANUAL_UPDATE: False})],
            )
        return Grown(ranges, others, settled)
    rr_attributes: JsonObject = {NEEDS_MANUAL_UPDATE: False} if settled else {}
    action.append(
        author,
        f"run {number} gained lumisections {format_ranges(ranges)}",
        [
            RunChange(number, oms_attributes, rr_attributes),
            _lumisections(number, rr, oms=False),
            _lumisections(number, oms, oms=True),
        ],
    )
    return Grown(ranges, others, settled)


def _as_pulled(configuration: Configuration, run: RunRow, oms_run: OmsRun) -> Computed:
    marked = run.rr_attributes.get("significant") is True
    return compute(configuration, oms_run, as_significant=marked)


def _recomputed(
    configuration: Configuration, run: RunRow, oms_run: OmsRun, *, reset: bool
) -> Computed:
    marked = run.rr_attributes.get("significant") is True
    previous = None if reset else run.rr_attributes
    computed = compute(configuration, oms_run, previous=previous, as_significant=marked)
    if run.rr_attributes.get(NEEDS_MANUAL_UPDATE) is not True:
        return computed
    # Set back as an automatic change: a value set by hand would hide every later flag.
    return replace(computed, rr_attributes={**computed.rr_attributes, NEEDS_MANUAL_UPDATE: False})


def _create(action: Action, computed: Computed, run_number: int, author: str) -> Outcome:
    changed: list[Change] = [
        RunChange(
            run_number,
            computed.oms_attributes,
            {**computed.rr_attributes, "stop_reason": "", "state": OPEN},
        ),
        DatasetChange(run_number, ONLINE),
        _lumisections(run_number, changes(Grid.empty(), computed.rr), oms=False),
        _lumisections(run_number, changes(Grid.empty(), computed.oms), oms=True),
    ]
    action.is_new((run_number, ONLINE))
    action.append(author, f"run {run_number} creation", changed)
    class_ = computed.rr_attributes["class"] or "no class yet"
    return Outcome(
        OutcomeKind.CREATED,
        f"Made run {run_number}: {class_}, {counted(computed.oms.length, 'lumisection')}.",
    )


def _planned(action: Action, run: RunRow, computed: Computed) -> Planned:
    """What differs between a run and what was computed for it."""
    state = action.state(run.run_number, ONLINE)
    _check_none_is_missing(run, state.oms, computed)
    rr_changes, rr_attributes = _rr_changes(action, run, computed.rr, computed.rr_attributes)
    ended = computed.oms_attributes.get("end_time") is not None
    oms_changes = changes(state.oms, computed.oms) if rr_changes or ended else []
    oms_attributes = changed_attributes(run.oms_attributes, computed.oms_attributes)
    return Planned(
        tuple(rr_changes), rr_attributes, tuple(oms_changes), oms_attributes, ended=ended
    )


def _rr_changes(
    action: Action, run: RunRow, flags: Grid[Triplet], attributes: JsonObject
) -> tuple[FlagChanges, JsonObject]:
    """Flags and attributes of those computed that differ from the recorded automatic ones."""
    number = run.run_number
    is_open = run.state == OPEN
    # Compared in version order, so that an automatic value that a manual one covers is
    # recorded once and the next pull finds nothing to do. A run that is no longer OPEN gets
    # nothing recorded: there only an automatic value that has itself changed counts, else every
    # run that was corrected by hand before its sign-off would be flagged.
    recorded = [
        event
        for event in states.rr_events(action.connection, [(number, ONLINE)])
        if is_open or not event.manual
    ]
    before = rows.rr_attributes_by_version(action.connection, number, by_hand_too=is_open)
    return (
        changes(states.fold_rr(recorded, ignore_manual=True), flags),
        changed_attributes(before, attributes),
    )


def _update(action: Action, run: RunRow, computed: Computed, author: str) -> Outcome:
    number = run.run_number
    plan = _planned(action, run, computed)
    if run.state != OPEN and (plan.lumisections or plan.attributes):
        return _flag(action, run, _what(plan.lumisections, plan.attributes), author)
    if plan.is_empty:
        return Outcome(OutcomeKind.UNCHANGED, f"Run {number}: nothing changed.")
    if plan.oms_lumisections:
        # What OMS says of `online` is what its datasets have.
        frozen = [key for key in action.protected({number}).frozen if key[0] == number]
        if frozen:
            return _flag_frozen(action, run, frozen, author)
    changed: list[Change] = []
    if plan.oms_attributes or plan.attributes:
        changed.append(RunChange(number, plan.oms_attributes, plan.attributes))
    changed.append(_lumisections(number, plan.lumisections, oms=False))
    changed.append(_lumisections(number, plan.oms_lumisections, oms=True))
    action.append(author, f"run {number} automatic update", changed)
    return Outcome(
        OutcomeKind.UPDATED,
        f"Updated run {number}: {counted(len(plan.lumisections), 'range')} of statuses,"
        f" {counted(len(plan.oms_lumisections), 'range')} of OMS values and"
        f" {counted(len(plan.oms_attributes) + len(plan.attributes), 'attribute')} changed.",
    )


def _what(lumisections: Sequence[object], attributes: JsonObject) -> str:
    return "lumisections" if lumisections else ", ".join(attributes)


def _check_none_is_missing(run: RunRow, recorded: Grid[JsonValue], computed: Computed) -> None:
    """Refuses an answer with fewer lumisections than OMS had before."""
    # Not those that any event covers: a person's edit may cover holes too.
    before = run.oms_attributes.get("ls_duration")
    if not isinstance(before, int):
        before = int(recorded.covered.sum())
    now = int(computed.oms.covered.sum())
    if now < before or computed.oms.length < recorded.length:
        raise Refused(
            f"OMS has {now} lumisections of run {run.run_number}, the last"
            f" {computed.oms.length}; {before} are recorded, the last {recorded.length}."
            " Lumisections are never removed: ask the OMS team."
        )


def _flag_frozen(action: Action, run: RunRow, frozen: Sequence[DatasetKey], author: str) -> Outcome:
    cycle = action.protected({run.run_number}).frozen[frozen[0]]
    text = (
        f"run flagged: OMS changes lumisections of run {run.run_number}, and"
        f" {counted(len(frozen), 'dataset')} of it {'is' if len(frozen) == 1 else 'are'} in cycle"
        f" {cycle}, which is frozen; thaw the cycle and refresh the run"
    )
    return _flagged(action, run, text, author)


def _flag(action: Action, run: RunRow, what: str, author: str) -> Outcome:
    text = (
        f"run flagged: run {run.run_number} is in state {run.state}, OMS changes its {what};"
        " it needs to be updated manually"
    )
    return _flagged(action, run, text, author)


def _flagged(action: Action, run: RunRow, text: str, author: str) -> Outcome:
    if run.rr_attributes.get(NEEDS_MANUAL_UPDATE) is not True:
        change = RunChange(run.run_number, rr={NEEDS_MANUAL_UPDATE: True})
        action.append(author, text, [change])
    return Outcome(OutcomeKind.FLAGGED, f"{text[0].upper()}{text[1:]}.")


def _lumisections(
    run_number: int,
    changed: Sequence[tuple[dict[str, Triplet], LumiRange]]
    | Sequence[tuple[JsonObject, LumiRange]],
    *,
    oms: bool,
) -> LumisectionChange:
    return LumisectionChange(
        run_number, ONLINE, [(values, (each,)) for values, each in changed], oms=oms
    )


def pull_run(acting: Acting, pullers: Pullers, run_number: RunNumber) -> str:
    """Fetches one run from OMS and brings it in; says what that did."""
    if pullers.oms is None:
        raise Refused("Pulling is switched off in the settings.")
    return apply(acting, answer(pullers.oms, run_number)).text
