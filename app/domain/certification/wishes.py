"""What a person asks a puller for, where only pullers write automatic versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import RunNumber


class WishKind(StrEnum):
    """What is wished for, as the database keeps it."""

    PULL = "pull"
    REFRESH = "refresh"
    TAKE_IN = "take in"
    SETTLE = "settle"
    CLASSIFY = "classify"
    MAKE_DATASETS = "make datasets"
    MAKE_OFFICIAL = "make official"


class WishState(StrEnum):
    """What became of a wish; one without an outcome waits."""

    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


_WORDS: Mapping[WishKind, str] = {
    WishKind.PULL: "pull run {run} from OMS",
    WishKind.REFRESH: "refresh run {run}",
    WishKind.TAKE_IN: "take LS into run {run}",
    WishKind.SETTLE: "mark the manual update of run {run} as done",
    WishKind.CLASSIFY: "classify run {run}",
    WishKind.MAKE_DATASETS: "make the datasets of run {run}",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wishes for a run; `reset` and `recorded` as the action has them."""

    kind: WishKind
    run_number: RunNumber
    reset: bool = False
    recorded: bool = False

    @property
    def words(self) -> str:
        """The wish as a verb with its object."""
        reset = " from scratch" if self.reset else ""
        return _WORDS[self.kind].format(run=self.run_number) + reset

    @property
    def arguments(self) -> JsonObject:
        """The same as the database keeps it, beside the kind."""
        found: dict[str, JsonValue] = {"run": self.run_number}
        found |= {name: True for name in ("reset", "recorded") if getattr(self, name)}
        return found


@dataclass(frozen=True, slots=True)
class OfficialWish:
    """An expert wishes that a golden JSON be official as soon as it is confirmed."""

    list_id: int

    @property
    def kind(self) -> WishKind:
        """What is wished for."""
        return WishKind.MAKE_OFFICIAL

    @property
    def words(self) -> str:
        """The wish as a verb with its object."""
        return f"make golden JSON {self.list_id} again and official"

    @property
    def arguments(self) -> JsonObject:
        """The same as the database keeps it, beside the kind."""
        return {"list": self.list_id}


AnyWish = Wish | OfficialWish
OF_RUNS = frozenset(WishKind) - {WishKind.MAKE_OFFICIAL}
"""What is wished for a run."""


def wish_of(kind: str, arguments: Mapping[str, JsonValue]) -> AnyWish:
    """A wish from what the database keeps, which the guard has checked. Raises ValueError for a
    kind that belongs to a newer program."""
    list_id = arguments.get("list")
    if kind == WishKind.MAKE_OFFICIAL and isinstance(list_id, int):
        return OfficialWish(list_id)
    number = arguments.get("run")
    if not isinstance(number, int):
        raise ValueError(f"a wish without a run: {arguments}")
    flags = (arguments.get(name) is True for name in ("reset", "recorded"))
    return Wish(WishKind(kind), number, *flags)


@dataclass(frozen=True, slots=True)
class MadeWish:
    """A wish with who made it when, and what became of it: `text` says what was done, or why it
    wasn't."""

    id: int
    words: str
    by: str
    at: datetime
    state: WishState
    text: str = ""
    ended: datetime | None = None

    @property
    def told(self) -> str:
        """What to tell the person who made it."""
        match self.state:
            case WishState.WAITING:
                return f"On its way: {self.words}."
            case WishState.DONE:
                return self.text
            case WishState.REFUSED:
                return f"The puller could not {self.words}. {self.text}"
            case WishState.FAILED:
                return f"The puller failed to {self.words}: {self.text}"


@dataclass(frozen=True, slots=True)
class Asked:
    """Wishes that were made, instead of what would have been done; they are on their way."""

    wishes: tuple[int, ...]
    text: str


NOBODY = "No puller is running: it is done as soon as one is."


def asked_text(words: str, *, puller: bool) -> str:
    """What to tell who has just made a wish; without a puller alive what waits for one."""
    return f"Asked the puller to {words}." + ("" if puller else f" {NOBODY}")
