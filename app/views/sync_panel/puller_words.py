"""What the puller of OMS does, in a few words."""

from datetime import datetime

from app.domain.sources.pull import PullState, PullStatus
from app.views.looks import words

MEANINGS = {
    PullState.OFF: "off: this client doesn't pull",
    PullState.STANDBY: "standing by: another client pulls",
    PullState.WAITING: "this client pulls; waiting for the next time",
    PullState.PULLING: "this client is pulling",
    PullState.BACKING_OFF: "waiting for OMS",
    PullState.UNAVAILABLE: "nothing can be pulled now",
}


def summary(status: PullStatus, now: datetime) -> str:
    """The puller in a few words, for the status bar."""
    match status.state:
        case PullState.OFF:
            return "puller: off"
        case PullState.UNAVAILABLE | PullState.BACKING_OFF:
            waiting = f", next try {when(status.next_try, now)}" if status.next_try else ""
            return f"puller: {MEANINGS[status.state]}{waiting}"
    if status.state is PullState.STANDBY and status.trouble and not status.puller:
        return "puller: none is running"
    who = "another client" if status.state is PullState.STANDBY else "this client"
    last = words.ago(status.last_success, now) if status.last_success else "no pull yet"
    failed = f", {len(status.failed)} failed" if status.failed else ""
    return f"puller: {who}, {last}{failed}"


def when(at: datetime, now: datetime) -> str:
    """How long until something is tried."""
    return words.ago(at, now) if at > now else "now"
