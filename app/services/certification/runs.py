"""Actions on runs: significance, attributes, states and sign-off."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.domain.certification.growth import Gained, gained_text, without_part
from app.domain.certification.runs import (
    EDITABLE_ATTRIBUTES,
    OPEN,
    check_can_be_signed_off,
    check_move,
)
from app.domain.certification.wishes import Asked, Wish, WishKind
from app.domain.classifying import classification
from app.domain.configuration import permissions
from app.domain.configuration.in_force import Configuration
from app.domain.counting import counted
from app.domain.errors import BadInput, Conflict, Refused
from app.domain.identity import Actor, auto_author
from app.domain.json_value import JsonObject, JsonValue, js_stringify
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange, format_ranges
from app.domain.sources.oms import OmsRun
from app.domain.sources.pull import Outcome, OutcomeKind
from app.domain.state.differences import changes
from app.domain.state.grid import Grid
from app.models.events import rows
from app.models.events.action import Action, begin
from app.models.events.event_log import DatasetChange, LumisectionChange, RunChange
from app.models.events.rows import DatasetRow, RunRow
from app.services.acting import Acting
from app.services.certification import asking
from app.services.certification.growth import bring_in
from app.services.configuration import in_force as configurations
from app.services.pulling import runs as pull

WAITING = "waiting dqm gui"

_NEVER_EDITED = "physics_flag"
"""An attribute that OMS gives in every lumisection and that is not a DCS bit."""


@dataclass(frozen=True)
class Moved:
    """A run in its new state, with the datasets that now wait for the DQM GUI.

    `gained`: what datasets that were there already lacked of the run; `without_part`: lumisections
    of the run that OMS or flags don't cover. `version` is the one to undo; `asked`: the wish of the
    datasets, which a puller makes.
    """

    run_number: int
    state: str
    datasets: tuple[str, ...]
    gained: tuple[Gained, ...] = ()
    without_part: tuple[LumiRange, ...] = ()
    version: int | None = None
    asked: Asked | None = None

    @property
    def text(self) -> str:
        """What to tell the person."""
        moved = {
            "SIGNOFF": f"Signed off run {self.run_number}",
            "COMPLETED": f"Completed run {self.run_number}",
        }.get(self.state, f"Reopened run {self.run_number}")
        parts = [f"{moved}."]
        if self.datasets:
            wait = "waits" if len(self.datasets) == 1 else "wait"
            parts.append(f"{counted(len(self.datasets), 'dataset')} now {wait} for the DQM GUI.")
        if self.gained:
            parts.append(gained_text(self.gained))
        if self.asked is not None:
            parts.append(self.asked.text)
        if self.without_part:
            parts.append(
                f"LS {format_ranges(self.without_part)} take no part: OMS and flags don't both"
                " have them."
            )
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class AttributeSet:
    """An attribute of a run that was set by hand; not `changed` when it held that value by hand
    already."""

    run_number: int
    attribute: str
    value: JsonValue
    changed: bool
    version: int | None = None

    @property
    def text(self) -> str:
        """What to tell the person."""
        value = self.value if isinstance(self.value, str) else js_stringify(self.value)
        if not self.changed:
            return (
                f"Nothing to change: {self.attribute} of run {self.run_number} is already set to"
                f" {value} by hand."
            )
        return f"Set {self.attribute} of run {self.run_number} to {value}."


def classes(acting: Acting) -> tuple[str, ...]:
    """The classes that classifiers in force can give a run, by name."""
    classifiers = configurations.current(acting).class_classifiers
    return tuple(sorted({classifier.class_ for classifier in classifiers}))


def mark_significant(
    acting: Acting, run_number: int, oms_run: OmsRun | None = None
) -> Outcome | Asked:
    """Marks an OPEN run significant by hand and classifies its lumisections, or has a puller do so.

    They are classified from a fresh answer of OMS, or without one from what is recorded.
    """
    configuration = configurations.current(acting)
    configuration.permissions.check(acting.actor, permissions.mark_significant_path())
    must_ask = asking.must_ask(acting)
    answer = oms_run or (None if must_ask else acting.ask_oms(run_number))
    done = f"Marked run {run_number} significant."
    with begin(acting.db, [run_number]) as action:
        run = _open_run(action, run_number, "be marked significant")
        if run.rr_attributes.get("significant") is True:
            raise Refused(f"Run {run_number} is already significant.")
        action.append(
            acting.actor.email,
            f"mark run {run_number} significant",
            [RunChange(run_number, rr={"significant": True})],
        )
        if not must_ask:
            outcome = classify(action, configuration, run_number, acting.actor, answer)
            return replace(outcome, text=f"{done} {outcome.text}")
        wish = Wish(WishKind.CLASSIFY, run_number)
        wish_id = asking.add(acting, action, wish)
    asked = asking.told(acting, (wish_id,), wish.words)
    return replace(asked, text=f"{done} {asked.text}")


def classify(
    action: Action,
    configuration: Configuration,
    run_number: int,
    actor: Actor,
    answer: OmsRun | None,
) -> Outcome:
    """Classifies a run that was marked significant, as an automatic change by request."""
    run = _open_run(action, run_number, "be classified")
    return pull.reclassify(
        action, configuration, run, answer or recorded_oms_run(action, run), actor
    )


def refresh(
    acting: Acting,
    run_number: int,
    oms_run: OmsRun | None = None,
    *,
    reset: bool = False,
    recorded: bool = False,
) -> Outcome | Asked:
    """Reclassifies an OPEN run, from a fresh answer of OMS or from what is recorded, or has a
    puller do so.

    With `recorded` OMS isn't asked.
    """
    if asking.must_ask(acting):
        check_can_be_refreshed(acting, run_number)
        return asking.ask(acting, [Wish(WishKind.REFRESH, run_number, reset, recorded)])
    configuration = configurations.current(acting)
    answer = oms_run
    if answer is None and not recorded:
        answer = acting.ask_oms(run_number)
    with begin(acting.db, [run_number]) as action:
        return carry_out_refresh(
            action,
            configuration,
            Wish(WishKind.REFRESH, run_number, reset, recorded),
            acting.actor,
            answer,
        )


def check_can_be_refreshed(acting: Acting, run_number: int) -> None:
    """Refused when a run isn't OPEN."""
    with acting.db.read() as connection:
        _check_open(rows.get_run(connection, run_number), "be refreshed")


def carry_out_refresh(
    action: Action,
    configuration: Configuration,
    wanted: Wish,
    actor: Actor,
    answer: OmsRun | None,
) -> Outcome:
    """Refreshes a run as it is wanted; `answer` is what OMS says, None where it can't be asked."""
    run = _open_run(action, wanted.run_number, "be refreshed")
    outcome = pull.reclassify(
        action,
        configuration,
        run,
        answer or recorded_oms_run(action, run),
        actor,
        reset=wanted.reset,
    )
    if answer is not None or wanted.recorded:
        return outcome
    return replace(
        outcome,
        text=f"{outcome.text} OMS is unavailable, so what is recorded was classified.",
    )


def edit_attribute(
    acting: Acting, run_number: int, attribute: str, value: JsonValue
) -> AttributeSet:
    """Sets an RR attribute of an OPEN run by hand."""
    kind = EDITABLE_ATTRIBUTES.get(attribute)
    if kind is None:
        known = ", ".join(EDITABLE_ATTRIBUTES)
        hint = " Move the run to change its state." if attribute == "state" else ""
        raise BadInput(f'"{attribute}" can\'t be set by hand. These can: {known}.{hint}')
    if type(value) is not kind:
        raise BadInput(f"{attribute} must be {'true or false' if kind is bool else 'a text'}.")
    path = permissions.edit_run_path(run_number, attribute)
    configurations.current(acting).permissions.check(acting.actor, path)
    with begin(acting.db, [run_number]) as action:
        run = _open_run(action, run_number, "be edited")
        by_hand = rows.manual_rr_attributes(action.connection, run_number)
        if attribute in by_hand and by_hand[attribute] == value:
            return AttributeSet(run_number, attribute, value, changed=False)
        before = run.rr_attributes.get(attribute, "")
        version = action.append(
            acting.actor.email,
            f'run {run_number} manual edit of attribute {attribute} from "{before}" to "{value}"',
            [RunChange(run_number, rr={attribute: value})],
        )
        return AttributeSet(run_number, attribute, value, changed=True, version=version)


def settle_manual_update(acting: Acting, run_number: int) -> Outcome | Asked:
    """Removes the mark that the run needs a manual update, or has a puller do so."""
    path = permissions.settle_manual_update_path(run_number)
    configurations.current(acting).permissions.check(acting.actor, path)
    if asking.must_ask(acting):
        return asking.ask(acting, [Wish(WishKind.SETTLE, run_number)])
    with begin(acting.db, [run_number]) as action:
        return carry_out_settling(action, run_number, acting.actor)


def carry_out_settling(action: Action, run_number: int, actor: Actor) -> Outcome:
    """Removes the mark, as an automatic change by request."""
    run = rows.get_run(action.connection, run_number)
    if run.rr_attributes.get(pull.NEEDS_MANUAL_UPDATE) is not True:
        return Outcome(OutcomeKind.UNCHANGED, f"Run {run_number} needs no manual update.")
    # Not by hand: a false set by hand would hide every later flag.
    action.append(
        auto_author(actor),
        f"run {run_number}: the changes of OMS were dealt with",
        [RunChange(run_number, rr={pull.NEEDS_MANUAL_UPDATE: False})],
    )
    return Outcome(OutcomeKind.UPDATED, f"Run {run_number}: the manual update is marked as done.")


def move(acting: Acting, run_number: int, to_state: str, *, from_state: str | None = None) -> Moved:
    """Moves a run to a state; to SIGNOFF or COMPLETED makes the waiting offline datasets, or has a
    puller do so.

    With `from_state`, refused when somebody else has moved the run.
    """
    configuration = configurations.current(acting)
    with begin(acting.db, [run_number]) as action:
        run = rows.get_run(action.connection, run_number)
        check_move(run_number, run.state, to_state)
        if from_state is not None and from_state != run.state:
            raise Conflict(
                f"Run {run_number} is in state {run.state}, no longer {from_state}: somebody"
                " else has moved it."
            )
        configuration.permissions.check(
            acting.actor, permissions.move_run_path(run.state, to_state)
        )
        if to_state != OPEN:
            online = action.state(run_number, ONLINE)
            check_can_be_signed_off(
                run_number, run.class_, online, configuration.certifiable_online_columns
            )
        version = action.append(
            acting.actor.email,
            f"move state run {run_number} to state {to_state}",
            [RunChange(run_number, rr={"state": to_state})],
        )
        if to_state == OPEN:
            return Moved(run_number, to_state, (), version=version)
        if not asking.must_ask(acting):
            made, gained = make_datasets_whole(action, configuration, run, to_state, auto_author())
            return Moved(run_number, to_state, made, gained, without_part(online), version)
        wish = Wish(WishKind.MAKE_DATASETS, run_number)
        wish_id = asking.add(acting, action, wish)
    asked = asking.told(acting, (wish_id,), wish.words)
    return Moved(run_number, to_state, (), (), without_part(online), version, asked)


def recorded_oms_run(action: Action, run: RunRow) -> OmsRun:
    """The answer OMS gave last, as far as it was kept."""
    oms = action.state(run.run_number, ONLINE).oms
    # A person's edit of bits may cover a hole; what OMS gave has what nobody edits.
    given = oms.codes[oms.row_of[_NEVER_EDITED]] if _NEVER_EDITED in oms.row_of else oms.covered
    lumisections: tuple[JsonObject, ...] = tuple(
        {"lumisection_number": number, **oms.at(number)}
        for number in range(1, oms.length + 1)
        if given[number - 1]
    )
    return OmsRun(run.oms_attributes, lumisections, None)


def _open_run(action: Action, run_number: int, what: str) -> RunRow:
    run = rows.get_run(action.connection, run_number)
    _check_open(run, what)
    return run


def _check_open(run: RunRow, what: str) -> None:
    if run.state != OPEN:
        raise Refused(f"Run {run.run_number} is in state {run.state}: it must be OPEN to {what}.")


def make_datasets_whole(
    action: Action, configuration: Configuration, run: RunRow, to_state: str, author: str
) -> tuple[tuple[str, ...], tuple[Gained, ...]]:
    """What a sign-off does to the offline datasets of a run: those it has get the lumisections
    that they lack, then those that it doesn't have yet are made. Each is a version of its own."""
    known = rows.datasets_of_run(action.connection, run.run_number)
    gained: tuple[Gained, ...] = ()
    if known.keys() - {ONLINE}:
        online = action.state(run.run_number, ONLINE)
        gained = bring_in(action, configuration, run, to_state, online, known, author)
    return _make_waiting_datasets(action, configuration, run, to_state, known, author), gained


def _make_waiting_datasets(
    action: Action,
    configuration: Configuration,
    run: RunRow,
    to_state: str,
    known: Mapping[str, DatasetRow],
    author: str,
) -> tuple[str, ...]:
    """The accepted offline datasets the run doesn't have yet."""
    accepted = configuration.accepted(run.class_, run.run_number)
    names = [name for name in dict.fromkeys(each.name for each in accepted) if name not in known]
    if not names:
        return ()
    online = action.state(run.run_number, ONLINE)
    oms_events = [(values, (each,)) for values, each in changes(Grid.empty(), online.oms)]
    classified = classification.classify_offline(
        configuration,
        run.oms_attributes,
        {**run.rr_attributes, "state": to_state},
        online.oms,
        online.rr,
    )
    rr_events = [(values, (each,)) for values, each in changes(Grid.empty(), classified)]
    waiting: JsonObject = {"global_state": WAITING}
    for workspace in configuration.workspaces:
        if not workspace.online:
            waiting[f"{workspace.name}_state"] = WAITING
    waiting["appeared_in"] = []
    for name in names:
        key = (run.run_number, name)
        action.is_new(key)
        action.append(
            author,
            f"dataset {name} creation after a run {run.run_number} is signed off",
            [
                DatasetChange(*key, attributes=waiting),
                LumisectionChange(*key, rr_events),
                LumisectionChange(*key, oms_events, oms=True),
            ],
        )
    return tuple(names)
