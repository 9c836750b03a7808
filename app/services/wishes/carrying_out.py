"""The job of pullers that does what people asked for: each wish once, its effect and its outcome in
one transaction."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from app.domain.certification.growth import gained_text
from app.domain.certification.runs import OPEN
from app.domain.certification.wishes import OF_RUNS, Wish, WishKind, WishState
from app.domain.configuration.in_force import Configuration
from app.domain.counting import counted
from app.domain.errors import Refused, Unavailable
from app.domain.identity import Actor, auto_author
from app.domain.keys import RunNumber
from app.domain.progress import Progress
from app.domain.sources.oms import OmsRun
from app.models.database.engine import Database
from app.models.events import rows
from app.models.events.action import Action, begin
from app.models.pulling import wishes
from app.services.acting import Acting
from app.services.certification import growth, runs
from app.services.configuration import in_force as configurations
from app.services.pulling import runs as pulling

logger = logging.getLogger(__name__)

_AT_ONCE = 4
_LOOK_AT = 200
_LOOK_S = 0.3
_FAILURES = 3
_LEFT_ALONE_S = 30.0

AskOms = Callable[[RunNumber], OmsRun | None]
_Deed = Callable[[Action, Configuration, Wish, Actor, OmsRun | None], str]


@dataclass(frozen=True)
class _Waiting:
    id: int
    actor: Actor
    wish: Wish


class _DoneAlready(Exception):
    """Another puller has done it: nothing of ours may stand."""


class _Oms:
    """OMS as wishes ask it: left alone for a while when it failed several times in a row, so that
    not each of many wishes waits for it."""

    def __init__(self, ask: AskOms) -> None:
        self._ask = ask
        self._failures = 0
        self._failed_at = 0.0

    def ask(self, run_number: RunNumber) -> OmsRun | None:
        """What it says of a run; None when it can't be asked now."""
        is_down = self._failures >= _FAILURES
        if is_down and time.monotonic() - self._failed_at < _LEFT_ALONE_S:
            return None
        answer = self._ask(run_number)
        self._failures = 0 if answer is not None else self._failures + 1
        self._failed_at = time.monotonic()
        return answer


@dataclass
class _Round:
    """What one turn has found and not tried, has tried, and has under way, and which runs something
    is unavailable for."""

    untried: list[_Waiting] = field(default_factory=list)
    looked_at: float = 0.0
    tried: set[int] = field(default_factory=set)
    running: dict[Future[bool | Unavailable], _Waiting] = field(default_factory=dict)
    stuck: dict[RunNumber, Unavailable] = field(default_factory=dict)
    served: dict[str, int] = field(default_factory=dict)
    done: int = 0

    def startable(self) -> Iterator[_Waiting]:
        """Takes those that there is room for now, one of a run, and drops those whose runs are
        stuck. Whoever was served longest ago comes first, so that nobody new waits for a queue."""
        self.untried.sort(key=lambda each: self.served.get(each.actor.email, 0))
        busy = {each.wish.run_number for each in self.running.values()}
        asking = sum(_asks_oms(each.wish) for each in self.running.values())
        room = _AT_ONCE - len(self.running)
        left = []
        for each in self.untried:
            run_number = each.wish.run_number
            if run_number in self.stuck:
                self.tried.add(each.id)
            elif room and run_number not in busy and asking + _asks_oms(each.wish) < _AT_ONCE:
                room -= 1
                busy.add(run_number)
                asking += _asks_oms(each.wish)
                self.tried.add(each.id)
                self.served[each.actor.email] = len(self.tried)
                yield each
            else:
                left.append(each)
        self.untried = left

    def end(self, future: Future[bool | Unavailable]) -> None:
        """Notes how a wish went."""
        run_number = self.running.pop(future).wish.run_number
        outcome = future.result()
        if isinstance(outcome, Unavailable):
            self.stuck[run_number] = outcome
        else:
            self.done += outcome


class CarryingOut:
    """Does what waits, the oldest of each person first, some runs at once; wishes for one run one
    by one. Those that OMS is asked for never take all places: it may be slow or frozen.

    `on_bug` hears of a wish that our own program fails at: its outcome says so, and it isn't tried
    again.
    """

    def __init__(self, db: Database, ask_oms: AskOms, on_bug: Callable[[Exception], None]) -> None:
        self._db = db
        self._on_bug = on_bug
        self._oms = _Oms(ask_oms)
        self._looks = wishes.Looks(OF_RUNS)

    def turn(self, progress: Progress) -> str:
        """Everything that waits by now, and what comes meanwhile. Raises Unavailable when that was
        met at some run, whose wishes wait for the next turn."""
        round_ = _Round()
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="wish") as pool:
            while self._look(round_) or round_.running or round_.untried:
                progress.checkpoint()
                for each in [*round_.startable()]:
                    round_.running[pool.submit(self._carry_out, each)] = each
                if round_.running:
                    ended, _ = wait(round_.running, _LOOK_S, FIRST_COMPLETED)
                    for future in ended:
                        round_.end(future)
        for error in round_.stuck.values():
            raise error
        done = round_.done
        return f"did {counted(done, 'wish', 'wishes')}" if done else "nobody waits"

    def _look(self, round_: _Round) -> bool:
        """Looks what waits when it is time to, or nothing is left; whether there is anything new
        to the round."""
        now = time.monotonic()
        if round_.untried and now - round_.looked_at < _LOOK_S:
            return True
        with self._db.read() as connection:
            found = self._looks.waiting(connection, _LOOK_AT, round_.tried)
        round_.looked_at = now
        round_.untried = [
            _Waiting(id_, Actor(by), wish) for id_, by, wish in found if isinstance(wish, Wish)
        ]
        round_.tried |= {id_ for id_, _, wish in found if not isinstance(wish, Wish)}
        return bool(found)

    def _carry_out(self, waiting: _Waiting) -> bool | Unavailable:
        """Does one wish; whether it was this puller that did, or why it can't now."""
        wish = waiting.wish
        try:
            answer = self._oms.ask(wish.run_number) if _asks_oms(wish) else None
            said = self._do(waiting, answer)
        except _DoneAlready:
            return False
        except Refused as refused:
            return self._settle(waiting, WishState.REFUSED, str(refused))
        except Unavailable as error:
            return error
        except Exception as error:  # noqa: BLE001 - told in the outcome and to who mends bugs
            self._on_bug(error)
            said = f"an error in the program, {type(error).__name__}: {error}"
            return self._settle(waiting, WishState.FAILED, said)
        logger.info("%s asked to %s: %s", waiting.actor.email, wish.words, said)
        return True

    def _do(self, waiting: _Waiting, answer: OmsRun | None) -> str:
        wish = waiting.wish
        configuration = configurations.current(Acting(self._db))
        with begin(self._db, [wish.run_number]) as action:
            # Who did it before us held the run, so that we see it now.
            if wishes.has_outcome(action.connection, waiting.id):
                raise _DoneAlready
            said = _DEEDS[wish.kind](action, configuration, wish, waiting.actor, answer)
            if not wishes.settle(action.connection, waiting.id, WishState.DONE, said):
                raise _DoneAlready
        return said

    def _settle(self, waiting: _Waiting, state: WishState, said: str) -> bool:
        logger.info("%s asked to %s: %s", waiting.actor.email, waiting.wish.words, said)
        with self._db.transaction() as connection:
            return wishes.settle(connection, waiting.id, state, said)


def _asks_oms(wish: Wish) -> bool:
    return not wish.recorded and wish.kind in {
        WishKind.PULL,
        WishKind.REFRESH,
        WishKind.TAKE_IN,
        WishKind.CLASSIFY,
    }


def _pull(
    action: Action, configuration: Configuration, wish: Wish, actor: Actor, answer: OmsRun | None
) -> str:
    if answer is None:
        raise Unavailable(f"OMS can't be asked about run {wish.run_number} now.")
    return pulling.bring_in(action, configuration, answer, auto_author(actor)).text


def _refresh(
    action: Action, configuration: Configuration, wish: Wish, actor: Actor, answer: OmsRun | None
) -> str:
    return runs.carry_out_refresh(action, configuration, wish, actor, answer).text


def _take_in(
    action: Action, configuration: Configuration, wish: Wish, actor: Actor, answer: OmsRun | None
) -> str:
    return growth.carry_out_taking_in(action, configuration, wish, actor, answer).text


def _settle_update(
    action: Action, _configuration: Configuration, wish: Wish, actor: Actor, _answer: OmsRun | None
) -> str:
    return runs.carry_out_settling(action, wish.run_number, actor).text


def _classify(
    action: Action, configuration: Configuration, wish: Wish, actor: Actor, answer: OmsRun | None
) -> str:
    return runs.classify(action, configuration, wish.run_number, actor, answer).text


def _make_datasets(
    action: Action, configuration: Configuration, wish: Wish, actor: Actor, _answer: OmsRun | None
) -> str:
    run = rows.get_run(action.connection, wish.run_number)
    if run.state is None or run.state == OPEN:
        raise Refused(
            f"Run {run.run_number} is {run.state} again: its datasets come when it is signed off."
        )
    made, gained = runs.make_datasets_whole(
        action, configuration, run, run.state, auto_author(actor)
    )
    parts = [f"Run {run.run_number}: {counted(len(made), 'dataset')} made."]
    if gained:
        parts.append(gained_text(gained))
    return " ".join(parts)


_DEEDS: Mapping[WishKind, _Deed] = {
    WishKind.PULL: _pull,
    WishKind.REFRESH: _refresh,
    WishKind.TAKE_IN: _take_in,
    WishKind.SETTLE: _settle_update,
    WishKind.CLASSIFY: _classify,
    WishKind.MAKE_DATASETS: _make_datasets,
}
