"""Bringing lumisections that a run gained later into its offline datasets."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.domain.certification import growth
from app.domain.certification.growth import Gained, gained_text
from app.domain.certification.runs import OPEN, WithoutStatus, first_without_status
from app.domain.certification.wishes import Asked, Wish, WishKind
from app.domain.classifying import classification
from app.domain.configuration import permissions
from app.domain.configuration.in_force import Configuration
from app.domain.errors import Refused
from app.domain.identity import Actor, auto_author
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange, count, format_ranges, ranges_of_mask
from app.domain.sources.oms import OmsRun
from app.domain.state.grid import DatasetState, padded
from app.models.events import rows
from app.models.events.action import Action, begin
from app.models.events.event_log import LumisectionChange
from app.models.events.rows import DatasetRow, RunRow
from app.services.acting import Acting
from app.services.certification import asking
from app.services.configuration import in_force as configurations
from app.services.pulling import runs as pull


@dataclass(frozen=True)
class TakenIn:
    """What taking in the lumisections that a run gained did.

    `ranges`: those that came into `online`; `gained`: into its offline datasets. `unset`: the
    first of `ranges` without a status where sign-off asks for one. `others`: what OMS changed
    besides, which only a refresh of the reopened run brings in. `settled`: the run needs no
    manual update any more. `asked`: whether OMS was, or only what is recorded was looked at;
    `silent`: OMS should have been asked and can't be now. `frozen`: datasets in frozen cycles,
    which were left as they are.
    """

    run_number: int
    ranges: tuple[LumiRange, ...]
    gained: tuple[Gained, ...]
    unset: WithoutStatus | None
    others: str
    settled: bool
    asked: bool
    silent: bool = False
    frozen: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What to tell the person."""
        parts = []
        if self.ranges:
            parts.append(
                f"Took {count(self.ranges)} LS ({format_ranges(self.ranges)}) into run"
                f" {self.run_number}."
            )
        if self.gained:
            parts.append(gained_text(self.gained))
        if not parts:
            recorded = "" if self.asked else " of what is recorded"
            parts.append(
                f"Nothing to take in{recorded}: every LS of run {self.run_number} that takes part"
                " does so in all its datasets."
            )
        if self.unset is not None:
            parts.append(f"{self.unset.text}: reopen the run to set it.")
        if self.others:
            parts.append(
                f"OMS also changed its {self.others}: reopen and refresh the run for that."
            )
        elif self.settled:
            parts.append("The run needs no manual update any more.")
        if self.frozen:
            parts.append(f"Left as they are, in a frozen cycle: {', '.join(self.frozen)}.")
        if self.silent:
            parts.append("OMS can't be asked now: only what is recorded was looked at.")
        return " ".join(parts)


def take_in(
    acting: Acting, run_number: int, oms_run: OmsRun | None = None, *, recorded: bool = False
) -> TakenIn | Asked:
    """Brings lumisections that a run gained since its sign-off into it, and into its offline
    datasets, without reopening it, or has a puller do so; the rest of what OMS changed stays
    flagged.

    Without a fresh answer of OMS only what is recorded in `online` goes into the datasets; with
    `recorded` OMS isn't asked. It takes the right to sign the run off to the state it is in.
    """
    configuration = configurations.current(acting)
    if asking.must_ask(acting):
        with acting.db.read() as connection:
            _check_may(acting, configuration, rows.get_run(connection, run_number))
        return asking.ask(acting, [Wish(WishKind.TAKE_IN, run_number, recorded=recorded)])
    if oms_run is None and not recorded:
        oms_run = acting.ask_oms(run_number)
    with begin(acting.db, [run_number]) as action:
        _check_may(acting, configuration, rows.get_run(action.connection, run_number))
        wanted = Wish(WishKind.TAKE_IN, run_number, recorded=recorded)
        return carry_out_taking_in(action, configuration, wanted, acting.actor, oms_run)


def _check_may(acting: Acting, configuration: Configuration, run: RunRow) -> None:
    _check_signed_off(run)
    path = permissions.move_run_path(OPEN, run.state)
    configuration.permissions.check(acting.actor, path)


def _check_signed_off(run: RunRow) -> None:
    if run.state == OPEN:
        raise Refused(
            f"Run {run.run_number} is OPEN: refresh it to take in what OMS has. Its datasets get"
            " the new LS when it is signed off."
        )


def carry_out_taking_in(
    action: Action,
    configuration: Configuration,
    wanted: Wish,
    actor: Actor,
    oms_run: OmsRun | None,
) -> TakenIn:
    """Takes lumisections in as it is wanted, as an automatic change by request; `oms_run` is what
    OMS says, None where it can't be asked."""
    run_number = wanted.run_number
    run = rows.get_run(action.connection, run_number)
    _check_signed_off(run)
    known = rows.datasets_of_run(action.connection, run_number)
    author = auto_author(actor)
    grown = pull.Grown()
    if oms_run is not None:
        grown = pull.take_in(action, configuration, run, oms_run, author)
    online = action.state_now(run_number, ONLINE)
    run = rows.get_run(action.connection, run_number)
    gained = bring_in(action, configuration, run, run.state, online, known, author)
    unset = None
    if grown.ranges:
        # A hole before or between them is as much without a status as they may be.
        before = action.state(run_number, ONLINE).participating
        unset = first_without_status(
            online,
            configuration.certifiable_online_columns,
            ~padded(before, online.length),
        )
    frozen = sorted(name for of, name in action.protected({run_number}).frozen if of == run_number)
    return TakenIn(
        run_number,
        grown.ranges,
        gained,
        unset,
        grown.others,
        grown.settled,
        oms_run is not None,
        oms_run is None and not wanted.recorded,
        tuple(frozen),
    )


def bring_in(
    action: Action,
    configuration: Configuration,
    run: RunRow,
    state: str,
    online: DatasetState,
    known: Mapping[str, DatasetRow],
    author: str,
) -> tuple[Gained, ...]:
    """Lumisections of `online` that take no part yet in the offline datasets that aren't hidden:
    copied and classified as when a dataset is made, one version for each dataset.

    States and everything that stands there already stay. `state`: of the run, as rules see it.
    """
    frozen = action.protected({run.run_number}).frozen
    names = [
        name
        for name, row in known.items()
        if name != ONLINE and not row.deleted and (run.run_number, name) not in frozen
    ]
    states = action.states([(run.run_number, name) for name in names])
    missing = {name: growth.missing(online, states[run.run_number, name]) for name in sorted(names)}
    missing = {name: mask for name, mask in missing.items() if mask.any()}
    if not missing:
        return ()
    anywhere = np.logical_or.reduce([padded(mask, online.length) for mask in missing.values()])
    classified = classification.classify_offline(
        configuration,
        run.oms_attributes,
        {**run.rr_attributes, "state": state},
        online.oms,
        online.rr.within(anywhere),
    )
    found = []
    for name, mask in missing.items():
        key = (run.run_number, name)
        columns = growth.columns_to_add(states[key], classified, mask)
        bits = growth.oms_to_add(states[key], online, mask)
        ranges = ranges_of_mask(mask)
        action.append(
            author,
            f"dataset {name} gained lumisections {format_ranges(ranges)} of run {run.run_number}",
            [
                LumisectionChange(*key, [(values, (each,)) for values, each in columns]),
                LumisectionChange(*key, [(values, (each,)) for values, each in bits], oms=True),
            ],
        )
        found.append(Gained(name, ranges, growth.certified(known[name].attributes)))
    return tuple(found)
