"""The run or dataset that a person looks at."""

from collections.abc import Callable

from msgspec import Struct

from app.domain.lumisections import LumiRange


class Subject(Struct, frozen=True):
    """The run and dataset that actions apply to, and what they start from."""

    run_number: int
    dataset: str
    state: str
    class_: str
    stop_reason: str
    significant: bool
    needs_manual_update: bool
    ranges: tuple[LumiRange, ...] = ()


NO_SUBJECT = "No run is loaded: select one in Online or Offline, or wait until it is there."


def unless(
    subject: Callable[[], Subject | None], reason: Callable[[Subject], str] = lambda _: ""
) -> Callable[[], str]:
    """Why an action on the subject is impossible: there is none, or the `reason` it gives."""

    def why_not() -> str:
        now = subject()
        return NO_SUBJECT if now is None else reason(now)

    return why_not
