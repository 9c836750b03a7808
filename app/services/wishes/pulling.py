"""Bringing single runs in from OMS, by this client or by the puller that is asked to."""

from collections.abc import Sequence

from app.domain.certification.wishes import Asked, Wish, WishKind
from app.domain.counting import counted
from app.domain.keys import RunNumber
from app.services.acting import Acting
from app.services.certification import asking
from app.services.pulling import runs
from app.services.pulling.pullers import Pullers


def pull_run(acting: Acting, pullers: Pullers, run_number: RunNumber) -> str:
    """Brings one run in from OMS, or has a puller do it; says which, and what that did."""
    if asking.must_ask(acting):
        return ask_for_runs(acting, [run_number]).text
    return runs.pull_run(acting, pullers, run_number)


def ask_for_runs(acting: Acting, run_numbers: Sequence[RunNumber]) -> Asked:
    """Wishes that a puller bring runs in from OMS, all of them or none."""
    words = f"pull {counted(len(run_numbers), 'run')} from OMS" if len(run_numbers) > 1 else ""
    return asking.ask(acting, [Wish(WishKind.PULL, each) for each in run_numbers], words)
