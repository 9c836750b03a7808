"""The job of pullers that does what people asked for: each wish once, its effect and its outcome in
one transaction."""

import logging
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

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

AskOms = Callable[[RunNumber], OmsRun | None]
_Deed = Callable[[Action, Configuration, Wish, Actor, OmsRun | None], str]


@dataclass(frozen=True)
class _Waiting:
    id: int
    actor: Actor
    wish: Wish


class _DoneAlready(Exception):
    """Another puller has done it: nothing of ours may stand."""


class CarryingOut:
    """Does what waits, the oldest first, some runs at once; wishes for one run one by one.

    `on_bug` hears of a wish that our own program fails at: its outcome says so, and it isn't tried
    again.
    """

    def __init__(self, db: Database, ask_oms: AskOms, on_bug: Callable[[Exception], None]) -> None:
        self._db = db
        self._ask_oms = ask_oms
        self._on_bug = on_bug

    def turn(self, progress: Progress) -> str:
        """Everything that waits by now, and what comes meanwhile. Raises Unavailable when that was
        met at some run, whose wishes wait for the next turn."""
        done = 0
        stuck: dict[RunNumber, Unavailable] = {}
        tried: set[int] = set()
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="wish") as pool:
            while chosen := self._waiting(stuck, tried):
                progress.checkpoint()
                tried |= {each.id for each in chosen}
                for each, outcome in zip(chosen, pool.map(self._carry_out, chosen), strict=True):
                    if isinstance(outcome, Unavailable):
                        stuck[each.wish.run_number] = outcome
                    else:
                        done += outcome
        for error in stuck.values():
            raise error
        return f"did {counted(done, 'wish', 'wishes')}" if done else "nobody waits"

    def _waiting(self, stuck: Collection[RunNumber], tried: Collection[int]) -> list[_Waiting]:
        """The oldest wish for each of some runs."""
        first: dict[RunNumber, _Waiting] = {}
        with self._db.read() as connection:
            for id_, by, wish in wishes.waiting(connection, OF_RUNS, _LOOK_AT):
                if isinstance(wish, Wish) and wish.run_number not in stuck and id_ not in tried:
                    first.setdefault(wish.run_number, _Waiting(id_, Actor(by), wish))
        return [*first.values()][:_AT_ONCE]

    def _carry_out(self, waiting: _Waiting) -> bool | Unavailable:
        """Does one wish; whether it was this puller that did, or why it can't now."""
        wish = waiting.wish
        try:
            answer = self._ask_oms(wish.run_number) if _asks_oms(wish) else None
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
